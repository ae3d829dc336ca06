"""Lives: what the jobs of one graph go through, as a pure function of the time.

Times here are ages of the world's clock, in nanoseconds, so that a world can begin again with the
same lives. Nothing polls: a heap of what is due next tells which jobs have changed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import Any, Final, NamedTuple

from msgspec import UNSET, Struct, UnsetType

from gesmock.clock import NANOSECONDS, nanoseconds
from gesmock.jobs import Job, Move
from gesmock.plans import Plan, Step, plan_of
from gesmock.settings import Settings
from gesmock.statuses import FINAL, Edition, GoodEnd, JobStatus

NEVER: Final = 2**70
"""An age that no clock comes to: 37 thousand years."""


class Stage(NamedTuple):
    """From *time* on, a job has this *status* and *progress*."""

    time: int
    status: JobStatus
    progress: int


@dataclass(frozen=True, slots=True)
class DeleteGraph:
    """The graph goes with everything in it."""


@dataclass(frozen=True, slots=True)
class EraseJob:
    """Another job of the graph goes, with its result."""

    job_id: str


Effect = DeleteGraph | EraseJob
"""What a job does to its graph once it has ended well."""


@dataclass(frozen=True, slots=True)
class Life:
    """One job's life: its *stages*, and how it turns out (see ``Plan``).

    The first stage begins with its submission; the list shows the job from *listed* on.
    """

    stages: tuple[Stage, ...]
    listed: int
    result: dict[str, Any] | UnsetType = UNSET
    fail_reason: str | None = None
    effect: Effect | None = None

    @classmethod
    def of(cls, plan: Plan, finished: GoodEnd, edition: Edition, now: int) -> "Life":
        """The life of a job that is submitted *now*, by *plan*."""
        stages = tuple(
            Stage(now + nanoseconds(after_s), status, progress)
            for after_s, status, progress in plan.stages(finished, edition)
        )
        listed = now + nanoseconds(plan.listed_after_s)
        return cls(stages, listed, plan.result, plan.fail_reason)

    @classmethod
    def still(cls, status: JobStatus, now: int) -> "Life":
        """The life of a job that keeps its *status* until it is moved."""
        return cls((Stage(now, status, 100 if status in FINAL else 0),), now)

    def _index(self, now: int) -> int:
        passed = (index for index, stage in enumerate(self.stages) if stage.time <= now)
        return max(passed, default=0)

    def at(self, now: int) -> Stage:
        """The present stage."""
        return self.stages[self._index(now)]

    def change_after(self, now: int) -> int:
        """When the status changes next; NEVER where it does not."""
        index = self._index(now)
        present = self.stages[index].status
        later = self.stages[index + 1 :]
        return next((stage.time for stage in later if stage.status != present), NEVER)

    def started(self, now: int) -> int | None:
        """When it began to run, if it has."""
        return self._first(now, lambda status: status != "pending")

    def ended(self, now: int) -> int | None:
        """When it came to its end, if it has."""
        return self._first(now, lambda status: status in FINAL)

    def _first(self, now: int, wanted: Callable[[JobStatus], bool]) -> int | None:
        times = (stage.time for stage in self.stages if wanted(stage.status))
        first = next(times, NEVER)
        return first if first <= now else None

    def moved(self, move: Move, now: int) -> "Life":
        """The life of the job when it is moved by hand: it goes on along its stages from there."""
        index = self._index(now)
        there = next(
            (
                place
                for place, stage in enumerate(self.stages[index:], index)
                if stage.status == move.status and stage.progress >= (move.progress or 0)
            ),
            None,
        )
        progress = 100 if move.status in FINAL else 0
        later: tuple[Stage, ...] = ()
        if there is not None:
            progress = self.stages[there].progress
            shift = now - self.stages[there].time
            later = tuple(
                stage._replace(time=stage.time + shift) for stage in self.stages[there + 1 :]
            )
        past = self.stages[: index + 1]
        if [stage.status for stage in past[-2:]] == [move.status] * 2:
            past = past[:-1]  # when it began is known from the one before
        present = Stage(now, move.status, progress if move.progress is None else move.progress)
        stages = (*past, present, *later)
        return replace(
            self,
            stages=stages,
            result=self.result if move.result is UNSET else move.result,
            fail_reason=self.fail_reason if move.fail_reason is None else move.fail_reason,
        )

    def since(self, status: JobStatus, now: int) -> "Life":
        """The life of a job that has this *status* now, and goes on along its stages from there."""
        places = (place for place, stage in enumerate(self.stages) if stage.status == status)
        first = next(places, None)
        if first is None:
            return replace(self, stages=Life.still(status, now).stages)
        later = self.stages[first:]
        shift = now - later[0].time
        stages = tuple(stage._replace(time=stage.time + shift) for stage in later)
        return replace(self, stages=stages)

    def cancelled(self, now: int, delay: int, reason: str) -> "Life":
        """The life of the job when it is cancelled: it fails after a *delay*, if not before."""
        ends = (stage.time for stage in self.stages if stage.status in FINAL)
        if next(ends, NEVER) <= now + delay:
            return self
        end = Stage(now + delay, "failed", 100)
        return replace(
            self,
            stages=(*self.stages[: self._index(now) + 1], end),
            fail_reason=reason,
            effect=None,
        )

    def goes_through(self, status: JobStatus, now: int) -> bool:
        """Whether the job has this *status*, or will come to it."""
        later = (stage for stage in self.stages if stage.time > now)
        return any(stage.status == status for stage in (self.at(now), *later))

    def rest(self, now: int) -> Plan | UnsetType:
        """What is left of it, as the plan of a job that is submitted now; UNSET for nothing."""
        present = self.at(now)
        later = [stage for stage in self.stages if stage.time > now]
        plain = present.progress in (0, 100) and self.result is UNSET and self.fail_reason is None
        if not later and plain and self.listed <= now:
            return UNSET
        return Plan(
            steps=[
                Step(max(stage.time - now, 0) / NANOSECONDS, stage.status, stage.progress)
                for stage in (present, *later)
            ],
            never_listed_for_s=(self.listed - now) / NANOSECONDS if self.listed > now else None,
            result=self.result,
            fail_reason=self.fail_reason,
        )


def life_of(job: Job, settings: Settings, edition: Edition, now: int) -> Life:
    """The life of *job* from *now* on: by its plan, from the status it has; else it stays so."""
    if job.plan is UNSET:
        return Life.still(job.status, now)
    finished = settings.finished(job.request.command, edition)
    return Life.of(plan_of(job.plan), finished, edition, now).since(job.status, now)


class Event(NamedTuple):
    """At *time*, the job *job_id* gets another *status*; with None, the list begins to show it."""

    time: int
    job_id: str
    status: JobStatus | None


class Transition(Struct, frozen=True):
    """*at* this time (seconds since 1970), the job went over from *was* to *status*."""

    graph: str
    job_id: str
    was: JobStatus
    status: JobStatus
    at: float


class Lives:
    """The lives of a graph's jobs; those that no life is known of never change."""

    def __init__(self) -> None:
        self._of: dict[str, Life] = {}
        self._due: list[tuple[int, int, str, Life, bool]] = []
        self._count = 0

    def copy(self) -> "Lives":
        """Lives of their own that go on as these."""
        twin = Lives()
        twin._of, twin._due, twin._count = self._of.copy(), self._due.copy(), self._count
        return twin

    def get(self, job_id: str) -> Life | None:
        """The life of *job_id*, if it has one."""
        return self._of.get(job_id)

    def put(self, job_id: str, life: Life, now: int) -> None:
        """From *now* on, *life* is that of *job_id*, whatever it was before."""
        if self._of.get(job_id) is life:
            return
        self._of[job_id] = life
        self._expect(job_id, life, life.change_after(now))
        if life.listed > now:
            self._expect(job_id, life, life.listed, listing=True)
        self._drop_stale()

    def put_all(self, lives: Mapping[str, Life], now: int) -> None:
        """As ``put``, of many jobs that are new; several may share a life."""
        self._of.update(lives)
        changes = {id(life): life.change_after(now) for life in lives.values()}
        for job_id, life in lives.items():
            for time, listing in ((changes[id(life)], False), (life.listed, True)):
                if now < time < NEVER:
                    self._count += 1
                    self._due.append((time, self._count, job_id, life, listing))
        heapify(self._due)

    def forget(self, job_id: str) -> None:
        """The job is gone."""
        self._of.pop(job_id, None)
        self._drop_stale()

    def _drop_stale(self) -> None:
        if len(self._due) > 4 * len(self._of) + 64:  # most are of jobs that are gone or moved
            self._due = [due for due in self._due if self._of.get(due[2]) is due[3]]
            heapify(self._due)

    def next_change(self) -> int:
        """When the next of the jobs changes its status or is listed; NEVER where none will."""
        while self._due and self._of.get(self._due[0][2]) is not self._due[0][3]:
            heappop(self._due)  # of a job that is gone, or that was moved
        return self._due[0][0] if self._due else NEVER

    def settle(self, now: int) -> Iterator[Event]:
        """All that has come to be until *now*, in the order of its time; each event comes once."""
        while (time := self.next_change()) <= now:
            _, _, job_id, life, listing = heappop(self._due)
            if listing:
                yield Event(time, job_id, None)
            else:
                yield Event(time, job_id, life.at(time).status)
                self._expect(job_id, life, life.change_after(time))

    def _expect(self, job_id: str, life: Life, time: int, *, listing: bool = False) -> None:
        if time < NEVER:
            self._count += 1
            heappush(self._due, (time, self._count, job_id, life, listing))
