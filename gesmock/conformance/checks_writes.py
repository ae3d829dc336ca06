"""Checks that submit jobs, wait for them, and cancel them."""

from typing import Any, Final
from urllib.parse import urlencode

from gesmock.conformance.checks import check, require, skip_if
from gesmock.conformance.checks_jobs import ask, query_failed, status_of
from gesmock.conformance.checks_list import follows
from gesmock.contract.schemas import Contract
from gesmock.model.types import FINAL, STATUSES
from gesmock.remote.client import ServerReply, quoted
from gesmock.remote.session import (
    LIST,
    TRIES,
    CheckFailed,
    Session,
    Skipped,
    SubmittedJob,
    is_count,
    is_refusal,
)

_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0


@check("ges_03_0471, ges_03_0472 and the page of the call", writes=True)
def submitted_jobs_run_to_an_end(session: Session, _: Contract) -> None:
    """A submission returns the id of a job that is listed, can be queried, and comes to an end.

    Meanwhile, its status only moves forward.
    """
    submission = session.submission
    job_id, reply = _submit(session)
    status, latest = _query(session, job_id)
    for _try in range(TRIES):  # it may take a moment to appear
        if status in STATUSES:
            break
        session.sleep(_LONGEST_PAUSE_S)
        status, latest = _query(session, job_id)
    else:
        raise CheckFailed("its status cannot be queried", reply, latest)
    waited_s, pause_s = 0.0, _FIRST_PAUSE_S
    while status not in FINAL and waited_s < submission.wait_s:
        session.sleep(pause_s)
        waited_s, pause_s = waited_s + pause_s, min(2 * pause_s, _LONGEST_PAUSE_S)
        after, latest = _query(session, job_id)
        require(after in STATUSES and follows(status, after), f"it was {status}", latest)
        status = after
    first, last = _ends_of_list(session)
    job = SubmittedJob(submission.row.command, first == job_id, last == job_id, str(status))
    session.submitted.append(job)
    if job_id not in (first, last):
        _find_in_list(session, job_id, reply)
    skip_if(status not in FINAL, f"it is still {status} after {submission.wait_s:g} s")


@check("ges_03_0038", writes=True)
def jobs_can_be_cancelled(session: Session, _: Contract) -> None:
    """Cancelling a job is answered with 200 and {}."""
    _job_id, reply = _submit_and_cancel(session)
    _require_cancel(session, (reply.status, reply.value) == (200, {}), "200 {}", reply)


@check("undocumented", inferred=True, writes=True)
def cancelled_jobs_end(session: Session, _: Contract) -> None:
    """A cancelled job has ended."""
    job_id, reply = _submit_and_cancel(session)
    skip_if(reply.status != 200, f"it is not cancelled: {reply}")
    status, latest = _query(session, job_id)
    require(status in FINAL, "it continues, or is gone", reply, latest)


@check("ges_03_0038: GES.8303", writes=True)
def cancelling_an_unknown_job_is_refused(session: Session, _: Contract) -> None:
    """Cancelling a job that does not exist is refused with GES.8303."""
    reply = _cancel(session, "gesmock-no-job")
    code = reply.value["errorCode"] if is_refusal(reply.value) else None
    refused = (reply.status, code) == (400, "GES.8303")
    _require_cancel(session, refused, "400 GES.8303", reply)


@check("the page of the call", writes=True)
def invalid_bodies_are_refused(session: Session, _: Contract) -> None:
    """A body that is not an object makes no job."""
    skip_if(session.submission.row.request_example is None, "this call has no body")
    reply = _post(session, ["gesmock"], documented=False)
    value = reply.value if isinstance(reply.value, dict) else {}
    require(reply.status >= 400 or value.get("errors"), "it is accepted", reply)


@check("undocumented", inferred=True, writes=True)
def unsupported_methods_are_refused(session: Session, _: Contract) -> None:
    """PATCH of the list is refused with 405 and an Allow header."""
    reply = session.ask("PATCH", session.target.path(LIST), documented=False)
    refused = reply.status == 405 and "GET" in reply.headers.get("allow", "")
    require(refused, "expected 405 with Allow", reply)


def _post(session: Session, body: object, *, documented: bool = True) -> ServerReply:
    row, target = session.submission.row, session.target
    names = {"project_id": target.project_id, "graph_name": quoted(target.graph)}
    path = row.path.format_map({"index_name": "gesmock", "commit": "gesmock", **names})
    return session.ask(row.method, path, urlencode(row.query), body=body, documented=documented)


def _submit(session: Session) -> tuple[str, ServerReply]:
    """Submit a job; returns its id, and the answer.

    The id is job_id in tables and jobId in examples; Cypher and GQL have it in ``results``. Raises
    Skipped where a second submission is refused: an index, for one, can only be made once.
    """
    reply = _post(session, session.submission.body)
    value: Any = reply.value if isinstance(reply.value, dict) else {}
    results = value.get("results")
    job = results[0] if isinstance(results, list) and results else value
    job = job if isinstance(job, dict) else {}
    job_id = job.get("jobId", job.get("job_id"))
    if reply.status != 200 or not isinstance(job_id, str) or not job_id:
        if session.accepted and (is_refusal(reply.value) or value.get("errors")):
            raise Skipped(f"it was accepted before, and is refused now: {reply}")
        raise CheckFailed("expected 200 and a jobId", reply)
    session.accepted += 1
    return job_id, reply


def _query(session: Session, job_id: str) -> tuple[str | None, ServerReply]:
    reply = ask(session, job_id)
    status = status_of(reply)
    skip_if(status is None and query_failed(reply), f"its query fails: {reply}")
    return status, reply


def _find_in_list(session: Session, job_id: str, reply: ServerReply) -> None:
    """Raise CheckFailed where the job is not listed, Skipped where that cannot be decided."""
    for _try in range(TRIES):
        page = session.page(limit=session.page_size)
        if job_id in page.ids:
            return
        if len(page.jobs) >= session.page_size:
            raise Skipped(f"it is neither among the first {session.page_size} jobs nor the last")
        session.sleep(_LONGEST_PAUSE_S)
    raise CheckFailed(f"{job_id} is not listed", reply)


def _ends_of_list(session: Session) -> tuple[str, str]:
    """The ids of the first and of the last job; the latter blank where it is uncertain."""
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


def _submit_and_cancel(session: Session) -> tuple[str, ServerReply]:
    """Submit a job and cancel it; returns its id, and the answer to the cancel.

    Raises Skipped where it cannot be cancelled, by its page or since it has ended.
    """
    kinds, body = session.submission.row.cancellable, session.submission.body or {}
    uncancellable = kinds is not True and str(body.get("algorithmName")) not in (kinds or ())
    skip_if(uncancellable, "this kind of job cannot be cancelled")
    try:
        job_id, _reply = _submit(session)
    except CheckFailed as error:  # which submitted_jobs_run_to_an_end reports
        raise Skipped(f"no job could be submitted: {error}") from None
    status, _reply = _query(session, job_id)
    reply = _cancel(session, job_id)
    if is_refusal(reply.value):
        if "unsupported" in reply.value["errorMessage"].lower():  # ges_03_0038, the older text
            raise Skipped(f"this kind of job cannot be cancelled: {reply}")
        ended = status in FINAL or _query(session, job_id)[0] in FINAL
        skip_if(ended, "it had ended before it could be cancelled")
    return job_id, reply


def _cancel(session: Session, job_id: str) -> ServerReply:
    # The database edition does not document this call.
    path = session.target.path(f"/jobs/{quoted(job_id)}")
    return session.ask("DELETE", path, documented=False)


def _require_cancel(session: Session, holds: object, expected: str, reply: ServerReply) -> None:
    undocumented = not holds and session.edition == "database"
    skip_if(undocumented, f"the database edition documents no cancel: {reply}")
    require(holds, f"expected {expected}", reply)
