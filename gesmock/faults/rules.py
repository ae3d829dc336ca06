"""The armed fault rules of a project, ``ges.faults`` in Python, and what they do to a request."""

import dataclasses
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from threading import RLock
from typing import Any, Final, Literal, TypedDict, Unpack, cast, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gesmock.faults import kinds
from gesmock.faults.fault_rules import PRESETS, CanDeliver, FaultRule, PresetName, check
from gesmock.faults.kinds import Fault, PlainKind
from gesmock.model import validation
from gesmock.model.clock import NANOSECONDS, VirtualTime, nanoseconds
from gesmock.model.errors import InvalidInput
from gesmock.model.messages import Delivery, OperationName, Reply, Request
from gesmock.model.rules import Rules
from gesmock.model.types import Edition

_MOST_RECENT: Final = 100


class MatchedFault(Struct, frozen=True):
    """What happens to one request: a *fault* in a *phase*, or only a delay if *fault* is None.

    *receipt* is ``<rule id>#<nth fire>``, or several of these, separated by commas, if delays add
    up. The answer waits *wait_s* real seconds, then the fault takes *spread_s*: both are 0 for
    seconds of a frozen clock. On the project's clock, *virtual_s* seconds pass in all.
    """

    fault: kinds.Kind | None
    receipt: str
    phase: kinds.Phase = "before"
    wait_s: float = 0.0
    spread_s: float = 0.0
    virtual_s: float = 0.0
    draw_seed: str = ""

    @property
    def real_s(self) -> float:
        """The real seconds by which the fault delays the end of the answer."""
        return self.wait_s + self.spread_s

    @property
    def kind(self) -> str:
        """The kind of the fault."""
        return "delay" if self.fault is None else self.fault.name

    @property
    def connection(self) -> str | None:
        """The kind of the fault, if it leaves the client without an answer that it can read."""
        return self.kind if self.kind in kinds.UNREADABLE else None

    def apply(self, reply: Reply) -> Reply:
        """*reply* as the client gets it, with the receipt.

        *reply* is that of the operation; for an ``Error``, the refusal with its status.
        """
        if self.fault is not None:
            reply = self.fault.apply(reply)
        delivery = reply.delivery
        if delivery is not None or self.wait_s:
            times = {"delay_s": self.wait_s, "spread_s": self.spread_s}
            delivery = replace(delivery or Delivery(), **times)
        headers = {**reply.headers, "X-Gesmock-Fault": self.receipt}
        return replace(reply, headers=headers, delivery=delivery)


Hit = tuple[kinds.Kind | None, kinds.Phase, str]
"""What a rule does to a request: the fault, its phase, and the seed of its random numbers."""


@dataclass(slots=True)
class ArmedRule:
    """An armed fault rule: *calls* counts the requests it was for, *fires* how often it hit one.

    *since* and *now* are ages of the project's clock in nanoseconds: when it was armed, and when
    this copy was made. *tried* tells whether a request has come at which it could fire.
    """

    id: str
    rule: FaultRule
    since: int = 0
    calls: int = 0
    fires: int = 0
    tried: bool = False
    now: int = 0
    memory: kinds.Memory = ()
    identity: object = field(default_factory=object, repr=False)
    """The same object in all copies of it, changed ones included."""

    @property
    def remaining(self) -> int | None:
        """How often it can still fire, or the number of entries left; None if there is no limit."""
        rule, elapsed = self.rule, self.now - self.since
        if rule.until_s is not None and nanoseconds(rule.until_s) <= elapsed:
            return 0
        if isinstance(rule.fault, kinds.Failing) and rule.fault.remainder(elapsed) is None:
            return 0
        return self.unused

    @property
    def unused(self) -> int | None:
        """How often it could still fire if its time were not over; None if there is no limit."""
        rule = self.rule
        if rule.script is not None:
            return max(len(rule.script) - max(self.calls - rule.after, 0), 0)
        if rule.nth is not None:
            return len(rule.numbers(self.calls))
        return None if rule.times is None else max(rule.times - self.fires, 0)

    def match(
        self, request: Request, command: str | None, edition: Edition, seed: int, now: int
    ) -> Hit | None:
        """Count *request*, and return what the rule does to it; None for nothing."""
        self.now = now
        rule, elapsed = self.rule, now - self.since
        fault = cast("kinds.Kind | None", rule.fault)
        if (
            rule.paused
            or (rule.from_s and nanoseconds(rule.from_s) > elapsed)
            or not rule.is_for(request, command)
            or (isinstance(fault, kinds.ListFault) and not fault.suits(request.operation, edition))
            or self.remaining == 0
        ):
            return None
        self.calls += 1
        turn = self.calls - rule.after
        if turn < 1:
            return None
        # Seed, fault rule and call number: the order of threads cannot change what is drawn.
        draw_seed = f"{seed}/{self.id}/{self.calls}"
        if rule.script is not None:
            entry = rule.script[turn - 1]
            self.tried |= entry != "ok" or turn == len(rule.script)
            if entry == "ok":
                return None, "after", ""
            fault = kinds.fault_of(entry)
            if isinstance(fault, kinds.ListFault) and not fault.suits(request.operation, edition):
                return None
        else:
            if turn % rule.every or (rule.nth is not None and turn not in rule.numbers()):
                return None
            self.tried = True
            if rule.probability < 1 and Random(draw_seed).random() >= rule.probability:  # noqa: S311
                return None
            if isinstance(fault, kinds.Varying):
                fault, self.memory = fault.decide(elapsed, f"{draw_seed}/ramp", self.memory)
            if fault is None:
                return None
        self.fires += 1
        phases = (rule.phase,) if rule.phase else fault.phases
        return fault, phases[0] if phases else "after", f"{draw_seed}/fault"

    def remainder(self) -> FaultRule | None:
        """A rule for what remains, with counts from zero; None if nothing does.

        *times*, *nth*, *after*, the window, an outage, a ramp and a script go on where they are;
        *every* starts again, and so does the window of a throttle.
        """
        rule, elapsed, remaining = self.rule, self.now - self.since, self.remaining
        if remaining == 0:
            return None
        changes: dict[str, Any] = {"after": max(rule.after - self.calls, 0)}
        if rule.script is not None:
            changes["script"] = rule.script[-(remaining or 0) :]
        elif rule.nth is not None:
            changes["nth"] = rule.numbers(self.calls)
        else:
            changes["times"] = remaining
        if isinstance(rule.fault, kinds.Failing):
            changes["fault"] = rule.fault.remainder(elapsed)
        changes["from_s"] = max(nanoseconds(rule.from_s) - elapsed, 0) / NANOSECONDS
        if rule.until_s is not None:
            changes["until_s"] = (nanoseconds(rule.until_s) - elapsed) / NANOSECONDS
        return replace(rule, **changes)

    def as_json(self) -> dict[str, Any]:
        """The rule as the control API shows it."""
        counts = {"calls": self.calls, "fires": self.fires, "remaining": self.remaining}
        return {"id": self.id, **msgspec.to_builtins(self.rule), **counts}

    def __str__(self) -> str:
        return f"{self.id} {msgspec.json.encode(self.rule).decode()}"


_DEFAULTS: Final = dict(
    zip(FaultRule.__struct_fields__, FaultRule.__struct_defaults__, strict=True)
)


def _hits(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The *arguments* that select requests, without those that equal their defaults.

    msgspec compares defaults by identity, and would show another ``1.0``.
    """
    return {
        name: value
        for name, value in arguments.items()
        if name not in ("operation", "fault") and value != _DEFAULTS.get(name, value)
    }


class FaultRuleChanges(TypedDict, total=False):
    """Changes to the fields of a ``FaultRule``, by name."""

    operation: OperationName | None
    fault: int | PlainKind | Fault | Mapping[str, Any] | None
    script: Sequence[Any] | None
    graph: str | None
    job_id: str | None
    command: str | None
    header: str | None
    phase: kinds.Phase | None
    nth: int | Sequence[int] | None
    after: int
    every: int
    times: int | None
    probability: float
    from_s: float
    until_s: float | None
    paused: bool
    must_be_used_up: bool


class FaultRules(Rules[ArmedRule]):
    """The fault rules of a project. The first that fires wins; only delays add up."""

    _noun = "fault rule"
    _letter = "f"

    def __init__(self, lock: RLock, time: VirtualTime, can_deliver: CanDeliver) -> None:
        super().__init__(lock)
        self._time, self._can_deliver = time, can_deliver
        self._seed = self._preferred = 0
        self._recent: deque[ArmedRule] = deque(maxlen=_MOST_RECENT)

    def _subject(self, armed: ArmedRule) -> str | None:
        return armed.rule.operation

    def reset(self, seed: int, rules: Iterable[FaultRule]) -> None:
        """Replace all rules with *rules*; ids and counts start again."""
        with self._lock:
            self._clear()
            self._seed, self._preferred = seed, 0
            for rule in rules:
                self._arm(rule)
            self._recent.clear()

    def arm(
        self,
        operation: OperationName | FaultRule | Mapping[str, Any] | None = None,
        status: int | PlainKind | Fault | None = None,
        *,
        code: str | None = None,
        message: str | None = None,
        headers: Mapping[str, str | float] | None = None,
        retry_after: int | None = None,
        fault: int | PlainKind | Fault | Mapping[str, Any] | None = None,
        graph: str | None = None,
        job_id: str | None = None,
        command: str | None = None,
        header: str | None = None,
        phase: kinds.Phase | None = None,
        nth: int | Sequence[int] | None = None,
        after: int = 0,
        every: int = 1,
        times: int | None = None,
        probability: float = 1.0,
        from_s: float = 0.0,
        until_s: float | None = None,
        paused: bool = False,
        must_be_used_up: bool = False,
        real: bool | None = None,
    ) -> ArmedRule:
        """Answer *operation* (default: any) with the error *status*, or with another *fault*.

        *status* can also be a kind, or the name of one that needs no fields: ``"reset"``.
        *code* and *message* default to those documented for the status and the operation;
        *retry_after* is short for the header, in seconds. The arguments after *fault* say which
        requests are hit, as in ``FaultRule``; *real* is as for a ``Delay``, and also for a drip.
        To arm a whole rule, as in a fixture file, pass it instead of *operation*. Raises
        InvalidInput, with nothing armed; also if the server in use cannot produce the fault.
        """
        hits = _hits(locals())
        fields = {"code": code, "message": message, "headers": headers, "retry_after": retry_after}
        error = {name: value for name, value in fields.items() if value is not None}
        if isinstance(operation, FaultRule | Mapping):
            if hits or error or (status, fault, real) != (None, None, None):
                raise TypeError("give either a whole fault rule, or its fields")
            return self._read_and_arm(operation)
        if fault is None and isinstance(status, str | kinds.Kind):
            fault, status = status, None
        if fault is None:
            if isinstance(operation, int):
                why = f"is not an operation; arm(status={operation}) hits any operation"
                raise InvalidInput.at("fault rule", f"{operation} {why}")
            if status is None:
                raise InvalidInput.at("fault rule", "neither a status nor a fault is given")
            fault = {"kind": "error", "status": status, **error}
        elif error or status is not None:
            raise TypeError("give either a fault, or a status with its code, message and headers")
        if isinstance(fault, str) and fault in kinds.KINDS and fault not in get_args(PlainKind):
            struct = kinds.KINDS[fault]
            name = struct.__struct_fields__[0]
            forms = f'{struct.__name__}({name}=...) or {{"kind": "{fault}", "{name}": ...}}'
            raise InvalidInput.at("fault", f"{fault!r} needs fields: {forms}")
        if real is not None:
            kind = kinds.fault_of(fault) if isinstance(fault, int | str) else fault
            fault = {**validation.read_python(kind, dict[str, Any], "fault"), "real": real}
        return self._read_and_arm({"operation": operation, "fault": fault, **hits})

    def script(
        self,
        operation: OperationName | None,
        *entries: int | Literal["ok"] | PlainKind | Fault | Mapping[str, Any] | Sequence[Any],
        graph: str | None = None,
        job_id: str | None = None,
        command: str | None = None,
        header: str | None = None,
        phase: kinds.Phase | None = None,
        after: int = 0,
        from_s: float = 0.0,
        until_s: float | None = None,
        paused: bool = False,
        must_be_used_up: bool = False,
    ) -> ArmedRule:
        """Answer each of the next calls as one of *entries* says: a status, a fault, or "ok".

        The entries can also be passed as one list.
        """
        hits = _hits(locals())
        script = entries[0] if len(entries) == 1 and isinstance(entries[0], list) else entries
        return self._read_and_arm({"operation": operation, "script": script, **hits})

    def delay_all(self, seconds: float, *, real: bool | None = None) -> ArmedRule:
        """Delay every answer by *seconds*, in addition to other delays; *real* is as for those."""
        return self._read_and_arm({"fault": {"kind": "delay", "seconds": seconds, "real": real}})

    def preset(self, name: PresetName | None) -> list[ArmedRule]:
        """Replace the rules of the active preset with those of *name*, or with none."""
        fields = {"preset": name}
        preset = validation.read_python(fields, dict[str, PresetName | None], "faults")["preset"]
        rules = [] if preset is None else PRESETS[preset]
        check(rules, self._can_deliver, "faults.preset")
        with self._lock:
            for armed in [*self._armed.values()]:
                if armed.rule.preset is not None:
                    self._drop(armed)
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
            self._add(armed)
            self._recent.append(armed)
            return armed

    def change(self, rule: ArmedRule | str, **changes: Unpack[FaultRuleChanges]) -> ArmedRule:
        """Change fields of *rule* (what ``arm`` returned, or its id), by their names.

        The rule keeps its id, its place and its counts: with ``times=3``, one that has fired twice
        fires once more. Returns the changed rule. Raises InvalidInput, with nothing changed, or
        NotFound.
        """
        fields = validation.read_python(changes, dict[str, Any], "fault rule")
        return self.update(rule, fields, "fault rule")

    def update(
        self, rule: ArmedRule | str, changes: Mapping[str, Any], path: str = "$"
    ) -> ArmedRule:
        """Change fields of *rule*, as ``change`` does, to those of *changes*, plain JSON values.

        Errors name fields below *path*.
        """
        with self._lock:
            armed = self._get(rule)
            fields = {**msgspec.to_builtins(armed.rule), **changes}
            changed = validation.read(fields, FaultRule, path)
            check(changed, self._can_deliver, path)
            armed.rule = changed
            self._by_subject.clear()
            self.changes += 1
            return self._copy(armed)

    def pause(self, rule: ArmedRule | str) -> ArmedRule:
        """Stop *rule* from hitting requests until it is resumed. Raises NotFound."""
        return self.update(rule, {"paused": True})

    def resume(self, rule: ArmedRule | str) -> ArmedRule:
        """Continue *rule* where it was paused. Raises NotFound."""
        return self.update(rule, {"paused": False})

    def match(
        self, request: Request, command: str | None = None, edition: Edition = "database"
    ) -> MatchedFault | None:
        """Count *request*, and return what happens to it; None if nothing does.

        *command* is that of the job that *request* submits or names, *edition* that of its graph.
        """
        with self._lock:
            now = self._time.age()
            winner: Hit | None = None
            wait_s = spread_s = virtual_s = 0.0
            receipts: list[str] = []
            for armed in self._about(request.operation):
                if winner is not None and not isinstance(armed.rule.fault, kinds.Delay):
                    continue
                hit = armed.match(request, command, edition, self._seed, now)
                if hit is None:
                    continue
                fault, _, draw_seed = hit
                if isinstance(fault, kinds.Delay):
                    real_s, clock_s = self._durations(fault.draw_s(draw_seed), fault)
                    wait_s, virtual_s = wait_s + real_s, virtual_s + clock_s
                else:
                    winner = hit
                if fault is not None:
                    receipts.append(f"{armed.id}#{armed.fires}")
            if not receipts:
                return None
            self.changes += 1
            fault, phase, draw_seed = winner or (None, "after", "")
            if isinstance(fault, kinds.Drip):
                spread_s, clock_s = self._durations(fault.seconds, fault)
                virtual_s += clock_s
            receipt = ", ".join(receipts)
            return MatchedFault(fault, receipt, phase, wait_s, spread_s, virtual_s, draw_seed)

    def _durations(self, seconds: float, fault: kinds.Delay | kinds.Drip) -> tuple[float, float]:
        """*seconds* of *fault*, as (real seconds, clock seconds)."""
        pace = self._time.real_seconds(NANOSECONDS)
        if self._time.real_delays if fault.real is None else fault.real:
            return seconds, 0.0 if pace is None else seconds / pace
        return seconds * (pace or 0.0), seconds

    def prefer(self, status: int) -> MatchedFault:
        """The error that a client itself asked for (``Prefer: code=...``)."""
        with self._lock:
            self._preferred += 1
            return MatchedFault(kinds.Error(status=status), f"prefer#{self._preferred}")

    def untried(self) -> list[ArmedRule]:
        """The rules that could not fire at any request so far.

        Paused rules, those of a preset, and those that must be used up (see ``not_used_up``) are
        left out.
        """
        return [
            armed
            for armed in super().untried()
            if not armed.rule.paused
            and armed.rule.preset is None
            and not armed.rule.must_be_used_up
        ]

    def not_used_up(self) -> list[ArmedRule]:
        """The rules that must be used up and are not; without a limit, one use is enough."""
        return [
            armed
            for armed in self.armed()
            if armed.rule.must_be_used_up
            and (armed.unused or (armed.unused is None and not armed.fires))
        ]

    def as_python(self, name: str = "ges") -> list[str]:
        """Python that arms the rules that were armed since the last reset, a line for each.

        *name* is the variable that holds the fake. Only the last hundred rules are included, and
        none that a reset arms; a disarmed one is a comment.
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
        return dataclasses.replace(armed, now=self._time.age())
