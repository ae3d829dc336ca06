"""What a fake starts with: from options or a Pact provider state to states, and to graphs of jobs.

The pytest marker, the command line and the control API derive their options from ``StartOptions``.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypedDict, cast

import msgspec
from msgspec import UNSET, Struct, structs

from gesmock.fake import fixtures
from gesmock.fake.fixtures import GraphState, State
from gesmock.fake.graphs import MOST_JOBS, edition_of
from gesmock.faults import PRESETS, CanDeliver, FaultRule, PresetName, check
from gesmock.journal.journal import Size
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.model import generators, validation
from gesmock.model.clock import Timing
from gesmock.model.errors import InputError, InvalidInput, NotFound, naming_file
from gesmock.model.generators import Generator, Seed
from gesmock.model.job_store import JobStore
from gesmock.model.jobs import Job
from gesmock.model.rules import PlanRule
from gesmock.model.settings import SettingChanges, Settings
from gesmock.model.timeline import Timeline, timeline_of
from gesmock.model.tokens import Token, TokenText
from gesmock.model.types import (
    DEFAULT_GRAPH,
    DEFAULT_PROJECT,
    EDITION_STATUSES,
    FINAL,
    Edition,
    GraphName,
    ProjectId,
)

AnyFixture = str | Path | Mapping[str, Any]
AnyGenerator = int | Mapping[str, Any] | Generator
AnyToken = str | Mapping[str, Any] | Token
AnyFaultRule = FaultRule | Mapping[str, Any]
AnyPlanRule = PlanRule | Mapping[str, Any]


class StartOptions(TypedDict, total=False):
    """What a fake starts with, and what a reset restores: see ``GesMock``."""

    fixture: AnyFixture | Sequence[AnyFixture] | None
    project_id: str | None
    graph_name: str | None
    generate: AnyGenerator | Sequence[AnyGenerator] | None
    seed: int | None
    settings: SettingChanges | Mapping[str, Any] | None
    tokens: AnyToken | Sequence[AnyToken] | None
    faults: AnyFaultRule | Sequence[AnyFaultRule] | None
    preset: PresetName | None
    plans: AnyPlanRule | Sequence[AnyPlanRule] | None
    clock: Timing | Mapping[str, Any] | None
    verdict: VerdictConfig | Mapping[str, Any] | None
    journal_size: int | None


OPTION_NAMES: Final = [*StartOptions.__annotations__]


# --- From options to states ---------------------------------------------------------------------


def states(options: StartOptions, can_deliver: CanDeliver = lambda _: True) -> dict[str, State]:
    """The start state of each project; the first is the default project's.

    Raises InvalidInput with every error of the first step that has any, faults that the server
    cannot produce included.
    """
    for name in options:
        if name not in OPTION_NAMES:
            raise InvalidInput.at(name, validation.unknown(name, OPTION_NAMES))
    project_id = _optional(options, "project_id", ProjectId)
    graph_name = _optional(options, "graph_name", GraphName)
    loaded = [
        _state_of(fixture, project_id, graph_name)
        for fixture in _several(options, "fixture", str | Path | Mapping)
    ]
    projects = dict.fromkeys(state.project_id for _, state in loaded if state.project_id)
    if project_id is not None and len(projects.keys() - {project_id}) > 1:
        raise InvalidInput.at("project_id", f"the fixtures name several: {', '.join(projects)}")
    default = project_id or next(iter(projects), DEFAULT_PROJECT)
    merged: dict[str, State] = {default: State(project_id=default)}
    for label, state in loaded:
        owner = project_id or state.project_id or default
        with naming_file(label):
            check(state.faults, can_deliver, "$.faults")
            merged[owner] = merged.get(owner, State(project_id=owner)).merged(state)
    merged[default] = _with_graphs(merged[default], options, graph_name)
    return {owner: _with_options(state, options, can_deliver) for owner, state in merged.items()}


def _state_of(
    fixture: AnyFixture, project_id: str | None, graph_name: str | None
) -> tuple[str, State]:
    """What messages call *fixture*, and its state."""
    if isinstance(fixture, Mapping):
        content = validation.read_python(fixture, dict[str, Any], "fixture")
        with naming_file("fixture"):
            return "fixture", fixtures.parse(msgspec.json.encode(content), project_id, graph_name)
    if isinstance(fixture, str | Path):
        return str(fixture), fixtures.read(fixture, project_id, graph_name)
    expected = "a file, the name of a fixture, or the content of one"
    raise InvalidInput.at("fixture", f"{validation.described(fixture)} is not {expected}")


def _with_graphs(state: State, options: StartOptions, graph_name: str | None) -> State:
    """*state*, the default project's, with what the options add to its graphs."""
    orders = [
        {"count": order} if isinstance(order, int) else order
        for order in _several(options, "generate", int | Mapping | Struct)
    ]
    added = validation.read_python(orders, list[Generator], "generate")
    state = state.merged(State(generators=added))
    if graph_name is None:
        return state
    graphs = {graph_name: state.graphs.get(graph_name, GraphState()), **state.graphs}
    return structs.replace(state, graphs=graphs)


def _with_options(state: State, options: StartOptions, can_deliver: CanDeliver) -> State:
    """*state*, of any project, with the options that apply to every project."""
    tokens = _several(options, "tokens", str | Mapping | Struct)
    rules = _several(options, "faults", Mapping | Struct)
    faults = validation.read_python(rules, list[FaultRule], "faults")
    check(faults, can_deliver, "faults")
    preset = _optional(options, "preset", PresetName)
    if preset is not None:
        check(PRESETS[preset], can_deliver, "preset")
        faults += PRESETS[preset]
    changes = _optional(options, "settings", dict[str, Any]) or {}
    seed = _optional(options, "seed", Seed)
    clock = _optional(options, "clock", Timing)
    verdict = _optional(options, "verdict", VerdictConfig)
    journal_size = _optional(options, "journal_size", Size)
    plans = _several(options, "plans", Mapping | Struct)
    return structs.replace(
        state,
        tokens=[
            *state.tokens,
            *validation.read_python(tokens, list[Token | TokenText], "tokens"),
        ],
        faults=[*state.faults, *faults],
        seed=state.seed if seed is None else seed,
        clock=clock or state.clock,
        verdict=verdict or state.verdict,
        journal_size=journal_size or state.journal_size,
        plans=[*validation.read_python(plans, list[PlanRule], "plans"), *state.plans],
        settings=(state.settings or Settings()).changed(changes, "settings"),
    )


def _optional(options: StartOptions, name: str, type_: Any) -> Any:
    """The option *name* as a *type_*; None if it is not set."""
    value = options.get(name)
    return None if value is None else validation.read_python(value, type_, name)


def _several(options: StartOptions, name: str, item_type: Any) -> list[Any]:
    """The option *name* as a list: it may be a single value of *item_type*, a list, or None."""
    value = options.get(name)
    if value is None:
        return []
    if isinstance(value, item_type):
        return [value]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return list(value)
    raise InvalidInput.at(
        name, f"{validation.described(value)} is neither a value of this option nor a list of them"
    )


# --- From a provider state to a state -----------------------------------------------------------


class ProviderState(Struct, frozen=True):
    """What a Pact verifier posts before an interaction: the *state*, or *states*, it needs.

    A state is the name or the description of a state that gesmock ships. *params* may have a
    ``fixture`` (such a name, or the content of a file) and the other options that a fake starts
    with; with any of them, the state may have any name. The *action* ``teardown`` resets the
    project, and so does a *state* without a name and params. Other keys are ignored.
    """

    state: str | None = None
    states: list[str] = []
    consumer: str | None = None
    params: dict[str, Any] = {}
    action: Literal["setup", "teardown"] = "setup"


def provider_state(
    posted: ProviderState, project_id: str, can_deliver: CanDeliver
) -> "tuple[State, dict[str, JobStore]] | None":
    """The state of the project that is asked for, and its graphs; None for its start state.

    Raises NotFound if there is no such state, InvalidInput if its params are wrong.
    """
    if posted.action == "teardown":
        return None
    options = _options_of(posted.params)
    names = [name for name in dict.fromkeys([posted.state, *posted.states]) if name]
    if not (names or options):
        return None
    if "fixture" not in options:
        fixture_names = _fixture_names()
        for name in names:
            if name not in fixture_names and not options:
                raise _no_state(name, fixture_names)
        options["fixture"] = [fixture_names[name] for name in names if name in fixture_names]
    options["project_id"] = project_id
    [state] = states(cast(StartOptions, options), can_deliver).values()
    return state, Start.of(state).graphs(project_id)


def _options_of(params: Mapping[str, Any]) -> dict[str, Any]:
    """The options in *params*: the URL names the project, and no file of the server is read."""
    names = [name for name in OPTION_NAMES if name not in ("project_id", "graph_name")]
    for name in params:
        if name not in names:
            where = validation.join("$.params", name)
            raise InvalidInput.at(where, validation.unknown(name, names))
    shipped = fixtures.shipped_names()
    fixture = params.get("fixture")
    for source in fixture if isinstance(fixture, list) else [fixture]:
        if isinstance(source, str) and source not in shipped:
            raise InvalidInput.at("$.params.fixture", f"{source!r} is none of {', '.join(shipped)}")
    return dict(params)


def _fixture_names() -> dict[str, str]:
    """The name of each state that gesmock ships, by its name and by its description."""
    names = {name: name for name in fixtures.shipped_names()}
    for name in fixtures.shipped_names():
        text = fixtures.find(name).read_bytes()
        description = msgspec.json.decode(text).get("description")
        if description is not None:
            names[description] = name
    return names


def _no_state(name: str, names: Iterable[str]) -> NotFound:
    close = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return NotFound(
        f"no starting state is called {name!r}; {hint}known are "
        f"{', '.join(fixtures.shipped_names())}; or say with params what it is"
    )


# --- From a state to graphs ---------------------------------------------------------------------

Rows = Iterable[tuple[int, Job]]
Progress = Callable[[Rows, int], Rows]
"""Wraps rows that are being generated, and their number, to show the progress."""


def no_progress(rows: Rows, _count: int) -> Rows:
    """Show nothing."""
    return rows


@dataclass(frozen=True, slots=True)
class Start:
    """A start state: a *state* whose jobs have been taken out of it, into graphs (*listed*)."""

    state: State
    listed: Mapping[str, JobStore]

    @classmethod
    def of(cls, state: State) -> "Start":
        """Raises InvalidInput if a job has a status that its graph's edition does not have."""
        check_editions(state)
        settings = state.settings or Settings()
        listed = {}
        for name, graph in state.graphs.items():
            edition = graph.edition or settings.edition
            jobs, timelines = started(graph.jobs, settings, edition, 0)
            listed[name] = JobStore(jobs, graph.edition, timelines)
        empty = {name: GraphState(edition=graph.edition) for name, graph in state.graphs.items()}
        return cls(structs.replace(state, graphs=empty), listed)

    def graphs(self, project_id: str, progress: Progress = no_progress) -> dict[str, JobStore]:
        """New graphs for a project that starts like this; takes long if jobs are generated."""
        state, settings = self.state, self.state.settings or Settings()
        graphs = {name: graph.copy() for name, graph in self.listed.items()}
        for order in state.generators:
            name = order.graph or next(iter(graphs), DEFAULT_GRAPH)
            graph = graphs.get(name, JobStore())
            edition = edition_of(graph, settings)
            graph = JobStore(edition=graph.edition) if order.replace else graph
            seed = (state.seed or 0) if order.seed is None else order.seed
            rows = generators.unknown_jobs(project_id, name, order, seed, graph)
            jobs = [job for _, job in progress(rows, order.count)]
            graph.add(graph.prepare(*generated(jobs, order, edition, settings, 0)))
            graphs[name] = graph
        for graph in graphs.values():
            if edition_of(graph, settings) == "database":
                graph.keep(MOST_JOBS)
        return graphs or {DEFAULT_GRAPH: JobStore()}


def check_editions(state: State) -> None:
    """Raise InvalidInput if a job has a status that its graph's edition does not have."""
    settings = state.settings or Settings()
    for name, graph in state.graphs.items():
        path = validation.join("$.graphs", name) + ".jobs"
        _check_statuses(graph.jobs, graph.edition or settings.edition, path)


def generated(
    jobs: Sequence[Job], order: Generator, edition: Edition, settings: Settings, now: int
) -> tuple[Sequence[Job], Mapping[str, Timeline]]:
    """``started`` for *jobs* that *order* has generated.

    Raises InvalidInput if *edition* does not have one of their statuses.
    """
    if "partiallyFailed" in (order.statuses or ()):
        _check_statuses(jobs, edition, "statuses")
    if order.plan is None:
        return jobs, {}
    planned = [
        job if job.status in FINAL else structs.replace(job, plan=order.plan) for job in jobs
    ]
    return started(planned, settings, edition, now)


def started(
    jobs: Sequence[Job], settings: Settings, edition: Edition, now: int
) -> tuple[Sequence[Job], Mapping[str, Timeline]]:
    """*jobs* without their plans, and the timelines of those that had one, by id."""
    if all(job.plan is UNSET for job in jobs):
        return jobs, {}
    timelines: dict[str, Timeline] = {}
    shared: dict[tuple[str | int, str, str], Timeline] = {}  # by all that a timeline depends on
    without_plans: list[Job] = []
    for job in jobs:
        if job.plan is not UNSET:
            plan = job.plan if isinstance(job.plan, str) else id(job.plan)
            key = plan, job.status, settings.finished(job.request.command, edition)
            if key not in shared:
                shared[key] = timeline_of(job, settings, edition, now)
            timelines[job.job_id] = shared[key]
            job = Job(job.job_id, shared[key].at(now).status, job.request)  # noqa: PLW2901
        without_plans.append(job)
    return without_plans, timelines


def _check_statuses(jobs: Sequence[Job], edition: Edition, path: str) -> None:
    statuses = EDITION_STATUSES[edition]
    errors = [
        InputError(
            f"{validation.join(path, index)}.status",
            f"{job.status!r} is none of {', '.join(statuses)} (the {edition} edition)",
        )
        for index, job in enumerate(jobs)
        if job.status not in statuses
    ]
    if errors:
        raise InvalidInput(errors)
