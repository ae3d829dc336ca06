"""WSGI (PEP 3333): a request as an environ, and what the application answers as bytes."""

import sys
from collections.abc import Collection, Generator, Iterable, Iterator
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote_to_bytes

from gesmock.model.clock import http_date, real_time
from gesmock.model.messages import ConnectionInfo, Delivery
from gesmock.server.answers import SERVER, connection_line, status_line
from gesmock.server.heads import Head

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

DELIVER: Final = "gesmock.deliver"
"""Where the environ has the function that takes a ``Delivery``; other servers have none."""

LINK: Final = "gesmock.link"
"""Where it has the ``ConnectionInfo`` over which the request came."""


HEADERS: Final = "gesmock.headers"
"""Where the environ has the headers of the request as they came, one by one."""


class Peers(NamedTuple):
    """The two ends of a connection, whether it is encrypted, and what is known of it."""

    server: tuple[str, int]
    client: tuple[str, int]
    secure: bool
    link: ConnectionInfo


def environ_of(head: Head, body: bytes, peers: Peers) -> "WSGIEnvironment":
    """The request *head* with its *body* as WSGI's environ."""
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": head.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(head.path).decode("latin-1"),
        "QUERY_STRING": head.query,
        "REQUEST_URI": head.target,
        "RAW_URI": head.target,
        "SERVER_PROTOCOL": f"HTTP/{head.version}",
        "SERVER_NAME": peers.server[0],
        "SERVER_PORT": str(peers.server[1]),
        "REMOTE_ADDR": peers.client[0],
        "REMOTE_PORT": str(peers.client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if peers.secure else "http",
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        HEADERS: head.headers,
        LINK: peers.link,
    }
    for name, value in head.headers:
        if "_" in name:  # else it would pass for the one with a hyphen
            continue
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        between = "; " if key == "HTTP_COOKIE" else ","  # RFC 9110, 5.3; RFC 9113, 8.2.3
        environ[key] = f"{environ[key]}{between}{value}" if key in environ else value
    if head.host:
        environ["HTTP_HOST"] = head.host
    return environ


class Response:
    """What *application* answers to the request *head*, as the bytes for the wire.

    *closes* tells, once all of its blocks are there, whether the connection has to end with it;
    *delivery*, once one is there, how it is brought to the client, if not at once and whole: the
    application says so to the function that is ``DELIVER`` in its environ.
    """

    def __init__(
        self, application: "WSGIApplication", environ: "WSGIEnvironment", head: Head
    ) -> None:
        self._application, self._environ, self._request = application, environ, head
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._written: list[bytes] = []
        self.closes = not head.keeps
        self._deliveries: list[Delivery] = []
        environ[DELIVER] = self._deliveries.append

    @property
    def delivery(self) -> Delivery | None:
        """What the application has said, if anything."""
        return self._deliveries[-1] if self._deliveries else None

    def _start(self, status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
        self._status, self._headers = status, headers
        return self._written.append

    def blocks(self) -> Generator[bytes]:
        """Its bytes, head first."""
        blocks = self._application(self._environ, self._start)
        try:
            yield from self._bytes(blocks)
        finally:
            close = getattr(blocks, "close", None)
            if close is not None:
                close()

    def _bytes(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        rest = iter(blocks)
        first = next(rest, b"")  # only now has every application called _start
        headers = {name.lower(): value for name, value in self._headers}
        bodiless = self._request.method == "HEAD" or self._status[:3] in ("204", "304")
        length = int(headers["content-length"]) if "content-length" in headers else None
        chunked = length is None and not bodiless and self._request.version == "1.1"
        if length is None and not bodiless and not chunked:
            self.closes = True
        yield self._head(chunked, headers.keys())
        if bodiless:
            return
        for block in filter(None, chain(self._written, (first,), rest)):
            if chunked:
                yield b"%x\r\n%b\r\n" % (len(block), block)
                continue
            yield block if length is None else block[:length]
            if length is not None:
                length -= min(len(block), length)
        if chunked:
            yield b"0\r\n\r\n"
        self.closes = self.closes or bool(length)  # less has come than was said

    def _head(self, chunked: bool, names: Collection[str]) -> bytes:  # noqa: FBT001 private
        lines = [status_line(self._status)]
        lines += [f"{name}: {value}\r\n".encode("latin-1") for name, value in self._headers]
        if "date" not in names:
            lines.append(f"Date: {http_date(real_time())}\r\n".encode())
        if chunked:
            lines.append(b"Transfer-Encoding: chunked\r\n")
        if "server" not in names:
            lines.append(SERVER)
        return b"".join(lines) + connection_line(self._request, self.closes) + b"\r\n"
