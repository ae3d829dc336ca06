"""How gesmock's own server is made here: the one place that knows its constructors."""

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from gesmock.fake.fake import Fake
from gesmock.model.messages import ConnectionInfo
from gesmock.server import wsgi
from gesmock.server.application import Answer
from gesmock.server.parser import Head, Limits
from gesmock.server.protocol import HttpServer
from gesmock.web import create_app
from gesmock.web.gateway import Gateway
from gesmock.web.server import Server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HOST: Final = "127.0.0.1"


def through_flask(fake: Fake, port: int) -> Server:
    """The server of gesmock, with *fake* behind Flask: the gateway answers no request itself."""
    return Server(_ThroughFlask(fake, lambda: create_app(fake)), HOST, port)


def bare(bodies: dict[str, bytes], port: int) -> HttpServer:
    """The server of gesmock, with a WSGI callable that answers each path with its bytes."""
    return HttpServer(_Bodies(bodies, {}), HOST, port, Limits())


def fixed(bodies: dict[str, bytes], port: int) -> HttpServer:
    """The server of gesmock, which answers each path in its loop, with an answer made before."""
    answers = {
        path: Answer(200, b"Content-Length: %d\r\n" % len(body), [body])
        for path, body in bodies.items()
    }
    return HttpServer(_Bodies(bodies, answers), HOST, port, Limits())


class _ThroughFlask(Gateway):
    def answer(
        self, head: Head, body: bytes, epoch: int, connection: ConnectionInfo
    ) -> Callable[[], Answer]:
        return partial(self.ask_app, head, body, epoch, connection)


class _Bodies:
    """An application of *bodies* by their paths, some of which are answered in the loop."""

    def __init__(self, bodies: dict[str, bytes], answers: dict[str, Answer]) -> None:
        self._bodies, self._answers = bodies, answers

    def epoch(self) -> int:
        return 0

    def answer(
        self, head: Head, body: bytes, epoch: int, connection: ConnectionInfo
    ) -> Answer | Callable[[], Answer]:
        if head.path in self._answers:
            return self._answers[head.path]
        environ = wsgi.environ_of(head, body, connection)
        return lambda: wsgi.respond(self._application, environ, head)

    def _application(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        body = self._bodies[environ["PATH_INFO"]]
        head = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start("200 OK", head)
        return [body]

    def overtaken(self, head: Head, epoch: int) -> bool:
        return False

    def has_priority(self, head: Head) -> bool:
        return False

    def refuse(self, status: int, reason: str, head: Head | None) -> Answer:
        return Answer(status, b"Content-Length: 0\r\n", [])

    def largest_body(self, head: Head, connection: ConnectionInfo) -> int:
        return 0


def serve_for_ever(server: Server | HttpServer) -> None:
    """Answer until the process is ended."""
    server.start()
    threading.Event().wait()
