"""Plan rules: which plan a submitted job gets."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from gesmock.model import documentation
from gesmock.model.names import GraphName
from gesmock.model.plans import AnyPlan, Plan, plan_of
from gesmock.model.rules import Rules

_COMMANDS: Final = tuple(dict.fromkeys(row.command for row in documentation.operations()))

Command = Annotated[
    str,
    Meta(
        pattern=f"^({'|'.join(_COMMANDS)})(?![\\s\\S])",
        description=f"one of {', '.join(_COMMANDS)}",
    ),
]


class PlanRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """The *plan* of the next *times* submitted jobs (default: of all).

    Only of those with this *command*, or of this *graph*, where they are given.
    """

    plan: AnyPlan
    command: Command | None = None
    graph: GraphName | None = None
    times: Annotated[int, Meta(ge=1)] | None = None


@dataclass(slots=True)
class ArmedPlanRule:
    """A plan rule in force, and how many jobs have their plan from it."""

    id: str
    rule: PlanRule
    uses: int = 0

    @property
    def given(self) -> PlanRule:
        """The rule."""
        return self.rule

    @property
    def tried(self) -> bool:
        """Whether a job has come that it is for."""
        return self.uses > 0

    @property
    def left(self) -> int | None:
        """For how many jobs it still is; None: without end."""
        return None if self.rule.times is None else self.rule.times - self.uses

    def is_for(self, command: str, graph: str) -> bool:
        """Whether a job with this *command* in this *graph* gets its plan from it."""
        rule = self.rule
        return rule.command in (None, command) and rule.graph in (None, graph) and self.left != 0

    def rest(self) -> PlanRule | None:
        """What is left of it, as a rule; None where it is spent."""
        return None if self.left == 0 else msgspec.structs.replace(self.rule, times=self.left)

    def as_json(self) -> dict[str, Any]:
        """The rule as it was given, with its id, its uses and what is left."""
        given = msgspec.to_builtins(self.rule)
        return {"id": self.id, **given, "uses": self.uses, "left": self.left}

    def __str__(self) -> str:
        return f"{self.id} {msgspec.json.encode(self.rule).decode()}"


class PlanRules(Rules[ArmedPlanRule]):
    """The plan rules of one project; the first that is for a job gives it its plan."""

    noun = "plan"
    letter = "p"

    def reset(self, rules: Iterable[PlanRule]) -> None:
        """Arm *rules* instead of all there are; ids start again."""
        with self._lock:
            self._clear()
            for rule in rules:
                self.arm(rule)

    def arm(self, rule: PlanRule) -> ArmedPlanRule:
        """Put *rule* in force, behind those already armed, under an id of its own."""
        with self._lock:
            armed = ArmedPlanRule(self._next_id(), rule)
            self._armed[armed.id] = armed
            return armed

    def take(self, command: str, graph: str) -> Plan:
        """The plan of a job that is submitted now; ``normal`` where no rule is for it."""
        with self._lock:
            for armed in self._armed.values():
                if armed.is_for(command, graph):
                    armed.uses += 1
                    return plan_of(armed.rule.plan)
            return Plan(name="normal")
