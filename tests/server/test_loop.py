"""The loop calls back for what is ready; what a client does not take at once waits, in order."""

import select
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesmock.server.loop import READ, WRITE, Block, Loop, SelectorPoller, Transport


class NarrowTransport(Transport):
    """Sends as many bytes per call as *room* lists; None: the call would block."""

    def __init__(self, room: list[int | None]) -> None:
        super().__init__(socket.socket())
        self._room = room
        self.sent = b""

    def _send(self, block: Block) -> int:
        return self._send_several([block])

    def _send_several(self, blocks: Sequence[Block]) -> int:
        room = self._room.pop(0) if self._room else 100
        if room is None:
            raise BlockingIOError
        sent = b"".join(blocks)[:room]
        self.sent += sent
        return len(sent)


BLOCKS = st.lists(st.binary(max_size=20), max_size=100)
ROOM = st.lists(st.none() | st.integers(1, 30), max_size=30)


@given(st.lists(BLOCKS, max_size=4), ROOM)
def test_all_arrives_in_order_whatever_the_client_takes(
    written: list[list[bytes]], room: list[int | None]
) -> None:
    transport = NarrowTransport(room)

    for blocks in written:
        transport.unsent.extend(blocks)
        transport.flush()
    while transport.unsent:
        transport.flush()
    transport.close()

    assert transport.sent == b"".join(map(b"".join, written))


def test_closing_forgets_what_is_unsent() -> None:
    transport = NarrowTransport([1])
    transport.unsent.append(b"abc")
    transport.flush()

    transport.close()

    assert not transport.unsent
    assert transport.sent == b"a"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with ExitStack() as stack:
        ours, theirs = socket.socketpair()
        yield stack.enter_context(ours), stack.enter_context(theirs)


@pytest.mark.parametrize("poller", [select.epoll, SelectorPoller])
def test_the_loop_calls_back_for_the_events_that_were_asked_for(
    poller: Callable[[], Any], pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    loop, called = Loop(poller), list[int]()

    def read(events: int) -> None:
        called.append(events)
        assert ours.recv(10) == b"question"
        loop.listen(ours.fileno(), WRITE, write)

    def write(events: int) -> None:
        called.append(events)
        loop.listen(ours.fileno(), 0, write)
        loop.call_soon(loop.stop)

    loop.listen(ours.fileno(), READ, read)
    theirs.send(b"question")
    loop.run()
    loop.close()

    assert called == [READ, WRITE]


def test_a_socket_that_an_earlier_callback_closed_is_not_called(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    loop, called = Loop(), list[int]()

    def close(other: socket.socket, events: int) -> None:
        called.append(events)
        loop.listen(other.fileno(), 0, print)
        loop.stop()

    for one, other in (pair, pair[::-1]):
        loop.listen(one.fileno(), READ, partial(close, other))
        other.send(b"question")
    loop.run()
    loop.close()

    assert called == [READ]
