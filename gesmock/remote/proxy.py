"""A proxy: gesmock in front of another server, such as the real service.

Requests and answers are forwarded unchanged and journaled; faults can be injected. No lock is held
while the other server is asked.
"""

import re
import zlib
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, Self, Unpack
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gesmock.fake import handle
from gesmock.fake.fake import Fake
from gesmock.fake.options import StartOptions
from gesmock.faults import BELOW_HTTP, KINDS, ListFault
from gesmock.journal import entries
from gesmock.journal.redaction import Redaction, secrets_of
from gesmock.model import documentation, listed_requests, replies, validation
from gesmock.model.errors import OVERTAKEN, Conflict, GesError, InvalidInput, Refusal
from gesmock.model.messages import (
    LONGEST_REPLY,
    MOST_SHOWN,
    ConnectionInfo,
    Encoded,
    Reply,
    ReplyBody,
    Request,
    ShownStatuses,
)
from gesmock.remote import http
from gesmock.remote.client import Signer
from gesmock.remote.http import ConnectionPool, HeaderLines, HttpReply, Unreachable, Unresponsive
from gesmock.remote.target import Target
from gesmock.server.application import NAME, Answer
from gesmock.server.parser import Head
from gesmock.server.wsgi import environ_of
from gesmock.web import create_app, gateway
from gesmock.web.gateway import Gateway
from gesmock.web.guard import Guard, is_control, is_loopback
from gesmock.web.server import Server

_OURS: Final = re.compile(r"/(openapi\.json|(docs|demo)(/.*)?)")
_HOP_BY_HOP: Final = re.compile(
    "connection|content-length|expect|host|http2-settings|keep-alive|proxy-authenticate|"
    "proxy-authorization|proxy-connection|te|trailer|transfer-encoding|upgrade"
)
"""Headers of a single connection (RFC 9110, 7.6.1), and those that each side writes itself."""

_OWN: Final = frozenset(("Date", "TraceID", "X-Request-Id"))
"""Headers of our own answers, which are not added to those of another server."""


class ProxyFake(Fake):
    """A fake without jobs: it only has a journal and fault rules."""

    def can_deliver(self, kind: str) -> bool:
        # List faults need the rows of a list.
        return not issubclass(KINDS[kind], ListFault) and super().can_deliver(kind)

    def scenarios(self) -> Mapping[str, str]:
        return {}

    def check_jobs(self) -> None:
        raise Conflict("a proxy has no jobs of its own: it shows those of the server behind it")


class ProxyServer(Gateway):
    """A proxy in front of *target*; starts and stops with a ``with`` block.

    It listens on *host* and *port*. Anyone who can reach it acts with the target's credentials:
    addresses other than loopback need *allow_others*, and pages of other sites and host names
    besides *allow_hosts* are refused. Its control API requires *control_token*; without one, a
    token is generated on addresses other than loopback, and none is required on loopback. *options*
    name the faults that it starts with. Raises InvalidInput, NotInstalled, CannotListen.
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
        guard = Guard.of(host, allow_hosts, control_token)
        self.control_token = guard.token
        names: StartOptions = {"project_id": target.project_id, "graph_name": target.graph}
        fake = ProxyFake({**options, **names}, deliverable=BELOW_HTTP)
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
        headers = head.combined_headers()
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
            since = connection.heard_at
            gateway.log_request(
                head.method, journaled.path, head.query, reply, since, redaction.text
            )
        return _answer_of(reply, head.method)

    def _ask(self, head: Head, body: bytes, request: Request, redaction: Redaction) -> Reply:
        mark = "?" if "?" in head.target.partition("#")[0] else ""
        prefix = "" if head.path == "*" else self._target.prefix
        url = f"{prefix}{head.path}{mark}{head.query}"
        headers: HeaderLines = [(name.title(), value) for name, value in _end_to_end(head.headers)]
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
        return _reply_of(request, answer, redaction)


# --- Requests and answers ------------------------------------------------------------------------


def _end_to_end(headers: HeaderLines) -> list[tuple[str, str]]:
    """*headers* without those of a single connection (RFC 9110, 7.6.1), underscores or not.

    A server that takes ``Transfer_Encoding`` for the header with a hyphen reads another body.
    """
    connection = ",".join(value for name, value in headers if name.lower() == "connection")
    options = {option.strip().lower() for option in connection.split(",")}
    return [
        (name, value)
        for name, value in headers
        if not _HOP_BY_HOP.fullmatch(name.lower().replace("_", "-")) and name.lower() not in options
    ]


class _Forwarded(Reply, frozen=True):
    """The target's answer: *lines* are its headers, as they are sent to the client.

    ``headers`` are the same for the journal: without secrets, and with each name once.
    """

    lines: HeaderLines = ()


def _reply_of(request: Request, answer: HttpReply, redaction: Redaction) -> _Forwarded:
    """The target's *answer* as the reply to *request*."""
    lines = _end_to_end(answer.headers)
    if request.method == "HEAD" or answer.status == 304:
        lines += [("Content-Length", value) for value in answer.values("content-length")]
    elif answer.status != 204:
        lines.append(("Content-Length", str(len(answer.body))))
    joined: dict[str, str] = {}
    for name, value in lines:
        title = _titled(name)
        joined[title] = f"{joined[title]}, {value}" if title in joined else value
    text = _decompressed(answer)
    length = len(text or answer.body)
    body = ReplyBody(bytes(text[:LONGEST_REPLY]), length, secrets=redaction.secrets)
    statuses, job_id = _jobs(request, answer.status, text, redaction)
    return _Forwarded(
        answer.status,
        Encoded([memoryview(answer.body)]),
        redaction.named(joined),
        statuses=statuses,
        job_id=job_id,
        body=body,
        lines=lines,
    )


class _Answer(Struct, gc=False):
    """The fields to read of an answer, or of a job in it; msgspec skips the others."""

    jobId: Any = None  # noqa: N815 as the service spells it
    job_id: Any = None
    status: Any = None
    totalCount: Any = None  # noqa: N815
    jobs: list["_Answer"] | None = None
    results: list["_Answer"] | None = None


def _jobs(
    request: Request, status: int, text: bytes | bytearray, redaction: Redaction
) -> tuple[ShownStatuses | None, str | None]:
    """What an answer shows of jobs, and the id of the job that it has submitted."""
    if status != 200:
        return None, None
    try:
        answer = msgspec.json.decode(text, type=_Answer)
    except validation.REFUSED:
        return None, None
    statuses: Any = None
    if request.operation == "show_job" and isinstance(answer.status, str):
        statuses = {redaction.text(request.args["job_id"]): redaction.text(answer.status)}
        return ShownStatuses(statuses), None
    if request.operation == "list_jobs" and answer.jobs is not None:
        if len(answer.jobs) <= MOST_SHOWN:
            statuses = {
                redaction.text(str(job.jobId or job.job_id or "")): redaction.text(job.status)
                for job in answer.jobs
                if isinstance(job.status, str)
            }
        total = answer.totalCount if isinstance(answer.totalCount, int) else None
        return ShownStatuses(statuses, len(answer.jobs), total), None
    job = answer.results[0] if answer.results else answer
    if documentation.by_command().get(request.operation or "") and isinstance(job.jobId, str):
        return None, redaction.text(job.jobId)
    return None, None


def _decompressed(reply: HttpReply) -> bytes | bytearray:
    """The decompressed body; empty if its compression is broken or not supported."""
    coding = ", ".join(reply.values("content-encoding")).lower()
    if coding in ("", "identity"):
        return reply.body
    with suppress(zlib.error):
        if coding in ("gzip", "x-gzip", "deflate"):
            decompressor = zlib.decompressobj(32 + zlib.MAX_WBITS)
            return decompressor.decompress(reply.body, http.LARGEST_BODY)
    return b""


def _titled(name: str) -> str:
    return "TraceID" if name.lower() == "traceid" else name.title()


def _answer_of(reply: Reply, method: str) -> Answer:
    """*reply* as it goes over the wire; the headers of another server come first, unchanged."""
    status, blocks = reply.status or 200, replies.blocks(reply)
    if isinstance(reply, _Forwarded):
        forwarded = {(_titled(name), value) for name, value in reply.lines}
        names = {name for name, _ in forwarded} | _OWN
        lines = [
            *reply.lines,
            *(
                (name, value)
                for name, value in reply.headers.items()
                # A receipt is added to another one: gesmock may stand in front of gesmock.
                if name not in names
                or (name == "X-Gesmock-Fault" and (name, value) not in forwarded)
            ),
        ]
    else:
        lines = gateway.headers_of(reply, sum(map(len, blocks)), ("Server", NAME))
    text = "".join(f"{name}: {value}\r\n" for name, value in lines).encode("latin-1")
    bodiless = method == "HEAD" or status in (204, 304) or ("Content-Length", "0") in lines
    return Answer(status, text, () if bodiless else blocks, reply.delivery)
