"""What each call of the control API takes and gives: the table that its document is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from gesmock.fake.fixtures import ListAnswer, State
from gesmock.fake.project import Cleared
from gesmock.fake.provider_states import ProviderState
from gesmock.faults import FaultRule
from gesmock.journal.filters import Assertion
from gesmock.journal.observations import Seen
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.model.clock import ClockChange, Timing
from gesmock.model.generators import Generator
from gesmock.model.jobs import Move
from gesmock.model.rules import PlanRule
from gesmock.model.settings import Settings
from gesmock.web import control_answers as answers
from gesmock.web import control_bodies as bodies


@dataclass(frozen=True, slots=True)
class Told:
    """What a call does, the *body* and *query* it takes, and the *answer* it gives.

    Without an *answer*, it is any object. *missing* tells whether what it is about may be unknown.
    """

    summary: str
    answer: type[Struct] | None
    body: tuple[type[Struct], ...] = ()
    query: type[Struct] | None = None
    status: int = 200
    missing: bool = False


CALLS: Final[Mapping[tuple[str, str], Told]] = {
    ("GET", "health"): Told("Whether it is ready", answers.Health),
    ("GET", "openapi.json"): Told("This document", None),
    ("POST", "reset"): Told("Back to the start state", Cleared),
    ("POST", "provider-states"): Told(
        "Prepare a state, as a Pact verifier asks for it",
        answers.Prepared,
        (ProviderState,),
        missing=True,
    ),
    ("GET", "state"): Told("Export the project", State),
    ("PUT", "state"): Told("Load a project", answers.Loaded, (State, ListAnswer)),
    ("GET", "jobs"): Told("List jobs", answers.PlacedJobs, query=bodies.JobFilter, missing=True),
    ("POST", "jobs"): Told(
        "Add a job", bodies.PlacedJob, (bodies.PlacedJob,), status=201, missing=True
    ),
    ("GET", "jobs/<path:job_id>"): Told(
        "Show a job, or wait for it", bodies.PlacedJob, query=bodies.WantedJob, missing=True
    ),
    ("PATCH", "jobs/<path:job_id>"): Told(
        "Move a job", bodies.PlacedJob, (Move,), bodies.InGraph, missing=True
    ),
    ("DELETE", "jobs/<path:job_id>"): Told(
        "Remove a job", bodies.PlacedJob, query=bodies.InGraph, missing=True
    ),
    ("GET", "graphs"): Told("List graphs", answers.DescribedGraphs),
    ("PUT", "graphs/<graph>"): Told(
        "Make a graph, or change its edition", answers.DescribedGraph, (bodies.GraphChange,)
    ),
    ("POST", "generate"): Told("Generate jobs", answers.Generated, (Generator,)),
    ("GET", "clock"): Told("Read the clock", Timing),
    ("PATCH", "clock"): Told("Move the clock", answers.MovedClock, (ClockChange,)),
    ("GET", "plans"): Told("List plan rules", answers.RulesInForce),
    ("POST", "plans"): Told("Arm a plan rule", answers.RuleInForce, (PlanRule,), status=201),
    ("DELETE", "plans"): Told("Disarm every plan rule", answers.Disarmed, query=bodies.Nothing),
    ("GET", "plans/<plan_id>"): Told("Show a plan rule", answers.RuleInForce, missing=True),
    ("DELETE", "plans/<plan_id>"): Told("Disarm a plan rule", answers.RuleInForce, missing=True),
    ("GET", "faults"): Told("List fault rules", answers.ArmedFaultBodies),
    ("POST", "faults"): Told("Arm a fault rule", answers.ArmedFaultBody, (FaultRule,), status=201),
    ("DELETE", "faults"): Told("Disarm every fault rule", answers.Disarmed, query=bodies.Nothing),
    ("GET", "faults/<fault_id>"): Told("Show a fault rule", answers.ArmedFaultBody, missing=True),
    ("PATCH", "faults/<fault_id>"): Told(
        "Change a fault rule", answers.ArmedFaultBody, (answers.FaultRuleChange,), missing=True
    ),
    ("DELETE", "faults/<fault_id>"): Told(
        "Disarm a fault rule", answers.ArmedFaultBody, missing=True
    ),
    ("GET", "preset"): Told("What the preset is", answers.KnownPreset),
    ("PUT", "preset"): Told("Change the preset", answers.SetPreset, (bodies.PresetBody,)),
    ("GET", "journal"): Told("What was asked", answers.Entries, query=bodies.AwaitedEntries),
    ("DELETE", "journal"): Told(
        "Forget what was asked", answers.ClearedEntries, query=bodies.Nothing
    ),
    ("POST", "journal/assert_called"): Told(
        "Have it that requests were made", answers.FoundEntries, (Assertion,)
    ),
    ("GET", "journal/har"): Told("The journal as an HTTP archive", None, query=bodies.Nothing),
    ("GET", "findings"): Told(
        "What is found of the client", answers.FindingsBody, query=bodies.WantedFindings
    ),
    ("GET", "report"): Told("The whole verdict", None, query=bodies.Nothing),
    ("GET", "seen/<path:job_id>"): Told(
        "What a job went through, and what was shown of it",
        Seen,
        query=bodies.WantedSights,
        missing=True,
    ),
    ("GET", "verdict"): Told("What the client is held to", VerdictConfig, query=bodies.Nothing),
    ("PATCH", "verdict"): Told(
        "Hold the client to something else", VerdictConfig, (VerdictConfig,)
    ),
    ("GET", "settings"): Told("Read the settings", Settings),
    ("PATCH", "settings"): Told("Change settings", Settings, (Settings,)),
}
