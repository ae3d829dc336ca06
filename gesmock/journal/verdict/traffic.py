"""Traffic: the requests that a verdict is based on, by client and by call.

A client that uses several connections at once may send a request before it has read an earlier
answer, and the server cannot tell which thread sent it. Such a client is *concurrent*; checks that
depend on what a client had read look at *sequential* clients only.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import inf
from typing import Any, TypeVar

import msgspec

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.findings import Evidence, VerdictConfig

_T = TypeVar("_T")


class Traffic:
    """The *entries* of one project since its last reset, oldest first.

    The journal *dropped* that many before them. Requests with the same token and the same value of
    *client_header* come from the same client.
    """

    def __init__(
        self, entries: Iterable[Entry], *, dropped: int = 0, client_header: str = "user-agent"
    ) -> None:
        self._source = entries  # read only if a check needs them
        self.dropped = dropped
        self._client_header = client_header
        self._derived: dict[Any, Any] = {}

    @cached_property
    def all_entries(self) -> Sequence[Entry]:
        return tuple(self._source)

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """The requests for an operation of the service."""
        return [entry for entry in self.all_entries if entry.operation is not None]

    def client(self, entry: Entry) -> str:
        """The value of the header that distinguishes clients."""
        return entry.headers.get(self._client_header, "")

    @cached_property
    def concurrent(self) -> Mapping[str, list[Entry]]:
        """The entries of each client that used several connections at once, whatever its token."""
        clients = _grouped(self.entries, self.client)
        return {name: each for name, each in clients.items() if not is_sequential(each)}

    @cached_property
    def sequential(self) -> Sequence[Sequence[Entry]]:
        """The entries of each sequential client; each token is a client of its own."""
        entries = (entry for entry in self.entries if self.client(entry) not in self.concurrent)
        return [*_grouped(entries, lambda entry: (self.client(entry), entry.token)).values()]

    @cached_property
    def calls(self) -> Sequence[Sequence[Entry]]:
        """The entries of each call of each sequential client."""
        return [call for entries in self.sequential for call in calls_of(entries)]

    def once(self, derive: "Callable[[Traffic], Iterable[_T]]") -> Sequence[_T]:
        """What *derive* makes of this traffic, computed once for all checks."""
        if derive not in self._derived:
            self._derived[derive] = list(derive(self))
        derived: list[_T] = self._derived[derive]
        return derived


def calls_of(entries: Iterable[Entry]) -> Iterable[Sequence[Entry]]:
    """*entries* of one client, grouped by call: the requests of a call differ only in headers."""
    return _grouped(
        entries,
        lambda entry: (
            entry.method,
            entry.path,
            tuple(sorted(entry.query.items())),
            msgspec.json.encode(entry.body),
            entry.digest,
            entry.headers.get("content-length"),
        ),
    ).values()


def _grouped(entries: Iterable[Entry], key: Callable[[Entry], _T]) -> dict[_T, list[Entry]]:
    groups: dict[_T, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return groups


def runs(items: Iterable[_T], goes_on: Callable[[Sequence[_T], _T], bool]) -> list[list[_T]]:
    """Split *items* into runs: an item joins the run before it if it *goes_on* with that."""
    split: list[list[_T]] = []
    for item in items:
        if split and goes_on(split[-1], item):
            split[-1].append(item)
        else:
            split.append([item])
    return split


# --- What was not judged ---


def history_dropped(traffic: Traffic, _config: VerdictConfig) -> Iterator[Evidence]:
    if traffic.dropped:
        yield Evidence(
            "conduct, paging and contract were judged without the first "
            f"{traffic.dropped} request{'s' * (traffic.dropped > 1)}, which the journal dropped; "
            "raise journal_size to judge all"
        )


def not_judged(traffic: Traffic, _config: VerdictConfig) -> Iterator[Evidence]:
    for name, entries in traffic.concurrent.items():
        yield Evidence(
            f"client {name!r} used several connections at once: checks that depend on the order "
            f"of its {len(entries)} requests were skipped (GM101 to GM108, GM2)",
            entries,
        )


# --- What an entry says of its client ---


def waited_s(earlier: Entry, later: Entry) -> float:
    """The time between two requests, by the clock that advanced more: a test may move one."""
    return max(later.at - earlier.at, later.real_at - earlier.real_at)


def paused_s(earlier: Entry, later: Entry) -> float:
    """The time between the end of an answer and the next request."""
    late_s = earlier.virtual_s if earlier.real_s else 0.0  # a frozen clock does not advance for it
    real_s = later.real_at - earlier.real_at - earlier.real_s
    return max(later.at - earlier.at - late_s, real_s, 0.0)


def read_whole(entry: Entry) -> bool:
    """Whether the client received a complete, readable answer."""
    return entry.connection is None and not entry.gave_up


def was_answered(entry: Entry) -> bool:
    return read_whole(entry) and not has_failed(entry)


def has_failed(entry: Entry) -> bool:
    """Whether the service was unable to answer, so that a retry is right."""
    unable = entry.connection is not None or entry.status == 429 or entry.status >= 500
    return unable and not entry.gave_up


def statuses_read(entry: Entry) -> Mapping[str, str]:
    return entry.statuses or {} if read_whole(entry) and entry.method != "HEAD" else {}


def is_poll(entry: Entry) -> bool:
    """Whether *entry* asks for a job's status, not for a page of its result."""
    return entry.operation == "show_job" and not {"offset", "limit"} & entry.query.keys()


# --- The order of connections ---

_CLOSED, _OPENED, _HEARD = range(3)
"""Events of the same moment are ordered as for a client with one connection at a time."""

_Key = tuple[str, float]
"""A connection: its port may be used again, but not at the same time."""


def is_sequential(entries: Iterable[Entry]) -> bool:
    """Whether the client of *entries* used one connection at a time and waited for the answers.

    It may return to a connection once those that it opened since are closed, and close one late:
    ``requests.get`` does when its response is dropped.
    """
    is_open: dict[_Key, None] = {}  # in the order in which they were opened
    busy: _Key | None = None  # the connection whose answer comes at *busy_until*
    busy_until = 0.0
    for at, kind, key, until in sorted(_events(entries)):
        if kind == _OPENED:
            is_open[key] = None
        elif kind == _HEARD and key in is_open and next(reversed(is_open)) != key:
            return False
        if kind == _CLOSED:
            is_open.pop(key, None)
        elif key != busy and busy_until > at:
            return False
        if kind != _CLOSED or key == busy:
            busy, busy_until = key, until
    return True


def _events(entries: Iterable[Entry]) -> Iterator[tuple[float, int, _Key, float]]:
    """Each event: its time, its kind, its connection, and until when that was busy."""
    opened: set[_Key] = set()
    for entry in entries:
        wire, over = entry.wire, entry.real_at + entry.real_s
        if wire is None:  # each such request counts as a connection of its own
            yield entry.real_at, _HEARD, (str(entry.number), entry.real_at), over
            continue
        key = wire.client, wire.opened_at
        if key not in opened:
            opened.add(key)
            yield wire.opened_at, _OPENED, key, 0.0
            if wire.closed_at is not None:
                yield wire.closed_at, _CLOSED, key, 0.0
        # A hung connection stays busy until closed.
        yield entry.real_at, _HEARD, key, inf if entry.connection == "hang" else over
