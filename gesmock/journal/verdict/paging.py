"""Paging: windows of a list that do not follow each other as they should, and where reading ends.

A correct client advances by the jobs it received, or by those that were new, up to ``totalCount``.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from operator import itemgetter
from typing import Final

from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.findings import Finding, finding, times
from gesmock.journal.verdict.traffic import Traffic, paused_s
from gesmock.journal.verdict.walks import Break, Walk, Window, walks

_FRESH_S: Final = 1.5
"""A total is trusted this long: a client that returns later may look for new jobs."""


def check(traffic: Traffic, config: VerdictConfig) -> Iterator[Finding]:
    for walk in walks(traffic):
        yield from page_number_as_offset(walk)
        yield from windows_overlap(walk)
        yield from windows_leave_a_gap(walk)
        yield from stops_at_a_short_page(walk)
        yield from never_stops(walk, config)
        yield from ignores_total_count(walk)


def _finding(code: str, message: str, windows: Iterable[Window]) -> Finding:
    return finding(code, message, [window.entry for window in windows])


# --- Windows that do not follow each other ---


def page_number_as_offset(walk: Walk) -> Iterator[Finding]:
    for run in _numbered(walk.windows):
        offsets = ", ".join(str(window.offset) for window in run[:4])
        yield _finding(
            "GM201",
            f"the offset looks like a page number: {offsets}, with {run[0].returned} jobs a page, "
            "all but one of them read before; advance it by the number of jobs received",
            run,
        )


def _numbered(windows: Sequence[Window]) -> Iterator[list[Window]]:
    """The runs of three windows or more whose offsets count pages.

    A run begins where a window had more than one new job: if the list shifts while it is read, a
    client may well go on behind the only job that was new.
    """
    run: list[Window] = []
    for window in windows:
        goes_on = run and window.offset == run[-1].offset + 1 and window.asked == run[-1].asked
        if goes_on and run[-1].returned != 1 and (len(run) > 1 or run[0].new != 1):
            run.append(window)
            continue
        if len(run) > 2:
            yield run
        run = [window] if (window.returned or 0) > 1 else []
    if len(run) > 2:
        yield run


def windows_overlap(walk: Walk) -> Iterator[Finding]:
    numbered = {window for run in _numbered(walk.windows) for window in run}
    breaks = [
        jump
        for jump in walk.breaks
        if jump.before.offset < jump.window.offset < jump.before.end
        and _is_step(jump)
        and jump.window.offset < jump.before.rows
        and jump.window not in numbered
    ]
    if breaks:
        before, window = breaks[0].before, breaks[0].window
        yield _finding(
            "GM202",
            f"pages overlap: offset {window.offset} begins among the {before.returned} jobs from "
            f"offset {before.offset} on{times(len(breaks))}; go on at offset {before.end}",
            [window for jump in breaks for window in (jump.before, jump.window)],
        )


def windows_leave_a_gap(walk: Walk) -> Iterator[Finding]:
    breaks = _skipping(walk)
    if breaks:
        before, window = breaks[0].before, breaks[0].window
        yield _finding(
            "GM203",
            f"pages leave a gap: {_jobs(window.offset - before.end)} never read from offset "
            f"{before.end} on; the page before had {before.returned} jobs, from offset "
            f"{before.offset} on{times(len(breaks))}; go on at offset {before.end}",
            [window for jump in breaks for window in (jump.before, jump.window)],
        )


def _skipping(walk: Walk) -> list[Break]:
    """The breaks that skip jobs, except for jumps: a reader may turn to any page there is."""
    wide = [jump for jump in walk.breaks if jump.window.offset > jump.before.end and _is_step(jump)]
    steps = Counter((jump.step, jump.window.asked) for jump in wide)
    rows = _rows_read(walk.windows)
    return [
        jump
        for jump in wide
        if _is_mistake(jump, steps[jump.step, jump.window.asked])
        and not rows[jump.window].has_all(jump.before.end, jump.window.offset)
    ]


def _is_mistake(jump: Break, count: int) -> bool:
    """Whether a reader that took this step *count* times has not simply turned to a page."""
    before, window = jump.before, jump.window
    by_limit = before.is_short and jump.step == before.asked
    astray = window.asked is not None and window.offset % window.asked > 0
    return by_limit or count > 1 or (astray and window.offset - before.end < (window.asked or 0))


def _is_step(jump: Break) -> bool:
    """Whether a reader went on, and did not begin anew with another limit.

    If the length of the list has changed meanwhile, the client may have made up for it.
    """
    before, window = jump.before, jump.window
    same = (before.asked, before.total) == (window.asked, window.total)
    return same and before.steady and before.returned is not None and not before.is_last


class _Rows:
    """The rows that were read, or could not be, between two beginnings of the list."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []

    def add(self, window: Window) -> None:
        self._ranges.append((window.offset, window.end))

    @cached_property
    def _joined(self) -> Sequence[tuple[int, int]]:
        """The ranges in order, joined where nothing is between them."""
        joined: list[tuple[int, int]] = []
        for begin, end in sorted(self._ranges):
            if joined and begin <= joined[-1][1]:
                first, last = joined.pop()
                joined.append((first, max(end, last)))
            else:
                joined.append((begin, end))
        return joined

    def has_all(self, begin: int, end: int) -> bool:
        index = bisect_right(self._joined, begin, key=itemgetter(0))
        return index > 0 and self._joined[index - 1][1] >= end


def _rows_read(windows: Sequence[Window]) -> Mapping[Window, _Rows]:
    rows = _Rows()
    by_window: dict[Window, _Rows] = {}
    for window in windows:
        if window.offset == 0:
            rows = _Rows()
        rows.add(window)
        by_window[window] = rows
    return by_window


def _jobs(count: int) -> str:
    return f"{count} job{'s were' if count > 1 else ' was'}"


# --- Where reading ends ---


def stops_at_a_short_page(walk: Walk) -> Iterator[Finding]:
    continued = {jump.before for jump in walk.breaks}
    entered = {jump.window for jump in walk.breaks}
    stops = []
    for chain in walk.chains:
        window = chain[-1]
        # A client that reads a single page may want no more, unless it asked for all.
        wanted_all = (window.asked or 0) >= (window.total or 0)
        wants_more = len(chain) > 1 or window in entered or wanted_all
        goes_on = window in continued or walk.goes_on_after(window)
        stopped_short = window.is_short and window.total and not window.is_last
        if stopped_short and wants_more and not goes_on and not window.was_hit:
            stops.append(window)
    if stops:
        window = stops[0]
        yield _finding(
            "GM204",
            f"the client stopped at a short page: it asked for {window.asked} jobs from offset "
            f"{window.offset} on and got {window.returned}, and totalCount was {window.total}"
            f"{times(len(stops))}; read on up to totalCount",
            stops,
        )


def never_stops(walk: Walk, config: VerdictConfig) -> Iterator[Finding]:
    for run in _beyond(walk.windows):
        if len(run) >= config.empty_pages:
            yield _finding(
                "GM205",
                f"the client kept reading past the end of the list: {len(run)} empty pages in a "
                f"row, up to offset {run[-1].offset}; stop at totalCount, or at an empty page",
                run,
            )


def _beyond(windows: Sequence[Window]) -> Iterator[list[Window]]:
    """The runs of empty windows, each farther on than the jump before.

    Windows that a longer list would have had do not count: the client may have planned to read
    them.
    """
    run: list[Window] = []
    for window in windows:
        is_beyond = window.is_beyond and window.offset >= window.longest
        if is_beyond and (not run or window.offset > run[-1].offset):
            run.append(window)
            continue
        yield run
        run = [window] if is_beyond else []
    yield run


def ignores_total_count(walk: Walk) -> Iterator[Finding]:
    pairs = [
        (last, window)
        for last, window in pairwise(walk.windows)
        if window.is_beyond
        and last.is_last
        and not last.is_beyond
        and window.offset in (last.end, last.offset + (last.asked or 0))
        and window.offset >= window.longest
        and paused_s(last.entry, window.entry) < _FRESH_S
    ]
    if pairs:
        last, window = pairs[0]
        yield _finding(
            "GM206",
            f"the client ignored totalCount: it was {last.total}, and all jobs were read when the "
            f"client asked for more from offset {window.offset} on{times(len(pairs))}; stop there",
            [window for pair in pairs for window in pair],
        )
