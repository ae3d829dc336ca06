"""WSGI (PEP 3333): a request as an environ, and an application's response as an answer."""

import sys
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

from gesmock.model.clock import http_date, real_time
from gesmock.model.messages import ConnectionInfo, Delivery
from gesmock.server.application import SERVER, Answer
from gesmock.server.parser import Head

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

CONNECTION: Final = "gesmock.connection"
"""The environ's key for the ``ConnectionInfo``."""

EVENT_STREAM: Final = "text/event-stream"


def environ_of(head: Head, body: bytes, connection: ConnectionInfo) -> "WSGIEnvironment":
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": head.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(head.path).decode("latin-1"),
        "QUERY_STRING": head.query,
        "REQUEST_URI": head.target,
        "RAW_URI": head.target,
        "SERVER_PROTOCOL": f"HTTP/{head.version}",
        "SERVER_NAME": connection.server[0],
        "SERVER_PORT": str(connection.server[1]),
        "REMOTE_ADDR": connection.client[0],
        "REMOTE_PORT": str(connection.client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if connection.secure else "http",
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        CONNECTION: connection,
    }
    for name, value in head.combined_headers().items():
        prefix = "" if name in ("content-type", "content-length") else "HTTP_"
        environ[prefix + name.upper().replace("-", "_")] = value
    return environ


def respond(application: "WSGIApplication", environ: "WSGIEnvironment", head: Head) -> Answer:
    """Call *application*, and collect its whole answer to the request *head*.

    An event stream is not collected, but delivered as it comes.
    """
    started: list[Any] = ["", []]
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
        started[:] = status, headers
        return written.append

    blocks = application(environ, start_response)
    close = getattr(blocks, "close", lambda: None)
    streams = head.method == "GET" and ("Content-Type", EVENT_STREAM) in started[1]
    if not streams:
        try:
            written.extend(blocks)
        finally:
            close()
    status = int(started[0][:3])
    names = {name.lower() for name, _ in started[1]}
    lines = [f"{name}: {value}\r\n" for name, value in started[1]]
    if "date" not in names:
        lines.append(f"Date: {http_date(int(real_time()))}\r\n")
    if "server" not in names:
        lines.append(SERVER.decode())
    if head.method == "HEAD" or status in (204, 304):
        written.clear()
    elif not streams and "content-length" not in names:
        lines.append(f"Content-Length: {sum(map(len, written))}\r\n")
    delivery = Delivery(stream=_closing(blocks, close)) if streams else None
    return Answer(status, "".join(lines).encode("latin-1"), written, delivery)


def _closing(blocks: Iterable[bytes], close: Callable[[], None]) -> Iterator[bytes]:
    """*blocks*; calls *close* when they end, or are no longer wanted."""
    try:
        yield from blocks
    finally:
        close()
