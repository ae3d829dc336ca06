"""Population: how the graphs of a state come to be, with all that is generated."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import UNSET, structs

from gesmock.fake.fixtures import GraphState, State
from gesmock.model import generators, validation
from gesmock.model.errors import InputError, InvalidInput
from gesmock.model.generators import Generator
from gesmock.model.graph import Graph
from gesmock.model.jobs import Job
from gesmock.model.names import DEFAULT_GRAPH
from gesmock.model.settings import Settings
from gesmock.model.timeline import Life, life_of
from gesmock.model.types import EDITION_STATUSES, FINAL, Edition

Rows = Iterable[tuple[int, Job]]
Progress = Callable[[Rows, int], Rows]
"""Wraps rows that are being generated, so many of them, to tell how far it is."""

MOST_JOBS = 100_000
"""How many jobs a graph of the database edition keeps (ges_03_0471); the oldest go first."""


def untold(rows: Rows, _count: int) -> Rows:
    return rows


@dataclass(frozen=True, slots=True)
class Start:
    """What a project begins with: a *state* without its jobs, which are *given* as graphs."""

    state: State
    given: Mapping[str, Graph]

    @classmethod
    def of(cls, state: State) -> "Start":
        """The start that *state* describes.

        Raises InvalidInput where a job has a status that its graph's edition does not have.
        """
        check_editions(state)
        settings = state.settings or Settings()
        given = {}
        for name, graph in state.graphs.items():
            made = begun(graph.jobs, settings, graph.edition or settings.edition, 0)
            given[name] = Graph(edition=graph.edition)
            given[name].add_older(made.jobs, made.lives)
        empty = {name: GraphState(edition=graph.edition) for name, graph in state.graphs.items()}
        return cls(structs.replace(state, graphs=empty), given)

    def graphs(self, project_id: str, progress: Progress = untold) -> dict[str, Graph]:
        """The graphs of a project that begins with it: the long part, where jobs are generated."""
        state, settings = self.state, self.state.settings or Settings()
        graphs = {name: graph.copy() for name, graph in self.given.items()}
        for order in state.generators:
            name = order.graph or next(iter(graphs), DEFAULT_GRAPH)
            known = graphs.get(name, Graph())
            graph = Graph(edition=known.edition) if order.replace else known
            seed = (state.seed or 0) if order.seed is None else order.seed
            rows = generators.unknown_jobs(project_id, name, order, seed, graph)
            edition = edition_of(known, settings)
            jobs = [job for _, job in progress(rows, order.count)]
            made = generated(jobs, order, edition, settings, 0)
            graph.add_older(made.jobs, made.lives)
            graphs[name] = graph
        for graph in graphs.values():
            if edition_of(graph, settings) == "database":
                graph.keep(MOST_JOBS)
        return graphs or {DEFAULT_GRAPH: Graph()}


def check_editions(state: State) -> None:
    """Raise InvalidInput where a job has a status that its graph's edition does not have."""
    settings = state.settings or Settings()
    for name, graph in state.graphs.items():
        path = validation.join("$.graphs", name) + ".jobs"
        _check_statuses(graph.jobs, graph.edition or settings.edition, path)


def edition_of(graph: Graph, settings: Settings) -> Edition:
    """The edition of *graph*: its own, else that of the *settings*."""
    return graph.edition or settings.edition


@dataclass(frozen=True, slots=True)
class Begun:
    """Jobs as they begin, and the lives of those that have one, by their ids."""

    jobs: Sequence[Job]
    lives: Mapping[str, Life]


def generated(
    jobs: Sequence[Job], order: Generator, edition: Edition, settings: Settings, now: int
) -> Begun:
    """*jobs*, which *order* has made, for a graph of this *edition*; they begin to live *now*.

    Raises InvalidInput where the edition lacks one of their statuses.
    """
    if "partiallyFailed" in (order.statuses or ()):
        _check_statuses(jobs, edition, "statuses")
    if order.plan is None:
        return Begun(jobs, {})
    planned = [
        job if job.status in FINAL else structs.replace(job, plan=order.plan) for job in jobs
    ]
    return begun(planned, settings, edition, now)


def begun(jobs: Sequence[Job], settings: Settings, edition: Edition, now: int) -> Begun:
    """*jobs*, those with a plan at the beginning of their lives, in a graph of this *edition*."""
    if all(job.plan is UNSET for job in jobs):
        return Begun(jobs, {})
    lives: dict[str, Life] = {}
    shared: dict[tuple[str | int, str, str], Life] = {}  # all that a life depends on
    started: list[Job] = []
    for job in jobs:
        if job.plan is UNSET:
            started.append(job)
            continue
        plan = job.plan if isinstance(job.plan, str) else id(job.plan)
        key = plan, job.status, settings.finished(job.request.command, edition)
        if key not in shared:
            shared[key] = life_of(job, settings, edition, now)
        lives[job.job_id] = shared[key]
        started.append(Job(job.job_id, shared[key].at(now).status, job.request))
    return Begun(started, lives)


def _check_statuses(jobs: Sequence[Job], edition: Edition, path: str) -> None:
    known = EDITION_STATUSES[edition]
    wrong = [
        InputError(
            f"{validation.join(path, index)}.status",
            f"{job.status!r} is none of {', '.join(known)} (the {edition} edition)",
        )
        for index, job in enumerate(jobs)
        if job.status not in known
    ]
    if wrong:
        raise InvalidInput(wrong)
