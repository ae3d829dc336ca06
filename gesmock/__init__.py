"""gesmock: an in-memory fake of the job API of Huawei Cloud GES (Graph Engine Service)."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from gesmock.entries import Entry
    from gesmock.epochs import Cleared
    from gesmock.errors import (
        Conflict,
        GesError,
        GesmockError,
        InvalidInput,
        TimedOut,
        Unknown,
        Unmet,
    )
    from gesmock.faults import Armed, Error, Injection
    from gesmock.httpd.listener import CannotListen
    from gesmock.jobs import Job
    from gesmock.life import Transition
    from gesmock.mock import GesMock, NotStarted
    from gesmock.plan_rules import ArmedPlan, PlanRule
    from gesmock.plans import Plan, Step
    from gesmock.settings import Settings
    from gesmock.start import StartOptions
    from gesmock.statuses import JobStatus
    from gesmock.verdict.findings import Finding
    from gesmock.verdict.seen import Seen
    from gesmock.verdict.standard import Standard
    from gesmock.web.app import create_app

__all__ = [
    "Armed",
    "ArmedPlan",
    "CannotListen",
    "Cleared",
    "Conflict",
    "Entry",
    "Error",
    "Finding",
    "GesError",
    "GesMock",
    "GesmockError",
    "Injection",
    "InvalidInput",
    "Job",
    "JobStatus",
    "NotStarted",
    "Plan",
    "PlanRule",
    "Seen",
    "Settings",
    "Standard",
    "StartOptions",
    "Step",
    "TimedOut",
    "Transition",
    "Unknown",
    "Unmet",
    "__version__",
    "create_app",
]

_HOMES = {
    "Armed": "gesmock.faults",
    "CannotListen": "gesmock.httpd.listener",
    "Cleared": "gesmock.epochs",
    "Conflict": "gesmock.errors",
    "Entry": "gesmock.entries",
    "Error": "gesmock.faults",
    "Injection": "gesmock.faults",
    "Job": "gesmock.jobs",
    "JobStatus": "gesmock.statuses",
    "NotStarted": "gesmock.mock",
    "ArmedPlan": "gesmock.plan_rules",
    "Plan": "gesmock.plans",
    "PlanRule": "gesmock.plan_rules",
    "Finding": "gesmock.verdict.findings",
    "Seen": "gesmock.verdict.seen",
    "Settings": "gesmock.settings",
    "Standard": "gesmock.verdict.standard",
    "StartOptions": "gesmock.start",
    "Step": "gesmock.plans",
    "TimedOut": "gesmock.errors",
    "Transition": "gesmock.life",
    "Unknown": "gesmock.errors",
    "Unmet": "gesmock.errors",
    "GesMock": "gesmock.mock",
    "create_app": "gesmock.web.app",
    "GesError": "gesmock.errors",
    "GesmockError": "gesmock.errors",
    "InvalidInput": "gesmock.errors",
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
