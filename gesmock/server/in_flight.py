"""Bytes in flight: what a server holds of its clients' requests and answers, all together."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from gesmock.server.loop import Block

UNCOUNTED: Final = 2**16


class BytesInFlight:
    """Counts the bytes that all clients have in flight, of which there may be *most*.

    The first 64 KiB of a request and answers up to that length are not counted: short requests are
    served however much others have in flight. A block that several answers share, as lists of the
    same jobs do, counts once.
    """

    def __init__(self, most: int) -> None:
        self.total = 0
        self._most = most
        self._answers: Counter[int] = Counter()  # that have a block, by its id

    def add(self, length: int) -> bool:
        """Count *length* more bytes; False if they would be too many."""
        if self.total + length > self._most:
            return False
        self.total += length
        return True

    def add_blocks(self, blocks: Sequence[bytes]) -> bool:
        """Count those of *blocks* that are not counted yet; False if they would be too many."""
        uncounted = {id(block): len(block) for block in blocks if not self._answers[id(block)]}
        if not self.add(sum(uncounted.values())):
            return False
        self._answers.update(map(id, blocks))
        return True

    def remove_blocks(self, blocks: Sequence[bytes]) -> None:
        for block in blocks:
            self._answers[id(block)] -= 1
            if not self._answers[id(block)]:
                del self._answers[id(block)]
                self.total -= len(block)


class Share:
    """What one connection has in flight, of *everything* that is."""

    def __init__(self, everything: BytesInFlight) -> None:
        self._everything = everything
        self._received = 0
        self._blocks: Sequence[bytes] = ()
        self.counts = False
        """Whether any of it is counted."""

    def receive(self, length: int) -> bool:
        """Hold *length* bytes of a request; False if they are too many."""
        more = max(length - UNCOUNTED - self._received, 0)
        if not self._everything.add(more):
            return False
        self._received += more
        self.counts = True
        return True

    def send(self, blocks: Sequence[Block]) -> bool:
        """Hold an answer of *blocks*; False if they are too many."""
        if sum(map(len, blocks)) <= UNCOUNTED:
            return True
        wholes = [_whole(block) for block in blocks]
        if not self._everything.add_blocks(wholes):
            return False
        self._blocks = wholes
        self.counts = True
        return True

    def clear(self) -> None:
        """Hold nothing any more."""
        everything = self._everything
        everything.total -= self._received
        everything.remove_blocks(self._blocks)
        self._received, self._blocks, self.counts = 0, (), False


def _whole(block: Block) -> bytes:
    """What *block* keeps alive."""
    whole: bytes = block.obj if isinstance(block, memoryview) else block  # type: ignore[assignment]
    return whole
