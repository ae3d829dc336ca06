"""The Markdown of a run. The figures behind the ratios are in ``results.json``."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from benchmarks.criteria import CRITERIA
from benchmarks.figures import Results, Spread


class Work(NamedTuple):
    """A work at which targets are compared; in the plot, the target *base* is 1."""

    name: str
    title: str
    base: str = "nginx"


WORKS: Final = (
    Work("jobs10_clients16", "10 jobs, 16 clients"),
    Work("jobs10_clients1", "10 jobs, 1 client"),
    Work("jobs1000_clients16", "1,000 jobs, 16 clients"),
    Work("jobs100000", "100,000 jobs, 1 client"),
    Work("walk100000", "100,000 jobs, 1,000 a page, 1 client", "gesmock"),
    Work("failing", "10 jobs, of which a tenth fail, 16 clients", "gesmock"),
)


def markdown(results: Results) -> str:
    parts = (_criteria, _speeds, _best_peers, _tests, _versions, _failed)
    return "\n\n".join(filter(None, ("\n".join(part(results)) for part in parts)))


def number(value: float) -> str:
    """*value* with three significant digits, but all digits before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _cell(spread: Spread | None) -> str:
    if spread is None:
        return "-"
    return f"{number(spread.median)} ({number(spread.least)} to {number(spread.most)})"


def _criteria(results: Results) -> Iterator[str]:
    yield "| work | figure | wanted | measured | |"
    yield "| --- | --- | ---: | ---: | --- |"
    for criterion in CRITERIA:
        value = criterion.value(results)
        bound = f"{'≤' if criterion.at_most else '≥'} {criterion.bound:,g}"
        measured = "-" if value is None else number(value)
        row = (criterion.title, criterion.unit, bound, measured, criterion.verdict(value))
        yield f"| {' | '.join(row)} |"


def _speeds(results: Results) -> Iterator[str]:
    works = [work for work in WORKS if work.base == "nginx" and results.samples.get(work.name)]
    if not works:
        return
    yield "Speed as a ratio to nginx: the median of the rounds, and the least and the most. Beside"
    yield "it, the processor time that the server takes for a request."
    yield ""
    yield "| target | " + " | ".join(work.title for work in works) + " |"
    yield "| --- |" + " ---: |" * len(works)
    for name in results.targets:
        cells = []
        for work in works:
            cpu_us = results.value(work.name, name, "cpu_us")
            beside = "" if cpu_us is None else f"; {number(cpu_us)} µs"
            cells.append(_cell(results.ratio(work.name, name, work.base)) + beside)
        if any(cell != "-" for cell in cells):
            yield f"| {name} | " + " | ".join(cells) + " |"


def _best_peers(results: Results) -> Iterator[str]:
    limits = ("nginx", "fixed bytes")
    yield f"| work | the best peer | gesmock to it | to {' | to '.join(limits)} |"
    yield "| --- | --- | ---: |" + " ---: |" * len(limits)
    for work, title, _ in WORKS:
        peer = results.best_peer(work)
        if peer is not None:
            cells = [_cell(results.ratio(work, "gesmock", other)) for other in (peer, *limits)]
            yield f"| {title} | {peer} | {' | '.join(cells)} |"


def _tests(results: Results) -> Iterator[str]:
    fixtures = results.samples.get("fixture", {})
    if not fixtures:
        return
    yield "| pytest fixture | ms a test | ms a test that asks for a list |"
    yield "| --- | ---: | ---: |"
    for name in fixtures:
        spreads = (results.spread(work, name, "ms") for work in ("fixture", "test"))
        yield f"| {name} | {' | '.join(map(_cell, spreads))} |"


def _versions(results: Results) -> Iterator[str]:
    versions = [target["version"] for target in results.targets.values() if target.get("version")]
    versions += [
        f"{name} {results.machine[name]}"
        for name in ("respx", "responses", "java", "node")
        if results.machine.get(name)
    ]
    if versions:
        yield f"Versions: {', '.join(dict.fromkeys(versions))}."


def _failed(results: Results) -> Iterator[str]:
    for name, target in results.targets.items():
        if target.get("absent"):
            yield f"Not measured: {name}: {_line(str(target['absent']))}"
    for name, reason in results.failed.items():
        yield f"Went wrong: {name}: {_line(reason)}"


def _line(text: str) -> str:
    return " ".join(text.split())
