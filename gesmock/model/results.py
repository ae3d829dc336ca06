"""Results: what a finished job has found, where the test does not say.

Which command has which kind of result is documented (ges_03_0037, ges_03_0446, ges_03_0465,
ges_03_0472) or inferred by symmetry; the values are drawn from the seed and the job's id.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Final

from gesmock.model.listed_requests import Body

ROWS: Final = ("vertices", "edges", "paths")
"""The keys below ``outputs`` whose lists are paged, beside an algorithm's own name."""

_WORDS: Final = ("Comedy", "Drama", "Action", "Thriller", "Romance", "Horror", "Western", "Musical")
_MOST: Final = 40  # rows


def result(command: str, body: Body, seed: int, job_id: str) -> dict[str, Any] | None:
    """What the job's status shows under ``data``; None where a job of its kind has no result.

    *body* is the call that made the job, as the engine lists it.
    """
    draw = Random(f"{seed}/result/{job_id}")  # noqa: S311 no secret
    kind = _KINDS.get(command)
    return None if kind is None else kind(body, draw)


def page(data: Mapping[str, Any], algorithm: str, offset: int, limit: int) -> dict[str, Any]:
    """*data* with *limit* of its rows from *offset* on, and the three sizes (ges_03_0037)."""
    outputs = data.get("outputs")
    if not isinstance(outputs, dict):
        return dict(data)
    lists = [
        name
        for name in (*ROWS, algorithm)
        if isinstance(outputs.get(name), list) and name in outputs
    ]
    if not lists:
        return dict(data)
    rows: Sequence[Any] = outputs[lists[0]]
    cut = rows[offset : offset + limit]
    sizes = {
        "data_return_size": len(cut),
        "data_offset": offset,
        "data_total_size": len(rows),
    }
    return {**data, "outputs": {**outputs, lists[0]: cut, **sizes}}


def _vertices(body: Body, draw: Random) -> dict[str, Any]:
    labels = _texts(body.get("labels")) or ["movie"]
    rows = [_vertex(draw, labels) for _ in range(draw.randint(1, _MOST))]
    return {"outputs": {"vertices": rows}}


def _vertex(draw: Random, labels: Sequence[str]) -> dict[str, Any]:
    return {
        "id": _id(draw),
        "label": draw.choice(labels),
        "properties": {"genres": [draw.choice(_WORDS)], "year": [str(draw.randint(1950, 2020))]},
    }


def _edges(body: Body, draw: Random) -> dict[str, Any]:
    labels = _texts(body.get("labels")) or ["rate"]
    rows = [
        {
            "source": _id(draw),
            "target": _id(draw),
            "index": "0",
            "label": draw.choice(labels),
            "properties": {"Score": [str(draw.randint(1, 5))]},
        }
        for _ in range(draw.randint(1, _MOST))
    ]
    return {"outputs": {"edges": rows}}


def _algorithm(body: Body, draw: Random) -> dict[str, Any]:
    name = algorithm_of(body)
    given = body.get("parameters")
    parameters = given if isinstance(given, dict) else {}
    if "path" in name:
        source = str(parameters.get("source", _id(draw)))
        target = str(parameters.get("target", _id(draw)))
        between = [_id(draw) for _ in range(draw.randint(0, 4))]
        return {"outputs": {"path": [source, *between, target], "source": source, "target": target}}
    ids = draw.sample(range(1, 10_000), draw.randint(1, _MOST))
    if name in _COMMUNITIES:
        rows: list[dict[str, Any]] = [{str(one): str(draw.randint(1, 5))} for one in ids]
    else:
        scores = sorted((draw.random() for _ in ids), reverse=True)
        rows = [{str(one): round(score, 6)} for one, score in zip(ids, scores, strict=True)]
    return {"outputs": {name: rows, "runtime": round(draw.uniform(0.01, 3), 6)}}


_COMMUNITIES: Final = {"connected_component", "label_propagation", "louvain", "kcore"}
"""Algorithms that put a vertex into a group; that their rows look like scores is inferred."""


def _summary(_body: Body, draw: Random) -> dict[str, Any]:
    vertices = {"movie": draw.randint(100, 5_000), "user": draw.randint(100, 5_000)}
    edges = {"rate": draw.randint(1_000, 50_000)}
    return {
        "vertexNum": sum(vertices.values()),
        "edgeNum": sum(edges.values()),
        "labelDetails": {"labelVertexNum": vertices, "labelEdgeNum": edges},
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
    """The algorithm that a body names; an empty text where it names none."""
    name = body.get("algorithmName")
    return name if isinstance(name, str) else ""


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _id(draw: Random) -> str:
    return str(draw.randint(1, 9_999))
