"""World: everything of one project that can change, and its lock."""

from collections.abc import Callable, Iterable, Mapping
from threading import RLock
from typing import Any

import msgspec
from msgspec import Struct

from gesmock import fixtures, generators
from gesmock.clock import Clock
from gesmock.epochs import Epochs
from gesmock.errors import Conflict, Unknown, UnknownGraph
from gesmock.faults import FaultPlan
from gesmock.fixtures import GraphState, State
from gesmock.generators import Generator
from gesmock.graphs import Graph
from gesmock.jobs import Job, JobStatus
from gesmock.journal import Entry, Journal
from gesmock.names import DEFAULT_GRAPH
from gesmock.problems import Problems
from gesmock.settings import Settings

Rows = Iterable[tuple[int, Job]]
Progress = Callable[[Rows, int], Rows]
"""Wraps rows that are being generated, so many of them, to tell how far it is."""


def untold(rows: Rows, _count: int) -> Rows:
    return rows


def graphs_of(project_id: str, state: State, progress: Progress = untold) -> dict[str, Graph]:
    """The graphs of *state*, with all that is generated: the long part of a start."""
    graphs = {name: Graph(graph.jobs) for name, graph in state.graphs.items()}
    for order in state.generators:
        name = order.graph or next(iter(graphs), DEFAULT_GRAPH)
        graph = Graph() if order.replace else graphs.get(name, Graph())
        seed = (state.seed or 0) if order.seed is None else order.seed
        rows = generators.unknown_jobs(project_id, name, order, seed, graph)
        graph.add_older([job for _, job in progress(rows, order.count)])
        graphs[name] = graph
    return graphs or {DEFAULT_GRAPH: Graph()}


class Cleared(Struct, frozen=True):
    """What a reset has cleared, and the *epoch* that it began."""

    epoch: int
    jobs: int
    faults: int
    entries: int


class World:
    """The graphs, jobs, faults, journal, settings and tokens of one project.

    The fault plan and the journal share its lock, and are new after each reset. Its methods may be
    called from any thread. Whoever needs several of them to be one step holds *lock*, and never
    while sleeping, writing to a socket, or doing work that grows with the jobs.
    """

    def __init__(
        self,
        project_id: str,
        state: State | None = None,
        *,
        clock: Clock | None = None,
        epochs: Epochs | None = None,
        epoch: int | None = None,
        progress: Progress = untold,
    ) -> None:
        self.lock = RLock()
        self.project_id = project_id
        self.clock = clock or Clock()
        self._epochs = epochs or Epochs()
        self.epoch = self._epochs.current if epoch is None else epoch
        self.journal = Journal(self.lock)
        self.start_state = state or State()
        self._start_graphs = graphs_of(project_id, self.start_state, progress)
        self._begin()

    def restart(self, state: State, graphs: dict[str, Graph]) -> Cleared:
        """Make *state*, whose ``graphs_of`` are *graphs*, the start state, and reset to it."""
        with self.lock:
            self.start_state, self._start_graphs = state, graphs
            return self.reset()

    def reset(self) -> Cleared:
        """Back to the start state, in one step; the journal and all counts begin anew."""
        with self.lock:
            jobs = sum(map(len, self.graphs.values()))
            faults, entries = len(self.faults), len(self.journal)
            self.epoch = self._epochs.begin()
            self._begin()
            return Cleared(self.epoch, jobs, faults, entries)

    def _begin(self) -> None:
        self.journal.close()
        self.journal = Journal(self.lock)
        self._problems = Problems()
        graphs = {name: graph.copy() for name, graph in self._start_graphs.items()}
        self._take(self.start_state, graphs)

    def parse(self, text: bytes) -> State:
        """The state in the JSON *text*; a list answer is of this project and its default graph."""
        return fixtures.parse(text, self.project_id, spare_graph_name=self.default_graph)

    def load(self, state: State) -> None:
        """Put *state* in the place of all that is here; the journal and the start state stay.

        The project that it names tells where it comes from; it is loaded into this one all the
        same. Raises Conflict where a reset comes between.
        """
        epoch = self.epoch
        graphs = graphs_of(self.project_id, state)
        with self.lock:
            self._still_in(epoch)
            self._take(state, graphs)

    def _still_in(self, epoch: int) -> None:
        """Keep what was begun before a reset from leaving a trace after it."""
        if self.epoch != epoch:
            raise Conflict("the world was reset meanwhile; nothing was changed")

    def state(self) -> State:
        """All that is here, as a state that can be loaded again.

        An injection is exported with what is left of it; a spent one is not.
        """
        with self.lock:
            lists = {name: graph.copy() for name, graph in self.graphs.items()}
            left = [armed.rest() for armed in self.faults.armed()]
            seed, settings, tokens = self.seed, self.settings, self.tokens
        return State(
            project_id=self.project_id,
            seed=seed or None,
            graphs={name: GraphState(list(graph)) for name, graph in lists.items()},
            settings=None if settings == Settings() else settings,
            tokens=list(tokens),
            faults=[injection for injection in left if injection is not None],
        )

    def _take(self, state: State, graphs: dict[str, Graph]) -> None:
        self.seed = state.seed or 0
        self.graphs = graphs
        self._new_ids = 0
        self._next_rows: dict[tuple[str, int], int] = {}  # where to begin to look
        self.settings = state.settings or Settings()
        self.tokens = state.tokens_of(self.project_id)
        self.started_at = self.clock.now()
        self.faults = FaultPlan(self.seed, self.lock)
        for injection in state.faults:
            self.faults.arm(injection)

    # --- Graphs and jobs ---

    @property
    def default_graph(self) -> str:
        """The graph that is meant where none is named: the first."""
        with self.lock:
            return next(iter(self.graphs), DEFAULT_GRAPH)

    def graph(self, name: str) -> Graph:
        """The graph *name*; the service's own refusal where there is none."""
        try:
            return self.graphs[name]
        except KeyError:
            raise UnknownGraph(project_id=self.project_id, graph_name=name) from None

    def jobs(
        self, graph: str | None = None, status: JobStatus | None = None
    ) -> list[tuple[str, Job]]:
        """The jobs and their graphs, newest first; only those of *graph*, or in *status*.

        Raises Unknown where there is no such graph.
        """
        with self.lock:
            if graph is not None and graph not in self.graphs:
                raise Unknown(f"no graph {graph!r} in project {self.project_id}")
            graphs = {
                name: jobs.copy() for name, jobs in self.graphs.items() if graph in (None, name)
            }
        return [
            (name, job)
            for name, jobs in graphs.items()
            for job in jobs
            if status in (None, job.status)
        ]

    def add_job(self, job: Job, graph: str | None = None) -> str:
        """Add *job* as the newest of *graph*, which is made where it is missing.

        Returns the graph's name. Raises Conflict where its id is taken.
        """
        with self.lock:
            name = graph or self.default_graph
            target = self.graphs.get(name, Graph())
            target.submit(job)
            self.graphs[name] = target
            return name

    def new_job_id(self) -> str:
        """An id that no job has."""
        with self.lock:
            while True:
                self._new_ids += 1
                job_id = generators.job_id(self.seed, self._new_ids)
                if not any(job_id in graph for graph in self.graphs.values()):
                    return job_id

    def move_job(self, job_id: str, status: JobStatus, graph: str | None = None) -> tuple[str, Job]:
        """Give the job *job_id* another *status*.

        Raises Unknown where there is no such job, Conflict where several graphs have one and
        *graph* does not say which is meant.
        """
        with self.lock:
            name = self._graph_with(job_id, graph)
            moved = msgspec.structs.replace(self.graphs[name].job(job_id), status=status)
            self.graphs[name].replace(moved)
            return name, moved

    def remove_job(self, job_id: str, graph: str | None = None) -> tuple[str, Job]:
        """Take the job *job_id* out of the list; the same refusals as ``move_job``."""
        with self.lock:
            name = self._graph_with(job_id, graph)
            return name, self.graphs[name].remove(job_id)

    def _graph_with(self, job_id: str, graph: str | None) -> str:
        names = [name for name, jobs in self.graphs.items() if job_id in jobs]
        if graph is not None:
            names = [name for name in names if name == graph]
        if not names:
            where = f"graph {graph!r}" if graph else "any graph"
            raise Unknown(f"no job has the id {job_id!r} in {where} of project {self.project_id}")
        if len(names) > 1:
            raise Conflict(f"several graphs have a job {job_id!r}; say which: {', '.join(names)}")
        return names[0]

    def generate(self, order: Generator, progress: Progress = untold) -> tuple[str, int]:
        """Add the jobs that *order* asks for; the graph they went to, and how many it has now.

        Rows whose ids the graph has are passed over, so that the same seed goes on.
        Raises Conflict, with nothing changed, where the world is reset meanwhile.
        """
        epoch = self.epoch
        while True:
            with self.lock:
                name = order.graph or self.default_graph
                seen = Graph() if order.replace else self.graphs.get(name, Graph()).copy()
                seed = self.seed if order.seed is None else order.seed
                row = 0 if order.replace else self._next_rows.get((name, seed), 0)
            new = list(
                progress(
                    generators.unknown_jobs(self.project_id, name, order, seed, seen, row),
                    order.count,
                )
            )
            with self.lock:
                self._still_in(epoch)
                graph = Graph() if order.replace else self.graphs.get(name, Graph())
                if not any(job.job_id in graph for _, job in new):  # else others came in between
                    graph.add_older([job for _, job in new])
                    self.graphs[name] = graph
                    self._next_rows[name, seed] = new[-1][0] if new else row
                    return name, len(graph)

    def record(self, entry: Entry) -> None:
        """Add *entry* to the journal, and to the problems if it is one."""
        with self.lock:
            self.journal.append(entry)
            self._problems.note(entry)

    # --- Settings ---

    def configure(self, changes: Mapping[str, Any], path: str = "$") -> Settings:
        """Change settings by name; InvalidInput, and nothing changed, where any is wrong."""
        with self.lock:
            self.settings = self.settings.changed(changes, path)
            return self.settings

    # --- The verdict ---

    def problems(self) -> list[str]:
        """What a test should hear of at its end, a sentence each.

        Crashes of gesmock, requests below the service's paths that no operation serves, and
        injections that no request has come for.
        """
        with self.lock:
            untried = self.faults.untried()
            return [
                *self._problems.told(),
                *(f"armed, but no request came for it: {armed}" for armed in untried),
            ]
