"""Checks of single jobs: their status and result, and of jobs that are submitted and cancelled."""

from collections.abc import Iterator
from itertools import chain
from typing import Any, Final
from urllib.parse import urlencode

from gesmock.conformance import answers
from gesmock.conformance.answers import SUCCESSFUL, require, skip_if
from gesmock.conformance.probes import ProbedSession
from gesmock.model.types import FINAL, STATUSES
from gesmock.remote.client import ServerReply, quoted
from gesmock.remote.session import (
    LIST,
    TRIES,
    CheckFailed,
    Skipped,
    SubmittedJob,
    id_of,
    is_count,
)

_MOST_STATUSES: Final = 6
_SAMPLES_PER_STATUS: Final = 7
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0


def job_status_agrees_with_list(session: ProbedSession) -> None:
    decided = False
    for job, reply in _samples(session):
        before, after = job.get("status"), answers.status_of(reply)
        if after is None and answers.query_failed(reply):
            continue
        decided = True
        same_end = before in SUCCESSFUL and after in SUCCESSFUL
        agrees = after is not None and (answers.follows(before, after) or same_end)
        require(agrees, f"the list says that {id_of(job)} is {before}", reply)
    skip_if(not decided, f"every query of a job fails: {reply}")


def job_has_documented_shape(session: ProbedSession) -> None:
    shapes = ["JobStatus" if session.edition == "database" else "MemoryJobStatus"]
    if session.is_pre_2025:
        shapes.append("MemoryJobStatus")
    for _job, reply in _samples(session):
        if reply.status == 200:
            expected = ["FailedQuery"] if answers.query_failed(reply) else shapes
            error = session.contract.error(reply.value, *expected)
            require(not error, str(error), reply)


def only_successful_jobs_have_results(session: ProbedSession) -> None:
    so_far = [reply for reply in session.replies if answers.job_id_of(reply) is not None]
    for reply in so_far or [reply for _job, reply in _samples(session)]:
        unsuccessful = answers.status_of(reply) in ("pending", "running", "failed")
        has_result = unsuccessful and reply.fields.get("data")
        require(not has_result, "a job that has not succeeded has a result", reply)


def results_are_paged(session: ProbedSession) -> None:
    job_id, key, outputs = _result_with_rows(session)
    total = outputs["data_total_size"]
    reply = answers.show_job(session, job_id, "limit=1&offset=1")
    skip_if(answers.is_gone(reply), "the job is gone")
    skip_if(answers.query_failed(reply), f"the query fails: {reply}")
    expected = {"data_return_size": 1, "data_offset": 1, "data_total_size": total}
    expected[key] = outputs[key][1:2]
    paged = expected.items() <= answers.outputs_of(reply).items()
    require(paged, f"limit=1&offset=1 does not return the second of {total} rows", reply)


def results_are_stable(session: ProbedSession) -> None:
    ended = session.jobs_with("that has ended", lambda job: job.get("status") in FINAL)
    first, second = (answers.show_job(session, id_of(ended[0])) for _ in range(2))
    skip_if(answers.is_gone(second), "the job is gone")
    skip_if(answers.query_failed(first), f"the query fails: {first}")
    require(answers.status_of(first), "the answer has no status", first)
    skip_if(answers.status_of(second) is None, f"the second answer has no status: {second}")
    same = (first.status, first.value) == (second.status, second.value)
    require(same, "two answers differ", first, second)


def unknown_jobs_are_refused(session: ProbedSession) -> None:
    reply = answers.show_job(session, "gesmock-no-job")
    answers.require_refusal(reply, ("GES.8301",), 400)
    message = "can not find job, jobId is gesmock-no-job"
    worded = reply.value["errorMessage"] in (message, answers.NO_JOB)
    require(worded, f"expected {message!r}", reply)


def _samples(session: ProbedSession) -> Iterator[tuple[dict[str, Any], ServerReply]]:
    """Some listed jobs of each status, and the answers about them; jobs that are gone are left out.

    Raises Skipped if all are gone.
    """
    by_status: dict[str, list[dict[str, Any]]] = {}
    for job in session.jobs_with():
        by_status.setdefault(str(job.get("status")), []).append(job)
    samples = [_spread(jobs) for jobs in by_status.values()][:_MOST_STATUSES]
    count = 0
    for job in chain.from_iterable(samples):
        reply = answers.show_job(session, id_of(job))
        if answers.is_gone(reply) and id_of(job) not in session.page(limit=session.page_size).ids:
            continue
        count += 1
        yield job, reply
    skip_if(not count, "the listed jobs are gone")


def _spread(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A few of *jobs* at even distances, from the first to the last."""
    count = min(len(jobs), _SAMPLES_PER_STATUS)
    return [jobs[n * (len(jobs) - 1) // max(count - 1, 1)] for n in range(count)]


def _result_with_rows(session: ProbedSession) -> tuple[str, str, dict[str, Any]]:
    """The id of a job whose result has two or more rows, the key of the rows, and the result."""
    ended = session.jobs_with("that was successful", lambda job: job.get("status") in SUCCESSFUL)
    for job in ended[:20]:
        outputs = answers.outputs_of(answers.show_job(session, id_of(job)))
        lists = [key for key, rows in outputs.items() if isinstance(rows, list) and len(rows) > 1]
        if lists and is_count(outputs.get("data_total_size")):
            return id_of(job), lists[0], outputs
    raise Skipped("no job has a result with rows")


# --- Jobs that are submitted ----------------------------------------------------------------------


def submitted_jobs_run_to_an_end(session: ProbedSession) -> None:
    submission = session.submission
    job_id, reply = _submit(session)
    for _try in range(TRIES):  # it may take a moment to appear
        status, latest = _query(session, job_id)
        if status in STATUSES:
            break
        session.sleep(_LONGEST_PAUSE_S)
    else:
        raise CheckFailed("its status cannot be queried", reply, latest)
    waited_s, pause_s = 0.0, _FIRST_PAUSE_S
    while status not in FINAL and waited_s < submission.wait_s:
        session.sleep(pause_s)
        waited_s, pause_s = waited_s + pause_s, min(2 * pause_s, _LONGEST_PAUSE_S)
        after, latest = _query(session, job_id)
        moves_on = after in STATUSES and answers.follows(status, after)
        require(moves_on, f"the job was {status} before", latest)
        status = after
    first, last = _ends_of_list(session)
    job = SubmittedJob(submission.row.command, first == job_id, last == job_id, str(status))
    session.submitted.append(job)
    if job_id not in (first, last):
        _require_listed(session, job_id, reply)
    skip_if(status not in FINAL, f"the job is still {status} after {submission.wait_s:g} s")


def jobs_can_be_cancelled(session: ProbedSession) -> None:
    _job_id, reply = _submit_and_cancel(session)
    _require_cancel(session, (reply.status, reply.value) == (200, {}), "200 {}", reply)


def cancelled_jobs_end(session: ProbedSession) -> None:
    job_id, reply = _submit_and_cancel(session)
    skip_if(reply.status != 200, f"the job is not cancelled: {reply}")
    status, latest = _query(session, job_id)
    require(status in FINAL, "the cancelled job goes on, or is gone", reply, latest)


def cancelling_an_unknown_job_is_refused(session: ProbedSession) -> None:
    reply = _cancel(session, "gesmock-no-job")
    refused = (reply.status, reply.code) == (400, "GES.8303")
    _require_cancel(session, refused, "400, with GES.8303", reply)


def invalid_bodies_are_refused(session: ProbedSession) -> None:
    skip_if(session.submission.row.request_example is None, "this call has no body")
    reply = _post(session, ["gesmock"], documented=False)
    refused = reply.status >= 400 or reply.fields.get("errors")
    require(refused, "the body is accepted", reply)


def unsupported_methods_are_refused(session: ProbedSession) -> None:
    reply = session.ask("PATCH", session.target.path(LIST), documented=False)
    refused = reply.status == 405 and "GET" in reply.headers.get("allow", "")
    require(refused, "expected 405 with an Allow header that has GET", reply)


def _post(session: ProbedSession, body: object, *, documented: bool = True) -> ServerReply:
    row, target = session.submission.row, session.target
    names = {"project_id": target.project_id, "graph_name": quoted(target.graph)}
    path = row.path.format_map({"index_name": "gesmock", "commit": "gesmock", **names})
    return session.ask(row.method, path, urlencode(row.query), body=body, documented=documented)


def _submit(session: ProbedSession) -> tuple[str, ServerReply]:
    """Submit a job; returns its id, and the answer.

    The id is job_id in tables and jobId in examples; Cypher and GQL have it in ``results``. Raises
    Skipped if a later submission is refused: an index, for example, can only be made once.
    """
    reply = _post(session, session.submission.body)
    results = reply.fields.get("results")
    job = results[0] if isinstance(results, list) and results else reply.fields
    job_id = job.get("jobId", job.get("job_id")) if isinstance(job, dict) else None
    if reply.status == 200 and isinstance(job_id, str) and job_id:
        session.accepted += 1
        return job_id, reply
    if session.accepted and (reply.code or reply.fields.get("errors")):
        raise Skipped(f"the call was accepted before, and is refused now: {reply}")
    raise CheckFailed("expected 200 and a jobId", reply)


def _query(session: ProbedSession, job_id: str) -> tuple[str | None, ServerReply]:
    """The status of a job, and the answer. Raises Skipped if the query fails."""
    reply = answers.show_job(session, job_id)
    status = answers.status_of(reply)
    skip_if(status is None and answers.query_failed(reply), f"the query of the job fails: {reply}")
    return status, reply


def _require_listed(session: ProbedSession, job_id: str, reply: ServerReply) -> None:
    """Raise CheckFailed if the job is not listed, Skipped if that cannot be decided."""
    for _try in range(TRIES):
        page = session.page(limit=session.page_size)
        if job_id in page.ids:
            return
        if len(page.jobs) >= session.page_size:
            first = f"the first {session.page_size} jobs"
            raise Skipped(f"the submitted job is neither among {first} nor the last")
        session.sleep(_LONGEST_PAUSE_S)
    skip_if(answers.is_gone(answers.show_job(session, job_id)), "the submitted job is gone")
    raise CheckFailed(f"{job_id} is not listed", reply)


def _ends_of_list(session: ProbedSession) -> tuple[str, str]:
    """The ids of the first and of the last job: blank without jobs, or if the last is uncertain."""
    head = session.page(limit=1)
    if not head.ids:
        return "", ""
    if is_count(head.total):
        tail = session.page_at(1, max(head.total - 1, 0))
        is_end = tail.total == head.total
    else:
        tail = session.page(limit=session.page_size)
        # Any job, even a listed one that others have pushed down, shows that there are more.
        is_end = not session.page_at(1, len(tail.jobs)).jobs
    return head.ids[0], "".join(tail.ids[-1:]) if is_end else ""


def _submit_and_cancel(session: ProbedSession) -> tuple[str, ServerReply]:
    """Submit a job and cancel it; returns its id, and the answer to the cancel.

    Raises Skipped if its kind cannot be cancelled, or it has ended before.
    """
    kinds, body = session.submission.row.cancellable, session.submission.body or {}
    cancellable = kinds is True or str(body.get("algorithmName")) in (kinds or ())
    skip_if(not cancellable, "this kind of job cannot be cancelled")
    try:
        job_id, _reply = _submit(session)
    except CheckFailed as error:  # which submitted_jobs_run_to_an_end reports
        raise Skipped(f"no job could be submitted: {error}") from None
    status, _reply = _query(session, job_id)
    reply = _cancel(session, job_id)
    if reply.code:
        unsupported = "unsupported" in reply.value["errorMessage"].lower()
        skip_if(unsupported, f"this kind of job cannot be cancelled: {reply}")  # ges_03_0038, older
        ended = status in FINAL or _query(session, job_id)[0] in FINAL
        skip_if(ended, "the job had ended before it could be cancelled")
    return job_id, reply


def _cancel(session: ProbedSession, job_id: str) -> ServerReply:
    # The database edition does not document this call.
    path = session.target.path(f"/jobs/{quoted(job_id)}")
    return session.ask("DELETE", path, documented=False)


def _require_cancel(
    session: ProbedSession, holds: object, expected: str, reply: ServerReply
) -> None:
    undocumented = not holds and session.edition == "database"
    skip_if(undocumented, f"the database edition documents no cancel: {reply}")
    require(holds, f"expected {expected}", reply)
