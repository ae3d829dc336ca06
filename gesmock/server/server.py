"""HttpServer: listens, accepts, and ends the connections whose deadline has passed."""

import socket
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Final

from gesmock.model.errors import GesmockError
from gesmock.model.messages import ConnectionInfo
from gesmock.server.application import Application
from gesmock.server.loop import READ, Loop, Workers
from gesmock.server.parser import Limits
from gesmock.server.protocol import Connection, ServerState
from gesmock.server.transport import Transport

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
        self._transport: Callable[[socket.socket], Transport] = Transport
        if ssl_context is not None:
            from gesmock.server.tls import TlsTransport

            self._transport = partial(TlsTransport, ssl_context=ssl_context)
        self._secure = ssl_context is not None
        self._loop = Loop()
        self._state = ServerState(application, self._loop, limits, Workers(limits.connections))
        shortest_s = min(limits.head_s, limits.body_s, limits.idle_s, limits.write_s)
        self._expire_every_s = min(1.0, shortest_s / 4)
        self._loop.listen(self._socket.fileno(), READ, self._accept)
        self._thread = Thread(target=self._loop.run, name="gesmock", daemon=True)
        self._expire()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close all connections, and free the port; workers are not waited for.

        May be called again.
        """
        if self._thread.is_alive():
            self._loop.stop()
            self._thread.join()
        for connection in [*self._state.connections]:
            connection.close()
        self._loop.close()
        self._socket.close()
        self._state.workers.stop()

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
                listen = partial(self._loop.listen, self._socket.fileno(), ready=self._accept)
                listen(0)
                self._loop.call_at(self._loop.now + _ACCEPT_AGAIN_S, partial(listen, READ))
                return
            self._connect(connected, address)

    def _connect(self, connected: socket.socket, address: tuple[str, int]) -> None:
        full = len(self._state.connections) >= self._state.limits.connections
        if full and self._secure:  # it would take a handshake to say so
            connected.close()
            return
        try:
            transport = self._transport(connected)
        except OSError:  # the client has gone
            connected.close()
            return
        here = self.host, self.port
        peer = ConnectionInfo(address[:2], self._loop.now, here, secure=self._secure)
        connection = Connection(self._state, transport, peer)
        if full:
            connection.refuse(503)

    def _expire(self) -> None:
        self._loop.call_at(self._loop.now + self._expire_every_s, self._expire)
        for connection in [*self._state.connections]:
            if connection.deadline <= self._loop.now:
                connection.expire()


def _listening(host: str, port: int) -> socket.socket:
    listener = None
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind)
        listener.settimeout(0)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # With Nagle's algorithm, a head and a body in two segments cost 44 ms a request. Accepted
        # sockets inherit this option.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except (OSError, UnicodeError) as error:
        if listener is not None:
            listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotListen(f"cannot listen on {host}:{port}: {reason}") from None
    return listener
