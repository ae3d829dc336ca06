"""Rules: armed one after the other and matched in that order; and the plan rules of a project."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import RLock
from typing import Annotated, Any, ClassVar, Final, Generic, Protocol, TypeVar

import msgspec
from msgspec import Meta, Struct

from gesmock.model import documentation, validation
from gesmock.model.errors import Conflict, NotFound, listed, shortened
from gesmock.model.job_kinds import ALGORITHMS, UNSEEN_REASON
from gesmock.model.plans import AnyPlan, Plan, Step, plan_of
from gesmock.model.types import Edition, GoodEnd, GraphName

_COMMANDS: Final = tuple(dict.fromkeys(row.command for row in documentation.submissions()))

Command = Annotated[
    str,
    Meta(
        pattern=f"^({'|'.join(_COMMANDS)})(?![\\s\\S])",
        description=f"one of {', '.join(_COMMANDS)}",
    ),
]

MOST_RULES: Final = 50_000
"""How many rules of one kind a project may have armed."""

_NORMAL: Final = Plan(name="normal")


class _Armed(Protocol):
    """A dataclass. *identity* is the same object in all copies; *tried*: it could have applied."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> str: ...
    @property
    def tried(self) -> bool: ...
    @property
    def identity(self) -> object: ...


A = TypeVar("A", bound=_Armed)


class Rules(Generic[A]):
    """The armed rules of one kind, in the order in which they were armed.

    Methods may be called from any thread; *lock* is the project's. Rules are handed out as copies,
    which do not change afterwards.
    """

    _noun: ClassVar[str]  # what messages call a rule
    _letter: ClassVar[str]  # what ids start with

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._armed: dict[str, A] = {}
        self._by_subject: dict[str | None, dict[str, A]] = {}  # filled on demand
        self._count = 0
        self.changes = 0
        """How often rules were armed, changed, disarmed or matched."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self)} armed>"

    def __len__(self) -> int:
        return len(self._armed)

    def __iter__(self) -> Iterator[A]:
        return iter(self.armed())

    def armed(self) -> list[A]:
        """Every armed rule, those with no uses remaining included."""
        with self._lock:
            return [self._copy(armed) for armed in self._armed.values()]

    def untried(self) -> list[A]:
        return [armed for armed in self.armed() if not armed.tried]

    def find(self, id: str) -> A:
        """The rule with this id; NotFound, naming the armed ones, if there is none."""
        with self._lock:
            return self._copy(self._get(id))

    def disarm(self, *rules: A | str) -> list[A]:
        """Disarm *rules* (what ``arm`` returned, or ids), or all if called without any.

        Returns the disarmed rules. Raises NotFound, with nothing disarmed.
        """
        with self._lock:
            disarmed = [self._get(rule) for rule in rules] if rules else [*self._armed.values()]
            for armed in disarmed:
                self._drop(armed)
            return disarmed

    def _clear(self) -> None:
        self._armed.clear()
        self._by_subject.clear()
        self._count = 0
        self.changes += 1

    def _next_id(self) -> str:
        self._count += 1
        return f"{self._letter}{self._count}"

    def _add(self, armed: A) -> None:
        """Append a rule; raises Conflict if there are ``MOST_RULES``."""
        if len(self._armed) >= MOST_RULES:
            raise Conflict(
                f"{MOST_RULES} {self._noun}s are armed, the most a project may have; disarm some"
            )
        self._armed[armed.id] = armed
        self._index(armed)
        self.changes += 1

    def _drop(self, armed: A) -> None:
        if self._armed.pop(armed.id, None) is not None:
            self.changes += 1
            for rules in self._by_subject.values():
                rules.pop(armed.id, None)

    @abstractmethod
    def _subject(self, armed: A) -> str | None:
        """The operation or command that a rule is for; None: any."""

    def _index(self, armed: A) -> None:
        subject = self._subject(armed)
        if subject is None:
            for rules in self._by_subject.values():
                rules[armed.id] = armed
        elif subject in self._by_subject:
            self._by_subject[subject][armed.id] = armed

    def _about(self, subject: str | None) -> Iterable[A]:
        """The rules for *subject*, and those for any, in the order in which they were armed."""
        if subject not in self._by_subject:
            self._by_subject[subject] = {
                armed.id: armed
                for armed in self._armed.values()
                if self._subject(armed) in (None, subject)
            }
        return self._by_subject[subject].values()

    def concern(self, subject: str | None) -> bool:
        """Whether an armed rule may match *subject*; hold the lock."""
        return bool(self._armed and self._about(subject))

    def _get(self, rule: A | str) -> A:
        name = getattr(rule, "id", rule)
        armed = self._armed.get(name) if isinstance(name, str) else None
        # Ids start again after a reset: a rule from before is not the one that has its id now.
        if armed is None or not (isinstance(rule, str) or armed.identity is rule.identity):
            ids = listed(self._armed) or "none"
            wrong = shortened(name) if isinstance(name, str) else name
            raise NotFound(f"no {self._noun} has the id {wrong!r}; armed: {ids}")
        return armed

    def _copy(self, armed: A) -> A:
        return replace(armed)


class PlanRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Gives the next *times* submitted jobs (default: all) this *plan*.

    With a *command* or *graph*, it applies only to jobs with that command or in that graph.
    """

    plan: AnyPlan
    command: Command | None = None
    graph: GraphName | None = None
    times: Annotated[int, Meta(ge=1)] | None = None

    def may_show_reason(self, editions: Collection[Edition]) -> bool:
        """Whether graphs of these *editions* can show the fail reason of the plan, if any."""
        if plan_of(self.plan).fail_reason is None or "memory" in editions:
            return True
        return self.command in (None, *ALGORITHMS)


@dataclass(slots=True)
class ArmedPlanRule:
    """An armed plan rule; *uses* counts the jobs that got their plan from it."""

    id: str
    rule: PlanRule
    uses: int = 0

    @property
    def identity(self) -> object:
        return self.rule

    @property
    def tried(self) -> bool:
        return self.uses > 0

    @property
    def remaining(self) -> int | None:
        """For how many more jobs it holds; None for any number."""
        return None if self.rule.times is None else self.rule.times - self.uses

    def matches(self, command: str, graph: str) -> bool:
        rule = self.rule
        matches = rule.command in (None, command) and rule.graph in (None, graph)
        return matches and self.remaining != 0

    def remainder(self) -> PlanRule | None:
        """A rule for the remaining jobs; None if there are none."""
        rule = msgspec.structs.replace(self.rule, times=self.remaining)
        return None if self.remaining == 0 else rule

    def as_json(self) -> dict[str, Any]:
        rule = msgspec.to_builtins(self.rule)
        return {"id": self.id, **rule, "uses": self.uses, "remaining": self.remaining}

    def __str__(self) -> str:
        return f"{self.id} {msgspec.json.encode(self.rule).decode()}"


class PlanRules(Rules[ArmedPlanRule]):
    """The plan rules of a project. A submitted job gets its plan from the first that matches."""

    _noun = "plan"
    _letter = "p"

    def __init__(self, lock: RLock, may_show: Callable[[PlanRule], bool] = lambda _: True) -> None:
        super().__init__(lock)
        self._may_show = may_show

    def _subject(self, armed: ArmedPlanRule) -> str | None:
        return armed.rule.command

    def arm(
        self,
        rule: PlanRule | Mapping[str, Any] | None = None,
        *,
        plan: AnyPlan | Mapping[str, Any] | None = None,
        command: str | None = None,
        graph: str | None = None,
        times: int | None = None,
        pending_s: float | None = None,
        running_s: float | None = None,
        steps: Sequence[Step | Mapping[str, Any]] | None = None,
        never_listed_for_s: float | None = None,
        finished: GoodEnd | None = None,
        result: Mapping[str, Any] | None = None,
        fail_reason: str | None = None,
    ) -> ArmedPlanRule:
        """Give the next *times* submitted jobs (default: all) this *plan*.

        With a *command* or *graph*, it applies only to jobs with that command or in that graph.
        *plan* is a name or a ``Plan``; the arguments after *times* replace fields of it, or of
        ``normal`` if it is left out. To arm a whole rule, as in a fixture file, pass it as *rule*.
        Raises InvalidInput, or Conflict if no job that the plan is for can show its *fail_reason*.
        """
        passed = {name: value for name, value in locals().items() if value is not None}
        own: dict[str, Any] = {
            name: passed[name] for name in ("command", "graph", "times") if name in passed
        }
        fields = {name: passed[name] for name in Plan.__struct_fields__ if name in passed}
        if fields:
            if plan is None or isinstance(plan, str):
                fields["name"] = plan or "normal"
            else:
                fields = validation.read_python(plan, dict[str, Any], "plan") | fields
            plan = fields
        if rule is None:
            rule = own if plan is None else {"plan": plan, **own}
        elif plan is not None or own:
            raise TypeError("pass either a rule or its fields")
        checked = validation.read_python(rule, PlanRule, "plan rule")
        with self._lock:
            if not self._may_show(checked):
                raise Conflict(f"the plan of {checked.command}: {UNSEEN_REASON}")
            return self._arm(checked)

    def _arm(self, rule: PlanRule) -> ArmedPlanRule:
        armed = ArmedPlanRule(self._next_id(), rule)
        self._add(armed)
        return armed

    def reset(self, rules: Iterable[PlanRule] = ()) -> None:
        """Disarm every rule and arm *rules*; ids start again."""
        with self._lock:
            self._clear()
            for rule in rules:
                self._arm(rule)

    def take(self, command: str, graph: str) -> Plan:
        """Count a job that is submitted now, and return its plan: ``normal`` if no rule matches."""
        with self._lock:
            for armed in self._about(command):
                if armed.matches(command, graph):
                    armed.uses += 1
                    self.changes += 1
                    return plan_of(armed.rule.plan)
            return _NORMAL
