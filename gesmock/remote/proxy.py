"""A proxy: gesmock in front of another server, such as the real service.

Requests and answers are forwarded unchanged and journaled; faults can be injected. No lock is held
while the other server is asked.
"""

import re
import secrets
from collections.abc import Collection, Iterable
from functools import partial
from http.client import responses
from io import BytesIO
from typing import TYPE_CHECKING, Final, Self, Unpack

from gesmock.fake import handle
from gesmock.fake.fake import Fake
from gesmock.fake.options import StartOptions
from gesmock.faults import BELOW_HTTP, KINDS, ListFault
from gesmock.journal import entries
from gesmock.journal.redaction import Redaction, secrets_of
from gesmock.model import listed_requests, replies
from gesmock.model.errors import (
    Conflict,
    InvalidInput,
    Overtaken,
    Refused,
)
from gesmock.model.messages import Reply, Request
from gesmock.remote.forward import (
    Forwarded,
    Forwarder,
    end_to_end,
    origin_form,
    reply_of,
    request_of,
)
from gesmock.remote.http import Unreachable, Unresponsive
from gesmock.remote.target import Target
from gesmock.server.wsgi import CONNECTION, DELIVER, HEADERS
from gesmock.web import create_app, gateway
from gesmock.web.gateway import Gateway
from gesmock.web.guard import Guard, is_control, is_loopback
from gesmock.web.server import Server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_OURS: Final = re.compile(r"/(openapi\.json|docs(/.*)?)")


class ProxyFake(Fake):
    """A fake without jobs: it only has a journal and fault rules."""

    def can_deliver(self, kind: str) -> bool:
        # List faults need the rows of a list.
        return not issubclass(KINDS[kind], ListFault) and super().can_deliver(kind)

    def check_jobs(self) -> None:
        raise Conflict("a proxy has no jobs of its own: it shows those of the server behind it")


class ProxyServer:
    """A proxy in front of *target*; starts and stops with a ``with`` block.

    It listens on *host* and *port*. Anyone who can reach it acts with the target's credentials:
    other addresses than loopback need *allow_others*, and pages of other sites and host names
    beside *allow_hosts* are refused. Its control API requires *control_token*, by default only on
    other addresses than loopback, where a token is generated. *options* say with which faults it
    starts. Raises InvalidInput, NotInstalled, CannotListen.
    """

    def __init__(
        self,
        target: Target,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        control_token: str | None = None,
        allow_hosts: Collection[str] = (),
        allow_others: bool = False,
        **options: Unpack[StartOptions],
    ) -> None:
        if not (allow_others or is_loopback(host)):
            raise InvalidInput.at(
                "--host",
                f"{host!r} can be reached from other machines, which would act with your "
                "credentials; --allow-others permits it",
            )
        begins: StartOptions = {**options, "project_id": target.project_id}
        self.fake = ProxyFake({**begins, "graph_name": target.graph}, deliverable=BELOW_HTTP)
        if not control_token and not is_loopback(host):
            control_token = secrets.token_urlsafe(16)
        self.control_token = control_token or None
        guard = Guard(self.control_token, frozenset(map(str.lower, [host, *allow_hosts])))
        self._guard = guard
        self._secrets = {*target.sign_in.secrets}
        self._forwarder = Forwarder(target)
        self._app = create_app(self.fake, guard=guard)
        forwards = Gateway(self.fake, lambda: self._respond, guard, app_only=True)
        self._server = Server(forwards, host, port)
        self.url = self._server.url

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._forwarder.close()

    def _respond(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """The WSGI application: forwards a request, unless it is for gesmock itself."""
        path = environ["PATH_INFO"]
        if is_control(path) or _OURS.fullmatch(path):
            return self._app(environ, start_response)
        body = environ.get("wsgi.input", BytesIO()).read()
        request = request_of(environ, body, self.fake.epochs.current)
        redaction = Redaction(self._secrets | secrets_of(request.headers))
        journaled = redaction.request(entries.with_short_body(listed_requests.cleaned(request)))
        if journaled.long:
            journaled = entries.with_short_head(journaled)
        ask = partial(self._ask, request, environ, body, redaction)
        foreign = self._guard.foreign_call(environ)
        settings = self.fake.default.settings
        if foreign is None:
            try:
                connection = environ.get(CONNECTION)
                reply = handle.forward(self.fake, request, journaled, ask, connection)
            except Overtaken as error:
                reply = replies.unjournaled(error, settings)
        else:
            reply = replies.unjournaled(Refused("GES.8006", foreign, status=403), settings)
        if not self._forwarder.closed:
            gateway.log_request(journaled, reply)
        if reply.delivery is not None:
            environ[DELIVER](reply.delivery)
        blocks = replies.blocks(reply)
        status = reply.status or 200
        start_response(
            f"{status} {responses.get(status, 'Unknown')}", _lines(reply, sum(map(len, blocks)))
        )
        return map(bytes, blocks)

    def _ask(
        self, request: Request, environ: "WSGIEnvironment", body: bytes, redaction: Redaction
    ) -> Reply:
        framed = "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ
        headers = [(name.title(), value) for name, value in end_to_end(environ[HEADERS])]
        url = origin_form(environ["RAW_URI"])
        try:
            answer = self._forwarder.send(request.method, url, headers, body if framed else None)
        except Unreachable as failed:
            if self._forwarder.closed:
                raise Overtaken from None
            code = 504 if isinstance(failed, Unresponsive) else 502
            status = {"Proxy-Status": f"gesmock; error={failed.kind}"}
            error = Refused("GES.8602", str(failed), status=code)
            return replies.refusal(error, self.fake.default.settings, status)
        return reply_of(request, answer, redaction)


def _lines(reply: Reply, length: int) -> list[tuple[str, str]]:
    """The headers of *reply*; those of another server come first, unchanged."""
    if not isinstance(reply, Forwarded):
        framing = {"Content-Type": "application/json", "Content-Length": str(length)}
        headers = {**framing, **reply.headers}  # a fault may spell names in its own way
        return [*{name.lower(): (name, value) for name, value in headers.items()}.values()]
    came = {(name.title(), value) for name, value in reply.lines}
    names = {name for name, _ in came}
    # A receipt is added to another one: gesmock may stand in front of gesmock.
    return [
        *reply.lines,
        *(
            (name, value)
            for name, value in reply.headers.items()
            if name not in names or (name == "X-Gesmock-Fault" and (name, value) not in came)
        ),
    ]
