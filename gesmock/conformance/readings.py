"""Readings: how a target answers the questions that the documentation answers twice, or not.

Those that are a setting of gesmock make it answer alike; the numbers are those of the list of
contradictions in the README's table of differences.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from gesmock.conformance.listed import Broken, NotApplicable, listed, request_of
from gesmock.conformance.readings_of_settings import SETTINGS, Unseen, refused, taken_as
from gesmock.conformance.session import LIST, Session
from gesmock.model.printable import printable
from gesmock.model.settings import DIALECTS, Settings
from gesmock.model.types import STATUSES
from gesmock.remote.failures import Unreachable


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
    """What *look* sees; what is answered neither as documented nor as refused tells nothing."""
    try:
        value = look(session)
    except (Unseen, NotApplicable, Broken, Unreachable) as error:
        told = session.told(error).partition("\n")[0]
        return Reading(question, setting, None, printable(told))
    except RecursionError:
        return Reading(question, setting, None, "an answer is nested too deeply")
    return Reading(question, setting, value, printable(session.told(value)))


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


def _body_key(session: Session) -> str:
    keys = {
        key
        for job in session.whole.jobs
        for key in ("rawRequest", "body")
        if key in job or key in request_of(job)
    }
    if not keys:
        raise Unseen("no job is listed with its request")
    return " and ".join(sorted(keys, reverse=True))


def _jobs_kind(session: Session) -> str:
    answer = session.get(LIST, "limit=1")
    jobs = answer.value.get("jobs") if isinstance(answer.value, dict) else None
    if isinstance(jobs, dict | list):
        return "a list" if isinstance(jobs, list) else "an object"
    raise Unseen(f"there are none: {answer}")


def _statuses(session: Session) -> str:
    found = {job.get("status") for job in session.whole.jobs if job.get("status") in STATUSES}
    return ", ".join(one for one in STATUSES if one in found) or "none"


def _sizes(session: Session) -> str:
    for answer in session.answers:
        data = answer.value.get("data") if isinstance(answer.value, dict) else None
        outputs = data.get("outputs") if isinstance(data, dict) else None
        for place, found in (("below data", data), ("below data.outputs", outputs)):
            if isinstance(found, dict) and "data_total_size" in found:
                return place
    raise Unseen("no result with rows was seen")


def _progress(session: Session) -> str:
    kinds = {type(job["progress"]) for job in session.whole.jobs if "progress" in job}
    if not kinds:
        raise Unseen("no progress is listed (it is the memory edition's)")
    return " and ".join(sorted({str: "String", int: "Integer"}.get(kind, "?") for kind in kinds))


def _token_wanted(session: Session) -> str:
    answer = session.get(LIST, "limit=1", token="")
    if answer.status != 200:
        return f"wanted ({refused(answer, ('GES.8007', 'GES.8005'), 401, 400)})"
    listed(answer)
    return "not wanted"


def _job_id(session: Session) -> str:
    return "refused" if taken_as(session, "limit=1&job_id=x") is None else "ignored"


OTHERS: Final[tuple[tuple[str, Callable[[Session], Any]], ...]] = (
    ("the body of a listed request", _body_key),
    ("jobs: an object (table) or a list (example)", _jobs_kind),
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
