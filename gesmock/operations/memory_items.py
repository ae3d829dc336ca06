"""The items of the memory edition's list (ges_03_0204, 2024-12 and later)."""

from random import Random
from typing import Any, Final

from gesmock.clock import list_time
from gesmock.graph import Graph
from gesmock.jobs import Job
from gesmock.operations import kinds
from gesmock.raw_requests import Body
from gesmock.statuses import FINAL
from gesmock.world import World

_APART_S: Final = 60
_LASTED_S: Final = 30
"""How far apart the jobs that were there from the start have begun, and how long they took."""


def item(world: World, graph: Graph, job: Job) -> dict[str, Any]:
    """*job*, of *graph*, as the memory edition lists it; key order as in the page's example."""
    life, task_type = graph.life(job.job_id), kinds.task_type(job)
    ended = job.status in FINAL
    imports = task_type == "ImportGraph"
    start, end = _times(world, graph, job)
    progress = 100 if ended else 0
    if life is not None:
        progress = life.at(world.clock.age()).progress
    failed = job.status == "failed"
    return {
        "jobId": job.job_id,
        # The example's import has an empty one.
        "rawRequest": "" if imports else job.request.raw_request or "",
        "taskType": task_type,
        "canStop": not ended and kinds.cancellable(job),
        "progress": str(progress),
        "startTime": start,
        **({"failReason": kinds.fail_reason(job, life)} if failed else {}),
        "endTime": end,
        "status": job.status,
        **({"files": _files(world, job)} if imports else {}),
    }


def _times(world: World, graph: Graph, job: Job) -> tuple[str, str]:
    """When it began to run and when it ended; empty where it has not (ges_01_0096)."""
    clock, life = world.clock, graph.life(job.job_id)
    if life is not None:
        moments = (life.started(clock.age()), life.ended(clock.age()))
        started, ended = ("" if one is None else list_time(clock.at(one)) for one in moments)
        return started, ended
    if job.status == "pending":
        return "", ""
    began = clock.at(0) - graph.place_before_start(job.job_id) * _APART_S
    return list_time(began), list_time(began + _LASTED_S) if job.status in FINAL else ""


def _files(world: World, job: Job) -> list[dict[str, Any]]:
    """What an import has read. Beyond ``edgeFiles`` and ``fileName`` the names are inferred."""
    body = kinds.body_of(job)
    draw = Random(f"{world.graphs.seed}/files/{job.job_id}")  # noqa: S311 no secret
    return [
        {key: [_file(body, path, draw, failed=job.status == "partiallyFailed")]}
        for key, path in (("edgeFiles", "edgesetPath"), ("vertexFiles", "vertexsetPath"))
        if body.get(path)
    ]


def _file(body: Body, path: str, draw: Random, *, failed: bool) -> dict[str, Any]:
    total = draw.randint(100, 10_000)
    bad = draw.randint(1, 99) if failed else 0
    return {
        "fileName": body[path],
        "totalLines": total,
        "failedLines": bad,
        "successfulLines": total - bad,
    }
