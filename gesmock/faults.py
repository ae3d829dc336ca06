"""Faults: what can be made to go wrong, for which requests, and how often it did.

A new kind is a frozen struct with a ``kind`` tag of its own, added to the union ``Fault``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from threading import RLock
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from gesmock import errors
from gesmock.arming import Rules
from gesmock.documentation import error_codes
from gesmock.errors import GesError, InjectedError
from gesmock.exchange import Operation

ErrorStatus = Annotated[int, Meta(ge=400, le=599, description="an HTTP status from 400 to 599")]

REFUSALS: Final[Mapping[int, type[GesError]]] = {
    400: errors.ParameterError,
    401: errors.InvalidToken,
    403: errors.InvalidAccess,
    404: errors.UnknownGraph,
    405: errors.WrongMethod,
    500: errors.JobQueryFailed,
    503: errors.EngineUnavailable,
}
"""The error to answer with for each status that the job list's page names (ges_03_0471), and 405.

Inferred pairings: that page gives phrases only. Codes and messages are those of ges_03_0110 and of
examples; its table has no row with 401, 403, 404 or 503.
"""

_GATEWAY_STATUSES = {413, 414, 429, 494, 502, 504}
"""Statuses that only the gateway's table has (api-sign-errorcode); that it stands before the
service is inferred."""

HeaderName = Annotated[
    str,
    Meta(
        pattern=r"^(?i:(?!content-length$|transfer-encoding$|connection$))"
        r"[A-Za-z0-9!#$%&'*+.^_`|~-]+(?![\s\S])",
        description="a header name that a fault may set: those of framing are not",
    ),
]
HeaderValue = Annotated[
    str,
    Meta(pattern=r"^[\t\x20-\x7e\xa0-\xff]*(?![\s\S])", description="one line of Latin-1 text"),
]


class Error(
    Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
    tag="error",
):
    """Answer with an HTTP error instead of the real reply.

    *status* is any of 400-599. *code* and *message* default to those of ``REFUSALS``; for another
    status to the gateway's, and where that has none, to those of 400 or 500, as HTTP clients are
    to read a status they do not know (RFC 9110, 15). *headers* are added to the answer.
    """

    status: ErrorStatus
    code: str | None = None
    message: str | None = None
    headers: dict[HeaderName, HeaderValue] = {}

    def refusal(self, names: Mapping[str, str]) -> InjectedError:
        """The refusal to answer with; *names* (project, graph) fill the documented message."""
        code, message = _documented(self.status, names)
        if self.code is not None and self.code != code:
            code, message = self.code, _message_of(self.code, names)
        told = message if self.message is None else self.message
        return InjectedError(code, told, status=self.status)


def _documented(status: int, names: Mapping[str, str]) -> tuple[str, str]:
    """The code and message that the documentation has for *status*."""
    if status in _GATEWAY_STATUSES:
        row = next(row for row in error_codes() if row.status == status)
        return row.code, row.message
    refusal = REFUSALS.get(status) or REFUSALS[status // 100 * 100]
    return refusal.code, refusal.template.format_map(names)


def _message_of(code: str, names: Mapping[str, str]) -> str:
    """The message that the documentation has for *code*, or a phrase of ours."""
    for refusal in REFUSALS.values():
        if refusal.code == code:
            return refusal.template.format_map(names)
    messages = [row.message for row in error_codes() if row.code == code]
    return messages[0].format_map(_Named(names)) if messages else "Unknown error."


class _Named(dict[str, str]):
    """What fills a documented message; a name that nobody knows stands for itself."""

    def __missing__(self, name: str) -> str:
        return name


Fault = Error
"""Every fault kind."""


class Injection(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A *fault*, or a *script* of them, and the requests that it is for.

    It meets the requests of *operation* (default: of every operation) that no earlier injection
    has taken. It lets the first *after* of them pass, then fires at every *every*-th with
    *probability*, *times* times at most (default: without end). A *script* is met once, an entry a
    request: a status, a fault, or "ok" for the real answer. What is spent falls through to the
    injections behind it, and at last to the real answer.
    """

    operation: Operation | None = None
    fault: Fault | None = None
    script: Annotated[list[ErrorStatus | Literal["ok"] | Fault], Meta(min_length=1)] | None = None
    after: Annotated[int, Meta(ge=0)] = 0
    every: Annotated[int, Meta(ge=1)] = 1
    times: Annotated[int, Meta(ge=1)] | None = None
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0

    def __post_init__(self) -> None:
        if (self.fault is None) == (self.script is None):
            raise ValueError("an injection has either a fault or a script")
        others = (self.every, self.times, self.probability)
        if self.script is not None and others != (1, None, 1.0):
            raise ValueError("a script goes with operation and after only; it is met once")


@dataclass(frozen=True, slots=True)
class Fired:
    """A fault that a request has met. *receipt* is ``<injection id>#<nth fire>``."""

    fault: Fault
    receipt: str


@dataclass(slots=True)
class Armed:
    """An injection in force: how many calls it has met, and how often it fired."""

    id: str
    injection: Injection
    calls: int = 0
    fires: int = 0
    tried: bool = False

    @property
    def given(self) -> Injection:
        """The injection."""
        return self.injection

    @property
    def left(self) -> int | None:
        """How often it can still fire (a script: entries still to come); None: without end."""
        rule = self.injection
        if rule.script is not None:
            return len(rule.script) - max(self.calls - rule.after, 0)
        return None if rule.times is None else rule.times - self.fires

    def meet(self, operation: Operation, seed: int) -> Fault | Literal["ok"] | None:
        """What it does to this call: a fault, "ok" (the script says so), or None (it lets pass)."""
        rule = self.injection
        if rule.operation not in (None, operation) or self.left == 0:
            return None
        self.calls += 1
        turn = self.calls - rule.after
        if turn < 1:
            return None
        if rule.script is not None:
            self.tried = True
            entry = rule.script[turn - 1]
            outcome: Fault | Literal["ok"] | None = (
                Error(status=entry) if isinstance(entry, int) else entry
            )
        else:
            # Drawn from seed, injection and call number: the order of threads cannot change it.
            draw = Random(f"{seed}/{self.id}/{self.calls}").random()  # noqa: S311 no secret
            due = turn % rule.every == 0
            self.tried = self.tried or due
            hit = due and draw < rule.probability
            outcome = rule.fault if hit else None
        if outcome not in (None, "ok"):
            self.fires += 1
        return outcome

    def rest(self) -> Injection | None:
        """What is left of it, as an injection that counts anew; None where it is spent.

        *times*, *after* and a script go on where they are; *every* begins with its first call.
        """
        rule = self.injection
        left = self.left
        if left == 0:
            return None
        after = max(rule.after - self.calls, 0)
        if rule.script is not None and left is not None:
            return msgspec.structs.replace(rule, after=after, script=rule.script[-left:])
        return msgspec.structs.replace(rule, after=after, times=left)

    def as_json(self) -> dict[str, Any]:
        """The injection as it was given, with its id, its calls, its fires and what is left."""
        given = msgspec.to_builtins(self.injection)
        counts = {"calls": self.calls, "fires": self.fires, "left": self.left}
        return {"id": self.id, **given, **counts}

    def __str__(self) -> str:
        rule = self.injection
        unset = msgspec.to_builtins(Injection(script=["ok"])) | {"script": None}
        given = {
            name: value for name, value in msgspec.to_builtins(rule).items() if value != unset[name]
        }
        return f"{self.id} {msgspec.json.encode(given).decode()}"


class FaultPlan(Rules[Armed]):
    """The injections of one world, in the order they were armed; the first that fires wins."""

    noun = "injection"
    letter = "f"

    def __init__(self, seed: int, lock: RLock) -> None:
        super().__init__(lock)
        self._seed = seed
        self._preferred = 0

    def arm(self, injection: Injection) -> Armed:
        """Put *injection* in force, behind those already armed, under an id of its own."""
        with self._lock:
            armed = Armed(self._next_id(), injection)
            self._armed[armed.id] = armed
            return armed

    def take(self, operation: Operation) -> Fired | None:
        """The fault that this call of *operation* meets, counted; None for the real answer."""
        with self._lock:
            for armed in self._armed.values():
                outcome = armed.meet(operation, self._seed)
                if outcome == "ok":
                    return None
                if outcome is not None:
                    return Fired(outcome, f"{armed.id}#{armed.fires}")
            return None

    def prefer(self, status: int) -> Fired:
        """The error that a client has asked for itself (``Prefer: code=...``)."""
        with self._lock:
            self._preferred += 1
            return Fired(Error(status=status), f"prefer#{self._preferred}")
