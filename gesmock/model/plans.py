"""Plans: how a job progresses, in seconds after its submission, for any job and any clock."""

from collections.abc import Mapping
from math import inf
from typing import Annotated, Any, Final, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

from gesmock.model.clock import Seconds
from gesmock.model.types import FINAL, MOVES, Edition, GoodEnd, JobStatus

Percent = Annotated[int, Meta(ge=0, le=100)]

PlannedStatus = Annotated[
    Literal[JobStatus, "finished"],
    Meta(description=f"one of {', '.join((*get_args(JobStatus), 'finished'))}"),
]

PlanName = Literal[
    "instant",
    "normal",
    "slow",
    "stuck_pending",
    "stuck_at_99",
    "fails_early",
    "fails_late",
    "partial",
    "never_listed_for_s",
]


class Step(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """*after_s* seconds after its submission, a job has this *status* and *progress* (in percent).

    ``finished`` means ``complete`` or ``success``, depending on the job's command. The progress
    defaults to 100 in a final status and to 0 in any other.
    """

    after_s: Annotated[float, Meta(ge=0, le=1e10)]  # pending and running may both take 1e9
    status: PlannedStatus
    progress: Percent | None = None


# For how long a job is pending and running, how far it gets, and its end.
_NAMED: Final[Mapping[PlanName, tuple[float, float, int, PlannedStatus]]] = {
    "instant": (0, 0, 100, "finished"),
    "normal": (2, 8, 100, "finished"),
    "slow": (30, 570, 100, "finished"),
    "stuck_pending": (inf, 0, 0, "pending"),
    "stuck_at_99": (2, 8, 99, "running"),
    "fails_early": (2, 1, 10, "failed"),
    "fails_late": (2, 8, 95, "failed"),
    "partial": (2, 8, 100, "partiallyFailed"),
    "never_listed_for_s": (2, 8, 100, "finished"),
}


class Plan(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """How a job progresses.

    Either a named plan (default: ``normal``), with other *pending_s* and *running_s* if given, or
    *steps* of its own, in order of time. The list does not show the job for the first
    *never_listed_for_s* seconds. *finished* is the status of success (default: by the job's
    command). *result* is what the job's status shows under ``data`` on success, *fail_reason* why
    it failed; both default to something that fits the job.
    """

    name: PlanName | None = None
    pending_s: Seconds | None = None
    running_s: Seconds | None = None
    steps: Annotated[list[Step], Meta(min_length=1)] | None = None
    never_listed_for_s: Seconds | None = None
    finished: GoodEnd | None = None
    result: dict[str, Any] | UnsetType = UNSET
    fail_reason: str | None = None

    def __post_init__(self) -> None:
        if self.name == "stuck_pending" and (self.pending_s, self.running_s) != (None, None):
            raise ValueError("stuck_pending takes neither pending_s nor running_s: it never runs")
        if self.steps is None:
            return
        if (self.name, self.pending_s, self.running_s) != (None, None, None):
            raise ValueError("a plan has its own steps, or a name with pending_s and running_s")
        for before, step in zip(self.steps, self.steps[1:], strict=False):
            if step.after_s < before.after_s:
                raise ValueError(
                    f"steps: {step.after_s} s comes after a step at {before.after_s} s, but is "
                    "earlier; after_s counts from the submission of the job"
                )
            # The same statuses may follow ``success`` and ``complete``.
            was, status = (
                "success" if each.status == "finished" else each.status for each in (before, step)
            )
            if status not in MOVES[was] and not was == status == "pending":
                raise ValueError(f"steps: {step.status} cannot follow {before.status}")

    def stages(self, finished: GoodEnd, edition: Edition) -> list[tuple[float, JobStatus, int]]:
        """The seconds after submission, status and progress of each stage of a job.

        *finished* is the status of success unless the plan has its own. A job starts out
        ``pending``, if only for a moment. Inferred: ``partiallyFailed``, which the database
        edition lacks, is ``failed`` there.
        """
        ends: dict[str, Any] = {"finished": self.finished or finished}
        if edition == "database":
            ends["partiallyFailed"] = "failed"
        steps = self._steps()
        if steps[0][:2] != (0, "pending"):
            steps.insert(0, (0, "pending", 0))
        stages: list[tuple[float, JobStatus, int]] = []
        for after_s, planned, progress in steps:
            status = ends.get(planned, planned)
            implied = 100 if status in FINAL else 0
            stages.append((after_s, status, implied if progress is None else progress))
        return stages

    def _steps(self) -> list[tuple[float, PlannedStatus, int | None]]:
        """Its own steps, or those of its named plan."""
        if self.steps is not None:
            return [(step.after_s, step.status, step.progress) for step in self.steps]
        pending_s, running_s, progress, end = _NAMED[self.name or "normal"]
        if end == "pending":
            return [(0, end, 0)]
        pending_s = pending_s if self.pending_s is None else self.pending_s
        running_s = running_s if self.running_s is None else self.running_s
        quarters: list[tuple[float, PlannedStatus, int | None]] = [
            (pending_s + running_s * part / 4, "running", progress * part // 4) for part in range(4)
        ]
        last = pending_s + running_s, end, progress if end == "running" else None
        return [(0, "pending", 0), *quarters, last]


AnyPlan = PlanName | Plan
"""A plan, or the name of one."""


def plan_of(plan: AnyPlan) -> Plan:
    """*plan*, or the plan of this name."""
    return plan if isinstance(plan, Plan) else Plan(name=plan)
