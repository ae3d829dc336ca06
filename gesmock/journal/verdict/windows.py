"""Windows: pages of a list that do not follow one another as they should."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from gesmock.journal.verdict.findings import Proof, Rule, times
from gesmock.journal.verdict.traffic import Case
from gesmock.journal.verdict.walks import Break, Page, Reading, proof_of, readings

if TYPE_CHECKING:
    from gesmock.journal.verdict.config import VerdictConfig


def _page_numbers(case: Case, _config: "VerdictConfig") -> Iterator[Proof]:
    for reading in readings(case):
        for run in _numbered(reading.pages):
            offsets = ", ".join(str(page.offset) for page in run[:4])
            yield proof_of(
                f"the offset seems to be a page number: {offsets}, with {run[0].returned} jobs "
                "a page, which are the same but for one",
                run,
            )


def _numbered(pages: Sequence[Page]) -> Iterator[list[Page]]:
    """The runs of three pages or more whose offsets count pages.

    A run begins where a page had more than one job that the client had not seen yet: if the list
    shifts while it is read, a client may well go on behind the one job that was new.
    """
    known = _known(pages)
    run: list[Page] = []
    for page in pages:
        goes_on = run and page.offset == run[-1].offset + 1 and page.asked == run[-1].asked
        is_by_one = run and run[-1].returned != 1 and (len(run) > 1 or known[id(run[0])].new != 1)
        if goes_on and is_by_one:
            run.append(page)
            continue
        if len(run) > 2:
            yield run
        run = [page] if (page.returned or 0) > 1 else []
    if len(run) > 2:
        yield run


def _overlaps(case: Case, _config: "VerdictConfig") -> Iterator[Proof]:
    for reading in readings(case):
        known = _known(reading.pages)
        numbered = {id(page) for run in _numbered(reading.pages) for page in run}
        found = [
            one
            for one in reading.breaks
            if one.before.offset < one.page.offset < one.before.end
            and _is_step(one, known)
            and one.page.offset < known[id(one.before)].rows
            and id(one.page) not in numbered
        ]
        if found:
            before, page = found[0].before, found[0].page
            yield proof_of(
                f"windows overlap: offset {page.offset} begins among the {before.returned} jobs "
                f"from offset {before.offset} on{times(len(found))}",
                [page for one in found for page in (one.before, one.page)],
            )


def _gaps(case: Case, _config: "VerdictConfig") -> Iterator[Proof]:
    for reading in readings(case):
        found = _left_out(reading)
        if found:
            before, page = found[0].before, found[0].page
            yield proof_of(
                f"windows leave a gap: {_jobs(page.offset - before.end)} never read from "
                f"offset {before.end} on; the page before had {before.returned} jobs, from offset "
                f"{before.offset} on{times(len(found))}",
                [page for one in found for page in (one.before, one.page)],
            )


class _Known(NamedTuple):
    """What a client knows of a list with a page, since it last began at the beginning.

    It has seen *rows* jobs, or they are before what it has read; one that was shown twice is one.
    *new* ones of them were on this page for the first time.
    Some clients go on behind as many as they know. The last answer said *total*; where it is
    not *steady*, others have said something else, or nobody knows any more what was shown.
    """

    rows: int
    new: int
    total: int | None
    steady: bool


def _known(pages: Sequence[Page]) -> Mapping[int, _Known]:
    found: dict[int, _Known] = {}
    jobs: set[str] = set()
    alone: Mapping[str, str] | None = None  # what is all there is in it: read for long, perhaps
    totals: set[int | None] = set()
    count, steady = 0, False  # before there is a beginning
    rows = 0
    for page in pages:
        shown = page.entry.shown
        if page.offset == 0:
            count, steady, rows = 0, True, 0
            totals.clear()
            if shown is None or alone is not shown:
                jobs.clear()
                alone = shown
                jobs.update(shown or ())
        if page.returned is not None:
            totals.add(page.total)
            if alone is not shown:
                jobs.update(shown or ())
                alone = None
            count += page.returned if shown is None else 0
            steady = steady and len(totals) == 1 and not page.entry.forgotten
        before, rows = rows, count + len(jobs)
        found[id(page)] = _Known(rows, rows - before, page.total, steady)
    return found


def _left_out(reading: Reading) -> list[Break]:
    """The breaks that leave out jobs, but for jumps: a reader may turn to any page there is."""
    known = _known(reading.pages)
    wide = [
        one for one in reading.breaks if one.page.offset > one.before.end and _is_step(one, known)
    ]
    steps = Counter((one.step, one.page.asked) for one in wide)
    read = _read(reading.pages)
    return [
        one
        for one in wide
        if _is_mistake(one, steps[one.step, one.page.asked])
        and not read[id(one.page)].has_all(one.before.end, one.page.offset)
    ]


def _is_mistake(one: Break, count: int) -> bool:
    """Whether a reader who goes on, this far, *count* times, has not simply turned to a page."""
    before, page = one.before, one.page
    by_limit = before.is_short and one.step == before.asked
    astray = page.asked is not None and page.offset % page.asked > 0
    return by_limit or count > 1 or (astray and page.offset - before.end < (page.asked or 0))


class _Rows:
    """Rows that were read, or could not be, in one go through the list, whatever their order."""

    def __init__(self) -> None:
        self._windows: list[tuple[int, int]] = []

    def add(self, page: Page) -> None:
        self._windows.append((page.offset, page.end))

    @cached_property
    def _stretches(self) -> Sequence[tuple[int, int]]:
        """The windows in their order, joined where there is nothing between them."""
        joined: list[tuple[int, int]] = []
        for begin, end in sorted(self._windows):
            if joined and begin <= joined[-1][1]:
                first, last = joined.pop()
                joined.append((first, max(end, last)))
            else:
                joined.append((begin, end))
        return joined

    def has_all(self, begin: int, end: int) -> bool:
        """Whether they are all from *begin* up to *end*."""
        place = bisect_right(self._stretches, begin, key=itemgetter(0))
        return place > 0 and self._stretches[place - 1][1] >= end


def _read(pages: Sequence[Page]) -> Mapping[int, _Rows]:
    """What was read from one beginning of the list to the next, by the pages."""
    rows = _Rows()
    found: dict[int, _Rows] = {}
    for page in pages:
        if page.offset == 0:
            rows = _Rows()
        rows.add(page)
        found[id(page)] = rows
    return found


def _is_step(one: Break, known: Mapping[int, _Known]) -> bool:
    """Whether a reader has gone on, rather than begun anew with a page of another size.

    Where the list has not been as long all the time, the client may have made up for it.
    """
    before, page = one.before, one.page
    seen = known[id(before)]
    same = (before.asked, seen.total) == (page.asked, page.total)
    return same and seen.steady and before.returned is not None and not before.is_last


def _jobs(count: int) -> str:
    return f"{count} job{'s were' if count > 1 else ' was'}"


RULES: Final = (
    Rule(
        "GM201",
        "page_number_as_offset",
        "offsets that count pages, where they ought to count jobs",
        _page_numbers,
    ),
    Rule("GM202", "windows_overlap", "a page that has jobs of the page before", _overlaps),
    Rule("GM203", "windows_leave_a_gap", "a page that leaves out jobs", _gaps),
)
