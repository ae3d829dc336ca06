"""Checks of a single job's status and result."""

import re
from collections.abc import Iterator
from typing import Any, Final

from gesmock.conformance.checks_list import follows
from gesmock.contract.schemas import Contract
from gesmock.model.types import FINAL
from gesmock.remote.client import ServerReply, quoted
from gesmock.remote.session import CheckFailed, Session, Skipped, id_of, is_count, is_refusal

_SAMPLES: Final = 6
_SUCCESSFUL: Final = ("success", "complete")
_STATUS_OF_A_JOB: Final = re.compile(r"/graphs/[^/]+/jobs/[^/?]+/status(\?|$)")


def status_path(job_id: str) -> str:
    """The path of a job's status, below the graph."""
    return f"/jobs/{quoted(job_id)}/status"


def status_of(reply: ServerReply) -> str | None:
    """The status that an answer about a job gives; None where it gives none.

    GES.8301 means both that the job has failed and that there is no such job (ges_03_0446).
    """
    value = reply.value if isinstance(reply.value, dict) else {}
    refused = reply.status == 400 or query_failed(reply)
    if refused and is_refusal(value) and value["errorCode"] == "GES.8301":
        return None if is_gone(reply) else "failed"
    status = value.get("status") if reply.status == 200 else None
    return status if status and isinstance(status, str) else None


def query_failed(reply: ServerReply) -> bool:
    """Whether the query of a job failed, with 200: status and data are then empty or absent.

    See ges_03_0472 and ges_03_0037.
    """
    value, asked = reply.value, _STATUS_OF_A_JOB.search(reply.request)
    if reply.status != 200 or not isinstance(value, dict) or not asked:
        return False
    blank = not value.get("status") and not value.get("data")
    return blank and (value.get("result") == "failed" or is_refusal(value))


def is_gone(reply: ServerReply) -> bool:
    """Whether an answer says that there is no such job."""
    return is_refusal(reply.value) and reply.value["errorMessage"].startswith("can not find job")


def outputs_of(reply: ServerReply) -> dict[str, Any]:
    """The result in an answer: below ``data`` (table) or ``data.outputs`` (example)."""
    fields = reply.value.get("data") if isinstance(reply.value, dict) else None
    if not isinstance(fields, dict):
        return {}
    outputs = fields.get("outputs", fields)
    return outputs if isinstance(outputs, dict) else {}


def job_status_agrees_with_list(session: Session, _: Contract) -> None:
    """The status of a job is the one that the list gave, or a later one."""
    decided = False
    for job, reply in _samples(session):
        before, after = job.get("status"), status_of(reply)
        if after is None and query_failed(reply):
            continue
        decided = True
        # success and complete are two words for the same end, each from another page.
        if after is None or not (
            follows(before, after) or (before in _SUCCESSFUL and after in _SUCCESSFUL)
        ):
            raise CheckFailed(f"the list says {before} of {id_of(job)}", reply)
    if not decided:
        raise Skipped(f"the query of each job fails: {reply}")


def job_has_documented_shape(session: Session, contract: Contract) -> None:
    """The answer about a job has the documented keys and no others."""
    names = ["JobStatus" if session.edition == "database" else "MemoryJobStatus"]
    if session.is_pre_2025:
        names.append("MemoryJobStatus")
    for _job, reply in _samples(session):
        shapes = ["FailedQuery"] if query_failed(reply) else names
        errors = [contract.error(name, reply.value) for name in shapes]
        if reply.status == 200 and all(errors):
            raise CheckFailed(str(errors[0]), reply)


def only_successful_jobs_have_results(session: Session, _: Contract) -> None:
    """A job that has not ended successfully has no data."""
    for _job, reply in _samples(session):
        if status_of(reply) in ("pending", "running", "failed") and reply.value.get("data"):
            raise CheckFailed("it has a result", reply)


def results_are_paged(session: Session, _: Contract) -> None:
    """With limit and offset, a result has some of its rows, and sizes that say which."""
    job, key, rows, outputs = _rows(session)
    total = outputs["data_total_size"]
    reply = _ask(session, job, "limit=1&offset=1")
    if is_gone(reply):
        raise Skipped("the job is gone")
    if query_failed(reply):
        raise Skipped(f"the query fails: {reply}")
    page = outputs_of(reply)
    sizes = {"data_return_size": 1, "data_offset": 1, "data_total_size": total}
    if page.get(key) != rows[1:2] or any(page.get(name) != sizes[name] for name in sizes):
        raise CheckFailed(f"limit=1&offset=1 does not return the second of {total} rows", reply)


def results_are_stable(session: Session, _: Contract) -> None:
    """The answer about a job that has ended is the same when asked for again."""
    ended = session.jobs_with("that has ended", lambda job: job.get("status") in FINAL)
    first, second = _ask(session, ended[0]), _ask(session, ended[0])
    if is_gone(second):
        raise Skipped("the job is gone")
    if query_failed(first):
        raise Skipped(f"the query fails: {first}")
    if status_of(first) is None:
        raise CheckFailed("it has no status", first)
    if status_of(second) is None:
        raise Skipped(f"the second time it has no status: {second}")
    if (first.status, first.value) != (second.status, second.value):
        raise CheckFailed("two answers differ", first, second)


def unknown_jobs_are_refused(session: Session, _: Contract) -> None:
    """A job that does not exist is refused with GES.8301, in a message that has its id."""
    reply = session.get(status_path("gesmock-no-job"))
    refusal = reply.value if is_refusal(reply.value) else {}
    message = "can not find job, jobId is gesmock-no-job"
    if (reply.status, refusal.get("errorCode")) != (400, "GES.8301"):
        raise CheckFailed("expected 400 GES.8301", reply)
    if refusal.get("errorMessage") != message:
        raise CheckFailed(f"expected {message!r}", reply)


def _ask(session: Session, job: dict[str, Any], query: str = "") -> ServerReply:
    return session.get(status_path(id_of(job)), query)


def _samples(session: Session) -> Iterator[tuple[dict[str, Any], ServerReply]]:
    """A listed job of each status, and the answer about it. Skips jobs that are gone."""
    by_status = {str(job.get("status")): job for job in session.jobs_with("", lambda _: True)}
    count = 0
    for job in [*by_status.values()][:_SAMPLES]:
        reply = _ask(session, job)
        if is_gone(reply) and id_of(job) not in session.page(limit=session.page_size).ids:
            continue
        count += 1
        yield job, reply
    if not count:
        raise Skipped("the listed jobs are gone")


def _rows(session: Session) -> tuple[dict[str, Any], str, list[Any], dict[str, Any]]:
    """A job with two or more rows in its result; their key, the rows, and all outputs."""
    ended = session.jobs_with("that was successful", lambda job: job.get("status") in _SUCCESSFUL)
    for job in ended[:20]:
        outputs = outputs_of(_ask(session, job))
        lists = [key for key, rows in outputs.items() if isinstance(rows, list) and len(rows) > 1]
        if lists and is_count(outputs.get("data_total_size")):
            return job, lists[0], outputs[lists[0]], outputs
    raise Skipped("no job has a result with rows")
