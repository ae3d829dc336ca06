"""Forwarding: what goes on to the target, and what is read of its answers."""

import re
import zlib
from typing import Any, Final

import msgspec
from msgspec import Struct

from gesmock.journal.redaction import Redaction
from gesmock.model import documentation, validation
from gesmock.model.messages import MOST_SHOWN, Encoded, Reply, Request, ShownStatuses
from gesmock.remote import http
from gesmock.remote.http import Headers, HttpReply

_SCHEME_AND_HOST: Final = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_HOP_BY_HOP: Final = re.compile(
    "connection|content-length|expect|host|http2-settings|keep-alive|proxy-authenticate|"
    "proxy-authorization|proxy-connection|te|trailer|transfer-encoding|upgrade"
)
"""Headers of a single connection (RFC 9110, 7.6.1), and those that each side writes itself."""


def end_to_end(headers: Headers) -> list[tuple[str, str]]:
    """*headers* without those of a single connection (RFC 9110, 7.6.1)."""
    connection = ",".join(value for name, value in headers if name.lower() == "connection")
    options = {option.strip().lower() for option in connection.split(",")}
    return [
        (name, value)
        for name, value in headers
        if not _HOP_BY_HOP.fullmatch(name.lower()) and name.lower() not in options
    ]


def origin_form(target: str) -> str:
    """Path and query of a request's *target*, unchanged; whichever host it names is dropped."""
    path = _SCHEME_AND_HOST.sub("", target).partition("#")[0]
    return path if path.startswith(("/", "*")) else f"/{path}"


class Forwarded(Reply, frozen=True):
    """The target's answer: *lines* are its headers, ``headers`` the same for the journal.

    The latter have no secrets, and each name once.
    """

    lines: Headers = ()


def reply_of(request: Request, answer: HttpReply, redaction: Redaction) -> Forwarded:
    """The target's *answer* as the reply to *request*."""
    lines = end_to_end(answer.headers)
    if request.method == "HEAD" or answer.status == 304:
        lines += [("Content-Length", value) for value in answer.values("content-length")]
    elif answer.status != 204:
        lines.append(("Content-Length", str(len(answer.body))))
    joined: dict[str, str] = {}
    for name, value in lines:
        title = name.title()
        joined[title] = f"{joined[title]}, {value}" if title in joined else value
    statuses, job_id = _jobs(request, answer, redaction)
    return Forwarded(
        answer.status,
        Encoded([memoryview(answer.body)]),
        redaction.named(joined),
        statuses=statuses,
        job_id=job_id,
        lines=lines,
    )


class _Answer(Struct, gc=False):
    """What is read of an answer, or of a job in it; msgspec skips the rest, most of a list."""

    jobId: Any = None  # noqa: N815 as the service spells it
    job_id: Any = None
    status: Any = None
    totalCount: Any = None  # noqa: N815
    jobs: list["_Answer"] | None = None
    results: list["_Answer"] | None = None


def _jobs(
    request: Request, reply: HttpReply, redaction: Redaction
) -> tuple[ShownStatuses | None, str | None]:
    """What *reply* shows of jobs, and the id of the job that was submitted."""
    if reply.status != 200:
        return None, None
    try:
        answer = msgspec.json.decode(_decompressed(reply), type=_Answer)
    except (*validation.REFUSED, zlib.error):
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
    if documentation.by_command().get(request.operation or "") and isinstance(job.jobId, str):
        return None, redaction.text(job.jobId)
    return None, None


def _decompressed(reply: HttpReply) -> bytes | bytearray:
    """The body as text, or as it is where its compression is not supported."""
    if ", ".join(reply.values("content-encoding")).lower() in ("gzip", "x-gzip", "deflate"):
        decompressor = zlib.decompressobj(32 + zlib.MAX_WBITS)
        return decompressor.decompress(reply.body, http.LARGEST_BODY)
    return reply.body
