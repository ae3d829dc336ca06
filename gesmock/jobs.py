"""Job: one asynchronous job as the service's list shows it, and nothing of where it is kept."""

from typing import Annotated, Final, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

JobStatus = Literal["pending", "running", "complete", "success", "failed"]
"""The statuses of the database edition (ges_03_0471, 2025-08-22)."""

STATUSES: Final[tuple[JobStatus, ...]] = get_args(JobStatus)

# msgspec knows a Literal's values in alphabetical order only; a message has them in a job's.
ListedStatus = Annotated[JobStatus, Meta(description=", ".join(STATUSES))]

JobId = Annotated[str, Meta(min_length=1)]


class JobRequest(Struct, frozen=True, forbid_unknown_fields=True, gc=False, rename="camel"):
    """The call that made a job: its command, its path with query, and its normalised body.

    *raw_request* is compact JSON in a string; a call without a body may lack it.
    """

    command: str
    url: str
    raw_request: str | UnsetType = UNSET


class Job(Struct, frozen=True, forbid_unknown_fields=True, gc=False, rename={"job_id": "jobId"}):
    """One job, in the order and under the names of the service's list (ges_03_0471)."""

    job_id: JobId
    status: ListedStatus
    request: JobRequest


class Move(Struct, frozen=True, forbid_unknown_fields=True):
    """The *status* that a job is moved to."""

    status: ListedStatus
