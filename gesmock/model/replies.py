"""Our values -> the service's JSON: which keys, in which order, in which reading."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from gesmock.model.errors import GesError
from gesmock.model.jobs import Job
from gesmock.model.messages import MOST_SHOWN, Encoded, Reply, Shown
from gesmock.model.rows import Page
from gesmock.model.settings import Settings
from gesmock.model.types import Edition

_SMALL: Final = 2**14
"""Up to so many bytes, to join blocks costs less than to hand over each by itself."""


class JobList(Struct, frozen=True, rename={"total_count": "totalCount"}):
    """The body of a job list (ges_03_0471, 2025-08-22), key order included."""

    jobs: Sequence[Any]
    total_count: int
    result: str = "success"


def job_list(page: Page, settings: Settings) -> Reply:
    """The answer that lists the jobs of *page*; key order as in ``JobList``."""
    rows = _ROWS[settings.id_key]
    if rows is not None:
        listed = lambda: JobList([rows(job) for job in page], page.total)  # noqa: E731 it is one
        return Reply(200, listed, shown=_shown(page))
    answer: Reply | None = page.reply
    if answer is None:
        tail = b'],"totalCount":%d,"result":"success"}' % page.total

        def encoded() -> Encoded:
            return Encoded.of(_joined_if_small([b'{"jobs":[', *page.pieces(), tail]))

        if page.costly:
            return Reply(200, encoded, shown=_shown(page))
        answer = page.reply = Reply(200, encoded(), shown=_shown(page))
    return answer


def _shown(page: Page, *, with_total: bool = True) -> Shown:
    """What a list of *page* shows; the same as long as nothing changes."""
    shown: Shown | None = page.statuses
    total = page.total if with_total else None
    if shown is None or shown.total != total:
        count = len(page)
        statuses = tuple(page.ids_and_statuses()) if count <= MOST_SHOWN else None
        shown = page.statuses = Shown(statuses, count, total)
    return shown


def _job_id_only(job: Job) -> dict[str, Any]:
    return {"job_id": job.job_id, "status": job.status, "request": job.request}


def _both_ids(job: Job) -> dict[str, Any]:
    return {"jobId": job.job_id, **_job_id_only(job)}


_ROWS: Final[Mapping[str, Callable[[Job], dict[str, Any]] | None]] = {
    "jobId": None,  # a Job is encoded as it is
    "job_id": _job_id_only,
    "both": _both_ids,
}


def job_status(job: Job, data: dict[str, Any] | None, edition: Edition) -> Reply:
    """The answer that tells the status of *job*, and *data* where it has a result."""
    result = {} if data is None else {"data": data}
    if edition == "memory":  # data first, and no result (ges_03_0037)
        body = {**result, "status": job.status}
    else:
        body = {"status": job.status, **result, "result": "success"}  # ges_03_0472
    return Reply(200, body, shown=Shown(((job.job_id, job.status),)))


def memory_list(page: Page, items: Callable[[], Sequence[Mapping[str, Any]]]) -> Reply:
    """The answer that lists *items*, made of *page*, memory edition (ges_03_0204).

    It has no ``totalCount``.
    """
    shown = _shown(page, with_total=False)
    return Reply(200, lambda: {"jobs": items(), "result": "success"}, shown=shown)


def refusal(error: GesError, settings: Settings, headers: Mapping[str, str] | None = None) -> Reply:
    """The answer that refuses with *error*."""
    setting = error.status_setting
    status = error.status if setting is None else getattr(settings, setting)
    shown = None if error.failed_job is None else Shown(((error.failed_job, "failed"),))
    if error.in_errors:  # ges_03_0474
        errors = [{"code": error.code, "message": error.message}]
        return Reply(status, {"results": [], "errors": errors}, headers or {}, shown)
    body = {"errorMessage": error.message, "errorCode": error.code}
    if settings.failed_result or error.failed_result:
        body["result"] = "failed"
    if settings.sdk_error_keys:
        body |= {"error_code": error.code, "error_msg": error.message}
    return Reply(status, body, headers or {}, shown)


def blocks(payload: object) -> Sequence[bytes | memoryview]:
    """*payload* as compact JSON, in blocks that are sent one after the other."""
    return payload.blocks if isinstance(payload, Encoded) else [encode(payload)]


def _joined_if_small(blocks: Sequence[bytes | memoryview]) -> Sequence[bytes | memoryview]:
    return blocks if sum(map(len, blocks)) > _SMALL else [b"".join(blocks)]


def encode(payload: object) -> bytes:
    """*payload* as the compact JSON that goes over the wire."""
    if isinstance(payload, Encoded):
        return b"".join(payload.blocks)
    return msgspec.json.encode(payload)
