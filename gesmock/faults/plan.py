"""FaultPlan: the fault rules of one project, and what a request meets of them."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from threading import RLock
from typing import Any, Final

import msgspec
from msgspec import Struct

from gesmock.faults.armed import ArmedRule, Outcome
from gesmock.faults.delays import Delay
from gesmock.faults.deliverable import CanDeliver, check, check_all
from gesmock.faults.fault_rules import FaultRule, PresetName
from gesmock.faults.kind import UNREADABLE, Call, Kind, Mishap, Phase
from gesmock.faults.presets import PRESETS
from gesmock.faults.stand_ins import Error
from gesmock.model import validation
from gesmock.model.clock import VirtualTime, nanoseconds
from gesmock.model.rules import Rules

_MOST_TOLD: Final = 100


class Fired(Struct, frozen=True):
    """What a request has met: a *fault* in a *phase*, if any, and so many seconds of delay.

    *receipt* is ``<fault rule id>#<nth fire>``; several, with commas between, where delays come
    with it. The answer waits for *wait_s* real seconds. In all, *virtual_s* seconds of the
    project's clock go by until the client has it, which are *real_s* real ones: none with a frozen
    clock. The fault's further chances are drawn from *chance*.
    """

    fault: Mishap | None
    receipt: str
    phase: Phase = "before"
    wait_s: float = 0.0
    virtual_s: float = 0.0
    real_s: float = 0.0
    chance: str = ""

    @property
    def connection(self) -> str | None:
        """In which manner the client is left without an answer that it can read, if it is."""
        name = None if self.fault is None else self.fault.name
        return name if name in UNREADABLE else None


class FaultPlan(Rules[ArmedRule]):
    """The fault rules of one project, in the order they were armed; the first that fires wins.

    Delays add up, wherever they stand, with one another and with what has won.
    """

    _noun = "fault rule"
    _letter = "f"

    def __init__(
        self,
        lock: RLock,
        time: VirtualTime,
        *,
        seed: int = 0,
        can_deliver: CanDeliver = lambda _: True,
    ) -> None:
        super().__init__(lock)
        self._seed = seed
        self._time = time
        self._can_deliver = can_deliver
        self._preferred = 0
        self._told: deque[ArmedRule] = deque(maxlen=_MOST_TOLD)

    def reset(self, seed: int, rules: Iterable[FaultRule]) -> None:
        """Arm *rules* instead of all there are; ids and counts start again."""
        with self._lock:
            self._clear()
            self._seed, self._preferred = seed, 0
            for rule in rules:
                self.arm(rule)
            self._told.clear()

    def arm(self, fault_rule: FaultRule, path: str = "$") -> ArmedRule:
        """Put *fault rule* in force, behind those already armed, under an id of its own.

        Raises InvalidInput where the server in use cannot produce its fault.
        """
        check(fault_rule, self._can_deliver, path)
        with self._lock:
            now = self._time.age()
            armed = ArmedRule(self._next_id(), fault_rule, since=now, now=now)
            self._armed[armed.id] = armed
            self._told.append(armed)
            return armed

    def change(
        self, rule: str | ArmedRule, changes: Mapping[str, Any], path: str = "$"
    ) -> ArmedRule:
        """Give *rule*, or the one with this id, other fields; what it has done stays counted.

        Raises InvalidInput, with nothing changed, where the whole would be wrong; NotFound where
        there is no such rule.
        """
        with self._lock:
            armed = self._get(rule)
            fields = {**msgspec.to_builtins(armed.fault_rule), **changes}
            fault_rule = validation.read(fields, FaultRule, path)
            check(fault_rule, self._can_deliver, path)
            armed.fault_rule = fault_rule
            return self._copy(armed)

    def set_preset(self, preset: PresetName | None, path: str = "$.preset") -> list[ArmedRule]:
        """Arm the fault rules of *preset* in the place of those of any other; what there are now.

        None: fair preset, there are none. Raises as ``arm``, with nothing changed.
        """
        fault_rules = [] if preset is None else PRESETS[preset]
        check_all(fault_rules, self._can_deliver, path)
        with self._lock:
            for armed in list(self._armed.values()):
                if armed.fault_rule.preset is not None:
                    del self._armed[armed.id]
            return [self.arm(fault_rule) for fault_rule in fault_rules]

    @property
    def preset(self) -> PresetName | None:
        """The preset; None where it is fair."""
        names = (armed.fault_rule.preset for armed in self.armed())
        return next((name for name in names if name is not None), None)

    def take(self, call: Call) -> Fired | None:
        """What *call* meets, counted; None for the real answer at once."""
        with self._lock:
            now = self._time.age()
            won: Outcome | None = None
            delay_s = 0.0
            receipts: list[str] = []
            for armed in self._armed.values():
                if won is not None and not isinstance(armed.fault_rule.fault, Delay):
                    continue
                met = armed.meet(call, self._seed, now)
                if met is None:
                    continue
                if isinstance(met.fault, Delay):
                    delay_s += met.fault.drawn_s(met.chance)
                else:
                    won = met
                if isinstance(met.fault, Kind):
                    receipts.append(f"{armed.id}#{armed.fires}")
            return self._fired(won, delay_s, ", ".join(receipts)) if receipts else None

    def _fired(self, won: Outcome | None, delay_s: float, receipt: str) -> Fired:
        fault = won.fault if won is not None and isinstance(won.fault, Mishap) else None
        lasts_s = delay_s if fault is None else delay_s + fault.lasts_s()
        return Fired(
            fault,
            receipt,
            "after" if won is None else won.phase,
            wait_s=self.real_s(delay_s),
            virtual_s=lasts_s,
            real_s=self.real_s(lasts_s),
            chance="" if won is None else won.chance,
        )

    def real_s(self, seconds: float) -> float:
        """How many real seconds the project's clock takes for *seconds*; 0 where it is frozen."""
        return self._time.real_seconds(nanoseconds(seconds)) or 0.0

    def prefer(self, status: int) -> Fired:
        """The error that a client has asked for itself (``Prefer: code=...``)."""
        with self._lock:
            self._preferred += 1
            return Fired(Error(status=status), f"prefer#{self._preferred}")

    def told(self) -> list[ArmedRule]:
        """The last hundred that were armed after the beginning, whether they still are or not."""
        with self._lock:
            return [self._copy(armed) for armed in self._told]

    def untried(self) -> list[ArmedRule]:
        """Those that no request has come for yet, but for paused ones and the preset's."""
        return [
            armed
            for armed in super().untried()
            if not armed.fault_rule.paused and armed.fault_rule.preset is None
        ]

    def _copy(self, armed: ArmedRule) -> ArmedRule:
        return replace(armed, now=self._time.age())
