"""The clock, as a test scripts it."""

from typing import Any

from gesmock.fake.fake import Fake
from gesmock.model import validation
from gesmock.model.clock import ClockChange, Timing
from gesmock.model.timeline import Transition


class ClockView:
    """The clock of the default project, whichever that is when it is used.

    ``frozen``, ``rate`` (its seconds in a real one) and ``tick_s`` (its seconds with each request
    to the service) can be set.
    """

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    def _change(self, **fields: Any) -> list[Transition]:
        change = validation.read_python(fields, ClockChange, "clock")
        return self._fake.default.change_clock(change)

    @property
    def _timing(self) -> Timing:
        return self._fake.default.clock.timing

    @property
    def now(self) -> float:
        """What it says, in seconds since 1970."""
        return self._fake.default.clock.now()

    def advance(self, seconds: float) -> list[Transition]:
        """Let *seconds* go by at once; the transitions of jobs that this causes, in their order."""
        return self._change(advance_s=seconds)

    def freeze(self) -> None:
        """Stop it: from now on it only moves when it is advanced, or ticks."""
        self._change(frozen=True)

    def resume(self) -> None:
        """Let it run on from where it was frozen."""
        self._change(frozen=False)

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self._timing.frozen

    @frozen.setter
    def frozen(self, frozen: bool) -> None:
        self._change(frozen=frozen)

    @property
    def rate(self) -> float:
        """How many of its seconds go by in a real one; 60: a minute a second."""
        return self._timing.rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self._change(rate=rate)

    @property
    def tick_s(self) -> float:
        """How many of its seconds go by with each request to the service."""
        return self._timing.tick_s

    @tick_s.setter
    def tick_s(self, tick_s: float) -> None:
        self._change(tick_s=tick_s)
