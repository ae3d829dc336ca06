"""Forwarding: a request as gesmock sees it and as the target gets it, and the answer back."""

import re
import zlib
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from gesmock.fake import routes
from gesmock.journal.redaction import Redaction
from gesmock.model import documentation
from gesmock.model.messages import (
    LARGEST_BODY,
    MOST_SHOWN,
    Encoded,
    Reply,
    Request,
    ShownStatuses,
    is_long,
)
from gesmock.remote import http
from gesmock.remote.http import ConnectionPool, Headers, HttpReply
from gesmock.remote.sign_in import Signer
from gesmock.remote.target import Target
from gesmock.web import gateway

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_BLOCK: Final = 2**20
_SCHEME_AND_HOST: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_HOP_BY_HOP: Final = re.compile(
    "connection|content-length|expect|host|http2-settings|keep-alive|proxy-authenticate|"
    "proxy-authorization|proxy-connection|te|trailer|transfer-encoding|upgrade"
)
"""Headers of a single connection (RFC 9110, 7.6.1), and those that each side writes itself."""

_SIGNATURE: Final = ("x-sdk-date", "x-sdk-content-sha256", "x-security-token")
"""What comes with a signature, beside ``Authorization``."""


class Forwarder(ConnectionPool):
    """Sends requests on to *target*, from any thread. Raises NotInstalled and InvalidInput."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._signer = Signer(target.sign_in)

    def send(self, method: str, url: str, headers: Headers, body: bytes | None) -> HttpReply:
        """Send a request for *url* (path and query); a *body* of None is no body.

        Requests without credentials are signed in as the target says. Raises Unreachable.
        """
        url = url if url == "*" else self._target.prefix + url
        return self.exchange(method, url, self._signed(method, url, headers, body), body)

    def _signed(self, method: str, url: str, headers: Headers, body: bytes | None) -> Headers:
        """*headers* with credentials.

        A token stays. A signature is replaced, since it was made for the proxy's own host.
        """
        sign_in = self._target.sign_in
        if sign_in.scheme == "none" or any(name.lower() == "x-auth-token" for name, _ in headers):
            return headers
        unsigned = [
            (name, value)
            for name, value in headers
            if not (name.lower() in _SIGNATURE or _is_signature(name, value, sign_in.ak))
        ]
        path, _, query = url.partition("?")
        host = self._target.authority
        added = self._signer.headers(method, host, path, query, dict(unsigned), body or b"")
        return [*unsigned, *added.items()]


def _is_signature(name: str, value: str, ak: str) -> bool:
    """Whether a header signs the request, or is where a signature with *ak* belongs."""
    return name.lower() == "authorization" and bool(ak or value.startswith("SDK-"))


def end_to_end(headers: Headers) -> list[tuple[str, str]]:
    """*headers* without those of a single connection (RFC 9110, 7.6.1)."""
    options = {
        option.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for option in value.split(",")
    }
    return [
        (name, value)
        for name, value in headers
        if not _HOP_BY_HOP.fullmatch(name.lower()) and name.lower() not in options
    ]


# --- Requests -----------------------------------------------------------------------------------


def request_of(environ: "WSGIEnvironment", body: bytes, epoch: int) -> Request:
    """The request as the journal and the fault rules see it."""
    query = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
    first = dict(reversed(query))
    path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
    match = routes.match(environ["REQUEST_METHOD"], path, first)
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    return Request(
        operation=match.operation,
        method=environ["REQUEST_METHOD"],
        path=path,
        args=match.args,
        query=first,
        headers=headers,
        long=is_long([path, environ["QUERY_STRING"]], headers, headers.values()),
        body=(gateway.json_value(body) if len(body) <= LARGEST_BODY else None) if body else {},
        epoch=environ.get(gateway.EPOCH, epoch),
    )


def origin_form(target: str) -> str:
    """Path and query of a request's *target*, unchanged; whichever host it names is dropped."""
    absolute = _SCHEME_AND_HOST.match(target)
    path = (target[absolute.end() :] if absolute else target).partition("#")[0]
    return path if path.startswith(("/", "*")) else f"/{path}"


# --- Answers ------------------------------------------------------------------------------------


class Forwarded(Reply, frozen=True):
    """The target's answer: *lines* are its headers, ``headers`` the same for the journal.

    The latter have no secrets, and each name once.
    """

    lines: Headers = ()


def reply_of(request: Request, answer: HttpReply, redaction: Redaction) -> Forwarded:
    """The target's *answer* as the reply to *request*."""
    lines = end_to_end(answer.headers)
    body = memoryview(answer.body)
    blocks = [body[at : at + _BLOCK] for at in range(0, len(body), _BLOCK)]
    if request.method == "HEAD" or answer.status == 304:
        lines += [("Content-Length", value) for value in answer.values("content-length")[:1]]
    elif answer.status != 204:
        lines.append(("Content-Length", str(len(body))))
    joined: dict[str, str] = {}
    for name, value in lines:
        title = name.title()
        joined[title] = f"{joined[title]}, {value}" if title in joined else value
    text = _decompressed(answer) if answer.status == 200 else b""
    payload, headers = Encoded(blocks or [b""]), redaction.named(joined)
    statuses, job_id = _jobs(request, text, redaction)
    return Forwarded(answer.status, payload, headers, statuses=statuses, job_id=job_id, lines=lines)


def _decompressed(answer: HttpReply) -> bytes | bytearray:
    """The body as text; empty where its compression is not supported."""
    match ", ".join(answer.values("content-encoding")).lower():
        case "" | "identity":
            return answer.body
        case "gzip" | "x-gzip" | "deflate":
            try:
                decompressor = zlib.decompressobj(32 + zlib.MAX_WBITS)
                return decompressor.decompress(answer.body, http.LARGEST_BODY)
            except zlib.error:
                return b""
    return b""


class _Answer(Struct, gc=False):
    """What is read of an answer, or of a job in it; msgspec skips the rest, most of a list."""

    jobId: Any = None  # noqa: N815 as the service spells it
    job_id: Any = None
    status: Any = None
    totalCount: Any = None  # noqa: N815
    jobs: list["_Answer"] | None = None
    results: list["_Answer"] | None = None


def _jobs(
    request: Request, text: bytes | bytearray, redaction: Redaction
) -> tuple[ShownStatuses | None, str | None]:
    """What the answer *text* shows of jobs, and the id of the job that was submitted."""
    try:
        answer = msgspec.json.decode(text, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, None
    statuses: Any = None
    if request.operation == "show_job" and isinstance(answer.status, str):
        statuses = ((redaction.text(request.args["job_id"]), redaction.text(answer.status)),)
        return ShownStatuses(statuses), None
    if request.operation == "list_jobs" and answer.jobs is not None:
        if len(answer.jobs) <= MOST_SHOWN:
            statuses = tuple(
                (redaction.text(str(job.jobId or job.job_id or "")), redaction.text(job.status))
                for job in answer.jobs
                if isinstance(job.status, str)
            )
        total = answer.totalCount if isinstance(answer.totalCount, int) else None
        return ShownStatuses(statuses, len(answer.jobs), total), None
    job = answer.results[0] if answer.results else answer
    if documentation.of_command(request.operation or "") and isinstance(job.jobId, str):
        return None, redaction.text(job.jobId)
    return None, None
