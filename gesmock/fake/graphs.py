"""Graphs: the graphs of a project by name, their jobs, and the clock that moves these."""

from collections.abc import Collection, Iterator
from threading import RLock
from typing import Any, Final

from msgspec import Struct

from gesmock.model import generators, job_kinds, types, validation
from gesmock.model.clock import ClockChange, VirtualTime, iso_time, real_time
from gesmock.model.errors import Conflict, NotFound, TimedOut
from gesmock.model.job_store import JobStore
from gesmock.model.jobs import Job, JobRequest, Move
from gesmock.model.queries import Label
from gesmock.model.rules import PlanRule
from gesmock.model.settings import Settings
from gesmock.model.timeline import NEVER, Timeline, Transition, timeline_of
from gesmock.model.types import DEFAULT_GRAPH, Edition, JobStatus
from gesmock.model.waiters import Waiters

MOST_JOBS: Final = 100_000
"""How many jobs a graph of the database edition keeps (ges_03_0471); the oldest go first."""


def edition_of(graph: JobStore | None, settings: Settings) -> Edition:
    """The edition of *graph*: its own, else that of *settings*."""
    return settings.edition if graph is None or graph.edition is None else graph.edition


class GraphChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about a graph; a new one has the *edition* of the settings by default.

    *labels* are its schema, *summary* the numbers of its vertices and edges, as the service gives
    them.
    """

    edition: Edition | None = None
    labels: list[Label] | None = None
    summary: dict[str, Any] | None = None


class Graphs:
    """The graphs of one project: a store of jobs each.

    Methods may be called from any thread; *lock* is the project's. They show every job as it is at
    this *time*. *settings* choose between readings of the documentation.
    """

    def __init__(self, project_id: str, time: VirtualTime, lock: RLock) -> None:
        self.project_id = project_id
        self.time = time
        self.settings = Settings()
        self.seed = 0
        self._lock = lock
        self._changed = Waiters(lock)
        self.interrupts = 0
        self.interrupt_reason = ""
        self._graphs: dict[str, JobStore] = {}
        self._new_ids = 0

    def reset(self, graphs: dict[str, JobStore], settings: Settings, seed: int) -> None:
        """Replace every graph by *graphs*, and interrupt the threads that wait for a job."""
        with self._lock:
            self._graphs, self.settings, self.seed, self._new_ids = graphs, settings, seed, 0
            self.interrupt("the project was reset meanwhile")

    def __iter__(self) -> Iterator[str]:
        return iter([*self._graphs])

    @property
    def default(self) -> str:
        with self._lock:
            return next(iter(self._graphs), DEFAULT_GRAPH)

    def get(self, name: str) -> JobStore | None:
        with self._lock:
            graph = self._graphs.get(name)
            if graph is None:
                return None
            graph.now = age = self.time.age()
            if graph.next_change() <= age:
                self._settle(name, graph)
            return self._graphs.get(name)

    def get_or_new(self, name: str) -> JobStore:
        """The graph *name*, or a new one that ``put`` may add."""
        graph = self.get(name)
        return JobStore(now=self.time.age()) if graph is None else graph

    def put(self, name: str, graph: JobStore) -> None:
        """Make *graph* the graph *name*, unless one of its jobs has deleted it.

        The oldest jobs are removed if it has too many.
        """
        with self._lock:
            if edition_of(graph, self.settings) == "database":
                graph.keep(MOST_JOBS)
            self._graphs[name] = graph
            if graph.deleted:
                del self._graphs[name]
            self.notify()

    def make(self, name: str, change: GraphChange) -> None:
        """Ensure that there is a graph *name*, and *change* it.

        Raises Conflict if it has a job with a status that its new edition lacks.
        """
        with self._lock:
            graph = self.get_or_new(name)
            if change.edition is not None:
                self._check_edition(graph, change.edition)
                graph.edition = change.edition
            if change.labels is not None:
                graph.labels = {label.label: label for label in change.labels}
            if change.summary is not None:
                graph.summary = change.summary
            self.put(name, graph)

    def configure(self, settings: Settings) -> None:
        """Use other *settings*; raises Conflict as ``make`` does."""
        with self._lock:
            for graph in map(self.get_or_new, self):
                self._check_edition(graph, edition_of(graph, settings))
            self.settings = settings

    def _check_edition(self, graph: JobStore, edition: Edition) -> None:
        if edition == "database" and edition_of(graph, self.settings) == "memory":
            job_id = graph.goes_through("partiallyFailed")
            if job_id is not None:
                types.check_edition(job_id, "partiallyFailed", edition)

    def may_show_reason(self, rule: PlanRule) -> bool:
        """Whether a job that *rule* is for can show why it failed, in the graphs as they are."""
        with self._lock:
            graphs = [None, *self._graphs.values()]  # and a new one
            if rule.graph is not None:
                graphs = [self._graphs.get(rule.graph)]
            editions = {edition_of(graph, self.settings) for graph in graphs}
            return rule.may_show_reason(editions)

    def copies(self) -> dict[str, JobStore]:
        with self._lock:
            self.settle()
            return {name: graph.copy() for name, graph in self._graphs.items()}

    # --- The time ---

    def settle(self) -> list[Transition]:
        """Carry out what is due; returns the transitions in order of time."""
        transitions: list[Transition] = []
        with self._lock:
            now = self.time.age()
            for name, graph in [*self._graphs.items()]:
                graph.now = now
                if graph.next_change() <= now:
                    transitions += self._settle(name, graph)
        return sorted(transitions, key=lambda transition: transition.at)

    def _settle(self, name: str, graph: JobStore) -> list[Transition]:
        most = MOST_JOBS if edition_of(graph, self.settings) == "database" else None
        transitions = graph.settle(graph.now, name, self.time.at(0), most)
        if graph.deleted:
            del self._graphs[name]
        self.notify()
        return transitions

    def takes_long(self, name: str) -> bool:
        """Whether so much is due that a request to the graph *name* takes long; hold the lock."""
        graphs = [self._graphs.get(name)]
        if self.time.ticks:  # a tick settles all graphs
            graphs = [*self._graphs.values()]
        now = self.time.age()
        return any(graph.much_is_due(now) for graph in graphs if graph is not None)

    def next_change(self) -> int | None:
        """When the next job of any graph changes; None if no job will change."""
        soonest = min((graph.next_change() for graph in self._graphs.values()), default=NEVER)
        return None if soonest == NEVER else soonest

    def next_change_of(self, graph: str) -> int:
        """When the next job of *graph* changes; the lock is held."""
        return self._graphs[graph].next_change()

    # --- Those who wait for a job ---

    def wait_for_job(
        self,
        job_id: str,
        statuses: Collection[JobStatus],
        timeout_s: float,
        graph: str | None = None,
    ) -> tuple[str, Job]:
        """The graph of a job, and the job, as soon as it has one of *statuses*.

        Raises TimedOut, which names its status, after *timeout_s* real seconds, or as soon as the
        job has ended with another one or is gone; Conflict if the project is reset, or the server
        stopped, meanwhile; NotFound if there is no such job.
        """
        with self._lock:
            wait = JobWait(self, job_id, statuses, timeout_s, graph)
            while not wait.is_over():
                self._changed.wait(wait.pause_s())
            return wait.graph, wait.job

    async def wait_for_job_async(
        self,
        job_id: str,
        statuses: Collection[JobStatus],
        timeout_s: float,
        graph: str | None = None,
    ) -> tuple[str, Job]:
        """The same in a coroutine: the event loop goes on, and the task may be cancelled."""
        with self._lock:
            wait = JobWait(self, job_id, statuses, timeout_s, graph)
        while True:
            with self._lock:
                if wait.is_over():
                    return wait.graph, wait.job
                change, pause_s = self._changed.next_change(), wait.pause_s()
            await self._changed.pause(change, pause_s)

    def notify(self) -> None:
        """Wake everyone who waits for a job; the lock is held."""
        if self._changed.count:
            self._changed.notify_all()

    def interrupt(self, reason: str) -> None:
        """Raise Conflict, with this *reason*, for everyone who waits; the lock is held."""
        self.interrupts += 1
        self.interrupt_reason = reason
        self.notify()

    # --- The jobs ---

    def jobs(
        self, graph: str | None = None, status: JobStatus | None = None
    ) -> list[tuple[str, Job]]:
        """The jobs, newest first, each with its graph; only those of *graph*, or in *status*.

        Jobs that the list does not show yet are included. Raises NotFound if there is no such
        graph.
        """
        copies = self.copies()
        if graph is not None and graph not in copies:
            raise NotFound(f"no graph {graph!r} in project {self.project_id}")
        return [
            (name, job)
            for name, store in copies.items()
            if graph in (None, name)
            for job in store.all_jobs()
            if status in (None, job.status)
        ]

    def find(self, job_id: str, graph: str | None = None) -> tuple[str, Job]:
        """The graph of a job, and the job.

        Raises NotFound if there is no such job, Conflict if several graphs have one and *graph*
        does not say which.
        """
        with self._lock:
            self.settle()
            searched = self._graphs if graph is None else self._graphs.keys() & {graph}
            match [name for name in searched if job_id in self._graphs[name]]:
                case [name]:
                    return name, self._graphs[name].job(job_id)
                case []:
                    where = f"graph {graph!r}" if graph else "any graph"
                    raise NotFound(
                        f"no job has the id {job_id!r} in {where} of project {self.project_id}"
                    )
                case names:
                    listed = ", ".join(names)
                    raise Conflict(f"several graphs have a job {job_id!r}; say which: {listed}")

    def add(self, job: Job, graph: str | None = None) -> tuple[str, Job]:
        """Add *job* as the newest of *graph*, which is created if it does not exist.

        The job continues along its plan from its present status. Returns the graph's name and the
        updated job. Raises Conflict if its id is taken, the graph's edition lacks its status, or
        no answer would show its ``fail_reason``.
        """
        with self._lock:
            name = graph or self.default
            store = self.get_or_new(name)
            edition = edition_of(store, self.settings)
            types.check_edition(job.job_id, job.status, edition)
            _check_reason(job, job_kinds.reason_of(job), edition)
            timeline = timeline_of(job, self.settings, edition, store.now)
            return name, self.submit(job.job_id, job.request, name, store, timeline)

    def planned(self, job: Job, graph: str) -> Job:
        """*job* of *graph* with the plan that remains to it."""
        store = self.get_or_new(graph)
        return store.planned(job, edition_of(store, self.settings))

    def submit(
        self, job_id: str, request: JobRequest, name: str, graph: JobStore, timeline: Timeline
    ) -> Job:
        """Add a job to *graph*, the one with this *name*; the lock is held."""
        job = Job(job_id, timeline.at(graph.now).status, request)
        graph.submit(job, timeline)
        self.put(name, graph)
        return job

    def new_job_id(self, graph: str | None = None) -> str:
        with self._lock:
            edition = edition_of(self._graphs.get(graph or self.default), self.settings)
            while True:
                self._new_ids += 1
                job_id = generators.job_id(self.seed, self._new_ids, edition)
                if not any(job_id in store for store in self._graphs.values()):
                    return job_id

    def move(self, job_id: str, move: Move, graph: str | None = None) -> tuple[str, Job]:
        """Move a job by hand; it goes on along its plan from there.

        Raises what ``find`` does, and Conflict if the move is not legal, or no answer would show
        its ``fail_reason``.
        """
        with self._lock:
            name, job = self.find(job_id, graph)
            store = self._graphs[name]
            edition = edition_of(store, self.settings)
            types.check_move(job_id, job.status, move.status, edition)
            _check_reason(job, move.fail_reason, edition)
            moved = store.move(job_id, move)
            self.put(name, store)
            return name, moved

    def cancel(self, job_id: str, graph: str, delay: int, reason: str) -> None:
        with self._lock:
            self._graphs[graph].cancel(job_id, delay, reason)
            self.notify()

    def remove(self, job_id: str, graph: str | None = None) -> tuple[str, Job]:
        """Remove a job; raises what ``find`` does."""
        with self._lock:
            name, _ = self.find(job_id, graph)
            self.notify()
            return name, self._graphs[name].remove(job_id)


class JobWait:
    """The *job* *job_id* of *graph*, until it has one of *statuses*; hold the lock."""

    def __init__(
        self,
        graphs: Graphs,
        job_id: str,
        statuses: Collection[JobStatus],
        timeout_s: float,
        graph: str | None,
    ) -> None:
        self._graphs, self._statuses, self._timeout_s = graphs, statuses, timeout_s
        self._until = real_time() + timeout_s
        self._interrupts = graphs.interrupts
        self.graph, self.job = graphs.find(job_id, graph)

    def is_over(self) -> bool:
        """Whether the job has the status by now; raises what ``Graphs.wait_for_job`` does."""
        graphs, job_id = self._graphs, self.job.job_id
        if self._interrupts != graphs.interrupts:
            status = f"job {job_id!r} is {self.job.status}"
            raise Conflict(f"{graphs.interrupt_reason}; {status} at last")
        try:
            self.job = graphs.find(job_id, self.graph)[1]
        except NotFound:
            was = f"it was {self.job.status} at last"
            raise TimedOut(f"job {job_id!r} is gone; {was}") from None
        status, expected = f"job {job_id!r} is {self.job.status}", " or ".join(self._statuses)
        if self.job.status in self._statuses:
            return True
        if self.job.status in types.FINAL:
            raise TimedOut(f"{status}, which is final; {expected} was waited for")
        if self._until <= real_time():
            hint = "; the clock is frozen" if graphs.time.frozen else ""
            raise TimedOut(
                f"{status} still, after {self._timeout_s:g} s; {expected} was waited for{hint}"
            )
        return False

    def pause_s(self) -> float:
        """How many real seconds may pass before the next look."""
        due = self._graphs.next_change_of(self.graph) - self._graphs.time.age()
        real_s, remaining_s = self._graphs.time.real_seconds(due), self._until - real_time()
        return max(remaining_s if real_s is None else min(remaining_s, real_s), 0)


def _check_reason(job: Job, reason: str | None, edition: Edition) -> None:
    if reason is not None and not job_kinds.shows_reason(job, edition):
        raise Conflict(f"job {job.job_id!r}: {job_kinds.UNSEEN_REASON}")


class Clock:
    """Moves the *time* of a project: freezes it, advances it, lets it run faster or tick.

    Whatever becomes due is carried out at once in the *graphs*.
    """

    def __init__(self, time: VirtualTime, graphs: Graphs, lock: RLock) -> None:
        self._time = time
        self._graphs = graphs
        self._lock = lock

    @property
    def now(self) -> float:
        """The time now, in seconds since 1970."""
        return self._time.now()

    def advance(self, seconds: float) -> list[Transition]:
        """Let *seconds* pass at once; returns the transitions of jobs, in order of time."""
        return self._set(advance_s=seconds)

    def freeze(self) -> None:
        """Stop the clock: from now on only ``advance`` and ticks move it."""
        self._set(frozen=True)

    def resume(self) -> None:
        """Let the clock run on from where it was frozen."""
        self._set(frozen=False)

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still. Can be set."""
        return self._time.frozen

    @frozen.setter
    def frozen(self, frozen: bool) -> None:
        self._set(frozen=frozen)

    @property
    def rate(self) -> float:
        """How many of its seconds pass in a real one; 60: a minute a second. Can be set."""
        return self._time.timing.rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self._set(rate=rate)

    @property
    def tick_s(self) -> float:
        """How many of its seconds pass with each request to the service. Can be set."""
        return self._time.timing.tick_s

    @tick_s.setter
    def tick_s(self, tick_s: float) -> None:
        self._set(tick_s=tick_s)

    @property
    def real_delays(self) -> bool:
        """Whether faults delay answers by real seconds unless they say otherwise. Can be set."""
        return self._time.real_delays

    @real_delays.setter
    def real_delays(self, real_delays: bool) -> None:
        self._set(real_delays=real_delays)

    def change(self, change: ClockChange) -> list[Transition]:
        """Make the whole *change* in one step; returns the transitions of jobs, in order of time.

        Raises InvalidInput, with nothing changed, if it leads beyond the year 9999.
        """
        with self._lock:
            self._graphs.settle()
            self._time.change(change)
            self._graphs.notify()
            return self._graphs.settle()

    def _set(self, **fields: Any) -> list[Transition]:
        return self.change(validation.read_python(fields, ClockChange, "clock"))

    def __repr__(self) -> str:
        rate = "" if self.rate == 1 else f" at a rate of {self.rate:g}"
        ticks = f", {self.tick_s:g} s with each request" if self.tick_s else ""
        how = "frozen" if self.frozen else "running"
        return f"<Clock: {how}{rate} at {iso_time(self.now)}{ticks}>"
