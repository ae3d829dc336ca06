"""Job: an asynchronous job, as the service's list shows it."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from gesmock.model.plans import AnyPlan, Progress
from gesmock.model.secrets import Secrets
from gesmock.model.types import FINAL, ListedStatus


class JobRequest(Struct, frozen=True, forbid_unknown_fields=True, gc=False, rename="camel"):
    """The call that submitted a job: its command, its path with query, and its normalised body.

    *raw_request* is compact JSON in a string; it may be missing if the call has no body.
    """

    command: str
    url: str
    raw_request: str | UnsetType = UNSET


class Job(Struct, frozen=True, forbid_unknown_fields=True, gc=False, rename={"job_id": "jobId"}):
    """A job, with the keys of the service's list in their order (ges_03_0471).

    *plan* says how it goes on from now; no list shows it.
    """

    job_id: Annotated[str, Meta(min_length=1)]
    status: ListedStatus
    request: JobRequest
    plan: AnyPlan | UnsetType = UNSET


class Move(Struct, frozen=True, forbid_unknown_fields=True):
    """The *status* to move a job to.

    *progress*, *result* and *fail_reason* are as in a ``Plan``, and default to those of the job's.
    """

    status: ListedStatus
    progress: Progress | None = None
    result: dict[str, Any] | UnsetType = UNSET
    fail_reason: str | None = None

    def __post_init__(self) -> None:
        if self.fail_reason is not None and self.status in FINAL and self.status != "failed":
            raise ValueError(f"fail_reason: a job that is {self.status} shows none")


def redacted(job: Job) -> Job:
    """*job* without the secrets in its request; itself where there are none."""
    redact, request = Secrets().redact, job.request
    url, raw = redact(request.url), request.raw_request and redact(request.raw_request)
    if (url, raw) == (request.url, request.raw_request):
        return job
    return replace(job, request=JobRequest(request.command, url, raw))
