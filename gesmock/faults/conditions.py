"""Conditions: kinds that look at the clock to tell whether anything happens to a call."""

from collections.abc import Callable, Iterator
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from gesmock.faults.kind import ErrorStatus, Kind, Memory, PositiveSeconds
from gesmock.faults.stand_ins import Close, Error, Garbage, Hang, Reset
from gesmock.model.clock import NANOSECONDS, Seconds, nanoseconds

Failure = Error | Reset | Close | Hang | Garbage

_PLAIN: Final[dict[str, type[Reset | Close | Hang | Garbage]]] = {
    "reset": Reset,
    "close": Close,
    "hang": Hang,
    "garbage": Garbage,
}

Rate = Annotated[float, Meta(ge=0, le=1)]


class Throttle(Kind, frozen=True, tag="throttle"):
    """Answer *limit* requests in a window of *window_s* seconds, and the others in it with 429.

    A window begins with the first request after the last one has ended; ``Retry-After`` is the
    number of seconds to its end, rounded up. All on the project's clock.
    """

    phases = ("before",)
    why = "what is throttled is not carried out"

    limit: Annotated[int, Meta(ge=1)]
    window_s: PositiveSeconds

    def judge(
        self, elapsed: int, draw: Callable[[], float], memory: Memory
    ) -> tuple[Kind | None, Memory]:
        """Nothing, or 429; when the window ends, and how many have come in it."""
        del draw
        ends, count = memory or (0, 0)
        if elapsed >= ends:
            ends, count = elapsed + nanoseconds(self.window_s), 0
        if count < self.limit:
            return None, (ends, count + 1)
        left_s = -(-(ends - elapsed) // NANOSECONDS)
        return Error(429, headers={"Retry-After": f"{left_s}"}), (ends, count)


class _Failing(Kind, frozen=True, kw_only=True):
    """A kind that leads to a *fault*, in either phase, which may be a status, or a name."""

    phases = ("before", "after")

    fault: ErrorStatus | Literal["reset", "close", "hang", "garbage"] | Failure = 503

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "fault", self.failure)

    @property
    def failure(self) -> Failure:
        """The fault, spelled out."""
        if isinstance(self.fault, str):
            return _PLAIN[self.fault]()
        return Error(self.fault) if isinstance(self.fault, int) else self.fault

    def within(self) -> Iterator[tuple[str, Kind]]:
        """The fault."""
        yield "fault", self.failure


class Outage(_Failing, frozen=True, tag="outage", kw_only=True):
    """Meet every call with *fault*, *from_s* to *until_s* seconds after it was armed.

    On the project's clock. The fault is a status or one of error, reset, close, hang and garbage
    (default: 503).
    """

    from_s: Seconds = 0.0
    until_s: PositiveSeconds

    def __post_init__(self) -> None:
        if self.until_s <= self.from_s:
            raise ValueError(f"until_s: {self.until_s:g} is not after from_s, {self.from_s:g}")
        super().__post_init__()

    def judge(
        self, elapsed: int, draw: Callable[[], float], memory: Memory
    ) -> tuple[Kind | None, Memory]:
        """The fault, while it lasts."""
        del draw
        lasts = nanoseconds(self.from_s) <= elapsed < nanoseconds(self.until_s)
        return (self.failure if lasts else None), memory

    def rest(self, elapsed: int) -> Kind | None:
        """The outage as it still is to come."""
        until = nanoseconds(self.until_s) - elapsed
        if until <= 0:
            return None
        begins = max(nanoseconds(self.from_s) - elapsed, 0) / NANOSECONDS
        return msgspec.structs.replace(self, from_s=begins, until_s=until / NANOSECONDS)


class Ramp(_Failing, frozen=True, tag="ramp", kw_only=True):
    """Meet a share of the calls with *fault* that grows from *begin* to *to* over *over_s* seconds.

    It grows from when it was armed, on the project's clock, and then stays. The fault is a status
    or one of error, reset, close, hang and garbage (default: 503).
    """

    to: Rate
    over_s: PositiveSeconds
    begin: Rate = 0.0

    def _rate(self, elapsed: int) -> float:
        span = nanoseconds(self.over_s)
        done = elapsed / span if elapsed < span else 1.0
        return self.begin + (self.to - self.begin) * done

    def judge(
        self, elapsed: int, draw: Callable[[], float], memory: Memory
    ) -> tuple[Kind | None, Memory]:
        """The fault, for its share."""
        return (self.failure if draw() < self._rate(elapsed) else None), memory

    def rest(self, elapsed: int) -> Kind | None:
        """The ramp from where it is."""
        left = nanoseconds(self.over_s) - elapsed
        over_s = left / NANOSECONDS if left > 0 else self.over_s
        return msgspec.structs.replace(self, begin=self._rate(elapsed), over_s=over_s)
