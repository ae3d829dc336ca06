"""The targets that gesmock has to reach, as ratios wherever there is something to compare with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from benchmarks.figures import Results, over

Value = Callable[[Results], float | None]


@dataclass(frozen=True, slots=True)
class Criterion:
    """*value* has to be at least *bound*, or at most, where *at_most*."""

    work: str
    figure: str
    bound: float
    value: Value
    at_most: bool = False

    def holds(self, value: float) -> bool:
        return value <= self.bound if self.at_most else value >= self.bound


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a criterion came to; *value* is None where it was not measured."""

    criterion: Criterion
    value: float | None

    @property
    def word(self) -> str:
        if self.value is None:
            return "not measured"
        return "pass" if self.criterion.holds(self.value) else "MISS"

    def __str__(self) -> str:
        criterion = self.criterion
        value = "-" if self.value is None else f"{self.value:.2f}"
        sign = "<=" if criterion.at_most else ">="
        told = f"{criterion.work}: {criterion.figure} {value} (wanted {sign} {criterion.bound:g})"
        return f"{self.word:12}  {told}"


def verdicts(results: Results) -> list[Verdict]:
    return [Verdict(criterion, criterion.value(results)) for criterion in CRITERIA]


def to_best_peer(work: str) -> Value:
    """Requests a second of gesmock, as a ratio to those of the best peer."""

    def value(results: Results) -> float | None:
        return _ratio(results, work, results.best_peer(work, "rps"))

    return value


def to_nginx(work: str) -> Value:
    return lambda results: _ratio(results, work, "nginx")


def _ratio(results: Results, work: str, other: str | None) -> float | None:
    if other is None:
        return None
    return over(results.value(work, "gesmock", "rps"), results.value(work, other, "rps"))


def _figure(work: str, figure: str) -> Value:
    return lambda results: results.value(work, "gesmock", figure)


def _through_flask(results: Results) -> float | None:
    work = "jobs10_clients16"
    peer = results.value(work, "pytest-httpserver", "rps")
    return over(results.value(work, "gesmock, through Flask", "rps"), peer)


def _long_list_to_nginx(results: Results) -> float | None:
    """How many times as fast as nginx."""
    work = "jobs100000"
    nginx = results.value(work, "nginx", "seconds")
    return over(nginx, results.value(work, "gesmock", "seconds"))


def _long_list_to_pager(results: Results) -> float | None:
    work = "paged100000"
    pager = results.best_peer(work, "seconds", least=True)
    other = None if pager is None else results.value(work, pager, "seconds")
    return over(other, results.value(work, "gesmock", "seconds"))


def _held(results: Results) -> float | None:
    held, empty = _figure("memory", "held_kb")(results), _figure("memory", "empty_kb")(results)
    if held is None or empty is None:
        return None
    return over(held - empty, _figure("memory", "list_kb")(results))


def _growth_mb(results: Results) -> float | None:
    return over(_figure("memory", "growth_kb")(results), 1024)


def _page_cost(results: Results) -> float | None:
    """The processor time of a page out of many, as a ratio to that of a page out of few."""
    few = results.value("page_of_10", "gesmock", "cpu_us")
    return over(results.value("page_of_100000", "gesmock", "cpu_us"), few)


def _start_to(other: str) -> Value:
    def value(results: Results) -> float | None:
        own = results.value("start", "gesmock", "seconds")
        return over(own, results.value("start", other, "seconds"))

    return value


def _more_kb(work: str, before: str, after: str, done: str, least: int) -> Value:
    """The growth; it counts only where so much was *done*."""

    def value(results: Results) -> float | None:
        if (results.value(work, "gesmock", done) or 0) < least:
            return None
        first, last = (results.value(work, "gesmock", figure) for figure in (before, after))
        return None if first is None or last is None else last - first

    return value


_PEER, _NGINX, _P99 = "x the best peer", "x nginx", "p99, ms"
_TEN, _ONE, _THOUSAND = "jobs10_clients16", "jobs10_clients1", "jobs1000_clients16"

CRITERIA: Final = (
    Criterion("10 jobs, 16 clients", _PEER, 4, to_best_peer(_TEN)),
    Criterion("10 jobs, 16 clients", _NGINX, 0.45, to_nginx(_TEN)),
    Criterion("10 jobs, 16 clients", _P99, 1, _figure(_TEN, "p99_ms"), at_most=True),
    Criterion("10 jobs, 1 client", _PEER, 2, to_best_peer(_ONE)),
    Criterion("10 jobs, 1 client", _NGINX, 0.8, to_nginx(_ONE)),
    Criterion("10 jobs, through Flask", "x pytest-httpserver", 1.5, _through_flask),
    Criterion("1,000 jobs, 16 clients", _PEER, 3, to_best_peer(_THOUSAND)),
    Criterion("1,000 jobs, 16 clients", _NGINX, 0.9, to_nginx(_THOUSAND)),
    Criterion("100,000 jobs, speed", _NGINX, 1, _long_list_to_nginx),
    Criterion("100,000 jobs, speed", "x the best peer that pages", 5, _long_list_to_pager),
    Criterion("100,000 jobs, four clients", "growth, MB", 10, _growth_mb, at_most=True),
    Criterion("100,000 jobs held", "x the list's bytes", 2.3, _held, at_most=True),
    Criterion("10 of 100,000 jobs", "x the cost of 10 of 10", 1.1, _page_cost, at_most=True),
    Criterion("start", "x pytest-httpserver", 1.5, _start_to("pytest-httpserver"), at_most=True),
    Criterion("start", "x WireMock", 0.05, _start_to("WireMock"), at_most=True),
    Criterion("start, 100,000 jobs", "s", 1.2, _figure("start100000", "seconds"), at_most=True),
    Criterion("1,000 due steps/s", "longest, ms", 50, _figure("due_steps", "max_ms"), at_most=True),
    Criterion("generating", "longest, ms", 50, _figure("generating", "max_ms"), at_most=True),
    Criterion(
        "1,000,000 requests",
        "growth, kB",
        2_048,
        _more_kb("requests", "before_kb", "after_kb", "requests", 1_000_000),
        at_most=True,
    ),
    Criterion(
        "2,000 idle connections",
        "second wave's growth, kB",
        2_048,
        _more_kb("connections", "first_kb", "second_kb", "second_open", 2_000),
        at_most=True,
    ),
    Criterion("import gesmock", "ms", 15, _figure("import", "ms"), at_most=True),
    Criterion("start, one request, stop", "ms", 5, _figure("cycle", "ms"), at_most=True),
    Criterion("pytest fixture", "ms a test", 1, _figure("fixture", "ms"), at_most=True),
)
