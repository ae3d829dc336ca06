"""Transport: a client's socket that never blocks, and its write buffer."""

import socket
import struct
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import Final

Block = bytes | memoryview

_RECEIVED_AT_ONCE: Final = 2**16
_BLOCKS_AT_ONCE: Final = 64  # in one system call, which takes up to 1024
_LINGER_ZERO: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Transport:
    """A client's socket, and what waits to be sent: blocks, neither copied nor joined.

    ``receive`` raises BlockingIOError where it would block; it, ``flush`` and ``handshake`` raise
    another OSError when the client has gone.
    """

    def __init__(self, connected: socket.socket) -> None:
        connected.settimeout(0)
        self._socket = connected
        self.fd = connected.fileno()
        self.unsent: deque[Block] = deque()
        """What ``flush`` is to send."""

    def handshake(self) -> int:
        """The event to wait for before the next call; 0 once it is done, here at once."""
        return 0

    def receive(self) -> bytes:
        """What has come; nothing at the end of the stream."""
        return self._socket.recv(_RECEIVED_AT_ONCE)

    def flush(self) -> None:
        """Send as much as the client takes now."""
        unsent = self.unsent
        if not unsent:
            return
        try:
            sent = self._send([*islice(unsent, _BLOCKS_AT_ONCE)])
        except BlockingIOError:
            return
        while unsent and sent >= len(unsent[0]):
            sent -= len(unsent.popleft())
        if sent:
            unsent[0] = memoryview(unsent[0])[sent:]

    def _send(self, blocks: Sequence[Block]) -> int:
        if len(blocks) == 1:  # as most often: this is quicker
            return self._socket.send(blocks[0])
        return self._socket.sendmsg(blocks)

    def write_eof(self) -> None:
        """Tell the client that nothing more comes; what it sends can still be received."""
        with suppress(OSError):  # the client has gone
            self._socket.shutdown(socket.SHUT_WR)

    def unacknowledged(self) -> bool:
        """Whether the client's system may lack some of what was sent; False if ours cannot tell."""
        count = bytearray(4)
        with suppress(OSError, ImportError):
            from fcntl import ioctl  # not on Windows
            from termios import TIOCOUTQ

            ioctl(self._socket, TIOCOUTQ, count)
        return any(count)

    def reset_on_close(self) -> None:
        """Let ``close`` send a reset (TCP RST)."""
        with suppress(OSError):  # the client has gone
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)

    def close(self) -> None:
        """Close the socket, and forget what is unsent."""
        self.unsent.clear()
        self._socket.close()


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
