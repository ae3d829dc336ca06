"""Proxy: gesmock in front of another server, the real service too.

Requests are passed on as they come and answers as they are; both are journaled and judged, and
faults can be injected. No lock is held while the other server is asked.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Final, Self, Unpack

import msgspec

from gesmock import journal, raw_requests, shapes
from gesmock.clock import http_date
from gesmock.conformance.client import Answer, Client, Unreachable
from gesmock.conformance.target import Target
from gesmock.delivery import BELOW_HTTP
from gesmock.errors import GesError, Overtaken, Unanswered
from gesmock.exchange import Encoded, Reply, Request, request_id
from gesmock.fake import Fake
from gesmock.faults import Hazard
from gesmock.faults.injections import KINDS
from gesmock.httpd.wsgi import DELIVER
from gesmock.operations import fault_of
from gesmock.operations.hits import Hit
from gesmock.relayed import job_made, request_of, shown
from gesmock.start import StartOptions
from gesmock.web import access_log, cors, create_app, paths
from gesmock.web.guard import Guard, is_loopback
from gesmock.web.server import Server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HOP: Final = frozenset(
    (
        "connection",
        "content-length",
        "date",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""Headers that are of one connection only (RFC 9110, 7.6.1), or that each end writes itself."""

_OURS: Final = re.compile(r"/(openapi\.json|docs(/.*)?)")


class ProxyFake(Fake):
    """A fake without jobs of its own: what it has is what was asked, and what is to go wrong."""

    def can_deliver(self, kind: str) -> bool:
        """All that any fake can, but for what needs the rows of a list."""
        return not issubclass(KINDS[kind], Hazard) and super().can_deliver(kind)


class ProxyServer:
    """A proxy behind sockets, for *target*: starts and stops with a ``with`` block.

    It listens on *host* and *port*; *control_token* is what a caller of its control API has to show
    (default: nothing on a loopback address, else a token that is made here). *options* say which
    faults it begins with. Raises InvalidInput, CannotListen.
    """

    def __init__(
        self,
        target: Target,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        control_token: str | None = None,
        **options: Unpack[StartOptions],
    ) -> None:
        begins: StartOptions = {**options, "project_id": target.project_id}
        self.fake = ProxyFake({**begins, "graph_name": target.graph}, deliverable=BELOW_HTTP)
        if not control_token and not is_loopback(host):
            control_token = secrets.token_urlsafe(16)
        self.control_token = control_token or None
        guard = Guard(self.control_token, frozenset([host.lower()]))
        self._upstream = Upstream(target)
        self.proxy = Proxy(self.fake, create_app(self.fake, guard=guard), self._upstream)
        self._server = Server(self.fake, lambda: self.proxy, host, port, guard=guard, lane=False)
        self.url = self._server.url

    def __enter__(self) -> Self:
        return self._start()

    def _start(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._upstream.close()


class Upstream:
    """Passes requests on to *target*, from any thread; connections are kept for the next ones."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._idle: list[Client] = []

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer. Who does not sign in is signed in as the target says. Raises Unreachable."""
        try:
            client = self._idle.pop()
        except IndexError:
            client = Client(self._target)
        signed = client.signed(method, url, headers, body)
        answer = client.send(method, self._target.prefix + url, body, signed)
        self._idle.append(client)
        return answer

    def close(self) -> None:
        """Hang up."""
        while self._idle:
            self._idle.pop().close()


class Proxy:
    """Stands in front of *upstream*, as a WSGI application; *app* has the control API of *fake*."""

    def __init__(self, fake: Fake, app: "WSGIApplication", upstream: Upstream) -> None:
        self._fake, self._app, self._upstream = fake, app, upstream

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass a request on; those for gesmock itself go to the app."""
        path = environ["PATH_INFO"]
        preflight = environ["REQUEST_METHOD"] == "OPTIONS"
        if preflight or paths.is_control(path) or _OURS.fullmatch(path):
            return self._app(environ, start_response)
        body = environ.get("wsgi.input", BytesIO()).read()
        request = request_of(environ, body, self._fake.epochs.current)
        reply = self.reply(request, lambda: self._relayed(request, environ["RAW_URI"], body))
        access_log.tell(request, reply)
        if reply.delivery is not None:
            environ[DELIVER](reply.delivery)
        payload = reply.payload() if callable(reply.payload) else reply.payload
        blocks = [bytes(block) for block in shapes.blocks(payload)]
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(sum(map(len, blocks))),
            **reply.headers,
        }
        start_response(_status_line(reply.status or 200), [*headers.items(), *cors.HEADERS])
        return blocks

    def reply(self, request: Request, ask: Callable[[], Reply]) -> Reply:
        """What is answered, and journaled: the fault that is due, or else what *ask* brings."""
        world = self._fake.default
        told = journal.kept(raw_requests.cleaned(request))
        try:
            with world.lock:
                if request.epoch < world.epoch:
                    raise Overtaken
                fired = fault_of(world, request, owned=True)
            performs = fired is None or fired.fault is None or fired.phase == "after"
            answered = ask() if performs else Reply(200, {})
            with world.lock, world.clock as now:
                if request.epoch < world.epoch:
                    raise Overtaken
                reply = answered
                if fired is not None:
                    reply = Hit(world, request, fired, lambda: lambda *_: answered).reply()
                number = world.journal.count + 1
                world.record(now, told, reply, fired, None)
        except GesError as error:
            return shapes.refusal(error, world.settings)
        ours = {"X-Request-Id": request_id(world.epoch, number), "Date": http_date(now)}
        return msgspec.structs.replace(reply, headers={**ours, **reply.headers})

    def _relayed(self, request: Request, url: str, body: bytes) -> Reply:
        headers = {name: value for name, value in request.headers.items() if name not in _HOP}
        headers["accept-encoding"] = "identity"  # what is packed could not be journaled
        try:
            answer = self._upstream.ask(request.method, url, headers, body)
        except Unreachable as error:
            return shapes.refusal(Unanswered(reason=str(error)), self._fake.default.settings)
        told = {
            name.title(): value
            for name, value in answer.headers.items()
            if not (name in _HOP or name == "server" or name.startswith("access-control-"))
        }
        if request.method == "HEAD" and "content-length" in answer.headers:
            told["Content-Length"] = answer.headers["content-length"]
        return Reply(
            answer.status,
            Encoded.of([answer.body]),
            told,
            shown=shown(request, answer),
            job_id=job_made(request, answer),
        )


def _status_line(status: int) -> str:
    phrases = {one.value: one.phrase for one in HTTPStatus}
    return f"{status} {phrases.get(status, 'Unknown')}"
