"""Reads the answers of the service, and says what is required of them."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from gesmock.model import documentation
from gesmock.model.types import MOVES
from gesmock.remote.client import ServerReply, quoted
from gesmock.remote.session import CheckFailed, Session, Skipped

SUCCESSFUL: Final = ("success", "complete")
"""Two words for the same end, from different pages."""

NO_JOB: Final = documentation.table_texts()["GES.8301"]
"""The error table's message for a job that cannot be queried; the page's example has another."""

NO_GRAPH: Final = documentation.table_texts()["GES.8000"]
"""The error table's message for an unknown graph."""

_STATUS_OF_A_JOB: Final = re.compile(r"/graphs/[^/]+/jobs/([^/?]+)/status(?:\?|$)")


def require(holds: object, message: str, *replies: ServerReply) -> None:
    """Raise CheckFailed with *message* and *replies* unless *holds* is true."""
    if not holds:
        raise CheckFailed(message, *replies)


def skip_if(holds: object, message: str) -> None:
    """Raise Skipped with *message* if *holds* is true."""
    if holds:
        raise Skipped(message)


def require_refusal(reply: ServerReply, codes: tuple[str, ...], *statuses: int) -> int:
    """Require a refusal with one of *codes* and one of *statuses*; returns the status."""
    refused = reply.code in codes and reply.status in statuses
    expected = f"expected {' or '.join(map(str, statuses))}, with {' or '.join(codes)}"
    require(refused, expected, reply)
    return reply.status


# --- Jobs -----------------------------------------------------------------------------------------


def request_of(job: dict[str, Any]) -> dict[str, Any]:
    """The request of a listed job; empty if it has none."""
    request = job.get("request")
    return request if isinstance(request, dict) else {}


def follows(before: object, after: object) -> bool:
    """Whether a job may have the status *before*, and later *after*."""
    moves: Mapping[Any, tuple[object, ...]] = MOVES
    return after == before or not isinstance(before, str) or after in moves.get(before, (after,))


def job_id_of(reply: ServerReply) -> str | None:
    """The id of the job that *reply* is about; None if it is not about a job."""
    match = _STATUS_OF_A_JOB.search(reply.request)
    return unquote(match[1]) if match else None


def show_job(session: Session, job_id: str, query: str = "") -> ServerReply:
    """Ask for the status of a job."""
    return session.get(f"/jobs/{quoted(job_id)}/status", query)


def is_gone(reply: ServerReply) -> bool:
    """Whether *reply* says that there is no such job, in the words of the page or error table."""
    if reply.code is None:
        return False
    message = str(reply.value["errorMessage"])
    return message.startswith("can not find job") or message == NO_JOB


def query_failed(reply: ServerReply) -> bool:
    """Whether *reply*, with 200, says that the query of a job failed.

    Its status and data are then blank or absent (ges_03_0472, ges_03_0037).
    """
    if reply.status != 200 or job_id_of(reply) is None:
        return False
    blank = not reply.fields.get("status") and not reply.fields.get("data")
    return blank and (reply.fields.get("result") == "failed" or reply.code is not None)


def status_of(reply: ServerReply) -> str | None:
    """The status of the job that *reply* is about; None if it has none.

    GES.8301 means both that the job has failed and that there is no such job (ges_03_0446).
    """
    refused = reply.status == 400 or query_failed(reply)
    if refused and reply.code == "GES.8301":
        return None if is_gone(reply) else "failed"
    status = reply.fields.get("status") if reply.status == 200 else None
    return status if status and isinstance(status, str) else None


def outputs_of(reply: ServerReply) -> dict[str, Any]:
    """The result in an answer: below ``data`` (table) or ``data.outputs`` (example)."""
    result = reply.fields.get("data")
    outputs = result.get("outputs", result) if isinstance(result, dict) else None
    return outputs if isinstance(outputs, dict) else {}
