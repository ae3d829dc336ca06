"""Presets: named lists of fault rules, to see how an app copes with a bad day."""

from collections.abc import Mapping, Sequence
from typing import Final

from gesmock.faults.fault_rules import FaultRule, PresetName
from gesmock.faults.kinds import Delay, Drip, Error, Hang, Lognormal, Reset, Truncate

PRESETS: Final[Mapping[PresetName, Sequence[FaultRule]]] = {
    # A service that fails now and then, even after it did what was asked.
    "flaky": (
        FaultRule(preset="flaky", fault=Error(503), probability=0.1),
        FaultRule(preset="flaky", fault=Error(500), probability=0.05, phase="after"),
        FaultRule(preset="flaky", fault=Reset(), probability=0.02),
        FaultRule(preset="flaky", fault=Delay(lognormal=Lognormal(0.2, 0.8, 5.0))),
    ),
    # A service that takes its time.
    "slow": (
        FaultRule(preset="slow", fault=Delay(lognormal=Lognormal(1.5, 0.5, 10.0))),
        FaultRule(preset="slow", fault=Drip(5, 2.0), operation="list_jobs", probability=0.25),
    ),
    # A service that is down, and says when to try again.
    "down": (FaultRule(preset="down", fault=Error(503, headers={"Retry-After": "30"})),),
    # A phone on a train.
    "mobile": (
        FaultRule(preset="mobile", fault=Reset(), probability=0.02, phase="after"),
        FaultRule(preset="mobile", fault=Truncate(200), probability=0.02),
        FaultRule(preset="mobile", fault=Hang(), probability=0.01, phase="after"),
        FaultRule(preset="mobile", fault=Delay(lognormal=Lognormal(0.4, 1.0, 15.0))),
    ),
}
