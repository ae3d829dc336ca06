"""Server: the fake behind sockets of our own."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from gesmock.fake.fake import Fake
from gesmock.faults import BELOW_HTTP
from gesmock.server.parser import Limits
from gesmock.server.server import HttpServer
from gesmock.web.guard import Guard
from gesmock.web.site import Site

if TYPE_CHECKING:
    import ssl

    from _typeshed.wsgi import WSGIApplication


class Server:
    """Serves *fake* at *host* and *port* (0: any free one) from a thread of its own.

    It is bound when it is made, and answers when ``start`` returns; over TLS, where there is an
    *ssl_context*. The Flask app for all that the fast lane leaves is made by *make_app* once it is
    needed; without *lane*, it answers everything. *guard* is that of its control API, whose callers
    may send longer bodies. Raises CannotListen.
    """

    def __init__(
        self,
        fake: Fake,
        make_app: "Callable[[], WSGIApplication]",
        host: str,
        port: int,
        *,
        guard: Guard | None = None,
        ssl_context: "ssl.SSLContext | None" = None,
        limits: Limits | None = None,
        lane: bool = True,
    ) -> None:
        self._fake = fake
        fake.deliverable |= BELOW_HTTP
        site = Site(fake, make_app, guard, with_lane=lane)
        self._http = HttpServer(site, host, port, limits or Limits(), ssl_context)
        fake.epochs.watch(self._http.release)
        self.port = self._http.port
        scheme = "http" if ssl_context is None else "https"
        self.url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def start(self) -> None:
        """Begin to answer."""
        self._http.start()

    def stop(self) -> None:
        """Stop answering, hang up on who is connected, and free the port.

        Who waits for a job or a journal entry is told to give up.
        """
        self._fake.epochs.unwatch(self._http.release)
        self._http.stop()
        self._fake.interrupt()
