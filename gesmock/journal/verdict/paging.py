"""Paging: how a client goes through a job list, window by window, and what is wrong with it.

A correct client advances by the jobs it received, or by those that were new, up to ``totalCount``.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, zip_longest
from operator import attrgetter, itemgetter
from typing import Final, NamedTuple

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.findings import Evidence, times
from gesmock.journal.verdict.traffic import Traffic, paused_s, read_whole, runs

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
    def is_short(self) -> bool:
        return self.asked is not None and self.returned is not None and self.returned < self.asked

    @property
    def is_last(self) -> bool:
        return self.total is not None and self.end >= self.total

    @property
    def is_empty(self) -> bool:
        return self.returned == 0 and self.asked != 0

    @property
    def is_beyond(self) -> bool:
        """Whether it is empty, and any longer list before would not have had jobs there either.

        A client may have planned to read as far as that.
        """
        return self.is_empty and self.offset >= self.longest


class Break(NamedTuple):
    """A *window* that begins where none that the client has read ended; it came after *before*."""

    before: Window
    window: Window

    @property
    def step(self) -> tuple[int, int | None]:
        return self.window.offset - self.before.offset, self.window.asked

    @property
    def goes_on(self) -> bool:
        """Whether a reader went on, and did not begin anew with another limit.

        If the length of the list has changed meanwhile, the client may have made up for it.
        """
        before, window = self
        same = (before.asked, before.total) == (window.asked, window.total)
        return same and before.steady and before.returned is not None and not before.is_last


class Walk(NamedTuple):
    """The windows of one list that one client asked for, in the order of the requests.

    Those that failed and were read later are left out. No window began where those in *tails*
    ended, whatever the order of the requests: a client may read several at once.
    *asked* has the number of the last request for each offset, whatever its token.
    """

    windows: Sequence[Window]
    tails: Sequence[Window]
    breaks: Sequence[Break]
    asked: Mapping[int, int]


def _entries(windows: Iterable[Window]) -> list[Entry]:
    return [window.entry for window in windows]


# --- Windows that do not follow each other ---


def page_number_as_offset(traffic: Traffic, _config: VerdictConfig) -> Iterator[Evidence]:
    for walk in traffic.once(walks):
        for run in _numbered(walk):
            offsets = ", ".join(str(window.offset) for window in run[:4])
            yield Evidence(
                f"the offset looks like a page number: {offsets}, with {run[0].returned} jobs a "
                "page, all but one of them read before; advance it by the number of jobs received",
                _entries(run),
            )


def _numbered(walk: Walk) -> list[list[Window]]:
    """The runs of three windows or more whose offsets count pages."""
    return [run for run in runs(walk.windows, _counts_pages) if len(run) > 2]


def _counts_pages(run: Sequence[Window], window: Window) -> bool:
    """Whether the offset of *window* is one more than that of the window before.

    A run begins where a window had more than one new job: if the list shifts while it is read, a
    client may well go on behind the only job that was new.
    """
    goes_on = window.key == (run[-1].offset + 1, run[-1].asked) and run[-1].returned != 1
    return goes_on and (run[0].returned or 0) > 1 and (len(run) > 1 or run[0].new != 1)


def windows_overlap(traffic: Traffic, _config: VerdictConfig) -> Iterator[Evidence]:
    for walk in traffic.once(walks):
        numbered = set(chain(*_numbered(walk)))
        breaks = [
            jump
            for jump in walk.breaks
            if jump.before.offset < jump.window.offset < min(jump.before.end, jump.before.rows)
            and jump.goes_on
            and jump.window not in numbered
        ]
        if breaks:
            before, window = breaks[0]
            yield Evidence(
                f"pages overlap: offset {window.offset} begins among the {before.returned} jobs "
                f"from offset {before.offset} on{times(len(breaks))}; go on at offset {before.end}",
                _entries(chain(*breaks)),
            )


def windows_leave_a_gap(traffic: Traffic, _config: VerdictConfig) -> Iterator[Evidence]:
    for walk in traffic.once(walks):
        wide = [
            jump for jump in walk.breaks if jump.window.offset > jump.before.end and jump.goes_on
        ]
        steps = Counter(jump.step for jump in wide)
        ranges = _ranges_read(walk.windows)
        breaks = [
            jump
            for jump in wide
            if _is_mistake(jump, steps[jump.step])
            and not _cover(ranges[jump.window], jump.before.end, jump.window.offset)
        ]
        if breaks:
            before, window = breaks[0]
            count = window.offset - before.end
            yield Evidence(
                f"pages leave a gap: {count} job{'s were' if count > 1 else ' was'} never read "
                f"from offset {before.end} on; the page before had {before.returned} jobs, from "
                f"offset {before.offset} on{times(len(breaks))}; go on at offset {before.end}",
                _entries(chain(*breaks)),
            )


def _is_mistake(jump: Break, count: int) -> bool:
    """Whether a reader that took this step *count* times has not simply turned to a page."""
    before, window = jump
    by_limit = before.is_short and window.offset == before.offset + (before.asked or 0)
    astray = window.asked is not None and window.offset % window.asked > 0
    return by_limit or count > 1 or (astray and window.offset - before.end < (window.asked or 0))


_Ranges = list[tuple[int, int]]
"""Ranges of rows in order, with something between them."""


def _ranges_read(windows: Sequence[Window]) -> Mapping[Window, _Ranges]:
    """By window, the rows that were read, or could not be, between two beginnings of the list."""
    by_window: dict[Window, _Ranges] = {}
    for part in runs(windows, lambda _, window: window.offset > 0):
        ranges: _Ranges = []
        for begin, end in sorted((window.offset, window.end) for window in part):
            if ranges and begin <= ranges[-1][1]:
                ranges[-1] = ranges[-1][0], max(end, ranges[-1][1])
            else:
                ranges.append((begin, end))
        by_window |= dict.fromkeys(part, ranges)
    return by_window


def _cover(ranges: _Ranges, begin: int, end: int) -> bool:
    index = bisect_right(ranges, begin, key=itemgetter(0))
    return index > 0 and ranges[index - 1][1] >= end


# --- Where reading ends ---


def stops_at_a_short_page(traffic: Traffic, _config: VerdictConfig) -> Iterator[Evidence]:
    for walk in traffic.once(walks):
        first = next((window for window in walk.windows if window.end > window.offset), None)
        continued = {jump.before for jump in walk.breaks}
        stops = []
        for window in walk.tails:
            # A client that reads a single page may want no more, unless it asked for all.
            asked_for_all = (window.asked or 0) >= (window.total or 0)
            wants_more = (window.offset > 0 and window is not first) or asked_for_all
            goes_on = window in continued or walk.asked[window.end] > window.entry.number
            stopped_short = window.is_short and window.total and not window.is_last
            if stopped_short and wants_more and not goes_on and not window.was_hit:
                stops.append(window)
        if stops:
            window = stops[0]
            yield Evidence(
                f"the client stopped at a short page: it asked for {window.asked} jobs from offset "
                f"{window.offset} on and got {window.returned}, and totalCount was {window.total}"
                f"{times(len(stops))}; read on up to totalCount",
                _entries(stops),
            )


def never_stops(traffic: Traffic, config: VerdictConfig) -> Iterator[Evidence]:
    for walk in traffic.once(walks):
        for run in runs(walk.windows, _is_farther_beyond):
            if run[0].is_beyond and len(run) >= config.empty_pages:
                yield Evidence(
                    f"the client kept reading past the end of the list: {len(run)} empty pages in "
                    f"a row, up to offset {run[-1].offset}; stop at totalCount, or at an empty "
                    "page",
                    _entries(run),
                )


def _is_farther_beyond(run: Sequence[Window], window: Window) -> bool:
    return run[-1].is_beyond and window.is_beyond and window.offset > run[-1].offset


def ignores_total_count(traffic: Traffic, _config: VerdictConfig) -> Iterator[Evidence]:
    for walk in traffic.once(walks):
        pairs = [
            (last, window)
            for last, window in pairwise(walk.windows)
            if window.is_beyond
            and last.is_last
            and not last.is_empty
            and window.offset in (last.end, last.offset + (last.asked or 0))
            and paused_s(last.entry, window.entry) < _FRESH_S
        ]
        if pairs:
            last, window = pairs[0]
            yield Evidence(
                f"the client ignored totalCount: it was {last.total}, and all jobs were read when "
                f"the client asked for more from offset {window.offset} on{times(len(pairs))}; "
                "stop there",
                _entries(chain(*pairs)),
            )


# --- Walks ---


def walks(traffic: Traffic) -> Iterator[Walk]:
    """How each sequential client has read each list."""
    asked: dict[tuple[str, str], Counter[int]] = {}
    for entry in traffic.entries:
        if window := _window(entry, None):
            numbers = asked.setdefault((traffic.client(entry), entry.path), Counter())
            numbers[window.offset] = entry.number
    for entries in traffic.sequential:
        lists: dict[str, list[Window]] = {}
        for entry, later in zip_longest(entries, entries[1:]):
            if window := _window(entry, later):
                lists.setdefault(entry.path, []).append(window)
        for path, windows in lists.items():
            yield _walk(windows, asked[traffic.client(entries[0]), path])


def _window(entry: Entry, later: Entry | None) -> Window | None:
    """The window that *entry* asks for; *later* is the client's next request."""
    texts = [entry.query.get(name) for name in ("offset", "limit")]
    if entry.operation != "list_jobs" or entry.method != "GET":
        return None
    if not all(text is None or (text.isascii() and text.isdigit()) for text in texts):
        return None  # not a plain number: the service refuses it
    offset, asked = (None if text is None else min(int(text[-20:]), _LARGEST) for text in texts)
    if entry.returned is None or not read_whole(entry):
        return Window(entry, offset or 0, asked)
    hit = later is not None and later.args.get("job_id") in (entry.statuses or ())
    return Window(entry, offset or 0, asked, entry.returned, entry.total, hit)


def _walk(windows: Sequence[Window], asked: Mapping[int, int]) -> Walk:
    """Find out which windows follow each other: those of several readers at once, too."""
    answered = {window.key for window in windows if window.returned is not None}
    windows = [
        window for window in windows if window.returned is not None or window.key not in answered
    ]
    _remember(windows)
    tails: dict[tuple[int, int | None], list[Window]] = {}  # by where a reader may go on
    begun: set[tuple[int, int | None]] = set()
    jumps: list[Break] = []
    latest: Window | None = None
    for window in windows:
        if window.end == window.offset:
            continue  # it has no jobs
        if window.offset and tails.get(window.key):
            tails[window.key].pop()
        elif window.offset and window.key in begun:
            latest = window
            continue  # a window may be read again
        elif window.offset and latest is not None:
            jumps.append(Break(latest, window))
        begun.add(window.key)
        tails.setdefault((window.end, window.asked), []).append(window)
        latest = window
    breaks = []
    for jump in sorted(jumps, key=lambda jump: jump.window.offset):
        if leads := tails.get(jump.window.key):
            leads.pop()  # it was read later
        else:
            breaks.append(jump)
    in_order = sorted(chain(*tails.values()), key=attrgetter("entry.number"))
    return Walk(windows, in_order, breaks, asked)


def _remember(windows: Sequence[Window]) -> None:
    """Note in each window what the client knew then."""
    first: Mapping[str, str] = {}  # the jobs at the beginning of the list, perhaps read for long
    later, totals = set[str](), set[int | None]()
    unnamed, rows, longest, steady = 0, 0, 0, False
    for window in windows:
        statuses = None if window.returned is None else window.entry.statuses
        if window.offset == 0:
            first, later, totals = statuses or {}, set(), set()
            unnamed, rows, steady = 0, 0, True
        elif statuses:
            later |= statuses.keys() - first.keys()
        if window.returned is not None:
            totals.add(window.total)
            unnamed += window.returned if statuses is None else 0
            steady = steady and len(totals) == 1 and (statuses is not None or not window.returned)
        before, rows = rows, unnamed + len(first) + len(later)
        window.rows, window.new, window.steady = rows, rows - before, steady
        window.longest, longest = longest, max(longest, window.total or 0)
