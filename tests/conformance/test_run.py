"""Runs: against the fake, servers that break one rule, and servers that answer anything."""

import json
import re
from collections.abc import Callable
from inspect import isfunction
from itertools import cycle
from typing import Any
from unittest.mock import Mock

import pytest
from conftest import CHARACTERS
from hypothesis import given
from hypothesis import strategies as st
from quirks import (
    EMPTY_LIST,
    MEMORY,
    PARAMETER_ERROR,
    READS,
    Answer,
    Quirk,
    QuirkySession,
    Request,
    all_of,
    answer_if,
    check_up_to,
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
)

from gesmock import GesMock
from gesmock.conformance import checks_jobs, checks_list, checks_refusals, probes, report
from gesmock.conformance.probes import ProbedSession
from gesmock.conformance.run import CHECKS, run
from gesmock.fake import fixtures
from gesmock.model.settings import Settings
from gesmock.remote.client import ServerReply
from gesmock.remote.http import Unresponsive
from gesmock.remote.session import Submission
from gesmock.remote.target import Target

# --- The fake -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"dialect": "page"},
        {"dialect": "error_table"},
        {"dialect": "error_table", "edition": "memory"},
        {"dialect": "page", "edition": "memory", "id_key": "both"},
        {"limit_over_maximum": "refuse", "limit_zero": "refuse", "maximum_limit": 7},
        {"limit_over_maximum": "refuse", "maximum_limit": 1},
        {"maximum_limit": 1},
        {"maximum_limit": 7, "id_key": "job_id", "order": "oldest_first"},
        {"failed_result": True, "sdk_error_keys": True, "open_projects": True},
        {"unknown_graph_status": 404, "strict_edition": False},
        {"edition": "memory", "strict_edition": False},
    ],
)
@pytest.mark.parametrize("token", ["", "secret"])
def test_the_fake_passes_and_its_settings_are_determined(
    ges: GesMock, settings: dict[str, Any], token: str
) -> None:
    result = run(session_with(ges, settings=settings, tokens=[token] if token else []))

    assert failed_checks(result) == (CAPPED if "maximum_limit" in settings else [])
    in_force = {name: getattr(ges.settings, name) for name in Settings.__struct_fields__}
    determined = probes.settings_of(result.probes)
    assert determined.items() <= in_force.items()
    assert set(in_force) - set(determined) == undeterminable(settings, token)


CAPPED = ["limit_is_respected", "limit_defaults_to_the_maximum"]


def undeterminable(settings: dict[str, Any], token: str) -> set[str]:
    """The settings that no answer shows."""
    hidden = {"open_projects"} if token else {"invalid_token_status", "forbidden_status"}
    if token and settings.get("open_projects"):
        hidden = {"forbidden_status"}  # the token opens every project
    memory = settings.get("edition") == "memory"
    if "maximum_limit" not in settings and "limit_over_maximum" not in settings:
        hidden.add("maximum_limit")  # the graph has fewer jobs than that
    if settings.get("maximum_limit") == 1:
        hidden.add("finished_status")  # it takes two jobs
    if memory:
        hidden |= {"finished_status", "maximum_limit"}
    return hidden


def test_a_fake_with_the_determined_settings_yields_the_same_settings(ges: GesMock) -> None:
    settings = {"limit_zero": "refuse", "id_key": "both", "order": "oldest_first"}
    determined = probes.settings_of(run(session_with(ges, settings=settings)).probes)

    again = run(session_with(ges, settings=determined))

    assert probes.settings_of(again.probes) == determined


@pytest.mark.parametrize(
    ("command", "finished"), [("create_index", "complete"), ("execute_algorithm", "success")]
)
def test_the_finished_status_is_read_from_submitted_jobs(
    ges: GesMock, command: str, finished: str
) -> None:
    session = session_with(ges, settings={"finished_status": finished}, generate=0)
    session.submit = Submission.of(command, None, 60)

    determined = probes.settings_of(run(session).probes)

    assert determined["finished_status"] == finished


def test_nothing_is_written_unless_it_is_allowed(ges: GesMock) -> None:
    run(session_with(ges, submit=False))

    assert {entry.method for entry in ges.journal} == {"GET", "HEAD"}
    assert len(ges.jobs()) == 30


# --- Servers that break one rule ------------------------------------------------------------------


def _reverse_every_other_list(value: dict[str, Any], request: Request) -> None:
    if request.number % 2:
        value["jobs"].reverse()


def _change_ids(value: dict[str, Any], request: Request) -> None:
    for job in value["jobs"]:
        job["jobId"] += str(request.number)


def _restart_jobs(value: dict[str, Any], request: Request) -> None:
    if request.number > 30:
        for job in value["jobs"]:
            job["status"] = "running"


def _repeat_first_id(value: dict[str, Any], request: Request) -> None:
    for job in value["jobs"][1:2]:
        job["jobId"] = value["jobs"][0]["jobId"]


def _has_unknown_parameter(request: Request) -> bool:
    return "gesmock" in request.query


def _is_head(request: Request) -> bool:
    return request.method == "HEAD"


def _is_not_a_number(request: Request) -> bool:
    return "none" in request.query.values()


def _is_first_wrong_number(request: Request) -> bool:
    """Whether a wrong number is sent for the first time, before a check of refusals sends it."""
    return _is_not_a_number(request) and request.number < 12


def _return_page_size_as_total(value: dict[str, Any], number: int) -> None:
    outputs = value.get("data", {}).get("outputs", {})
    if "data_total_size" in outputs:
        outputs["data_total_size"] = outputs["data_return_size"]


def _change_results(value: dict[str, Any], number: int) -> None:
    if value["status"] in ("success", "complete"):
        value.update(data={"outputs": {"n": number}})


NESTED_KEYS = json.dumps({"a": [1, json.dumps({"b": {"secretKey": ""}})]}, separators=(",", ":"))
SECRET = {"tokens": ["secret"]}

BROKEN = {
    "another key": (
        "list_has_documented_shape",
        Quirk(job_list(lambda value, _: value.update(count=1))),
    ),
    "a job without a request": (
        "list_has_documented_shape",
        Quirk(each_job(lambda job: job.update(request={}))),
    ),
    "another order of keys": (
        "keys_are_in_example_order",
        Quirk(job_list(lambda value, _: value.update(jobs=value.pop("jobs")))),
    ),
    "different jobs each time": ("ids_are_stable", Quirk(job_list(_change_ids))),
    "another order each time": ("ids_are_stable", Quirk(job_list(_reverse_every_other_list))),
    "the same id twice": ("ids_are_unique", Quirk(job_list(_repeat_first_id))),
    "an undocumented status": (
        "statuses_are_documented",
        Quirk(
            job_list(
                lambda value, request: (
                    request.query.get("limit") == "1"
                    and [job.update(status="done") for job in value["jobs"]]
                )
            )
        ),
    ),
    "overlapping pages": (
        "pages_add_up_to_the_list",
        Quirk(
            request=list_query(
                lambda query: query.update(offset=str(number(query.get("offset")) // 2))
            )
        ),
    ),
    "one job more than limit": (
        "limit_is_respected",
        Quirk(
            request=list_query(lambda query: query.get("limit") == "2" and query.update(limit="3"))
        ),
    ),
    "one job too few just below the count": (
        "limit_is_respected",
        Quirk(
            request=list_query(
                lambda query: query.get("limit") == "29" and query.update(limit="28")
            )
        ),
    ),
    "offset counts from 1": (
        "offset_skips_jobs",
        Quirk(
            request=list_query(
                lambda query: query.get("offset") == "1" and query.update(offset="0")
            )
        ),
    ),
    "another first job with limit=1": (
        "offset_defaults_to_0",
        Quirk(
            request=list_query(
                lambda query: query == {"limit": "1", "offset": "0"} and query.update(offset="1")
            )
        ),
    ),
    "limit is 10 by default": (
        "limit_defaults_to_the_maximum",
        Quirk(request=list_query(lambda query: query.setdefault("limit", "10"))),
    ),
    "a total that is too high": (
        "total_is_the_number_of_jobs",
        Quirk(job_list(lambda value, _: value.update(totalCount=value["totalCount"] + 1))),
    ),
    "a total that is too low": (
        "total_is_the_number_of_jobs",
        Quirk(job_list(lambda value, _: value.update(totalCount=value["totalCount"] - 1))),
    ),
    "a total of 1000, and a list that starts over": (
        "total_is_the_number_of_jobs",
        Quirk(
            job_list(lambda value, _: value.update(totalCount=1000)),
            list_query(lambda query: query.update(offset=str(number(query.get("offset")) % 30))),
        ),
    ),
    "the total of the page": (
        "total_is_independent_of_the_page",
        Quirk(job_list(lambda value, _: value.update(totalCount=len(value["jobs"])))),
    ),
    "a list that starts over past its end": (
        "list_is_empty_past_its_end",
        Quirk(
            request=list_query(
                lambda query: query.get("offset") == "2000000000" and query.pop("offset")
            )
        ),
    ),
    "an unknown parameter filters": (
        "unknown_parameters_are_ignored",
        Quirk(job_list(lambda value, it: _has_unknown_parameter(it) and value.update(jobs=[]))),
    ),
    "an unknown parameter is refused": (
        "unknown_parameters_are_ignored",
        Quirk(answer_if(_has_unknown_parameter, 400, {"errorMessage": "?", "errorCode": "?"})),
    ),
    "rawRequest in Python's notation": (
        "raw_requests_are_json",
        Quirk(each_job(lambda job: job.update(rawRequest="{'a':1}")), options=MEMORY),
    ),
    "storage keys in rawRequest": (
        "requests_show_no_storage_keys",
        Quirk(each_job(lambda job: job["request"].update(rawRequest='{"accessKey":"AK"}'))),
    ),
    "storage keys in a URL": (
        "requests_show_no_storage_keys",
        Quirk(
            each_job(
                lambda job: job["request"].update(
                    url=job["request"]["url"] + "&secret_key=", rawRequest=""
                )
            )
        ),
    ),
    "storage keys in JSON within JSON": (
        "requests_show_no_storage_keys",
        Quirk(each_job(lambda job: job["request"].update(rawRequest=NESTED_KEYS))),
    ),
    "white space in rawRequest": (
        "raw_requests_are_compact",
        Quirk(each_job(lambda job: job["request"].update(rawRequest='{"a": 1}'))),
    ),
    "a URL of another graph": (
        "urls_name_this_graph",
        Quirk(
            each_job(
                lambda job: job["request"].update(url=job["request"]["url"].replace("movie", "m"))
            )
        ),
    ),
    "a URL with its host": (
        "urls_are_paths",
        Quirk(each_job(lambda job: job["request"].update(url="http://10.0.0.1/ges"))),
    ),
    "ended jobs that run again": ("final_statuses_are_final", Quirk(job_list(_restart_jobs))),
    "progress that falls": (
        "progress_never_falls",
        Quirk(
            job_list(
                lambda value, request: [
                    job.update(progress=str(100 - request.number % 100)) for job in value["jobs"]
                ]
            ),
            options=MEMORY,
        ),
    ),
    "a failReason without a failure": (
        "memory_jobs_are_consistent",
        Quirk(each_job(lambda job: job.update(failReason="none")), options=MEMORY),
    ),
    "another status than in the list": (
        "job_status_agrees_with_list",
        Quirk(job_status(lambda value, _: value.update(status="pending"))),
    ),
    "a job with its id": (
        "job_has_documented_shape",
        Quirk(job_status(lambda value, _: value.update(jobId="a"))),
    ),
    "a result before the end": (
        "only_successful_jobs_have_results",
        Quirk(job_status(lambda value, _: value.update(data={"outputs": {}}))),
    ),
    "the size of a page as total size": (
        "results_are_paged",
        Quirk(job_status(_return_page_size_as_total)),
    ),
    "another result each time": ("results_are_stable", Quirk(job_status(_change_results))),
    "every job exists": (
        "unknown_jobs_are_refused",
        Quirk(
            answer_if(
                lambda request: "no-job" in request.path,
                200,
                {"status": "failed", "result": "success"},
            )
        ),
    ),
    "another message": (
        "unknown_jobs_are_refused",
        Quirk(each_refusal(lambda answer: answer.value.update(errorMessage="No job!"))),
    ),
    "anything is a number": (
        "invalid_numbers_are_refused",
        Quirk(answer_if(_is_not_a_number, 200, EMPTY_LIST)),
    ),
    "every graph exists": (
        "unknown_graphs_are_refused",
        Quirk(answer_if(lambda request: "gesmockNobody" in request.path, 200, EMPTY_LIST)),
    ),
    "no graph is named": (
        "unknown_graphs_are_refused",
        Quirk(
            each_refusal(
                lambda answer: (
                    "Graph [" in answer.value["errorMessage"]
                    and answer.value.update(errorMessage="No such graph.")
                )
            )
        ),
    ),
    "every project exists": (
        "invalid_projects_are_refused",
        Quirk(answer_if(lambda request: "no-project" in request.path, 200, EMPTY_LIST)),
    ),
    "every URL exists": (
        "unknown_urls_are_refused",
        Quirk(answer_if(lambda request: request.path.endswith("/gesmock"), 200, {})),
    ),
    "every token is valid": (
        "invalid_tokens_are_refused",
        Quirk(
            request=lambda request: (
                request.headers.get("x-auth-token")
                and request.headers.update({"x-auth-token": "secret"})
            ),
            options=SECRET,
        ),
    ),
    "anonymous requests are accepted": (
        "anonymous_requests_are_refused",
        Quirk(
            request=lambda request: request.headers.setdefault("x-auth-token", "secret"),
            options=SECRET,
        ),
    ),
    "a refusal with another key": (
        "refusals_have_documented_shape",
        Quirk(each_refusal(lambda answer: answer.value.update(request_id="1"))),
    ),
    "an undocumented status of a refusal": (
        "refusals_have_documented_statuses",
        Quirk(answer_if(_is_first_wrong_number, 422, PARAMETER_ERROR)),
    ),
    "a 400 with a code of server errors": (
        "codes_match_their_statuses",
        Quirk(answer_if(_is_first_wrong_number, 400, {**PARAMETER_ERROR, "errorCode": "GES.8302"})),
    ),
    "JSON labelled as HTML": (
        "answers_are_json",
        Quirk(lambda request, answer: answer.headers.update({"Content-Type": "text/html"})),
    ),
    "a redirect": (
        "answers_are_json",
        Quirk(answer_if(_is_first_wrong_number, 302, {}, Location="/")),
    ),
    "half an answer": (
        "answers_are_json",
        Quirk(
            lambda request, _: Answer(200, 0, raw=b"{") if _is_first_wrong_number(request) else None
        ),
    ),
    "HEAD with a body": (
        "head_equals_get_without_body",
        Quirk(lambda request, _: Answer(200, {}, raw=b"{}") if _is_head(request) else None),
    ),
    "HEAD is unknown": (
        "head_equals_get_without_body",
        Quirk(answer_if(_is_head, 404, {})),
    ),
    "HEAD with another type": (
        "head_equals_get_without_body",
        Quirk(answer_if(_is_head, 200, {}, **{"Content-Type": "text/html"})),
    ),
    "HEAD with another length": (
        "head_equals_get_without_body",
        Quirk(answer_if(_is_head, 200, {}, **{"Content-Length": "0"})),
    ),
    "a job id under another key": (
        "submitted_jobs_run_to_an_end",
        Quirk(
            lambda request, answer: (
                answer.value.update(id=answer.value.pop("jobId", None))
                if request.method == "POST"
                else None
            )
        ),
    ),
    "a submitted job that does not exist": (
        "submitted_jobs_run_to_an_end",
        Quirk(
            answer_if(lambda request: request.method == "POST", 200, {"jobId": "a", "jobType": 1})
        ),
    ),
    "a cancel with another answer": (
        "jobs_can_be_cancelled",
        Quirk(
            lambda _, answer: Answer(200, {"result": "success"}) if answer.value == {} else None,
            options=MEMORY,
        ),
    ),
    "a cancelled job that goes on": (
        "cancelled_jobs_end",
        Quirk(
            answer_if(lambda request: request.method == "DELETE", 200, {}),
            lost(lambda request: request.method == "DELETE"),
            options=MEMORY,
        ),
    ),
    "any job can be cancelled": (
        "cancelling_an_unknown_job_is_refused",
        Quirk(
            answer_if(
                lambda request: request.method == "DELETE" and "no-job" in request.path, 200, {}
            ),
            options=MEMORY,
        ),
    ),
    "any body makes a job": (
        "invalid_bodies_are_refused",
        Quirk(
            answer_if(
                lambda request: request.method == "POST" and len(request.body) == 11,
                200,
                {"jobId": "a", "jobType": 1},
            )
        ),
    ),
    "any method is accepted": (
        "unsupported_methods_are_refused",
        Quirk(answer_if(lambda request: request.method == "PATCH", 200, EMPTY_LIST)),
    ),
}
"""What a server does wrong, and the first check that fails."""

BROKEN_MORE = {
    "one job too few from limit=4 on": (
        "limit_is_respected",
        Quirk(
            request=list_query(
                lambda query: (
                    3 < number(query.get("limit")) < 1000
                    and query.update(limit=str(number(query["limit"]) - 1))
                )
            )
        ),
    ),
    "offset is 1 by default": (
        "offset_defaults_to_0",
        Quirk(request=list_query(lambda query: query.setdefault("offset", "1"))),
    ),
    "a total in a string": (
        "total_is_the_number_of_jobs",
        Quirk(job_list(lambda value, _: value.update(totalCount="30"))),
    ),
    "a progress above 100": (
        "memory_jobs_are_consistent",
        Quirk(each_job(lambda job: job.update(progress="150")), options=MEMORY),
    ),
    "refusals with the keys of the SDK": (
        "refusals_have_documented_shape",
        Quirk(
            each_refusal(
                lambda answer: answer.value.update(error_code=answer.value.pop("errorCode"))
            )
        ),
    ),
    "a refusal with the status of a success": (
        "refusals_have_documented_shape",
        Quirk(each_refusal(lambda answer: setattr(answer, "status", 200))),
    ),
    "500 for a wrong number": (
        "refusals_have_documented_statuses",
        Quirk(answer_if(_is_not_a_number, 500, {"errorMessage": "a", "errorCode": "b"})),
    ),
    "a submitted job without a status": (
        "submitted_jobs_run_to_an_end",
        Quirk(job_status(lambda value, _: value.update(status="none"))),
    ),
    "a submitted job that goes back": (
        "submitted_jobs_run_to_an_end",
        Quirk(
            job_status(
                lambda value, number: value.update(status=("running", "pending")[number % 2])
            )
        ),
    ),
    "a submitted job that is not listed": (
        "submitted_jobs_run_to_an_end",
        Quirk(job_list(lambda value, _: value.update(jobs=value["jobs"][1:]))),
    ),
}
"""What a server does wrong, and a check that fails, but not first."""


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_first_fails_its_own_check(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    check, quirk = BROKEN[name]
    check_up_to(check, monkeypatch)

    result = run(session_with(ges, quirk))

    assert failed_checks(result)[0] == check


@pytest.mark.parametrize("name", BROKEN_MORE)
def test_a_broken_rule_fails_its_check_among_others(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    check, quirk = BROKEN_MORE[name]
    check_up_to(check, monkeypatch)

    result = run(session_with(ges, quirk))

    assert check in failed_checks(result)


def test_every_public_function_of_a_check_module_is_a_check() -> None:
    functions = {
        name
        for module in (checks_list, checks_jobs, checks_refusals)
        for name, value in vars(module).items()
        if isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }

    assert functions == {check.name for check in CHECKS}


def test_every_check_is_the_first_to_fail_for_some_server() -> None:
    assert {check for check, _ in BROKEN.values()} == {check.name for check in CHECKS}


# --- Servers that answer anything -----------------------------------------------------------------


KEYS = st.sampled_from(
    [
        *("jobs", "jobId", "request", "status", "totalCount", "data", "outputs"),
        *("errorCode", "errorMessage", "rawRequest", "url", "progress", "results"),
    ]
)


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)


SCALARS = st.none() | st.booleans() | st.integers() | st.text(CHARACTERS, max_size=3)
JSON = st.recursive(SCALARS, containers, max_leaves=12)


@given(values=st.lists(JSON, min_size=1, max_size=5), jobs=st.lists(JSON, max_size=3))
def test_a_run_survives_any_answer(values: list[Any], jobs: list[Any]) -> None:
    first = {"jobs": [job for job in jobs if isinstance(job, dict)]}
    answers = [(400 if n % 2 == 0 else 200, value) for n, value in enumerate(values)]
    turns = cycle([(200, first), *answers])

    class Odd(ProbedSession):
        def send(self, method: str, url: str, *_: Any) -> ServerReply:
            status, value = next(turns)
            return ServerReply(f"{method} {url}", status, {}, json.dumps(value).encode(), value)

        trailer_of_head = Mock(return_value=b"")  # asked for after some answers only

    target = Target.of("http://h", "p", "g")
    session = Odd(target, submit=READS, sleep=lambda _: None)

    result = run(session)

    assert report.as_junit(result)
    assert report.text(result)
    assert json.loads(report.as_json(result))
    assert fixtures.parse(report.as_fixture(result).encode())


DEEP = b'{"status":' + b"[" * 800 + b"]" * 800 + b"}"


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (b'{"jobs":[],"totalCount":NaN,"result":"success"}', "broken JSON: invalid character"),
        (b'{"jobs":[],"totalCount":1e999,"result":"success"}', "Number out of range"),
        ('{"jobs":[]}'.encode("utf-16"), "byte 0: broken JSON: not UTF-8"),
        (b'{"jobs":["\xff"]}', "byte 10: broken JSON: not UTF-8"),
        (b'{"jobs":["\\ud800"]}', "broken JSON: "),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"jobs":[', "broken JSON: Expecting value"),
    ],
)
def test_a_broken_body_is_reported_with_the_position(ges: GesMock, raw: bytes, detail: str) -> None:
    broken = Quirk(lambda request, _: Answer(200, None, raw=raw) if request.number == 2 else None)
    session = session_with(ges, broken)
    session.begin()
    session.get("/jobs/status")

    outcome = outcome_of("answers_are_json", session)

    assert outcome.state == "failed"
    assert detail in outcome.detail
    assert [reply.json_error for reply in session.replies[:1]] == [""]


@pytest.mark.deep
def test_a_run_survives_deeply_nested_answers(ges: GesMock) -> None:
    def nest(job: dict[str, Any]) -> None:
        job["status"] = json.loads(DEEP)["status"]

    nested = Quirk(all_of(each_job(nest), job_status(lambda job, _: nest(job))))

    result = run(session_with(ges, nested))

    assert len(result.outcomes) == len(CHECKS)
    assert max(len(outcome.detail) for outcome in result.outcomes) < 2000


def test_a_report_has_no_control_characters(ges: GesMock) -> None:
    wild = "\x1b[2J\r\n      ok  all\u202e"
    session = session_with(ges, Quirk(each_job(lambda job: job.update(jobId=wild, status=wild))))

    result = run(session)

    for text in (*map(report.line, result.outcomes), report.text(result)):
        assert all(char.isprintable() or char == "\n" for char in text)
        assert "\n      ok  all" not in text
    assert "\x1b" not in report.as_junit(result)


def test_a_run_gives_up_on_a_server_that_stops_answering(ges: GesMock) -> None:
    def stop(request: Request, answer: Answer) -> None:
        if request.number > 12:
            why = "no complete answer within 30 s"
            raise Unresponsive("http://h", "http_response_timeout", why)

    session = session_with(ges, Quirk(stop))

    result = run(session)

    unasked = [it for it in result.outcomes if "consecutive timeouts" in it.detail]
    assert len(unasked) > 20
    assert session.requests < 20


def test_a_busy_server_is_asked_once_more_and_fails_no_check(ges: GesMock) -> None:
    busy = Quirk(answer_if(lambda request: request.number > 10, 503, {}, **{"Retry-After": "7"}))
    session = session_with(ges, busy)

    result = run(session)

    assert failures(result) == []
    assert any("it is busy: GET " in outcome.detail for outcome in result.outcomes)
    assert {*session.slept} == {7.0}


def test_a_run_in_which_everything_is_skipped_is_empty(ges: GesMock) -> None:
    result = run(session_with(ges, Quirk(answer_if(lambda request: request.number > 1, 503, {}))))

    assert result.empty


# --- Secrets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("escape", [str, str.lower])
@pytest.mark.parametrize("form", ["{}", "a/b {}", "{}\\n", "{url}"])
def test_a_token_that_the_server_repeats_is_masked(
    ges: GesMock, form: str, escape: Callable[[str], str]
) -> None:
    token = "MIIF/abc+def=" * 40
    url = re.sub("[/+=]", lambda char: escape(f"%{ord(char[0]):02X}"), token)
    text = form.format(token, url=url)
    echo = Quirk(
        all_of(
            each_job(lambda job: job.update(jobId=text, status=text)),
            each_refusal(lambda it: it.value.update(errorMessage=text, errorCode="GES.8005")),
            lambda request, answer: answer.headers.update({"Content-Type": text}),
        )
    )

    result = run(session_with(ges, echo, tokens=[token]))

    for printed in (report.text(result), report.as_json(result), report.as_junit(result)):
        assert "***" in printed
        assert "MIIF" not in printed
    assert "MIIF" not in "".join(map(report.line, result.outcomes))


def submitting(ges: GesMock, secrets: dict[str, Any], refusal: dict[str, Any]) -> ProbedSession:
    """A session that submits *secrets*, and whose server refuses with *refusal*."""
    body = json.dumps({"labels": ["a"], **secrets})
    quirk = Quirk(answer_if(lambda request: request.method == "POST", 400, refusal))
    submission = Submission.of("vertex_query", body, 60)
    return QuirkySession(session_with(ges).target, ges.fake, quirk, submit=submission)


def test_storage_keys_that_the_server_repeats_are_masked(ges: GesMock) -> None:
    keys = {"obsParameters": [{"accessKey": "AKIDtopsecret", "secretKey": "SKtopsecret"}]}
    refusal = {"errorMessage": "no AKIDtopsecret", "errorCode": "GES.8005", "a": "SKtopsecret"}

    outcome = outcome_of("submitted_jobs_run_to_an_end", submitting(ges, keys, refusal))

    assert outcome.state == "failed"
    assert "no ***" in outcome.detail
    assert "topsecret" not in outcome.detail


def test_secrets_of_a_body_are_masked_whatever_their_names(ges: GesMock) -> None:
    secrets = {"password": "topsecret", "a": [{"token": {"value": "top/secret"}}], "pwd": 918273}
    refusal = {"errorMessage": f"bad body {json.dumps(secrets)}", "errorCode": "GES.8005"}

    outcome = outcome_of("submitted_jobs_run_to_an_end", submitting(ges, secrets, refusal))

    assert "bad body {" in outcome.detail
    for secret in ("topsecret", "top/secret", "918273"):
        assert secret not in outcome.detail


def test_an_escaped_secret_is_masked() -> None:
    body = rb'{"errorMessage":"MIIF\u002fabc\u002bdef\u003d is refused"}'
    headers = {"location": "/login?back=%2Fa%3Ft%3DMIIF%2fabc%2bdef%3d"}

    text = str(ServerReply("GET /", 302, headers, body, None, ("MIIF/abc+def=",)))

    assert text == (
        "GET / was answered 302, to '/login?back=%2Fa%3Ft%3D***', "
        """'{"errorMessage":"*** is refused"}'"""
    )


def test_a_secret_of_three_letters_is_not_masked(ges: GesMock) -> None:
    session = session_with(
        ges, Quirk(each_job(lambda job: job.update(status="sec"))), tokens=["sec"]
    )

    assert '"status": "sec"' in outcome_of("statuses_are_documented", session).detail
