"""Relayed: what is passed on to another server and back, as the core sees it."""

import re
import zlib
from typing import TYPE_CHECKING, Any, Final, TypeVar
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
    Shown,
    is_long,
)
from gesmock.remote.http import LARGEST_BODY as LARGEST_ANSWER
from gesmock.remote.http import Headers, HttpReply
from gesmock.web import site, wire

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

T = TypeVar("T")

_BLOCK: Final = 2**20
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_HOP: Final = frozenset(
    (
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
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


class Relayed(Reply, frozen=True):
    """An answer of another server: *lines* are its headers as they came.

    Its ``headers`` are the same for the journal: without secrets, a name only once.
    """

    lines: Headers = ()


# --- There --------------------------------------------------------------------------------------


def request_of(environ: "WSGIEnvironment", body: bytes, epoch: int) -> Request:
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
        body=_value(body),
        epoch=environ.get(site.EPOCH, epoch),
    )


def origin_form(target: str) -> str:
    """Path and query of the request's *target*, as they stand: whose they are is not asked."""
    absolute = _ABSOLUTE.match(target)
    path = (target[absolute.end() :] if absolute else target).partition("#")[0]
    return path if path.startswith(("/", "*")) else f"/{path}"


def passed_on(headers: Headers) -> list[tuple[str, str]]:
    """*headers*, but for those of one connection."""
    named = {
        option.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for option in value.split(",")
    }
    return [
        (name, value)
        for name, value in headers
        if not (name.lower() in _HOP or name.lower() in named)
    ]


def _value(body: bytes) -> Any:
    if not body:
        return {}
    return wire.json_value(body) if len(body) <= LARGEST_BODY else None


# --- And back -----------------------------------------------------------------------------------


def reply_of(request: Request, answer: HttpReply, redaction: Redaction) -> Relayed:
    """*answer* as the reply to *request*."""
    lines = passed_on(answer.headers)
    whole = memoryview(answer.body)
    blocks = [whole[at : at + _BLOCK] for at in range(0, len(whole), _BLOCK)]
    if request.method == "HEAD" or answer.status == 304:
        lines += [("Content-Length", value) for value in answer.values("content-length")[:1]]
    elif answer.status != 204:
        lines.append(("Content-Length", str(len(whole))))
    joined: dict[str, str] = {}
    for name, value in lines:
        title = name.title()
        joined[title] = f"{joined[title]}, {value}" if title in joined else value
    text = _text(answer)
    return Relayed(
        answer.status,
        Encoded.of(blocks or [b""]),
        redaction.named(joined),
        shown=_shown(request, text, redaction) if answer.status == 200 else None,
        job_id=_job_made(request, text, redaction) if answer.status == 200 else None,
        lines=lines,
    )


def _text(answer: HttpReply) -> bytes | bytearray:
    """The body as JSON can be read from it; empty where it is packed in a way we do not know."""
    match ", ".join(answer.values("content-encoding")).lower():
        case "" | "identity":
            return answer.body
        case "gzip" | "x-gzip" | "deflate":
            try:
                return zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(
                    answer.body, LARGEST_ANSWER
                )
            except zlib.error:
                return b""
    return b""


class _Job(Struct, gc=False):
    """What is read of a job, or of the answer to a submission."""

    jobId: Any = None  # noqa: N815 as the service spells it
    job_id: Any = None
    status: Any = None


class _List(Struct, gc=False):
    jobs: list[_Job]
    totalCount: Any = None  # noqa: N815


class _Results(Struct, gc=False):
    results: list[_Job]


def _read(text: bytes | bytearray, type_: type[T]) -> T | None:
    """What *text* has of a *type_*: the rest, which is most of a list, is passed over."""
    try:
        return msgspec.json.decode(text, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _shown(request: Request, text: bytes | bytearray, redaction: Redaction) -> Shown | None:
    """What the answer shows of jobs, for the journal."""
    if request.operation == "show_job":
        job = _read(text, _Job)
        if job is None or not isinstance(job.status, str):
            return None
        status: Any = redaction.text(job.status)
        return Shown(((redaction.text(request.args["job_id"]), status),))
    found = _read(text, _List) if request.operation == "list_jobs" else None
    if found is None:
        return None
    statuses: Any = None
    if len(found.jobs) <= MOST_SHOWN:
        statuses = tuple(
            (redaction.text(str(job.jobId or job.job_id or "")), redaction.text(job.status))
            for job in found.jobs
            if isinstance(job.status, str)
        )
    total = found.totalCount if isinstance(found.totalCount, int) else None
    return Shown(statuses, len(found.jobs), total)


def _job_made(request: Request, text: bytes | bytearray, redaction: Redaction) -> str | None:
    """The job that was submitted, if one was."""
    if documentation.of_command(request.operation or "") is None:
        return None
    several = _read(text, _Results)
    made = several.results[0] if several is not None and several.results else _read(text, _Job)
    if made is None or not isinstance(made.jobId, str):
        return None
    return redaction.text(made.jobId)
