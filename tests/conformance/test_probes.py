"""Probes: each documented reading passes, and undocumented answers yield no setting."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from quirks import (
    MEMORY,
    PARAMETER_ERROR,
    Answer,
    Change,
    Disconnect,
    Quirk,
    Request,
    all_of,
    answer_if,
    each_job,
    each_refusal,
    failed_checks,
    failures,
    job_list,
    job_status,
    list_query,
    lost,
    number,
    outcome_of,
    session_with,
    state_and_detail,
)

from gesmock import GesMock
from gesmock.conformance import probes
from gesmock.conformance.run import run
from gesmock.remote.session import Session, SubmittedJob


def setting(session: Session, name: str) -> tuple[Any, str]:
    """The value that is found for the setting *name*, and the detail."""
    [probe] = [probe for probe in probes.probe(session) if probe.setting == name]
    return probe.value, probe.detail


def detail_of(session: Session, words: str) -> str:
    """The answer to the question that contains *words*."""
    [probe] = [probe for probe in probes.probe(session) if words in probe.question]
    return probe.detail


# --- Documented readings --------------------------------------------------------------------------


def _request_of_2023(job: dict[str, Any]) -> None:
    job["request"]["body"] = json.loads(job["request"].pop("rawRequest") or "{}")


def _job_id_in_snake_case(request: Request, answer: Answer) -> None:
    if "jobId" in answer.value:
        answer.value["job_id"] = answer.value.pop("jobId")


def _jobs_as_object(value: dict[str, Any], _: Request) -> None:
    value["jobs"] = value["jobs"][0] if value["jobs"] else {}


def _reversed_raw_request(job: dict[str, Any]) -> None:
    fields = json.loads(job["request"]["rawRequest"] or "{}")
    reverse = dict(reversed(fields.items()))
    job["request"]["rawRequest"] = json.dumps(reverse, separators=(",", ":"))


def _timestamps(job: dict[str, Any]) -> None:
    for offset, key in enumerate(("startTime", "endTime")):
        if job.get(key):
            job[key] = 1716458040000 + offset


def _sizes_below_data(value: dict[str, Any], _: int) -> None:
    outputs = value.get("data", {}).get("outputs")
    if outputs:
        value["data"] = outputs


def _failed_result(value: dict[str, Any], _: int) -> None:
    if value["status"] == "failed":
        value.update(result="failed", data={})


def _blank_failure(value: dict[str, Any], _: int) -> None:
    if value["status"] == "failed":
        value.update(status="", data={}, result="failed")


def _refusal_of_failure(value: dict[str, Any], _: int) -> None:
    if value["status"] == "failed":
        value.clear()
        value.update(errorMessage="Running algorithm [a] error: b!", errorCode="GES.8301")
        value.update(result="failed")


def _code_of_an_old_token(answer: Answer) -> None:
    if answer.value.get("errorCode") == "GES.8007":
        answer.value["errorCode"] = "GES.8005"


def _not_found(answer: Answer) -> None:
    if answer.value.get("errorCode") == "GES.8000":
        answer.value["errorMessage"] = NOT_FOUND["errorMessage"]


def _is_past_end(request: Request, answer: Answer) -> bool:
    listed = request.lists_jobs and answer.status == 200 and not answer.value.get("jobs")
    return listed and number(request.query.get("offset")) > 0


def _refuse_past_end(request: Request, answer: Answer) -> Answer | None:
    return Answer(400, PARAMETER_ERROR) if _is_past_end(request, answer) else None


def _start_over_past_end() -> Change:
    first: list[Any] = []

    def change(request: Request, answer: Answer) -> None:
        limit = number(request.query.get("limit"))
        if _is_past_end(request, answer):
            answer.value["jobs"] = first[:limit]
        elif request.lists_jobs and answer.status == 200 and limit >= 30:
            first[:] = first or answer.value["jobs"]

    return change


def _html_for_undocumented_requests(request: Request, answer: Answer) -> Answer | None:
    undocumented = request.path.endswith("/gesmock") or request.method == "PATCH"
    html = Answer(404, None, {"Content-Type": "text/html"}, b"<html>")
    return html if undocumented else None


def _cancels_a_job(request: Request) -> bool:
    return request.method == "DELETE" and "no-job" not in request.path


NOT_FOUND = {
    "errorMessage": "Not found. Please check the input parameters.",
    "errorCode": "GES.8000",
}
WITHOUT_TOTAL = job_list(lambda value, _: value.pop("totalCount"))
WITHOUT_RESULT = job_status(lambda value, _: value.pop("result", None))
BLANK_ERROR = {"errorMessage": "", "errorCode": ""}
COMPLETE = each_job(lambda job: job["status"] == "success" and job.update(status="complete"))
SECRET = {"tokens": ["secret"]}

READINGS = {
    "1: job_id (table)": Quirk(options={"settings": {"id_key": "job_id"}}),
    "1: job_id of a submission (table)": Quirk(_job_id_in_snake_case),
    "2: body of a request (2023)": Quirk(each_job(_request_of_2023)),
    "2: the old text of the memory edition": Quirk(
        all_of(each_job(_request_of_2023), WITHOUT_TOTAL, WITHOUT_RESULT)
    ),
    "2: a list of 2024": Quirk(WITHOUT_TOTAL),
    "2: large graphs of 2021": Quirk(
        all_of(each_job(_request_of_2023), WITHOUT_TOTAL),
        list_query(
            lambda query: (
                number(query.get("limit")) and (query.pop("limit"), query.pop("offset", 0))
            )
        ),
    ),
    "4: result is failed on a refusal": Quirk(options={"settings": {"failed_result": True}}),
    "4: result of a failed job": Quirk(job_status(_failed_result)),
    "5: complete in the memory edition": Quirk(COMPLETE, options=MEMORY),
    "6: success for all": Quirk(options={"settings": {"finished_status": "success"}}),
    "6: complete in the list, success elsewhere": Quirk(COMPLETE),
    "7: sizes below data": Quirk(job_status(_sizes_below_data)),
    "8: the advice of GES.8005": Quirk(each_refusal(_code_of_an_old_token), options=SECRET),
    "9: not found": Quirk(each_refusal(_not_found)),
    "9: not found, with 400": Quirk(
        each_refusal(_not_found), options={"settings": {"unknown_graph_status": 400}}
    ),
    "11: no sign-in": Quirk(
        request=lambda request: request.headers.setdefault("x-auth-token", "secret"),
        options=SECRET,
    ),
    "13: progress is an Integer": Quirk(
        each_job(lambda job: job.update(progress=int(job["progress"]))), options=MEMORY
    ),
    "times are timestamps": Quirk(each_job(_timestamps), options=MEMORY),
    "errorMessage and errorCode are blank": Quirk(
        all_of(
            job_list(lambda value, _: value.update(BLANK_ERROR)),
            job_status(lambda value, _: value.update(BLANK_ERROR)),
        )
    ),
    "status and data are blank on a refusal": Quirk(
        each_refusal(lambda answer: answer.value.update(status="", data={}))
    ),
    "a code of no copy": Quirk(
        answer_if(
            lambda request: request.query.get("limit") == "none",
            400,
            {"errorMessage": "?", "errorCode": "GES.8999"},
        )
    ),
    "keys of rawRequest in another order": Quirk(each_job(_reversed_raw_request)),
    "keys of the list in another order": Quirk(
        job_list(lambda value, _: value.update(jobs=value.pop("jobs")))
    ),
    "a blank limit counts as none": Quirk(
        request=list_query(lambda query: query.get("limit") == "" and query.pop("limit"))
    ),
    "another project is refused because of the token": Quirk(
        answer_if(
            lambda request: "no-project" in request.path,
            400,
            {"errorMessage": "Invalid resource access.", "errorCode": "GES.8006"},
        )
    ),
    "an edition without cancel": Quirk(
        answer_if(lambda request: request.method == "DELETE", 404, NOT_FOUND)
    ),
    "cancel is unsupported": Quirk(
        answer_if(
            _cancels_a_job, 400, {"errorMessage": "unsupported operation", "errorCode": "GES.8304"}
        ),
        options=MEMORY,
    ),
    "8.2: an offset past the end is refused": Quirk(_refuse_past_end),
    "8.2: with a single job": Quirk(_refuse_past_end, options={"generate": 1}),
    "8.2: with no job": Quirk(_refuse_past_end, options={"generate": 0}),
    "8.2: without a total": Quirk(all_of(WITHOUT_TOTAL, _refuse_past_end)),
    "8.2: the list starts over past its end": Quirk(_start_over_past_end()),
    "status and data are blank if a query fails": Quirk(job_status(_blank_failure)),
    "status and data are absent if a query fails": Quirk(job_status(_refusal_of_failure)),
    "every query of a job fails": Quirk(
        job_status(lambda value, _: value.update(status="", data={}, result="failed"))
    ),
    "a cancelled job is gone": Quirk(
        answer_if(_cancels_a_job, 200, {}),
        lost(_cancels_a_job),
        options=MEMORY,
    ),
    "HTML for undocumented requests": Quirk(_html_for_undocumented_requests),
}
"""By their number in the list of contradictions, if they are in it."""


@pytest.mark.parametrize("name", READINGS)
def test_a_documented_reading_fails_no_check(ges: GesMock, name: str) -> None:
    quirk = READINGS[name]
    session = session_with(ges, quirk)

    result = run(session)

    assert failures(result, "failed") == []
    assert result.count("passed") > 8
    assert session.changed_anything or quirk.options


def test_jobs_that_are_an_object_fail_a_check_and_decide_nothing_else(ges: GesMock) -> None:
    session = session_with(ges, Quirk(job_list(_jobs_as_object)))

    assert failed_checks(run(session)) == ["list_has_documented_shape"]
    assert detail_of(session, "jobs: an object") == "an object"
    assert "no page says which jobs it holds" in setting(session, "order")[1]


def test_a_list_may_have_no_jobs_at_all(ges: GesMock) -> None:
    session = session_with(ges, Quirk(job_list(lambda value, _: value.pop("jobs"))))

    assert detail_of(session, "jobs: an object").startswith("there are none: GET ")


def test_a_list_of_before_2025_is_of_either_edition(ges: GesMock) -> None:
    session = session_with(ges, READINGS["2: the old text of the memory edition"])

    assert setting(session, "edition") == (
        None,
        "its list is like those before 2025, which are the same for both editions",
    )
    assert detail_of(session, "listed request's body") == "body"


# --- Undocumented answers -------------------------------------------------------------------------

PROBES: dict[str, tuple[Callable[[Request], object], dict[str, Any]]] = {
    "limit_zero": (lambda request: request.query.get("limit") == "0", {}),
    "limit_over_maximum": (lambda request: request.query.get("limit") == "100001", {}),
    "maximum_limit": (
        lambda request: number(request.query.get("limit")) > 1000,
        {"settings": {"limit_over_maximum": "refuse"}},
    ),
    "open_projects": (lambda request: "/00000000" in request.path, {}),
    "forbidden_status": (lambda request: "/00000000" in request.path, SECRET),
    "unknown_graph_status": (lambda request: "gesmockNobody" in request.path, {}),
    "invalid_token_status": (
        lambda request: request.headers.get("x-auth-token") == "gesmockNobody",
        SECRET,
    ),
    "dialect": (lambda request: "none" in request.query.values(), {}),
    "failed_result": (lambda request: "none" in request.query.values(), {}),
    "sdk_error_keys": (lambda request: "none" in request.query.values(), {}),
}
"""The requests of a probe, and the options with which it finds a value."""


def _disconnect(_: Request) -> Answer:
    raise Disconnect


UNDOCUMENTED: dict[str, Callable[[Request], Answer]] = {
    "429": lambda _: Answer(429, {"error_code": "APIGW.0308", "error_msg": "?"}),
    "503": lambda _: Answer(503, {"errorMessage": "?", "errorCode": "GES.8000"}),
    "404 of a web server": lambda _: Answer(404, None, {}, b"<html>"),
    "404 of the gateway": lambda _: Answer(404, {"error_code": "APIGW.0101"}),
    "401 of the gateway": lambda _: Answer(401, {"error_code": "APIGW.0301"}),
    "500": lambda _: Answer(500, {"errorMessage": "?", "errorCode": "GES.8302"}),
    "422": lambda _: Answer(422, {"errorMessage": "?", "errorCode": "GES.8005"}),
    "another code": lambda _: Answer(400, {"errorMessage": "?", "errorCode": "GES.8020x"}),
    "not a list": lambda _: Answer(200, {"detail": "ok"}),
    "not JSON": lambda _: Answer(200, None, {}, b"{"),
    "a disconnect": _disconnect,
}


@pytest.mark.parametrize("answer", UNDOCUMENTED)
@pytest.mark.parametrize("name", PROBES)
def test_an_undocumented_answer_yields_no_setting(ges: GesMock, name: str, answer: str) -> None:
    is_probe, options = PROBES[name]
    undocumented = UNDOCUMENTED[answer]
    quirk = Quirk(lambda request, _: undocumented(request) if is_probe(request) else None)

    value, detail = setting(session_with(ges, quirk, submit=False, **options), name)

    assert value is None
    assert detail


@pytest.mark.parametrize("name", PROBES)
def test_a_probe_is_repeated_after_a_429(ges: GesMock, name: str) -> None:
    is_probe, options = PROBES[name]
    numbers: set[int] = set()

    def busy_at_first(request: Request, _: Answer) -> Answer | None:
        if not is_probe(request) or request.number - 1 in numbers:
            return None
        numbers.add(request.number)
        return Answer(429, {}, {"Retry-After": "3"})

    session = session_with(ges, Quirk(busy_at_first), submit=False, **options)

    assert setting(session, name)[0] is not None
    assert {*session.slept} == {3.0}


def test_a_deeply_nested_answer_yields_no_setting(ges: GesMock) -> None:
    def nested(request: Request, answer: Answer) -> Answer | None:
        raise RecursionError

    session = session_with(ges, Quirk(nested))

    assert setting(session, "limit_zero") == (None, "an answer is nested too deeply")
    assert state_and_detail("limit_is_respected", session) == (
        "failed",
        "an answer is nested too deeply",
    )


# --- Limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("settings", "maximum"), [({"maximum_limit": 7}, 7), ({}, 100_000)])
def test_the_maximum_is_the_highest_limit_that_is_not_refused(
    ges: GesMock, settings: dict[str, Any], maximum: int
) -> None:
    session = session_with(ges, generate=3, settings={"limit_over_maximum": "refuse", **settings})

    assert setting(session, "maximum_limit")[0] == maximum


ONE_FEWER_WITHOUT_LIMIT = job_list(
    lambda value, request: "limit" not in request.query and value["jobs"].pop()
)


@pytest.mark.parametrize(
    ("quirk", "detail"),
    [
        (
            Quirk(request=list_query(lambda query: query.setdefault("limit", "10"))),
            "10 of 30 jobs are returned without a limit, and others with one",
        ),
        (
            Quirk(
                job_list(lambda value, it: "limit" not in it.query and value.update(jobs=[])),
            ),
            "0 of 30 jobs are returned without a limit, and others with one",
        ),
        (
            Quirk(
                answer_if(
                    lambda it: number(it.query.get("limit")) and it.query.get("offset"),
                    400,
                    {"errorMessage": "?", "errorCode": "GES.8005"},
                )
            ),
            "at the offset 29, every limit is refused",
        ),
        (
            Quirk(all_of(WITHOUT_TOTAL, ONE_FEWER_WITHOUT_LIMIT)),
            "only 29 jobs are returned without a limit, and others with one",
        ),
        (Quirk(WITHOUT_TOTAL), "all 30 jobs are returned without a limit"),
    ],
)
def test_a_default_is_not_taken_for_the_maximum(ges: GesMock, quirk: Quirk, detail: str) -> None:
    assert setting(session_with(ges, quirk), "maximum_limit") == (None, detail)


def test_all_jobs_that_are_returned_without_a_limit_are_counted(ges: GesMock) -> None:
    session = session_with(ges, generate=5)
    session.most = 3

    detail = "all 5 jobs are returned without a limit"
    assert setting(session, "maximum_limit") == (None, detail)


def test_without_a_total_the_maximum_shows_because_more_jobs_follow(ges: GesMock) -> None:
    session = session_with(ges, Quirk(WITHOUT_TOTAL), settings={"maximum_limit": 5})

    assert setting(session, "maximum_limit")[0] == 5
    assert session.page_size == 5


def test_a_limit_of_0_that_returns_jobs_yields_no_setting(ges: GesMock) -> None:
    quirk = Quirk(
        request=list_query(lambda query: query.get("limit") == "0" and query.pop("limit"))
    )

    assert setting(session_with(ges, quirk), "limit_zero") == (None, "30 jobs are returned")


# --- Order and edition ----------------------------------------------------------------------------

NO_TIMES = each_job(lambda job: job.update(startTime=""))


@pytest.mark.parametrize("order", ["newest_first", "oldest_first"])
def test_the_order_is_read_from_start_times(ges: GesMock, order: str) -> None:
    session = session_with(ges, settings={"edition": "memory", "order": order})

    assert setting(session, "order")[0] == order


@pytest.mark.parametrize("order", ["newest_first", "oldest_first"])
def test_without_start_times_the_order_is_read_from_a_submitted_job(
    ges: GesMock, order: str
) -> None:
    settings = {"edition": "memory", "order": order}
    session = session_with(ges, Quirk(NO_TIMES), settings=settings)

    assert failures(run(session), "failed") == []
    assert setting(session, "order")[0] == order


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"edition": "memory"}, id="a full page is not the whole list"),
        pytest.param({}, id="the total has changed"),
    ],
)
def test_no_order_is_read_while_others_submit_jobs(ges: GesMock, settings: dict[str, Any]) -> None:
    added = {"operation": "list_jobs", "fault": {"kind": "insert_jobs"}}
    session = session_with(ges, Quirk(NO_TIMES), settings=settings, faults=[added], generate=1)
    session.most = 4  # ours is the last of them by the time they are read

    outcome_of("submitted_jobs_run_to_an_end", session)

    [job] = session.submitted
    assert (job.is_first, job.is_last) == (False, False)
    assert setting(session, "order")[0] is None


def test_no_order_is_read_from_a_list_that_was_empty(ges: GesMock) -> None:
    session = session_with(ges, generate=0)
    assert session.whole.jobs == []
    session.submitted.append(
        SubmittedJob("vertex_query", is_first=True, is_last=False, status="complete")
    )

    assert setting(session, "order")[0] is None


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (
            job_list(lambda value, _: value["jobs"].sort(key=lambda job: job["jobId"])),
            "the jobs are in no order of their times",
        ),
        (
            each_job(lambda job: job.update(startTime="2024-05-23 09:54:00")),
            "no two jobs with comparable times are listed (see --allow-writes)",
        ),
    ],
)
def test_no_order_is_read_from_times_in_no_order(ges: GesMock, change: Change, detail: str) -> None:
    assert setting(session_with(ges, Quirk(change, options=MEMORY)), "order") == (None, detail)


def test_an_unknown_shape_of_jobs_yields_no_edition(ges: GesMock) -> None:
    session = session_with(ges, Quirk(each_job(lambda job: job.pop("request"))))

    value, detail = setting(session, "edition")

    assert value is None
    assert detail.startswith("no edition lists its jobs like this: GET ")


def test_the_edition_of_an_empty_list_is_asked_for_once(ges: GesMock) -> None:
    session = session_with(ges, generate=0)
    assert session.edition == "database"
    requests = session.requests

    assert not session.is_pre_2025
    assert session.requests == requests


def test_an_empty_list_without_a_total_is_of_either_edition(ges: GesMock) -> None:
    session = session_with(ges, generate=0, **MEMORY)

    assert "it could be either edition" in setting(session, "edition")[1]


# --- Refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "name", "detail"),
    [
        ({"result": "error"}, "failed_result", 'the result of a refusal is "error"'),
        ({"error_msg": "a"}, "sdk_error_keys", "a refusal has only one of them"),
    ],
)
def test_undocumented_keys_of_a_refusal_yield_no_setting(
    ges: GesMock, fields: dict[str, Any], name: str, detail: str
) -> None:
    session = session_with(ges, Quirk(each_refusal(lambda answer: answer.value.update(fields))))

    assert setting(session, name) == (None, detail)


def test_a_message_of_no_page_yields_no_dialect(ges: GesMock) -> None:
    session = session_with(ges, Quirk(each_refusal(lambda it: it.value.update(errorMessage="No!"))))

    assert setting(session, "dialect") == (
        None,
        "its message is neither the page's nor the error table's: No!",
    )
