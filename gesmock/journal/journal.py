"""Journal: what was asked of one project and what it answered, bounded."""

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from threading import Event, RLock
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

from gesmock.faults import MatchedFault
from gesmock.journal.entries import (
    LONGEST_BODY,
    SECRET_HEADERS,
    Entry,
    Record,
    Told,
    digest,
    masked,
)
from gesmock.model.messages import LONGEST_HEAD, ConnectionInfo, Reply, Request, Shown

SIZE: Final = 10_000
"""How many entries are kept, unless something else is said."""

Size = Annotated[
    int, Meta(ge=1, le=10_000_000, description="a number of entries from 1 to 10000000")
]

_MOST_NAMES: Final = 64
"""How many parameters, and headers, are kept of a long head."""

_LONGEST_SECRET: Final = 512
"""How long what is masked may be to be kept all the same: a signature tells whose it is."""

MOST_STATUSES: Final = 100_000
"""How many statuses that were shown are kept, over all entries; of a long journal, more."""

_STATUSES_OF_EACH: Final = 10
"""How many are kept for each entry that there may be."""


class Journal:
    """The last *size* entries of one project; *most_statuses* that were shown are kept over all.

    By default, those are ``MOST_STATUSES``, or 10 an entry. Its methods may be called from any
    thread; *lock* is the project's.
    """

    def __init__(self, lock: RLock, size: int = SIZE, most_statuses: int | None = None) -> None:
        self._lock = lock
        self._resets = 0
        self._waiting: list[Event] = []
        self.reset(size, most_statuses)

    def reset(self, size: int = SIZE, most_statuses: int | None = None) -> None:
        """Forget every entry, count from 1 again, and let nobody wait any longer."""
        with self._lock:
            self._resets += 1
            self.size = size
            self._records: deque[Record] = deque(maxlen=size)
            self._told: deque[Told] = deque()
            self._statuses, self._most_statuses = 0, most_statuses or _most_statuses(size)
            self._last: Told | None = None
            self._last_shown: Shown | None = None
            self.count = 0
            self._forgotten = 0
            self.interrupt()

    def __len__(self) -> int:
        return len(self._records)

    @property
    def dropped(self) -> int:
        """How many entries have made room for later ones, since it was last cleared."""
        return self.count - self._forgotten - len(self._records)

    def resize(self, size: int) -> None:
        """Keep the last *size* entries from now on."""
        with self._lock:
            self.size, self._most_statuses = size, _most_statuses(size)
            self._records = deque(self._records, maxlen=size)

    def clear(self) -> int:
        """Forget every entry; how many there were. Numbers go on."""
        with self._lock:
            forgotten = len(self._records)
            self._records.clear()
            self._forgotten = self.count
            return forgotten

    def append(
        self,
        at: float,
        epoch: int,
        request: Request,
        reply: Reply,
        fired: MatchedFault | None = None,
        crash: str | None = None,
        real_at: float = 0.0,
        link: ConnectionInfo | None = None,
    ) -> Record:
        """Keep that *request*, as ``kept`` made it, was answered by *reply*; the lock is held."""
        self.count = number = self.count + 1
        told, shown = None, reply.shown
        if shown is not None:
            told = self._last if self._last_shown is shown else self._tell(shown)
        nth = 0
        if link is not None:
            link.answers = nth = link.answers + 1
        record = Record(
            number,
            at,
            epoch,
            request,
            reply.status,
            reply.headers,
            reply.job_id,
            told,
            fired,
            crash,
            real_at,
            link,
            nth,
        )
        self._records.append(record)
        for over in self._waiting:
            over.set()
        return record

    def _tell(self, shown: Shown) -> Told:
        """What has not just been shown is shown; what was shown long ago is forgotten."""
        self._last, self._last_shown = Told(shown), shown
        told = self._last
        if shown.statuses:
            self._told.append(told)
            self._statuses += len(shown.statuses)
            # Each was shown by a record at least: those of the last records are among so many.
            while self._statuses > self._most_statuses or len(self._told) > self.size:
                self._statuses -= self._told.popleft().forget()
        return told

    def interrupt(self) -> None:
        """Let those who wait now wait no longer."""
        with self._lock:
            for over in self._waiting:
                over.set()

    def await_more(self, than: "Kept", count: int, timeout_s: float) -> bool:
        """Wait until there are more than *count* entries; whether there are.

        At most *timeout_s* real seconds, and no longer than until the server is stopped, or the
        project reset after *than* was read.
        """
        over = Event()
        with self._lock:
            if self.count > count or self._resets != than.resets:
                return self.count > count and self._resets == than.resets
            self._waiting.append(over)
        over.wait(timeout_s)
        with self._lock:
            self._waiting.remove(over)
            return self.count > count and self._resets == than.resets

    def kept(self, since: int = 0) -> "Kept":
        """What is kept of the requests behind the number *since*, as it is now."""
        with self._lock:
            later = islice(reversed(self._records), max(self.count - since, 0))
            return Kept(list(later)[::-1], self.count, self.dropped, self._resets)

    def entries(self) -> list[Entry]:
        """The entries, oldest first."""
        return [record.entry for record in self.kept().records]


def _most_statuses(size: int) -> int:
    return max(MOST_STATUSES, _STATUSES_OF_EACH * size)


class Kept(NamedTuple):
    """The last *records* of *total* requests; *dropped* ones before them have made room."""

    records: Sequence[Record]
    total: int
    dropped: int
    resets: int = 0

    def dropped_since(self, number: int) -> int:
        """How many of those that were dropped came after the entry with this *number*."""
        oldest = self.records[0].number if self.records else self.total + 1
        return max(min(self.dropped, oldest - 1 - number), 0)


def kept(request: Request) -> Request:
    """*request* with its clean body as it is kept: JSON; empty where there is none, or a long one.

    What is left out of it, a digest tells from what another leaves out. To make both takes long for
    a long one, so that it is not done under the lock.
    """
    if request.body is None or (request.body == {} and not _has_body(request)):
        return request
    body = msgspec.json.encode(request.clean if request.body else request.body)
    short = body if len(body) <= LONGEST_BODY else b""
    told = digest(msgspec.json.encode(request.body))
    return msgspec.structs.replace(request, body=short, clean=None, digest=told)


def shortened(request: Request) -> Request:
    """*request*, which is ``long``, with the beginnings of what its path, query and headers say.

    Together, they have not much more than ``LONGEST_HEAD``; a digest tells it from others.
    """
    room = LONGEST_HEAD // (1 + 2 * min(len(request.query) + len(request.headers), _MOST_NAMES))
    told = digest(msgspec.json.encode([request.digest, request.path, request.query]))
    return msgspec.structs.replace(
        request,
        path=_beginning(request.path, room),
        args={name: _beginning(value, room) for name, value in request.args.items()},
        query=_beginnings(request.query, room),
        headers=_beginnings(request.headers, room),
        digest=told,
    )


def _beginnings(values: Mapping[str, str], room: int) -> dict[str, str]:
    found = islice(values.items(), _MOST_NAMES)
    return {_beginning(name, room): _kept_of(name, value, room) for name, value in found}


def _kept_of(name: str, value: str, room: int) -> str:
    if name not in SECRET_HEADERS:
        return _beginning(value, room)
    return value if len(value) <= _LONGEST_SECRET else masked(value)


def _beginning(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[:room]}..."


def _has_body(request: Request) -> bool:
    """Whether an empty object was sent, and not nothing; of chunks, that cannot be told."""
    return request.headers.get("content-length", "0").strip("0") != ""
