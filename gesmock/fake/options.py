"""What a fake begins with: the options that Python, pytest and the command line share."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import msgspec
from msgspec import Struct

from gesmock.fake import fixtures
from gesmock.fake.fixtures import GraphState, State
from gesmock.faults import PRESETS, CanDeliver, FaultRule, PresetName, check_all
from gesmock.journal.journal import Size
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.model import validation
from gesmock.model.clock import Timing
from gesmock.model.errors import InvalidInput, naming_file
from gesmock.model.generators import Generator, Seed
from gesmock.model.names import DEFAULT_PROJECT, GraphName, ProjectId
from gesmock.model.rules import PlanRule
from gesmock.model.settings import Settings
from gesmock.model.tokens import Token, TokenText


class StartOptions(TypedDict, total=False):
    """What a fake starts with, and what a reset restores: see ``GesMock``."""

    fixture: str | Path | Mapping[str, Any] | Sequence[str | Path | Mapping[str, Any]] | None
    project_id: str | None
    graph_name: str | None
    generate: (
        int | Mapping[str, Any] | Generator | Sequence[int | Mapping[str, Any] | Generator] | None
    )
    seed: int | None
    settings: Mapping[str, Any] | None
    tokens: str | Mapping[str, Any] | Token | Sequence[str | Mapping[str, Any] | Token] | None
    faults: FaultRule | Mapping[str, Any] | Sequence[FaultRule | Mapping[str, Any]] | None
    preset: PresetName | None
    plans: PlanRule | Mapping[str, Any] | Sequence[PlanRule | Mapping[str, Any]] | None
    clock: Timing | Mapping[str, Any] | None
    verdict: VerdictConfig | Mapping[str, Any] | None
    journal_size: int | None


def states(options: StartOptions, can_deliver: CanDeliver = lambda _: True) -> dict[str, State]:
    """The start state of each project; the first is the default project's.

    Raises InvalidInput with every error of the first step that has any; a fault that the server in
    use cannot produce is one.
    """
    for name in options:
        if name not in StartOptions.__annotations__:
            raise InvalidInput.at(name, validation.unknown(name, [*StartOptions.__annotations__]))
    project_id = _optional(options, "project_id", ProjectId)
    graph_name = _optional(options, "graph_name", GraphName)
    read = [
        _state_of(fixture, project_id, graph_name)
        for fixture in _several(options, "fixture", str | Path | Mapping)
    ]
    named = dict.fromkeys(state.project_id for _, state in read if state.project_id)
    if project_id is not None and len(named.keys() - {project_id}) > 1:
        raise InvalidInput.at("project_id", f"the fixtures name several: {', '.join(named)}")
    default = project_id or next(iter(named), DEFAULT_PROJECT)
    merged: dict[str, State] = {default: State(project_id=default)}
    for label, state in read:
        owner = project_id or state.project_id or default
        with naming_file(label):
            check_all(state.faults, can_deliver, "$.faults")
            merged[owner] = merged.get(owner, State(project_id=owner)).merged(state)
    merged[default] = _with_graphs(merged[default], options, graph_name)
    return {owner: _with_options(state, options, can_deliver) for owner, state in merged.items()}


def _state_of(
    fixture: str | Path | Mapping[str, Any], project_id: str | None, graph_name: str | None
) -> tuple[str, State]:
    """What messages call *fixture*, and its state."""
    if isinstance(fixture, Mapping):
        content = validation.read_python(fixture, dict[str, Any], "fixture")
        with naming_file("fixture"):
            state = fixtures.parse(msgspec.json.encode(content), project_id, graph_name)
        return "fixture", state
    if not isinstance(fixture, str | Path):
        wanted = "a file, the name of a fixture, or the content of one"
        raise InvalidInput.at("fixture", f"{validation.shown(fixture)} is not {wanted}")
    return str(fixture), fixtures.read(fixture, project_id, graph_name)


def _with_graphs(state: State, options: StartOptions, graph_name: str | None) -> State:
    """*state*, the default project's, with what the options add to its graphs."""
    orders = [
        {"count": one} if isinstance(one, int) else one
        for one in _several(options, "generate", int | Mapping | Struct)
    ]
    merged = state.merged(
        State(generators=validation.read_python(orders, list[Generator], "generate"))
    )
    if graph_name is None:
        return merged
    graphs = {graph_name: merged.graphs.get(graph_name, GraphState()), **merged.graphs}
    return msgspec.structs.replace(merged, graphs=graphs)


def _with_options(state: State, options: StartOptions, can_deliver: CanDeliver) -> State:
    """*state*, of any project, with what the options say of all."""
    tokens = _several(options, "tokens", str | Mapping | Struct)
    given = _several(options, "faults", Mapping | Struct)
    faults = validation.read_python(given, list[FaultRule], "faults")
    check_all(faults, can_deliver, "faults")
    preset = _optional(options, "preset", PresetName)
    if preset is not None:
        check_all(PRESETS[preset], can_deliver, "preset")
        faults += PRESETS[preset]
    changes = _optional(options, "settings", dict[str, Any]) or {}
    seed = _optional(options, "seed", Seed)
    clock = _optional(options, "clock", Timing)
    verdict = _optional(options, "verdict", VerdictConfig)
    journal_size = _optional(options, "journal_size", Size)
    plans = _several(options, "plans", Mapping | Struct)
    added = State(
        tokens=validation.read_python(tokens, list[Token | TokenText], "tokens"),
        faults=faults,
    )
    return msgspec.structs.replace(
        state.merged(added),
        seed=state.seed if seed is None else seed,
        clock=clock or state.clock,
        verdict=verdict or state.verdict,
        journal_size=journal_size or state.journal_size,
        plans=[*validation.read_python(plans, list[PlanRule], "plans"), *state.plans],
        settings=(state.settings or Settings()).changed(changes, "settings"),
    )


def _optional(options: StartOptions, name: str, type_: Any) -> Any:
    """The option *name* as a *type_*; None where it is not given."""
    value = options.get(name)
    return None if value is None else validation.read_python(value, type_, name)


def _several(options: StartOptions, name: str, one: Any) -> list[Any]:
    """The option *name*, which may be a value of type *one*, several, or None, as a list."""
    value = options.get(name)
    if value is None:
        return []
    if isinstance(value, one):
        return [value]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return list(value)
    raise InvalidInput.at(
        name, f"{validation.shown(value)} is neither a value of this option nor a list of them"
    )
