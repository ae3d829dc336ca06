"""What the calls of the control API answer, as structs: the document describes them by these."""

from msgspec import Struct

from gesmock.faults import FaultRule, PresetName
from gesmock.journal.entries import Entry
from gesmock.journal.verdict.findings import Finding
from gesmock.model.clock import Timing
from gesmock.model.rules import PlanRule
from gesmock.model.timeline import Transition
from gesmock.model.types import Edition
from gesmock.web.control_bodies import PlacedJob


class Health(Struct, frozen=True, forbid_unknown_fields=True):
    """That it is *ready*, and what is."""

    ready: bool
    version: str
    epoch: int
    project_id: str


class Loaded(Struct, frozen=True, forbid_unknown_fields=True):
    """What was *loaded*, in words."""

    loaded: str


class Prepared(Struct, frozen=True, forbid_unknown_fields=True):
    """What a provider state has made of the project: its graphs, and what was *loaded*, in words.

    *graph_name* is its first graph.
    """

    project_id: str
    graph_name: str
    graphs: list[str]
    loaded: str


class PlacedJobs(Struct, frozen=True, forbid_unknown_fields=True):
    """Jobs, and how many: *total*."""

    jobs: list[PlacedJob]
    total: int


class DescribedGraph(Struct, frozen=True, forbid_unknown_fields=True):
    """A *graph*, its edition, and how many *jobs* it has."""

    graph: str
    edition: Edition
    jobs: int


class DescribedGraphs(Struct, frozen=True, forbid_unknown_fields=True):
    """Every graph of a project."""

    graphs: list[DescribedGraph]


class Generated(Struct, frozen=True, forbid_unknown_fields=True):
    """How many jobs were *generated* in *graph*, and how many it has now: *total*."""

    graph: str
    generated: int
    total: int


class ArmedFaultBody(FaultRule, frozen=True, kw_only=True, omit_defaults=True):
    """A fault rule in force: *calls* that met it, its *fires*, and how many are *left*, if finite.

    It has either a fault or a script, as a fault rule has.
    """

    id: str
    calls: int
    fires: int
    left: int | None


class ArmedFaultBodies(Struct, frozen=True, forbid_unknown_fields=True):
    """Every fault rule in force, also the spent ones."""

    faults: list[ArmedFaultBody]


class FaultRuleChange(FaultRule, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be otherwise about a fault rule; the rest stays."""


class KnownPreset(Struct, frozen=True, forbid_unknown_fields=True):
    """What the *preset* is, if it is not fair, and what each of those that are *known* arms."""

    preset: PresetName | None
    known: dict[str, list[FaultRule]]


class SetPreset(Struct, frozen=True, forbid_unknown_fields=True):
    """What the *preset* is now, and the *faults* that it has armed."""

    preset: PresetName | None
    faults: list[ArmedFaultBody]


class RuleInForce(PlanRule, frozen=True, kw_only=True):
    """An armed plan rule: its *uses*, and how many are *remaining*, if finite."""

    id: str
    uses: int
    remaining: int | None


class RulesInForce(Struct, frozen=True, forbid_unknown_fields=True):
    """Every plan rule in force, also the spent ones."""

    plans: list[RuleInForce]


class Disarmed(Struct, frozen=True, forbid_unknown_fields=True):
    """How many were taken out of force."""

    disarmed: int


class MovedClock(Timing, frozen=True, kw_only=True):
    """What the clock says now, and which *transitions* the change has caused."""

    transitions: list[Transition]


class Entries(Struct, frozen=True, forbid_unknown_fields=True):
    """Journal entries, how many: *total*, and how many were *dropped* to make room.

    *count* is the number of the last request.
    """

    entries: list[Entry]
    total: int
    dropped: int
    count: int


class FoundEntries(Struct, frozen=True, forbid_unknown_fields=True):
    """The journal entries that were meant."""

    entries: list[Entry]


class FindingsBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What was found, how much: *total*, and how much of it fails a strict test: *failing*."""

    findings: list[Finding]
    total: int
    failing: int


class ClearedEntries(Struct, frozen=True, forbid_unknown_fields=True):
    """How many entries were forgotten."""

    cleared: int


class InputErrorBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Where something is wrong, and what was seen and would be right."""

    path: str
    message: str


class Refused(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Why a call was refused, and, of wrong input, every error."""

    error: str
    errors: list[InputErrorBody] = []
