"""Listed: a job list that was answered, what can be read off it, and what there is to say of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from gesmock.conformance.answer import Answer
from gesmock.model.errors import GesmockError
from gesmock.model.printable import printable
from gesmock.model.types import MOVES


class Broken(GesmockError):
    """What has to hold does not; the *answers* show it."""

    def __init__(self, message: str, *answers: Answer) -> None:
        super().__init__("\n".join([printable(message), *(f"  {answer}" for answer in answers)]))


class NotApplicable(GesmockError):
    """What is to be checked cannot be seen here, and why."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


@dataclass(frozen=True, slots=True)
class Listed:
    """A list answer that is one: its *jobs*, in order, and *total* where it is told."""

    answer: Answer
    jobs: list[dict[str, Any]]
    total: object

    @property
    def ids(self) -> list[str]:
        """The ids, in order."""
        return [id_of(job) for job in self.jobs]

    @property
    def seen(self) -> list[tuple[str, object]]:
        """What can change in a list while it is looked at."""
        return [("", self.total), *((id_of(job), job.get("status")) for job in self.jobs)]


def id_of(job: dict[str, Any]) -> str:
    """The id of a listed job, under either name."""
    return str(job.get("jobId", job.get("job_id", "")))


def request_of(job: dict[str, Any]) -> dict[str, Any]:
    """The request of a listed job, as far as it has one."""
    request = job.get("request")
    return request if isinstance(request, dict) else {}


def follows(was: object, status: object) -> bool:
    """Whether a job that *was* so may have this *status* later."""
    moves: Mapping[Any, tuple[str, ...]] = MOVES
    if status == was or not isinstance(was, str):
        return True
    return was not in moves or status in moves[was]


def is_refusal(value: Any) -> bool:
    """Whether a body says, in the service's words, that something is refused.

    A list that is none may have both keys too, blank (ges_03_0471).
    """
    return isinstance(value, dict) and all(
        isinstance(value.get(key), str) and value[key] for key in ("errorMessage", "errorCode")
    )


def is_count(value: object) -> TypeGuard[int]:
    """Whether *value* is a number of jobs."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def listed(answer: Answer) -> Listed:
    """The list that *answer* is. Raises Broken where it is none."""
    value = answer.value
    if answer.status != 200 or not isinstance(value, dict):
        raise Broken("a job list was wanted", answer)
    jobs = value.get("jobs")
    if isinstance(jobs, dict):
        raise NotApplicable("jobs is an object, as in the table; for which jobs, no page says")
    if not isinstance(jobs, list) or not all(isinstance(job, dict) for job in jobs):
        raise Broken("jobs is not a list of objects", answer)
    return Listed(answer, jobs, value.get("totalCount"))
