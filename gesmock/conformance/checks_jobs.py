"""What has to hold of one job's status and result."""

import re
from collections.abc import Iterator
from typing import Any, Final

from gesmock.conformance.answer import Answer
from gesmock.conformance.checks import RELATION, Checks
from gesmock.conformance.client import quoted
from gesmock.conformance.listed import Broken, NotApplicable, follows, id_of, is_count, is_refusal
from gesmock.conformance.session import Session
from gesmock.contract.schemas import Contract
from gesmock.model.types import FINAL

CHECKS: Final = Checks()
_SAMPLES: Final = 6
_GOOD: Final = ("success", "complete")
_OF_A_JOB: Final = re.compile(r"/graphs/[^/]+/jobs/[^/?]+/status(\?|$)")


def status_path(job_id: str) -> str:
    """Below the graph, the status of a job."""
    return f"/jobs/{quoted(job_id)}/status"


def status_of(answer: Answer) -> str | None:
    """The status that an answer about a job tells; None where it tells none.

    That a job has failed, and that there is none, come as the same code (ges_03_0446).
    """
    value = answer.value if isinstance(answer.value, dict) else {}
    refused = answer.status == 400 or query_failed(answer)
    if refused and is_refusal(value) and value["errorCode"] == "GES.8301":
        return None if is_gone(answer) else "failed"
    status = value.get("status") if answer.status == 200 else None
    return status if status and isinstance(status, str) else None


def query_failed(answer: Answer) -> bool:
    """Whether it is a job's that tells, with 200, that the query failed: it tells no status.

    That status and data are empty or absent then, both pages have (ges_03_0472, ges_03_0037).
    """
    value = answer.value
    if answer.status != 200 or not isinstance(value, dict) or not _OF_A_JOB.search(answer.request):
        return False
    blank = not value.get("status") and not value.get("data")
    return blank and (value.get("result") == "failed" or is_refusal(value))


def is_gone(answer: Answer) -> bool:
    """Whether an answer says that there is no such job."""
    return is_refusal(answer.value) and answer.value["errorMessage"].startswith("can not find job")


def outputs_of(answer: Answer) -> dict[str, Any]:
    """The result in an answer: below ``data`` (table) or ``data.outputs`` (example)."""
    data = answer.value.get("data") if isinstance(answer.value, dict) else None
    if not isinstance(data, dict):
        return {}
    outputs = data.get("outputs", data)
    return outputs if isinstance(outputs, dict) else {}


def _shown(session: Session) -> Iterator[tuple[dict[str, Any], Answer]]:
    """A job of each status, as far as there are, and how it is shown; what has gone is left out."""
    found = {str(job.get("status")): job for job in session.some("", lambda _: True)}
    seen = 0
    for job in [*found.values()][:_SAMPLES]:
        answer = _asked(session, job)
        if is_gone(answer) and id_of(job) not in session.page(limit=session.size).ids:
            continue
        seen += 1
        yield job, answer
    if not seen:
        raise NotApplicable("the jobs that were listed have gone")


def _asked(session: Session, job: dict[str, Any], query: str = "") -> Answer:
    return session.get(status_path(id_of(job)), query)


@CHECKS.add("ges_03_0472, ges_03_0037")
def a_job_is_as_the_list_says(session: Session, _: Contract) -> None:
    """The status of a job is the one that the list has, or a later one."""
    told = False
    for job, answer in _shown(session):
        was, status = job.get("status"), status_of(answer)
        if status is None and query_failed(answer):
            continue
        told = True
        # success and complete are two words for one end, each on a page of its own.
        if status is None or not (follows(was, status) or (was in _GOOD and status in _GOOD)):
            raise Broken(f"the list says {was} of {id_of(job)}", answer)
    if not told:
        raise NotApplicable(f"the query of each job fails: {answer}")


@CHECKS.add("ges_03_0472, ges_03_0037")
def a_job_has_its_shape(session: Session, contract: Contract) -> None:
    """The answer about a job has the documented keys, and no others."""
    names = ["JobStatus" if session.edition == "database" else "MemoryJobStatus"]
    if session.of_old:
        names.append("MemoryJobStatus")
    for _job, answer in _shown(session):
        wanted = ["FailedQuery"] if query_failed(answer) else names
        errors = [contract.error(name, answer.value) for name in wanted]
        if answer.status == 200 and all(errors):
            raise Broken(str(errors[0]), answer)


@CHECKS.add("ges_03_0472: data is empty where the query fails", "inferred")
def only_a_good_end_has_a_result(session: Session, _: Contract) -> None:
    """A job that has not ended well has no data."""
    for _job, answer in _shown(session):
        if status_of(answer) in ("pending", "running", "failed") and answer.value.get("data"):
            raise Broken("it has a result all the same", answer)


@CHECKS.add("ges_03_0037: offset and limit page the rows of a result")
def results_are_paged(session: Session, _: Contract) -> None:
    """Of a result's rows, limit and offset give a part; the sizes tell which."""
    job, key, rows, outputs = _rows(session)
    total = outputs["data_total_size"]
    answer = _asked(session, job, "limit=1&offset=1")
    if is_gone(answer):
        raise NotApplicable("the job has gone meanwhile")
    if query_failed(answer):
        raise NotApplicable(f"the query fails: {answer}")
    paged = outputs_of(answer)
    wanted = {"data_return_size": 1, "data_offset": 1, "data_total_size": total}
    if paged.get(key) != rows[1:2] or any(paged.get(one) != wanted[one] for one in wanted):
        raise Broken(f"limit=1&offset=1 does not give the second row of {total}", answer)


def _rows(session: Session) -> tuple[dict[str, Any], str, list[Any], dict[str, Any]]:
    """A job with at least two rows in its result, where they stand, the rows, and the outputs."""
    ended = session.some("that ended well", lambda job: job.get("status") in _GOOD)
    for job in ended[:20]:
        outputs = outputs_of(_asked(session, job))
        lists = [key for key, rows in outputs.items() if isinstance(rows, list) and len(rows) > 1]
        if lists and is_count(outputs.get("data_total_size")):
            return job, lists[0], outputs[lists[0]], outputs
    raise NotApplicable("no job has a result with rows")


@CHECKS.add(RELATION)
def a_result_stays(session: Session, _: Contract) -> None:
    """A job that has ended is shown the same again."""
    ended = session.some("that ended", lambda job: job.get("status") in FINAL)
    first, second = _asked(session, ended[0]), _asked(session, ended[0])
    if is_gone(second):
        raise NotApplicable("the job has gone meanwhile")
    if query_failed(first):
        raise NotApplicable(f"its query fails: {first}")
    if status_of(first) is None:
        raise Broken("it is not shown", first)
    if status_of(second) is None:
        raise NotApplicable(f"the second time it is not shown: {second}")
    if (first.status, first.value) != (second.status, second.value):
        raise Broken("it was shown otherwise before", first, second)


@CHECKS.add("ges_03_0472, ges_03_0037: GES.8301")
def an_unknown_job_is_refused(session: Session, _: Contract) -> None:
    """A job that there is not is refused with GES.8301, which names its id."""
    answer = session.get(status_path("gesmock-no-job"))
    refused = answer.value if is_refusal(answer.value) else {}
    wanted = "can not find job, jobId is gesmock-no-job"
    if (answer.status, refused.get("errorCode")) != (400, "GES.8301"):
        raise Broken("400 GES.8301 was wanted", answer)
    if refused.get("errorMessage") != wanted:
        raise Broken(f"{wanted!r} was wanted", answer)
