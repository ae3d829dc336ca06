"""Life: what a job goes through, as a pure function of the time.

Times here are ages of the project's clock, in nanoseconds, so that a project can begin again with
the same lives.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from msgspec import UNSET, Struct, UnsetType

from gesmock.model.clock import NANOSECONDS, nanoseconds
from gesmock.model.jobs import Job, Move
from gesmock.model.plans import Plan, Step, plan_of
from gesmock.model.settings import Settings
from gesmock.model.types import FINAL, Edition, GoodEnd, JobStatus

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
        return max(bisect_right(self.stages, (now, "~")) - 1, 0)  # no status comes behind "~"

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
        """The life of a job that has this *status* now, and goes on along its stages from there.

        Where none of them has it, it stays so.
        """
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


class Transition(Struct, frozen=True):
    """*at* this time (seconds since 1970), the job went over from *was* to *status*."""

    graph: str
    job_id: str
    was: JobStatus
    status: JobStatus
    at: float
