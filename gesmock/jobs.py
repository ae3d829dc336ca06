"""Job: one asynchronous job as the service's list shows it, and nothing of where it is kept."""

import re
from typing import Annotated, Final, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

JobStatus = Literal["pending", "running", "complete", "success", "failed"]
"""The statuses of the database edition (ges_03_0471, 2025-08-22)."""

STATUSES: Final[tuple[JobStatus, ...]] = get_args(JobStatus)

# msgspec knows a Literal's values in alphabetical order only; a message has them in a job's.
ListedStatus = Annotated[JobStatus, Meta(description=", ".join(STATUSES))]

JobId = Annotated[str, Meta(min_length=1)]
ProjectId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9]{1,64}(?![\s\S])",
        description="a project id: 1 to 64 letters and digits (ges_03_0471)",
    ),
]
GraphName = Annotated[
    str,
    Meta(
        pattern=r"^[^/\x00-\x1f\x7f]+(?![\s\S])",
        max_length=255,
        description="a graph name: 1 to 255 characters, no '/' and no control characters",
    ),
]


_PROJECT_ID = re.compile(r"[A-Za-z0-9]{1,64}")


def is_project_id(text: str) -> bool:
    """Whether *text* is 1 to 64 letters and digits (ges_03_0471)."""
    return _PROJECT_ID.fullmatch(text) is not None


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
