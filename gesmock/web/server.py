"""Server: the app behind a socket of our own."""

import socket
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import flask
from werkzeug.serving import WSGIRequestHandler, make_server

from gesmock import shapes
from gesmock.clock import http_date, real_time
from gesmock.errors import GesmockError, ParameterError
from gesmock.exchange import NO_ENTRY
from gesmock.fake import Fake
from gesmock.settings import Settings
from gesmock.web import wire

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class CannotListen(GesmockError, OSError):
    """The address cannot be bound; the message names it and the system's reason."""


class Server:
    """Serves *app* at *host* and *port* (0: any free one) from a thread of its own.

    It is bound when it is made, and answers when ``start`` returns. Raises CannotListen.
    """

    def __init__(self, app: flask.Flask, host: str, port: int) -> None:
        self._socket = _listening(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._connections: set[socket.socket] = set()
        # Werkzeug tells the family of the socket from the spelling of its host.
        self._server = make_server(
            self._socket.getsockname()[0],
            self.port,
            app,
            threaded=True,
            request_handler=_handler(self._connections, app.extensions["gesmock"]),
            fd=self._socket.fileno(),
        )
        self._thread = Thread(
            target=self._server.serve_forever, args=(0.005,), name="gesmock", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, hang up on who is connected, and free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._socket.close()
        for connection in self._connections.copy():
            with suppress(OSError):  # its handler has closed it meanwhile
                connection.shutdown(socket.SHUT_RDWR)


def _handler(connections: set[socket.socket], fake: Fake) -> type[WSGIRequestHandler]:
    """Werkzeug's handler, silent, and with refusals in the service's shape.

    The connections that are open are in *connections*. A request belongs to the epoch in which
    its connection was accepted, there being one request a connection.
    """

    class Handler(WSGIRequestHandler):
        def setup(self) -> None:
            super().setup()
            connections.add(self.connection)
            self.epoch = fake.epochs.current

        def finish(self) -> None:
            connections.discard(self.connection)
            super().finish()

        def make_environ(self) -> "WSGIEnvironment":
            return {**super().make_environ(), wire.EPOCH: self.epoch}

        def parse_request(self) -> bool:
            if not super().parse_request():
                return False
            try:
                urlsplit(self.path)
            except ValueError:  # such as http://[::1/, over which Werkzeug would stumble
                self.send_error(400)
                return False
            return True

        def send_error(
            self, code: int, _message: str | None = None, _explain: str | None = None
        ) -> None:
            """What the server itself refuses: 400, 414, 431, 505. The body is inferred."""
            body = shapes.encode(shapes.refusal(ParameterError(), Settings()).payload)
            self.close_connection = True
            self.request_version = "HTTP/1.1"  # else a request line that is none gets no head
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("X-Request-Id", NO_ENTRY)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Date", http_date(real_time()))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def send_response(self, code: int, message: str | None = None) -> None:
            """As the standard library's, but for ``Date``: that one comes from the app."""
            self.send_response_only(code, message)
            self.send_header("Server", self.version_string())

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """``web/service.py`` logs requests."""

        def log(self, type: str, message: str, *args: Any) -> None:
            """What is not HTTP is refused in silence."""

    return Handler


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. Our own, because Werkzeug's exits the process when it cannot."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind)
    except (OSError, UnicodeError) as error:
        raise CannotListen(f"cannot listen on {host}:{port}: {_reason(error)}") from None
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # With Nagle's algorithm, head and body in two segments cost 44 ms a request.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted sockets inherit it
        made.bind(address)
        made.listen(128)
    except OSError as error:
        made.close()
        raise CannotListen(f"cannot listen on {host}:{port}: {_reason(error)}") from None
    return made


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
