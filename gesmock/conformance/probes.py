"""Probes: how a target behaves where the documentation contradicts itself, or says nothing.

Most probes find the value of a gesmock setting. They accept a list, or a refusal in the documented
words; other answers (too many requests, another status, an HTML page) decide nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from gesmock.conformance.checks import skip_if
from gesmock.conformance.checks_list import request_of
from gesmock.model import documentation
from gesmock.model.secrets import one_line
from gesmock.model.settings import DIALECTS, Settings
from gesmock.model.types import STATUSES
from gesmock.remote.client import ServerReply
from gesmock.remote.http import Unreachable
from gesmock.remote.session import (
    LIST,
    CheckFailed,
    ListedJobs,
    Session,
    Skipped,
    is_count,
    is_refusal,
    listed_jobs,
)

NONEXISTENT: Final = "gesmockNobody"
"""A graph, or a token, that no service has."""

_FOREIGN_PROJECT: Final = "0" * 32
_FOREIGN_CODES: Final = ("GES.8006", "GES.8020")
"""What a token of another project is refused with (ges_03_0110)."""

_ABOVE_MAXIMUM: Final = 100_001


@dataclass(frozen=True, slots=True)
class Probe:
    """The answer to a *question*: the *value* of a *setting*, or words where that is None.

    A *value* of None means that it could not be found; *detail* says why.
    """

    question: str
    setting: str | None
    value: Any
    detail: str


def probe(session: Session) -> list[Probe]:
    """Run all probes; those of settings come first."""
    probes = [_probe(session, *row) for row in _SETTINGS]
    probes.insert(0, _dialect(probes))
    return probes + [_probe(session, question, None, run) for question, run in _OTHERS]


def settings_of(probes: Iterable[Probe]) -> dict[str, Any]:
    """The settings with which gesmock answers alike, as far as they were found."""
    return {it.setting: it.value for it in probes if it.setting and it.value is not None}


def shape_settings(session: Session) -> Settings:
    """The settings that change the shape of answers; the defaults where they were not found."""
    shapes = ("id_key", "failed_result", "sdk_error_keys")
    probes = [_probe(session, *row) for row in _SETTINGS if row[1] in shapes]
    return Settings().changed(settings_of(probes))


def _probe(
    session: Session, question: str, setting: str | None, run: Callable[[Session], Any]
) -> Probe:
    try:
        value = run(session)
    except (Skipped, CheckFailed, Unreachable) as error:
        detail = session.redact(error).partition("\n")[0]
        return Probe(question, setting, None, one_line(detail))
    except RecursionError:
        return Probe(question, setting, None, "an answer is nested too deeply")
    return Probe(question, setting, value, one_line(session.redact(value)))


def _dialect(probes: list[Probe]) -> Probe:
    statuses = {it.setting: it.value for it in probes if it.setting in DIALECTS["page"]}
    for name, values in DIALECTS.items():
        if statuses == values:
            return Probe("dialect", "dialect", name, name)
    count = sum(value is not None for value in statuses.values())
    why = "neither the page's nor the error table's"
    if count < len(statuses):
        why = f"of its three statuses, {count} were found"
    return Probe("dialect", "dialect", None, why)


def is_refused_with(reply: ServerReply, codes: tuple[str, ...], *statuses: int) -> bool:
    """Whether *reply* is a refusal with one of *codes* and of *statuses*."""
    refused = is_refusal(reply.value) and reply.value["errorCode"] in codes
    return refused and reply.status in statuses


def _status_if_refused(reply: ServerReply, codes: tuple[str, ...], *statuses: int) -> int:
    """The status of *reply*, which must be a refusal with one of *codes* and *statuses*."""
    refused = is_refused_with(reply, codes, *statuses)
    skip_if(not refused, f"expected {' or '.join(codes)}: {reply}")
    return reply.status


def _list_unless_refused(session: Session, query: str) -> ListedJobs | None:
    """The list for *query*; None where *query* is refused as an invalid parameter."""
    reply = session.get(LIST, query)
    if reply.status == 200:
        return listed_jobs(reply)
    _status_if_refused(reply, ("GES.8005",), 400)
    return None


# --- Settings -----------------------------------------------------------------------------------


def _unknown_graph(session: Session) -> int:
    reply = session.ask("GET", session.target.path(LIST, graph=NONEXISTENT))
    status = _status_if_refused(reply, ("GES.8000",), 404, 400)
    message = reply.value["errorMessage"]
    skip_if(not message.startswith("Graph ["), f"its message is that of another page: {message}")
    return status


def _invalid_token(session: Session) -> int:
    skip_if(not session.target.sign_in.token, "the requests have no token")
    reply = session.get(LIST, "limit=1", token=NONEXISTENT)
    return _status_if_refused(reply, ("GES.8007",), 401, 400)


def _foreign_project(session: Session) -> int:
    skip_if(not session.target.sign_in.token, "the requests have no token")
    reply = session.ask("GET", session.target.path(LIST, project_id=_FOREIGN_PROJECT))
    return _status_if_refused(reply, _FOREIGN_CODES, 403, 400)


def _open_projects(session: Session) -> bool:
    reply = session.ask("GET", session.target.path(LIST, project_id=_FOREIGN_PROJECT))
    if reply.status == 200:
        listed_jobs(reply)
        return True
    foreign = is_refusal(reply.value) and reply.value["errorCode"] in _FOREIGN_CODES
    skip_if(foreign, "the token is valid for one project only")
    _status_if_refused(reply, ("GES.8000",), 404, 400)
    return False


def _over_maximum(session: Session) -> str:
    return "refuse" if _is_refused(session, _ABOVE_MAXIMUM) else "cap"


def _is_refused(session: Session, limit: int) -> bool:
    """Whether *limit* is refused; asked near the end of the list, for a short answer."""
    offset = session.last_offset
    if _list_unless_refused(session, f"limit={limit}&offset={offset}") is not None:
        return False
    unlisted = _list_unless_refused(session, f"limit=1&offset={offset}") is None
    skip_if(unlisted, f"at the offset {offset}, every limit is refused")
    return True


def _maximum(session: Session) -> int:
    """How many jobs are returned without a limit, if not all; else the highest valid limit."""

    def read() -> tuple[ListedJobs, bool]:
        page = session.page(offset=0)
        return page, session.continues_after(page)

    whole, (page, continues) = session.while_unchanged(read)
    if continues:
        return _confirm_maximum(session, len(page.jobs), page)
    if not _is_refused(session, _ABOVE_MAXIMUM):
        raise Skipped(f"its {len(whole.jobs)} jobs are all returned without a limit")
    valid, refused = 1, _ABOVE_MAXIMUM
    while refused - valid > 1:
        middle = _ABOVE_MAXIMUM - 1 if refused == _ABOVE_MAXIMUM else (valid + refused) // 2
        listed = _list_unless_refused(session, f"limit={middle}&offset={session.last_offset}")
        valid, refused = (valid, middle) if listed is None else (middle, refused)
    return valid


def _confirm_maximum(session: Session, count: int, page: ListedJobs) -> int:
    """*count*, unless a higher limit returns more: then it is only the default."""
    more = _list_unless_refused(session, f"limit={count + 1}&offset=0")
    if not 1 <= count < _ABOVE_MAXIMUM or (more is not None and more.ids != page.ids):
        of = f"{page.total} jobs" if is_count(page.total) else "more jobs"
        raise Skipped(f"{count} of {of} are returned without a limit, others with one")
    return count


def _limit_zero(session: Session) -> str:
    page = _list_unless_refused(session, "limit=0")
    if page is None:
        return "refuse"
    skip_if(page.jobs, f"{len(page.jobs)} jobs are returned")
    return "empty"


def _edition(session: Session) -> str:
    old = session.is_pre_2025 and any("body" in request_of(job) for job in session.whole.jobs)
    skip_if(old, "its list is like those before 2025, which are the same for both editions")
    return session.edition


def _order(session: Session) -> str:
    # In a list that was empty, other jobs may have come only after the submitted one.
    for job in session.submitted if session.whole.jobs else ():
        if job.is_first != job.is_last:  # else it is the only one
            return "newest_first" if job.is_first else "oldest_first"
    times = [str(job["startTime"]) for job in session.whole.jobs if job.get("startTime")]
    if len(set(times)) < 2 or len({len(time) for time in times}) > 1:
        raise Skipped("no two jobs with comparable times are listed (see --allow-writes)")
    if times == sorted(times, reverse=True):
        return "newest_first"
    skip_if(times != sorted(times), "the jobs are in no order of their times")
    return "oldest_first"


def _finished_status(session: Session) -> str:
    """What jobs end with whose pages say ``success``, and those whose pages say ``complete``."""
    ends: dict[str, set[str]] = {"success": set(), "complete": set()}
    listed = [(request_of(job).get("command"), job.get("status")) for job in session.whole.jobs]
    for command, status in [*listed, *((job.command, job.status) for job in session.submitted)]:
        row = documentation.of_command(str(command))
        if row is not None and status in ("success", "complete"):
            ends[row.finished].add(status)
    if ends["success"] == {"complete"} and "success" not in ends["complete"]:
        return "complete"
    if ends["complete"] == {"success"} and "complete" not in ends["success"]:
        return "success"
    if (ends["success"], ends["complete"]) == ({"success"}, {"complete"}):
        return "by_command"
    raise Skipped("this needs an algorithm and an import or index that were successful")


def _id_key(session: Session) -> str:
    pairs = [{key: job.get(key) for key in ("jobId", "job_id")} for job in session.whole.jobs]
    keys = {tuple(key for key, it in pair.items() if isinstance(it, str) and it) for pair in pairs}
    names = {("jobId",): "jobId", ("job_id",): "job_id", ("jobId", "job_id"): "both"}
    if len(keys) != 1 or (key := keys.pop()) not in names:
        raise Skipped("no job is listed, or jobs have different keys")
    return names[key]


def _refusal_of_a_number(session: Session) -> dict[str, Any]:
    reply = session.get(LIST, "limit=none")
    _status_if_refused(reply, ("GES.8005",), 400)
    return dict(reply.value)


def _failed_result(session: Session) -> bool:
    result = _refusal_of_a_number(session).get("result")
    unknown = result not in (None, "failed")
    skip_if(unknown, f"the result of a refusal is {session.excerpt(result)}")
    return result == "failed"


def _sdk_error_keys(session: Session) -> bool:
    keys = {"error_code", "error_msg"} & _refusal_of_a_number(session).keys()
    skip_if(len(keys) == 1, "a refusal has only one of them")
    return bool(keys)


_SETTINGS: Final[tuple[tuple[str, str, Callable[[Session], Any]], ...]] = (
    ("status of an unknown graph", "unknown_graph_status", _unknown_graph),
    ("status of an invalid token", "invalid_token_status", _invalid_token),
    ("status of another project's token", "forbidden_status", _foreign_project),
    ("a limit above 100000", "limit_over_maximum", _over_maximum),
    ("maximum and default of limit", "maximum_limit", _maximum),
    ("limit=0", "limit_zero", _limit_zero),
    ("order of the list", "order", _order),
    ("edition of the graph", "edition", _edition),
    ("status of successful jobs", "finished_status", _finished_status),
    ("key of the job id", "id_key", _id_key),
    ("an unknown project", "open_projects", _open_projects),
    ('"result": "failed" in refusals', "failed_result", _failed_result),
    ("error_code and error_msg in refusals", "sdk_error_keys", _sdk_error_keys),
)


# --- Others -------------------------------------------------------------------------------------


def _body_key(session: Session) -> str:
    jobs = session.whole.jobs
    keys = {"rawRequest", "body"} & {key for job in jobs for key in (*job, *request_of(job))}
    skip_if(not keys, "no job is listed with its request")
    return " and ".join(sorted(keys, reverse=True))


def _type_of_jobs(session: Session) -> str:
    reply = session.get(LIST, "limit=1")
    jobs = reply.value.get("jobs") if isinstance(reply.value, dict) else None
    skip_if(not isinstance(jobs, dict | list), f"there are none: {reply}")
    return "a list" if isinstance(jobs, list) else "an object"


def _statuses(session: Session) -> str:
    listed = {job.get("status") for job in session.whole.jobs if job.get("status") in STATUSES}
    return ", ".join(status for status in STATUSES if status in listed) or "none"


def _sizes(session: Session) -> str:
    for reply in session.replies:
        fields = reply.value.get("data") if isinstance(reply.value, dict) else None
        outputs = fields.get("outputs") if isinstance(fields, dict) else None
        for where, value in (("below data", fields), ("below data.outputs", outputs)):
            if isinstance(value, dict) and "data_total_size" in value:
                return where
    raise Skipped("no result had rows")


def _progress(session: Session) -> str:
    types = {type(job["progress"]) for job in session.whole.jobs if "progress" in job}
    skip_if(not types, "no progress is listed (only the memory edition lists it)")
    return " and ".join(sorted({str: "String", int: "Integer"}.get(it, "?") for it in types))


def _token(session: Session) -> str:
    reply = session.get(LIST, "limit=1", token="")
    if reply.status != 200:
        status = _status_if_refused(reply, ("GES.8007", "GES.8005"), 401, 400)
        return f"required ({status})"
    listed_jobs(reply)
    return "optional"


def _job_id_parameter(session: Session) -> str:
    refused = _list_unless_refused(session, "limit=1&job_id=x") is None
    return "refused" if refused else "ignored"


_OTHERS: Final[tuple[tuple[str, Callable[[Session], Any]], ...]] = (
    ("key of a listed request's body", _body_key),
    ("jobs: an object (table) or a list (example)", _type_of_jobs),
    ("listed statuses", _statuses),
    ("position of a result's sizes", _sizes),
    ("HTTP or HTTPS", lambda session: session.target.parts.scheme),
    ("X-Auth-Token", _token),
    ("the parameter job_id of the list", _job_id_parameter),
    ("type of progress", _progress),
)
