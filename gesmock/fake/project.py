"""Project: everything of one project that can change, and its lock."""

from collections.abc import Callable, Mapping
from threading import RLock
from typing import Any

from gesmock.fake import fixtures
from gesmock.fake.epochs import Cleared, Epochs
from gesmock.fake.fixtures import GraphState, State
from gesmock.fake.graphs import Graphs
from gesmock.fake.population import Progress, Start, generated, untold
from gesmock.fake.ticks import Ticks
from gesmock.faults import CanDeliver, FaultPlan, Fired, check_all
from gesmock.journal.coverage import Coverage
from gesmock.journal.journal import SIZE, Journal
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.incidents import Notes
from gesmock.model import generators
from gesmock.model.clock import Clock, ClockChange, Timing, real_time
from gesmock.model.errors import Conflict
from gesmock.model.generators import Generator
from gesmock.model.graph import Graph
from gesmock.model.jobs import Job, JobRequest
from gesmock.model.messages import ConnectionInfo, Reply, Request
from gesmock.model.plan_rules import PlanRules
from gesmock.model.settings import Settings
from gesmock.model.timeline import Effect, Transition


class Project:
    """The graphs, jobs, clock, plans, faults, journal, settings and tokens of one project.

    All but the tokens are new after each reset, and share its lock. Its methods may be called from
    any thread. Whoever needs several of them to be one step holds *lock*, and never while
    sleeping or writing to a socket. What is done under it grows with the jobs in some places only:
    where the clock is moved, and with the first list after that, with those that have come due
    (some 6 us each); in a reset, in a change of settings that touches the list, and where a fault
    takes jobs out of one, with all that are there (0.1 to 0.2 us each).
    """

    def __init__(
        self,
        project_id: str,
        state: State | Start | None = None,
        *,
        source: Callable[[], float] = real_time,
        epochs: Epochs | None = None,
        epoch: int | None = None,
        progress: Progress = untold,
        can_deliver: CanDeliver = lambda _: True,
    ) -> None:
        self.lock = RLock()
        self._can_deliver = can_deliver
        self.project_id = project_id
        self._source = source
        self._epochs = epochs or Epochs()
        self.epoch = self._epochs.current if epoch is None else epoch
        self.journal = Journal(self.lock)
        self.coverage = Coverage()  # of all that was asked, whatever is reset
        self.start = state if isinstance(state, Start) else Start.of(state or State())
        self._start_graphs = self.start.graphs(project_id, progress)
        self._begin()

    def restart(self, start: Start, graphs: dict[str, Graph]) -> Cleared:
        """Make *start*, whose ``graphs`` these are, the start state, and reset to it."""
        with self.lock:
            self.start, self._start_graphs = start, graphs
            cleared = self._reset()
        self._epochs.tell()
        return cleared

    def reset(self) -> Cleared:
        """Back to the start state, in one step; the journal and all counts begin anew."""
        with self.lock:
            cleared = self._reset()
        self._epochs.tell()
        return cleared

    def _reset(self) -> Cleared:
        jobs = sum(len(self.graphs.get_or_new(name)) for name in self.graphs)
        faults, entries = len(self.faults), len(self.journal)
        self.epoch = self._epochs.begin()
        self.graphs.changes.end()
        self._begin()
        return Cleared(self.epoch, jobs, faults, entries)

    def _begin(self) -> None:
        self.journal.close()
        self.journal = Journal(self.lock, self.start.state.journal_size or SIZE)
        self.notes = Notes()
        self.config = self.start.state.verdict or VerdictConfig()
        graphs = {name: graph.copy() for name, graph in self._start_graphs.items()}
        self._take(self.start.state, graphs, self.start.state.clock or Timing())

    def parse(self, text: bytes) -> State:
        """The state in the JSON *text*; a list answer is of this project and its default graph."""
        return fixtures.parse(text, self.project_id, spare_graph_name=self.graphs.default)

    def load(self, state: State) -> None:
        """Put *state* in the place of all that is here; the journal and the start state stay.

        A state without a clock, a verdict, or a size of the journal leaves that as it is. The
        project that it names tells where it comes from; it is loaded into this one all the same.
        Raises InvalidInput where the server in use cannot produce one of its faults, Conflict where
        a reset comes between.
        """
        epoch = self.epoch
        check_all(state.faults, self._can_deliver, "$.faults")
        graphs = Start.of(state).graphs(self.project_id)
        with self.lock:
            self._still_in(epoch)
            self.graphs.changes.end()
            self.config = state.verdict or self.config
            if state.journal_size is not None:
                self.journal.resize(state.journal_size)
            self._take(state, graphs, state.clock or self.clock.timing)

    def begin_with(self, state: State, graphs: dict[str, Graph]) -> None:
        """Reset, and put *state*, whose *graphs* these are, in its place, in one step.

        What *state* does not say is as after any reset.
        """
        with self.lock:
            self._reset()
            self.config = state.verdict or self.config
            self._take(state, graphs, state.clock or self.clock.timing)
        self._epochs.tell()

    def _still_in(self, epoch: int) -> None:
        """Keep what was begun before a reset from leaving a trace after it."""
        if self.epoch != epoch:
            raise Conflict("the project was reset meanwhile; nothing was changed")

    def state(self) -> State:
        """All that is here, as a state that can be loaded again.

        A fault rule, a plan rule and a job's plan are exported with what is left of them.
        """
        with self.lock:
            settings, lists = self.settings, self.graphs.copies()
            faults = [armed.rest() for armed in self.faults.armed()]
            plans = [armed.rest() for armed in self.plans.armed()]
            seed, tokens, clock = self.graphs.seed, self.tokens, self.clock.start
            config, size = self.config, self.journal.size
        return State(
            project_id=self.project_id,
            seed=seed or None,
            graphs={
                name: GraphState(graph.exported(), graph.edition) for name, graph in lists.items()
            },
            settings=None if settings == Settings() else settings,
            clock=None if clock == Timing() else clock,
            verdict=None if config == VerdictConfig() else config,
            journal_size=None if size == SIZE else size,
            plans=[rule for rule in plans if rule is not None],
            tokens=list(tokens),
            faults=[fault_rule for fault_rule in faults if fault_rule is not None],
        )

    def _take(self, state: State, graphs: dict[str, Graph], timing: Timing) -> None:
        self.clock = Clock(timing, self._source)
        self.graphs = Graphs(
            self.project_id,
            graphs,
            clock=self.clock,
            settings=state.settings or Settings(),
            seed=state.seed or 0,
            lock=self.lock,
        )
        self._next_rows: dict[tuple[str, int], int] = {}  # where to begin to look
        self._ticks = Ticks()
        self.tokens = state.tokens_of(self.project_id)
        self.faults = FaultPlan(
            self.graphs.seed,
            self.lock,
            self.clock,
            begin=state.faults,
            can_deliver=self._can_deliver,
        )
        self.plans = PlanRules(self.lock)
        for rule in state.plans:
            self.plans.arm(rule)

    # --- The time ---

    def change_clock(self, change: ClockChange) -> list[Transition]:
        """Move the clock, or let it go on otherwise; the transitions of jobs that this causes."""
        with self.lock:
            self.graphs.settle()
            self.clock.change(change)
            self.graphs.changes.tell()
            return self.graphs.settle()

    def tick(self) -> None:
        """Let the clock go on for a request, where it ticks; the lock is held."""
        if self.clock.ticks:
            self._ticks.tick(self.clock, self.graphs)

    # --- Graphs and jobs ---

    def submit(self, request: JobRequest, graph: str, effect: Effect | None = None) -> Job:
        """Add the job of a client's *request* to *graph*, by the plan that the rules give it."""
        with self.lock:
            self._ticks.submitted()
            plan = self.plans.take(request.command, graph)
            job_id = self.graphs.new_job_id(graph)
            return self.graphs.submit(job_id, request, graph, plan, effect)

    def generate(self, order: Generator, progress: Progress = untold) -> tuple[str, int]:
        """Add the jobs that *order* asks for; the graph they went to, and how many it has now.

        Rows whose ids the graph has are passed over, so that the same seed goes on. Raises
        Conflict, with nothing changed, where the project is reset meanwhile; InvalidInput where the
        graph's edition lacks one of the statuses.
        """
        epoch = self.epoch
        while True:
            with self.lock:
                name, settings = order.graph or self.graphs.default, self.settings
                known = self.graphs.get_or_new(name)
                now, edition = known.now, self.graphs.edition_of(known)
                seed = self.graphs.seed if order.seed is None else order.seed
                anew = order.replace or name not in self.graphs
                seen = Graph() if anew else known.copy()
                row = 0 if anew else self._next_rows.get((name, seed), 0)
            new = list(
                progress(
                    generators.unknown_jobs(self.project_id, name, order, seed, seen, row),
                    order.count,
                )
            )
            made = generated([job for _, job in new], order, edition, settings, now)
            cohort = seen.cohort(made.jobs, made.lives, now)
            ids = {job.job_id for job in made.jobs}
            with self.lock:
                self._still_in(epoch)
                graph = self.graphs.get_or_new(name)
                if order.replace:
                    graph = Graph(edition=graph.edition)
                elif not (
                    (anew or graph is known)
                    and graph.has_room_for(cohort)
                    and ids.isdisjoint(graph.newcomers(seen.submitted))
                ):
                    continue  # others came in between
                graph.add(cohort)
                self.graphs.put(name, graph)
                self._next_rows[name, seed] = new[-1][0] if new else row
                return name, len(graph)

    def interrupt(self) -> None:
        """Tell all who wait for a job or an entry to give up."""
        with self.lock:
            self.journal.interrupt()
            self.graphs.changes.interrupt()

    def record(
        self,
        at: float,
        request: Request,
        reply: Reply,
        fired: Fired | None = None,
        crash: str | None = None,
        link: ConnectionInfo | None = None,
    ) -> None:
        """Journal that *request*, over *link*, was answered by *reply*; count and note what it was.

        The lock is held, and so is the clock.
        """
        real_at = self.clock.real_at if link is None else link.heard_at
        record = self.journal.append(at, self.epoch, request, reply, fired, crash, real_at, link)
        connection = None if fired is None else record.connection
        self.coverage.met[request.operation, reply.status, connection] += 1
        if crash is not None or request.operation is None:
            self.notes.note(record.entry)

    # --- Settings ---

    @property
    def settings(self) -> Settings:
        """How the documentation is read."""
        return self.graphs.settings

    def configure(self, changes: Mapping[str, Any], path: str = "$") -> Settings:
        """Change settings by name; InvalidInput, and nothing changed, where any is wrong.

        Raises Conflict where a job has a status that the new edition does not have.
        """
        with self.lock:
            self.graphs.configure(self.graphs.settings.changed(changes, path))
            return self.graphs.settings
