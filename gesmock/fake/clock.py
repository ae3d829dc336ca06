"""Clock: moves the time of a project, and the jobs of its graphs with it; ``ges.clock``."""

from threading import RLock
from typing import Any, Final

from msgspec import structs

from gesmock.fake.graphs import Graphs, in_order
from gesmock.model import validation
from gesmock.model.clock import NANOSECONDS, ClockChange, Timing, VirtualTime, iso_time
from gesmock.model.errors import Conflict
from gesmock.model.timeline import Transition

_ATTEMPTS: Final = 3
"""How often copies are tried while the graphs keep changing; after that, it works in place."""


class ReadClock(Timing, frozen=True, kw_only=True, omit_defaults=False):
    """The clock, and in how many of its seconds the next job changes (*next_s*; null: never)."""

    next_s: float | None


def read_clock(graphs: Graphs) -> ReadClock:
    """How the clock of *graphs* runs; the lock is held."""
    time, following = graphs.time, graphs.next_change()
    next_s = None if following is None else max(following - time.age(), 0) / NANOSECONDS
    return ReadClock(**structs.asdict(time.timing), next_s=next_s)


class Clock:
    """Moves the *time* of a project: freezes it, advances it, lets it run faster or tick.

    Whatever becomes due is carried out at once in the *graphs*. If that is much, it is carried out
    in copies of them first, so that nobody waits for the lock: until all of it is done, the clock
    and the graphs stay as they were.
    """

    def __init__(self, time: VirtualTime, graphs: Graphs, lock: RLock) -> None:
        self._time = time
        self._graphs = graphs
        self._lock = lock

    @property
    def now(self) -> float:
        """The time now, in seconds since 1970."""
        return self._time.now()

    def advance(self, seconds: float) -> list[Transition]:
        """Let *seconds* pass at once; returns the transitions of jobs, in order of time."""
        return self._set(advance_s=seconds)

    def freeze(self) -> None:
        """Stop the clock: from now on only ``advance`` and ticks move it."""
        self._set(frozen=True)

    def resume(self) -> None:
        """Let the clock run on from where it was frozen."""
        self._set(frozen=False)

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still. Can be set."""
        return self._time.frozen

    @frozen.setter
    def frozen(self, frozen: bool) -> None:
        self._set(frozen=frozen)

    @property
    def rate(self) -> float:
        """How many of its seconds pass in a real one; 60: a minute a second. Can be set."""
        return self._time.timing.rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self._set(rate=rate)

    @property
    def tick_s(self) -> float:
        """How many of its seconds pass with each request to the project. Can be set."""
        return self._time.timing.tick_s

    @tick_s.setter
    def tick_s(self, tick_s: float) -> None:
        self._set(tick_s=tick_s)

    @property
    def real_delays(self) -> bool:
        """Whether faults delay answers by real seconds unless they say otherwise. Can be set."""
        return self._time.real_delays

    @real_delays.setter
    def real_delays(self, real_delays: bool) -> None:
        self._set(real_delays=real_delays)

    def change(self, change: ClockChange) -> list[Transition]:
        """Make the whole *change* in one step; returns the transitions of jobs, in order of time.

        Raises InvalidInput if it leads beyond the year 9999, Conflict if the project is reset
        meanwhile; nothing is changed then.
        """
        resets, attempts = self._graphs.resets, 0
        while True:
            with self._lock:
                self._graphs.settle()
                ahead = self._graphs.ahead(self._time.check(change))
                if ahead is None or attempts == _ATTEMPTS:
                    self._time.change(change)
                    self._graphs.notify()
                    return self._graphs.settle()
            transitions = ahead.settle()
            with self._lock:
                if self._graphs.resets != resets:
                    raise Conflict("the project was reset meanwhile; nothing was changed")
                if self._graphs.are_unchanged_since(ahead):
                    self._time.change(change)
                    self._graphs.replace(ahead)
                    later = self._graphs.settle()
                    break
            attempts += 1
        return in_order([*transitions, *later])

    def _set(self, **fields: Any) -> list[Transition]:
        return self.change(validation.read_python(fields, ClockChange, "clock"))

    def __repr__(self) -> str:
        rate = "" if self.rate == 1 else f" at a rate of {self.rate:g}"
        ticks = f", {self.tick_s:g} s with each request" if self.tick_s else ""
        how = "frozen" if self.frozen else "running"
        return f"<Clock: {how}{rate} at {iso_time(self.now)}{ticks}>"
