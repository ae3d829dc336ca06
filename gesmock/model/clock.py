"""Real time, which only this module reads, and the arithmetic of a project's time."""

import sys
import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Annotated, Any, Final
from wsgiref.handlers import format_date_time

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from gesmock.model.errors import InvalidInput

_BOOT_CLOCK: Final[Any] = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
"""The monotonic clock, if possible one that goes on while the machine sleeps; None without any."""

_ticks = time.perf_counter if _BOOT_CLOCK is None else partial(time.clock_gettime, _BOOT_CLOCK)
"""Seconds since some moment.

Time travel in a client's tests must not move the fake's clock. freezegun and time-machine replace
every function of ``time`` except ``clock_gettime``; there, time-machine replaces CLOCK_REALTIME
only.
"""


def _start() -> float:
    """When ``_ticks`` was 0, in seconds since 1970.

    On Linux, this is right even if gesmock is first imported during time travel: clock 5 is
    CLOCK_REALTIME_COARSE, which is a few milliseconds late but which no library replaces.
    """
    now = time.time()
    untravelled = time.clock_gettime(5) if sys.platform == "linux" else now
    return (now if abs(now - untravelled) < 60 else untravelled) - _ticks()


_STARTED: Final = _start()

real_time: Final[Callable[[], float]] = partial(next, map(_STARTED.__add__, iter(_ticks, None)))
"""Returns seconds since 1970: ``_STARTED + _ticks()``, without calling a Python function."""

NANOSECONDS: Final = 1_000_000_000  # in a second


def nanoseconds(seconds: float) -> int:
    return round(seconds * NANOSECONDS)


Seconds = Annotated[float, Meta(ge=0, le=1e9)]
Rate = Annotated[float, Meta(gt=0, le=1e6, description="a rate above 0, at most 1000000")]
LATEST: Final = 253_402_300_799  # the last second of the year 9999


class Timing(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """How a clock starts, at *now* (seconds since 1970; default: the real time), and how it runs.

    *rate* is how many of its seconds pass in a real one. With each request to the project, except
    preflights, *tick_s* seconds pass. Only these ticks, and ``advance``, move a *frozen* clock.
    With *real_delays*, faults delay answers by real seconds, whatever the clock does, unless they
    say otherwise.
    """

    now: Annotated[float, Meta(ge=0, le=LATEST)] | None = None
    frozen: bool = False
    rate: Rate = 1.0
    tick_s: Seconds = 0.0
    real_delays: bool = False


class ClockChange(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A change of a clock: *advance_s* seconds pass at once; then the other fields apply."""

    advance_s: Seconds = 0.0
    frozen: bool | UnsetType = UNSET
    rate: Rate | UnsetType = UNSET
    tick_s: Seconds | UnsetType = UNSET
    real_delays: bool | UnsetType = UNSET


class VirtualTime:
    """The time of one project, in seconds since 1970, UTC.

    It counts the whole nanoseconds since it began, its *age*, so that ten times 0.1 s are 1 s.
    *source* returns the real time.

    - *frozen*: whether it stands still. *ticks*: whether requests move it.
    - *real_delays*: whether delays take real seconds.
    - *real_at*: the real time when it was last held.
    - *changes*: how often it was changed by anything except ticks.

    Callers must hold the project's lock.
    """

    def __init__(
        self, timing: Timing | None = None, source: Callable[[], float] = real_time
    ) -> None:
        self._source, self.changes = source, 0
        self.reset(timing or Timing())

    def reset(self, timing: Timing) -> None:
        self._since = self.real_at = self._source()
        self._passed = 0
        self._start = self._since if timing.now is None else timing.now
        self._run(structs.replace(timing, now=None))
        self._held: int | None = None
        self._ticked: int | None = None
        self._last = nanoseconds(LATEST - self._start)  # the age at which it stands still

    def _run(self, timing: Timing) -> None:
        self._timing = timing
        self.changes += 1
        self.ticks, self.real_delays = timing.tick_s > 0, timing.real_delays
        self.frozen, self._speed = timing.frozen, timing.rate * NANOSECONDS

    def age(self) -> int:
        """The time that has passed since it began, in nanoseconds."""
        if self._held is not None:
            return self._held
        if self.frozen:
            return self._passed
        self.real_at = self._source()
        real = self.real_at - self._since
        if real <= 0:  # the source went back, but jobs must not
            return self._passed
        return min(self._passed + round(real * self._speed), self._last)

    def at(self, age: int) -> float:
        """The time at *age* nanoseconds, in seconds since 1970."""
        return self._start + age / NANOSECONDS

    def now(self) -> float:
        return self._start + self.age() / NANOSECONDS

    def __enter__(self) -> float:
        """Hold the time still, so that all inside happens at one moment; returns this moment.

        Right after a tick, it is the moment at which the tick stopped.
        """
        if self.frozen and self._ticked is None:
            self.real_at = self._source()
        self._held = held = self.age() if self._ticked is None else self._ticked
        self._ticked = None
        return self._start + held / NANOSECONDS

    def __exit__(self, *_error: object) -> None:
        self._held = None

    @property
    def timing(self) -> Timing:
        return structs.replace(self._timing, now=self.now())

    @property
    def start(self) -> Timing:
        """With this timing, another time runs like this one; if frozen, from the same moment."""
        return self.timing if self._timing.frozen else self._timing

    def check(self, change: ClockChange) -> int:
        """The age after *change*; raises InvalidInput if that is beyond the year 9999."""
        age = self.age() + nanoseconds(change.advance_s)
        if self.at(age) > LATEST:
            now = list_time(self.now())
            raise InvalidInput.at(
                "$.advance_s", f"{change.advance_s:g} s from {now} on is beyond the year 9999"
            )
        return age

    def change(self, change: ClockChange) -> None:
        """Advance it, and let it run on as *change* says; raises what ``check`` does."""
        self._passed, self._since = self.check(change), self._source()
        changes = {
            name: value for name, value in structs.asdict(change).items() if value is not UNSET
        }
        del changes["advance_s"]
        self._run(structs.replace(self._timing, **changes))

    def tick(self, stop: int | None) -> None:
        """Let ``tick_s`` pass, but not beyond the age *stop*."""
        age = self.age()
        ticked = min(age + nanoseconds(self._timing.tick_s), max(self._last, age))
        self._passed = ticked if stop is None else max(min(ticked, stop), age)
        self._ticked = self._passed
        self._since = self.real_at = self._source()

    def real_seconds(self, span: int) -> float | None:
        """How many real seconds *span* nanoseconds take; None while it is frozen."""
        return None if self._timing.frozen else span / NANOSECONDS / self._timing.rate


http_date: Final = lru_cache(maxsize=16)(format_date_time)
"""A time, in whole seconds since 1970, as in a ``Date`` header (RFC 9110, 5.6.7)."""


def list_time(seconds: float) -> str:
    """*seconds* since 1970 as in a list of the memory edition (ges_03_0204); UTC is inferred."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def iso_time(seconds: float) -> str:
    """*seconds* since 1970 in ISO 8601, UTC, with milliseconds."""
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{list_time(whole).replace(' ', 'T')}.{thousandths:03}Z"
