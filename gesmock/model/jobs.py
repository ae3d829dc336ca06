"""Job: an asynchronous job, as the service's list shows it."""

from collections import deque
from collections.abc import Collection
from itertools import islice
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from gesmock.model.plans import AnyPlan, Percent
from gesmock.model.secrets import Secrets
from gesmock.model.types import FINAL, ListedStatus

MOST_CHANGED: Final = 200
"""How many of the jobs that changed last are remembered."""


class JobRequest(Struct, frozen=True, forbid_unknown_fields=True, gc=False, rename="camel"):
    """The call that submitted a job: its command, its path with query, and its normalised body.

    *raw_request* is compact JSON in a string; it may be missing if the call has no body.
    """

    command: str
    url: str
    raw_request: str | UnsetType = UNSET


class Job(Struct, frozen=True, forbid_unknown_fields=True, gc=False, rename={"job_id": "jobId"}):
    """A job, with the keys of the service's list in their order (ges_03_0471).

    *plan* says how it progresses from now on; no list shows it.
    """

    job_id: Annotated[str, Meta(min_length=1)]
    status: ListedStatus
    request: JobRequest
    plan: AnyPlan | UnsetType = UNSET


class Move(Struct, frozen=True, forbid_unknown_fields=True):
    """The *status* to move a job to.

    *progress* is as in a ``Step``, *result* and *fail_reason* are as in a ``Plan``; all default to
    those of the job's plan.
    """

    status: ListedStatus
    progress: Percent | None = None
    result: dict[str, Any] | UnsetType = UNSET
    fail_reason: str | None = None

    def __post_init__(self) -> None:
        if self.fail_reason is not None and self.status in FINAL and self.status != "failed":
            raise ValueError(f"fail_reason: a job that is {self.status} shows none")


class ChangedJobs:
    """The jobs of a graph that changed last, and the *count* of all changes.

    *identity* is the same object in all copies.
    """

    def __init__(self) -> None:
        self.identity, self.count = object(), 0
        self._ids: deque[str] = deque(maxlen=MOST_CHANGED)

    def copy(self) -> "ChangedJobs":
        copy = ChangedJobs()
        copy.identity, copy.count, copy._ids = self.identity, self.count, self._ids.copy()
        return copy

    def add(self, job_ids: Collection[str]) -> None:
        self.count += len(job_ids)
        self._ids.extend(job_ids)

    def since(self, count: int) -> list[str] | None:
        """The ids of those that changed after the first *count* changes, each once, in order.

        None after more than ``MOST_CHANGED`` changes.
        """
        changes = self.count - count
        if not 0 <= changes <= len(self._ids):
            return None
        return [*dict.fromkeys(islice(reversed(self._ids), changes))][::-1]


def redacted(job: Job) -> Job:
    """*job* without the secrets in its request; the same object if there are none."""
    redact, request = Secrets().redact, job.request
    url, raw = redact(request.url), request.raw_request and redact(request.raw_request)
    if (url, raw) == (request.url, request.raw_request):
        return job
    return replace(job, request=JobRequest(request.command, url, raw))
