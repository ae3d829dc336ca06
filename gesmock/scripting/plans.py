"""The plan rules, as a test scripts them."""

from collections.abc import Iterator, Mapping
from typing import Any

from gesmock.fake.fake import Fake
from gesmock.model import validation
from gesmock.model.plan_rules import ArmedPlanRule, PlanRule, PlanRules
from gesmock.model.plans import AnyPlan


class Plans:
    """The plan rules of the default project, whichever that is when it is used."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    @property
    def _rules(self) -> PlanRules:
        return self._fake.default.plans

    def arm(
        self,
        rule: PlanRule | Mapping[str, Any] | None = None,
        *,
        plan: AnyPlan | Mapping[str, Any] | None = None,
        command: str | None = None,
        graph: str | None = None,
        times: int | None = None,
        **fields: Any,
    ) -> ArmedPlanRule:
        """Let the next *times* submitted jobs (default: all) live by *plan*.

        Only those with this *command*, or of this *graph*, where they are given. *plan* is the name
        of one (``normal`` where only other *fields* are given, such as ``running_s=60``), or a
        whole ``Plan``. A whole rule, as in a fixture, may stand in the place of the rest. Raises
        InvalidInput, with nothing armed.
        """
        if rule is not None:
            if (plan, command, graph, times, fields) != (None, None, None, None, {}):
                raise TypeError("give either a rule, or what it is to be made of")
            return self._rules.arm(validation.read_python(rule, PlanRule, "plan rule"))
        given = {"command": command, "graph": graph, "times": times}
        if plan is not None or fields:
            given["plan"] = _planned(plan or "normal", fields)
        return self._rules.arm(validation.read_python(given, PlanRule, "plan rule"))

    def disarm(self, *rules: ArmedPlanRule | str) -> None:
        """Take *rules* (what ``arm`` returned, or an id) out of force; all where none is given.

        Raises NotFound where there is no such one.
        """
        if not rules:
            self._rules.disarm_all()
        for rule in rules:
            self._rules.disarm(rule)

    def __iter__(self) -> Iterator[ArmedPlanRule]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)


def _planned(plan: AnyPlan | Mapping[str, Any], fields: Mapping[str, Any]) -> Any:
    """*plan*, with other *fields* where there are any, as a fixture has it."""
    if not fields:
        return plan
    if isinstance(plan, str):
        return {"name": plan, **fields}
    return {**validation.read_python(plan, dict[str, Any], "plan"), **fields}
