"""Journal: the last requests to one project and how they were answered; ``ges.journal``."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from threading import RLock
from typing import Annotated, Any, Final, TypeVar, Unpack, overload

from msgspec import Meta

from gesmock.journal.entries import (
    MOST_REPLIED,
    AnsweredEntry,
    Entry,
    Exchange,
    Record,
    Reported,
    Snapshot,
    with_reply_bodies,
)
from gesmock.journal.filters import (
    Assertion,
    Assertions,
    Count,
    EntryFilter,
    EntryFilters,
    count_of_entries,
    in_words,
)
from gesmock.model import validation
from gesmock.model.clock import Seconds, real_time
from gesmock.model.errors import Conflict, TimedOut
from gesmock.model.jobs import Job
from gesmock.model.messages import (
    LONGEST_REPLY,
    ConnectionInfo,
    Operation,
    ReplyBody,
    ShownStatuses,
)
from gesmock.model.waiters import Waiters

SIZE: Final = 10_000
"""The number of entries that are kept by default."""

LARGEST: Final = 1_000_000
"""The most entries that a journal may keep."""

Size = Annotated[
    int, Meta(ge=1, le=LARGEST, description=f"a number of entries from 1 to {LARGEST}")
]

MOST_STATUSES: Final = 100_000
"""At most this many statuses of lists are kept, or 10 for each entry of a longer journal."""

_Filter = TypeVar("_Filter", bound=EntryFilter)


class Journal:
    """The last *size* requests to one project, and how they were answered.

    Methods may be called from any thread; *lock* is the project's. Filters are *operation*,
    *status* (0: the answer never came), *method*, *graph*, *job* (or its id), *query* and *headers*
    (values by name; None: absent), *body* (a part of it), *fault* (an id or receipt; ``*``: any)
    and *since* (only entries after this number).
    """

    def __init__(self, lock: RLock, size: int = SIZE) -> None:
        self._lock = lock
        self._waiters = Waiters(lock)
        self._resets = 0
        self.reset(size)

    def reset(self, size: int = SIZE) -> None:
        """Forget everything and number entries from 1 again; everyone who waits gives up."""
        with self._lock:
            self.size = size
            self._records: deque[Record] = deque(maxlen=size)
            self._lists: deque[Reported] = deque()  # those with statuses, oldest first
            self._statuses = 0
            self._last = Reported(ShownStatuses(None))
            self._bodies: deque[ReplyBody] = deque()  # oldest first
            self._replied = 0  # the bytes in them
            self.count = 0
            """The number of the last request; ``since=journal.count`` selects later ones."""
            self._cleared = 0
            self._resets += 1
            self.interrupt()

    def __repr__(self) -> str:
        with self._lock:
            return f"<Journal: {len(self)} entries, {self.dropped} dropped>"

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries())

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...

    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        records = self.snapshot().records
        if isinstance(index, slice):
            return [record.entry for record in records[index]]
        return records[index].entry

    @property
    def dropped(self) -> int:
        """How many entries were dropped to make room for later ones."""
        return self.count - self._cleared - len(self._records)

    def snapshot(self, since: int = 0) -> Snapshot:
        """The journal as it is now, with only the records after number *since*."""
        with self._lock:
            later = islice(reversed(self._records), max(self.count - since, 0))
            return Snapshot(list(later)[::-1], self.count, self.dropped, self._resets)

    def entries(
        self, operation: Operation | None = None, **filters: Unpack[EntryFilters]
    ) -> list[Entry]:
        """The entries that match, oldest first.

        Entries that were dropped are missing (see ``dropped``); with *since*, that raises Conflict.
        """
        return _read(EntryFilter, "entries", operation, filters).select(self.snapshot())

    def assert_called(
        self, operation: Operation | None = None, **filters: Unpack[Assertions]
    ) -> list[Entry]:
        """The entries that match, if there are *times*, or *at_least* to *at_most*, of them.

        By default there must be at least one. Otherwise raises ExpectationFailed, an
        AssertionError, with the near misses if there are too few; Conflict if entries that were
        dropped could change the outcome.
        """
        return _read(Assertion, "assert_called", operation, filters).check(self.snapshot())

    def wait_for(
        self,
        operation: Operation | None = None,
        *,
        times: int = 1,
        timeout_s: float = 5.0,
        **filters: Unpack[EntryFilters],
    ) -> list[Entry]:
        """The entries that match, as soon as there are *times* of them.

        Raises TimedOut with the near misses after *timeout_s* real seconds, or as soon as the
        project is reset or the server stops; Conflict if entries that were dropped could be among
        them.
        """
        search = _search(self, operation, times, timeout_s, filters)
        self._finish(search)
        return search.result()

    async def wait_for_async(
        self,
        operation: Operation | None = None,
        *,
        times: int = 1,
        timeout_s: float = 5.0,
        **filters: Unpack[EntryFilters],
    ) -> list[Entry]:
        """``wait_for`` in a coroutine: the event loop goes on, and the task may be cancelled."""
        search = _search(self, operation, times, timeout_s, filters)
        while not search.look():
            with self._lock:
                change = self._waiters.next_change() if self._is_searched(search) else None
            if change is not None:
                await self._waiters.pause(change, search.remaining_s)
            if self._is_over(search):
                break
        return search.result()

    def wait(self, entry_filter: EntryFilter, times: int, timeout_s: float) -> list[Entry]:
        """``wait_for``, except that it returns the entries so far when the time is up."""
        search = Search(self, entry_filter, times, timeout_s)
        self._finish(search)
        return search.entries

    def _finish(self, search: "Search") -> None:
        while not search.look():
            with self._lock:
                if self._is_searched(search):
                    self._waiters.wait(search.remaining_s)
                if self._is_over(search):
                    break

    def _is_searched(self, search: "Search") -> bool:
        """Whether *search* has looked at every entry."""
        return self._resets == search.resets and self.count <= search.since

    def _is_over(self, search: "Search") -> bool:
        """Whether *search*, having waited, has nothing new to look at, or there was a reset."""
        return self._resets != search.resets or self.count <= search.since

    def interrupt(self) -> None:
        """Make everyone who waits give up."""
        with self._lock:
            self._waiters.notify_all()

    def har(self, scheme: str | None = None) -> dict[str, Any]:
        """The entries as an HTTP Archive (HAR 1.2), secrets masked.

        *scheme* is that of its URLs (default: as they were requested).
        """
        records = self.snapshot().records
        secure = any(record.link is not None and record.link.secure for record in records[-1:])
        scheme = scheme or ("https" if secure else "http")
        from gesmock.journal import har  # few runs need it

        entries = with_reply_bodies([(record.entry, record) for record in records])
        return har.archive(entries, scheme)

    def answered(self, listed: Sequence[Entry], *, bodies: bool = True) -> list[AnsweredEntry]:
        """The *listed* entries, oldest first, with the *bodies* of their answers that are kept."""
        since = listed[0].number - 1 if listed and bodies else self.count
        records = {
            (each.exchange.epoch, each.number): each for each in self.snapshot(since).records
        }
        return with_reply_bodies(
            [(each, records.get((each.epoch, each.number))) for each in listed]
        )

    def clear(self) -> int:
        """Forget every entry and return how many there were; their numbers go on."""
        with self._lock:
            cleared = len(self._records)
            self._records.clear()
            self._cleared = self.count
            return cleared

    def resize(self, size: int) -> None:
        with self._lock:
            self.size = size
            self._records = deque(self._records, maxlen=size)

    def append(
        self,
        exchange: Exchange,
        source: ShownStatuses | None = None,
        at: float = 0.0,
        real_at: float = 0.0,
        link: ConnectionInfo | None = None,
    ) -> Record:
        """Record *exchange*, which showed the statuses of *source*; the lock is held.

        The same exchange may be recorded any number of times. The body and head of its request have
        been shortened.
        """
        body = exchange.payload
        if isinstance(body, ReplyBody) and not body.size:
            self._keep(body)
        self.count = number = self.count + 1
        reported = None
        if source is not None:
            reported, statuses = self._last, source.statuses
            if statuses is None or statuses is not reported.statuses:
                reported = self._report(source)
        nth = 0
        if link is not None:
            link.answers = nth = link.answers + 1
        record = Record(number, at, exchange, reported, real_at, real_time(), link, nth)
        self._records.append(record)
        if self._waiters.count:
            self._waiters.notify_all()
        return record

    def _keep(self, body: ReplyBody) -> None:
        """Keep the *body* of a new answer; drop the oldest if there are too many, or too long."""
        if self._bodies and (before := self._bodies[-1]).text:
            self._replied += len(before.text) - before.size
            before.size = len(before.text)
        body.size = LONGEST_REPLY  # at most; corrected when the next answer comes
        self._replied += body.size
        self._bodies.append(body)
        while self._replied > MOST_REPLIED or len(self._bodies) > self.size:
            oldest = self._bodies.popleft()
            self._replied -= oldest.size
            oldest.text, oldest.length, oldest.size = b"", 0, 0

    def _report(self, source: ShownStatuses) -> Reported:
        """What the answer showed of jobs; drops the oldest statuses of lists beyond a bound."""
        self._last = reported = Reported(source)
        if source.statuses and source.returned is not None:
            self._lists.append(reported)
            self._statuses += len(source.statuses)
            most = max(MOST_STATUSES, 10 * self.size)
            # Each has at least one record, so beyond *size* the records of the oldest are gone.
            while self._statuses > most or len(self._lists) > self.size:
                oldest = self._lists.popleft()
                self._statuses -= len(oldest.statuses or ())
                oldest.statuses = None
        return reported


class Search:
    """Collects the *entries* that *entry_filter* selects, until there are *times* of them.

    *since* is the number of the last entry that it has looked at.
    """

    def __init__(
        self, journal: Journal, entry_filter: EntryFilter, times: int, timeout_s: float
    ) -> None:
        self._journal, self._filter = journal, entry_filter
        self._times, self._timeout_s = times, timeout_s
        self._until = real_time() + timeout_s
        self.since, self.resets = entry_filter.since, 0
        self.entries = list[Entry]()

    @property
    def remaining_s(self) -> float:
        return max(self._until - real_time(), 0)

    def look(self) -> bool:
        """Collect from the new entries, and return whether there are enough now.

        Raises Conflict if entries that were dropped could be among them.
        """
        snapshot = self._journal.snapshot(self.since)
        self.entries += self._filter.matching(snapshot)
        enough = len(self.entries) >= self._times
        if not enough and (dropped := snapshot.dropped_since(self.since)):
            raise Conflict(
                f"cannot tell whether {self._filter} was called {in_words(self._times)}: the "
                f"journal dropped {count_of_entries(dropped)}, and {len(self.entries)} of the "
                f"others match; raise journal_size, or wait for later ones with "
                f"since={snapshot.total}"
            )
        self.since, self.resets = max(snapshot.total, self.since), snapshot.resets
        return enough

    def result(self) -> list[Entry]:
        """The entries; raises TimedOut if they are too few."""
        if len(self.entries) < self._times:
            called = in_words(len(self.entries))
            message = (
                f"{self._filter} was called {called} in {self._timeout_s:g} s, "
                f"expected {self._times}"
            )
            misses = self._filter.near_misses(self._journal.snapshot())
            raise TimedOut("\n".join([message, *misses]))
        return self.entries


def _search(
    journal: Journal,
    operation: str | None,
    times: int,
    timeout_s: float,
    filters: Mapping[str, Any],
) -> Search:
    entry_filter = _read(EntryFilter, "wait_for", operation, filters)
    count = validation.read_python(times, Count, "wait_for.times")
    seconds = validation.read_python(timeout_s, Seconds, "wait_for.timeout_s")
    return Search(journal, entry_filter, count, seconds)


def _read(
    type_: type[_Filter], path: str, operation: str | None, filters: Mapping[str, Any]
) -> _Filter:
    """The filter that the arguments of a method describe; None counts as left out."""
    fields = {"operation": operation, **filters}
    if isinstance(job := filters.get("job"), Job):
        fields["job"] = job.job_id
    present = {name: value for name, value in fields.items() if value is not None}
    return validation.read_python(present, type_, path)
