"""What a fake starts with: options, or a Pact provider state, become states, then graphs of jobs.

The pytest marker, the command line and the control API derive their options from ``StartOptions``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypedDict, cast

import msgspec
from msgspec import UNSET, Meta, Struct, structs

from gesmock.fake import fixtures
from gesmock.fake.fixtures import GraphState, State
from gesmock.fake.graphs import check_number, edition_of
from gesmock.faults import PRESETS, CanDeliver, FaultRule, PresetName, check
from gesmock.journal.journal import Size
from gesmock.journal.verdict.findings import VerdictConfig
from gesmock.model import generators, job_kinds, validation
from gesmock.model.clock import Timing
from gesmock.model.errors import (
    LONGEST_VALUE,
    Conflict,
    InputError,
    InvalidInput,
    NotFound,
    naming_file,
    shortened,
)
from gesmock.model.generators import Generator, Seed
from gesmock.model.job_store import JobStore
from gesmock.model.jobs import Job
from gesmock.model.plans import plan_of
from gesmock.model.queries import QueryResult
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
AnyQueryResult = QueryResult | Mapping[str, Any]


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
    queries: AnyQueryResult | Sequence[AnyQueryResult] | None
    clock: Timing | Mapping[str, Any] | None
    verdict: VerdictConfig | Mapping[str, Any] | None
    journal_size: int | None


OPTION_NAMES: Final = [*StartOptions.__annotations__]


# --- From options to states ---------------------------------------------------------------------

_TYPES: Final[Mapping[str, Any]] = {
    "fixture": list[fixtures.Fixture],
    "project_id": ProjectId,
    "graph_name": GraphName,
    "generate": list[Generator | Annotated[int, Meta(description="a number of jobs")]],
    "seed": Seed,
    "settings": dict[str, Any],
    "tokens": list[Token | TokenText],
    "faults": list[FaultRule],
    "preset": PresetName,
    "plans": list[PlanRule],
    "queries": list[QueryResult],
    "clock": Timing,
    "verdict": VerdictConfig,
    "journal_size": Size,
}
_LISTS: Final = ("fixture", "generate", "tokens", "faults", "plans", "queries")


def check_names(options: StartOptions, own: Iterable[str] = ()) -> None:
    """Raise InvalidInput for an option that is neither in ``StartOptions`` nor among *own*."""
    for name, value in options.items():
        if name in Settings.__struct_fields__:
            settings = f"{{{name!r}: {validation.described(value)}}}"
            raise InvalidInput.at(name, f"is a setting; pass settings={settings}")
        if name not in _TYPES:
            raise InvalidInput.at(name, validation.unknown_key(name, [*own, *OPTION_NAMES]))


def states(options: StartOptions, can_deliver: CanDeliver = lambda _: True) -> dict[str, State]:
    """The start state of each project; the first is the default project's.

    Raises InvalidInput with every error of the first step that has any. A fault that the server
    cannot produce is one.
    """
    read = _read(options)
    project_id, graph_name = read.get("project_id"), read.get("graph_name")
    faults, preset = read.get("faults", []), read.get("preset")
    check(faults, can_deliver, "faults")
    if preset is not None:
        check(PRESETS[preset], can_deliver, "preset")
        faults += PRESETS[preset]
    loaded = [_state_of(each, project_id, graph_name) for each in read.get("fixture", ())]
    projects = dict.fromkeys(state.project_id for _, state in loaded if state.project_id)
    if project_id is not None and len(projects.keys() - {project_id}) > 1:
        raise InvalidInput.at(
            "project_id", f"the fixture files name several projects: {', '.join(projects)}"
        )
    owners = [project_id or fixtures.project_of(state) for _, state in loaded]
    default = project_id or next(filter(None, owners), DEFAULT_PROJECT)
    merged: dict[str, State] = {default: State(project_id=default)}
    for (label, state), named in zip(loaded, owners, strict=True):
        owner = named or default
        with naming_file(label):
            check(state.faults, can_deliver, "$.faults")
            merged[owner] = merged.get(owner, State(project_id=owner)).merged(state)
    first = merged[default].merged(State(generators=read.get("generate", [])))
    if graph_name is not None:
        graphs = {graph_name: first.graphs.get(graph_name, GraphState()), **first.graphs}
        first = structs.replace(first, graphs=graphs)
    merged[default] = first
    replaced = ("seed", "clock", "verdict", "journal_size")
    return {
        owner: structs.replace(
            state,
            **{name: read[name] for name in replaced if name in read},
            tokens=[*state.tokens, *read.get("tokens", ())],
            faults=[*state.faults, *faults],
            plans=[*read.get("plans", ()), *state.plans],
            queries=[*state.queries, *read.get("queries", ())],
            settings=(state.settings or Settings()).changed(read.get("settings", {}), "settings"),
        )
        for owner, state in merged.items()
    }


def _read(options: StartOptions) -> dict[str, Any]:
    """The options that are set, read as ``_TYPES``; a list of one item may be just that item."""
    check_names(options)
    read: dict[str, Any] = {}
    for name, option in options.items():
        value: Any = option
        if value is None:
            continue
        if name in _LISTS:
            several = isinstance(value, Sequence) and not isinstance(value, str | bytes)
            value = [_plain(name, each) for each in (value if several else [value])]
            if not value:  # even an empty list takes long to validate
                continue
        read[name] = validation.read_python(value, _TYPES[name], name)
    return read


def _plain(name: str, item: object) -> object:
    """*item* of the option *name* as JSON would have it."""
    if isinstance(item, Path):
        return str(item)
    return {"count": item} if name == "generate" and isinstance(item, int) else item


def _state_of(
    fixture: str | dict[str, Any], project_id: str | None, graph_name: str | None
) -> tuple[str, State]:
    """What messages call *fixture*, and its state."""
    if isinstance(fixture, str):
        return fixture, fixtures.read(fixture, project_id, graph_name)
    with naming_file("fixture"):
        return "fixture", fixtures.parse(msgspec.json.encode(fixture), project_id, graph_name)


# --- Scenarios ----------------------------------------------------------------------------------

_OF_ANY_SCENARIO: Final = ("graph_name", "seed", "settings", "tokens")
"""The options that stay when a scenario is chosen."""


def files(options: StartOptions) -> list[str]:
    """The fixture files of the options: paths, or names of states that gesmock ships."""
    return [str(each) for each in _fixtures(options) if isinstance(each, str | Path)]


def _fixtures(options: StartOptions) -> Sequence[AnyFixture]:
    fixture = options.get("fixture") or ()
    is_one = isinstance(fixture, str | Path | Mapping)
    return [cast(AnyFixture, fixture)] if is_one else cast(Sequence[AnyFixture], fixture)


def first_scenario(options: StartOptions) -> str | None:
    """The scenario of *options*: their only fixture file, if nothing else brings jobs."""
    alone = len(_fixtures(options)) == 1 and not options.get("generate")
    return next(iter(files(options)), None) if alone else None


def scenario_state(
    options: StartOptions, name: str, project_id: str, can_deliver: CanDeliver
) -> State:
    """The state of a project in which the scenario *name* is chosen. Raises InvalidInput."""
    own = {each: value for each, value in options.items() if each in _OF_ANY_SCENARIO}
    chosen = cast(StartOptions, {**own, "fixture": name, "project_id": project_id})
    return states(chosen, can_deliver)[project_id]


# --- From a provider state to a state -----------------------------------------------------------


class ProviderState(Struct, frozen=True):
    """What a Pact verifier posts before an interaction: the *state*, or *states*, it needs.

    A state is the name or the description of a state that gesmock ships. *params* may have a
    ``fixture`` (such a name, or the content of a file) and the other options that a fake starts
    with; with any but ``project_id``, the state may have any name. The *action* ``teardown`` resets
    the project, and so does a *state* without a name and params. Other keys are ignored.
    """

    state: str | None = None
    states: list[str] = []
    consumer: str | None = None
    params: dict[str, Any] = {}
    action: Literal["setup", "teardown"] = "setup"


def provider_state(
    posted: ProviderState, in_url: str | None, default: str, can_deliver: CanDeliver
) -> "tuple[str, State | None, Start | None]":
    """The project that is meant, the state that is asked for, and what that begins with.

    The project is that *in_url*, else that of the params, else the only one that the state names
    (see ``fixtures.project_of``), else *default*. If there is no state, the project's start state
    is meant. Raises NotFound for an unknown state, InvalidInput for wrong params.
    """
    options = _options_of(posted.params)
    project_id = _take_project(options, in_url)
    names = [name for name in dict.fromkeys([posted.state, *posted.states]) if name]
    if not (names or options):
        return project_id or default, None, None
    if "fixture" not in options:
        shipped = fixtures.names_by_description()
        missing = [] if options else [name for name in names if name not in shipped]
        if missing:
            import difflib  # 1 ms

            close = difflib.get_close_matches(missing[0][:LONGEST_VALUE], shipped, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise NotFound(
                f"no fixture file is called {shortened(missing[0])!r}; {hint}the names are "
                f"{', '.join(fixtures.shipped_names())}; or describe the state in params"
            )
        options["fixture"] = [shipped[name] for name in names if name in shipped]
    project_id = project_id or _named_project(options["fixture"]) or default
    if posted.action == "teardown":
        return project_id, None, None
    [state] = states(
        cast(StartOptions, {**options, "project_id": project_id}), can_deliver
    ).values()
    return project_id, state, Start.of(state, project_id)


def _take_project(options: dict[str, Any], in_url: str | None) -> str | None:
    """Take the project id out of *options*, and return it, or else that *in_url*."""
    path, named = "$.params.project_id", options.pop("project_id", None)
    if named is None:
        return in_url
    project_id: str = validation.read(named, ProjectId, path)
    if in_url not in (None, project_id):
        raise InvalidInput.at(path, f"{project_id!r} is not the project in the URL, {in_url!r}")
    return project_id


def _named_project(fixture: object) -> str | None:
    """The only project that the states in *fixture* name."""
    named = {
        fixtures.project_of(_state_of(each, None, None)[1])
        for each in (fixture if isinstance(fixture, list) else [fixture])
        if isinstance(each, str | dict)  # others are refused later
    } - {None}
    return named.pop() if len(named) == 1 else None


def _options_of(params: Mapping[str, Any]) -> dict[str, Any]:
    """The options in *params*, which may name no file of the server."""
    names = [name for name in OPTION_NAMES if name != "graph_name"]
    for name in params:
        if name not in names:
            where = validation.join("$.params", name)
            raise InvalidInput.at(where, validation.unknown_key(name, names))
    shipped = fixtures.shipped_names()
    fixture = params.get("fixture")
    for source in fixture if isinstance(fixture, list) else [fixture]:
        if isinstance(source, str) and source not in shipped:
            raise InvalidInput.at("$.params.fixture", validation.none_of(source, shipped))
    return dict(params)


# --- From a state to graphs ---------------------------------------------------------------------

Rows = Iterable[tuple[int, Job]]
ShowProgress = Callable[[Rows, int], Rows]
"""Wraps rows that are being generated, and their number, to show the progress."""


def no_progress(rows: Rows, _count: int) -> Rows:
    return rows


class Start(Struct, frozen=True):
    """What a project begins with: a *state*, and its *graphs*.

    The jobs of the state have been moved from it into the graphs. Those that it lists, rather than
    generates, are in *listed* too: other projects may begin with them. *scenario* is the name of
    the state, if it has one.
    """

    state: State
    listed: Mapping[str, JobStore]
    graphs: Mapping[str, JobStore]
    scenario: str | None = None

    @classmethod
    def of(cls, state: State, project_id: str, progress: ShowProgress = no_progress) -> "Start":
        """What the project *project_id* begins with; takes long if jobs are generated.

        Raises InvalidInput if a job has a status that its graph's edition does not have, or a
        ``fail_reason`` that it cannot show.
        """
        check_editions(state)
        settings = state.settings or Settings()
        listed = {}
        for name, graph in state.graphs.items():
            edition = graph.edition or settings.edition
            jobs, timelines = with_timelines(graph.jobs, settings, edition, 0)
            store = listed[name] = JobStore(jobs, graph.edition, timelines)
            store.labels = {label.label: label for label in graph.labels}
            store.summary = graph.summary
            _check_number(name, len(store), edition)
        empty = {name: GraphState(edition=graph.edition) for name, graph in state.graphs.items()}
        bare = structs.replace(state, graphs=empty)
        return cls(bare, listed, {}).of_project(project_id, progress)

    def of_project(self, project_id: str, progress: ShowProgress = no_progress) -> "Start":
        """What another project begins with: generated jobs have URLs of that project."""
        state, settings = self.state, self.state.settings or Settings()
        graphs = {name: graph.copy() for name, graph in self.listed.items()}
        for order in state.generators:
            name = order.graph or next(iter(graphs), DEFAULT_GRAPH)
            graph = graphs.get(name, JobStore())
            graph = graph.without_jobs() if order.replace else graph
            seed = (state.seed or 0) if order.seed is None else order.seed
            _check_number(name, len(graph) + order.count, edition_of(graph, settings))
            batch, _ = generate_batch(
                order, seed, project_id, name, graph, settings, 0, progress,
                after_ended=graph.oldest_has_ended(),
            )  # fmt: skip
            graph.add(batch)
            graphs[name] = graph
        return structs.replace(self, graphs=graphs or {DEFAULT_GRAPH: JobStore()})


def _check_number(name: str, jobs: int, edition: Edition) -> None:
    try:
        check_number(name, jobs, edition)
    except Conflict as error:
        raise InvalidInput.at(validation.join("$.graphs", name), str(error)) from None


def check_editions(state: State) -> None:
    """Raise InvalidInput if a job has a status that its graph's edition does not have.

    It is also raised for a ``fail_reason``, of a job or a plan rule, that no answer would show.
    """
    settings = state.settings or Settings()
    editions = {name: graph.edition or settings.edition for name, graph in state.graphs.items()}
    unseen: list[str] = []
    for name, graph in state.graphs.items():
        path, edition = validation.join("$.graphs", name) + ".jobs", editions[name]
        _check_statuses(graph.jobs, edition, path)
        unseen += [
            validation.join(path, index)
            for index, job in enumerate(graph.jobs)
            if job_kinds.reason_of(job) is not None and not job_kinds.shows_reason(job, edition)
        ]
    for index, rule in enumerate(state.plans):
        meant = {settings.edition, *editions.values()}
        if rule.graph is not None:
            meant = {editions.get(rule.graph, settings.edition)}
        if not rule.may_show_reason(meant):
            unseen.append(f"$.plans[{index}]")
    if unseen:
        paths = (f"{each}.plan.fail_reason" for each in unseen)
        raise InvalidInput(InputError(path, job_kinds.UNSEEN_REASON) for path in paths)


def generate_batch(
    order: Generator,
    seed: int,
    project_id: str,
    graph_name: str,
    graph: JobStore,
    settings: Settings,
    row: int = 0,
    progress: ShowProgress = no_progress,
    *,
    after_ended: bool,
) -> tuple[JobStore, int]:
    """The jobs that *order* asks for from *row* on, for *graph* to add, and the next row.

    *after_ended*: whether the oldest job of *graph*, which they come after, has ended.
    Raises InvalidInput if the edition of *graph* does not have one of their statuses, or if *order*
    has a ``fail_reason`` that no answer would show.
    """
    edition, now = edition_of(graph, settings), graph.now
    new = generators.jobs(
        project_id, graph_name, order, seed, graph, row, edition, settings, after_ended=after_ended
    )
    rows = [*progress(new, order.count)]
    jobs = [job for _, job in rows]
    if "partiallyFailed" in (order.statuses or ()):
        _check_statuses(jobs, edition, "statuses")
    if order.plan is not None:
        planned = [job for job in jobs if job.status not in FINAL]
        unseen = not any(job_kinds.shows_reason(job, edition) for job in planned)
        if planned and unseen and plan_of(order.plan).fail_reason is not None:
            raise InvalidInput.at("plan.fail_reason", job_kinds.UNSEEN_REASON)
        jobs = [
            job if job.status in FINAL else structs.replace(job, plan=order.plan) for job in jobs
        ]
    batch = graph.prepare(*with_timelines(jobs, settings, edition, now), now)
    return batch, rows[-1][0] if rows else row


def with_timelines(
    jobs: Sequence[Job], settings: Settings, edition: Edition, now: int
) -> tuple[Sequence[Job], Mapping[str, Timeline]]:
    """*jobs* without their plans, and the timelines of those that had one, by id."""
    if all(job.plan is UNSET for job in jobs):
        return jobs, {}
    timelines: dict[str, Timeline] = {}
    shared: dict[tuple[str | int, str, str], Timeline] = {}  # by all that a timeline depends on
    without_plans: list[Job] = []
    for job in jobs:
        if job.plan is UNSET:
            without_plans.append(job)
            continue
        plan = job.plan if isinstance(job.plan, str) else id(job.plan)
        key = plan, job.status, settings.finished(job.request.command, edition)
        if key not in shared:
            shared[key] = timeline_of(job, settings, edition, now)
        timelines[job.job_id] = shared[key]
        without_plans.append(Job(job.job_id, shared[key].at(now).status, job.request))
    return without_plans, timelines


def _check_statuses(jobs: Sequence[Job], edition: Edition, path: str) -> None:
    statuses = EDITION_STATUSES[edition]
    errors = [
        InputError(
            f"{validation.join(path, index)}.status",
            f"{validation.none_of(job.status, statuses)} (the {edition} edition)",
        )
        for index, job in enumerate(jobs)
        if job.status not in statuses
    ]
    if errors:
        raise InvalidInput(errors)
