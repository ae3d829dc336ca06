"""Paging: how a client goes through a job list, window by window, and what is wrong with it.

A correct client advances by the jobs it received, or by those that were new, up to ``totalCount``.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, zip_longest
from operator import itemgetter
from typing import Final, NamedTuple

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.findings import Finding, finding, times
from gesmock.journal.verdict.traffic import Traffic, paused_s, read_whole

_FRESH_S: Final = 1.5
"""A total is trusted this long: a client that returns later may look for new jobs."""

_LARGEST: Final = 2**31 - 1


@dataclass(slots=True, eq=False)
class Window:
    """A request for *asked* jobs from *offset* on; None: the limit was left to the service.

    It got *returned* jobs out of *total*; *returned* is None if the client read no answer.
    *was_hit*: the client went on with one of its jobs. The rest is what the client knew then, since
    it last began at offset 0: how many jobs (*rows*), how many of them *new* in this window,
    whether all totals agreed and all jobs are on record (*steady*), and the *longest* total before.
    """

    entry: Entry
    offset: int
    asked: int | None
    returned: int | None = None
    total: int | None = None
    was_hit: bool = False
    rows: int = 0
    new: int = 0
    steady: bool = False
    longest: int = 0

    @property
    def key(self) -> tuple[int, int | None]:
        return self.offset, self.asked

    @property
    def end(self) -> int:
        return self.offset + ((self.asked if self.returned is None else self.returned) or 0)

    @property
    def is_beyond(self) -> bool:
        return self.returned == 0 and self.asked != 0

    @property
    def is_short(self) -> bool:
        return self.asked is not None and self.returned is not None and self.returned < self.asked

    @property
    def is_last(self) -> bool:
        return self.total is not None and self.end >= self.total


class Break(NamedTuple):
    """A *window* that begins where none that the client has read ended; it came after *before*."""

    before: Window
    window: Window

    @property
    def step(self) -> int:
        return self.window.offset - self.before.offset


class Walk(NamedTuple):
    """The windows of one list that one client asked for, in the order of the requests.

    Those that failed and were read later are left out. In each of *chains*, a window begins where
    the one before it ended, whatever the order of the requests: a client may read several at once.
    *asked* has the number of the last request for each offset, whatever its token.
    """

    windows: Sequence[Window]
    chains: Sequence[Sequence[Window]]
    breaks: Sequence[Break]
    asked: Mapping[int, int]


def check(traffic: Traffic, config: VerdictConfig) -> Iterator[Finding]:
    for walk in _walks(traffic):
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
        goes_on = run and window.key == (run[-1].offset + 1, run[-1].asked)
        if goes_on and run[-1].returned != 1 and (len(run) > 1 or run[0].new != 1):
            run.append(window)
            continue
        if len(run) > 2:
            yield run
        run = [window] if (window.returned or 0) > 1 else []
    if len(run) > 2:
        yield run


def windows_overlap(walk: Walk) -> Iterator[Finding]:
    numbered = set(chain.from_iterable(_numbered(walk.windows)))
    breaks = [
        jump
        for jump in walk.breaks
        if jump.before.offset < jump.window.offset < min(jump.before.end, jump.before.rows)
        and _is_step(jump)
        and jump.window not in numbered
    ]
    if breaks:
        before, window = breaks[0]
        yield _finding(
            "GM202",
            f"pages overlap: offset {window.offset} begins among the {before.returned} jobs from "
            f"offset {before.offset} on{times(len(breaks))}; go on at offset {before.end}",
            chain.from_iterable(breaks),
        )


def windows_leave_a_gap(walk: Walk) -> Iterator[Finding]:
    wide = [jump for jump in walk.breaks if jump.window.offset > jump.before.end and _is_step(jump)]
    steps = Counter((jump.step, jump.window.asked) for jump in wide)
    ranges = _ranges_read(walk.windows)
    breaks = [
        jump
        for jump in wide
        if _is_mistake(jump, steps[jump.step, jump.window.asked])
        and not _cover(ranges[jump.window], jump.before.end, jump.window.offset)
    ]
    if breaks:
        before, window = breaks[0]
        count = window.offset - before.end
        yield _finding(
            "GM203",
            f"pages leave a gap: {count} job{'s were' if count > 1 else ' was'} never read from "
            f"offset {before.end} on; the page before had {before.returned} jobs, from offset "
            f"{before.offset} on{times(len(breaks))}; go on at offset {before.end}",
            chain.from_iterable(breaks),
        )


def _is_mistake(jump: Break, count: int) -> bool:
    """Whether a reader that took this step *count* times has not simply turned to a page."""
    before, window = jump
    by_limit = before.is_short and jump.step == before.asked
    astray = window.asked is not None and window.offset % window.asked > 0
    return by_limit or count > 1 or (astray and window.offset - before.end < (window.asked or 0))


def _is_step(jump: Break) -> bool:
    """Whether a reader went on, and did not begin anew with another limit.

    If the length of the list has changed meanwhile, the client may have made up for it.
    """
    before, window = jump
    same = (before.asked, before.total) == (window.asked, window.total)
    return same and before.steady and before.returned is not None and not before.is_last


_Ranges = Sequence[tuple[int, int]]
"""Ranges of rows in order, with something between them."""


def _ranges_read(windows: Sequence[Window]) -> Mapping[Window, _Ranges]:
    """By window, the rows that were read, or could not be, between two beginnings of the list."""
    rounds: list[list[Window]] = [[]]
    for window in windows:
        if window.offset == 0:
            rounds.append([])
        rounds[-1].append(window)
    by_window: dict[Window, _Ranges] = {}
    for each in rounds:
        ranges: list[tuple[int, int]] = []
        for begin, end in sorted((window.offset, window.end) for window in each):
            if ranges and begin <= ranges[-1][1]:
                ranges[-1] = ranges[-1][0], max(end, ranges[-1][1])
            else:
                ranges.append((begin, end))
        by_window |= dict.fromkeys(each, ranges)
    return by_window


def _cover(ranges: _Ranges, begin: int, end: int) -> bool:
    index = bisect_right(ranges, begin, key=itemgetter(0))
    return index > 0 and ranges[index - 1][1] >= end


# --- Where reading ends ---


def stops_at_a_short_page(walk: Walk) -> Iterator[Finding]:
    continued = {jump.before for jump in walk.breaks}
    entered = {jump.window for jump in walk.breaks}
    stops = []
    for windows in walk.chains:
        window = windows[-1]
        # A client that reads a single page may want no more, unless it asked for all.
        asked_for_all = (window.asked or 0) >= (window.total or 0)
        wants_more = len(windows) > 1 or window in entered or asked_for_all
        goes_on = window in continued or walk.asked.get(window.end, 0) > window.entry.number
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
    """The runs of empty windows, each farther on than the one before.

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
            chain.from_iterable(pairs),
        )


# --- Walks ---


def _walks(traffic: Traffic) -> Iterator[Walk]:
    """How each sequential client has read each list."""
    asked: dict[tuple[str, str], dict[int, int]] = {}
    for entry in traffic.entries:
        if window := _window(entry, None):
            numbers = asked.setdefault((traffic.client(entry).header, entry.path), {})
            numbers[window.offset] = entry.number
    for entries in traffic.sequential:
        lists: dict[tuple[str, str], list[Window]] = {}
        for entry, later in zip_longest(entries, entries[1:]):
            if window := _window(entry, later):
                name = traffic.client(entry).header, entry.path
                lists.setdefault(name, []).append(window)
        for name, windows in lists.items():
            yield _walk(windows, asked[name])


def _window(entry: Entry, later: Entry | None) -> Window | None:
    """The window that *entry* asks for; *later* is the client's next request."""
    if entry.operation != "list_jobs" or entry.method != "GET":
        return None
    offset, asked = (_number(entry.query.get(name)) for name in ("offset", "limit"))
    named = {"offset", "limit"} & entry.query.keys()
    if len(named) != (offset is not None) + (asked is not None):
        return None  # not a plain number: the service refuses it
    if entry.returned is None or not read_whole(entry):
        return Window(entry, offset or 0, asked)
    hit = later is not None and later.args.get("job_id") in (entry.statuses or ())
    return Window(entry, offset or 0, asked, entry.returned, entry.total, hit)


def _number(text: str | None) -> int | None:
    if text is None or not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[-20:]), _LARGEST)


def _walk(windows: Sequence[Window], asked: Mapping[int, int]) -> Walk:
    """Chain the windows: those of several readers at once, too."""
    answered = {window.key for window in windows if window.returned is not None}
    windows = [
        window for window in windows if window.returned is not None or window.key not in answered
    ]
    _remember(windows)
    chains: list[list[Window]] = []
    ends: dict[tuple[int, int | None], list[int]] = {}  # the chains that can go on there
    begun: set[tuple[int, int | None]] = set()
    before: dict[int, Window] = {}  # by chains that begin in the middle of the list
    latest: Window | None = None
    for window in windows:
        if window.end == window.offset:
            continue  # it has no jobs
        if window.offset and (numbers := ends.get(window.key)):
            number = numbers.pop()
            chains[number].append(window)
        elif window.offset and window.key in begun:
            latest = window
            continue  # a window may be read again
        else:
            number = len(chains)
            chains.append([window])
            if window.offset and latest is not None:
                before[number] = latest
        begun.add(window.key)
        ends.setdefault((window.end, window.asked), []).append(number)
        latest = window
    breaks = []
    for number in sorted(before, key=lambda number: chains[number][0].offset):
        windows_of = chains[number]
        leads = [lead for lead in ends.get(windows_of[0].key, ()) if chains[lead]]
        if not leads:
            breaks.append(Break(before[number], windows_of[0]))
            continue
        # Another chain, read later, leads to this one: join them.
        lead = leads[-1]
        ends[windows_of[0].key].remove(lead)
        chains[lead] += windows_of
        chains[number] = []
        joined = ends[windows_of[-1].end, windows_of[-1].asked]
        joined[joined.index(number)] = lead
    return Walk(windows, [each for each in chains if each], breaks, asked)


def _remember(windows: Sequence[Window]) -> None:
    """Note in each window what the client knew then."""
    jobs: set[str] = set()
    alone: Mapping[str, str] | None = None  # all that jobs has: perhaps read for long
    totals: set[int | None] = set()
    unnamed, rows, longest, steady = 0, 0, 0, False
    for window in windows:
        statuses = None if window.returned is None else window.entry.statuses
        if window.offset == 0:
            unnamed, rows, steady = 0, 0, True
            totals.clear()
            if statuses is None or alone is not statuses:
                jobs.clear()
                alone = statuses
                jobs.update(statuses or ())
        if window.returned is not None:
            totals.add(window.total)
            if alone is not statuses:
                jobs.update(statuses or ())
                alone = None
            unnamed += window.returned if statuses is None else 0
            steady = steady and len(totals) == 1 and (statuses is not None or not window.returned)
        before, rows = rows, unnamed + len(jobs)
        window.rows, window.new, window.steady = rows, rows - before, steady
        window.longest, longest = longest, max(longest, window.total or 0)
