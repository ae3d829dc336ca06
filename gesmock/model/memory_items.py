"""The items of the memory edition's list (ges_03_0204, 2024-12 and later)."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from gesmock.model import job_kinds as kinds
from gesmock.model.clock import NANOSECONDS, list_time
from gesmock.model.jobs import Job
from gesmock.model.listed_requests import Body
from gesmock.model.timeline import Timeline
from gesmock.model.types import FINAL

_APART_S: Final = 60
_LASTED_S: Final = 30
"""How far apart the jobs that were there from the start have begun, and how long they took."""

_ID_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "jobId": ("jobId",),
    "job_id": ("job_id",),
    "both": ("jobId", "job_id"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A job as it was seen: with its *life*, or with its *place* among those that have none."""

    job: Job
    life: Timeline | None
    place: int


@dataclass(frozen=True, slots=True)
class Items:
    """Makes the items of jobs at an *age* of the time, which began *began* seconds after 1970."""

    began: float
    age: int
    seed: int
    id_key: str

    def item(self, seen: Seen) -> dict[str, Any]:
        """A job as the memory edition lists it; key order as in the page's example."""
        job, life, body = seen.job, seen.life, kinds.body_of(seen.job)
        task_type = kinds.task_type(job)
        ended = job.status in FINAL
        imports = task_type == "ImportGraph"
        start, end = self._times(seen)
        progress = (100 if ended else 0) if life is None else life.at(self.age).progress
        failed = job.status == "failed"
        return {
            **dict.fromkeys(_ID_KEYS[self.id_key], job.job_id),
            # The example's import has an empty one.
            "rawRequest": "" if imports else job.request.raw_request or "",
            "taskType": task_type,
            "canStop": not ended and kinds.cancellable(job),
            "progress": str(progress),
            "startTime": start,
            **({"failReason": kinds.fail_reason(job, life)} if failed else {}),
            "endTime": end,
            "status": job.status,
            **({"files": self._files(job, body)} if imports else {}),
        }

    def _times(self, seen: Seen) -> tuple[str, str]:
        """When it began to run and when it ended; empty where it has not (ges_01_0096)."""
        life, status = seen.life, seen.job.status
        if life is not None:
            moments = (life.started(self.age), life.ended(self.age))
            started, ended = ("" if one is None else list_time(self._at(one)) for one in moments)
            return started, ended
        if status == "pending":
            return "", ""
        began = self.began - seen.place * _APART_S
        return list_time(began), list_time(began + _LASTED_S) if status in FINAL else ""

    def _at(self, age: int) -> float:
        return self.began + age / NANOSECONDS

    def _files(self, job: Job, body: Body) -> list[dict[str, Any]]:
        """What an import reads. Beyond ``edgeFiles`` and ``fileName`` the names are inferred."""
        draw = Random(f"{self.seed}/files/{job.job_id}")  # noqa: S311 no secret
        return [
            {key: [{"fileName": body[path], **_lines(job, draw)}]}
            for key, path in (("edgeFiles", "edgesetPath"), ("vertexFiles", "vertexsetPath"))
            if body.get(path)
        ]


def _lines(job: Job, draw: Random) -> dict[str, int]:
    """How many lines of a file were read, where the import has come to its end."""
    if job.status not in ("success", "complete", "partiallyFailed"):
        return {}
    total = draw.randint(100, 10_000)
    bad = draw.randint(1, 99) if job.status == "partiallyFailed" else 0
    return {"totalLines": total, "failedLines": bad, "successfulLines": total - bad}
