"""Figures: medians, spreads and ratios. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Sample = Mapping[str, float]
"""What one round measured, by the name of the figure."""

Samples = Mapping[str, Mapping[str, Sequence[Sample]]]
"""The rounds, by work and target."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median, the least and the most of several rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values))

    def over(self, other: "Spread") -> "Spread | None":
        """The ratio of this to the median of *other*; None if that is 0."""
        if not other.median:
            return None
        return Spread(*(value / other.median for value in (self.median, self.least, self.most)))


def over(dividend: float | None, divisor: float | None) -> float | None:
    """The ratio; None if either is not known, or *divisor* is 0."""
    return dividend / divisor if dividend is not None and divisor else None


@dataclass(frozen=True, slots=True)
class Results:
    """All results of a run, as in ``results.json``."""

    machine: Mapping[str, Any]
    options: Mapping[str, Any]
    targets: Mapping[str, Mapping[str, Any]]
    """Name -> ``kind`` (gesmock, limit, peer), ``version``, ``command``, ``pages``, ``absent``."""
    lists: Mapping[str, int]
    """Number of jobs -> bytes."""
    samples: Samples
    failed: Mapping[str, str] = field(default_factory=dict)
    """Error messages, by the target or measure."""

    def spread(self, work: str, target: str, figure: str = "rps") -> Spread | None:
        """The spread of *figure* at *work*; None if there are no rounds."""
        rounds = self.samples.get(work, {}).get(target, ())
        values = [sample[figure] for sample in rounds if figure in sample]
        return Spread.of(values) if values else None

    def value(self, work: str, target: str, figure: str = "rps") -> float | None:
        spread = self.spread(work, target, figure)
        return None if spread is None else spread.median

    def ratio(self, work: str, target: str, other: str) -> Spread | None:
        """How fast *target* is, as a ratio to the median of *other*."""
        own, base = self.spread(work, target), self.spread(work, other)
        return None if own is None or base is None else own.over(base)

    def best_peer(self, work: str) -> str | None:
        """The fastest peer; None if none was measured."""
        medians = {
            name: value
            for name, target in self.targets.items()
            if target["kind"] == "peer" and (value := self.value(work, name)) is not None
        }
        return max(medians, key=lambda name: medians[name], default=None)
