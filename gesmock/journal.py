"""Journal: what was asked of one world and what it answered, bounded."""

from collections import deque
from collections.abc import Mapping
from threading import Event, RLock
from typing import Any, Final
from urllib.parse import quote

import msgspec
from msgspec import Struct

from gesmock import raw_requests
from gesmock.exchange import Operation, Reply, Request, Shown, request_id
from gesmock.faults import Fired

SIZE: Final = 10_000
"""How many entries are kept."""

MOST_STATUSES: Final = 100_000
"""How many statuses that were shown are kept, over all entries."""

LONGEST_BODY: Final = 4096
"""How long a body that is kept may be, in bytes of JSON."""

MASK: Final = "***"
_SECRET_HEADERS: Final = frozenset(
    ("authorization", "cookie", "proxy-authorization", "x-auth-token", "x-security-token")
)


class Entry(Struct, frozen=True, kw_only=True):
    """One request and its answer.

    *number* counts the requests since the last reset, from 1; *at* is the world's time in seconds
    since 1970. *operation* is None where no route matched; *args* are the names in the path.
    Secrets in *query* and *body* are left out, those in *headers* (names in lower case) masked. A
    body of more than ``LONGEST_BODY`` bytes, or that is no JSON, is None.

    *reply_headers* are those particular to the answer. *job_id* is the job that was submitted.
    *shown* has the statuses that the answer told, by job; None where it told of none, of more than
    ``listing.MOST_SHOWN``, or too long ago. *returned* and *total* are how many jobs a list had,
    and out of how many. *fault* is the receipt of the fault that was injected. *crash* is the
    traceback where gesmock itself failed.
    """

    number: int
    at: float
    operation: Operation | None
    method: str
    path: str
    query: Mapping[str, str]
    status: int
    epoch: int = 1
    args: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: Any = None
    reply_headers: Mapping[str, str] = {}
    job_id: str | None = None
    shown: Mapping[str, str] | None = None
    returned: int | None = None
    total: int | None = None
    fault: str | None = None
    crash: str | None = None

    @property
    def unmatched(self) -> bool:
        """Whether it asked for something below the service's paths that no operation serves."""
        return self.operation is None and self.path.lstrip("/").startswith("ges/")

    def __str__(self) -> str:
        return f"{self.method} {quote(self.path)} answered {self.status}"


class _Told:
    """What was *shown*, once or several times on end; its *statuses* may be forgotten."""

    __slots__ = ("shown", "statuses")

    def __init__(self, shown: Shown) -> None:
        self.shown = shown
        self.statuses = shown.statuses


class Record(Struct, frozen=True, gc=False):
    """What is kept of one request. Each makes one; an ``Entry`` is made where one is read."""

    number: int
    at: float
    epoch: int
    request: Request
    status: int
    headers: Mapping[str, str]
    job_id: str | None
    told: _Told | None
    fired: Fired | None
    crash: str | None

    @property
    def entry(self) -> Entry:
        """The entry."""
        request, told = self.request, self.told
        return Entry(
            number=self.number,
            at=self.at,
            epoch=self.epoch,
            operation=request.operation,
            method=request.method,
            path=request.path,
            args=request.args,
            query=raw_requests.query_without_secrets(request.query),
            headers={
                name: MASK if name in _SECRET_HEADERS else value
                for name, value in request.headers.items()
            },
            body=msgspec.json.decode(request.body) if request.body else None,
            status=self.status,
            reply_headers={**self.headers, "X-Request-Id": request_id(self.epoch, self.number)},
            job_id=self.job_id,
            shown=None if told is None or told.statuses is None else dict(told.statuses),
            returned=None if told is None else told.shown.returned,
            total=None if told is None else told.shown.total,
            fault=None if self.fired is None else self.fired.receipt,
            crash=self.crash,
        )


class Journal:
    """The last *size* entries of one world; *most_statuses* that were shown are kept over all.

    Its methods may be called from any thread; *lock* is the world's.
    """

    def __init__(self, lock: RLock, size: int = SIZE, most_statuses: int = MOST_STATUSES) -> None:
        self._lock = lock
        self._closed = False
        self._waiting: list[_Waiting] = []
        self._records: deque[Record] = deque(maxlen=size)
        self._told: deque[_Told] = deque()
        self._statuses, self._most_statuses = 0, most_statuses
        self._last: _Told | None = None
        self.count = 0
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._records)

    @property
    def dropped(self) -> int:
        """How many entries have made room for later ones."""
        return self.count - self._forgotten - len(self._records)

    def clear(self) -> int:
        """Forget every entry; how many there were. Numbers go on."""
        with self._lock:
            forgotten = len(self._records)
            self._records.clear()
            self._forgotten += forgotten
            return forgotten

    def append(
        self,
        at: float,
        epoch: int,
        request: Request,
        reply: Reply,
        fired: Fired | None = None,
        crash: str | None = None,
    ) -> Record:
        """Keep that *request* was answered by *reply*; the lock is held."""
        self.count = number = self.count + 1
        told, shown = self._last, reply.shown
        if shown is None:
            told = None
        elif told is None or told.shown is not shown:
            told = self._tell(shown)
        if request.body:
            request = _kept(request)
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
        )
        self._records.append(record)
        for waiting in self._waiting:
            if waiting.wanted(record):
                waiting.over.set()
        return record

    def _tell(self, shown: Shown) -> _Told:
        """What has not just been shown is shown; what was shown long ago is forgotten."""
        self._last = told = _Told(shown)
        if shown.statuses:
            self._told.append(told)
            self._statuses += len(shown.statuses)
            while self._statuses > self._most_statuses:
                oldest = self._told.popleft()
                self._statuses -= len(oldest.statuses or ())
                oldest.statuses = None
        return told

    def close(self) -> None:
        """Let nobody wait any longer: no entry will come."""
        with self._lock:
            self._closed = True
            self.interrupt()

    def interrupt(self) -> None:
        """Let those who wait now wait no longer."""
        with self._lock:
            for waiting in self._waiting:
                waiting.over.set()

    def wait(
        self, timeout_s: float, operation: Operation | None = None, status: int | None = None
    ) -> list[Entry]:
        """The ``entries``, as soon as there is one: an empty list after *timeout_s* seconds.

        The seconds are real time. The list is empty at once where the world is reset, or the
        server stopped, meanwhile.
        """
        waiting = _Waiting(operation, status)
        with self._lock:
            found = self.entries(operation, status)
            if found or self._closed:
                return found
            self._waiting.append(waiting)
        waiting.over.wait(timeout_s)
        with self._lock:
            self._waiting.remove(waiting)
        return self.entries(operation, status)

    def entries(self, operation: Operation | None = None, status: int | None = None) -> list[Entry]:
        """The entries, oldest first; only those of *operation*, or answered with *status*."""
        with self._lock:
            records = list(self._records)
        wanted = _Waiting(operation, status).wanted
        return [record.entry for record in records if wanted(record)]


def _kept(request: Request) -> Request:
    """*request* with its body as it is kept: JSON, without secrets; empty where it is too long."""
    body = msgspec.json.encode(raw_requests.without_secrets(request.body))
    return msgspec.structs.replace(request, body=body if len(body) <= LONGEST_BODY else b"")


class _Waiting:
    """Somebody who waits for an entry; each new one is held against what is wanted, once."""

    def __init__(self, operation: Operation | None, status: int | None) -> None:
        self._operation, self._status = operation, status
        self.over = Event()

    def wanted(self, record: Record) -> bool:
        operation, status = record.request.operation, record.status
        return self._operation in (None, operation) and self._status in (None, status)
