"""What the documentation says about a job by its command and body: its kind, and its result.

Which commands have which kind of result is documented (ges_03_0037, ges_03_0446, ges_03_0465,
ges_03_0472) or inferred by symmetry; the values are random, from the seed and the job's id.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from gesmock.model import documentation, validation
from gesmock.model.jobs import Job
from gesmock.model.listed_requests import Body
from gesmock.model.plans import plan_of
from gesmock.model.timeline import Timeline
from gesmock.model.types import Edition

CANCELLED: Final = "The job has been cancelled."
"""The failure reason of a cancelled job; inferred, like its status."""

_REASON: Final = "parameter [{}] is invalid!"
"""The reason in the only example of a failed job (ges_03_0204, 2024-12); the braces take the name
of the first parameter."""


def body_of(job: Job) -> Body:
    """The body of the call that submitted *job*, as it is listed; empty if there is none."""
    text = (job.request.raw_request or "").encode()
    try:
        return {} if validation.too_deep(text) else msgspec.json.decode(text, type=Body)
    except validation.REFUSED:
        return {}


def algorithm(job: Job) -> str:
    """The algorithm that *job* runs; empty if it runs none."""
    return algorithm_of(body_of(job)) if job.request.command in ALGORITHMS else ""


def cancellable(job: Job) -> bool:
    """Whether a job of this kind can be cancelled before it ends (ges_03_0038)."""
    row = documentation.by_command().get(job.request.command)
    cancellable = row is not None and row.cancellable
    return cancellable if isinstance(cancellable, bool) else algorithm(job) in cancellable


def task_type(job: Job) -> str:
    """The memory edition's name for jobs of this kind; without one, made from the command."""
    row = documentation.by_command().get(job.request.command)
    return row.task_type if row else job.request.command.title().replace("_", "")


UNSEEN_REASON: Final = "in the database edition only failed algorithms show a fail_reason"
"""Why a reason that no answer would show is refused (ges_03_0204, ges_03_0446, ges_03_0472)."""


def shows_reason(job: Job, edition: Edition) -> bool:
    """Whether an answer of this *edition* says why *job* failed, once it has."""
    return edition == "memory" or bool(algorithm(job))


def visible(timeline: Timeline | None, job: Job, edition: Edition) -> Timeline | None:
    """The *timeline* of *job* without a reason that no answer of this *edition* shows."""
    if timeline is None or timeline.fail_reason is None or shows_reason(job, edition):
        return timeline
    return replace(timeline, fail_reason=None)


def reason_of(job: Job) -> str | None:
    """The fail reason in the plan that *job* comes with."""
    return None if job.plan is UNSET else plan_of(job.plan).fail_reason


def fail_reason(job: Job, timeline: Timeline | None) -> str:
    """Why *job* failed, in full."""
    reason = timeline.fail_reason if timeline else None
    name = algorithm(job)
    if not name:
        return reason or "The job failed."
    prefix = f"Running algorithm [{name}] error: "
    if reason is None:
        parameters = body_of(job).get("parameters")
        unnamed = "source" if "path" in name else "parameters"
        first = next(iter(parameters), unnamed) if isinstance(parameters, dict) else unnamed
        return prefix + _REASON.format(first)
    return reason if reason.startswith(prefix) or reason == CANCELLED else prefix + reason


# --- Results --------------------------------------------------------------------------------------

ROWS: Final = ("vertices", "edges", "paths")
"""The keys of ``outputs`` whose lists are paged, in addition to an algorithm's own name."""

_WORDS: Final = ("Comedy", "Drama", "Action", "Thriller", "Romance", "Horror", "Western", "Musical")
_MOST: Final = 40  # rows


def result(command: str, body: Body, seed: int, job_id: str) -> dict[str, Any] | None:
    """The ``data`` of a finished job's status; None if jobs of its kind have no result.

    *body* is that of the call that submitted the job, as it is listed.
    """
    rng = Random(f"{seed}/result/{job_id}")  # noqa: S311 no secret
    return _KINDS[command](body, rng) if command in _KINDS else None


def result_page(
    result: Mapping[str, Any], algorithm: str, offset: int, limit: int
) -> dict[str, Any]:
    """*result* with at most *limit* of its rows from *offset* on, and their sizes (ges_03_0037)."""
    outputs: Any = result.get("outputs")
    if not isinstance(outputs, dict):
        return dict(result)
    name = next((each for each in (*ROWS, algorithm) if isinstance(outputs.get(each), list)), None)
    if name is None:
        return dict(result)
    page = outputs[name][offset : offset + limit]
    sizes = {
        "data_return_size": len(page),
        "data_offset": offset,
        "data_total_size": len(outputs[name]),
    }
    return {**result, "outputs": {**outputs, name: page, **sizes}}


def _vertices(body: Body, rng: Random) -> dict[str, Any]:
    labels = _labels(body, "movie")
    rows = [
        {
            "id": _id(rng),
            "label": rng.choice(labels),
            "properties": {"genres": [rng.choice(_WORDS)], "year": [str(rng.randint(1950, 2020))]},
        }
        for _ in range(rng.randint(1, _MOST))
    ]
    return {"outputs": {"vertices": rows}}


def _edges(body: Body, rng: Random) -> dict[str, Any]:
    labels = _labels(body, "rate")
    rows = [
        {
            "source": _id(rng),
            "target": _id(rng),
            "index": "0",
            "label": rng.choice(labels),
            "properties": {"Score": [str(rng.randint(1, 5))]},
        }
        for _ in range(rng.randint(1, _MOST))
    ]
    return {"outputs": {"edges": rows}}


def _labels(body: Body, default: str) -> list[str]:
    labels = body.get("labels")
    texts = [each for each in labels if isinstance(each, str)] if isinstance(labels, list) else []
    return texts or [default]


def _algorithm(body: Body, rng: Random) -> dict[str, Any]:
    name = algorithm_of(body)
    parameters = body.get("parameters")
    if not isinstance(parameters, dict):
        parameters = {}
    if "path" in name:
        source = str(parameters.get("source", _id(rng)))
        target = str(parameters.get("target", _id(rng)))
        between = [_id(rng) for _ in range(rng.randint(0, 4))]
        return {"outputs": {"path": [source, *between, target], "source": source, "target": target}}
    ids = rng.sample(range(1, 10_000), rng.randint(1, _MOST))
    if name in _COMMUNITIES:
        rows: list[dict[str, Any]] = [{str(vertex): str(rng.randint(1, 5))} for vertex in ids]
    else:
        scores = sorted((rng.random() for _ in ids), reverse=True)
        rows = [{str(vertex): round(score, 6)} for vertex, score in zip(ids, scores, strict=True)]
    return {"outputs": {name: rows, "runtime": round(rng.uniform(0.01, 3), 6)}}


_COMMUNITIES: Final = {"connected_component", "label_propagation", "louvain", "kcore"}
"""Algorithms that put a vertex into a group. Inferred: their rows look like those with scores."""


def _summary(_body: Body, rng: Random) -> dict[str, Any]:
    vertices = {"movie": rng.randint(100, 5_000), "user": rng.randint(100, 5_000)}
    edges = {"rate": rng.randint(1_000, 50_000)}
    return {
        "vertexNum": sum(vertices.values()),
        "edgeNum": sum(edges.values()),
        "labelDetails": {"labelInVertex": vertices, "labelInEdge": edges},
    }


ALGORITHMS: Final = ("execute_algorithm", "hyg_algorithm")
"""The commands that run an algorithm."""

_KINDS: Final[Mapping[str, Callable[[Body, Random], dict[str, Any]]]] = {
    "vertex_query": _vertices,
    "edge_query": _edges,
    "filtered_query": _vertices,
    "path_query": _vertices,
    **dict.fromkeys(ALGORITHMS, _algorithm),
    "summary": _summary,
}


def algorithm_of(body: Body) -> str:
    """The algorithm that a body names; empty if it names none."""
    name = body.get("algorithmName")
    return name if isinstance(name, str) else ""


def _id(rng: Random) -> str:
    return str(rng.randint(1, 9_999))
