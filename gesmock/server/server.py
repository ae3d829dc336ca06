"""HttpServer: listens, accepts, and ends the connections whose deadline has passed."""

import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Final

from gesmock.model.errors import GesmockError
from gesmock.model.messages import ConnectionInfo
from gesmock.server.application import Application
from gesmock.server.loop import READ, Loop
from gesmock.server.parser import HeadCache, Limits
from gesmock.server.protocol import Connection, ServerState
from gesmock.server.transport import TlsTransport, Transport

if TYPE_CHECKING:
    import ssl

_BACKLOG: Final = 1024
_ACCEPTED_AT_ONCE: Final = 64  # before those who are connected have their turn
_ACCEPT_AGAIN_S: Final = 0.1


class CannotListen(GesmockError, OSError):
    """The address cannot be bound; the message names it and the system's reason."""


class HttpServer:
    """Serves an application at *host* and *port* (0: any free one) from a thread of its own.

    It is bound when it is made, and answers when ``start`` returns; with an *ssl_context*, over
    TLS. Raises CannotListen.
    """

    def __init__(
        self,
        application: Application,
        host: str,
        port: int,
        limits: Limits,
        ssl_context: "ssl.SSLContext | None" = None,
    ) -> None:
        self._socket = _listening(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._ssl_context = ssl_context
        self._loop = Loop()
        self._executor = ThreadPoolExecutor(limits.connections, "gesmock-worker")
        self._state = ServerState(
            application, self._loop, limits, self._executor, HeadCache(limits)
        )
        self._expiring = False
        self._expire_every_s = min(1.0, limits.shortest_s / 4)
        self._listener = self._loop.watch(self._socket.fileno(), self._accept)
        self._thread = Thread(target=self._loop.run, name="gesmock", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def hang_up(self) -> None:
        """Stop answering, close all connections, and free the port."""
        if self._thread.is_alive():
            self._loop.stop()
            self._thread.join()
        for connection in [*self._state.connections]:
            connection.close()
        self._loop.close()
        self._socket.close()

    def stop(self) -> None:
        """Hang up, and let the workers end; those at work are not waited for."""
        self.hang_up()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def release(self) -> None:
        """Hang up on those who wait for an answer that a reset has overtaken; from any thread."""
        if self._state.delivering:
            self._loop.call_soon(self._release)

    # --- In the loop ---

    def _release(self) -> None:
        for connection in [*self._state.delivering]:
            connection.release()

    def _accept(self, _events: int) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                connected, address = self._socket.accept()
            except BlockingIOError:
                return
            except OSError:  # the client has gone, or there are too many files: try again later
                self._listener.listen(0)
                listen = partial(self._listener.listen, READ)
                self._loop.call_at(self._loop.now + _ACCEPT_AGAIN_S, listen)
                return
            self._connect(connected, address)

    def _connect(self, connected: socket.socket, address: tuple[str, int]) -> None:
        full = len(self._state.connections) >= self._state.limits.connections
        if self._ssl_context is None:
            transport = Transport(connected)
        elif full:  # it would take a handshake to say so
            connected.close()
            return
        else:
            try:
                transport = TlsTransport(connected, self._ssl_context)
            except OSError:  # the client has gone
                connected.close()
                return
        peer = ConnectionInfo(
            address[:2], self._loop.now, (self.host, self.port), secure=transport.secure
        )
        connection = Connection(self._state, transport, peer)
        if full:
            connection.turn_away()
        if not self._expiring:
            self._expire_later()

    def _expire_later(self) -> None:
        self._expiring = bool(self._state.connections)
        if self._expiring:
            self._loop.call_at(self._loop.now + self._expire_every_s, self._expire)

    def _expire(self) -> None:
        """Run from time to time while anybody is connected."""
        self._expire_later()
        for connection in [*self._state.connections]:
            if connection.deadline <= self._loop.now:
                connection.expire()


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind)
    except (OSError, UnicodeError) as error:
        raise CannotListen(f"cannot listen on {host}:{port}: {_reason(error)}") from None
    try:
        listener.settimeout(0)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # With Nagle's algorithm, a head and a body in two segments cost 44 ms a request. Accepted
        # sockets inherit this option.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(f"cannot listen on {host}:{port}: {_reason(error)}") from None
    return listener


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
