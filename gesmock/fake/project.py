"""Project: everything in one project that can change, and the lock of it all."""

from collections.abc import Callable, Collection, Mapping
from threading import Lock, RLock
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from gesmock.fake import fixtures
from gesmock.fake.clock import Clock
from gesmock.fake.feed import Feed
from gesmock.fake.fixtures import GraphState, State
from gesmock.fake.graphs import Graphs, check_number, edition_of
from gesmock.fake.job_wait import JobWait
from gesmock.fake.options import ShowProgress, Start, generate_batch, no_progress
from gesmock.fake.verdict import Verdict
from gesmock.faults import CanDeliver, FaultRules, check
from gesmock.journal.journal import SIZE, Journal
from gesmock.journal.verdict.findings import VerdictConfig
from gesmock.model.clock import Timing, VirtualTime, real_time
from gesmock.model.errors import Conflict
from gesmock.model.generators import Generator
from gesmock.model.job_store import JobStore
from gesmock.model.jobs import redacted
from gesmock.model.plans import plan_of
from gesmock.model.queries import Queries
from gesmock.model.rules import PlanRule, PlanRules
from gesmock.model.settings import Settings
from gesmock.model.types import Edition, JobStatus


class Epochs:
    """Numbers the epochs of a fake: each reset of any of its projects begins one.

    A request of an earlier epoch than its project's comes from the test before. After a reset, its
    thread calls the *watchers*.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.watchers: list[Callable[[], None]] = []
        self.current = 1

    def begin(self) -> int:
        """Begin the next epoch; returns its number."""
        with self._lock:
            self.current += 1
            return self.current

    def announce(self) -> None:
        """Call the watchers."""
        for watcher in self.watchers.copy():
            watcher()


class Cleared(Struct, frozen=True):
    """What a reset has cleared, and the *epoch* that it began."""

    epoch: int
    jobs: int
    faults: int
    entries: int


class Project:
    """One project, and all of it that can change: graphs, clock, plans, faults, journal, settings.

    A reset clears these parts, but never replaces them: ``project.clock`` stays the same object.
    Methods may be called from any thread; hold *lock* to make several of them one step, but never
    while sleeping or writing to a socket. Under the lock, work grows with the number of jobs only
    when the clock moves (with the jobs that come due, 6 us each), in a reset or a change of
    settings (with all jobs, 0.2 us each), and in lists of the memory edition (with those listed).
    """

    def __init__(
        self,
        project_id: str,
        start: Start | None = None,
        *,
        source: Callable[[], float] = real_time,
        epochs: Epochs | None = None,
        epoch: int | None = None,
        can_deliver: CanDeliver = lambda _: True,
    ) -> None:
        self.lock = RLock()
        self._can_deliver = can_deliver
        self.project_id = project_id
        self._epochs = epochs or Epochs()
        self.epoch = self._epochs.current if epoch is None else epoch
        self.time = VirtualTime(source=source)
        self.graphs = Graphs(project_id, self.time, self.lock)
        self.clock = Clock(self.time, self.graphs, self.lock)
        self.faults = FaultRules(self.lock, self.time, can_deliver)
        self.plans = PlanRules(self.lock, self.graphs.may_show_reason)
        self.queries = Queries(self.lock)
        self.journal = Journal(self.lock)
        self.verdict = Verdict(self.journal, self.graphs, self.faults, self.plans, self.lock)
        self.feed = Feed(self.graphs, self.journal, self.faults, self.plans, self.verdict)
        self.start = start or Start.of(State(), project_id)
        self.loaded = False  # whether the start state was loaded, by `load`
        self._as_loaded: object = None
        self._begin()

    def reset(self, start: Start | None = None) -> Cleared:
        """Reset to the start state, or to another *start*, in one step.

        A state that is loaded is the start state until there is another *start*. The journal and
        all counts start again.
        """
        with self.lock:
            if start is not None:
                self.start, self.loaded = start, False
            cleared = self._reset()
        self._epochs.announce()
        return cleared

    def _reset(self) -> Cleared:
        jobs = sum(len(self.graphs.get_or_new(name)) for name in self.graphs)
        faults, entries = len(self.faults), len(self.journal)
        self.epoch = self._epochs.begin()
        self._begin()
        return Cleared(self.epoch, jobs, faults, entries)

    def _begin(self) -> None:
        self.journal.reset()
        self.verdict.reset(VerdictConfig())
        self.time.reset(Timing())
        self.graphs.restart_ids()
        self._load(self.start)

    def parse(self, text: bytes, graph_name: str | None = None) -> State:
        """The state in the JSON *text*; a list answer belongs to this project."""
        return fixtures.parse(text, self.project_id, graph_name, self.graphs.default)

    def load(self, state: State, scenario: str | None = None) -> None:
        """Replace everything but the journal with *state*, to which a reset returns from now on.

        A state without a clock, a verdict or a journal size leaves that as it is, and a reset
        returns to that of the last start state. The project that *state* names does not matter;
        *scenario* is the name of the state, if it has one.
        Raises InvalidInput if the server in use cannot produce one of the faults, Conflict if the
        project is reset meanwhile.
        """
        epoch = self.epoch
        check(state.faults, self._can_deliver, "$.faults")
        start = Start.of(state, self.project_id)
        with self.lock:
            self._check_epoch(epoch)
            self._load(start)
            before = self.start.state
            remaining = {
                name: getattr(before, name)
                for name in ("clock", "verdict", "journal_size")
                if getattr(state, name) is None
            }
            state = replace(start.state, **remaining)
            self.start, self.loaded = replace(start, state=state, scenario=scenario), True

    def reload(self, start: Start) -> None:
        """Replace everything but the journal with *start*, to which a reset returns from now on.

        Does nothing if a state was loaded since.
        """
        with self.lock:
            if not self.loaded:
                self._load(start)
                self.start = start

    def begin_with(self, start: Start) -> None:
        """Reset the project and load *start*, in one step; a later reset ends this."""
        with self.lock:
            self._reset()
            self._load(start)
            self._as_loaded = None
        self._epochs.announce()

    def _load(self, start: Start) -> None:
        state = start.state
        self.verdict.config = state.verdict or self.verdict.config
        if state.journal_size is not None:
            self.journal.resize(state.journal_size)
        seed = state.seed or 0
        graphs = {name: graph.copy() for name, graph in start.graphs.items()}
        self.time.reset(state.clock or self.time.timing)
        self.graphs.reset(graphs, state.settings or Settings(), seed)
        self.faults.reset(seed, state.faults)
        self.plans.reset(state.plans)
        self.queries.reset(state.queries)
        self.tokens = state.tokens_of(self.project_id)
        self._next_rows: dict[tuple[str, int], int] = {}  # of each graph and seed
        self.submitted = False  # since the last tick
        self._before_change = False  # where the last tick stopped
        self._as_loaded = self._changeable()

    def _changeable(self) -> object:
        """A value that differs once the state has been changed by anything but time."""
        graphs = {
            name: (each.changed.identity, each.changes, each.edition, each.labels, each.summary)
            for name, each in self.graphs.unsettled().items()
        }
        rules = self.faults.changes, self.plans.changes, [*self.queries]
        config = self.settings, self.verdict.config, self.journal.size
        return graphs, rules, config, self.time.changes

    @property
    def changed(self) -> bool:
        """Whether its state has been changed since it was loaded or reset."""
        with self.lock:
            return self._as_loaded != self._changeable()

    def _check_epoch(self, epoch: int) -> None:
        if self.epoch != epoch:
            raise Conflict("the project was reset meanwhile; nothing was changed")

    def state(self, *, secrets: bool = False) -> State:
        """Everything in the project but the journal, as a state that can be loaded again.

        It has what remains of fault rules, plan rules and the plans of jobs. Without *secrets*, it
        has no tokens, and secrets in the requests of jobs are masked.
        """
        with self.lock:
            settings, graphs = self.settings, self.graphs.copies()
            faults = [armed.remainder() for armed in self.faults]
            plans = [self._without_unseen(armed.remainder()) for armed in self.plans.armed()]
            seed, tokens, clock = self.graphs.seed, self.tokens, self.time.start
            config, size = self.verdict.config, self.journal.size
        return State(
            project_id=self.project_id,
            seed=seed or None,
            graphs={
                name: _graph_state(graph, edition_of(graph, settings), secrets=secrets)
                for name, graph in graphs.items()
            },
            settings=None if settings == Settings() else settings,
            clock=None if clock == Timing() else clock,
            verdict=None if config == VerdictConfig() else config,
            journal_size=None if size == SIZE else size,
            plans=[rule for rule in plans if rule is not None],
            queries=[*self.queries],
            tokens=list(tokens) if secrets else [],
            faults=[rule for rule in faults if rule is not None],
        )

    def _without_unseen(self, rule: PlanRule | None) -> PlanRule | None:
        """*rule* without a ``fail_reason`` that no answer would show."""
        if rule is None or self.graphs.may_show_reason(rule):
            return rule
        return replace(rule, plan=replace(plan_of(rule.plan), fail_reason=None))

    # --- The time ---

    def tick(self) -> None:
        """Let ``tick_s`` pass for a request to the project; the lock is held.

        A tick stops when a job changes its status and, once after each submission, just before
        that, so that a client sees each status at least once. If a running clock has passed from
        just before a change to beyond it, there is no tick.
        """
        transitions = self.graphs.settle()
        if transitions and self._before_change:
            stop: int | None = self.time.age()
        else:
            stop = self.graphs.next_change()
        self._before_change = self.submitted and not self._before_change
        if stop is not None and self._before_change:
            stop -= 1
        self.submitted = False
        self.time.tick(stop)
        self.graphs.notify()

    # --- Graphs and jobs ---

    def generate(self, order: Generator, progress: ShowProgress = no_progress) -> tuple[str, int]:
        """Add the jobs that *order* asks for; returns their graph, and how many jobs it now has.

        The same seed continues after the rows that the graph has. Raises Conflict, with nothing
        changed, if the project is reset meanwhile, or the graph would have too many jobs;
        InvalidInput if the graph's edition does not have one of the statuses.
        """
        epoch = self.epoch
        while True:
            with self.lock:
                name, settings = order.graph or self.graphs.default, self.settings
                store = self.graphs.get_or_new(name)
                seed = self.graphs.seed if order.seed is None else order.seed
                if order.replace:
                    store = store.without_jobs()
                edition = edition_of(store, settings)
                check_number(name, len(store) + order.count, edition)
                fresh = order.replace or name not in self.graphs
                row = 0 if fresh else self._next_rows.get((name, seed), 0)
                ended = store.oldest_has_ended()
            batch, next_row = generate_batch(
                order, seed, self.project_id, name, store, settings, row, progress,
                after_ended=ended,
            )  # fmt: skip
            with self.lock:
                self._check_epoch(epoch)
                graph = self.graphs.get_or_new(name)
                if order.replace:
                    graph = graph.without_jobs()
                elif not graph.can_add(batch):
                    continue  # others were added meanwhile
                check_number(name, len(graph) + order.count, edition)
                graph.add(batch)
                self.graphs.put(name, graph)
                if order.replace:  # the rows of other seeds are gone
                    self._next_rows = {
                        key: row for key, row in self._next_rows.items() if key[0] != name
                    }
                if order.count:
                    self._next_rows[name, seed] = next_row
                return name, len(graph)

    def job_wait(
        self,
        job_id: str,
        statuses: Collection[JobStatus],
        timeout_s: float,
        graph: str | None = None,
    ) -> JobWait:
        """A wait until a job has one of *statuses*; raises NotFound if there is no such job."""
        return JobWait(self.graphs, self.lock, job_id, statuses, timeout_s, graph)

    def interrupt(self) -> None:
        """Make everyone who waits for a job or an entry give up."""
        with self.lock:
            self.journal.interrupt()
            self.graphs.interrupt("the server was stopped meanwhile")

    # --- Settings ---

    @property
    def settings(self) -> Settings:
        """How the documentation is read when it can be read in two ways."""
        return self.graphs.settings

    def configure(self, changes: Mapping[str, Any], path: str = "$") -> Settings:
        """Change settings by name.

        Raises InvalidInput if one is wrong, Conflict if a job has a status that the new edition
        does not have; nothing is changed then.
        """
        with self.lock:
            self.graphs.configure(self.graphs.settings.changed(changes, path))
            return self.graphs.settings


def _graph_state(graph: JobStore, edition: Edition, *, secrets: bool) -> GraphState:
    jobs = (graph.planned(job, edition) for job in graph.all_jobs())
    return GraphState(
        [*(jobs if secrets else map(redacted, jobs))],
        graph.edition,
        [*graph.labels.values()],
        None if graph.summary is None else dict(graph.summary),
    )
