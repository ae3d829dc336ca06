"""What can go wrong: the kinds of fault, the rules that say which requests they hit, and presets.

Imports ``model`` only. A new kind is a frozen struct in ``kinds`` and a member of ``Fault``.
"""

from gesmock.faults.armed import ArmedRule, MatchedFault
from gesmock.faults.fault_rules import CanDeliver, FaultRule, PresetName, check, check_all
from gesmock.faults.kinds import BELOW_HTTP, KINDS, NO_STATUS, UNREADABLE, Error, Fault, ListFault
from gesmock.faults.presets import PRESETS
from gesmock.faults.rules import FaultRules

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
    "check",
    "check_all",
]
