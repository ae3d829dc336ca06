"""Graphs: the graphs of one project, and what becomes of their jobs as the time goes by."""

from collections.abc import Iterator
from dataclasses import replace
from threading import RLock
from typing import Final

from gesmock.fake.waiting import Changes
from gesmock.model import generators
from gesmock.model import types as statuses
from gesmock.model.clock import VirtualTime
from gesmock.model.errors import Conflict, NotFound
from gesmock.model.graph import Graph
from gesmock.model.jobs import Job, JobRequest, Move
from gesmock.model.names import DEFAULT_GRAPH
from gesmock.model.plans import Plan
from gesmock.model.settings import Settings
from gesmock.model.timeline import NEVER, DeleteGraph, Effect, EraseJob, Life, Transition, life_of
from gesmock.model.types import Edition, JobStatus

MOST_JOBS: Final = 100_000
"""How many jobs a graph of the database edition keeps (ges_03_0471); the oldest go first."""


def edition_of(graph: Graph, settings: Settings) -> Edition:
    """The edition of *graph*: its own, else that of *settings*."""
    return graph.edition or settings.edition


class Graphs:
    """The graphs of one project, by name.

    *lock* is the project's; its methods may be called from any thread. What is read here is as it
    is at this *time*. *settings* is how the documentation is read.
    """

    def __init__(
        self,
        project_id: str,
        time: VirtualTime,
        lock: RLock,
    ) -> None:
        self.project_id = project_id
        self.time = time
        self.settings = Settings()
        self.seed = 0
        self._graphs: dict[str, Graph] = {}
        self._lock = lock
        self.changes = Changes(lock)
        self._new_ids = 0

    def reset(self, graphs: dict[str, Graph], settings: Settings, seed: int) -> None:
        """Put *graphs* in the place of all there are; nobody waits for those any longer."""
        with self._lock:
            self._graphs, self.settings, self.seed, self._new_ids = graphs, settings, seed, 0
            self.changes.interrupt("the project was reset meanwhile")

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._graphs))

    @property
    def default(self) -> str:
        """The graph that is meant where none is named: the first."""
        with self._lock:
            return next(iter(self._graphs), DEFAULT_GRAPH)

    def get(self, name: str) -> Graph | None:
        """The graph *name* as it is now; None where there is none."""
        with self._lock:
            graph = self._graphs.get(name)
            if graph is None:
                return None
            graph.now = age = self.time.age()
            if graph.next_change() > age:
                return graph
            list(self._settle(name))
            return self._graphs.get(name)

    def takes_long(self, name: str) -> bool:
        """Whether a request to the graph *name* has so much to bring about that it takes long.

        Whoever asks holds the lock.
        """
        if self.time.ticks:  # with each request, which then settles all the graphs
            return any(graph.much_is_due(self.time) for graph in self._graphs.values())
        graph = self._graphs.get(name)
        return graph is not None and graph.much_is_due(self.time)

    def get_or_new(self, name: str) -> Graph:
        """The graph *name* as it is now; a new one, not yet here, where there is none."""
        known = self.get(name)
        if known is None:
            known = Graph()
            known.now = self.time.age()
        return known

    def put(self, name: str, graph: Graph) -> None:
        """Put *graph* in the place of the one that is called so, if any."""
        with self._lock:
            self._keep(graph)
            self._graphs[name] = graph
            self.changes.notify()

    def make(self, name: str, edition: Edition | None = None) -> None:
        """See that there is a graph *name*, and that it is of this *edition*, if one is given.

        Raises Conflict where it has a job with a status that the edition does not have.
        """
        with self._lock:
            graph = self.get_or_new(name)
            if edition is not None:
                self._check_edition(graph, edition)
            graph.edition = edition or graph.edition
            self.put(name, graph)

    def configure(self, settings: Settings) -> None:
        """Read the documentation by other *settings*; Conflict as in ``make``."""
        with self._lock:
            for graph in map(self.get_or_new, self):
                self._check_edition(graph, edition_of(graph, settings))
            self.settings = settings

    def _check_edition(self, graph: Graph, edition: Edition) -> None:
        """Refuse an edition in which a job of *graph* would have a status that it lacks."""
        if edition == "database" and self.edition_of(graph) == "memory":
            job_id = graph.goes_through("partiallyFailed")
            if job_id is not None:
                statuses.check_edition(job_id, "partiallyFailed", edition)

    def edition_of(self, graph: Graph) -> Edition:
        """The edition of *graph*: its own, else that of the settings."""
        return edition_of(graph, self.settings)

    def copies(self) -> dict[str, Graph]:
        """Every graph as it is now, as a copy that nobody changes."""
        with self._lock:
            self.settle()
            return {name: graph.copy() for name, graph in self._graphs.items()}

    # --- The time ---

    def settle(self) -> list[Transition]:
        """Let all come to be that is due by now; the transitions, in the order of their time."""
        with self._lock:
            found = [one for name in list(self._graphs) for one in self._settle(name)]
            return sorted(found, key=lambda one: one.at)

    def next_change(self) -> int | None:
        """When the next job of any graph changes; None where none will."""
        soonest = min((graph.next_change() for graph in self._graphs.values()), default=NEVER)
        return None if soonest == NEVER else soonest

    def await_change(self, graph: str, timeout_s: float) -> None:
        """Wait, at most *timeout_s* real seconds, until a job of *graph* may have changed.

        Whoever waits holds the lock; it is free meanwhile. Raises Conflict where there is nothing
        to wait for any more.
        """
        due = self._graphs[graph].next_change() - self.time.age()
        real_s = self.time.real_seconds(due)
        self.changes.wait(timeout_s if real_s is None else max(min(timeout_s, real_s), 0))

    def _settle(self, name: str) -> Iterator[Transition]:
        graph = self._graphs[name]
        for changes in graph.settle(self.time.age(), self._most(graph)):
            for one in changes:
                at = self.time.at(one.time)
                yield Transition(name, one.job_id, one.was, one.status, at)
                if one.life.effect is not None:
                    self._carry_out(name, one.life, one.status)
            self.changes.notify()
            if self._graphs.get(name) is not graph:  # it is deleted
                return

    def _most(self, graph: Graph) -> int | None:
        """How many jobs *graph* keeps; None for all."""
        return MOST_JOBS if self.edition_of(graph) == "database" else None

    def _keep(self, graph: Graph) -> None:
        most = self._most(graph)
        if most is not None:
            graph.keep(most)

    def _carry_out(self, name: str, life: Life | None, status: JobStatus) -> None:
        """What a job does to its graph *name* at its good end."""
        if status not in ("success", "complete"):
            return
        graph = self._graphs[name]
        match None if life is None else life.effect:
            case DeleteGraph():
                del self._graphs[name]
            case EraseJob(job_id) if job_id in graph:
                graph.remove(job_id)
        self.changes.notify()

    # --- The jobs ---

    def jobs(
        self, graph: str | None = None, status: JobStatus | None = None
    ) -> list[tuple[str, Job]]:
        """The jobs and their graphs, newest first; only those of *graph*, or in *status*.

        Those that the list does not show yet are among them. Raises NotFound where there is no such
        graph.
        """
        with self._lock:
            copies = self.copies()
        if graph is not None and graph not in copies:
            raise NotFound(f"no graph {graph!r} in project {self.project_id}")
        return [
            (name, job)
            for name, one in copies.items()
            if graph in (None, name)
            for job in one.all_jobs()
            if status in (None, job.status)
        ]

    def find(self, job_id: str, graph: str | None = None) -> tuple[str, Job]:
        """The job *job_id*, and its graph.

        Raises NotFound where there is no such job, Conflict where several graphs have one and
        *graph* does not say which is meant.
        """
        with self._lock:
            self.settle()
            names = [name for name, jobs in self._graphs.items() if job_id in jobs]
            if graph is not None:
                names = [name for name in names if name == graph]
            if not names:
                where = f"graph {graph!r}" if graph else "any graph"
                raise NotFound(
                    f"no job has the id {job_id!r} in {where} of project {self.project_id}"
                )
            if len(names) > 1:
                listed = ", ".join(names)
                raise Conflict(f"several graphs have a job {job_id!r}; say which: {listed}")
            return names[0], self._graphs[names[0]].job(job_id)

    def add(self, job: Job, graph: str | None = None) -> tuple[str, Job]:
        """Add *job* as the newest of *graph*, which is made where it is missing.

        It goes on along its plan from the status it has, or stays as it is where it has none.
        Returns the graph's name, and the job as it is now. Raises Conflict where its id is taken,
        or where its status is none of the graph's edition.
        """
        with self._lock:
            name = graph or self.default
            target = self.get_or_new(name)
            edition = self.edition_of(target)
            statuses.check_edition(job.job_id, job.status, edition)
            life = life_of(job, self.settings, edition, target.now)
            added = Job(job.job_id, life.at(target.now).status, job.request)
            target.submit(added, life)
            self.put(name, target)
            return name, added

    def submit(
        self, job_id: str, request: JobRequest, graph: str, plan: Plan, effect: Effect | None
    ) -> Job:
        """Add a job that a client has submitted to *graph*, to live by *plan*."""
        with self._lock:
            target = self._graphs[graph]
            now, edition = target.now, self.edition_of(target)
            life = Life.of(plan, self.settings.finished(request.command, edition), edition, now)
            life = replace(life, effect=effect)
            job = Job(job_id, life.at(now).status, request)
            target.submit(job, life)
            self.put(graph, target)
            self._carry_out(graph, life, job.status)
            return job

    def new_job_id(self, graph: str | None = None) -> str:
        """An id that no job has, in the form of the graph's edition."""
        with self._lock:
            edition = self.edition_of(self.get_or_new(graph or self.default))
            while True:
                self._new_ids += 1
                job_id = generators.job_id(self.seed, self._new_ids, edition)
                if not any(job_id in one for one in self._graphs.values()):
                    return job_id

    def move(self, job_id: str, move: Move, graph: str | None = None) -> tuple[str, Job]:
        """Move the job *job_id* by hand; it then goes on along its plan from there.

        Raises what ``find`` does, and Conflict where the move is not legal.
        """
        with self._lock:
            name, job = self.find(job_id, graph)
            target = self._graphs[name]
            statuses.check_move(job_id, job.status, move.status, self.edition_of(target))
            life = target.move(job_id, move)
            moved = target.job(job_id)
            self._carry_out(name, life, moved.status)
            self.changes.notify()
            return name, moved

    def cancel(self, job_id: str, graph: str, delay: int, reason: str) -> None:
        """Let the job *job_id* fail after *delay* nanoseconds, with *reason*."""
        with self._lock:
            self._graphs[graph].cancel(job_id, delay, reason)
            self.changes.notify()

    def remove(self, job_id: str, graph: str | None = None) -> tuple[str, Job]:
        """Take the job *job_id* out; the same refusals as ``find``."""
        with self._lock:
            name, _ = self.find(job_id, graph)
            self.changes.notify()
            return name, self._graphs[name].remove(job_id)
