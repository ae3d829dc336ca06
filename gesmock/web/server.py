"""Server: the fake behind sockets of our own."""

from typing import TYPE_CHECKING

from gesmock.server.parser import Limits
from gesmock.server.protocol import HttpServer
from gesmock.web.gateway import Gateway
from gesmock.web.guard import local_url

if TYPE_CHECKING:
    import ssl


class Server:
    """Serves what *gateway* answers at *host* and *port* (0: any free one) from its own thread.

    It is bound when it is made, and answers when ``start`` returns; with an *ssl_context*, over
    TLS. Raises CannotListen.
    """

    def __init__(
        self,
        gateway: Gateway,
        host: str,
        port: int,
        *,
        ssl_context: "ssl.SSLContext | None" = None,
        limits: Limits | None = None,
    ) -> None:
        self._fake = gateway.fake
        self._http = HttpServer(gateway, host, port, limits or Limits(), ssl_context)
        self._fake.epochs.watchers.append(self._http.hang_up_overtaken)
        self._fake.connections = self._http.connections
        self.port = self._http.port
        self.url = local_url(host, self.port, secure=ssl_context is not None)

    def start(self) -> None:
        self._http.start()

    def stop(self) -> None:
        """Hang up, free the port, and interrupt whoever waits for a job or a journal entry.

        In the child of a fork, its parent's server and connections stay as they are.
        """
        self._fake.epochs.watchers.remove(self._http.hang_up_overtaken)
        self._http.stop()
        if not self._http.is_copy:  # a child has no other threads, but maybe their locks
            self._fake.interrupt()
