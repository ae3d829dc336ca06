"""Readings: how a target answers the questions that the documentation answers twice, or not.

Those that are a setting of gesmock make it answer alike; the numbers are those of the list of
contradictions in the README's table of differences.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from gesmock import documentation
from gesmock.conformance.client import Answer
from gesmock.conformance.session import LIST, Session, is_refusal
from gesmock.settings import DIALECTS, Settings

NOBODY: Final = "gesmockNobody"
"""A graph, or a token, that no service has."""

STRANGER: Final = "0" * 32
"""The project of somebody else."""

ABOVE: Final = 100_001
"""One more than the documented maximum."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a target makes of one *question*: the *value* of a *setting*, or words.

    Without a *value*, it could not be seen, and *told* says why.
    """

    question: str
    setting: str | None
    value: Any
    told: str

    @property
    def seen(self) -> bool:
        """Whether it could be seen."""
        return self.value is not None


class Unseen(Exception):
    """What cannot be seen here, and why."""


def readings(session: Session) -> list[Reading]:
    """Every reading of the target, those that are settings first."""
    found = [_reading(session, *row) for row in SETTINGS]
    found.insert(0, _dialect(found))
    return found + [_reading(session, question, None, look) for question, look in OTHERS]


def settings_of(found: list[Reading]) -> dict[str, Any]:
    """The settings that make gesmock answer alike, as far as they could be seen."""
    return {one.setting: one.value for one in found if one.setting and one.seen}


def _reading(
    session: Session, question: str, setting: str | None, look: Callable[[Session], Any]
) -> Reading:
    try:
        value = look(session)
    except Unseen as reason:
        return Reading(question, setting, None, str(reason))
    except Exception as error:  # noqa: BLE001 whatever it answers, it is told
        return Reading(question, setting, None, str(error).partition("\n")[0] or repr(error))
    return Reading(question, setting, value, str(value))


def _dialect(found: list[Reading]) -> Reading:
    statuses = {one.setting: one.value for one in found if one.setting in DIALECTS["page"]}
    question = "whose statuses it follows"
    for name, values in DIALECTS.items():
        if statuses == values:
            return Reading(question, "dialect", name, name)
    seen = sum(value is not None for value in statuses.values())
    if seen < len(statuses):
        return Reading(question, "dialect", None, f"of its three statuses, {seen} were seen")
    return Reading(question, "dialect", None, "neither the page's nor the error table's")


# --- The settings -------------------------------------------------------------------------------


def _status(answer: Answer, *known: int) -> int:
    if answer.status in known and is_refusal(answer.value):
        return answer.status
    raise Unseen(f"{answer}")


def _unknown_graph(session: Session) -> int:
    answer = session.ask("GET", session.target.path(LIST, graph=NOBODY))
    if is_refusal(answer.value) and not str(answer.value["errorMessage"]).startswith("Graph ["):
        raise Unseen(f"it is refused as the memory edition does: {answer.value['errorMessage']}")
    return _status(answer, 404, 400)


def _bad_token(session: Session) -> int:
    if not session.target.sign_in.token:
        raise Unseen("it was asked without a token")
    return _status(session.get(LIST, "limit=1", token=NOBODY), 401, 400)


def _foreign_project(session: Session) -> int:
    if not session.target.sign_in.token:
        raise Unseen("it was asked without a token")
    answer = session.ask("GET", session.target.path(LIST, project_id=STRANGER))
    if is_refusal(answer.value) and answer.value["errorCode"] not in ("GES.8006", "GES.8020"):
        raise Unseen(f"another project is not refused for the token: {answer}")
    return _status(answer, 403, 400)


def _open_projects(session: Session) -> bool:
    answer = session.ask("GET", session.target.path(LIST, project_id=STRANGER))
    if answer.status == 200:
        return True
    if is_refusal(answer.value) and answer.value["errorCode"] in ("GES.8006", "GES.8020"):
        raise Unseen("the token is of one project only")
    return False


def _over_maximum(session: Session) -> str:
    return "cap" if _taken(session, ABOVE) else "refuse"


def _taken(session: Session, limit: int) -> bool:
    return session.get(LIST, f"limit={limit}&offset={session.last}").status == 200


def _maximum(session: Session) -> int:
    """What comes back where no limit is given, if there is more; or what is still taken."""
    page = session.page(offset=0)
    if isinstance(page.total, int) and len(page.jobs) < page.total:
        return len(page.jobs)
    if _taken(session, ABOVE):
        raise Unseen(f"its {len(page.jobs)} jobs are no more than come back without a limit")
    least, most = 0, ABOVE  # taken, refused
    while most - least > 1:
        middle = ABOVE - 1 if most == ABOVE else (least + most) // 2
        least, most = (middle, most) if _taken(session, middle) else (least, middle)
    return least


def _zero(session: Session) -> str:
    return "empty" if session.get(LIST, "limit=0").status == 200 else "refuse"


def _order(session: Session) -> str:
    for made in session.made:
        if made.first != made.last:  # else it is the only one
            return "newest_first" if made.first else "oldest_first"
    times = [str(job["startTime"]) for job in session.whole.jobs if job.get("startTime")]
    if len(set(times)) < 2:
        raise Unseen("no two jobs with different times are listed (see --allow-writes)")
    if times == sorted(times, reverse=True):
        return "newest_first"
    if times == sorted(times):
        return "oldest_first"
    raise Unseen("the jobs stand in no order of their times")


def _finished(session: Session) -> str:
    """The words at the good end of what page's examples end with ``success``, and ``complete``."""
    ends: dict[str, set[str]] = {"success": set(), "complete": set()}
    listed = [(job.get("request", {}).get("command"), job) for job in session.whole.jobs]
    for command, job in [*listed, *((made.command, {"status": made.end}) for made in session.made)]:
        row = documentation.of_command(str(command))
        if row is not None and job.get("status") in ("success", "complete"):
            ends[row.finished].add(job["status"])
    if ends["success"] == {"complete"} and "success" not in ends["complete"]:
        return "complete"
    if ends["complete"] == {"success"} and "complete" not in ends["success"]:
        return "success"
    if (ends["success"], ends["complete"]) == ({"success"}, {"complete"}):
        return "by_command"
    raise Unseen("it takes an algorithm and an import or index, at good ends of one kind each")


def _id_key(session: Session) -> str:
    keys = {tuple(key for key in ("jobId", "job_id") if key in job) for job in session.whole.jobs}
    names = {("jobId",): "jobId", ("job_id",): "job_id", ("jobId", "job_id"): "both"}
    if len(keys) != 1 or (key := keys.pop()) not in names:
        raise Unseen("no job is listed, or each otherwise")
    return names[key]


def _refused_number(session: Session) -> dict[str, Any]:
    answer = session.get(LIST, "limit=none")
    if not is_refusal(answer.value):
        raise Unseen(f"no refusal: {answer}")
    value: dict[str, Any] = answer.value
    return value


SETTINGS: Final[tuple[tuple[str, str, Callable[[Session], Any]], ...]] = (
    ("status of an unknown graph", "unknown_graph_status", _unknown_graph),
    ("status of a bad token", "invalid_token_status", _bad_token),
    ("status of another project's token", "forbidden_status", _foreign_project),
    ("a limit above 100000", "limit_over_maximum", _over_maximum),
    ("the maximum, and the default of limit", "maximum_limit", _maximum),
    ("limit=0", "limit_zero", _zero),
    ("order of the list", "order", _order),
    ("edition of the graph", "edition", lambda session: session.edition),
    ("status at a good end", "finished_status", _finished),
    ("the id's key", "id_key", _id_key),
    ("a project that nobody has", "open_projects", _open_projects),
    (
        '"result": "failed" on refusals',
        "failed_result",
        lambda session: _refused_number(session).get("result") == "failed",
    ),
    (
        "error_code and error_msg on refusals",
        "sdk_error_keys",
        lambda session: "error_code" in _refused_number(session),
    ),
)


# --- What is no setting -------------------------------------------------------------------------


def _body_key(session: Session) -> str:
    keys = {
        key
        for job in session.whole.jobs
        for key in ("rawRequest", "body")
        if key in job or key in job.get("request", {})
    }
    if not keys:
        raise Unseen("no job is listed with its request")
    return " and ".join(sorted(keys, reverse=True))


def _statuses(session: Session) -> str:
    return ", ".join(sorted({str(job.get("status")) for job in session.whole.jobs})) or "none"


def _sizes(session: Session) -> str:
    for answer in session.answers:
        data = answer.value.get("data") if isinstance(answer.value, dict) else None
        for place, found in _places(data):
            if "data_total_size" in found:
                return place
    raise Unseen("no result with rows was seen")


def _places(data: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(data, dict):
        yield "below data", data
        if isinstance(data.get("outputs"), dict):
            yield "below data.outputs", data["outputs"]


def _progress(session: Session) -> str:
    kinds = {type(job["progress"]) for job in session.whole.jobs if "progress" in job}
    if not kinds:
        raise Unseen("no progress is listed (it is the memory edition's)")
    return " and ".join(sorted({str: "String", int: "Integer"}.get(kind, "?") for kind in kinds))


def _token_wanted(session: Session) -> str:
    answer = session.get(LIST, "limit=1", token="")
    return "not wanted" if answer.status == 200 else f"wanted ({answer.status})"


def _job_id(session: Session) -> str:
    answer = session.get(LIST, "limit=1&job_id=x")
    return "ignored" if answer.status == 200 else f"refused ({answer.status})"


OTHERS: Final[tuple[tuple[str, Callable[[Session], Any]], ...]] = (
    ("the body of a listed request", _body_key),
    ("jobs: an object (table) or a list (example)", lambda session: session.whole and "a list"),
    ("statuses that were seen", _statuses),
    ("where the sizes of a result stand", _sizes),
    ("HTTP or HTTPS", lambda session: session.target.parts.scheme),
    ("X-Auth-Token", _token_wanted),
    ("the parameter job_id of the list", _job_id),
    ("type of progress", _progress),
)


SHAPES: Final = ("id_key", "failed_result", "sdk_error_keys")


def shaping(session: Session) -> Settings:
    """The settings that change shapes, as far as they are seen at once; else the defaults."""
    found = [_reading(session, *row) for row in SETTINGS if row[1] in SHAPES]
    return Settings().changed(settings_of(found))
