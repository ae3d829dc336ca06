"""World: everything of one project that can change, and its lock."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from threading import RLock
from typing import Any

import msgspec
from msgspec import Struct

from gesmock import generators
from gesmock.clock import Clock
from gesmock.errors import Conflict, Unknown, UnknownGraph
from gesmock.faults import FaultPlan
from gesmock.fixtures import GraphState, State
from gesmock.generators import Generator
from gesmock.graphs import Graph
from gesmock.jobs import Job, JobStatus
from gesmock.journal import Journal
from gesmock.settings import Settings

DEFAULT_GRAPH = "movie"
"""The graph of a world that names none."""

Progress = Callable[[Iterable[Job], int], Iterable[Job]]
"""Wraps the jobs that are being generated, of which there will be so many."""


class Cleared(Struct, frozen=True):
    """What a reset has cleared, and the *epoch* that it began."""

    epoch: int
    jobs: int
    faults: int
    entries: int


class World:
    """The graphs, jobs, faults, journal, settings and tokens of one project.

    Its methods may be called from any thread. Whoever needs several of them to be one step holds
    *lock*, and never while sleeping, writing to a socket, or doing work that grows with the jobs.
    """

    def __init__(
        self,
        project_id: str,
        state: State | None = None,
        clock: Clock | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.lock = RLock()
        self.project_id = project_id
        self.clock = clock or Clock()
        self.epoch = 0
        self.graphs: dict[str, Graph] = {}
        self.faults = FaultPlan(0)
        self.journal = Journal()
        self.restart(state or State(), progress)

    # --- Beginning, ending and beginning again ---

    def restart(self, state: State, progress: Progress | None = None) -> Cleared:
        """Make *state* the start state, and reset to it."""
        graphs = self._graphs_of(state, progress)
        with self.lock:
            self.start_state, self._start_graphs = state, graphs
            return self.reset()

    def reset(self) -> Cleared:
        """Back to the start state, in one step; the journal and all counts begin anew."""
        with self.lock:
            jobs = sum(map(len, self.graphs.values()))
            entries, faults = len(self.journal), len(self.faults)
            self.epoch += 1
            self.journal = Journal()
            self._take(
                self.start_state, {name: graph.copy() for name, graph in self._start_graphs.items()}
            )
            return Cleared(self.epoch, jobs, faults, entries)

    def load(self, state: State) -> None:
        """Put *state* in the place of all that is here; the journal and the start state stay."""
        epoch = self.epoch
        graphs = self._graphs_of(state)
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
            seed=seed,
            graphs={name: GraphState(list(graph)) for name, graph in lists.items()},
            settings=settings,
            tokens=list(tokens),
            faults=[injection for injection in left if injection is not None],
        )

    def _take(self, state: State, graphs: dict[str, Graph]) -> None:
        self.seed = state.seed or 0
        self.graphs = graphs
        self._new_ids = 0
        self.settings = state.settings
        self.tokens = state.tokens_of(self.project_id)
        self.started_at = self.clock.now()
        self.faults = FaultPlan(self.seed)
        for injection in state.faults:
            self.faults.arm(injection)

    def _graphs_of(self, state: State, progress: Progress | None = None) -> dict[str, Graph]:
        graphs = {name: Graph(graph.jobs) for name, graph in state.graphs.items()}
        for order in state.generators:
            name = order.graph or next(iter(graphs), DEFAULT_GRAPH)
            graphs[name] = self._grown(
                graphs.get(name, Graph()), name, order, state.seed or 0, progress
            )
        return graphs or {DEFAULT_GRAPH: Graph()}

    # --- Graphs and jobs ---

    @property
    def default_graph(self) -> str:
        """The graph that is meant where none is named: the first."""
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
        """The jobs and their graphs, newest first; only those of *graph*, or in *status*."""
        with self.lock:
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
        """An id that no job has had before since the last reset."""
        with self.lock:
            self._new_ids += 1
            return generators.job_id(self.seed, self._new_ids)

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

    def generate(self, order: Generator, progress: Progress | None = None) -> tuple[str, int]:
        """Add the jobs that *order* asks for; the graph they went to, and how many it has now."""
        epoch = self.epoch
        while True:
            with self.lock:
                name = order.graph or self.default_graph
                before = self.graphs.get(name, Graph())
                seen = before.copy()
                seed = self.seed
            grown = self._grown(seen, name, order, seed, progress)
            with self.lock:
                self._still_in(epoch)
                if self.graphs.get(name, before) is before and before.unchanged_since(seen):
                    self.graphs[name] = grown
                    return name, len(grown)

    def _grown(
        self, graph: Graph, name: str, order: Generator, seed: int, progress: Progress | None
    ) -> Graph:
        if order.replace:
            graph = Graph()
        rows = generators.jobs(
            self.project_id, name, seed if order.seed is None else order.seed, order.statuses
        )
        new: Iterable[Job] = islice((job for job in rows if job.job_id not in graph), order.count)
        return graph.with_older(progress(new, order.count) if progress else new)

    # --- Settings ---

    def configure(self, changes: Mapping[str, Any]) -> Settings:
        """Change settings by name; InvalidInput, and nothing changed, where any is wrong."""
        with self.lock:
            self.settings = self.settings.changed(changes)
            return self.settings

    # --- The verdict ---

    def problems(self) -> list[str]:
        """What a test should hear of at its end, a sentence each.

        Crashes of gesmock, requests below the service's paths that no operation serves, and
        injections that never fired.
        """
        with self.lock:
            entries, unfired = self.journal.entries(), self.faults.unfired()
            return [
                *(f"gesmock crashed: {one}\n{one.crash}" for one in entries if one.crash),
                *(f"no operation serves this: {one}" for one in entries if one.unmatched),
                *(f"armed, but never fired: {armed}" for armed in unfired),
            ]
