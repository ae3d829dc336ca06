"""Probes: what a target does where the documentation contradicts itself, or says nothing.

Most probes find the value of a gesmock setting. They accept a list, or a refusal in the documented
words; other answers (too many requests, another status, an HTML page) decide nothing.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from gesmock.conformance import answers
from gesmock.conformance.answers import request_of, require_refusal, skip_if
from gesmock.contract.schemas import Contract, contract_of
from gesmock.model import documentation, errors
from gesmock.model.replies import ID_KEYS
from gesmock.model.settings import Settings
from gesmock.model.types import STATUSES
from gesmock.remote.http import Unreachable
from gesmock.remote.session import (
    LIST,
    CheckFailed,
    ListedJobs,
    Session,
    Skipped,
    is_count,
    listed_jobs,
)

NONEXISTENT: Final = "gesmockNobody"
"""A graph, or a token, that no service has."""

_FOREIGN_PROJECT: Final = "0" * 32
_FOREIGN_CODES: Final = ("GES.8006", "GES.8020")
"""The codes that refuse a token of another project (ges_03_0110)."""

_DIALECTS: Final = {
    errors.PARAMETER_ERROR.message: "page",
    documentation.table_texts()["GES.8005"]: "error_table",
}
"""The dialect by its message of GES.8005."""

_ABOVE_MAXIMUM: Final = 100_001


@dataclass(frozen=True, slots=True)
class Probe:
    """The answer to a *question*: the *value* of a *setting*, or a text if *setting* is None.

    *value* is None if it could not be determined; *detail* says why.
    """

    question: str
    setting: str | None
    value: Any
    detail: str


class ProbedSession(Session):
    """A session that knows the shapes of its target's answers."""

    @cached_property
    def contract(self) -> Contract:
        """The contract, read with the settings that give answers the target's shapes."""
        shapes = ("id_key", "failed_result", "sdk_error_keys")
        probes = [_probe(self, *row) for row in _PROBES if row[1] in shapes]
        return contract_of(Settings().changed(settings_of(probes)))


def probe(session: Session) -> list[Probe]:
    """Run all probes; those of settings come first."""
    return [_probe(session, *row) for row in _PROBES]


def settings_of(probes: Iterable[Probe]) -> dict[str, Any]:
    """The settings with which gesmock answers the same way, as far as they were found."""
    return {it.setting: it.value for it in probes if it.setting and it.value is not None}


def _probe(
    session: Session, question: str, setting: str | None, run: Callable[[Session], Any]
) -> Probe:
    try:
        value = run(session)
    except (Skipped, CheckFailed, Unreachable) as error:
        detail = ": ".join(line.strip() for line in session.redact(error).split("\n"))
        return Probe(question, setting, None, detail)
    except RecursionError:
        return Probe(question, setting, None, "an answer is nested too deeply")
    return Probe(question, setting, value, session.redact(value))


# --- Settings -------------------------------------------------------------------------------------


def _dialect(session: Session) -> str:
    """The dialect of a refusal, by its message; each status is a setting of its own."""
    reply = session.get(LIST, "limit=none")
    require_refusal(reply, ("GES.8005",), 400)
    message = reply.value["errorMessage"]
    skip_if(
        message not in _DIALECTS,
        f"its message is neither the page's nor the error table's: {message}",
    )
    return _DIALECTS[message]


def _unknown_graph(session: Session) -> int:
    reply = session.ask("GET", session.target.path(LIST, graph=NONEXISTENT))
    status = require_refusal(reply, ("GES.8000",), 404, 400)
    message = reply.value["errorMessage"]
    worded = message.startswith("Graph [") or message == answers.NO_GRAPH
    skip_if(not worded, f"its message is that of another page: {message}")
    return status


def _invalid_token(session: Session) -> int:
    skip_if(not session.target.sign_in.token, "the requests have no token")
    reply = session.get(LIST, "limit=1", token=NONEXISTENT)
    return require_refusal(reply, ("GES.8007",), 401, 400)


def _foreign_project(session: Session) -> int:
    skip_if(not session.target.sign_in.token, "the requests have no token")
    reply = session.ask("GET", session.target.path(LIST, project_id=_FOREIGN_PROJECT))
    return require_refusal(reply, _FOREIGN_CODES, 403, 400)


def _open_projects(session: Session) -> bool:
    reply = session.ask("GET", session.target.path(LIST, project_id=_FOREIGN_PROJECT))
    if reply.status == 200:
        listed_jobs(reply)
        return True
    skip_if(reply.code in _FOREIGN_CODES, "the token is valid for one project only")
    require_refusal(reply, ("GES.8000",), 404, 400)
    return False


def _list_unless_refused(session: Session, query: str) -> ListedJobs | None:
    """The list for *query*; None if *query* is refused as an invalid parameter."""
    reply = session.get(LIST, query)
    if reply.status == 200:
        return listed_jobs(reply)
    require_refusal(reply, ("GES.8005",), 400)
    return None


def _refuses(session: Session, limit: int) -> bool:
    """Whether *limit* is refused; asked near the end of the list, for a short answer."""
    return _list_unless_refused(session, f"limit={limit}&offset={session.last_offset}") is None


def _over_maximum(session: Session) -> str:
    if not _refuses(session, _ABOVE_MAXIMUM):
        return "cap"
    skip_if(_refuses(session, 1), f"at the offset {session.last_offset}, every limit is refused")
    return "refuse"


def _maximum(session: Session) -> int:
    """How many jobs are returned without a limit; if that is all, the highest valid limit."""

    def read() -> tuple[ListedJobs, bool]:
        page = session.page(offset=0)
        return page, session.continues_after(page)

    _, (page, continues) = session.while_unchanged(read)
    count = len(page.jobs)
    if continues:
        more = _list_unless_refused(session, f"limit={count + 1}&offset=0")
        if not 1 <= count < _ABOVE_MAXIMUM or (more is not None and more.ids != page.ids):
            # A higher limit returns more: it is only the default.
            some = f"{count} of {page.total}" if is_count(page.total) else f"only {count}"
            raise Skipped(f"{some} jobs are returned without a limit, and others with one")
        return count
    if _over_maximum(session) == "cap":
        raise Skipped(f"all {count} jobs are returned without a limit")
    documented = _ABOVE_MAXIMUM - 1
    if not _refuses(session, documented):
        return documented
    return bisect_left(range(1, documented), 1, key=lambda limit: _refuses(session, limit))


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


def _strict_edition(session: Session) -> bool:
    """Whether the call with which the other edition cancels jobs is unknown."""
    _ = session.submission  # raises Skipped if cancelling is not allowed
    skip_if(session.is_pre_2025, "the lists before 2025 are the same for both editions")
    path = session.target.path("/jobs/gesmock-no-job")
    if session.edition == "memory":
        path = path.replace("/graphs/", "/hyg/", 1)
    reply = session.ask("DELETE", path, documented=False)
    if reply.status == 404:
        require_refusal(reply, ("GES.8000",), 404)
        return True
    require_refusal(reply, ("GES.8303",), 400)
    return False


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


_ENDS: Final = {
    "complete": {("success", "complete"), ("complete", "complete")},
    "success": {("success", "success"), ("complete", "success")},
    "by_command": {("success", "success"), ("complete", "complete")},
}
"""By the setting: pairs of the status on a command's page, and the one that its jobs end with."""


def _finished_status(session: Session) -> str:
    listed = [(request_of(job).get("command"), job.get("status")) for job in session.whole.jobs]
    submitted = [(job.command, job.status) for job in session.submitted]
    ends = {
        (row.finished, status)
        for command, status in [*listed, *submitted]
        if (row := documentation.by_command().get(str(command))) and status in answers.SUCCESSFUL
    }
    settings = [setting for setting, all_ends in _ENDS.items() if ends <= all_ends]
    if len(settings) != 1:
        raise Skipped("this needs an algorithm and an import or index that were successful")
    return settings[0]


def _id_key(session: Session) -> str:
    listed = {
        tuple(key for key in ID_KEYS["both"] if isinstance(job.get(key), str) and job[key])
        for job in session.whole.jobs
    }
    for setting, keys in ID_KEYS.items():
        if listed == {keys}:
            return setting
    raise Skipped("no job is listed, or jobs have different keys")


def _failed_result(session: Session) -> bool:
    reply = session.get(LIST, "limit=none")
    require_refusal(reply, ("GES.8005",), 400)
    result: object = reply.value.get("result")
    unknown = result not in (None, "failed")
    skip_if(unknown, f"the result of a refusal is {session.excerpt(result)}")
    return result == "failed"


def _sdk_error_keys(session: Session) -> bool:
    reply = session.get(LIST, "limit=none")
    require_refusal(reply, ("GES.8005",), 400)
    keys = {"error_code", "error_msg"} & reply.value.keys()
    skip_if(len(keys) == 1, "a refusal has only one of them")
    return bool(keys)


# --- Not settings ---------------------------------------------------------------------------------


def _body_key(session: Session) -> str:
    jobs = session.whole.jobs
    keys = {"rawRequest", "body"} & {key for job in jobs for key in (*job, *request_of(job))}
    skip_if(not keys, "no job is listed with its request")
    return " and ".join(sorted(keys, reverse=True))


def _type_of_jobs(session: Session) -> str:
    reply = session.get(LIST, "limit=1")
    jobs = reply.fields.get("jobs")
    skip_if(not isinstance(jobs, dict | list), f"there are none: {reply}")
    return "a list" if isinstance(jobs, list) else "an object"


def _statuses(session: Session) -> str:
    listed = [job.get("status") for job in session.whole.jobs]
    return ", ".join(status for status in STATUSES if status in listed) or "none"


def _sizes(session: Session) -> str:
    for reply in session.replies:
        result = reply.fields.get("data")
        outputs = result.get("outputs") if isinstance(result, dict) else None
        for position, value in (("below data", result), ("below data.outputs", outputs)):
            if isinstance(value, dict) and "data_total_size" in value:
                return position
    raise Skipped("no result had rows")


def _progress(session: Session) -> str:
    types = {type(job["progress"]) for job in session.whole.jobs if "progress" in job}
    skip_if(not types, "no progress is listed (only the memory edition lists it)")
    return " and ".join(sorted({str: "String", int: "Integer"}.get(it, "?") for it in types))


def _token(session: Session) -> str:
    reply = session.get(LIST, "limit=1", token="")
    if reply.status == 200:
        listed_jobs(reply)
        return "optional"
    return f"required ({require_refusal(reply, ('GES.8007', 'GES.8005'), 401, 400)})"


def _job_id_parameter(session: Session) -> str:
    refused = _list_unless_refused(session, "limit=1&job_id=x") is None
    return "refused" if refused else "ignored"


_PROBES: Final[tuple[tuple[str, str | None, Callable[[Session], Any]], ...]] = (
    ("dialect", "dialect", _dialect),
    ("status of an unknown graph", "unknown_graph_status", _unknown_graph),
    ("status of an invalid token", "invalid_token_status", _invalid_token),
    ("status of another project's token", "forbidden_status", _foreign_project),
    ("a limit above 100000", "limit_over_maximum", _over_maximum),
    ("maximum and default of limit", "maximum_limit", _maximum),
    ("limit=0", "limit_zero", _limit_zero),
    ("order of the list", "order", _order),
    ("edition of the graph", "edition", _edition),
    ("calls of the other edition", "strict_edition", _strict_edition),
    ("status of successful jobs", "finished_status", _finished_status),
    ("key of the job id", "id_key", _id_key),
    ("an unknown project", "open_projects", _open_projects),
    ('"result": "failed" in refusals', "failed_result", _failed_result),
    ("error_code and error_msg in refusals", "sdk_error_keys", _sdk_error_keys),
    ("key of a listed request's body", None, _body_key),
    ("jobs: an object (table) or a list (example)", None, _type_of_jobs),
    ("listed statuses", None, _statuses),
    ("position of a result's sizes", None, _sizes),
    ("HTTP or HTTPS", None, lambda session: session.target.parts.scheme),
    ("X-Auth-Token", None, _token),
    ("the parameter job_id of the list", None, _job_id_parameter),
    ("type of progress", None, _progress),
)
