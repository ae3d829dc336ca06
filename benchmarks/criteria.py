"""What gesmock has to reach: ratios, wherever there is something to compare with."""

from dataclasses import dataclass
from typing import Final

from benchmarks.figures import Results, over

PEER: Final = "the best peer"


@dataclass(frozen=True, slots=True)
class Criterion:
    """The *figure* of gesmock at *work* is at least *bound*, or with *at_most*, at most.

    With *to* or *than*, it is a ratio: to the figure of the target *to*, at the work *than*.
    """

    title: str
    unit: str
    bound: float
    work: str
    figure: str = "rps"
    to: str | None = None
    than: str | None = None
    at_most: bool = False

    def value(self, results: Results) -> float | None:
        """The figure or ratio; None if it was not measured."""
        own = results.value(self.work, "gesmock", self.figure)
        if self.to is None and self.than is None:
            return own
        work, target = self.than or self.work, self.to or "gesmock"
        other = results.best_peer(work) if target == PEER else target
        return over(own, None if other is None else results.value(work, other, self.figure))

    def verdict(self, value: float | None) -> str:
        if value is None:
            return "not measured"
        reached = value <= self.bound if self.at_most else value >= self.bound
        return "reached" if reached else "NOT REACHED"


def _rps(title: str, work: str, bound: float, to: str) -> Criterion:
    return Criterion(title, f"x {to}", bound, work, to=to)


def _most(title: str, unit: str, bound: float, work: str, figure: str, **of: str) -> Criterion:
    return Criterion(title, unit, bound, work, figure, at_most=True, **of)


_TEN, _ONE, _THOUSAND = "jobs10_clients16", "jobs10_clients1", "jobs1000_clients16"

CRITERIA: Final = (
    _rps("10 jobs, 16 clients", _TEN, 1.6, PEER),
    _rps("10 jobs, 16 clients", _TEN, 0.85, "fixed bytes"),
    _most("10 jobs, 16 clients", "p99, ms", 1, _TEN, "p99_ms"),
    _most("processor time, 10 jobs", "x fixed bytes", 1.25, _TEN, "cpu_us", to="fixed bytes"),
    _rps("10 jobs, 1 client", _ONE, 1, PEER),
    _rps("10 jobs, 1 client", _ONE, 0.9, "fixed bytes"),
    _rps("1,000 jobs, 16 clients", _THOUSAND, 1.5, PEER),
    _rps("1,000 jobs, 16 clients", _THOUSAND, 1.2, "nginx"),
    _rps("100,000 jobs, 1 client", "jobs100000", 1.2, "nginx"),
    _rps("100,000 jobs by 1,000", "walk100000", 3, PEER),
    Criterion("rule for another operation", "x without", 0.8, "rule_elsewhere", than="alone"),
    Criterion("events stream open", "x without", 0.9, "events_open", than="alone"),
    _most("start", "x pytest-httpserver", 1.2, "start", "seconds", to="pytest-httpserver"),
    _most("pytest fixture", "ms a test", 0.3, "fixture", "ms"),
    _most("1,000,000 requests, 2,000 idle", "growth, kB", 2_048, "endurance", "growth_kb"),
    _most("2,000 idle, again", "growth, kB", 2_048, "endurance", "wave_kb"),
    _most("100,000 jobs, four clients", "growth, kB", 10_240, "memory", "growth_kb"),
    _most("100,000 jobs held", "x the list's bytes", 1.6, "memory", "held_of_list"),
    _most("10 of 100,000 jobs", "x 10 of 10", 1.1, "page_of_100000", "cpu_us", than="page_of_10"),
    _most("start, 100,000 jobs", "s", 1.2, "start100000", "seconds"),
    _most("1,000 due steps/s", "longest, ms", 50, "due_steps", "max_ms"),
    _most("generating", "longest, ms", 50, "generating", "max_ms"),
    _most("import gesmock", "ms", 15, "import", "ms"),
    _most("start, one request, stop", "ms", 5, "cycle", "ms"),
)
