"""The injections, as a test scripts them."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from gesmock import validation
from gesmock.exchange import Operation
from gesmock.fake import Fake
from gesmock.faults import Armed, Fault, FaultPlan, Injection

Entries = int | Literal["ok"] | Fault | Mapping[str, Any] | list[Any]


class Faults:
    """The injections of the default project, whichever that is when it is used."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    @property
    def _plan(self) -> FaultPlan:
        return self._fake.default.faults

    def arm(
        self,
        operation: Operation | Injection | Mapping[str, Any] | None = None,
        status: int | None = None,
        *,
        code: str | None = None,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
        fault: Fault | Mapping[str, Any] | None = None,
        times: int | None = None,
        after: int = 0,
        every: int = 1,
        probability: float = 1.0,
    ) -> Armed:
        """Answer *operation* (default: any) with the error *status*, or with *fault*.

        After *after* calls, at each *every*-th one, with *probability*, *times* times at most
        (default: without end). *code* and *message* default to what the documentation has for the
        status. A whole injection, as in a fixture, may stand in the place of *operation*.
        Raises InvalidInput, with nothing armed.
        """
        if isinstance(operation, Injection | Mapping):
            return self._plan.arm(validation.read_python(operation, Injection, "injection"))
        if fault is None:
            fault = {
                "kind": "error",
                "status": status,
                "code": code,
                "message": message,
                "headers": headers or {},
            }
        elif (status, code, message, headers) != (None, None, None, None):
            raise TypeError("give either a fault, or a status with its code, message and headers")
        return self._arm(
            operation=operation,
            fault=fault,
            times=times,
            after=after,
            every=every,
            probability=probability,
        )

    def script(
        self,
        operation: Operation | None,
        *entries: Entries,
        after: int = 0,
    ) -> Armed:
        """Answer the next calls one by one as *entries* say: a status, a fault, or "ok".

        They may also be given as one list.
        """
        script = entries[0] if len(entries) == 1 and isinstance(entries[0], list) else entries
        return self._arm(operation=operation, script=script, after=after)

    def _arm(self, **fields: Any) -> Armed:
        injection = validation.read_python(fields, Injection, "injection")
        return self._plan.arm(injection)

    def disarm(self, injection: Armed | str | None = None) -> None:
        """Take *injection* (what ``arm`` returned, or its id), or else all, out of force."""
        if injection is None:
            self._plan.disarm_all()
        else:
            self._plan.disarm(injection)

    def __iter__(self) -> Iterator[Armed]:
        return iter(self._plan.armed())

    def __len__(self) -> int:
        return len(self._plan)
