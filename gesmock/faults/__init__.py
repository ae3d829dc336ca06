"""Faults: what can be made to go wrong, for which requests, and how often it did.

A new kind is a frozen struct with a ``kind`` tag of its own, added to the union ``Fault``.
"""

from gesmock.faults.alterations import Drip, Malformed, Truncate
from gesmock.faults.armed import Armed
from gesmock.faults.conditions import Outage, Ramp, Throttle
from gesmock.faults.delays import Delay, Lognormal, Uniform
from gesmock.faults.deliverable import CanDeliver, check, check_all
from gesmock.faults.hazards import (
    CapLimit,
    FinishJobs,
    InsertJobs,
    RemoveJobs,
    RepeatRow,
    ShrinkTotal,
)
from gesmock.faults.injections import KINDS, Fault, Injection, WeatherName
from gesmock.faults.kind import Hazard, Kind, Phase
from gesmock.faults.plan import FaultPlan, Fired
from gesmock.faults.stand_ins import NO_STATUS, Close, Error, Garbage, Hang, Reset
from gesmock.faults.weather import WEATHER

__all__ = [
    "KINDS",
    "NO_STATUS",
    "WEATHER",
    "Armed",
    "CanDeliver",
    "CapLimit",
    "Close",
    "Delay",
    "Drip",
    "Error",
    "Fault",
    "FaultPlan",
    "FinishJobs",
    "Fired",
    "Garbage",
    "Hang",
    "Hazard",
    "Injection",
    "InsertJobs",
    "Kind",
    "Lognormal",
    "Malformed",
    "Outage",
    "Phase",
    "Ramp",
    "RemoveJobs",
    "RepeatRow",
    "Reset",
    "ShrinkTotal",
    "Throttle",
    "Truncate",
    "Uniform",
    "WeatherName",
    "check",
    "check_all",
]
