"""Walks: how a client goes through a job list, page by page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.findings import Proof, proof
from gesmock.journal.verdict.traffic import Case, read_whole

_LARGEST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the list that a client asked for: *asked* rows from *offset* on.

    It got *returned* rows, out of *total* where the answer said so. *asked* is None where the
    client left the limit to the service. A page whose answer failed has *returned* None: it counts
    as one that the client has not left out. *was_found*: the client went on with one of its jobs.
    """

    entry: Entry
    offset: int
    asked: int | None
    returned: int | None
    total: int | None
    was_found: bool

    @property
    def place(self) -> tuple[int, int | None]:
        """What tells it apart from the other pages of the list."""
        return self.offset, self.asked

    @property
    def end(self) -> int:
        """Where the next page begins."""
        rows = self.asked if self.returned is None else self.returned
        return self.offset + (rows or 0)

    @property
    def is_beyond(self) -> bool:
        """Whether it begins where there are no more rows."""
        return self.returned == 0 and self.asked != 0

    @property
    def is_short(self) -> bool:
        """Whether the client got fewer rows than it asked for."""
        return self.asked is not None and self.returned is not None and self.returned < self.asked

    @property
    def is_last(self) -> bool:
        """Whether the answer says that there are no more rows."""
        return self.total is not None and self.end >= self.total


@dataclass(frozen=True, slots=True)
class Break:
    """A *page* that goes on with no page that the client has read; *before* is the one before."""

    before: Page
    page: Page

    @property
    def step(self) -> int:
        """From where to where it went."""
        return self.page.offset - self.before.offset


@dataclass(frozen=True, slots=True)
class Reading:
    """All pages of one list that a flow has, and how they hang together.

    In *walks*, each page begins where one before ended, whatever the order in which they were
    asked for: clients may read several at once. *breaks* are pages that no page leads to. *pages*
    are in the order of the requests, without those that failed and were read after all. *asked* has
    the number of the last request of this list for a page from an offset on.
    """

    pages: Sequence[Page]
    walks: Sequence[Sequence[Page]]
    breaks: Sequence[Break]
    asked: Mapping[int, int]

    def gone_on(self, page: Page) -> bool:
        """Whether the client has asked for what comes behind *page*, be it with a new token."""
        return self.asked.get(page.end, 0) > page.entry.number


def proof_of(message: str, pages: Iterable[Page]) -> Proof:
    """A proof by *pages*."""
    return proof(message, [page.entry for page in pages])


def readings(case: Case) -> Sequence[Reading]:
    """How each client has read each list."""
    return case.once(_readings)


def _readings(case: Case) -> Sequence[Reading]:
    found: list[Reading] = []
    asked: dict[tuple[str, str], dict[int, int]] = {}
    for entry in case.entries:
        page = _page(entry, None)
        if page is not None:
            numbers = asked.setdefault((case.client(entry).header, entry.path), {})
            numbers[page.offset] = entry.number
    for flow in case.orderly:
        lists: dict[tuple[str, str], list[Page]] = {}
        for entry, later in zip_longest(flow, flow[1:]):
            page = _page(entry, later)
            if page is not None:
                place = case.client(entry).header, entry.path
                lists.setdefault(place, []).append(page)
        for place, pages in lists.items():
            found.append(_reading(pages, asked[place]))
    return found


def _page(entry: Entry, later: Entry | None) -> Page | None:
    """The page that *entry* asks for; *later* is what its client asked for next."""
    if entry.operation != "list_jobs" or entry.method != "GET":
        return None
    offset, asked = (_number(entry.query.get(name)) for name in ("offset", "limit"))
    given = {"offset", "limit"} & entry.query.keys()
    if len(given) != (offset is not None) + (asked is not None):
        return None  # not a plain number: it was refused
    if entry.returned is None or not read_whole(entry):
        return Page(entry, offset or 0, asked, None, None, was_found=False)
    found = later is not None and later.args.get("job_id") in (entry.shown or ())
    return Page(entry, offset or 0, asked, entry.returned, entry.total, found)


def _number(text: str | None) -> int | None:
    if text is None or not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[-20:]), _LARGEST)


def _reading(pages: Sequence[Page], asked: Mapping[int, int]) -> Reading:
    """Lay the pages one behind the other: those of several walks at once, too."""
    answered = {page.place for page in pages if page.returned is not None}
    pages = [page for page in pages if page.returned is not None or page.place not in answered]
    walks: list[list[Page]] = []
    ending: dict[tuple[int, int | None], list[int]] = {}  # which walks can go on where
    known: set[tuple[int, int | None]] = set()
    before: dict[int, Page] = {}  # by walks that begin in the midst of the list
    latest: Page | None = None
    for page in pages:
        if page.end == page.offset:
            continue  # it has no rows
        if page.offset and (found := ending.get(page.place)):
            number = found.pop()
            walks[number].append(page)
        elif page.offset and page.place in known:
            latest = page
            continue  # once more: a page that has been read may be read again
        else:
            number = len(walks)
            walks.append([page])
            if page.offset and latest is not None:
                before[number] = latest
        known.add(page.place)
        ending.setdefault((page.end, page.asked), []).append(number)
        latest = page
    breaks = [
        Break(before[number], walks[number][0]) for number in _unled(walks, sorted(before), ending)
    ]
    return Reading(pages, [walk for walk in walks if walk], breaks, asked)


def _unled(
    walks: list[list[Page]], numbers: Sequence[int], ending: dict[tuple[int, int | None], list[int]]
) -> Iterator[int]:
    """Those walks of *numbers* that no other leads to; the rest is joined to those that do."""
    for number in sorted(numbers, key=lambda one: walks[one][0].offset):
        walk = walks[number]
        leading = [one for one in ending.get(walk[0].place, ()) if walks[one]]
        if not leading:
            yield number
            continue
        ending[walk[0].place].remove(leading[-1])
        walks[leading[-1]] += walk
        walks[number] = []
        ends = ending[walk[-1].end, walk[-1].asked]
        ends[ends.index(number)] = leading[-1]
