"""Delays: how long an answer waits before it is sent."""

from math import log
from random import Random
from typing import Annotated, Final

from msgspec import Meta, Struct

from gesmock.faults.kind import Kind, PositiveSeconds
from gesmock.model.clock import Seconds

_LONGEST_S: Final = 1e9


class Uniform(Struct, frozen=True, forbid_unknown_fields=True):
    """Any time from *low_s* to *high_s*, each as likely as the others."""

    low_s: Seconds
    high_s: Seconds

    def __post_init__(self) -> None:
        if self.low_s > self.high_s:
            raise ValueError(f"low_s: {self.low_s:g} is above high_s, {self.high_s:g}")

    def drawn_s(self, draw: Random) -> float:
        """One of them."""
        return draw.uniform(self.low_s, self.high_s)


class Lognormal(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Times as networks have them: half of them below *median_s*, few of them far above.

    *sigma* is the standard deviation of their logarithm: with 0.5, one in ten takes 1.9 times the
    median or longer, with 1.0 3.6 times. None takes longer than *cap_s*.
    """

    median_s: PositiveSeconds
    sigma: Annotated[float, Meta(ge=0, le=10)]
    cap_s: Seconds | None = None

    def __post_init__(self) -> None:
        if self.cap_s is not None and self.cap_s < self.median_s:
            raise ValueError(f"cap_s: {self.cap_s:g} is below median_s, {self.median_s:g}")

    def drawn_s(self, draw: Random) -> float:
        """One of them."""
        longest_s = _LONGEST_S if self.cap_s is None else self.cap_s
        return min(draw.lognormvariate(log(self.median_s), self.sigma), longest_s)


class Delay(Kind, frozen=True, tag="delay"):
    """Let the answer wait: a fixed number of *seconds*, or one that is drawn for each call.

    It is carried out before that. The seconds are the project's: a clock that runs faster makes the
    wait shorter, and none is real with a frozen one. Delays add up, with one another and with
    whatever else happens to the call.
    """

    phases = ("after",)
    why = "the operation is carried out, and then its answer waits"

    seconds: Seconds | None = None
    uniform: Uniform | None = None
    lognormal: Lognormal | None = None

    def __post_init__(self) -> None:
        if [self.seconds, self.uniform, self.lognormal].count(None) != 2:
            raise ValueError("a delay has either seconds, or uniform, or lognormal")

    def drawn_s(self, chance: str) -> float:
        """How long it is this time, by *chance*, in seconds of the project's clock."""
        spread = self.uniform or self.lognormal
        if spread is not None:
            return spread.drawn_s(Random(chance))  # noqa: S311 no secret
        return self.seconds or 0.0
