"""Order: whether a client had the answers to what it had asked before, whenever it asked.

One that uses several connections at the same time may have sent a request before it had read an
answer that is older: the server cannot tell, nor which of its threads has sent it.
"""

from collections.abc import Iterable, Iterator
from math import inf
from typing import NamedTuple

from gesmock.journal.entries import Entry

_CLOSED, _OPENED, _HEARD = range(3)
"""What happens at the same moment is put in the order of a client with one connection at a time."""

_Key = tuple[str, float]
"""A connection: a port may be used again, but not at the same time."""


class _Event(NamedTuple):
    at: float
    kind: int
    key: _Key
    until: float = 0.0


def has_order(entries: Iterable[Entry]) -> bool:
    """Whether the client of *entries* has always asked over one connection at a time.

    It may leave one open and take it up again later, but not before those that it has opened since
    are closed; and it has to wait for the answers.
    """
    is_open: dict[_Key, None] = {}  # in the order in which they were opened
    busy: dict[_Key, float] = {}  # until when, with an answer that takes its time
    for at, kind, key, until in sorted(_events(entries)):
        busy.pop(key, None)
        if kind == _OPENED:
            is_open[key] = None
        elif key in is_open and next(reversed(is_open)) != key:
            return False
        if kind == _CLOSED:
            is_open.pop(key, None)
            continue
        if any(other > at for other in busy.values()):
            return False
        if until > at:
            busy[key] = until
    return True


def _key(entry: Entry) -> _Key:
    """Its connection; where that is not known, each request has one of its own."""
    if entry.wire is None:
        return str(entry.number), entry.real_at
    return entry.wire.client, entry.wire.opened_at


def _events(entries: Iterable[Entry]) -> Iterator[_Event]:
    known: set[_Key] = set()
    for entry in entries:
        key, over, wire = _key(entry), entry.real_at + entry.real_s, entry.wire
        if wire is not None and key not in known:
            known.add(key)
            yield _Event(wire.opened_at, _OPENED, key)
            if wire.closed_at is not None:
                yield _Event(wire.closed_at, _CLOSED, key)
        if wire is not None and entry.connection == "hang":
            over = inf  # or until it is closed
        yield _Event(entry.real_at, _HEARD, key, over)
