"""Clock: the time of a project, as a test moves it. The arithmetic is in ``model/clock.py``."""

from threading import RLock
from typing import Any

from gesmock.fake.graphs import Graphs
from gesmock.model import validation
from gesmock.model.clock import ClockChange, VirtualTime, iso_time
from gesmock.model.timeline import Transition


class Clock:
    """Moves the *time* of a project: freezes it, advances it, lets it run faster or tick.

    Whatever becomes due is carried out at once in the *graphs*.
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
        """How many of its seconds pass with each request to the service. Can be set."""
        return self._time.timing.tick_s

    @tick_s.setter
    def tick_s(self, tick_s: float) -> None:
        self._set(tick_s=tick_s)

    def change(self, change: ClockChange) -> list[Transition]:
        """Make the whole *change* in one step; returns the transitions of jobs, in order of time.

        Raises InvalidInput, with nothing changed, if it leads beyond the year 9999.
        """
        with self._lock:
            self._graphs.settle()
            self._time.change(change)
            self._graphs.notify()
            return self._graphs.settle()

    def _set(self, **fields: Any) -> list[Transition]:
        return self.change(validation.read_python(fields, ClockChange, "clock"))

    def __repr__(self) -> str:
        rate = "" if self.rate == 1 else f" at a rate of {self.rate:g}"
        ticks = f", {self.tick_s:g} s with each request" if self.tick_s else ""
        how = "frozen" if self.frozen else "running"
        return f"<Clock: {how}{rate} at {iso_time(self.now)}{ticks}>"
