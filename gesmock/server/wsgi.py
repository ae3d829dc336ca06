"""WSGI (PEP 3333): a request as an environ, and what an application answers."""

import sys
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

from gesmock.model.clock import http_date, real_time
from gesmock.model.messages import ConnectionInfo
from gesmock.server.application import SERVER, Answer
from gesmock.server.loop import Block
from gesmock.server.parser import Head

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

CONNECTION: Final = "gesmock.connection"
"""The environ's key for the ``ConnectionInfo``."""


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
    """Call *application*, and collect the whole of its answer to the request *head*."""
    started: list[Any] = ["", []]
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
        started[:] = status, headers
        return written.append

    iterable = application(environ, start_response)
    try:
        written.extend(iterable)
    finally:
        close = getattr(iterable, "close", None)
        if close is not None:
            close()
    status = int(started[0][:3])
    names = {name.lower() for name, _ in started[1]}
    lines = [f"{name}: {value}\r\n" for name, value in started[1]]
    if "date" not in names:
        lines.append(f"Date: {http_date(int(real_time()))}\r\n")
    if "server" not in names:
        lines.append(SERVER.decode())
    blocks: Sequence[Block] = written
    if head.method == "HEAD" or status in (204, 304):
        blocks = []
    elif "content-length" not in names:
        lines.append(f"Content-Length: {sum(map(len, written))}\r\n")
    return Answer(status, "".join(lines).encode("latin-1"), blocks)
