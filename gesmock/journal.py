"""Journal: what was asked of one world and what it answered, bounded."""

from collections import deque
from collections.abc import Mapping
from threading import Event, RLock
from urllib.parse import quote

from msgspec import Struct

from gesmock.exchange import Operation


class Entry(Struct, frozen=True, kw_only=True):
    """One request and its answer.

    *number* counts the requests since the last reset, from 1; *at* is the world's time in seconds
    since 1970. *operation* is None where no route matched. *fault* is the receipt of the fault
    that was injected. *crash* is the traceback where gesmock itself failed. Headers, which carry
    the secrets, are not kept.
    """

    number: int
    at: float
    operation: Operation | None
    method: str
    path: str
    query: Mapping[str, str]
    status: int
    fault: str | None = None
    crash: str | None = None

    @property
    def unmatched(self) -> bool:
        """Whether it asked for something below the service's paths that no operation serves."""
        return self.operation is None and self.path.lstrip("/").startswith("ges/")

    def __str__(self) -> str:
        return f"{self.method} {quote(self.path)} answered {self.status}"


class Journal:
    """The last *size* entries of one world.

    Its methods may be called from any thread; *lock* is the world's.
    """

    def __init__(self, lock: RLock, size: int = 10_000) -> None:
        self._lock = lock
        self._closed = False
        self._waiting: list[_Waiting] = []
        self._entries: deque[Entry] = deque(maxlen=size)
        self.count = 0
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def dropped(self) -> int:
        """How many entries have made room for later ones."""
        return self.count - self._forgotten - len(self._entries)

    def clear(self) -> int:
        """Forget every entry; how many there were. Numbers go on."""
        with self._lock:
            forgotten = len(self._entries)
            self._entries.clear()
            self._forgotten += forgotten
            return forgotten

    def append(self, entry: Entry) -> None:
        """Add *entry*, whose number is the next."""
        with self._lock:
            self.count += 1
            self._entries.append(entry)
            for waiting in self._waiting:
                if waiting.wanted(entry):
                    waiting.over.set()

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
            entries = list(self._entries)
        wanted = _Waiting(operation, status).wanted
        return [entry for entry in entries if wanted(entry)]


class _Waiting:
    """Somebody who waits for an entry; each new one is held against what is wanted, once."""

    def __init__(self, operation: Operation | None, status: int | None) -> None:
        self._operation, self._status = operation, status
        self.over = Event()

    def wanted(self, entry: Entry) -> bool:
        return self._operation in (None, entry.operation) and self._status in (None, entry.status)
