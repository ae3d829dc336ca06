"""Outbox: what a client has not taken yet."""

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

from gesmock.server.answers import Block
from gesmock.server.channels import Channel

_AT_ONCE: Final = 64  # blocks in one system call, to which 1024 may be given


class Outbox:
    """Blocks on their way to *channel*, in their order; they are neither copied nor joined.

    It is true while something waits for the client.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._blocks: deque[Block] = deque()

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def add(self, blocks: Sequence[Block]) -> None:
        """Have *blocks* sent by ``flush``."""
        self._blocks.extend(filter(None, blocks))

    def flush(self) -> None:
        """Send on, as much as the client takes now. Raises OSError where it has gone."""
        if not self._blocks:
            return
        try:
            self._strike(self._channel.send([*islice(self._blocks, _AT_ONCE)]))
        except BlockingIOError:
            return

    def clear(self) -> None:
        """Forget all that waits."""
        self._blocks.clear()

    def _strike(self, sent: int) -> None:
        while sent:
            block = self._blocks.popleft()
            if sent < len(block):
                self._blocks.appendleft(memoryview(block)[sent:])
                return
            sent -= len(block)
