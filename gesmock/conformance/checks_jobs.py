"""Checks of a single job's status and result."""

import re
from collections.abc import Iterator
from typing import Any, Final

from gesmock.conformance.checks import check, require, skip_if
from gesmock.conformance.checks_list import ALWAYS, follows
from gesmock.contract.schemas import Contract
from gesmock.model.types import FINAL
from gesmock.remote.client import ServerReply, quoted
from gesmock.remote.session import Session, Skipped, id_of, is_count, is_refusal

_SAMPLES: Final = 6
_SUCCESSFUL: Final = ("success", "complete")
_STATUS_OF_A_JOB: Final = re.compile(r"/graphs/[^/]+/jobs/[^/?]+/status(\?|$)")


def ask(session: Session, job_id: str, query: str = "") -> ServerReply:
    """The answer about a job."""
    return session.get(f"/jobs/{quoted(job_id)}/status", query)


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
    outputs = fields.get("outputs", fields) if isinstance(fields, dict) else None
    return outputs if isinstance(outputs, dict) else {}


@check("ges_03_0472, ges_03_0037")
def job_status_agrees_with_list(session: Session, _: Contract) -> None:
    """The status of a job is the one that the list gave, or a later one."""
    decided = False
    for job, reply in _samples(session):
        before, after = job.get("status"), status_of(reply)
        if after is None and query_failed(reply):
            continue
        decided = True
        # success and complete are two words for the same end, each from another page.
        same_end = before in _SUCCESSFUL and after in _SUCCESSFUL
        agrees = after is not None and (follows(before, after) or same_end)
        require(agrees, f"the list says {before} of {id_of(job)}", reply)
    skip_if(not decided, f"the query of each job fails: {reply}")


@check("ges_03_0472, ges_03_0037")
def job_has_documented_shape(session: Session, contract: Contract) -> None:
    """The answer about a job has the documented keys and no others."""
    names = ["JobStatus" if session.edition == "database" else "MemoryJobStatus"]
    if session.is_pre_2025:
        names.append("MemoryJobStatus")
    for _job, reply in _samples(session):
        shapes = ["FailedQuery"] if query_failed(reply) else names
        errors = [contract.error(name, reply.value) for name in shapes]
        require(reply.status != 200 or not all(errors), str(errors[0]), reply)


@check("ges_03_0472: data is empty where the query fails", inferred=True)
def only_successful_jobs_have_results(session: Session, _: Contract) -> None:
    """A job that has not ended successfully has no data."""
    for _job, reply in _samples(session):
        unsuccessful = status_of(reply) in ("pending", "running", "failed")
        require(not (unsuccessful and reply.value.get("data")), "it has a result", reply)


@check("ges_03_0037: offset and limit page the rows of a result")
def results_are_paged(session: Session, _: Contract) -> None:
    """With limit and offset, a result has some of its rows, and sizes that say which."""
    job_id, key, outputs = _result_with_rows(session)
    total = outputs["data_total_size"]
    reply = ask(session, job_id, "limit=1&offset=1")
    skip_if(is_gone(reply), "the job is gone")
    skip_if(query_failed(reply), f"the query fails: {reply}")
    expected = {"data_return_size": 1, "data_offset": 1, "data_total_size": total}
    expected[key] = outputs[key][1:2]
    paged = expected.items() <= outputs_of(reply).items()
    require(paged, f"limit=1&offset=1 does not return the second of {total} rows", reply)


@check(ALWAYS)
def results_are_stable(session: Session, _: Contract) -> None:
    """The answer about a job that has ended is the same when asked for again."""
    ended = session.jobs_with("that has ended", lambda job: job.get("status") in FINAL)
    first, second = ask(session, id_of(ended[0])), ask(session, id_of(ended[0]))
    skip_if(is_gone(second), "the job is gone")
    skip_if(query_failed(first), f"the query fails: {first}")
    require(status_of(first), "it has no status", first)
    skip_if(status_of(second) is None, f"the second time it has no status: {second}")
    same = (first.status, first.value) == (second.status, second.value)
    require(same, "two answers differ", first, second)


@check("ges_03_0472, ges_03_0037: GES.8301")
def unknown_jobs_are_refused(session: Session, _: Contract) -> None:
    """A job that does not exist is refused with GES.8301, in a message that has its id."""
    reply = ask(session, "gesmock-no-job")
    refusal = reply.value if is_refusal(reply.value) else {}
    message = "can not find job, jobId is gesmock-no-job"
    refused = (reply.status, refusal.get("errorCode")) == (400, "GES.8301")
    require(refused, "expected 400 GES.8301", reply)
    require(refusal.get("errorMessage") == message, f"expected {message!r}", reply)


def _samples(session: Session) -> Iterator[tuple[dict[str, Any], ServerReply]]:
    """A listed job of each status, and the answer about it. Skips jobs that are gone."""
    by_status = {str(job.get("status")): job for job in session.jobs_with("", lambda _: True)}
    count = 0
    for job in [*by_status.values()][:_SAMPLES]:
        reply = ask(session, id_of(job))
        if is_gone(reply) and id_of(job) not in session.page(limit=session.page_size).ids:
            continue
        count += 1
        yield job, reply
    skip_if(not count, "the listed jobs are gone")


def _result_with_rows(session: Session) -> tuple[str, str, dict[str, Any]]:
    """The id of a job whose result has two or more rows, their key, and the result."""
    ended = session.jobs_with("that was successful", lambda job: job.get("status") in _SUCCESSFUL)
    for job in ended[:20]:
        outputs = outputs_of(ask(session, id_of(job)))
        lists = [key for key, rows in outputs.items() if isinstance(rows, list) and len(rows) > 1]
        if lists and is_count(outputs.get("data_total_size")):
            return id_of(job), lists[0], outputs
    raise Skipped("no job has a result with rows")
