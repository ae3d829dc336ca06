"""Job: one asynchronous job as the service's list shows it, and nothing of where it is kept."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from gesmock.model.plans import AnyPlan, Progress
from gesmock.model.types import ListedStatus

JobId = Annotated[str, Meta(min_length=1)]


class JobRequest(Struct, frozen=True, forbid_unknown_fields=True, gc=False, rename="camel"):
    """The call that made a job: its command, its path with query, and its normalised body.

    *raw_request* is compact JSON in a string; a call without a body may lack it.
    """

    command: str
    url: str
    raw_request: str | UnsetType = UNSET


class Job(Struct, frozen=True, forbid_unknown_fields=True, gc=False, rename={"job_id": "jobId"}):
    """One job, in the order and under the names of the service's list (ges_03_0471).

    *plan* is what becomes of it from now on, where that is given; no list shows it.
    """

    job_id: JobId
    status: ListedStatus
    request: JobRequest
    plan: AnyPlan | UnsetType = UNSET


class Move(Struct, frozen=True, forbid_unknown_fields=True):
    """The *status* that a job is moved to.

    *progress*, *result* and *fail_reason* are as in a ``Plan``; by default they stay the plan's.
    """

    status: ListedStatus
    progress: Progress | None = None
    result: dict[str, Any] | UnsetType = UNSET
    fail_reason: str | None = None
