"""Strands: requests of which each was sent by a client that knew the answers to those before.

A client that uses several connections at the same time may have sent a request before it had read
an answer that is older: the server cannot tell. What was asked over such connections has no order.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import NamedTuple

from gesmock.entries import Entry

_CLOSED, _OPENED, _HEARD = range(3)
"""What happens at the same moment is put in the order of a client with one connection at a time."""

_Key = tuple[str, float]
"""A connection: a port may be used again, but not at the same time."""


class _Event(NamedTuple):
    at: float
    kind: int
    key: _Key
    until: float = 0.0


def strands(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """The strands of one client's *entries*, none of them empty."""
    at_once = _at_once(entries)
    strand: list[Entry] = []
    for entry in entries:
        if _key(entry) not in at_once:
            strand.append(entry)
        elif strand:
            yield strand
            strand = []
    if strand:
        yield strand


def _key(entry: Entry) -> _Key:
    """Its connection; where that is not known, each request has one of its own."""
    if entry.wire is None:
        return str(entry.number), entry.real_at
    return entry.wire.client, entry.wire.opened_at


def _at_once(entries: Iterable[Entry]) -> set[_Key]:
    """The connections that were used while another one was.

    Who has one at a time may leave one open and take it up again later, but not before those that
    it has opened since are closed.
    """
    found: set[_Key] = set()
    is_open: dict[_Key, None] = {}  # in the order in which they were opened
    busy: dict[_Key, float] = {}  # and until when, with an answer that takes its time
    for at, kind, key, until in sorted(_events(entries)):
        busy.pop(key, None)
        if kind == _OPENED:
            is_open[key] = None
        elif key in is_open and next(reversed(is_open)) != key:
            opened = list(is_open)
            found.update(opened[opened.index(key) :])
        if kind == _CLOSED:
            del is_open[key]
            continue
        for other, its_until in busy.items():
            if its_until > at:
                found |= {other, key}
        if until > at:
            busy[key] = until
    return found


def _events(entries: Iterable[Entry]) -> Iterator[_Event]:
    known: set[_Key] = set()
    for entry in entries:
        key, over = _key(entry), entry.real_at + entry.real_s
        if entry.wire is None:
            opened, closed = entry.real_at, over if over > entry.real_at else None
        else:
            opened, closed = entry.wire.opened_at, entry.wire.closed_at
        if key not in known:
            known.add(key)
            if entry.wire is not None or closed is not None:
                yield _Event(opened, _OPENED, key)
                if closed is not None:
                    yield _Event(closed, _CLOSED, key)
        if entry.connection == "hang" and entry.wire is not None:
            over = inf
        yield _Event(entry.real_at, _HEARD, key, over)
