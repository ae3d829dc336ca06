"""What a test scripts of one world through ``GesMock``: its faults, and its journal to read."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from gesmock import validation
from gesmock.exchange import Operation
from gesmock.faults import Armed, Fault, Injection
from gesmock.journal import Entry
from gesmock.world import World


class Faults:
    """The injections of one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def arm(
        self,
        operation: Operation | None = None,
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
        status. Raises InvalidInput, with nothing armed.
        """
        if fault is None:
            fault = {
                "kind": "error",
                "status": status,
                "code": code,
                "message": message,
                "headers": dict(headers or {}),
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
        *entries: int | Literal["ok"] | Fault | Mapping[str, Any],
        after: int = 0,
    ) -> Armed:
        """Answer the next calls one by one as *entries* say: a status, a fault, or "ok"."""
        return self._arm(operation=operation, script=list(entries), after=after)

    def _arm(self, **fields: Any) -> Armed:
        injection = validation.read(msgspec.to_builtins(fields), Injection, "injection")
        with self._world.lock:
            return self._world.faults.arm(injection)

    def disarm(self, injection: Armed | str | None = None) -> None:
        """Take *injection* (what ``arm`` returned, or its id), or else all, out of force."""
        with self._world.lock:
            if injection is None:
                self._world.faults.disarm_all()
            else:
                self._world.faults.disarm(injection if isinstance(injection, str) else injection.id)

    def __iter__(self) -> Iterator[Armed]:
        with self._world.lock:
            return iter(self._world.faults.armed())

    def __len__(self) -> int:
        return len(self._world.faults)


class JournalView:
    """The journal of one world, to read."""

    def __init__(self, world: World) -> None:
        self._world = world

    def entries(
        self, operation: Operation | None = None, *, status: int | None = None
    ) -> list[Entry]:
        """The entries, oldest first; only those of *operation*, or answered with *status*."""
        with self._world.lock:
            return self._world.journal.entries(operation, status)

    def clear(self) -> None:
        """Forget every entry."""
        with self._world.lock:
            self._world.journal.clear()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self._world.journal)
