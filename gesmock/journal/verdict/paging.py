"""Paging: how a client goes through a job list, window by window, and what is wrong with it.

A correct client advances by the jobs it received, or by those that were new, up to ``totalCount``.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise, zip_longest
from operator import attrgetter
from typing import Final, NamedTuple

from msgspec import Struct

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.findings import Evidence, VerdictConfig, times
from gesmock.journal.verdict.traffic import Traffic, paused_s, read_whole, runs

_FRESH_S: Final = 1.5
"""A total is trusted for this long: a client that asks later may be looking for new jobs."""

_LARGEST: Final = 2**31 - 1


class Window(Struct, eq=False):
    """A request for *asked* jobs from *offset* on; None: the limit was left to the service.

    It got *returned* jobs out of *total*; *returned* is None if the client read no answer.
    *went_on*: the client asked next for one of its jobs, or later for those behind it. *rows* is
    how many jobs the client had read since it last began at offset 0, this window included, and
    *new* how many of them it first read here. *steady*: all totals since then agree, and all jobs
    are on record. *longest* is the longest total before.
    """

    entry: Entry
    offset: int
    asked: int | None
    returned: int | None = None
    total: int | None = None
    went_on: bool = False
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
        """Whether it is empty, and would have been when the list was longest.

        A client may have planned to read all of the longest list.
        """
        return self.is_empty and self.offset >= self.longest


Break = tuple[Window, Window]
"""A window, and a later one that begins where no window that the client read had ended."""


class Walk(NamedTuple):
    """The windows of one list that one client asked for, in the order of the requests.

    Windows that failed and were read later are left out. *tails* are the windows at whose end no
    other began, whatever the order of the requests: a client may read several at once.
    """

    windows: Sequence[Window]
    tails: Sequence[Window]
    breaks: Sequence[Break]


def _entries(windows: Iterable[Window]) -> list[Entry]:
    return [window.entry for window in windows]


# --- Windows that do not follow each other ---


def page_number_as_offset(traffic: Traffic, _config: VerdictConfig) -> Iterator[Evidence]:
    for walk in traffic.once(walks):
        for run in _numbered(walk):
            offsets = ", ".join(str(window.offset) for window in run[:4])
            yield Evidence(
                f"the offset looks like a page number: {offsets}, with {run[0].returned} jobs a "
                "page, only one of them new each time; advance it by the number of jobs received",
                _entries(run),
            )


def _numbered(walk: Walk) -> list[list[Window]]:
    """The runs of three windows or more whose offsets count pages."""
    return [run for run in runs(walk.windows, _counts_pages) if len(run) > 2]


def _counts_pages(run: Sequence[Window], window: Window) -> bool:
    """Whether the offset of *window* is one more than that of the window before.

    No run begins with a window that had exactly one new job: if the list shifts while it is read, a
    client may rightly go on behind that job.
    """
    goes_on = window.key == (run[-1].offset + 1, run[-1].asked) and run[-1].returned != 1
    return goes_on and (run[0].returned or 0) > 1 and (len(run) > 1 or run[0].new != 1)


def windows_overlap(traffic: Traffic, _config: VerdictConfig) -> Iterator[Evidence]:
    for walk in traffic.once(walks):
        numbered = set(chain(*_numbered(walk)))
        breaks = [
            (before, window)
            for before, window in walk.breaks
            if before.offset < window.offset < min(before.end, before.rows)
            and _goes_on(before, window)
            and window not in numbered
        ]
        if breaks:
            before, window = breaks[0]
            yield Evidence(
                f"pages overlap: the page at offset {window.offset} begins among the "
                f"{before.returned} jobs of the page at offset {before.offset}"
                f"{times(len(breaks))}; go on at offset {before.end}",
                _entries(chain(*breaks)),
            )


def windows_leave_a_gap(traffic: Traffic, _config: VerdictConfig) -> Iterator[Evidence]:
    for walk in traffic.once(walks):
        wide = [
            (before, window)
            for before, window in walk.breaks
            if window.offset > before.end and _goes_on(before, window)
        ]
        steps = Counter(_step(*pair) for pair in wide)
        begins = _begins(walk.windows)
        breaks = [
            (before, window)
            for before, window in wide
            if begins[window] > before.end
            and (steps[_step(before, window)] > 1 or _is_mistake(before, window))
        ]
        if breaks:
            before, window = breaks[0]
            count = window.offset - before.end
            yield Evidence(
                f"pages leave a gap: {count} job{'s were' if count > 1 else ' was'} never read, "
                f"from offset {before.end} on; the page at offset {before.offset} had "
                f"{before.returned} jobs{times(len(breaks))}; go on at offset {before.end}",
                _entries(chain(*breaks)),
            )


def _goes_on(before: Window, window: Window) -> bool:
    """Whether the client went on from *before*, and did not start over with another limit.

    False if the list's length changed: the client may have allowed for that.
    """
    same = (before.asked, before.total) == (window.asked, window.total)
    return same and before.steady and before.returned is not None and not before.is_last


def _step(before: Window, window: Window) -> tuple[int, int | None]:
    return window.offset - before.offset, window.asked


def _is_mistake(before: Window, window: Window) -> bool:
    """Whether a step that was taken only once was a mistake, not a jump to some page."""
    asked = window.asked or 0
    by_limit = before.is_short and window.offset == before.offset + asked
    return by_limit or (
        asked > 0 and window.offset % asked > 0 and window.offset < before.end + asked
    )


def _begins(windows: Sequence[Window]) -> Mapping[Window, int]:
    """For each window, the offset since which no row before it was skipped.

    Windows that failed skip none. Each window at offset 0 begins a new round.
    """
    begins: dict[Window, int] = {}
    for part in runs(windows, lambda _, window: window.offset > 0):
        begin = end = 0
        for window in sorted(part, key=attrgetter("offset")):
            begin = begin if window.offset <= end else window.offset
            end = max(end, window.end)
            begins[window] = begin
    return begins


# --- Where reading ends ---


def stops_at_a_short_page(traffic: Traffic, _config: VerdictConfig) -> Iterator[Evidence]:
    for walk in traffic.once(walks):
        first = next((window for window in walk.windows if window.end > window.offset), None)
        continued = {before for before, _ in walk.breaks}
        stops = []
        for window in walk.tails:
            # A client that reads a single page may want no more, unless it asked for all.
            asked_for_all = (window.asked or 0) >= (window.total or 0)
            wants_more = (window.offset > 0 and window is not first) or asked_for_all
            goes_on = window.went_on or window in continued
            stopped_short = window.is_short and window.total and not window.is_last
            if stopped_short and wants_more and not goes_on:
                stops.append(window)
        if stops:
            window = stops[0]
            yield Evidence(
                f"the client stopped at a short page: it asked for {window.asked} jobs from offset "
                f"{window.offset} on and got {window.returned}, although totalCount was "
                f"{window.total}{times(len(stops))}; read on up to totalCount",
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
                f"the client ignored totalCount: it was {last.total}, and the client had read all "
                f"jobs when it asked for more at offset {window.offset}{times(len(pairs))}; "
                "stop at totalCount",
                _entries(chain(*pairs)),
            )


# --- Walks ---


def walks(traffic: Traffic) -> Iterator[Walk]:
    """How each sequential client read each list."""
    asked: dict[tuple[str, str, int], int] = {}  # the last request for each offset
    for entry in traffic.entries:
        if window := _window(entry):
            asked[traffic.client(entry), entry.path, window.offset] = entry.number
    for entries in traffic.sequential:
        lists: dict[str, list[Window]] = {}
        for entry, later in zip_longest(entries, entries[1:]):
            if window := _window(entry):
                hit = later is not None and later.args.get("job_id") in (entry.statuses or ())
                behind = asked.get((traffic.client(entry), entry.path, window.end), 0)
                window.went_on = hit or behind > entry.number
                lists.setdefault(entry.path, []).append(window)
        yield from map(_walk, lists.values())


def _window(entry: Entry) -> Window | None:
    texts = [entry.query.get(name) for name in ("offset", "limit")]
    if entry.operation != "list_jobs" or entry.method != "GET":
        return None
    if not all(text is None or (text.isascii() and text.isdigit()) for text in texts):
        return None  # not a plain number: the service refuses it
    offset, asked = (None if text is None else min(int(text[-20:]), _LARGEST) for text in texts)
    if entry.returned is None or not read_whole(entry):
        return Window(entry, offset or 0, asked)
    return Window(entry, offset or 0, asked, entry.returned, entry.total)


def _walk(windows: Sequence[Window]) -> Walk:
    """Find out which windows follow each other, even if the client reads several at once."""
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
            jumps.append((latest, window))
        begun.add(window.key)
        tails.setdefault((window.end, window.asked), []).append(window)
        latest = window
    breaks = []
    for before, window in sorted(jumps, key=lambda jump: jump[1].offset):
        if leads := tails.get(window.key):
            leads.pop()  # the window before it was read later
        else:
            breaks.append((before, window))
    in_order = sorted(chain(*tails.values()), key=attrgetter("entry.number"))
    return Walk(windows, in_order, breaks)


def _remember(windows: Sequence[Window]) -> None:
    """Note in each window what the client knew then."""
    first: Mapping[str, str] = {}  # the jobs at offset 0; not copied, as they may be many
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
