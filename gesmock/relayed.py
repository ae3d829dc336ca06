"""Relayed: what is passed on to another server and back, as the core sees it."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import msgspec

from gesmock import documentation
from gesmock.conformance.answer import NO_JSON, Answer
from gesmock.conformance.listed import id_of
from gesmock.exchange import LARGEST_BODY, Operation, Request, Shown
from gesmock.listing import MOST_SHOWN
from gesmock.operations import ROUTES
from gesmock.web import site

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def request_of(environ: "WSGIEnvironment", body: bytes, epoch: int) -> Request:
    query = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
    first = dict(reversed(query))
    path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
    operation, args = _operation(environ["REQUEST_METHOD"], path, first.get("action_id"))
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    return Request(
        operation=operation,
        method=environ["REQUEST_METHOD"],
        path=path,
        args=args,
        query=first,
        headers=headers,
        body=_value(body),
        epoch=environ.get(site.EPOCH, epoch),
    )


_ROUTES: Final[Sequence[tuple[str, re.Pattern[str], str | None, Operation]]] = tuple(
    (
        route.method,
        re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(route.path))),
        route.action_id,
        route.operation,
    )
    for route in sorted(ROUTES, key=lambda route: (route.path.count("{"), route.action_id is None))
)
"""The routes, those with fewer places first: ``jobs/status`` is no job."""


def _operation(
    method: str, path: str, action_id: str | None
) -> tuple[Operation | None, dict[str, str]]:
    """The operation that is meant, as far as gesmock knows it, and the names in the path."""
    method = "GET" if method == "HEAD" else method
    for known, pattern, action, operation in _ROUTES:
        match = pattern.fullmatch(path) if known == method and action in (None, action_id) else None
        if match is not None:
            return operation, match.groupdict()
    return None, {}


def _value(body: bytes) -> Any:
    if not body:
        return {}
    try:
        return msgspec.json.decode(body) if len(body) <= LARGEST_BODY else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def shown(request: Request, answer: Answer) -> Shown | None:
    """What the answer shows of jobs, for the journal."""
    value = answer.value
    if answer.status != 200 or value is NO_JSON or not isinstance(value, dict):
        return None
    if request.operation == "show_job" and isinstance(value.get("status"), str):
        return Shown(((request.args["job_id"], value["status"]),))
    jobs = value.get("jobs")
    if request.operation != "list_jobs" or not isinstance(jobs, list):
        return None
    rows = [(id_of(job), job.get("status")) for job in jobs if isinstance(job, dict)]
    statuses: Any = tuple(row for row in rows if isinstance(row[1], str))
    total = value.get("totalCount")
    return Shown(
        statuses if len(statuses) <= MOST_SHOWN else None,
        len(jobs),
        total if isinstance(total, int) else None,
    )


def job_made(request: Request, answer: Answer) -> str | None:
    """The job that was submitted, if one was."""
    value = answer.value
    if documentation.of_command(request.operation or "") is None or not isinstance(value, dict):
        return None
    results = value.get("results")
    if isinstance(results, list) and results and isinstance(results[0], dict):
        value = results[0]
    job_id = value.get("jobId")
    return job_id if answer.status == 200 and isinstance(job_id, str) else None
