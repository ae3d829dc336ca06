"""What has to hold of a job that is submitted, waited for, and cancelled: these make jobs."""

from typing import Any, Final
from urllib.parse import urlencode

from gesmock.conformance.checks import Checks
from gesmock.conformance.checks_jobs import status_of, status_path
from gesmock.conformance.client import Answer, quoted
from gesmock.conformance.contract import Contract
from gesmock.conformance.session import (
    LIST,
    Broken,
    Made,
    NotApplicable,
    Session,
    follows,
    is_refusal,
)
from gesmock.statuses import FINAL, STATUSES

CHECKS: Final = Checks()
_FIRST_S: Final = 0.05
_MOST_S: Final = 1.0
"""How long is waited between two looks at a job: at first, and at most."""


def _ask(session: Session, body: object) -> Answer:
    """The answer to the submission, with this *body*."""
    row = session.submission.row
    places = {"project_id": session.target.project_id, "graph_name": quoted(session.target.graph)}
    path = row.path.format_map({**dict.fromkeys(("index_name", "commit"), "gesmock"), **places})
    return session.ask(row.method, path, urlencode(row.query), body=body)


def _submitted(session: Session) -> tuple[str, Answer]:
    """The id of a job that is submitted now, and the answer."""
    answer = _ask(session, session.submission.body)
    value: Any = answer.value if isinstance(answer.value, dict) else {}
    job_id = value["results"][0]["jobId"] if value.get("results") else value.get("jobId")
    if answer.status != 200 or not isinstance(job_id, str) or not job_id:
        raise Broken("200 and a jobId were wanted", answer)
    return job_id, answer


def _status(session: Session, job_id: str) -> tuple[str | None, Answer]:
    answer = session.get(status_path(job_id))
    return status_of(answer), answer


@CHECKS.add("ges_03_0471, ges_03_0472 and the page of the call", writes=True)
def a_submitted_job_is_there(session: Session, _: Contract) -> None:
    """A submission answers with an id, under which the job is listed, shown, and comes to an end.

    On its way, its status only goes forward.
    """
    submission = session.submission
    job_id, answer = _submitted(session)
    seen, shown = _status(session, job_id)
    if seen not in STATUSES:
        raise Broken("it is not shown", answer, shown)
    waited_s, next_s = 0.0, _FIRST_S
    while seen not in FINAL and waited_s < submission.wait_s:
        session.sleep(next_s)
        waited_s, next_s = waited_s + next_s, min(2 * next_s, _MOST_S)
        status, shown = _status(session, job_id)
        if not follows(seen, status):
            raise Broken(f"it was {seen}", shown)
        seen = status
    first, last = _ends_of_the_list(session)
    session.made.append(Made(submission.row.command, first == job_id, last == job_id, str(seen)))
    if job_id not in (first, last) and job_id not in session.page(limit=session.size).ids:
        raise Broken(f"{job_id} is not listed", answer)
    if seen not in FINAL:
        raise NotApplicable(f"it is {seen} after {submission.wait_s:g} s; it should end")


def _ends_of_the_list(session: Session) -> tuple[str, str]:
    head = session.page(limit=1)
    if not head.ids:
        return "", ""
    if not isinstance(head.total, int):
        return head.ids[0], session.page(limit=session.size).ids[-1]
    tail = session.page(limit=1, offset=head.total - 1)
    return head.ids[0], "".join(tail.ids[-1:])


@CHECKS.add("ges_03_0038; that the job has then ended: inferred", writes=True)
def a_cancelled_job_ends(session: Session, _: Contract) -> None:
    """A job that can be cancelled answers so, and has then ended."""
    submission = session.submission
    kinds = submission.row.cancellable
    if kinds is not True and str((submission.body or {}).get("algorithmName")) not in (kinds or ()):
        raise NotApplicable("this kind cannot be cancelled")
    job_id, _answer = _submitted(session)
    status, _shown = _status(session, job_id)
    answer = session.ask("DELETE", session.target.path(f"/jobs/{quoted(job_id)}"))
    if is_refusal(answer.value) and (status in FINAL or _status(session, job_id)[0] in FINAL):
        raise NotApplicable("it had ended before it could be cancelled")
    if answer.status != 200 or answer.value != {}:
        raise Broken("200 {} was wanted", answer)
    if (after := _status(session, job_id))[0] not in FINAL:
        raise Broken("it goes on", answer, after[1])


@CHECKS.add("ges_03_0038: GES.8303", writes=True)
def to_cancel_an_unknown_job_is_refused(session: Session, _: Contract) -> None:
    """To cancel a job that there is not is refused with GES.8303."""
    answer = session.ask("DELETE", session.target.path("/jobs/gesmock-no-job"))
    if (
        answer.status != 400
        or not is_refusal(answer.value)
        or (answer.value["errorCode"] != "GES.8303")
    ):
        raise Broken("400 GES.8303 was wanted", answer)


@CHECKS.add("the page of the call", writes=True)
def a_wrong_body_is_refused(session: Session, _: Contract) -> None:
    """A body that is no object makes no job."""
    if session.submission.row.request_example is None:
        raise NotApplicable("this call has no body")
    answer = _ask(session, ["gesmock"])
    value = answer.value if isinstance(answer.value, dict) else {}
    if not (is_refusal(value) or value.get("errors")):
        raise Broken("it is not refused", answer)


@CHECKS.add("documented nowhere", "inferred", writes=True)
def a_wrong_method_is_refused(session: Session, _: Contract) -> None:
    """PATCH of the list is refused with 405, which names the methods there are."""
    answer = session.ask("PATCH", session.target.path(LIST))
    if answer.status != 405 or "GET" not in answer.headers.get("allow", ""):
        raise Broken("405, with Allow, was wanted", answer)
