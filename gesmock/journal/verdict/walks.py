"""Walks: how a client goes through a job list, window by window."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.traffic import Traffic, read_whole

_LARGEST: Final = 2**31 - 1

_Key = tuple[int, int | None]
"""An offset and a limit."""


@dataclass(slots=True, eq=False)
class Window:
    """A request for *asked* jobs from *offset* on; None: the limit was left to the service.

    It got *returned* jobs out of *total*, as far as the answer said so; *returned* is None if the
    client read no answer. *was_hit*: the client went on with one of its jobs.

    The rest is what the client knew then, since it last began at offset 0: of how many jobs
    (*rows*, a repeated one counts once), how many of them were *new* in this window, whether all
    totals agreed and all jobs are on record (*steady*), and the largest total (*longest*) that it
    had read before.
    """

    entry: Entry
    offset: int
    asked: int | None
    returned: int | None
    total: int | None
    was_hit: bool
    rows: int = 0
    new: int = 0
    steady: bool = False
    longest: int = 0

    @property
    def key(self) -> _Key:
        """What tells it apart from other windows of the list."""
        return self.offset, self.asked

    @property
    def end(self) -> int:
        """Where the next window begins."""
        rows = self.asked if self.returned is None else self.returned
        return self.offset + (rows or 0)

    @property
    def is_beyond(self) -> bool:
        """Whether it begins behind the last job."""
        return self.returned == 0 and self.asked != 0

    @property
    def is_short(self) -> bool:
        """Whether the client got fewer jobs than it asked for."""
        return self.asked is not None and self.returned is not None and self.returned < self.asked

    @property
    def is_last(self) -> bool:
        """Whether the answer says that there are no more jobs."""
        return self.total is not None and self.end >= self.total


@dataclass(frozen=True, slots=True)
class Break:
    """A *window* that begins where none that the client has read ended; it came after *before*."""

    before: Window
    window: Window

    @property
    def step(self) -> int:
        """How far the client went."""
        return self.window.offset - self.before.offset


@dataclass(frozen=True, slots=True)
class Walk:
    """The windows of one list that one client asked for, in the order of the requests.

    Those that failed and were read later are left out. In each of *chains*, a window begins where
    the one before it ended, whatever the order of the requests: a client may read several at once.
    *asked* has the number of the last request for each offset, whatever its token.
    """

    windows: Sequence[Window]
    chains: Sequence[Sequence[Window]]
    breaks: Sequence[Break]
    asked: Mapping[int, int]

    def goes_on_after(self, window: Window) -> bool:
        """Whether the client asked for what follows *window*, be it with a new token."""
        return self.asked.get(window.end, 0) > window.entry.number


def walks(traffic: Traffic) -> Iterator[Walk]:
    """How each sequential client has read each list."""
    asked: dict[tuple[str, str], dict[int, int]] = {}
    for entry in traffic.entries:
        window = _window(entry, None)
        if window is not None:
            numbers = asked.setdefault((traffic.client(entry).header, entry.path), {})
            numbers[window.offset] = entry.number
    for entries in traffic.sequential:
        lists: dict[tuple[str, str], list[Window]] = {}
        for entry, later in zip_longest(entries, entries[1:]):
            window = _window(entry, later)
            if window is not None:
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
        return Window(entry, offset or 0, asked, None, None, was_hit=False)
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
    ends: dict[_Key, list[int]] = {}  # the chains that can go on there
    begun: set[_Key] = set()
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
    breaks = [
        Break(before[number], chains[number][0])
        for number in _without_lead(chains, sorted(before), ends)
    ]
    return Walk(windows, [chain for chain in chains if chain], breaks, asked)


def _without_lead(
    chains: list[list[Window]], numbers: Sequence[int], ends: dict[_Key, list[int]]
) -> Iterator[int]:
    """Those chains of *numbers* that no other leads to; the others are joined to their lead."""
    for number in sorted(numbers, key=lambda number: chains[number][0].offset):
        chain = chains[number]
        leads = [lead for lead in ends.get(chain[0].key, ()) if chains[lead]]
        if not leads:
            yield number
            continue
        lead = leads[-1]
        ends[chain[0].key].remove(lead)
        chains[lead] += chain
        chains[number] = []
        joined = ends[chain[-1].end, chain[-1].asked]
        joined[joined.index(number)] = lead


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
