"""Transports: a client's socket, plain or with TLS, that never blocks, and its write buffer."""

import socket
import struct
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Final

from gesmock.model.errors import InvalidInput
from gesmock.server.loop import READ, WRITE

if TYPE_CHECKING:
    import ssl

Block = bytes | memoryview

_RECEIVED_AT_ONCE: Final = 2**16
_BLOCKS_AT_ONCE: Final = 64  # in one system call, which takes up to 1024
_LINGER_ZERO: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Transport:
    """A client's socket, and what waits to be sent: blocks, neither copied nor joined.

    ``receive`` raises BlockingIOError where it would block; it and ``flush`` raise another
    OSError when the client has gone.
    """

    secure: bool = False

    def __init__(self, connected: socket.socket) -> None:
        connected.settimeout(0)
        self._socket = connected
        self._buffer: deque[Block] = deque()

    def fileno(self) -> int:
        """The socket's file descriptor."""
        return self._socket.fileno()

    def receive(self) -> bytes:
        """What has come; nothing at the end of the stream."""
        return self._socket.recv(_RECEIVED_AT_ONCE)

    def has_pending(self) -> bool:
        """Whether there is more to receive that no selector reports."""
        return False

    @property
    def unsent(self) -> bool:
        """Whether something waits for the client."""
        return bool(self._buffer)

    def write(self, blocks: Sequence[Block]) -> None:
        """Have ``flush`` send these blocks."""
        self._buffer.extend(filter(None, blocks))

    def flush(self) -> None:
        """Send as much as the client takes now."""
        buffer = self._buffer
        if not buffer:
            return
        try:
            sent = self._send([*islice(buffer, _BLOCKS_AT_ONCE)])
        except BlockingIOError:
            return
        while sent:
            block = buffer.popleft()
            if sent < len(block):
                buffer.appendleft(memoryview(block)[sent:])
                return
            sent -= len(block)

    def _send(self, blocks: Sequence[Block]) -> int:
        if len(blocks) == 1:
            return self._socket.send(blocks[0])
        return self._socket.sendmsg(blocks)

    def write_eof(self) -> None:
        """Tell the client that nothing more comes; what it sends can still be received."""
        with suppress(OSError):  # the client has gone
            self._socket.shutdown(socket.SHUT_WR)

    def unacknowledged(self) -> bool:
        """Whether the client's system may lack something of what was sent."""
        return _unacknowledged_bytes(self._socket) > 0

    def reset_on_close(self) -> None:
        """Let ``close`` send a reset (TCP RST)."""
        with suppress(OSError):  # the client has gone
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)

    def close(self) -> None:
        """Close the socket, and forget what is unsent."""
        self._buffer.clear()
        self._socket.close()


class TlsTransport(Transport):
    """A socket with TLS. Raises OSError where the client has gone already."""

    secure = True
    _socket: "ssl.SSLSocket"

    def __init__(self, connected: socket.socket, ssl_context: "ssl.SSLContext") -> None:
        import ssl  # 10 ms that only TLS should cost

        connected.settimeout(0)
        connected.getpeername()  # without a peer, wrap_socket would leave a socket open
        super().__init__(
            ssl_context.wrap_socket(connected, server_side=True, do_handshake_on_connect=False)
        )
        self._want_read, self._want_write = ssl.SSLWantReadError, ssl.SSLWantWriteError

    def handshake(self) -> int:
        """Agree on TLS; the event to wait for before the next call, or 0 when that is done."""
        try:
            self._socket.do_handshake()
        except self._want_read:
            return READ
        except self._want_write:
            return WRITE
        return 0

    def receive(self) -> bytes:
        """See ``Transport``."""
        try:
            return self._socket.recv(_RECEIVED_AT_ONCE)
        except (self._want_read, self._want_write):
            raise BlockingIOError from None

    def has_pending(self) -> bool:
        """See ``Transport``."""
        return self._socket.pending() > 0

    def _send(self, blocks: Sequence[Block]) -> int:
        try:
            return self._socket.send(blocks[0])
        except (self._want_read, self._want_write):
            raise BlockingIOError from None

    def write_eof(self) -> None:
        """See ``Transport``."""
        with suppress(OSError, ValueError):  # it waits for the client's answer, or there is none
            self._socket.unwrap()
        super().write_eof()


def tls_context(cert: str, key: str | None = None) -> "ssl.SSLContext":
    """A context with the certificate chain in the PEM file *cert*.

    Its key is in the file *key*, by default also in *cert*, and has no password. Raises
    InvalidInput.
    """
    import ssl

    ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        ssl_context.load_cert_chain(cert, key, password="")
    except OSError as error:
        files = cert if key is None else f"{cert}, {key}"
        reason = error.strerror
        if isinstance(error, ssl.SSLError):
            reason = "no certificate with its key, both in PEM without a password"
        raise InvalidInput.at("", f"{files}: {reason}") from None
    return ssl_context


def _unacknowledged_bytes(connected: socket.socket) -> int:
    """0 where the system does not tell."""
    count = bytearray(4)
    with suppress(OSError, ImportError):
        from fcntl import ioctl  # not on Windows
        from termios import TIOCOUTQ

        ioctl(connected, TIOCOUTQ, count)
    return int.from_bytes(count, sys.byteorder)
