"""Faults: what can be made to go wrong, for which requests, and how often it did.

A new kind is a frozen struct with a ``kind`` tag of its own, added to the union ``Fault``.
"""

from gesmock.faults.alterations import Drip, Malformed, Truncate
from gesmock.faults.armed import ArmedRule
from gesmock.faults.conditions import Outage, Ramp, Throttle
from gesmock.faults.delays import Delay, Lognormal, Uniform
from gesmock.faults.deliverable import CanDeliver, check, check_all
from gesmock.faults.fault_rules import KINDS, Fault, FaultRule, PresetName
from gesmock.faults.kind import BELOW_HTTP, UNREADABLE, Kind, ListFault, Phase
from gesmock.faults.list_faults import (
    CapLimit,
    FinishJobs,
    InsertJobs,
    RemoveJobs,
    RepeatRow,
    ShrinkTotal,
)
from gesmock.faults.plan import FaultPlan, Fired
from gesmock.faults.presets import PRESETS
from gesmock.faults.stand_ins import NO_STATUS, Close, Error, Garbage, Hang, Reset

__all__ = [
    "BELOW_HTTP",
    "KINDS",
    "NO_STATUS",
    "PRESETS",
    "UNREADABLE",
    "ArmedRule",
    "CanDeliver",
    "CapLimit",
    "Close",
    "Delay",
    "Drip",
    "Error",
    "Fault",
    "FaultPlan",
    "FaultRule",
    "FinishJobs",
    "Fired",
    "Garbage",
    "Hang",
    "InsertJobs",
    "Kind",
    "ListFault",
    "Lognormal",
    "Malformed",
    "Outage",
    "Phase",
    "PresetName",
    "Ramp",
    "RemoveJobs",
    "RepeatRow",
    "Reset",
    "ShrinkTotal",
    "Throttle",
    "Truncate",
    "Uniform",
    "check",
    "check_all",
]
