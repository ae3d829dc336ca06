"""The Markdown of a run: ratios only. The bare figures are in ``results.json``."""

from collections.abc import Iterator

from benchmarks.criteria import verdicts
from benchmarks.figures import Results, Spread, spread

SPEEDS = (
    ("jobs10_clients16", "10 jobs, 16 clients", "rps"),
    ("jobs10_clients1", "10 jobs, 1 client", "rps"),
    ("jobs1000_clients16", "1,000 jobs, 16 clients", "rps"),
    ("jobs100000", "100,000 jobs, 1 client", "seconds"),
    ("paged100000", "100,000 jobs, from who pages", "seconds"),
)
"""Work, what it is called, and its figure: requests a second, or the seconds that one takes."""


def markdown(results: Results) -> str:
    return "\n".join(
        [
            *_speeds(results),
            "",
            *_best_peers(results),
            "",
            *_criteria(results),
            "",
            *_absent(results),
        ]
    )


def speed(results: Results, work: str, figure: str, target: str, other: str) -> Spread | None:
    """How fast *target* is, as a ratio to the median of *other*; a time counts by its inverse."""
    own = spread(results.samples, work, target, figure)
    base = spread(results.samples, work, other, figure)
    if own is None or base is None:
        return None
    if figure != "seconds":
        return own.over(base)
    inverse = Spread(*(1 / value for value in (own.median, own.most, own.least)))
    return inverse.over(Spread.of([1 / base.median]))


def ratio(value: float) -> str:
    """*value* with three figures that say something."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _cell(found: Spread | None) -> str:
    if found is None:
        return "-"
    return f"{ratio(found.median)} ({ratio(found.least)} to {ratio(found.most)})"


def _speeds(results: Results) -> Iterator[str]:
    works = [one for one in SPEEDS if results.samples.get(one[0])]
    works = [one for one in works if one[0] != "paged100000"]
    yield "Speed as a ratio to nginx: the median of the rounds, and the least and the most."
    yield ""
    yield "| target | " + " | ".join(title for _, title, _ in works) + " |"
    yield "| --- |" + " ---: |" * len(works)
    for name in results.targets:
        cells = [speed(results, work, figure, name, "nginx") for work, _, figure in works]
        if any(cells):
            yield f"| {name} | " + " | ".join(map(_cell, cells)) + " |"


def _best_peers(results: Results) -> Iterator[str]:
    yield "| work | the best peer | gesmock to it | gesmock to nginx |"
    yield "| --- | --- | ---: | ---: |"
    for work, title, figure in SPEEDS:
        peer = results.best_peer(work, figure, least=figure == "seconds")
        if peer is not None:
            to_peer = _cell(speed(results, work, figure, "gesmock", peer))
            to_nginx = _cell(speed(results, work, figure, "gesmock", "nginx"))
            yield f"| {title} | {peer} | {to_peer} | {to_nginx} |"


def _criteria(results: Results) -> Iterator[str]:
    yield "| target | figure | wanted | reached | |"
    yield "| --- | --- | ---: | ---: | --- |"
    for verdict in verdicts(results):
        one, value = verdict.criterion, verdict.value
        sign = "≤" if one.at_most else "≥"
        reached = "-" if value is None else ratio(value)
        yield f"| {one.work} | {one.figure} | {sign} {one.bound:g} | {reached} | {verdict.word} |"


def _absent(results: Results) -> Iterator[str]:
    for name, target in results.targets.items():
        if target.get("absent"):
            yield f"Not measured: {name}: {_line(str(target['absent']))}"
    for work, reason in results.failed.items():
        yield f"Went wrong: {work}: {_line(reason)}"


def _line(text: str) -> str:
    return " ".join(text.split())
