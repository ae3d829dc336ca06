"""What can go wrong: the kinds of fault, the rules that say which requests they hit, and presets.

Imports ``model`` only. A new kind is a frozen struct in ``kinds`` and a member of its unions.
"""

from gesmock.faults.fault_rules import PRESETS, CanDeliver, FaultRule, PresetName, check
from gesmock.faults.kinds import (
    BELOW_HTTP,
    KINDS,
    NO_STATUS,
    UNREADABLE,
    Error,
    Fault,
    ListFault,
    Truncate,
)
from gesmock.faults.rules import ArmedRule, FaultRules, MatchedFault

__all__ = [
    "BELOW_HTTP",
    "KINDS",
    "NO_STATUS",
    "PRESETS",
    "UNREADABLE",
    "ArmedRule",
    "CanDeliver",
    "Error",
    "Fault",
    "FaultRule",
    "FaultRules",
    "ListFault",
    "MatchedFault",
    "PresetName",
    "Truncate",
    "check",
]
