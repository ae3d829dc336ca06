"""The fault rules, as a test scripts them."""

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict, Unpack

import msgspec

from gesmock.fake.fake import Fake
from gesmock.faults import ArmedRule, Fault, FaultPlan, FaultRule, Phase, PresetName
from gesmock.model import validation
from gesmock.model.errors import InvalidInput
from gesmock.model.messages import Operation

Entries = int | str | Fault | Mapping[str, Any] | list[Any]


class Chosen(TypedDict, total=False):
    """Which requests a fault rule is for, beyond their operation: see ``FaultRule``."""

    graph: str
    job_id: str
    command: str
    header: str
    phase: Phase
    nth: int | list[int]
    after: int
    every: int
    times: int | None
    probability: float
    from_s: float
    until_s: float
    paused: bool


class Faults:
    """The fault rules of the default project, whichever that is when it is used."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    @property
    def _plan(self) -> FaultPlan:
        return self._fake.default.faults

    def arm(
        self,
        operation: Operation | FaultRule | Mapping[str, Any] | None = None,
        status: int | str | None = None,
        *,
        code: str | None = None,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
        fault: int | str | Fault | Mapping[str, Any] | None = None,
        **chosen: Unpack[Chosen],
    ) -> ArmedRule:
        """Answer *operation* (default: any) with the error *status*, or with *fault*.

        A kind that needs no fields may be named in the place of *status*: ``"reset"``. *chosen*
        says at which of its requests, by the words of ``FaultRule``: ``times=2``. *code* and
        *message* default to what the documentation has for the status and the operation. A whole
        fault rule, as in a fixture, may stand in the place of *operation*. Raises InvalidInput,
        with nothing armed; also where the server in use cannot produce the fault.
        """
        if isinstance(operation, FaultRule | Mapping):
            if chosen or (status, code, message, headers, fault) != (None,) * 5:
                raise TypeError("give either a whole fault rule, or its fields")
            return self._arm(operation)
        if fault is None and isinstance(status, str):
            fault, status = status, None
        if fault is None:
            if status is None:
                raise InvalidInput.at("fault rule", "neither a status nor a fault is given")
            fault = {
                "kind": "error",
                "status": status,
                "code": code,
                "message": message,
                "headers": headers or {},
            }
        elif (status, code, message, headers) != (None, None, None, None):
            raise TypeError("give either a fault, or a status with its code, message and headers")
        return self._arm({"operation": operation, "fault": fault, **chosen})

    def script(
        self, operation: Operation | None, *entries: Entries, **chosen: Unpack[Chosen]
    ) -> ArmedRule:
        """Answer the next calls one by one as *entries* say: a status, a fault, or "ok".

        They may also be given as one list.
        """
        script = entries[0] if len(entries) == 1 and isinstance(entries[0], list) else entries
        return self._arm({"operation": operation, "script": script, **chosen})

    def delay_all(self, seconds: float) -> ArmedRule:
        """Let every answer wait *seconds*; other delays are added to that."""
        return self._arm({"fault": {"kind": "delay", "seconds": seconds}})

    def preset(self, name: PresetName | None) -> list[ArmedRule]:
        """Arm the fault rules of the preset *name* in the place of any other's; None: of none."""
        given = {"preset": name}
        wanted = validation.read_python(given, dict[str, PresetName | None], "faults")
        return self._plan.set_preset(wanted["preset"], "faults.preset")

    def _arm(self, fields: Any) -> ArmedRule:
        fault_rule = validation.read_python(fields, FaultRule, "fault rule")
        return self._plan.arm(fault_rule, "fault rule")

    def change(self, fault_rule: ArmedRule | str, **fields: Any) -> ArmedRule:
        """Give *fault rule* (what ``arm`` returned, or its id) other *fields* (see ``FaultRule``).

        It keeps its id and its place, and what it has done stays counted: with ``times=3``, one
        that has fired twice fires once more. Raises InvalidInput, with nothing changed, or
        Unknown.
        """
        changes = validation.read_python(fields, dict[str, Any], "fault rule")
        return self._plan.change(fault_rule, changes, "fault rule")

    def pause(self, fault_rule: ArmedRule | str) -> ArmedRule:
        """Let *fault rule* meet no request until it is resumed. Raises Unknown."""
        return self._plan.change(fault_rule, {"paused": True})

    def resume(self, fault_rule: ArmedRule | str) -> ArmedRule:
        """Let *fault rule* go on where it was paused. Raises Unknown."""
        return self._plan.change(fault_rule, {"paused": False})

    def disarm(self, *fault_rules: ArmedRule | str) -> None:
        """Take *fault rules* (what ``arm`` returned, or an id) out of force; all if none is given.

        Raises NotFound where there is no such one.
        """
        self._plan.disarm(*fault_rules)

    def as_python(self, name: str = "ges") -> list[str]:
        """Python that arms again what was armed since the last reset, a line each.

        *name* is that of the fake. What a reset arms is left out, and of more than a hundred the
        first ones; what has been disarmed since is a comment.
        """
        seed = self._fake.default.graphs.seed
        drawn = f"; the seed was {seed}" if seed else ""
        in_force = {armed.id for armed in self._plan.armed()}
        return [
            f"{'' if armed.id in in_force else '# '}"
            f"{name}.faults.arm({msgspec.to_builtins(armed.fault_rule)!r})"
            f"  # {armed.id}: fired at {armed.fires} of {armed.calls} calls{drawn}"
            f"{'' if armed.id in in_force else '; disarmed'}"
            for armed in self._plan.told()
        ]

    def __iter__(self) -> Iterator[ArmedRule]:
        return iter(self._plan.armed())

    def __len__(self) -> int:
        return len(self._plan)
