"""Readings that are settings of gesmock: each makes it answer as the target does.

A setting is read off a list, or off a refusal in the documented words: what is answered otherwise
(too many requests, another status, a page of HTML) tells nothing.
"""

from collections.abc import Callable
from typing import Any, Final

from gesmock.conformance.answer import Answer
from gesmock.conformance.listed import Listed, is_count, is_refusal, listed, request_of
from gesmock.conformance.session import LIST, Session
from gesmock.model import documentation

NOBODY: Final = "gesmockNobody"
"""A graph, or a token, that no service has."""

STRANGER: Final = "0" * 32
"""The project of somebody else."""

ABOVE: Final = 100_001
"""One more than the documented maximum."""

_FOREIGN: Final = ("GES.8006", "GES.8020")
"""What a token of another project is refused with (ges_03_0110)."""


class Unseen(Exception):
    """What cannot be seen here, and why."""


def refused(answer: Answer, codes: tuple[str, ...], *statuses: int) -> int:
    """The status of *answer*, if it refuses with one of *codes* and of *statuses*."""
    known = is_refusal(answer.value) and answer.value["errorCode"] in codes
    if known and answer.status in statuses:
        return answer.status
    raise Unseen(f"{' or '.join(codes)} was wanted: {answer}")


def taken_as(session: Session, query: str) -> Listed | None:
    """The list that comes for *query*; None where that is refused as a wrong parameter is."""
    answer = session.get(LIST, query)
    if answer.status == 200:
        return listed(answer)
    refused(answer, ("GES.8005",), 400)
    return None


def _unknown_graph(session: Session) -> int:
    answer = session.ask("GET", session.target.path(LIST, graph=NOBODY))
    status = refused(answer, ("GES.8000",), 404, 400)
    if not str(answer.value["errorMessage"]).startswith("Graph ["):
        raise Unseen(f"it is refused in the words of another page: {answer.value['errorMessage']}")
    return status


def _bad_token(session: Session) -> int:
    if not session.target.sign_in.token:
        raise Unseen("it was asked without a token")
    return refused(session.get(LIST, "limit=1", token=NOBODY), ("GES.8007",), 401, 400)


def _foreign_project(session: Session) -> int:
    if not session.target.sign_in.token:
        raise Unseen("it was asked without a token")
    answer = session.ask("GET", session.target.path(LIST, project_id=STRANGER))
    return refused(answer, _FOREIGN, 403, 400)


def _open_projects(session: Session) -> bool:
    answer = session.ask("GET", session.target.path(LIST, project_id=STRANGER))
    if answer.status == 200:
        listed(answer)
        return True
    if is_refusal(answer.value) and answer.value["errorCode"] in _FOREIGN:
        raise Unseen("the token is of one project only")
    refused(answer, ("GES.8000",), 404, 400)
    return False


def _over_maximum(session: Session) -> str:
    return "refuse" if _is_refused(session, ABOVE) else "cap"


def _is_refused(session: Session, limit: int) -> bool:
    """Whether this *limit* is refused; it is asked near the end of the list, to be told little."""
    if taken_as(session, f"limit={limit}&offset={session.last}") is not None:
        return False
    if taken_as(session, f"limit=1&offset={session.last}") is None:
        raise Unseen(f"at the offset {session.last}, every limit is refused")
    return True


def _maximum(session: Session) -> int:
    """What comes back where no limit is given, if there is more; or what is still taken."""

    def read() -> tuple[Listed, bool]:
        page = session.page(offset=0)
        return page, session.more_behind(page)

    whole, (page, more) = session.steady(read)
    if more:
        return _confirmed(session, len(page.jobs), page)
    if not _is_refused(session, ABOVE):
        raise Unseen(f"its {len(whole.jobs)} jobs are no more than come back without a limit")
    least, most = 1, ABOVE  # taken, refused
    while most - least > 1:
        middle = ABOVE - 1 if most == ABOVE else (least + most) // 2
        taken = taken_as(session, f"limit={middle}&offset={session.last}")
        least, most = (least, middle) if taken is None else (middle, most)
    return least


def _confirmed(session: Session, count: int, page: Listed) -> int:
    """*count*, if no more come back for a limit that is greater, either: else it is the default."""
    more = taken_as(session, f"limit={count + 1}&offset=0")
    if not 1 <= count < ABOVE or (more is not None and more.ids != page.ids):
        of = f"{page.total} jobs" if is_count(page.total) else "more jobs"
        raise Unseen(f"{count} of {of} come back without a limit, with one others")
    return count


def _zero(session: Session) -> str:
    taken = taken_as(session, "limit=0")
    if taken is not None and taken.jobs:
        raise Unseen(f"{len(taken.jobs)} jobs come back")
    return "refuse" if taken is None else "empty"


def _edition(session: Session) -> str:
    if session.of_old and any("body" in request_of(job) for job in session.whole.jobs):
        raise Unseen("its list is as in copies before 2025, which are alike for both")
    return session.edition


def _order(session: Session) -> str:
    for made in session.made if session.whole.jobs else ():  # else others may have come only later
        if made.first != made.last:  # else it is the only one
            return "newest_first" if made.first else "oldest_first"
    times = [str(job["startTime"]) for job in session.whole.jobs if job.get("startTime")]
    if len(set(times)) < 2 or len({len(time) for time in times}) > 1:
        raise Unseen("no two jobs with times that can be compared are listed (see --allow-writes)")
    if times == sorted(times, reverse=True):
        return "newest_first"
    if times == sorted(times):
        return "oldest_first"
    raise Unseen("the jobs stand in no order of their times")


def _finished(session: Session) -> str:
    """The words at the good end of what page's examples end with ``success``, and ``complete``."""
    ends: dict[str, set[str]] = {"success": set(), "complete": set()}
    seen = [(request_of(job).get("command"), job.get("status")) for job in session.whole.jobs]
    for command, status in [*seen, *((made.command, made.end) for made in session.made)]:
        row = documentation.of_command(str(command))
        if row is not None and status in ("success", "complete"):
            ends[row.finished].add(status)
    if ends["success"] == {"complete"} and "success" not in ends["complete"]:
        return "complete"
    if ends["complete"] == {"success"} and "complete" not in ends["success"]:
        return "success"
    if (ends["success"], ends["complete"]) == ({"success"}, {"complete"}):
        return "by_command"
    raise Unseen("it takes an algorithm and an import or index, at good ends of one kind each")


def _id_key(session: Session) -> str:
    keys = {
        tuple(key for key in ("jobId", "job_id") if isinstance(job.get(key), str) and job[key])
        for job in session.whole.jobs
    }
    names = {("jobId",): "jobId", ("job_id",): "job_id", ("jobId", "job_id"): "both"}
    if len(keys) != 1 or (key := keys.pop()) not in names:
        raise Unseen("no job is listed, or each otherwise")
    return names[key]


def _refused_number(session: Session) -> dict[str, Any]:
    answer = session.get(LIST, "limit=none")
    refused(answer, ("GES.8005",), 400)
    value: dict[str, Any] = answer.value
    return value


def _failed_result(session: Session) -> bool:
    result = _refused_number(session).get("result")
    if result not in (None, "failed"):
        raise Unseen(f"the result of a refusal is {session.shown(result)}")
    return result == "failed"


def _sdk_error_keys(session: Session) -> bool:
    keys = {"error_code", "error_msg"} & _refused_number(session).keys()
    if len(keys) == 1:
        raise Unseen("there is only one of them")
    return bool(keys)


SETTINGS: Final[tuple[tuple[str, str, Callable[[Session], Any]], ...]] = (
    ("status of an unknown graph", "unknown_graph_status", _unknown_graph),
    ("status of a bad token", "invalid_token_status", _bad_token),
    ("status of another project's token", "forbidden_status", _foreign_project),
    ("a limit above 100000", "limit_over_maximum", _over_maximum),
    ("the maximum, and the default of limit", "maximum_limit", _maximum),
    ("limit=0", "limit_zero", _zero),
    ("order of the list", "order", _order),
    ("edition of the graph", "edition", _edition),
    ("status at a good end", "finished_status", _finished),
    ("the id's key", "id_key", _id_key),
    ("a project that nobody has", "open_projects", _open_projects),
    ('"result": "failed" on refusals', "failed_result", _failed_result),
    ("error_code and error_msg on refusals", "sdk_error_keys", _sdk_error_keys),
)
