"""Paging: where a client stops to read a list that is longer than a page, and where it does not."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from gesmock.journal.verdict.findings import Proof, Rule, times
from gesmock.journal.verdict.traffic import Case, paused_s
from gesmock.journal.verdict.walks import Page, proof_of, readings

if TYPE_CHECKING:
    from gesmock.journal.verdict.config import VerdictConfig

_FRESH_S: Final = 1.5
"""So long a total holds: who comes back later may look for jobs that have been added since."""


def _short_pages(case: Case, _config: "VerdictConfig") -> Iterator[Proof]:
    for reading in readings(case):
        went_on = {id(one.before) for one in reading.breaks}
        led_to = {id(one.page) for one in reading.breaks}
        found = []
        for walk in reading.walks:
            page = walk[-1]
            # Whoever reads one page may have wanted no more, unless it wanted all.
            wanted_more = len(walk) > 1 or id(page) in led_to or _wanted_all(page)
            goes_on = id(page) in went_on or reading.gone_on(page)
            stopped_short = page.is_short and page.total and not page.is_last
            if stopped_short and wanted_more and not goes_on and not page.was_found:
                found.append(page)
        if found:
            page = found[0]
            yield proof_of(
                f"the client stopped at a short page: it asked for {page.asked} jobs from offset "
                f"{page.offset} on and got {page.returned}, and totalCount was "
                f"{page.total}{times(len(found))}",
                found,
            )


def _wanted_all(page: Page) -> bool:
    return (page.asked or 0) >= (page.total or 0)


def _never_stops(case: Case, config: "VerdictConfig") -> Iterator[Proof]:
    for reading in readings(case):
        said = _said(reading.pages)
        for run in _beyond(reading.pages, said):
            if len(run) >= config.empty_pages:
                yield proof_of(
                    f"the client went on reading beyond the end of the list: {len(run)} empty "
                    f"pages in a row, up to offset {run[-1].offset}",
                    run,
                )


def _said(pages: Sequence[Page]) -> Mapping[int, int]:
    """How long the client was told that the list is, at most, before it asked for a page."""
    longest = 0
    said: dict[int, int] = {}
    for page in pages:
        said[id(page)] = longest
        longest = max(longest, page.total or 0)
    return said


def _beyond(pages: Sequence[Page], said: Mapping[int, int]) -> Iterator[list[Page]]:
    """The runs of empty pages, each farther on than the one before.

    Pages that a longer list would have had are none: the client may have planned to read them.
    """
    run: list[Page] = []
    for page in pages:
        is_beyond = page.is_beyond and page.offset >= said[id(page)]
        if is_beyond and (not run or page.offset > run[-1].offset):
            run.append(page)
            continue
        yield run
        run = [page] if is_beyond else []
    yield run


def _ignores_total(case: Case, _config: "VerdictConfig") -> Iterator[Proof]:
    for reading in readings(case):
        said = _said(reading.pages)
        found = [
            (last, page)
            for last, page in pairwise(reading.pages)
            if page.is_beyond
            and last.is_last
            and not last.is_beyond
            and page.offset in (last.end, last.offset + (last.asked or 0))
            and page.offset >= said[id(page)]
            and paused_s(last.entry, page.entry) < _FRESH_S
        ]
        if found:
            last, page = found[0]
            yield proof_of(
                f"totalCount was ignored: it was {last.total}, and all were read when the client "
                f"asked for more from offset {page.offset} on{times(len(found))}",
                [page for pair in found for page in pair],
            )


RULES: Final = (
    Rule(
        "GM204",
        "stops_at_a_short_page",
        "a client that takes a page with fewer jobs than it asked for as the last one",
        _short_pages,
    ),
    Rule("GM205", "never_stops", "a client that reads on and on beyond the end", _never_stops),
    Rule(
        "GM206",
        "ignores_total_count",
        "a page that `totalCount` said would be empty",
        _ignores_total,
    ),
)
