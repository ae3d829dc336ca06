"""Figures: medians, spreads and ratios. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Sample = Mapping[str, float]
"""What one round measured, by the name of the figure."""

Samples = Mapping[str, Mapping[str, Sequence[Sample]]]
"""Every round, by work and target."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several rounds, and the least and the most."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values))

    def over(self, other: "Spread") -> "Spread | None":
        """A ratio: this to the median of *other*; None where that is 0."""
        if not other.median:
            return None
        return Spread(*(value / other.median for value in (self.median, self.least, self.most)))


def spread(samples: Samples, work: str, target: str, figure: str) -> Spread | None:
    """The rounds of *figure* at that work; None where there are none."""
    rounds = samples.get(work, {}).get(target, ())
    values = [one[figure] for one in rounds if figure in one]
    return Spread.of(values) if values else None


def middle(samples: Samples, work: str, target: str, figure: str) -> float | None:
    found = spread(samples, work, target, figure)
    return None if found is None else found.median


def best(
    samples: Samples, work: str, targets: Sequence[str], figure: str, *, least: bool = False
) -> str | None:
    """The one of *targets* with the highest (or *least*) median; None where none has any."""
    medians = {name: middle(samples, work, name, figure) for name in targets}
    known = {name: value for name, value in medians.items() if value is not None}
    if not known:
        return None
    return (min if least else max)(known, key=lambda name: known[name])


def over(dividend: float | None, divisor: float | None) -> float | None:
    """The ratio; None where one of them is not known, or the divisor is 0."""
    return dividend / divisor if dividend is not None and divisor else None


@dataclass(frozen=True, slots=True)
class Results:
    """All that a run found out, as ``results.json`` has it."""

    machine: Mapping[str, Any]
    options: Mapping[str, Any]
    targets: Mapping[str, Mapping[str, Any]]
    """Name -> ``kind`` (gesmock, limit, peer), ``version``, ``command``, ``pages``, ``absent``."""
    lists: Mapping[str, int]
    """Number of jobs -> bytes."""
    samples: Samples
    failed: Mapping[str, str] = field(default_factory=dict)
    """What went wrong, by work."""

    def names(self, kind: str) -> list[str]:
        return [name for name, target in self.targets.items() if target["kind"] == kind]

    def value(self, work: str, target: str, figure: str) -> float | None:
        return middle(self.samples, work, target, figure)

    def best_peer(self, work: str, figure: str, *, least: bool = False) -> str | None:
        return best(self.samples, work, self.names("peer"), figure, least=least)
