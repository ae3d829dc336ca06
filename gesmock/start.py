"""What a fake begins with: the options that Python, pytest and the command line share."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypedDict, TypeVar

import msgspec
from msgspec import Struct

from gesmock import fixtures, validation
from gesmock.errors import naming_file
from gesmock.faults import Injection
from gesmock.fixtures import GraphState, State
from gesmock.generators import Generator, Seed
from gesmock.jobs import GraphName, ProjectId
from gesmock.tokens import Token, TokenText

T = TypeVar("T")

DEFAULT_PROJECT: Final = "854d9316e71d4dc599c5f27ea323d445"
"""The project of the job list's own example (ges_03_0471)."""


class StartOptions(TypedDict, total=False):
    """What a fake begins with. All of it is there again after a reset.

    - ``fixture``: a JSON file, or the name of a starting state that gesmock ships, or several.
    - ``project_id``: the default project; list answers and everything below belong to it
      (default: the project that the first fixture names, else the one of the service's example).
    - ``graph_name``: the graph that is meant where none is named (default: the first one of the
      fixtures and generators, else ``movie``). A list answer's jobs are in this graph.
    - ``generate``: so many jobs, or a generator's fields, or several of them.
    - ``seed``: what jobs and probabilities are drawn from (default: 0).
    - ``settings``: changes to the settings, by name.
    - ``tokens``: tokens, as strings or with fields; once there is one, a request needs one.
    - ``faults``: injections that are armed from the start.
    """

    fixture: str | Path | Sequence[str | Path] | None
    project_id: str | None
    graph_name: str | None
    generate: int | Mapping[str, Any] | Sequence[int | Mapping[str, Any]] | None
    seed: int | None
    settings: Mapping[str, Any] | None
    tokens: Sequence[str | Mapping[str, Any]]
    faults: Sequence[Injection | Mapping[str, Any]]


def states(options: StartOptions) -> dict[str, State]:
    """The start state of each project; the first is the default project's.

    Raises InvalidInput with every problem of the first step that has any.
    """
    project_id, graph_name = options.get("project_id"), options.get("graph_name")
    if project_id is not None:
        validation.read(project_id, ProjectId, "project_id")
    if graph_name is not None:
        validation.read(graph_name, GraphName, "graph_name")
    read = [
        (fixtures.find(fixture), fixtures.read(fixture, project_id, graph_name))
        for fixture in _several(options.get("fixture"))
    ]
    default = project_id or next(
        (state.project_id for _, state in read if state.project_id), DEFAULT_PROJECT
    )
    merged: dict[str, State] = {default: State(project_id=default)}
    for path, state in read:
        owner = state.project_id or default
        with naming_file(path.name):
            merged[owner] = merged.get(owner, State(project_id=owner)).merged(state)
    merged[default] = _with_options(merged[default], options)
    return merged


def _with_options(state: State, options: StartOptions) -> State:
    """*state*, the default project's, with all that the options add to it."""
    seed = options.get("seed")
    settings = state.settings.changed(options.get("settings") or {}, "settings")
    orders = [
        {"count": one} if isinstance(one, int) else one for one in _several(options.get("generate"))
    ]
    added = State(
        seed=None if seed is None else validation.read(seed, Seed, "seed"),
        generators=_read(orders, list[Generator], "generate"),
        tokens=_read(list(options.get("tokens", ())), list[Token | TokenText], "tokens"),
        faults=_read(list(options.get("faults", ())), list[Injection], "faults"),
    )
    changed = msgspec.structs.replace(
        state, settings=settings, seed=state.seed if seed is None else None
    )
    merged = changed.merged(msgspec.structs.replace(added, settings=settings))
    name = options.get("graph_name")
    if name is None:
        return merged
    graphs = {name: merged.graphs.get(name, GraphState()), **merged.graphs}
    return msgspec.structs.replace(merged, graphs=graphs)


def _read(value: object, type_: type[T], path: str) -> T:
    """*value*, in which structs and plain dicts may be mixed, as a *type_*."""
    return validation.read(msgspec.to_builtins(value), type_, path)


def _several(value: Any) -> list[Any]:
    """*value*, which may be one thing, several, or None, as a list."""
    if value is None:
        return []
    if isinstance(value, (str, Path, int, Mapping, Struct)):
        return [value]
    return list(value)
