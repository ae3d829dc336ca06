"""Armed: a fault rule in force, and what it has done so far."""

from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Literal

import msgspec
from msgspec import Struct

from gesmock.faults.fault_rules import FaultRule
from gesmock.faults.kind import Call, Kind, Memory, Phase
from gesmock.faults.stand_ins import Error
from gesmock.model.clock import NANOSECONDS, nanoseconds


class Outcome(Struct, frozen=True):
    """What a fault rule does to a call: *fault* in a *phase*, or "ok", which is the real answer.

    Its further chances are drawn from *chance*.
    """

    fault: Kind | Literal["ok"]
    phase: Phase
    chance: str


@dataclass(slots=True)
class ArmedRule:
    """A fault rule in force: how many calls it has met, and how often it fired.

    *since* and *now* are ages of the project's clock: when it was armed, and when it was looked at.
    """

    id: str
    fault_rule: FaultRule
    since: int = 0
    calls: int = 0
    fires: int = 0
    tried: bool = False
    now: int = 0
    memory: Memory = ()
    identity: object = field(default_factory=object, repr=False)
    """Stays the same when it is changed, and is another one's after a reset."""

    @property
    def elapsed(self) -> int:
        """How many nanoseconds it has been in force."""
        return self.now - self.since

    @property
    def left(self) -> int | None:
        """How often it can still fire (a script: entries still to come); None: without end."""
        rule = self.fault_rule
        if rule.is_over(self.elapsed):
            return 0
        if rule.script is not None:
            return max(len(rule.script) - max(self.calls - rule.after, 0), 0)
        if rule.nth is not None:
            return len(self._numbers())
        return None if rule.times is None else max(rule.times - self.fires, 0)

    def _numbers(self) -> list[int]:
        """The numbers of the calls still to come that ``nth`` names, counted from the next."""
        return [number - self.calls for number in self.fault_rule.numbers() if number > self.calls]

    def meet(self, call: Call, seed: int, now: int) -> Outcome | None:
        """What it does to *call*; None: it lets it pass."""
        self.now = now
        rule = self.fault_rule
        if rule.paused or self.left == 0 or not rule.is_for(call, self.elapsed):
            return None
        self.calls += 1
        turn = self.calls - rule.after
        if turn < 1:
            return None
        # Seed, fault rule and call number: the order of threads cannot change what is drawn.
        chance = f"{seed}/{self.id}/{self.calls}"
        fault = self._due(turn, chance)
        if isinstance(fault, Kind):
            draw = partial(_drawn, chance, 1)
            happens, self.memory = fault.judge(self.elapsed, draw, self.memory)
            fault = happens if happens is not None and happens.suits(call) else None
            self.fires += fault is not None
        if fault is None:
            return None
        phases = (rule.phase,) if rule.phase else fault.phases if isinstance(fault, Kind) else ()
        return Outcome(fault, next(iter(phases), "after"), f"{chance}/fault")

    def _due(self, turn: int, chance: str) -> Kind | Literal["ok"] | None:
        """What the call that is the *turn*-th after ``after`` is to meet."""
        rule = self.fault_rule
        if rule.script is not None:
            self.tried = True
            entry = rule.script[turn - 1]
            if isinstance(entry, int):
                return Error(entry)
            return "ok" if isinstance(entry, str) else entry
        due = turn % rule.every == 0 and (rule.nth is None or turn in rule.numbers())
        self.tried = self.tried or due
        hit = due and (rule.probability == 1 or _drawn(chance, 0) < rule.probability)
        return rule.fault if hit and isinstance(rule.fault, Kind) else None

    def rest(self) -> FaultRule | None:
        """What is left of it, as a fault rule that counts anew; None where it is spent.

        *times*, *nth*, *after*, the window, an outage, a ramp and a script go on where they are;
        *every* begins with its first call, a throttle with a new window.
        """
        rule = self.fault_rule
        left = self.left
        if left == 0:
            return None
        changes: dict[str, Any] = {"after": max(rule.after - self.calls, 0)}
        if rule.script is not None:
            changes["script"] = rule.script[-(left or 0) :]
        elif rule.nth is not None:
            changes["nth"] = self._numbers()
        else:
            changes["times"] = left
        if isinstance(rule.fault, Kind):
            changes["fault"] = rule.fault.rest(self.elapsed)
        changes["from_s"] = max(nanoseconds(rule.from_s) - self.elapsed, 0) / NANOSECONDS
        if rule.until_s is not None:
            changes["until_s"] = (nanoseconds(rule.until_s) - self.elapsed) / NANOSECONDS
        return msgspec.structs.replace(rule, **changes)

    def as_json(self) -> dict[str, Any]:
        """The fault rule as it was given, with its id, its calls, its fires and what is left."""
        given = msgspec.to_builtins(self.fault_rule)
        counts = {"calls": self.calls, "fires": self.fires, "left": self.left}
        return {"id": self.id, **given, **counts}

    def __str__(self) -> str:
        return f"{self.id} {msgspec.json.encode(self.fault_rule).decode()}"


def _drawn(chance: str, index: int) -> float:
    """The number at *index* of the series that *chance* seeds, which takes longer than most calls.

    The first is for whether a fault rule hits, the second for what its fault leaves to chance.
    """
    draw = Random(chance)  # noqa: S311 no secret
    return [draw.random() for _ in range(index + 1)][index]
