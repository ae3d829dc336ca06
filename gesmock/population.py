"""Population: how the graphs of a state come to be, with all that is generated."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import UNSET, structs

from gesmock import generators, validation
from gesmock.errors import Flaw, InvalidInput
from gesmock.fixtures import State
from gesmock.generators import Generator
from gesmock.graph import Graph
from gesmock.jobs import Job
from gesmock.lives import Life, life_of
from gesmock.names import DEFAULT_GRAPH
from gesmock.settings import Settings
from gesmock.statuses import EDITION_STATUSES, FINAL, Edition

Rows = Iterable[tuple[int, Job]]
Progress = Callable[[Rows, int], Rows]
"""Wraps rows that are being generated, so many of them, to tell how far it is."""

MOST_JOBS = 100_000
"""How many jobs a graph of the database edition keeps (ges_03_0471); the oldest go first."""


def untold(rows: Rows, _count: int) -> Rows:
    return rows


def graphs_of(project_id: str, state: State, progress: Progress = untold) -> dict[str, Graph]:
    """The graphs of *state* as they begin: the long part of a start.

    Raises InvalidInput where a job has a status that its graph's edition does not have.
    """
    check_editions(state)
    settings = state.settings or Settings()
    graphs: dict[str, Graph] = {}
    for name, given in state.graphs.items():
        edition = given.edition or settings.edition
        planned = [job for job in given.jobs if job.plan is not UNSET]
        jobs = [structs.replace(job, plan=UNSET) for job in given.jobs] if planned else given.jobs
        graphs[name] = Graph(jobs, given.edition)
        for job in reversed(planned):  # in the order of their submission
            graphs[name].enliven(job.job_id, life_of(job, settings, edition, 0))
    for order in state.generators:
        name = order.graph or next(iter(graphs), DEFAULT_GRAPH)
        known = graphs.get(name, Graph())
        graph = Graph(edition=known.edition) if order.replace else known
        seed = (state.seed or 0) if order.seed is None else order.seed
        rows = generators.unknown_jobs(project_id, name, order, seed, graph)
        made = generated(
            [job for _, job in progress(rows, order.count)],
            order,
            edition_of(known, settings),
            settings,
            0,
        )
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
class Generated:
    """Generated jobs, and the lives of those that have not ended, by their ids."""

    jobs: Sequence[Job]
    lives: Mapping[str, Life]


def generated(
    jobs: Sequence[Job], order: Generator, edition: Edition, settings: Settings, now: int
) -> Generated:
    """*jobs*, which *order* has made, for a graph of this *edition*; they begin to live *now*.

    Raises InvalidInput where the edition lacks one of their statuses.
    """
    if "partiallyFailed" in (order.statuses or ()):
        _check_statuses(jobs, edition, "statuses")
    if order.plan is None:
        return Generated(jobs, {})
    lives: dict[str, Life] = {}
    shared: dict[tuple[str, str], Life] = {}  # all that a plan depends on
    begun: list[Job] = []
    for job in jobs:
        if job.status in FINAL:
            begun.append(job)
            continue
        key = job.status, settings.finished(job.request.command, edition)
        if key not in shared:
            planned = structs.replace(job, plan=order.plan)
            shared[key] = life_of(planned, settings, edition, now)
        lives[job.job_id] = shared[key]
        status = shared[key].at(now).status
        begun.append(job if status == job.status else structs.replace(job, status=status))
    return Generated(begun, lives)


def _check_statuses(jobs: Sequence[Job], edition: Edition, path: str) -> None:
    known = EDITION_STATUSES[edition]
    wrong = [
        Flaw(
            f"{validation.join(path, index)}.status",
            f"{job.status!r} is none of {', '.join(known)} (the {edition} edition)",
        )
        for index, job in enumerate(jobs)
        if job.status not in known
    ]
    if wrong:
        raise InvalidInput(wrong)
