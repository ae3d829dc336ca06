"""Channels: a client's socket, plain or with TLS, that never blocks."""

import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from gesmock.server.answers import Block
from gesmock.server.loop import READ, WRITE

if TYPE_CHECKING:
    import ssl

RECEIVED: Final = 2**16
_HARD: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""Linger, but for no time."""


class Channel(Protocol):
    """A client's socket. ``receive`` and ``send`` raise BlockingIOError where they would wait."""

    def fileno(self) -> int:
        """The number of the socket."""

    def receive(self) -> bytes:
        """What has come; nothing once the client has ended. Raises OSError."""

    def send(self, blocks: Sequence[Block]) -> int:
        """Send of *blocks* what there is room for; how many bytes went. Raises OSError."""

    def pending(self) -> bool:
        """Whether something has come of which the system does not tell."""

    def finish(self) -> None:
        """Tell the client that no more will come; what it sends can still be received."""

    def owes(self) -> bool:
        """Whether the client's system has not got all yet of what was sent, as far as is known."""

    def reset(self) -> None:
        """Let ``close`` leave the client at once, with a reset."""

    def close(self) -> None:
        """Hang up."""


class Plain:
    """A socket as it is."""

    def __init__(self, connected: socket.socket) -> None:
        connected.settimeout(0)
        self._socket = connected

    def fileno(self) -> int:
        """The number of the socket."""
        return self._socket.fileno()

    def receive(self) -> bytes:
        """See ``Channel``."""
        return self._socket.recv(RECEIVED)

    def send(self, blocks: Sequence[Block]) -> int:
        """See ``Channel``."""
        if len(blocks) == 1:
            return self._socket.send(blocks[0])
        return self._socket.sendmsg(blocks)

    def pending(self) -> bool:
        """See ``Channel``."""
        return False

    def finish(self) -> None:
        """See ``Channel``."""
        with suppress(OSError):  # the client has gone
            self._socket.shutdown(socket.SHUT_WR)

    def owes(self) -> bool:
        """See ``Channel``."""
        return _unsent(self._socket) > 0

    def reset(self) -> None:
        """See ``Channel``."""
        _harden(self._socket)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class Tls:
    """A socket with TLS, once ``shake_hands`` has come to its end."""

    def __init__(self, connected: socket.socket, context: "ssl.SSLContext") -> None:
        import ssl  # 10 ms that only TLS should cost

        connected.settimeout(0)
        connected.getpeername()  # where the client has gone, wrap_socket would leave a socket open
        self._socket = context.wrap_socket(
            connected, server_side=True, do_handshake_on_connect=False
        )
        self._reads, self._writes = ssl.SSLWantReadError, ssl.SSLWantWriteError
        self._waits = (self._reads, self._writes)

    def shake_hands(self) -> int:
        """Agree upon TLS with the client; which event to wait for first, if any. Raises OSError."""
        try:
            self._socket.do_handshake()
        except self._reads:
            return READ
        except self._writes:
            return WRITE
        return 0

    def fileno(self) -> int:
        """The number of the socket."""
        return self._socket.fileno()

    def receive(self) -> bytes:
        """See ``Channel``."""
        try:
            return self._socket.recv(RECEIVED)
        except self._waits:
            raise BlockingIOError from None

    def send(self, blocks: Sequence[Block]) -> int:
        """See ``Channel``."""
        try:
            return self._socket.send(blocks[0])
        except self._waits:
            raise BlockingIOError from None

    def pending(self) -> bool:
        """See ``Channel``."""
        return self._socket.pending() > 0

    def finish(self) -> None:
        """See ``Channel``."""
        with suppress(OSError, ValueError):  # it would wait for the client's word, or has gone
            self._socket.unwrap()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def owes(self) -> bool:
        """See ``Channel``."""
        return _unsent(self._socket) > 0

    def reset(self) -> None:
        """See ``Channel``."""
        _harden(self._socket)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def _harden(connected: socket.socket) -> None:
    with suppress(OSError):  # the client has gone
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD)


def _unsent(connected: socket.socket) -> int:
    """How many bytes the client's system has not acknowledged; 0 where ours does not tell."""
    told = bytearray(4)
    with suppress(OSError, ImportError):
        from fcntl import ioctl  # not on Windows
        from termios import TIOCOUTQ

        ioctl(connected, TIOCOUTQ, told)
    return int.from_bytes(told, sys.byteorder)
