"""What a client does not take at once waits for it, in order, and is neither lost nor doubled."""

import socket
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from gesmock.server.loop import Block, Transport


class NarrowTransport(Transport):
    """Sends as many bytes per call as *room* lists; None: the call would block."""

    def __init__(self, room: list[int | None]) -> None:
        super().__init__(socket.socket())
        self._room = room
        self.sent = b""

    def _send(self, blocks: Sequence[Block]) -> int:
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
