"""gesmock: an in-memory fake of the job API of Huawei Cloud GES (Graph Engine Service)."""

from functools import cache
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:  # the public names; below, each is imported when it is asked for
    from gesmock.fake.clock import Clock as Clock
    from gesmock.fake.options import StartOptions as StartOptions
    from gesmock.fake.project import Cleared as Cleared
    from gesmock.faults import ArmedRule as ArmedRule
    from gesmock.faults import FaultRule as FaultRule
    from gesmock.faults import FaultRules as FaultRules
    from gesmock.faults.kinds import CapLimit as CapLimit
    from gesmock.faults.kinds import Close as Close
    from gesmock.faults.kinds import Delay as Delay
    from gesmock.faults.kinds import Drip as Drip
    from gesmock.faults.kinds import Error as Error
    from gesmock.faults.kinds import FinishJobs as FinishJobs
    from gesmock.faults.kinds import Garbage as Garbage
    from gesmock.faults.kinds import Hang as Hang
    from gesmock.faults.kinds import InsertJobs as InsertJobs
    from gesmock.faults.kinds import Lognormal as Lognormal
    from gesmock.faults.kinds import Malformed as Malformed
    from gesmock.faults.kinds import Outage as Outage
    from gesmock.faults.kinds import Ramp as Ramp
    from gesmock.faults.kinds import RemoveJobs as RemoveJobs
    from gesmock.faults.kinds import RepeatRow as RepeatRow
    from gesmock.faults.kinds import Reset as Reset
    from gesmock.faults.kinds import ShrinkTotal as ShrinkTotal
    from gesmock.faults.kinds import Throttle as Throttle
    from gesmock.faults.kinds import Truncate as Truncate
    from gesmock.faults.kinds import Uniform as Uniform
    from gesmock.journal.entries import Entry as Entry
    from gesmock.journal.journal import Journal as Journal
    from gesmock.journal.observations import Observation as Observation
    from gesmock.journal.verdict.findings import Finding as Finding
    from gesmock.journal.verdict.findings import VerdictConfig as VerdictConfig
    from gesmock.mock import GesMock as GesMock
    from gesmock.mock import NotStarted as NotStarted
    from gesmock.mock_project import MockProject as MockProject
    from gesmock.model.clock import ClockChange as ClockChange
    from gesmock.model.clock import Timing as Timing
    from gesmock.model.errors import Conflict as Conflict
    from gesmock.model.errors import ExpectationFailed as ExpectationFailed
    from gesmock.model.errors import GesError as GesError
    from gesmock.model.errors import GesmockError as GesmockError
    from gesmock.model.errors import InvalidInput as InvalidInput
    from gesmock.model.errors import NotFound as NotFound
    from gesmock.model.errors import TimedOut as TimedOut
    from gesmock.model.generators import Generator as Generator
    from gesmock.model.jobs import Job as Job
    from gesmock.model.plans import Plan as Plan
    from gesmock.model.plans import Step as Step
    from gesmock.model.rules import ArmedPlanRule as ArmedPlanRule
    from gesmock.model.rules import PlanRule as PlanRule
    from gesmock.model.rules import PlanRules as PlanRules
    from gesmock.model.settings import SettingChanges as SettingChanges
    from gesmock.model.settings import Settings as Settings
    from gesmock.model.timeline import Transition as Transition
    from gesmock.model.tokens import Token as Token
    from gesmock.model.types import JobStatus as JobStatus
    from gesmock.server.listener import CannotListen as CannotListen
    from gesmock.web.app import create_app as create_app
    from gesmock.web.service import NeedsSocket as NeedsSocket
else:

    @cache
    def _modules() -> dict[str, str]:
        """The module of each public name, as the imports above say."""
        import ast
        from pathlib import Path

        body = ast.parse(Path(__file__).read_bytes()).body
        [block] = [node for node in body if isinstance(node, ast.If)]
        return {name.name: line.module for line in block.body for name in line.names}

    def __getattr__(name: str) -> Any:
        if name == "__all__":
            return __dir__()
        if name not in _modules():
            raise AttributeError(f"module 'gesmock' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_modules()[name]), name)

    def __dir__() -> list[str]:
        return sorted([*_modules(), "__version__"])
