"""The service's URLs: which operation a method and path mean, and the path of an operation.

Our server, Flask, the proxy and the conformance checks all match here. Nothing else in the package
spells these paths; the documentation's data has them once more, per operation.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple
from urllib.parse import quote

from gesmock.model import documentation
from gesmock.model.messages import Operation

BELOW: Final = "/ges/"
"""Every path that is the service's to answer begins with this, even if the answer is a 404."""

ROOT: Final = "/ges/v1.0"
_G: Final = f"{ROOT}/{{project_id}}/graphs/{{graph_name}}"
_H: Final = f"{ROOT}/{{project_id}}/hyg/{{graph_name}}"


class Route(NamedTuple):
    """The *operation* that a *method* and *path* mean, with this ``action_id`` in the query."""

    method: str
    path: str
    operation: Operation
    action_id: str | None = None

    def __str__(self) -> str:
        action = "" if self.action_id is None else f"?action_id={self.action_id}"
        return f"{self.operation}: {self.method} {self.path}{action}"


ROUTES: Final = (
    Route("GET", f"{_G}/jobs/status", "list_jobs"),
    Route("GET", f"{_G}/jobs/{{job_id}}/status", "show_job"),
    Route("DELETE", f"{_G}/jobs/{{job_id}}", "delete_job"),
    Route("DELETE", f"{_H}/jobs/{{job_id}}", "hyg_delete_job"),
    Route("DELETE", f"{_H}/jobs", "hyg_delete_jobs"),
    *(
        Route(row.method, row.path, row.command, row.query.get("action_id"))
        for row in documentation.calls()
    ),
)


class Match(NamedTuple):
    """What a request asks for: the *operation*, and the *args* in its path.

    Without an operation, the method is wrong if *allowed* lists others; else the URL is unknown.
    """

    operation: Operation | None
    args: Mapping[str, str] = {}
    allowed: tuple[str, ...] = ()


_Actions = dict[str | None, Operation]


@cache
def _patterns(slashes: int) -> Sequence[tuple[re.Pattern[str], dict[str, _Actions]]]:
    """The operations of each path with this number of *slashes*, by method and action.

    Paths with fewer variables come first.
    """
    paths: dict[str, dict[str, _Actions]] = {}
    for route in sorted(ROUTES, key=lambda route: route.path.count("{")):
        if route.path.count("/") == slashes:
            actions = paths.setdefault(route.path, {}).setdefault(route.method, {})
            actions[route.action_id] = route.operation
    return [(_pattern(path), methods) for path, methods in paths.items()]


def _pattern(path: str) -> re.Pattern[str]:
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
    # jobs/status is the list, whatever the method: no job is meant.
    return re.compile(pattern.replace("(?P<job_id>", r"(?P<job_id>(?!status\Z)"))


_MOST_SLASHES: Final = max(route.path.count("/") for route in ROUTES)


def match(method: str, path: str, query: Mapping[str, str]) -> Match:
    """The operation that *method* and the decoded *path* mean; HEAD means what GET does.

    If a path has several operations of one method, ``action_id`` in *query* chooses.
    """
    allowed: set[str] = set()
    slashes = path.count("/")
    for pattern, methods in _patterns(slashes) if slashes <= _MOST_SLASHES else ():
        names = pattern.fullmatch(path)
        if names is None:
            continue
        actions = methods.get("GET" if method == "HEAD" else method)
        if actions is not None:
            operation = actions.get(query.get("action_id"), actions.get(None))
            return Match(None) if operation is None else Match(operation, names.groupdict())
        allowed |= {*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])}
    return Match(None, allowed=tuple(sorted(allowed)))


# How far a request may be from the operation that it is taken for, and what each difference adds:
_FARTHEST: Final = 0.65
_OTHER_METHOD: Final = 0.6
_GAP: Final = 0.5  # a segment that is missing, or one too many
_NO_ACTION: Final = 0.4

_LONGEST_MISSPELT: Final = 300
_MOST_SEGMENTS: Final = 16


def nearest(method: str, path: str, query: Mapping[str, str]) -> Route | None:
    """The operation that was probably meant by a request that none serves, if any is near."""
    segments, action_id = path.split("/"), query.get("action_id")
    if len(path) > _LONGEST_MISSPELT or len(segments) > _MOST_SEGMENTS:
        return None
    distance = cache(_distance)
    edits = cache(lambda path: _edits(path.split("/"), segments, distance))
    best, least = None, _FARTHEST
    for route in ROUTES:
        far = 0.0 if method == route.method else _OTHER_METHOD
        if route.action_id is not None:
            far += _NO_ACTION if action_id is None else distance(route.action_id, action_id)
        if far < least and (far := far + edits(route.path)) < least:
            best, least = route, far
    return best


def _edits(
    expected: Sequence[str], segments: Sequence[str], distance: Callable[[str, str], float]
) -> float:
    """How far *segments* are from those of a route (Levenshtein's distance).

    Exact only below ``_FARTHEST``.
    """
    row = [_GAP * count for count in range(len(segments) + 1)]
    for part in expected:
        above, row = row, [row[0] + _GAP]
        for index, segment in enumerate(segments):
            change = above[index]
            if change < _FARTHEST:
                change += distance(part, segment)
            row.append(min(change, above[index + 1] + _GAP, row[index] + _GAP))
    return row[-1]


def _distance(part: str, segment: str) -> float:
    """How far *segment* is from a *part* of a route, from 0 to 1; a name may be anything."""
    if part.startswith("{"):
        return float(segment in ("", "status"))
    from difflib import SequenceMatcher  # 1 ms

    return 1 - SequenceMatcher(None, segment, part).ratio()


def project_in(path: str) -> str:
    """The project that the decoded *path* names, even if no operation serves it; "" if none."""
    return path.removeprefix(f"{ROOT}/").partition("/")[0] if path.startswith(f"{ROOT}/") else ""


def graph_path(project_id: str, graph_name: str) -> str:
    """The path of a graph, below which its operations are."""
    return f"{ROOT}/{quote(project_id, safe='')}/graphs/{quote(graph_name, safe='')}"


_GRAPH_URL: Final = re.compile(
    rf"(?P<before>.*?){re.escape(ROOT)}/(?P<project_id>[^/?]+)/(?P<plane>graphs|hyg)"
    r"/(?P<graph_name>[^/?]+)(?P<after>.*)",
    re.DOTALL,
)


class GraphUrl(NamedTuple):
    """A URL of a graph, or below one, in its parts; all of them still percent-encoded."""

    before: str
    project_id: str
    plane: str
    graph_name: str
    after: str

    def __str__(self) -> str:
        return f"{self.before}{ROOT}/{self.project_id}/{self.plane}/{self.graph_name}{self.after}"


def split(url: str) -> GraphUrl | None:
    """The parts of *url*; None if it is not that of a graph, or below one."""
    parts = _GRAPH_URL.fullmatch(url)
    return GraphUrl(*parts.groups()) if parts else None
