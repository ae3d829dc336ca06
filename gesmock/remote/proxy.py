"""A proxy: gesmock in front of another server, such as the real service.

Requests and answers are forwarded unchanged and journaled; faults can be injected. No lock is held
while the other server is asked.
"""

import re
import secrets
from collections.abc import Callable, Collection
from functools import partial
from typing import Final, Self, Unpack
from urllib.parse import unquote_to_bytes

from msgspec.structs import replace

from gesmock.fake import handle
from gesmock.fake.fake import Fake
from gesmock.fake.options import StartOptions
from gesmock.faults import BELOW_HTTP, KINDS, ListFault
from gesmock.journal import entries
from gesmock.journal.redaction import Redaction, secrets_of
from gesmock.model import listed_requests, replies
from gesmock.model.errors import OVERTAKEN, Conflict, GesError, InvalidInput, Refusal
from gesmock.model.messages import ConnectionInfo, Reply, Request
from gesmock.remote.forward import Forwarded, end_to_end, origin_form, reply_of
from gesmock.remote.http import ConnectionPool, Headers, Unreachable, Unresponsive
from gesmock.remote.sign_in import Signer
from gesmock.remote.target import Target
from gesmock.server.application import NAME, Answer
from gesmock.server.parser import Head
from gesmock.server.wsgi import environ_of, headers_of
from gesmock.web import create_app, gateway
from gesmock.web.gateway import Gateway
from gesmock.web.guard import Guard, is_control, is_loopback
from gesmock.web.server import Server

_OURS: Final = re.compile(r"/(openapi\.json|docs(/.*)?)")


class ProxyFake(Fake):
    """A fake without jobs: it only has a journal and fault rules."""

    def can_deliver(self, kind: str) -> bool:
        # List faults need the rows of a list.
        return not issubclass(KINDS[kind], ListFault) and super().can_deliver(kind)

    def check_jobs(self) -> None:
        raise Conflict("a proxy has no jobs of its own: it shows those of the server behind it")


class ProxyServer(Gateway):
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
        if not control_token and not is_loopback(host):
            control_token = secrets.token_urlsafe(16)
        self.control_token = control_token or None
        begins: StartOptions = {**options, "project_id": target.project_id}
        fake = ProxyFake({**begins, "graph_name": target.graph}, deliverable=BELOW_HTTP)
        guard = Guard(self.control_token, frozenset(map(str.lower, [host, *allow_hosts])))
        super().__init__(fake, partial(create_app, fake, guard=guard), guard)
        self._foreign_call = guard.foreign_call
        self._target = target
        self._signer = Signer(target)
        self._pool = ConnectionPool(target)
        self._server = Server(self, host, port)
        self.url = self._server.url

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._pool.close()

    def answer(
        self, head: Head, body: bytes, epoch: int, connection: ConnectionInfo
    ) -> Answer | Callable[[], Answer]:
        """Forward a request, in a worker, unless it is for gesmock itself."""
        path = unquote_to_bytes(head.path).decode(errors="replace")
        if is_control(path) or _OURS.fullmatch(path):
            return super().answer(head, body, epoch, connection)
        return partial(self._forward, head, path, body, epoch, connection)

    def _forward(
        self, head: Head, path: str, body: bytes, epoch: int, connection: ConnectionInfo
    ) -> Answer:
        headers = headers_of(head)
        request = gateway.read_request(head.method, path, head.query, headers, epoch, body)
        if request.operation is None and body:
            request = replace(request, body=gateway.json_value(body))
        redaction = Redaction({*self._target.sign_in.secrets, *secrets_of(headers)})
        journaled = redaction.request(entries.with_short_body(listed_requests.cleaned(request)))
        if journaled.long:
            journaled = entries.with_short_head(journaled)
        foreign = self._foreign_call(environ_of(head, b"", connection))
        settings = self.fake.default.settings
        if foreign is None:
            ask = partial(self._ask, head, body, request, redaction)
            try:
                reply = handle.forward(self.fake, request, journaled, ask, connection)
            except GesError as error:
                reply = replies.unjournaled(error.refusal, settings)
        else:
            reply = replies.unjournaled(Refusal("GES.8006", foreign, status=403), settings)
        if not self._pool.closed:
            gateway.log_request(journaled, reply)
        return _answer_of(reply, head.method)

    def _ask(self, head: Head, body: bytes, request: Request, redaction: Redaction) -> Reply:
        path = origin_form(head.target)
        url = path if path == "*" else self._target.prefix + path
        headers: Headers = [(name.title(), value) for name, value in end_to_end(head.headers)]
        framed = {"content-length", "transfer-encoding"} & request.headers.keys()
        try:
            headers = self._signer.signed(head.method, url, headers, body)
            answer = self._pool.exchange(head.method, url, headers, body if framed else None)
        except Unreachable as failed:
            if self._pool.closed:
                raise GesError(OVERTAKEN) from None
            code = 504 if isinstance(failed, Unresponsive) else 502
            status = {"Proxy-Status": f"gesmock; error={failed.kind}"}
            error = GesError(Refusal("GES.8602", str(failed), status=code))
            return replies.refusal(error, self.fake.default.settings, status)
        return reply_of(request, answer, redaction)


def _answer_of(reply: Reply, method: str) -> Answer:
    """*reply* as it goes over the wire; the headers of another server come first, unchanged."""
    status, blocks = reply.status or 200, replies.blocks(reply)
    if isinstance(reply, Forwarded):
        came = {(name.title(), value) for name, value in reply.lines}
        names = {name for name, _ in came}
        lines = [
            *reply.lines,
            *(
                (name, value)
                for name, value in [*reply.headers.items(), ("Server", NAME)]
                # A receipt is added to another one: gesmock may stand in front of gesmock.
                if name not in names or (name == "X-Gesmock-Fault" and (name, value) not in came)
            ),
        ]
    else:
        ours = {
            "Content-Type": "application/json",
            "Content-Length": str(sum(map(len, blocks))),
            "Server": NAME,
        }
        headers = {**ours, **reply.headers}  # a fault may spell names in its own way
        lines = [*{name.lower(): (name, value) for name, value in headers.items()}.values()]
    text = "".join(f"{name}: {value}\r\n" for name, value in lines).encode("latin-1")
    bodiless = method == "HEAD" or status in (204, 304) or ("Content-Length", "0") in lines
    return Answer(status, text, () if bodiless else blocks, reply.delivery)
