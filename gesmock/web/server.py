"""Server: the app behind a socket of our own."""

import socket
from threading import Thread
from typing import Any

import flask
from werkzeug.serving import WSGIRequestHandler, make_server

from gesmock.errors import GesmockError


class CannotListen(GesmockError, OSError):
    """The address cannot be bound; the message names it and the system's reason."""


class _Handler(WSGIRequestHandler):
    """Werkzeug's, without its own request log: ``web/service.py`` writes that."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class Server:
    """Serves *app* at *host* and *port* (0: any free one) from a thread of its own.

    It is bound when it is made, and answers when ``start`` returns. Raises CannotListen.
    """

    def __init__(self, app: flask.Flask, host: str, port: int) -> None:
        self._socket = _listening(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._server = make_server(
            host, port, app, threaded=True, request_handler=_Handler, fd=self._socket.fileno()
        )
        # Without Nagle's algorithm off, head and body in two segments cost 44 ms a request.
        self._thread = Thread(
            target=self._server.serve_forever, args=(0.005,), name="gesmock", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._socket.close()


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
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted sockets inherit it
        made.bind(address)
        made.listen(128)
    except OSError as error:
        made.close()
        raise CannotListen(f"cannot listen on {host}:{port}: {_reason(error)}") from None
    return made


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
