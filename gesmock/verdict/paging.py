"""Paging: mistakes in how a client reads a list that is longer than a page."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from gesmock.verdict.case import Case
from gesmock.verdict.findings import Proof, Rule, proof
from gesmock.verdict.walks import Break, Page, Reading, readings

if TYPE_CHECKING:
    from gesmock.verdict.standard import Standard


def _page_numbers(case: Case, _standard: "Standard") -> Iterator[Proof]:
    for reading in readings(case):
        for run in _numbered(reading.pages):
            offsets = ", ".join(str(page.offset) for page in run[:4])
            yield _proof(
                f"the offset seems to be a page number: {offsets}, with {run[0].returned} jobs "
                "a page, which are the same but for one",
                run,
            )


def _numbered(pages: Sequence[Page]) -> Iterator[list[Page]]:
    """The runs of three pages or more whose offsets count pages."""
    run: list[Page] = []
    for page in pages:
        if run and page.offset == run[-1].offset + 1 and page.asked == run[-1].asked:
            run.append(page)
            continue
        if len(run) > 2:
            yield run
        run = [page] if (page.returned or 0) > 1 else []
    if len(run) > 2:
        yield run


def _overlaps(case: Case, _standard: "Standard") -> Iterator[Proof]:
    for reading in readings(case):
        numbered = {id(page) for run in _numbered(reading.pages) for page in run}
        found = [
            one
            for one in reading.breaks
            if one.before.offset < one.page.offset < one.before.end
            and _is_step(one)
            and id(one.page) not in numbered
        ]
        if found:
            before, page = found[0].before, found[0].page
            yield _proof(
                f"windows overlap: offset {page.offset} begins among the {before.returned} jobs "
                f"from offset {before.offset} on{_times(len(found))}",
                [page for one in found for page in (one.before, one.page)],
            )


def _gaps(case: Case, _standard: "Standard") -> Iterator[Proof]:
    for reading in readings(case):
        found = _left_out(reading)
        if found:
            before, page = found[0].before, found[0].page
            yield _proof(
                f"windows leave a gap: {_jobs(page.offset - before.end)} never read from "
                f"offset {before.end} on; the page before had {before.returned} jobs, from offset "
                f"{before.offset} on{_times(len(found))}",
                [page for one in found for page in (one.before, one.page)],
            )


def _left_out(reading: Reading) -> list[Break]:
    """The breaks that leave out jobs, but for jumps: a reader may turn to any page there is."""
    wide = [one for one in reading.breaks if one.page.offset > one.before.end and _is_step(one)]
    steps = [(one.step, one.page.asked) for one in wide]
    return [
        one
        for one in wide
        if one.before.is_short
        or one.page.offset % (one.page.asked or 1)
        or steps.count((one.step, one.page.asked)) > 1
    ]


def _is_step(one: Break) -> bool:
    """Whether a reader has gone on, rather than begun anew with a page of another size.

    Where the list is not as long as before, the client may have made up for it.
    """
    before, page = one.before, one.page
    same = (before.asked, before.total) == (page.asked, page.total)
    return same and before.returned is not None and not before.is_last


def _short_pages(case: Case, _standard: "Standard") -> Iterator[Proof]:
    for reading in readings(case):
        went_on = {id(one.before) for one in reading.breaks}
        ends = [walk[-1] for walk in reading.walks if id(walk[-1]) not in went_on]
        found = [page for page in ends if page.is_short and page.total and not page.is_last]
        if found:
            page = found[0]
            yield _proof(
                f"the client stopped at a short page: it asked for {page.asked} jobs from offset "
                f"{page.offset} on and got {page.returned}, and totalCount was "
                f"{page.total}{_times(len(found))}",
                found,
            )


def _never_stops(case: Case, standard: "Standard") -> Iterator[Proof]:
    for reading in readings(case):
        for run in _beyond(reading.pages):
            if len(run) >= standard.empty_pages:
                yield _proof(
                    f"the client went on reading beyond the end of the list: {len(run)} empty "
                    f"pages in a row, up to offset {run[-1].offset}",
                    run,
                )


def _beyond(pages: Sequence[Page]) -> Iterator[list[Page]]:
    """The runs of empty pages, each farther on than the one before."""
    run: list[Page] = []
    for page in pages:
        if page.is_beyond and (not run or page.offset > run[-1].offset):
            run.append(page)
            continue
        yield run
        run = [page] if page.is_beyond else []
    yield run


def _ignores_total(case: Case, _standard: "Standard") -> Iterator[Proof]:
    for reading in readings(case):
        found = [
            (last, page)
            for last, page in pairwise(reading.pages)
            if page.is_beyond
            and last.is_last
            and not last.is_beyond
            and page.offset in (last.end, last.offset + (last.asked or 0))
        ]
        if found:
            last, page = found[0]
            yield _proof(
                f"totalCount was ignored: it was {last.total}, and all were read when the client "
                f"asked for more from offset {page.offset} on{_times(len(found))}",
                [page for pair in found for page in pair],
            )


def _proof(message: str, pages: Sequence[Page]) -> Proof:
    return proof(message, [page.entry for page in pages])


def _jobs(count: int) -> str:
    return f"{count} job{'s were' if count > 1 else ' was'}"


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""


RULES: Final = (
    Rule(
        "GM201",
        "page_number_as_offset",
        "offsets that count pages, where they ought to count jobs",
        _page_numbers,
    ),
    Rule("GM202", "windows_overlap", "a page that has jobs of the page before", _overlaps),
    Rule("GM203", "windows_leave_a_gap", "a page that leaves out jobs", _gaps),
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
