"""Pages: an application that answers in every way that the server knows."""

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from raw_client import connect, reset_when_closed

from gesmock.model.messages import ConnectionInfo
from gesmock.server import wsgi
from gesmock.server.application import Answer
from gesmock.server.parser import Head, Limits
from gesmock.server.protocol import HttpServer

MEBIBYTE = 2**20
LARGEST_BODY = 100
BLOCK, BLOCKS = 300_000, 100
LARGE = BLOCK * BLOCKS
"""More bytes than the two sockets between a server and its client hold."""


class Pages:
    """Answers some paths in the loop, some in a worker, and the others by WSGI."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.received: list[str] = []
        self.is_past = False
        self.stream: Iterator[bytes] = iter(())

    def epoch(self) -> int:
        return 7

    def answer(
        self, head: Head, body: bytes, epoch: int, connection: ConnectionInfo
    ) -> Answer | Callable[[], Answer]:
        assert epoch == 7
        self.received.append(head.path)
        if head.path == "/copy":
            return Answer(200, b"Content-Length: %d\r\n" % len(body), [body])
        length = b"Content-Length: %d\r\n" % LARGE
        pages: dict[str, Callable[[], Answer | Callable[[], Answer]]] = {
            "/now": lambda: Answer(200, b"Content-Length: 2\r\n", [b"ok"]),
            "/later": lambda: lambda: Answer(200, b"Content-Length: 5\r\n", [b"later"]),
            "/many": lambda: Answer(200, length, [bytes(BLOCK)] * BLOCKS),
            "/waits": lambda: self._wait,
            "/broken": self._break,
            "/broken-later": lambda: self._break,
        }
        if head.path in pages and head.method == "GET":
            return pages[head.path]()
        return lambda: wsgi.respond(self.app, wsgi.environ_of(head, body, connection), head)

    def _break(self) -> Answer:
        raise ValueError("it is broken")

    def _wait(self) -> Answer:
        self.gate.wait(10)
        return Answer(200, b"Content-Length: 2\r\n", [b"ok"])

    def overtaken(self, head: Head, epoch: int) -> bool:
        assert epoch == 7
        return self.is_past

    def has_priority(self, head: Head) -> bool:
        return head.path == "/copy"

    def refuse(self, status: int, reason: str, head: Head | None) -> Answer:
        body = reason.encode()
        return Answer(status, b"Content-Length: %d\r\n" % len(body), [body])

    def largest_body(self, head: Head, connection: ConnectionInfo) -> int | None:
        assert connection.client[0] == "127.0.0.1"
        return {"/fails": 2**30, "/write": None}.get(head.path, LARGEST_BODY)

    def app(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/echo":
            body = environ["wsgi.input"].read()
            start("200 OK", [("Content-Length", str(len(body)))])
            return [body]
        if path == "/environ":
            texts = {name: value for name, value in environ.items() if isinstance(value, str)}
            body = json.dumps(texts).encode()
            start("200 OK", [("Content-Length", str(len(body)))])
            return [body]
        if path == "/write":
            start("200 OK", [("Content-Length", "4")])(b"wr")
            return [b"it"]
        if path == "/fails":
            raise ValueError("it fails")
        if path == "/fails-late":
            start("200 OK", [("Content-Length", str(4 * MEBIBYTE))])
            return self._failing()
        if path.startswith("/waits-"):
            return self._waiting(start, path.split("-")[1:])
        if path == "/stream":
            start("200 OK", [("Content-Type", "text/event-stream")])
            return self.stream
        if path == "/large":
            start("200 OK", [("Content-Length", str(LARGE))])
            return iter([bytes(BLOCK)] * BLOCKS)
        answers: dict[str, tuple[str, list[tuple[str, str]], list[bytes]]] = {
            "/chunks": ("200 OK", [], [b"one", b"", b"two"]),
            "/none": ("204 NO CONTENT", [], []),
            "/odd": ("299 Odd", [("Content-Length", "0"), ("Date", "today")], []),
        }
        status, headers, blocks = answers[path]
        start(status, headers)
        return blocks

    def _waiting(self, start: Any, then: list[str]) -> Iterator[bytes]:
        start("200 OK", [])
        if "begun" in then:
            yield bytes(MEBIBYTE)
        self.received.append("waits")
        self.gate.wait(10)
        if "large" in then:
            yield bytes(MEBIBYTE)
        if "fails" in then:
            raise ValueError("it fails at last")
        yield b"at last"

    @staticmethod
    def _failing() -> Iterator[bytes]:
        yield bytes(2 * MEBIBYTE)
        raise ValueError("it fails late")


@contextlib.contextmanager
def serving(
    pages: Pages | None = None,
    limits: Limits | None = None,
    context: ssl.SSLContext | None = None,
) -> Iterator[HttpServer]:
    """A started server of *pages*, over TLS with a *context*."""
    pages = pages or Pages()
    server = HttpServer(pages, "127.0.0.1", 0, limits or Limits(), context)
    server.start()
    try:
        yield server
    finally:
        pages.gate.set()
        server.stop()


@contextlib.contextmanager
def loop_blocked(server: HttpServer) -> Iterator[None]:
    """Stop the server's loop during the block; afterwards, it finds all that has come at once."""
    begun, ended = threading.Event(), threading.Event()

    def block() -> None:
        begun.set()
        ended.wait(10)

    server.loop.call_soon(block)
    begun.wait(10)
    yield
    ended.set()


def come_and_gone(server: HttpServer, sent: bytes) -> None:
    """Connect, send *sent*, and reset the connection before the server sees any of it."""
    with loop_blocked(server), connect(server) as client:
        client.sendall(sent)
        reset_when_closed(client)
