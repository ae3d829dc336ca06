"""Delivery: the steps in which an answer reaches its client late, in parts, cut, or not at all."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from gesmock.model.clock import real_time
from gesmock.model.messages import Delivery
from gesmock.server.transport import Block, Transport

_POLL_S: Final = 0.01
_LONGEST_WAIT_S: Final = 5.0
"""How often, and for how long, a reset waits until the client has the answers before it."""


class LastBlocks(NamedTuple):
    """A step: send these blocks; after them the connection stays, or *closes*."""

    blocks: Sequence[Block]
    closes: bool


Step = float | list[Block] | LastBlocks | Literal["hang", "reset"]
"""Wait until a time; send blocks, and wait until the client has taken them; or the last step."""


def steps(
    delivery: Delivery, blocks: Sequence[Block], transport: Transport, *, closes: bool
) -> Iterator[Step]:
    """Deliver *blocks*, of which the first is the head; if all goes well, *closes* tells the end.

    Times are those of the system: the loop's ``now`` is that at which its turn began.
    """
    head, body = list(blocks[:1]), deque(blocks[1:])
    if delivery.end == "hang":  # a delay would put nothing off
        yield "hang"
    if delivery.delay_s > 0:
        yield real_time() + delivery.delay_s
    if delivery.end == "reset":
        until = real_time() + _LONGEST_WAIT_S
        while transport.unacknowledged() and real_time() < until:
            yield real_time() + _POLL_S
        yield "reset"
    elif delivery.end == "close":
        yield LastBlocks([], closes=True)
    elif delivery.raw is not None:
        yield LastBlocks([delivery.raw], closes=True)
    elif delivery.after_bytes is not None:
        yield LastBlocks([*head, *take(body, delivery.after_bytes)], closes=True)
    elif delivery.parts > 1:
        yield head
        begun = real_time()
        for after_s, size in delivery.schedule(sum(map(len, body))):
            yield begun + after_s
            yield take(body, size)
        yield LastBlocks([], closes)
    else:
        yield LastBlocks(blocks, closes)


def take(blocks: deque[Block], length: int) -> list[Block]:
    """Remove the first *length* bytes, or as many as there are, from *blocks*."""
    front: list[Block] = []
    while blocks and length > 0:
        block = blocks.popleft()
        if len(block) > length:
            view = memoryview(block)
            block = view[:length]
            blocks.appendleft(view[length:])
        front.append(block)
        length -= len(block)
    return front
