"""What has to hold of one job's status and result."""

from typing import Any, Final

from gesmock.conformance.checks import RELATION, Checks
from gesmock.conformance.client import Answer, quoted
from gesmock.conformance.contract import Contract
from gesmock.conformance.session import Broken, NotApplicable, Session, follows, id_of, is_refusal
from gesmock.statuses import FINAL

CHECKS: Final = Checks()
_SAMPLES: Final = 3


def status_path(job_id: str) -> str:
    """Below the graph, the status of a job."""
    return f"/jobs/{quoted(job_id)}/status"


def status_of(answer: Answer) -> str | None:
    """The status that an answer about a job tells; a failed algorithm's is a refusal (0446)."""
    value = answer.value if isinstance(answer.value, dict) else {}
    if is_refusal(value) and str(value["errorMessage"]).startswith("Running algorithm ["):
        return "failed"
    return value.get("status") if answer.status == 200 else None


def _samples(session: Session) -> list[dict[str, Any]]:
    """A job of each status, as far as there are."""
    found = {str(job.get("status")): job for job in session.some("", lambda _: True)}
    return [*found.values()][: 2 * _SAMPLES]


def _asked(session: Session, job: dict[str, Any], query: str = "") -> Answer:
    return session.get(status_path(id_of(job)), query)


@CHECKS.add("ges_03_0472, ges_03_0037")
def a_job_is_as_the_list_says(session: Session, _: Contract) -> None:
    """The status of a job is the one that the list has, or a later one."""
    for job in _samples(session):
        answer = _asked(session, job)
        was, status = job.get("status"), status_of(answer)
        if not follows(was, status):
            raise Broken(f"the list says {was} of {id_of(job)}", answer)


@CHECKS.add("ges_03_0472, ges_03_0037")
def a_job_has_its_shape(session: Session, contract: Contract) -> None:
    """The answer about a job has the documented keys, and no others."""
    name = "JobStatus" if session.edition == "database" else "MemoryJobStatus"
    for job in _samples(session):
        answer = _asked(session, job)
        if answer.status == 200 and (flaw := contract.flaw(name, answer.value)):
            raise Broken(flaw, answer)


@CHECKS.add("ges_03_0472: data is empty where the query fails", "inferred")
def only_a_good_end_has_a_result(session: Session, _: Contract) -> None:
    """A job that has not ended well has no data."""
    for job in _samples(session):
        answer = _asked(session, job)
        if status_of(answer) in ("pending", "running", "failed") and answer.value.get("data"):
            raise Broken("it has a result all the same", answer)


@CHECKS.add("ges_03_0037: offset and limit page the rows of a result")
def results_are_paged(session: Session, _: Contract) -> None:
    """Of a result's rows, limit and offset give a part; the sizes tell which."""
    job, key, rows, outputs = _rows(session)
    total = outputs["data_total_size"]
    answer = _asked(session, job, "limit=1&offset=1")
    paged = answer.value["data"]["outputs"]
    wanted = {"data_return_size": 1, "data_offset": 1, "data_total_size": total}
    if paged.get(key) != rows[1:2] or any(paged.get(one) != wanted[one] for one in wanted):
        raise Broken(f"limit=1&offset=1 does not give the second row of {total}", answer)


def _rows(session: Session) -> tuple[dict[str, Any], str, list[Any], dict[str, Any]]:
    """A job with at least two rows in its result, where they stand, the rows, and the outputs."""
    ended = session.some(
        "that ended well", lambda job: job.get("status") in ("success", "complete")
    )
    for job in ended[:20]:
        answer = _asked(session, job)
        outputs = answer.value.get("data", {}).get("outputs", {})
        lists = [key for key, rows in outputs.items() if isinstance(rows, list) and len(rows) > 1]
        if lists and "data_total_size" in outputs:
            return job, lists[0], outputs[lists[0]], outputs
    raise NotApplicable("no job has a result with rows")


@CHECKS.add(RELATION)
def a_result_stays(session: Session, _: Contract) -> None:
    """A job that has ended is shown the same again."""
    ended = session.some("that ended", lambda job: job.get("status") in FINAL)
    first, second = _asked(session, ended[0]), _asked(session, ended[0])
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
