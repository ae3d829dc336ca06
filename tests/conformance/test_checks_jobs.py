"""Checks of single jobs: jobs that disappear, queries that fail, submissions and cancels."""

from collections import Counter
from typing import Any

import pytest
from quirks import (
    MEMORY,
    Answer,
    Quirk,
    Request,
    answer_if,
    each_job,
    failed_checks,
    failures,
    job_status,
    outcome_of,
    session_with,
    state_and_detail,
)

from gesmock import GesMock
from gesmock.conformance.run import run
from gesmock.remote.session import Submission

UNKNOWN_JOB = {"errorMessage": "can not find job, jobId is a", "errorCode": "GES.8301"}
FAILED_QUERY = {"status": "", "data": {}, "result": "failed"}


def second_query(status: int, value: dict[str, Any]) -> Quirk:
    """Give another answer when a job is asked for a second time."""
    queries: Counter[str] = Counter()

    def change(request: Request, answer: Answer) -> Answer | None:
        queries[request.path] += 1
        again = not request.lists_jobs and queries[request.path] > 1
        return Answer(status, value) if again else None

    return Quirk(change)


def accept_once() -> Quirk:
    """Refuse every submission but the first, as for an index that exists."""
    refusal = {"errorMessage": "index a already exists", "errorCode": "GES.8402"}
    numbers: list[int] = []

    def change(request: Request, answer: Answer) -> Answer | None:
        if request.method != "POST" or answer.status != 200:
            return None
        numbers.append(request.number)
        return Answer(400, refusal) if len(numbers) > 1 else None

    return Quirk(change)


# --- Listed jobs ----------------------------------------------------------------------------------


def test_a_listed_job_may_disappear(ges: GesMock) -> None:
    session = session_with(ges, generate=1)
    _ = session.whole
    ges.remove_job(ges.jobs()[0])

    assert state_and_detail("job_status_agrees_with_list", session) == (
        "skipped",
        "the listed jobs are gone",
    )


def test_a_job_that_is_listed_but_unknown_fails(ges: GesMock) -> None:
    unknown = Quirk(answer_if(lambda request: not request.lists_jobs, 400, UNKNOWN_JOB))

    state, detail = state_and_detail("job_status_agrees_with_list", session_with(ges, unknown))

    assert state == "failed"
    assert detail.startswith("the list says that ")


def test_success_and_complete_are_the_same_end(ges: GesMock) -> None:
    other = {"success": "complete", "complete": "success"}
    quirk = Quirk(each_job(lambda job: job.update(status=other.get(job["status"], job["status"]))))

    assert state_and_detail("job_status_agrees_with_list", session_with(ges, quirk)) == (
        "passed",
        "",
    )


@pytest.mark.parametrize("name", ["results_are_stable", "results_are_paged"])
def test_a_job_may_disappear_between_two_queries(ges: GesMock, name: str) -> None:
    session = session_with(ges, second_query(400, UNKNOWN_JOB))

    assert state_and_detail(name, session) == ("skipped", "the job is gone")


def test_a_second_query_that_fails_with_500_decides_nothing(ges: GesMock) -> None:
    refusal = {"errorMessage": "Job query error.", "errorCode": "GES.8302"}

    state, detail = state_and_detail(
        "results_are_stable", session_with(ges, second_query(500, refusal))
    )

    assert state == "skipped"
    assert detail.startswith("the second answer has no status: GET ")


def test_an_ended_job_without_a_status_fails(ges: GesMock) -> None:
    quirk = Quirk(job_status(lambda value, _: value.pop("status")))

    assert state_and_detail("results_are_stable", session_with(ges, quirk)) == (
        "failed",
        "the answer has no status",
    )


@pytest.mark.parametrize("data", [{"outputs": [1]}, "none"])
def test_paging_needs_a_result_with_rows(ges: GesMock, data: Any) -> None:
    quirk = Quirk(job_status(lambda value, _: value.update(data=data)))

    assert state_and_detail("results_are_paged", session_with(ges, quirk)) == (
        "skipped",
        "no job has a result with rows",
    )


@pytest.mark.parametrize(
    "name", ["job_status_agrees_with_list", "results_are_stable", "submitted_jobs_run_to_an_end"]
)
def test_a_query_that_always_fails_decides_nothing(ges: GesMock, name: str) -> None:
    failing = Quirk(job_status(lambda value, _: value.update(FAILED_QUERY)))

    state, detail = state_and_detail(name, session_with(ges, failing))

    assert state == "skipped"
    assert "fails: GET " in detail


def test_a_query_that_fails_for_a_page_of_a_result_decides_nothing(ges: GesMock) -> None:
    failing = Quirk(
        answer_if(lambda it: not it.lists_jobs and "offset" in it.query, 200, FAILED_QUERY)
    )

    state, detail = state_and_detail("results_are_paged", session_with(ges, failing))

    assert state == "skipped"
    assert detail.startswith("the query fails: GET ")


@pytest.mark.parametrize(
    "value",
    [
        {"status": "", "data": {}, "result": "failed", "more": 1},
        {"status": "", "data": {}, "result": "success"},
        {"errorMessage": "no", "errorCode": "none", "result": "failed"},
        {"data": {}},
    ],
)
def test_a_failed_query_has_a_documented_shape_too(ges: GesMock, value: dict[str, Any]) -> None:
    quirk = Quirk(answer_if(lambda request: not request.lists_jobs, 200, value))

    assert outcome_of("job_has_documented_shape", session_with(ges, quirk)).state == "failed"


# --- Submitted jobs -------------------------------------------------------------------------------


def test_an_empty_body_is_not_replaced_with_the_example() -> None:
    assert Submission.of("vertex_query", "{}", 60)["memory"].body == {}


@pytest.mark.parametrize(
    ("command", "plan"), [("execute_algorithm", "fails_late"), ("execute_cypher_query", "normal")]
)
def test_any_operation_can_be_submitted(ges: GesMock, command: str, plan: str) -> None:
    session = session_with(ges, generate=0, plans=[{"plan": plan}])
    session.submit = Submission.of(command, None, 60)

    assert failures(run(session)) == []


def test_a_submitted_job_may_appear_late(ges: GesMock) -> None:
    job_ids: list[str] = []

    def appear_late(request: Request, answer: Answer) -> Answer | None:
        if request.method == "POST":
            job_ids.append(answer.value["jobId"])
        elif job_ids and job_ids[0] in request.path and len(job_ids) < 3:
            job_ids.append("")
            return Answer(400, {"errorMessage": "can not find job", "errorCode": "GES.8301"})
        return None

    session = session_with(ges, Quirk(appear_late))

    assert state_and_detail("submitted_jobs_run_to_an_end", session) == ("passed", "")


@pytest.mark.parametrize("job_id", [None, 5, ""])
def test_a_submission_needs_a_job_id_that_is_a_string(ges: GesMock, job_id: Any) -> None:
    quirk = Quirk(answer_if(lambda request: request.method == "POST", 200, {"jobId": job_id}))

    assert state_and_detail("submitted_jobs_run_to_an_end", session_with(ges, quirk)) == (
        "failed",
        "expected 200 and a jobId",
    )


def test_a_job_in_the_middle_of_a_long_list_is_not_searched_for(ges: GesMock) -> None:
    added = {"operation": "list_jobs", "fault": {"kind": "insert_jobs", "count": 30}}
    session = session_with(ges, generate=40, faults=[added])
    session.most = 10

    assert state_and_detail("submitted_jobs_run_to_an_end", session) == (
        "skipped",
        "the submitted job is neither among the first 10 jobs nor the last",
    )


def test_a_job_that_ends_at_once_cannot_be_cancelled(ges: GesMock) -> None:
    session = session_with(ges, generate=0, plans=[{"plan": "instant"}], **MEMORY)

    assert state_and_detail("cancelled_jobs_end", session) == (
        "skipped",
        "the job had ended before it could be cancelled",
    )


@pytest.mark.parametrize(
    "names",
    [
        ("submitted_jobs_run_to_an_end", "jobs_can_be_cancelled", "cancelled_jobs_end"),
        ("jobs_can_be_cancelled", "submitted_jobs_run_to_an_end", "cancelled_jobs_end"),
    ],
)
def test_a_call_that_is_accepted_only_once_skips_the_other_checks(
    ges: GesMock, names: tuple[str, ...]
) -> None:
    session = session_with(ges, accept_once(), **MEMORY)

    first, *later = [outcome_of(name, session) for name in names]

    assert first.state == "passed"
    assert [outcome.state for outcome in later] == ["skipped"] * 2
    assert all("index a already exists" in outcome.detail for outcome in later)


def test_a_call_that_is_accepted_only_once_fails_no_check(ges: GesMock) -> None:
    result = run(session_with(ges, accept_once()))

    assert failures(result) == []
    assert result.count("passed") > 8


def test_a_call_that_is_never_accepted_fails_one_check(ges: GesMock) -> None:
    refusal = {"errorMessage": "no", "errorCode": "GES.8402"}
    quirk = Quirk(answer_if(lambda request: request.method == "POST", 400, refusal))

    result = run(session_with(ges, quirk, **MEMORY))

    assert failed_checks(result) == ["submitted_jobs_run_to_an_end"]
    [cancel] = [it for it in result.outcomes if it.check.name == "jobs_can_be_cancelled"]
    assert cancel.detail.startswith("no job could be submitted: expected 200 and a jobId")
