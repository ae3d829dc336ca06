"""Our values -> the service's JSON: which keys, in which order, by the settings."""

from collections.abc import Mapping, Sequence
from functools import partial
from random import Random
from typing import Any, Final

import msgspec
from msgspec import Struct

from gesmock.model import documentation, job_kinds
from gesmock.model.clock import NANOSECONDS, http_date, list_time, real_time
from gesmock.model.errors import GesError, Refusal
from gesmock.model.generators import Rng, random_bits
from gesmock.model.jobs import Job
from gesmock.model.listed_requests import Body
from gesmock.model.messages import MOST_SHOWN, Encoded, Reply, ReplyBody, ShownStatuses
from gesmock.model.rows import Page
from gesmock.model.settings import Settings
from gesmock.model.timeline import Timeline
from gesmock.model.types import FINAL, Edition

ID_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "jobId": ("jobId",),
    "job_id": ("job_id",),
    "both": ("jobId", "job_id"),
}
"""The keys that a listed job has its id under, by the setting ``id_key``."""

_SMALL: Final = 2**14
"""Up to this many bytes, joining blocks costs less than handing over each."""


REQUEST_ID: Final = "%08x%024x"
"""The format of a request id: an epoch and a number."""


def request_ids(epoch: int, number: int) -> dict[str, str]:
    """The headers that name the answer with this *number* in its *epoch*.

    ``TraceID`` is the service's (returned values, 2021), ``X-Request-Id`` the gateway's.
    """
    request_id = REQUEST_ID % (epoch, number)
    return {"X-Request-Id": request_id, "TraceID": request_id}


NO_ENTRY: Final = request_ids(0, 0)
"""The headers that name an answer without a journal entry."""

NO_CONTENT: Final = Reply(204, Encoded([]))
"""The answer to an OPTIONS request."""


def job_list(page: Page, settings: Settings) -> Reply:
    """The answer that lists the jobs of *page* (ges_03_0471, 2025-08-22), key order included."""
    if settings.id_key != "jobId":
        ids = ID_KEYS[settings.id_key]

        def listed() -> dict[str, Any]:
            jobs = [
                {**dict.fromkeys(ids, job.job_id), "status": job.status, "request": job.request}
                for job in page
            ]
            return {"jobs": jobs, "totalCount": page.total, "result": "success"}

        return Reply(200, listed, statuses=_statuses(page, page.total), body=ReplyBody())
    if page.reply is None:
        encoded = partial(_encoded, page)
        takes_long = page.oldest_first and len(page.parts) > 4  # each is reversed
        payload = encoded if takes_long else encoded()
        page.reply = Reply(200, payload, statuses=_statuses(page, page.total), body=ReplyBody())
    return page.reply


def _encoded(page: Page) -> Encoded:
    tail = b'],"totalCount":%d,"result":"success"}' % page.total
    blocks = [b'{"jobs":[', *page.pieces(), tail]
    return Encoded(blocks if sum(map(len, blocks)) > _SMALL else [b"".join(blocks)])


def _statuses(page: Page, total: int | None) -> ShownStatuses:
    """The statuses that a list of *page* shows; the same object until something changes."""
    if page.statuses is None or page.statuses.total != total:
        count = len(page)
        statuses = {job.job_id: job.status for job in page} if count <= MOST_SHOWN else None
        page.statuses = ShownStatuses(statuses, count, total)
    return page.statuses


def job_status(job: Job, result: dict[str, Any] | None, edition: Edition) -> Reply:
    """The answer with the status of *job*, and its *result* if it has one."""
    data_key = {} if result is None else {"data": result}
    if edition == "memory":  # data first, and no result (ges_03_0037)
        body = {**data_key, "status": job.status}
    else:
        body = {"status": job.status, **data_key, "result": "success"}  # ges_03_0472
    long = None if result is None else ReplyBody()
    return Reply(200, body, statuses=ShownStatuses({job.job_id: job.status}), body=long)


def refusal(error: GesError, settings: Settings, headers: Mapping[str, str] | None = None) -> Reply:
    """The answer that refuses with *error*."""
    refusal = error.refusal
    message, status = str(error), refusal.status
    if isinstance(status, str):
        status = getattr(settings, status)
    if settings.dialect == "error_table" and refusal.source:
        message = documentation.table_texts().get(refusal.code, message)
    statuses = None if error.failed_job is None else ShownStatuses({error.failed_job: "failed"})
    if refusal.in_errors:  # ges_03_0474
        errors = [{"code": refusal.code, "message": message}]
        return Reply(status, {"results": [], "errors": errors}, headers or {}, statuses)
    body = {"errorMessage": message, "errorCode": refusal.code}
    if settings.failed_result or refusal.failed_result:
        body["result"] = "failed"
    if settings.sdk_error_keys:
        body |= {"error_code": refusal.code, "error_msg": message}
    return Reply(status, body, headers or {}, statuses)


def unjournaled(
    why: Refusal, settings: Settings, headers: Mapping[str, str] | None = None
) -> Reply:
    """The refusal of a request that gets no journal entry."""
    ours = {**NO_ENTRY, "Date": http_date(int(real_time())), **(headers or {})}
    return refusal(GesError(why), settings, ours)


def blocks(reply: Reply) -> Sequence[bytes | memoryview]:
    """The body of *reply*, compact JSON, in blocks to send one after the other."""
    payload = reply.payload() if callable(reply.payload) else reply.payload
    blocks = payload.blocks if isinstance(payload, Encoded) else [msgspec.json.encode(payload)]
    if reply.body is not None and not reply.body.length:
        reply.body.fill(blocks)
    return blocks


# --- Items of the memory edition ------------------------------------------------------------------

_APART_S: Final = 120
_SOONER_S: Final = 100
"""Jobs that were not submitted here began 120 seconds apart, each up to 100 seconds earlier."""

_LASTS_S: Final[Mapping[str, tuple[float, float]]] = {
    "ImportGraph": (20, 900),
    "ExportGraph": (20, 600),
    "Algorithm": (1, 600),
}
"""How long jobs without a timeline take, at least and at most; others take up to 60 seconds."""


class MemoryList(Struct, frozen=True):
    """Lists jobs as the memory edition does (ges_03_0204, 2024-12 and later).

    The clock began at *began*, in seconds since 1970, and has run for *age*, in nanoseconds.
    """

    began: float
    age: int
    seed: int
    id_key: str

    def reply(self, page: Page, timelines: Mapping[int, Timeline]) -> Reply:
        """The answer that lists the jobs of *page*, whose *timelines* are by number."""

        def listed() -> dict[str, Any]:
            jobs = [
                self._item(job, timelines.get(number), -number) for number, job in page.numbered()
            ]
            return {"jobs": jobs, "result": "success"}

        return Reply(200, listed, statuses=_statuses(page, None), body=ReplyBody())

    def _item(self, job: Job, timeline: Timeline | None, index: int) -> dict[str, Any]:
        """*job* as it is listed; *index* counts those not submitted here, from 1 for the newest."""
        body = job_kinds.body_of(job)
        task_type = job_kinds.task_type(job)
        ended = job.status in FINAL
        imports = task_type == "ImportGraph"
        # The times and progress of a job without a timeline follow from its id.
        _, rng = random_bits(f"{self.seed}/course/{job.job_id}")
        start, end = self._times(job, task_type, timeline, index, rng)
        progress = 100 if ended else 1 + rng() % 99 if job.status == "running" else 0
        if timeline is not None:
            progress = timeline.at(self.age).progress
        failed = job.status == "failed"
        return {
            **dict.fromkeys(ID_KEYS[self.id_key], job.job_id),
            # The example's import has an empty one.
            "rawRequest": "" if imports else job.request.raw_request or "",
            "taskType": task_type,
            "canStop": not ended and job_kinds.cancellable(job),
            "progress": str(progress),
            "startTime": start,
            **({"failReason": job_kinds.fail_reason(job, timeline)} if failed else {}),
            "endTime": end,
            "status": job.status,
            **({"files": self._files(job, body)} if imports else {}),
        }

    def _times(
        self, job: Job, task_type: str, timeline: Timeline | None, index: int, rng: Rng
    ) -> list[str]:
        """When *job* began to run and ended; empty if it has not (ges_01_0096)."""
        ran_at = self.began - index * _APART_S + _between(-_SOONER_S, 0, rng)
        lasted_s = _between(*_LASTS_S.get(task_type, (1, 60)), rng)
        if timeline is None:
            started = None if job.status == "pending" else ran_at
            ended = min(ran_at + lasted_s, self.began) if job.status in FINAL else None
        else:
            ages = timeline.started(self.age), timeline.ended(self.age)
            started, ended = (
                None if age is None else self.began + age / NANOSECONDS for age in ages
            )
            if index > 0 and timeline.stages[0].status != "pending":  # it ran before
                started = ran_at
        return ["" if at is None else list_time(at) for at in (started, ended)]

    def _files(self, job: Job, body: Body) -> list[dict[str, Any]]:
        """The files of an import. Inferred: all keys except ``edgeFiles`` and ``fileName``."""
        rng = Random(f"{self.seed}/files/{job.job_id}")  # noqa: S311 no secret
        return [
            {key: [{"fileName": body[path], **_lines(job, rng)}]}
            for key, path in (("edgeFiles", "edgesetPath"), ("vertexFiles", "vertexsetPath"))
            if body.get(path)
        ]


def _between(least: float, most: float, rng: Rng) -> float:
    return least + (most - least) * rng() / 2**16


def _lines(job: Job, rng: Random) -> dict[str, int]:
    if job.status not in ("success", "complete", "partiallyFailed"):
        return {}
    total = rng.randint(100, 10_000)
    bad = rng.randint(1, 99) if job.status == "partiallyFailed" else 0
    return {"totalLines": total, "failedLines": bad, "successfulLines": total - bad}
