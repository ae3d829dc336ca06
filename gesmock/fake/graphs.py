"""Graphs: the graphs of a project by name, and their jobs."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import neg
from threading import RLock
from typing import Any, Final, NamedTuple

from msgspec import Struct

from gesmock.model import generators, job_kinds, types
from gesmock.model.clock import VirtualTime
from gesmock.model.errors import Conflict, NotFound, listed, shortened
from gesmock.model.job_store import MUCH, JobStore
from gesmock.model.jobs import Job, JobRequest, Move
from gesmock.model.queries import Label
from gesmock.model.rows import decode
from gesmock.model.rules import PlanRule
from gesmock.model.settings import Settings
from gesmock.model.timeline import NEVER, NextStatus, Timeline, Transition, timeline_of
from gesmock.model.types import DEFAULT_GRAPH, Edition, GraphName, JobStatus, ListedStatus
from gesmock.model.waiters import Waiters

MOST_JOBS: Final = 100_000
"""How many jobs a graph of the database edition keeps (ges_03_0471); the oldest go first."""

MOST_MEMORY_JOBS: Final = 1_000_000
"""How many jobs may be generated or loaded into a graph of the memory edition, which keeps all."""

MOST_GRAPHS: Final = 1_000
"""How many graphs a project may have."""

MOST_SUBMITTED: Final = 256 * 2**20
"""How many bytes of submitted jobs and added labels a graph keeps."""


def edition_of(graph: JobStore | None, settings: Settings) -> Edition:
    """The edition of *graph*: its own, else that of *settings*."""
    return settings.edition if graph is None or graph.edition is None else graph.edition


def check_number(name: str, jobs: int, edition: Edition) -> None:
    """Raise Conflict if so many *jobs* may not be generated or loaded in this *edition*."""
    most = MOST_JOBS if edition == "database" else MOST_MEMORY_JOBS
    if jobs > most:
        raise Conflict(
            f"graph {shortened(name)!r} would have {jobs} jobs; a graph of the {edition} edition "
            f"has at most {most}"
        )


class GraphChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about a graph; a new one has the *edition* of the settings by default.

    *labels* are its schema, *summary* the numbers of its vertices and edges, as the service gives
    them.
    """

    edition: Edition | None = None
    labels: list[Label] | None = None
    summary: dict[str, Any] | None = None


def in_order(transitions: Iterable[Transition]) -> list[Transition]:
    return sorted(transitions, key=lambda transition: transition.at)


class DescribedJob(Struct, frozen=True, forbid_unknown_fields=True):
    """A *job*, its *graph* and *progress*, its legal *moves*, and what the clock does *next*."""

    job: Job
    graph: GraphName
    progress: int
    moves: list[ListedStatus]
    next: NextStatus | None


class DescribedJobs(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of jobs, how many there are in *total*, and the cursor of the *next* page.

    *counts* are the jobs by status, of the graph or of all graphs, whatever the other filters say.
    """

    jobs: list[DescribedJob]
    total: int
    counts: dict[ListedStatus, int]
    next: int | None


_PLACE: Final = 2**40
"""How far apart the cursors of consecutive graphs are: more than a graph has jobs."""


class Graphs:
    """The graphs of one project: a store of jobs each.

    Methods may be called from any thread, and show jobs as they are at this *time*; *lock* is the
    project's. *settings* choose between readings of the documentation.
    """

    def __init__(self, project_id: str, time: VirtualTime, lock: RLock) -> None:
        self.project_id = project_id
        self.time = time
        self.settings = Settings()
        self.seed = 0
        self._lock = lock
        self.waiters = Waiters(lock)
        self.interrupts = 0
        self.interrupt_reason = ""
        self.version = 0  # counts changes of what answers depend on, the clock included
        self._graphs: dict[str, JobStore] = {}
        self._new_ids = 0
        self.resets = 0

    def reset(self, graphs: dict[str, JobStore], settings: Settings, seed: int) -> None:
        """Replace every graph with *graphs*, and interrupt everyone who waits for a job."""
        with self._lock:
            self._graphs, self.settings, self.seed = graphs, settings, seed
            self.resets += 1
            self.interrupt("the project was reset meanwhile")

    def restart_ids(self) -> None:
        """Let the ids of new jobs start again from the first."""
        self._new_ids = 0

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

        The oldest jobs are removed if it has too many. Raises Conflict if there are ``MOST_GRAPHS``
        others.
        """
        with self._lock:
            if len(self._graphs) >= MOST_GRAPHS and name not in self._graphs:
                raise Conflict(f"there are {MOST_GRAPHS} graphs, the most a project may have")
            if edition_of(graph, self.settings) == "database":
                graph.keep(MOST_JOBS)
            self._graphs[name] = graph
            if graph.deleted:
                del self._graphs[name]
            self.notify()

    def make(self, name: str, change: GraphChange) -> None:
        """Ensure that there is a graph *name*, and *change* it.

        Raises Conflict if it has a job with a status that its new edition lacks, or too many jobs
        for it.
        """
        with self._lock:
            graph = self.get_or_new(name)
            if change.edition is not None:
                self._check_edition(name, graph, change.edition)
                graph.edition = change.edition
            if change.labels is not None:
                graph.labels = {label.label: label for label in change.labels}
            if change.summary is not None:
                graph.summary = change.summary
            self.put(name, graph)

    def configure(self, settings: Settings) -> None:
        """Use other *settings*; raises Conflict as ``make`` does."""
        with self._lock:
            for name in self:
                graph = self.get_or_new(name)
                self._check_edition(name, graph, edition_of(graph, settings))
            self.settings = settings
            self.notify()

    def _check_edition(self, name: str, graph: JobStore, edition: Edition) -> None:
        if edition == "database" and edition_of(graph, self.settings) == "memory":
            job_id = graph.goes_through("partiallyFailed")
            if job_id is not None:
                types.check_edition(job_id, "partiallyFailed", edition)
            check_number(name, len(graph), edition)

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
        return in_order(transitions)

    def settle_little(self) -> bool:
        """``settle`` if little is due, and return whether it was. The lock is held."""
        now = self.time.age()
        is_little = sum(graph.due(now) for graph in self._graphs.values()) <= MUCH
        if is_little:
            self.settle()
        return is_little

    def unsettled(self) -> Mapping[str, JobStore]:
        """The graphs by name, without carrying out what is due; the lock is held."""
        return self._graphs

    def _settle(self, name: str, graph: JobStore) -> list[Transition]:
        transitions = graph.settle(graph.now, name, self.time.at(0), self._most(graph))
        if graph.deleted:
            del self._graphs[name]
        self.notify()
        return transitions

    def _most(self, graph: JobStore) -> int | None:
        """How many jobs *graph* may list; None: any number."""
        return MOST_JOBS if edition_of(graph, self.settings) == "database" else None

    def takes_long(self, name: str) -> bool:
        """Whether so much is due that a request to the graph *name* takes long; hold the lock."""
        graphs = [self._graphs.get(name)]
        if self.time.ticks:  # a tick settles all graphs
            graphs = [*self._graphs.values()]
        now = self.time.age()
        return any(graph.due(now) > MUCH for graph in graphs if graph is not None)

    def ahead(self, age: int) -> "Ahead | None":
        """Copies to carry forward to *age*; None if little is due by then. The lock is held."""
        if sum(graph.due(age) for graph in self._graphs.values()) <= MUCH // 2:
            return None
        return Ahead(
            age,
            self.time.at(0),
            {
                name: _Copy(graph, graph.changes, graph.copy(), self._most(graph))
                for name, graph in self._graphs.items()
            },
        )

    def are_unchanged_since(self, ahead: "Ahead") -> bool:
        """Whether nothing but time has changed the graphs since; the lock is held."""
        return all(
            self._graphs.get(name) is copied.graph and copied.graph.changes == copied.changes
            for name, copied in ahead.copies.items()
        )

    def replace(self, ahead: "Ahead") -> None:
        """Replace the graphs with their copies, now carried forward; the lock is held."""
        for name, (graph, _, copy, _) in ahead.copies.items():
            copy.edition, copy.labels, copy.summary = graph.edition, graph.labels, graph.summary
            self._graphs[name] = copy
            if copy.deleted:
                del self._graphs[name]
        self.notify()

    def next_change(self) -> int | None:
        """When the next job of any graph changes; None if no job will change."""
        soonest = min((graph.next_change() for graph in self._graphs.values()), default=NEVER)
        return None if soonest == NEVER else soonest

    # --- Those who wait for a job ---

    def next_change_of(self, graph: str) -> int:
        """When the next job of *graph* changes; the lock is held."""
        return self._graphs[graph].next_change()

    def notify(self) -> None:
        """Count a change, and wake everyone who waits for a job; the lock is held."""
        self.version += 1
        if self.waiters.count:
            self.waiters.notify_all()

    def interrupt(self, reason: str) -> None:
        """Make everyone who waits raise Conflict with this *reason*; the lock is held."""
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
        return [
            (name, job)
            for name, (_, store) in self._copies_of(graph).items()
            for job in store.all_jobs()
            if status in (None, job.status)
        ]

    def search(
        self, graph: str | None, texts: Sequence[bytes], limit: int, cursor: int | None, offset: int
    ) -> DescribedJobs:
        """At most *limit* jobs, newest first, after *cursor* (a ``next``) and *offset* others.

        Only those of *graph*, if one is named, whose rows contain all *texts*. Raises NotFound.
        """
        total, counts = 0, Counter[JobStatus]()
        matches: list[tuple[int, str, JobStore, int]] = []
        for name, (index, store) in self._copies_of(graph).items():
            numbers = store.search(texts)
            zero = index * _PLACE + _PLACE // 2
            behind = 0 if cursor is None else bisect_right(numbers, cursor - zero, key=neg)
            begin = max(behind, offset - total)
            total, counts = total + len(numbers), counts + store.counts
            end = begin + limit + 1 - len(matches)
            matches += [(zero - number, name, store, number) for number in numbers[begin:end]]
        jobs = [
            self.describe(decode(store.row(number)), name, store)
            for _, name, store, number in matches[:limit]
        ]
        following = matches[limit - 1][0] if len(matches) > limit else None
        return DescribedJobs(jobs, total, types.by_status(counts), following)

    def describe(self, job: Job, name: str, graph: JobStore | None = None) -> DescribedJob:
        """*job* of the graph *name*, and what may happen to it; *graph* may be a copy of that."""
        graph = self.get_or_new(name) if graph is None else graph
        timeline = graph.timeline(job.job_id) or Timeline.still(job.status, graph.now)
        moves = types.moves(job.status, edition_of(graph, self.settings))
        progress, following = timeline.at(graph.now).progress, timeline.next_status(graph.now)
        return DescribedJob(job, name, progress, moves, following)

    def _copies_of(self, graph: str | None) -> dict[str, tuple[int, JobStore]]:
        """Copies to read of all graphs, or of the one named, each with its index."""
        with self._lock:
            self.settle()
            copies = {
                name: (index, store.copy(to_read=True))
                for index, (name, store) in enumerate(self._graphs.items())
                if graph in (None, name)
            }
        if graph is not None and not copies:
            raise NotFound(f"no graph {shortened(graph)!r} in project {self.project_id}")
        return copies

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
                    where = f"graph {shortened(graph)!r}" if graph else "any graph"
                    raise NotFound(
                        f"no job has the id {shortened(job_id)!r} in {where} of project "
                        f"{self.project_id}"
                    )
                case names:
                    raise Conflict(
                        f"several graphs have a job {shortened(job_id)!r}; say which: "
                        f"{listed(names)}"
                    )

    def add(self, job: Job, graph: str | None = None) -> tuple[str, Job]:
        """Add *job* as the newest of *graph*, which is created if it does not exist.

        The job continues its plan from its present status. Returns the graph's name and the
        updated job. Raises Conflict if its id is taken, the graph's edition lacks its status, no
        answer would show its ``fail_reason``, or the graph has no room for it.
        """
        with self._lock:
            name = graph or self.default
            store = self.get_or_new(name)
            edition = edition_of(store, self.settings)
            types.check_edition(job.job_id, job.status, edition)
            _check_reason(job, job_kinds.reason_of(job), edition)
            timeline = timeline_of(job, self.settings, edition, store.now)
            if not store.has_room(len(job.request.raw_request or ""), MOST_SUBMITTED):
                raise Conflict(
                    f"graph {shortened(name)!r} keeps at most {MOST_SUBMITTED} bytes of jobs that "
                    "were added or submitted; remove some"
                )
            return name, self.submit(job.job_id, job.request, name, store, timeline)

    def planned(self, job: Job, graph: str) -> Job:
        """*job* of *graph* with the remainder of its plan."""
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
        """Move a job by hand; it continues its plan from there.

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


class _Copy(NamedTuple):
    """A *copy* of *graph*, made when that had this many *changes*; it may list *most* jobs."""

    graph: JobStore
    changes: int
    copy: JobStore
    most: int | None


def _check_reason(job: Job, reason: str | None, edition: Edition) -> None:
    if reason is not None and not job_kinds.shows_reason(job, edition):
        raise Conflict(f"job {shortened(job.job_id)!r}: {job_kinds.UNSEEN_REASON}")


class Ahead(NamedTuple):
    """Copies of graphs, to be carried forward to *age* while the graphs are used.

    *began* is when the age was 0, in seconds since 1970.
    """

    age: int
    began: float
    copies: Mapping[str, _Copy]

    def settle(self) -> list[Transition]:
        """Carry out in the copies what is due; takes long, and needs no lock."""
        return [
            transition
            for name, (_, _, copy, most) in self.copies.items()
            for transition in copy.settle(self.age, name, self.began, most)
        ]
