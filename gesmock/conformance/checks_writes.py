"""What has to hold of a job that is submitted, waited for, and cancelled: these make jobs."""

from typing import Any, Final
from urllib.parse import urlencode

from gesmock.conformance.answer import Answer
from gesmock.conformance.checks import Checks
from gesmock.conformance.checks_jobs import query_failed, status_of, status_path
from gesmock.conformance.client import quoted
from gesmock.conformance.listed import Broken, NotApplicable, follows, is_count, is_refusal
from gesmock.conformance.session import LIST, TRIES, Session
from gesmock.conformance.submission import Made
from gesmock.contract.schemas import Contract
from gesmock.model.types import FINAL, STATUSES

CHECKS: Final = Checks()
_FIRST_S: Final = 0.05
_MOST_S: Final = 1.0
"""How long is waited between two looks at a job: at first, and at most."""


def _ask(session: Session, body: object, *, documented: bool = True) -> Answer:
    """The answer to the submission, with this *body*."""
    row = session.submission.row
    places = {"project_id": session.target.project_id, "graph_name": quoted(session.target.graph)}
    path = row.path.format_map({**dict.fromkeys(("index_name", "commit"), "gesmock"), **places})
    query = urlencode(row.query)
    return session.ask(row.method, path, query, body=body, documented=documented)


def _submitted(session: Session) -> tuple[str, Answer]:
    """The id of a job that is submitted now, and the answer.

    It is called job_id in tables, and jobId in examples; Cypher and GQL have it in ``results``.
    Raises Broken where there is none, NotApplicable where a second one is refused: an index, for
    one, may be made once.
    """
    answer = _ask(session, session.submission.body)
    value: Any = answer.value if isinstance(answer.value, dict) else {}
    results = value.get("results")
    made = results[0] if isinstance(results, list) and results else value
    made = made if isinstance(made, dict) else {}
    job_id = made.get("jobId", made.get("job_id"))
    if answer.status != 200 or not isinstance(job_id, str) or not job_id:
        if session.accepted and (is_refusal(answer.value) or value.get("errors")):
            raise NotApplicable(f"it is refused where it was submitted before: {answer}")
        raise Broken("200 and a jobId were wanted", answer)
    session.accepted += 1
    return job_id, answer


def _status(session: Session, job_id: str) -> tuple[str | None, Answer]:
    """Its status, as told, and the answer. Raises NotApplicable where the query fails."""
    answer = session.get(status_path(job_id))
    status = status_of(answer)
    if status is None and query_failed(answer):
        raise NotApplicable(f"the query of it fails: {answer}")
    return status, answer


@CHECKS.add("ges_03_0471, ges_03_0472 and the page of the call", writes=True)
def a_submitted_job_is_there(session: Session, _: Contract) -> None:
    """A submission answers with an id, under which the job is listed, shown, and comes to an end.

    On its way, its status only goes forward.
    """
    submission = session.submission
    job_id, answer = _submitted(session)
    seen, shown = _status(session, job_id)
    for _turn in range(TRIES):  # it may take a moment until it is there
        if seen in STATUSES:
            break
        session.sleep(_MOST_S)
        seen, shown = _status(session, job_id)
    else:
        raise Broken("it is not shown", answer, shown)
    waited_s, next_s = 0.0, _FIRST_S
    while seen not in FINAL and waited_s < submission.wait_s:
        session.sleep(next_s)
        waited_s, next_s = waited_s + next_s, min(2 * next_s, _MOST_S)
        status, shown = _status(session, job_id)
        if status not in STATUSES or not follows(seen, status):
            raise Broken(f"it was {seen}", shown)
        seen = status
    first, last = _ends_of_the_list(session)
    session.made.append(Made(submission.row.command, first == job_id, last == job_id, str(seen)))
    if job_id not in (first, last):
        _look_for(session, job_id, answer)
    if seen not in FINAL:
        raise NotApplicable(f"it is {seen} after {submission.wait_s:g} s; it should end")


def _look_for(session: Session, job_id: str, answer: Answer) -> None:
    """Raise Broken where the job is not listed, NotApplicable where that cannot be told."""
    for _turn in range(TRIES):
        page = session.page(limit=session.size)
        if job_id in page.ids:
            return
        if len(page.jobs) >= session.size:
            raise NotApplicable(f"it is not among the first {session.size} jobs, nor the last")
        session.sleep(_MOST_S)
    raise Broken(f"{job_id} is not listed", answer)


def _ends_of_the_list(session: Session) -> tuple[str, str]:
    """The ids of the first job and of the last; blank where that cannot be told."""
    head = session.page(limit=1)
    if not head.ids:
        return "", ""
    if is_count(head.total):
        tail = session.part(1, max(head.total - 1, 0))
        ended = tail.total == head.total
    else:
        tail = session.page(limit=session.size)
        # A job that is known comes from there too where others have come meanwhile.
        ended = not session.part(1, len(tail.jobs)).jobs
    return head.ids[0], "".join(tail.ids[-1:]) if ended else ""


def _cancelled(session: Session) -> tuple[str, Answer]:
    """The id of a job that is submitted and cancelled now, and the answer.

    Raises NotApplicable where it cannot be, by the page or as it has ended.
    """
    submission = session.submission
    kinds = submission.row.cancellable
    if kinds is not True and str((submission.body or {}).get("algorithmName")) not in (kinds or ()):
        raise NotApplicable("this kind cannot be cancelled")
    try:
        job_id, _answer = _submitted(session)
    except Broken as error:  # a_submitted_job_is_there tells of it
        raise NotApplicable(f"no job could be submitted: {error}") from None
    status, _shown = _status(session, job_id)
    answer = _delete(session, job_id)
    if not is_refusal(answer.value):
        return job_id, answer
    if "unsupported" in answer.value["errorMessage"].lower():  # ges_03_0038, the older text
        raise NotApplicable(f"this kind cannot be cancelled: {answer}")
    if status in FINAL or _status(session, job_id)[0] in FINAL:
        raise NotApplicable("it had ended before it could be cancelled")
    return job_id, answer


def _delete(session: Session, job_id: str) -> Answer:
    """The answer to a cancel, which the database edition does not document."""
    path = session.target.path(f"/jobs/{quoted(job_id)}")
    return session.ask("DELETE", path, documented=False)


def _not(wanted: str, session: Session, answer: Answer) -> Exception:
    """What *answer* comes to, which is not the one that was *wanted*."""
    if session.edition == "database":
        return NotApplicable(f"the database edition documents no cancel: {answer}")
    return Broken(f"{wanted} was wanted", answer)


@CHECKS.add("ges_03_0038", writes=True)
def a_job_can_be_cancelled(session: Session, _: Contract) -> None:
    """To cancel a job that can be cancelled is answered with 200 and {}."""
    _job_id, answer = _cancelled(session)
    if answer.status != 200 or answer.value != {}:
        raise _not("200 {}", session, answer)


@CHECKS.add("documented nowhere", "inferred", writes=True)
def a_cancelled_job_ends(session: Session, _: Contract) -> None:
    """A job that is cancelled has then ended."""
    job_id, answer = _cancelled(session)
    if answer.status != 200:
        raise NotApplicable(f"it is not cancelled: {answer}")
    status, shown = _status(session, job_id)
    if status not in FINAL:
        raise Broken("it goes on, or is not there any more", answer, shown)


@CHECKS.add("ges_03_0038: GES.8303", writes=True)
def to_cancel_an_unknown_job_is_refused(session: Session, _: Contract) -> None:
    """To cancel a job that there is not is refused with GES.8303."""
    answer = _delete(session, "gesmock-no-job")
    code = answer.value["errorCode"] if is_refusal(answer.value) else None
    if (answer.status, code) != (400, "GES.8303"):
        raise _not("400 GES.8303", session, answer)


@CHECKS.add("the page of the call", writes=True)
def a_wrong_body_is_refused(session: Session, _: Contract) -> None:
    """A body that is no object makes no job."""
    if session.submission.row.request_example is None:
        raise NotApplicable("this call has no body")
    answer = _ask(session, ["gesmock"], documented=False)
    value = answer.value if isinstance(answer.value, dict) else {}
    if answer.status < 400 and not value.get("errors"):
        raise Broken("it is not refused", answer)


@CHECKS.add("documented nowhere", "inferred", writes=True)
def a_wrong_method_is_refused(session: Session, _: Contract) -> None:
    """PATCH of the list is refused with 405, which names the methods there are."""
    answer = session.ask("PATCH", session.target.path(LIST), documented=False)
    if answer.status != 405 or "GET" not in answer.headers.get("allow", ""):
        raise Broken("405, with Allow, was wanted", answer)
