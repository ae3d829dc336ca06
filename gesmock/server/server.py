"""HttpServer: listens, accepts, and keeps the times of its connections."""

import socket
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from gesmock.model.messages import ConnectionInfo
from gesmock.server.application import Application
from gesmock.server.channels import Channel, Plain, Tls
from gesmock.server.connection import Connection
from gesmock.server.deliveries import Deliveries
from gesmock.server.handshake import Handshake
from gesmock.server.heads import Heads
from gesmock.server.limits import Limits
from gesmock.server.listener import listening
from gesmock.server.loop import READ, Loop
from gesmock.server.shared import Shared
from gesmock.server.workers import STUCK_S, Workers
from gesmock.server.wsgi import Peers

if TYPE_CHECKING:
    import ssl

_AT_ONCE: Final = 64  # clients that are accepted before those that are there have their turn
_STOP_S: Final = 0.04
_PAUSE_S: Final = 0.1


class HttpServer:
    """Serves *application* at *host* and *port* (0: any free one) from a thread of its own.

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
        self._socket = listening(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._context = ssl_context
        self._loop = Loop()
        self._workers = Workers(limits.connections, "gesmock-worker")
        deliveries = Deliveries(self._loop)
        self._shared = Shared(
            application, self._loop, limits, Heads(limits), self._submit, self._call, deliveries
        )
        self.release = deliveries.release
        self._handshakes: set[Handshake] = set()
        self._relieving = self._expiring = False
        self._every_s = min(1.0, limits.shortest_s / 4)
        self._listen()
        self._thread = Thread(target=self._loop.run, name="gesmock", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def hang_up(self) -> None:
        """Stop answering, hang up on who is connected, and free the port."""
        if self._thread.is_alive():
            self._loop.stop()
            self._thread.join()
        for client in self._clients():
            client.close()
        self._loop.close()
        self._socket.close()

    def stop(self) -> None:
        """``hang_up``, and wait for the workers, but for a moment only."""
        self.hang_up()
        self._workers.stop(_STOP_S)

    # --- In the loop ---

    def _accept(self, _events: int) -> None:
        for _ in range(_AT_ONCE):
            try:
                connected, address = self._socket.accept()
            except BlockingIOError:
                return
            except OSError:  # gone again, or there are too many files; the next may be better off
                self._loop.forget(self._socket.fileno())
                self._loop.call_at(self._loop.now + _PAUSE_S, self._listen)
                return
            self._welcome(connected, address)

    def _welcome(self, connected: socket.socket, address: tuple[str, int]) -> None:
        here = len(self._shared.connections) + len(self._handshakes)
        full = here >= self._shared.limits.connections
        link = ConnectionInfo(address[:2], self._loop.now)
        peers = Peers((self.host, self.port), link.client, self._context is not None, link)
        if self._context is None:
            self._begin(Plain(connected), peers, full=full)
        elif full:  # to tell it would take a handshake first
            connected.close()
        else:
            self._shake_hands(connected, self._context, peers)
        if not self._expiring:
            self._expire_later()

    def _begin(self, channel: Channel, peers: Peers, *, full: bool = False) -> None:
        connection = Connection(self._shared, channel, peers)
        if full:
            connection.turn_away()

    def _shake_hands(
        self, connected: socket.socket, context: "ssl.SSLContext", peers: Peers
    ) -> None:
        try:
            channel = Tls(connected, context)
        except OSError:  # it has gone
            connected.close()
            return
        deadline = self._loop.now + self._shared.limits.head_s
        agreed = partial(self._begin, channel, peers)
        Handshake(self._loop, channel, deadline, self._handshakes, agreed)

    def _listen(self) -> None:
        self._loop.watch(self._socket.fileno(), READ, self._accept)

    def _clients(self) -> list[Connection | Handshake]:
        return [*self._shared.connections, *self._handshakes]

    def _expire_later(self) -> None:
        self._expiring = bool(self._shared.connections or self._handshakes)
        if self._expiring:
            self._loop.call_at(self._loop.now + self._every_s, self._expire)

    def _expire(self) -> None:
        """See whose time has come, every now and then, while anybody is there."""
        self._expire_later()
        for client in self._clients():
            if client.deadline <= self._loop.now:
                client.expire()

    def _submit(self, job: Callable[[], None]) -> None:
        """Have *job* done by a worker, and by one more if none comes to it soon."""
        self._workers.submit(job)
        if self._workers.waiting and not self._relieving:
            self._relieving = True
            self._loop.call_at(self._loop.now + STUCK_S, self._relieve)

    def _call(self, callback: Callable[..., None], *args: Any) -> None:
        """From a worker: call back in the loop, together with what comes of the jobs that wait.

        For each of them the loop and the worker would take the interpreter from each other. Where
        one holds its worker up, ``_relieve`` is what the loop comes to.
        """
        self._loop.call_late(callback, *args)
        if not self._workers.waiting:  # asked only now: the last may have begun meanwhile
            self._loop.ring()

    def _relieve(self) -> None:
        self._workers.relieve()
        self._relieving = self._workers.waiting > 0
        if self._relieving:
            self._loop.call_at(self._loop.now + STUCK_S, self._relieve)
