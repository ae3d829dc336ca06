"""What the documentation says of a listed job, by its command and its body."""

from typing import Final

import msgspec
from msgspec import UNSET

from gesmock.model import documentation, validation
from gesmock.model.jobs import Job
from gesmock.model.listed_requests import Body
from gesmock.model.results import ALGORITHMS, algorithm_of
from gesmock.model.timeline import Timeline

CANCELLED: Final = "The job has been cancelled."
"""Inferred, like the status: no page says what becomes of a cancelled job."""

_REASON: Final = "parameter [source] is invalid!"
"""The reason in the only example of a failed job (ges_03_0204, 2024-12)."""


def body_of(job: Job) -> Body:
    """The body of the call that made *job*, as the engine lists it; empty where there is none."""
    text = job.request.raw_request
    if text is UNSET or not text:
        return {}
    try:
        body = msgspec.json.decode(text)
    except validation.REFUSED:
        return {}
    return body if isinstance(body, dict) else {}


def algorithm(job: Job) -> str:
    """The algorithm that *job* runs; an empty text where it runs none."""
    return algorithm_of(body_of(job)) if job.request.command in ALGORITHMS else ""


def cancellable(job: Job) -> bool:
    """Whether a job of this kind can be cancelled, as long as it has not ended (ges_03_0038)."""
    row = documentation.of_command(job.request.command)
    if row is None or isinstance(row.cancellable, bool):
        return row is not None and bool(row.cancellable)
    return algorithm(job) in row.cancellable


def task_type(job: Job) -> str:
    """What the memory edition calls a job of this kind; by its command where nothing is known."""
    row = documentation.of_command(job.request.command)
    return row.task_type if row else job.request.command.title().replace("_", "")


def fail_reason(job: Job, life: Timeline | None) -> str:
    """Why *job* failed, in full."""
    given = life.fail_reason if life else None
    name = algorithm(job)
    if not name:
        return given or "The job failed."
    prefix = f"Running algorithm [{name}] error: "
    if given is None:
        return prefix + _REASON
    return given if given.startswith(prefix) or given == CANCELLED else prefix + given
