"""gesmock: an in-memory fake of the job API of Huawei Cloud GES (Graph Engine Service)."""

from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from gesmock.fake.options import StartOptions
    from gesmock.fake.project import Cleared
    from gesmock.faults import ArmedRule, Error, FaultRule
    from gesmock.journal.entries import Entry
    from gesmock.journal.observations import Observation
    from gesmock.journal.verdict.config import VerdictConfig
    from gesmock.journal.verdict.findings import Finding
    from gesmock.mock import GesMock, NotStarted
    from gesmock.model.errors import (
        Conflict,
        ExpectationFailed,
        GesError,
        GesmockError,
        InvalidInput,
        NotFound,
        TimedOut,
    )
    from gesmock.model.jobs import Job
    from gesmock.model.plans import Plan, Step
    from gesmock.model.rules import ArmedPlanRule, PlanRule
    from gesmock.model.settings import Settings
    from gesmock.model.timeline import Transition
    from gesmock.model.types import JobStatus
    from gesmock.server.server import CannotListen
    from gesmock.web.app import create_app

__all__ = [
    "ArmedPlanRule",
    "ArmedRule",
    "CannotListen",
    "Cleared",
    "Conflict",
    "Entry",
    "Error",
    "ExpectationFailed",
    "FaultRule",
    "Finding",
    "GesError",
    "GesMock",
    "GesmockError",
    "InvalidInput",
    "Job",
    "JobStatus",
    "NotFound",
    "NotStarted",
    "Observation",
    "Plan",
    "PlanRule",
    "Settings",
    "StartOptions",
    "Step",
    "TimedOut",
    "Transition",
    "VerdictConfig",
    "__version__",
    "create_app",
]

_HOMES = {
    "ArmedRule": "gesmock.faults",
    "CannotListen": "gesmock.server.server",
    "Cleared": "gesmock.fake.project",
    "Conflict": "gesmock.model.errors",
    "Entry": "gesmock.journal.entries",
    "Error": "gesmock.faults",
    "FaultRule": "gesmock.faults",
    "Job": "gesmock.model.jobs",
    "JobStatus": "gesmock.model.types",
    "NotStarted": "gesmock.mock",
    "ArmedPlanRule": "gesmock.model.rules",
    "Plan": "gesmock.model.plans",
    "PlanRule": "gesmock.model.rules",
    "Finding": "gesmock.journal.verdict.findings",
    "Observation": "gesmock.journal.observations",
    "Settings": "gesmock.model.settings",
    "VerdictConfig": "gesmock.journal.verdict.config",
    "StartOptions": "gesmock.fake.options",
    "Step": "gesmock.model.plans",
    "TimedOut": "gesmock.model.errors",
    "Transition": "gesmock.model.timeline",
    "NotFound": "gesmock.model.errors",
    "ExpectationFailed": "gesmock.model.errors",
    "GesMock": "gesmock.mock",
    "create_app": "gesmock.web.app",
    "GesError": "gesmock.model.errors",
    "GesmockError": "gesmock.model.errors",
    "InvalidInput": "gesmock.model.errors",
}


if not TYPE_CHECKING:  # else a type checker would take any name

    def __getattr__(name: str) -> Any:
        """Import what is asked for only then: the pytest plugin must cost a run nothing."""
        if name not in _HOMES:
            raise AttributeError(f"module 'gesmock' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)

    def __dir__() -> list[str]:
        return __all__
