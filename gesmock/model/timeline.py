"""Timeline: the statuses of a job as a function of time, and the transitions between them.

Times are ages of the project's clock, in nanoseconds, so that a reset can begin the same timelines
again.
"""

from bisect import bisect_right
from typing import Any, Final, NamedTuple

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from gesmock.model.clock import NANOSECONDS
from gesmock.model.jobs import Job, Move
from gesmock.model.plans import Plan, Step, plan_of
from gesmock.model.settings import Settings
from gesmock.model.types import FINAL, Edition, GoodEnd, JobStatus

NEVER: Final = 2**70
"""An age that no clock reaches: 37 thousand years."""


class Transition(Struct, frozen=True):
    """*at* this time (seconds since 1970), a job went from the status *was* to *status*."""

    graph: str
    job_id: str
    was: JobStatus
    status: JobStatus
    at: float


class Stage(NamedTuple):
    """From *time* on, a job has this *status* and *progress* (in percent)."""

    time: int
    status: JobStatus
    progress: int


class NextStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """The *status* that a job gets next, *in_s* seconds of the clock from now."""

    status: JobStatus
    in_s: float


class DeleteGraph(Struct, frozen=True):
    """The graph is deleted, with all its jobs."""


class EraseJob(Struct, frozen=True):
    """Another job of the graph is removed, with its result."""

    job_id: str


Effect = DeleteGraph | EraseJob
"""What a job does to its graph when it succeeds."""


class Timeline(Struct, frozen=True, gc=False):
    """The *stages* of one job, the first of which begins with its submission.

    The list shows the job from *listed* on. *result* and *fail_reason* are those of its ``Plan``.
    """

    stages: tuple[Stage, ...]
    listed: int
    result: dict[str, Any] | UnsetType = UNSET
    fail_reason: str | None = None
    effect: Effect | None = None

    @classmethod
    def of(
        cls,
        plan: Plan,
        finished: GoodEnd,
        edition: Edition,
        now: int,
        effect: Effect | None = None,
    ) -> "Timeline":
        """The timeline of a job that is submitted *now* with *plan*; *finished* if it succeeds."""
        stages = [
            Stage(now + round(after_s * NANOSECONDS), status, progress)
            for after_s, status, progress in plan.stages(finished, edition)
        ]
        hidden_s = plan.never_listed_for_s
        if hidden_s is None:
            hidden_s = 5 if plan.name == "never_listed_for_s" else 0
        listed = now + round(hidden_s * NANOSECONDS)
        return cls(tuple(stages), listed, plan.result, plan.fail_reason, effect)

    @classmethod
    def still(cls, status: JobStatus, now: int) -> "Timeline":
        """A timeline that keeps its *status* until the job is moved."""
        return cls((Stage(now, status, 100 if status in FINAL else 0),), now)

    def at(self, now: int) -> Stage:
        return self.stages[self._index(now)]

    def _index(self, now: int) -> int:
        return max(bisect_right(self.stages, (now, "~")) - 1, 0)  # "~" follows every status

    def next_after(self, now: int) -> int:
        """When the status changes, or the list begins to show the job; NEVER if neither will."""
        following = self._following(now)
        time = NEVER if following is None else following.time
        return min(time, self.listed) if self.listed > now else time

    def next_status(self, now: int) -> NextStatus | None:
        following = self._following(now)
        if following is None:
            return None
        return NextStatus(following.status, (following.time - now) / NANOSECONDS)

    def _following(self, now: int) -> Stage | None:
        """The first later stage with another status than the present one."""
        later = bisect_right(self.stages, (now, "~"))  # as in _index
        status = self.stages[max(later - 1, 0)].status
        return next((each for each in self.stages[later:] if each.status != status), None)

    def _past(self, now: int) -> tuple[Stage, ...]:
        return self.stages[: self._index(now) + 1]

    def started(self, now: int) -> int | None:
        """When the job began to run, if it has."""
        return next((stage.time for stage in self._past(now) if stage.status != "pending"), None)

    def ended(self, now: int) -> int | None:
        return next((stage.time for stage in self._past(now) if stage.status in FINAL), None)

    def moved(self, move: Move, now: int) -> "Timeline":
        """The timeline after a move by hand: it goes on from the first stage that fits *move*."""
        past = self._past(now)
        ahead = self.stages[len(past) - 1 :]
        present, *later = _onwards(ahead, now, move.status, move.progress or 0)
        if move.progress is not None:
            present = present._replace(progress=move.progress)
        if [stage.status for stage in past[-2:]] == [move.status] * 2:
            past = past[:-1]  # the stage before says when the status began
        return replace(
            self,
            stages=(*past, present, *later),
            result=self.result if move.result is UNSET else move.result,
            fail_reason=self.fail_reason if move.fail_reason is None else move.fail_reason,
        )

    def cancelled(self, now: int, delay: int, reason: str) -> "Timeline":
        """The timeline after a cancellation: the job fails after *delay*, if it has not ended."""
        if self.ended(now + delay) is not None:
            return self
        end = Stage(now + delay, "failed", 100)
        return replace(self, stages=(*self._past(now), end), fail_reason=reason, effect=None)

    def goes_through(self, status: JobStatus, now: int) -> bool:
        return any(stage.status == status for stage in self.stages[self._index(now) :])

    def remainder(self, now: int) -> Plan | UnsetType:
        """What remains, as the plan of a job that is submitted now; UNSET if nothing does."""
        present, *later = self.stages[self._index(now) :]
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


def timeline_of(job: Job, settings: Settings, edition: Edition, now: int) -> Timeline:
    """The timeline of *job* from *now* on: its plan from its status on, or that status forever."""
    if job.plan is UNSET:
        return Timeline.still(job.status, now)
    finished = settings.finished(job.request.command, edition)
    timeline = Timeline.of(plan_of(job.plan), finished, edition, now)
    return replace(timeline, stages=_onwards(timeline.stages, now, job.status))


Due = tuple[int, int, Timeline, list[int]]
"""At this time, the jobs with these numbers change, if they still have the timeline.

The timeline's id comes before it, so that timelines are never compared.
"""

Change = tuple[int, int, JobStatus, Timeline]
"""At this time, the job with this number gets the status, according to its timeline."""


def _onwards(
    stages: tuple[Stage, ...], now: int, status: JobStatus, progress: int = 0
) -> tuple[Stage, ...]:
    """*stages* from the first with this status and progress on, which begins *now*.

    If there is none, the job keeps the status.
    """
    for index, first in enumerate(stages):
        if first.status == status and first.progress >= progress:
            shift = now - first.time
            return tuple([stage._replace(time=shift + stage.time) for stage in stages[index:]])
    return Timeline.still(status, now).stages
