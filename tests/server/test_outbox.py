"""What a client does not take at once waits for it, in order, and is neither lost nor doubled."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from gesmock.server.answers import Block
from gesmock.server.outbox import Outbox


class Narrow:
    """A channel that takes so many bytes with each call; None: it would have to wait."""

    def __init__(self, room: list[int | None]) -> None:
        self._room = room
        self.taken = b""

    def send(self, blocks: Sequence[Block]) -> int:
        room = self._room.pop(0) if self._room else 100
        if room is None:
            raise BlockingIOError
        sent = b"".join(blocks)[:room]
        self.taken += sent
        return len(sent)


BLOCKS = st.lists(st.binary(min_size=1, max_size=20), max_size=100)
ROOM = st.lists(st.none() | st.integers(1, 30), max_size=30)


@given(st.lists(BLOCKS, max_size=4), ROOM)
def test_all_arrives_in_order_whatever_the_client_takes(
    sent: list[list[bytes]], room: list[int | None]
) -> None:
    channel = Narrow(room)
    out = Outbox(channel)  # type: ignore[arg-type]

    for blocks in sent:
        out.add(blocks)
        out.flush()
    while out:
        out.flush()

    assert channel.taken == b"".join(map(b"".join, sent))


def test_what_waits_can_be_forgotten() -> None:
    channel = Narrow([1])
    out = Outbox(channel)  # type: ignore[arg-type]
    out.add([b"abc"])
    out.flush()

    out.clear()

    assert not out
    assert channel.taken == b"a"
