"""Bytes in flight: how much of all its clients' requests and answers a server holds."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from gesmock.server.loop import Block

UNCOUNTED: Final = 2**16


class BytesInFlight:
    """Counts the bytes that all clients have in flight, up to *most*.

    The first 64 KiB of a request and answers up to that length are not counted: short requests are
    served however much others have in flight. A block that several answers share, as lists of the
    same jobs do, counts once.
    """

    def __init__(self, most: int) -> None:
        self.total = 0
        self._most = most
        self._answers: Counter[int] = Counter()  # how many have a block, by the block's id

    def add(self, length: int) -> bool:
        """Count *length* more bytes; False, and none are counted, if that would exceed *most*."""
        if self.total + length > self._most:
            return False
        self.total += length
        return True

    def add_blocks(self, blocks: Sequence[bytes]) -> bool:
        """Count those of *blocks* that are not counted yet, as ``add`` does."""
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
    """What one connection has in flight: its share of *everything*."""

    def __init__(self, everything: BytesInFlight) -> None:
        self._everything = everything
        self._received = 0
        self._blocks: Sequence[bytes] = ()
        self.counts = False
        """Whether any of it is counted."""

    def hold_request(self, length: int) -> bool:
        """Hold *length* bytes of a request, those held before included; False if too many."""
        more = max(length - UNCOUNTED - self._received, 0)
        if not self._everything.add(more):
            return False
        self._received += more
        self.counts = True
        return True

    def hold_answer(self, blocks: Sequence[Block]) -> bool:
        """Hold an answer of *blocks*; False if they have too many bytes."""
        if sum(map(len, blocks)) <= UNCOUNTED:
            return True
        wholes = [_whole(block) for block in blocks]
        if not self._everything.add_blocks(wholes):
            return False
        self._blocks = wholes
        self.counts = True
        return True

    def clear(self) -> None:
        """Let go of the request and the answer."""
        everything = self._everything
        everything.total -= self._received
        everything.remove_blocks(self._blocks)
        self._received, self._blocks, self.counts = 0, (), False


def _whole(block: Block) -> bytes:
    """The bytes that *block* keeps in memory."""
    whole: bytes = block.obj if isinstance(block, memoryview) else block  # type: ignore[assignment]
    return whole
