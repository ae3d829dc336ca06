"""An armed fault rule, and what it does to a request."""

from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gesmock.faults.fault_rules import FaultRule
from gesmock.faults.kinds import UNREADABLE, Error, Kind, Memory, Phase
from gesmock.model.clock import NANOSECONDS, nanoseconds
from gesmock.model.messages import Delivery, Reply, Request
from gesmock.model.types import Edition


class MatchedFault(Struct, frozen=True):
    """What happens to one request: a *fault* in a *phase*, or only a delay, where it is None.

    *receipt* is ``<rule id>#<nth fire>``; with delays several, separated by commas. The answer
    waits *wait_s* real seconds, then the fault takes *spread_s*. In all, *virtual_s* seconds pass
    on the project's clock, which are *real_s* real ones: none if it is frozen. *chance* seeds what
    the fault draws.
    """

    fault: Kind | None
    receipt: str
    phase: Phase = "before"
    wait_s: float = 0.0
    spread_s: float = 0.0
    virtual_s: float = 0.0
    real_s: float = 0.0
    chance: str = ""

    @property
    def performs(self) -> bool:
        """Whether the operation is performed all the same."""
        return self.phase == "after"

    @property
    def connection(self) -> str | None:
        """The kind of the fault, if it leaves the client without an answer that it can read."""
        name = None if self.fault is None else self.fault.name
        return name if name in UNREADABLE else None

    def apply(self, reply: Reply) -> Reply:
        """*reply* as the client gets it, with the receipt.

        It is that of the operation; instead of an ``Error``, the refusal with its status.
        """
        if self.fault is not None:
            reply = self.fault.apply(reply, self.spread_s)
        delivery = reply.delivery
        if self.wait_s:
            delivery = replace(delivery or Delivery(), delay_s=self.wait_s)
        headers = {**reply.headers, "X-Gesmock-Fault": self.receipt}
        return replace(reply, headers=headers, delivery=delivery)


@dataclass(slots=True)
class ArmedRule:
    """An armed fault rule: *calls* counts the requests it was for, *fires* how often it hit one.

    *since* and *now* are ages of the project's clock in nanoseconds: when it was armed, and when
    this copy was made. *tried* says that a request came at which it could fire.
    """

    id: str
    rule: FaultRule
    since: int = 0
    calls: int = 0
    fires: int = 0
    tried: bool = False
    now: int = 0
    memory: Memory = ()
    identity: object = field(default_factory=object, repr=False)
    """The same object in all copies of it, changed ones included."""

    @property
    def elapsed(self) -> int:
        """For how many nanoseconds it has been armed."""
        return self.now - self.since

    @property
    def remaining(self) -> int | None:
        """How often it can still fire; of a script, the entries to come; None for any number."""
        rule = self.rule
        if rule.is_over(self.elapsed):
            return 0
        if rule.script is not None:
            return max(len(rule.script) - max(self.calls - rule.after, 0), 0)
        if rule.nth is not None:
            return len(self._numbers())
        return None if rule.times is None else max(rule.times - self.fires, 0)

    def _numbers(self) -> list[int]:
        """The calls to come that ``nth`` names, counted from the next."""
        return [number - self.calls for number in self.rule.numbers() if number > self.calls]

    def match(
        self, request: Request, command: str | None, edition: Edition, seed: int, now: int
    ) -> tuple[Kind | Literal["ok"], Phase, str] | None:
        """What it does to *request*, counted: the fault, its phase, and the seed of its chances."""
        self.now = now
        rule = self.rule
        if (
            rule.paused
            or self.remaining == 0
            or not rule.is_for(request, command, edition, self.elapsed)
        ):
            return None
        self.calls += 1
        turn = self.calls - rule.after
        if turn < 1:
            return None
        # Seed, fault rule and call number: the order of threads cannot change what is drawn.
        chance = f"{seed}/{self.id}/{self.calls}"
        fault = self._due(turn, chance)
        if isinstance(fault, Kind):
            fault, self.memory = fault.decide(self.elapsed, partial(_draw, chance, 1), self.memory)
            if fault is None or not fault.suits(request.operation, edition):
                return None
            self.fires += 1
            phases = (rule.phase,) if rule.phase else fault.phases
            return fault, next(iter(phases), "after"), f"{chance}/fault"
        return fault and (fault, "after", chance)

    def _due(self, turn: int, chance: str) -> Kind | Literal["ok"] | None:
        """The fault of the call that is the *turn*-th behind ``after``."""
        rule = self.rule
        if rule.script is not None:
            self.tried = True
            entry = rule.script[turn - 1]
            if isinstance(entry, int):
                return Error(entry)
            return "ok" if isinstance(entry, str) else entry
        due = turn % rule.every == 0 and (rule.nth is None or turn in rule.numbers())
        self.tried = self.tried or due
        hit = due and (rule.probability == 1 or _draw(chance, 0) < rule.probability)
        return rule.fault if hit and isinstance(rule.fault, Kind) else None

    def remainder(self) -> FaultRule | None:
        """A rule for what remains, with counts from zero; None if nothing does.

        *times*, *nth*, *after*, the window, an outage, a ramp and a script go on where they are;
        *every* starts again, and so does the window of a throttle.
        """
        rule = self.rule
        remaining = self.remaining
        if remaining == 0:
            return None
        changes: dict[str, Any] = {"after": max(rule.after - self.calls, 0)}
        if rule.script is not None:
            changes["script"] = rule.script[-(remaining or 0) :]
        elif rule.nth is not None:
            changes["nth"] = self._numbers()
        else:
            changes["times"] = remaining
        if isinstance(rule.fault, Kind):
            changes["fault"] = rule.fault.remainder(self.elapsed)
        changes["from_s"] = max(nanoseconds(rule.from_s) - self.elapsed, 0) / NANOSECONDS
        if rule.until_s is not None:
            changes["until_s"] = (nanoseconds(rule.until_s) - self.elapsed) / NANOSECONDS
        return replace(rule, **changes)

    def as_json(self) -> dict[str, Any]:
        """The rule as the control API shows it."""
        counts = {"calls": self.calls, "fires": self.fires, "remaining": self.remaining}
        return {"id": self.id, **msgspec.to_builtins(self.rule), **counts}

    def __str__(self) -> str:
        return f"{self.id} {msgspec.json.encode(self.rule).decode()}"


def _draw(chance: str, index: int) -> float:
    """The number at *index* of the series that *chance* seeds.

    The first is for whether a rule hits, the second for what its fault leaves to chance.
    """
    rng = Random(chance)  # noqa: S311 no secret
    return [rng.random() for _ in range(index + 1)][index]
