"""The armed fault rules of a project: ``ges.faults`` in Python."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace as replaced
from threading import RLock
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from gesmock.faults.armed import ArmedRule, MatchedFault
from gesmock.faults.fault_rules import CanDeliver, FaultRule, PresetName, check, check_all
from gesmock.faults.kinds import (
    Delay,
    Error,
    Fault,
    Kind,
    Phase,
    PlainKind,
)
from gesmock.faults.presets import PRESETS
from gesmock.model import validation
from gesmock.model.clock import VirtualTime, nanoseconds
from gesmock.model.errors import InvalidInput
from gesmock.model.messages import OperationName, Request
from gesmock.model.rules import Rules
from gesmock.model.types import Edition

_MOST_RECENT: Final = 100


class FaultRules(Rules[ArmedRule]):
    """The fault rules of a project. The first that fires wins; only delays add up."""

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
        self._recent: deque[ArmedRule] = deque(maxlen=_MOST_RECENT)

    def reset(self, seed: int, rules: Iterable[FaultRule]) -> None:
        """Arm *rules* instead of all there are; ids and counts start again."""
        with self._lock:
            self._clear()
            self._seed, self._preferred = seed, 0
            for rule in rules:
                self._arm(rule)
            self._recent.clear()

    # --- To arm them ---

    def arm(
        self,
        operation: OperationName | FaultRule | Mapping[str, Any] | None = None,
        status: int | PlainKind | None = None,
        *,
        code: str | None = None,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
        fault: int | PlainKind | Fault | Mapping[str, Any] | None = None,
        graph: str | None = None,
        job_id: str | None = None,
        command: str | None = None,
        header: str | None = None,
        phase: Phase | None = None,
        nth: int | Sequence[int] | None = None,
        after: int = 0,
        every: int = 1,
        times: int | None = None,
        probability: float = 1.0,
        from_s: float = 0.0,
        until_s: float | None = None,
        paused: bool = False,
    ) -> ArmedRule:
        """Answer *operation* (default: any) with the error *status*, or with another *fault*.

        A kind that needs no fields can be named in place of *status*: ``"reset"``. *code* and
        *message* default to what the documentation has for the status and the operation. The
        arguments after *fault* say which requests are hit, as in ``FaultRule``. Pass a whole rule
        instead of *operation*, as in a fixture file, to arm that. Raises InvalidInput, with nothing
        armed; also if the server in use cannot produce the fault.
        """
        hits = _non_default(
            graph=graph,
            job_id=job_id,
            command=command,
            header=header,
            phase=phase,
            nth=nth,
            after=after,
            every=every,
            times=times,
            probability=probability,
            from_s=from_s,
            until_s=until_s,
            paused=paused,
        )
        if isinstance(operation, FaultRule | Mapping):
            if hits or (status, code, message, headers, fault) != (None,) * 5:
                raise TypeError("give either a whole fault rule, or its fields")
            return self._read_and_arm(operation)
        if fault is None and isinstance(status, str):
            fault, status = status, None
        if fault is None:
            if status is None:
                raise InvalidInput.at("fault rule", "neither a status nor a fault is given")
            error = {"status": status, "code": code, "message": message, "headers": headers or {}}
            fault = {"kind": "error", **error}
        elif (status, code, message, headers) != (None, None, None, None):
            raise TypeError("give either a fault, or a status with its code, message and headers")
        return self._read_and_arm({"operation": operation, "fault": fault, **hits})

    def script(
        self,
        operation: OperationName | None,
        *entries: int | Literal["ok"] | PlainKind | Fault | Mapping[str, Any] | Sequence[Any],
        graph: str | None = None,
        job_id: str | None = None,
        command: str | None = None,
        header: str | None = None,
        phase: Phase | None = None,
        after: int = 0,
        from_s: float = 0.0,
        until_s: float | None = None,
        paused: bool = False,
    ) -> ArmedRule:
        """Answer the next calls one by one as *entries* say: a status, a fault, or "ok".

        The entries can also be passed as one list.
        """
        whole = len(entries) == 1 and isinstance(entries[0], list)
        hits = _non_default(
            graph=graph,
            job_id=job_id,
            command=command,
            header=header,
            phase=phase,
            after=after,
            from_s=from_s,
            until_s=until_s,
            paused=paused,
        )
        script = entries[0] if whole else entries
        return self._read_and_arm({"operation": operation, "script": script, **hits})

    def delay_all(self, seconds: float) -> ArmedRule:
        """Let every answer wait *seconds*, besides other delays."""
        return self._read_and_arm({"fault": {"kind": "delay", "seconds": seconds}})

    def preset(self, name: PresetName | None) -> list[ArmedRule]:
        """Replace the rules of the active preset with those of *name*, or with none."""
        fields = {"preset": name}
        preset = validation.read_python(fields, dict[str, PresetName | None], "faults")["preset"]
        return self.set_preset(preset, "faults.preset")

    def set_preset(self, preset: PresetName | None, path: str = "$.preset") -> list[ArmedRule]:
        """The same for a checked name; raises InvalidInput, which names *path*."""
        rules = [] if preset is None else PRESETS[preset]
        check_all(rules, self._can_deliver, path)
        with self._lock:
            for armed in [*self._armed.values()]:
                if armed.rule.preset is not None:
                    del self._armed[armed.id]
            return [self._arm(rule) for rule in rules]

    @property
    def active_preset(self) -> PresetName | None:
        """The preset whose rules are armed."""
        names = (armed.rule.preset for armed in self.armed())
        return next((name for name in names if name is not None), None)

    def _read_and_arm(self, fields: Any) -> ArmedRule:
        return self._arm(validation.read_python(fields, FaultRule, "fault rule"), "fault rule")

    def _arm(self, rule: FaultRule, path: str = "$") -> ArmedRule:
        check(rule, self._can_deliver, path)
        with self._lock:
            now = self._time.age()
            armed = ArmedRule(self._next_id(), rule, since=now, now=now)
            self._armed[armed.id] = armed
            self._recent.append(armed)
            return armed

    # --- To change them ---

    def change(
        self,
        rule: ArmedRule | str,
        *,
        operation: OperationName | UnsetType | None = UNSET,
        fault: int | PlainKind | Fault | Mapping[str, Any] | UnsetType | None = UNSET,
        script: Sequence[Any] | UnsetType | None = UNSET,
        graph: str | UnsetType | None = UNSET,
        job_id: str | UnsetType | None = UNSET,
        command: str | UnsetType | None = UNSET,
        header: str | UnsetType | None = UNSET,
        phase: Phase | UnsetType | None = UNSET,
        nth: int | Sequence[int] | UnsetType | None = UNSET,
        after: int | UnsetType = UNSET,
        every: int | UnsetType = UNSET,
        times: int | UnsetType | None = UNSET,
        probability: float | UnsetType = UNSET,
        from_s: float | UnsetType = UNSET,
        until_s: float | UnsetType | None = UNSET,
        paused: bool | UnsetType = UNSET,
    ) -> ArmedRule:
        """Change fields of *rule* (what ``arm`` returned, or its id).

        It keeps its id, its place and its counts: with ``times=3``, one that has fired twice fires
        once more. Raises InvalidInput, with nothing changed, or NotFound.
        """
        fields = {
            "operation": operation,
            "fault": fault,
            "script": script,
            "graph": graph,
            "job_id": job_id,
            "command": command,
            "header": header,
            "phase": phase,
            "nth": nth,
            "after": after,
            "every": every,
            "times": times,
            "probability": probability,
            "from_s": from_s,
            "until_s": until_s,
            "paused": paused,
        }
        changes = {name: value for name, value in fields.items() if value is not UNSET}
        changes = validation.read_python(changes, dict[str, Any], "fault rule")
        return self.update(rule, changes, "fault rule")

    def update(
        self, rule: ArmedRule | str, changes: Mapping[str, Any], path: str = "$"
    ) -> ArmedRule:
        """The same with *changes* as JSON has them; errors name fields below *path*."""
        with self._lock:
            armed = self._get(rule)
            fields = {**msgspec.to_builtins(armed.rule), **changes}
            changed = validation.read(fields, FaultRule, path)
            check(changed, self._can_deliver, path)
            armed.rule = changed
            return self._copy(armed)

    def pause(self, rule: ArmedRule | str) -> ArmedRule:
        """Let *rule* hit nothing until it is resumed. Raises NotFound."""
        return self.update(rule, {"paused": True})

    def resume(self, rule: ArmedRule | str) -> ArmedRule:
        """Let *rule* go on where it was paused. Raises NotFound."""
        return self.update(rule, {"paused": False})

    # --- What they do ---

    def match(
        self, request: Request, command: str | None = None, edition: Edition = "database"
    ) -> MatchedFault | None:
        """What happens to *request*, counted; None for the real answer at once.

        *command* is that of the job that it submits or names, *edition* its graph's.
        """
        with self._lock:
            now = self._time.age()
            winner: tuple[Kind | Literal["ok"], Phase, str] | None = None
            delay_s = 0.0
            receipts: list[str] = []
            for armed in self._armed.values():
                if winner is not None and not isinstance(armed.rule.fault, Delay):
                    continue
                hit = armed.match(request, command, edition, self._seed, now)
                if hit is None:
                    continue
                fault, _, chance = hit
                if isinstance(fault, Delay):
                    delay_s += fault.draw_s(chance)
                else:
                    winner = hit
                if isinstance(fault, Kind):
                    receipts.append(f"{armed.id}#{armed.fires}")
            return self._matched(winner, delay_s, ", ".join(receipts)) if receipts else None

    def _matched(
        self, winner: tuple[Kind | Literal["ok"], Phase, str] | None, delay_s: float, receipt: str
    ) -> MatchedFault:
        fault, phase, chance = winner or ("ok", "after", "")
        kind = fault if isinstance(fault, Kind) else None
        lasts_s = kind.lasts_s() if kind is not None else 0.0
        return MatchedFault(
            kind,
            receipt,
            phase,
            wait_s=self._real_s(delay_s),
            spread_s=self._real_s(lasts_s),
            virtual_s=delay_s + lasts_s,
            real_s=self._real_s(delay_s + lasts_s),
            chance=chance,
        )

    def _real_s(self, seconds: float) -> float:
        """How many real seconds *seconds* of the project's clock are; 0 if it is frozen."""
        return self._time.real_seconds(nanoseconds(seconds)) or 0.0

    def prefer(self, status: int) -> MatchedFault:
        """The error that a client asked for itself (``Prefer: code=...``)."""
        with self._lock:
            self._preferred += 1
            return MatchedFault(Error(status=status), f"prefer#{self._preferred}")

    # --- What to report of them ---

    def untried(self) -> list[ArmedRule]:
        """The rules that no request came for; paused ones and a preset's are left out."""
        return [
            armed
            for armed in super().untried()
            if not armed.rule.paused and armed.rule.preset is None
        ]

    def as_python(self, name: str = "ges") -> list[str]:
        """Python that arms what was armed since the last reset, a line each.

        *name* is that of the fake. Only the last hundred rules are included, and none that a reset
        arms; a disarmed one is a comment.
        """
        drawn = f"; the seed was {self._seed}" if self._seed else ""
        with self._lock:
            return [
                f"{'' if armed.id in self._armed else '# '}"
                f"{name}.faults.arm({msgspec.to_builtins(armed.rule)!r})"
                f"  # {armed.id}: fired at {armed.fires} of {armed.calls} calls{drawn}"
                f"{'' if armed.id in self._armed else '; disarmed'}"
                for armed in self._recent
            ]

    def _copy(self, armed: ArmedRule) -> ArmedRule:
        return replaced(armed, now=self._time.age())


_DEFAULTS: Final[Mapping[str, Any]] = {
    field.name: field.default for field in msgspec.structs.fields(FaultRule)
}


def _non_default(**fields: Any) -> dict[str, Any]:
    """Those of *fields* that are not as in any rule: only what was passed is shown again."""
    return {
        name: value
        for name, value in fields.items()
        if type(value) is not type(_DEFAULTS[name]) or value != _DEFAULTS[name]
    }
