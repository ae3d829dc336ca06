"""Lies: an answer that no copy of the documentation allows fails the check of its rule."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from quirks import check_up_to

from gesmock.conformance.run import CHECKS
from liars.changes import (
    answer_if,
    in_job,
    in_jobs,
    in_list,
    in_outputs,
    in_refusals,
    number,
    rewritten,
)
from liars.liar_server import Answer, Change, Json, LiarServer, Request, Service, refusal
from liars.verifying import verify

PARAMETER_ERROR = {"errorMessage": "Parameter error!", "errorCode": "GES.8005"}
EMPTY = {"jobs": [], "totalCount": 0, "result": "success"}


def _is_head(request: Request) -> bool:
    return request.method == "HEAD"


def _wrong_number(request: Request) -> bool:
    return "none" in request.query.values()


def _nth(name: str, change: Callable[[Json], object], every: int = 2) -> Change:
    """Change the jobs of every n-th list that has *name* in a status."""
    return in_list(
        lambda value, request: [
            change(job) for job in value["jobs"] if job["status"] == name and request.number % every
        ]
    )


def _set(**fields: Any) -> Callable[[Json], object]:
    return lambda job: job.update(fields)


def _request(**fields: Any) -> Change:
    return in_jobs(lambda job: job["request"].update(fields))


def _reverse(value: Json) -> None:
    value["jobs"].reverse()


def _repeat_id(value: Json, _: Request) -> None:
    for job in value["jobs"][1:2]:
        job["jobId"] = value["jobs"][0]["jobId"]


def _total(change: Callable[[Json, Request], object]) -> Change:
    """Give another total; None leaves it as it is."""

    def changed(value: Json, request: Request) -> None:
        total = change(value, request)
        value["totalCount"] = value["totalCount"] if total is None else total

    return in_list(changed)


def _at(applies: Callable[[int, int, Json], object], total: int) -> Change:
    """Give another total if *applies*, called with offset, limit and list, is true."""

    def changed(value: Json, request: Request) -> int | None:
        offset, limit = (number(request.query, name) for name in ("offset", "limit"))
        return total if applies(offset or 0, limit or 100_000, value) else None

    return _total(changed)


def _every_third_is_unknown(_: Service, request: Request, answer: Answer) -> Answer | None:
    job_id = request.job_id or ""
    if answer.status != 200 or not job_id or int(job_id[:32], 16) % 3:
        return None
    message = f"can not find job, jobId is {job_id}"
    return refusal(400, "GES.8301", message, result="failed")


def _raw(text: bytes) -> Change:
    """Give the second list as *text*, before any check looks for that."""
    return lambda _, request, answer: (
        Answer(200, None, raw=text) if _wrong_number(request) and request.number < 20 else None
    )


def _falling(value: Json, request: Request) -> None:
    for job in value["jobs"]:
        if job["status"] == "running":
            job["progress"] = str(max(99 - request.number, 0))


DATABASE: dict[str, tuple[str, Change]] = {
    # The shape of the list
    "another key": ("list_has_documented_shape", in_list(lambda value, _: value.update(count=1))),
    "jobs is an object": (
        "list_has_documented_shape",
        in_list(lambda value, _: value.update(jobs={job["jobId"]: job for job in value["jobs"]})),
    ),
    "jobs is null": ("list_has_documented_shape", in_list(lambda it, _: it.update(jobs=None))),
    "jobs is JSON in a string": (
        "list_has_documented_shape",
        in_list(lambda value, _: value.update(jobs=json.dumps(value["jobs"]))),
    ),
    "no jobs": ("list_has_documented_shape", in_list(lambda value, _: value.pop("jobs"))),
    "no result": ("list_has_documented_shape", in_list(lambda value, _: value.pop("result"))),
    "another result": (
        "list_has_documented_shape",
        in_list(lambda value, _: value.update(result="ok")),
    ),
    "a numeric id": ("list_has_documented_shape", in_jobs(lambda it: it.update(jobId=7))),
    "a total in a string": (
        "list_has_documented_shape",
        in_list(lambda value, _: value.update(totalCount=str(value["totalCount"]))),
    ),
    "a job without a request": ("list_has_documented_shape", in_jobs(_set(request={}))),
    "a rawRequest that is an object": ("list_has_documented_shape", _request(rawRequest={})),
    "an errorCode on success": (
        "list_has_documented_shape",
        in_list(lambda value, _: value.update(errorMessage="none", errorCode="GES.0000")),
    ),
    "a url that is null": ("list_has_documented_shape", _request(url=None)),
    # Jobs
    "a status in capitals": (
        "statuses_are_documented",
        in_jobs(lambda job: job.update(status=job["status"].upper())),
    ),
    "an undocumented status": ("statuses_are_documented", in_jobs(_set(status="done"))),
    "a status of the other edition": (
        "statuses_are_documented",
        in_jobs(_set(status="partiallyFailed")),
    ),
    "rawRequest in Python's notation": ("raw_requests_are_json", _request(rawRequest="{'a': 1}")),
    "rawRequest cut short": ("raw_requests_are_json", _request(rawRequest='{"a":')),
    "a url with its host": ("urls_are_paths", _request(url="http://10.0.0.1/ges/v1.0/p/graphs/g")),
    "a url without a slash": ("urls_are_paths", _request(url="ges/v1.0/p/graphs/g/action")),
    # Ids and order
    "the same id twice": ("ids_are_unique", in_list(_repeat_id)),
    "other ids each time": (
        "ids_are_stable",
        in_list(
            lambda value, request: [
                job.update(jobId=f"{job['jobId']}{request.number}") for job in value["jobs"]
            ]
        ),
    ),
    "another order each time": (
        "ids_are_stable",
        in_list(lambda value, request: _reverse(value) if request.number % 2 else None),
    ),
    # Pages
    "pages overlap": (
        "pages_add_up_to_the_list",
        rewritten(lambda query: query.update(offset=str((number(query, "offset") or 0) // 2))),
    ),
    "offset is a page number": (
        "pages_add_up_to_the_list",
        rewritten(
            lambda query: query.update(
                offset=str((number(query, "offset") or 0) * (number(query, "limit") or 1))
            )
        ),
    ),
    "offset is ignored": ("offset_skips_jobs", rewritten(lambda query: query.pop("offset", 0))),
    "offset counts from 1": (
        "offset_skips_jobs",
        rewritten(
            lambda query: query.update(offset=str(max((number(query, "offset") or 0) - 1, 0)))
        ),
    ),
    "offset is 1 by default": (
        "offset_defaults_to_0",
        rewritten(lambda query: query.setdefault("offset", "1")),
    ),
    "one job more than limit": (
        "limit_is_respected",
        rewritten(
            lambda query: query.update(
                {"limit": str(int(query["limit"]) + 1)} if number(query, "limit") else {}
            )
        ),
    ),
    "limit is ignored": ("limit_is_respected", rewritten(lambda query: query.pop("limit", 0))),
    "limit is capped at 10": (
        "limit_is_respected",
        rewritten(lambda query: query.update(limit=str(min(number(query, "limit") or 0, 10)))),
    ),
    "limit is capped at 39, one below the list": (
        "limit_is_respected",
        lambda service, *_: setattr(service, "maximum", 39),
    ),
    "a limit above 500 is refused": (
        "limit_is_respected",
        answer_if(
            lambda request: (number(request.query, "limit") or 0) > 500, 400, PARAMETER_ERROR
        ),
    ),
    "limit is 10 by default": (
        "limit_defaults_to_the_maximum",
        rewritten(lambda query: query.setdefault("limit", "10")),
    ),
    "the list is reversed without limit": (
        "limit_defaults_to_the_maximum",
        in_list(lambda value, request: None if "limit" in request.query else _reverse(value)),
    ),
    "the list is reversed without parameters": (
        "limit_defaults_to_the_maximum",
        in_list(lambda value, request: None if request.query else _reverse(value)),
    ),
    "the list is empty without parameters": (
        "limit_defaults_to_the_maximum",
        in_list(lambda value, request: None if request.query else value.update(jobs=[])),
    ),
    # The total
    "the total is the page's": (
        "total_is_independent_of_the_page",
        _total(lambda value, _: len(value["jobs"])),
    ),
    "the total is limit": (
        "total_is_independent_of_the_page",
        _total(lambda _, request: number(request.query, "limit")),
    ),
    "the total is what follows": (
        "total_is_independent_of_the_page",
        _total(lambda value, request: value["totalCount"] - (number(request.query, "offset") or 0)),
    ),
    "the total is wrong at depth": (
        "total_is_independent_of_the_page",
        _at(lambda offset, *_: 15 < offset < 25, 41),
    ),
    "the total is wrong on the last page": (
        "total_is_independent_of_the_page",
        _at(lambda offset, limit, value: 0 < len(value["jobs"]) < limit and offset, 39),
    ),
    "the total is wrong for the last job": (
        "total_is_independent_of_the_page",
        _at(lambda offset, *_: offset == 39, 41),
    ),
    "the total is 0 past the end": (
        "total_is_independent_of_the_page",
        _at(lambda _, __, value: not value["jobs"], 0),
    ),
    "there is no total past the end": (
        "total_is_independent_of_the_page",
        in_list(lambda value, _: value["jobs"] or value.pop("totalCount")),
    ),
    "the total is wrong without limit": (
        "total_is_independent_of_the_page",
        _total(lambda _, request: None if "limit" in request.query else 41),
    ),
    "the total is too high": ("total_is_the_number_of_jobs", _total(lambda *_: 41)),
    "the total is too low": ("total_is_the_number_of_jobs", _total(lambda *_: 39)),
    "the total is always 0": ("total_is_the_number_of_jobs", _total(lambda *_: 0)),
    "the total is negative": ("total_is_the_number_of_jobs", _total(lambda *_: -1)),
    # Statuses
    "an ended job runs again": (
        "final_statuses_are_final",
        in_list(
            lambda value, request: [
                job.update(status="running") for job in value["jobs"] if request.number > 40
            ]
        ),
    ),
    "a successful job fails later": (
        "final_statuses_are_final",
        in_list(
            lambda value, request: [
                job.update(status="failed") for job in value["jobs"] if request.number > 40
            ]
        ),
    ),
    "a status alternates with running": (
        "final_statuses_are_final",
        _nth("success", _set(status="running")),
    ),
    "a status alternates between two ends": (
        "final_statuses_are_final",
        _nth("complete", _set(status="success")),
    ),
    "a status alternates at every third list": (
        "final_statuses_are_final",
        _nth("success", _set(status="failed"), 3),
    ),
    "a running job is pending again": (
        "final_statuses_are_final",
        _nth("running", _set(status="pending")),
    ),
    "a status depends on the page": (
        "final_statuses_are_final",
        in_list(
            lambda value, request: [
                job.update(status="running")
                for job in value["jobs"]
                if job["status"] == "success" and request.query.get("limit") == "1"
            ]
        ),
    ),
    "a status alternates if one job is asked for": (
        "final_statuses_are_final",
        in_job(
            lambda value, request: (
                value.update(status=("success", "complete")[request.number % 2])
                if value["status"] != "failed"
                else None
            )
        ),
    ),
    # Single jobs
    "no listed job is found": (
        "job_status_agrees_with_list",
        answer_if(
            lambda request: request.job_id is not None,
            400,
            {"errorMessage": "can not find job, jobId is a", "errorCode": "GES.8301"},
        ),
    ),
    "some listed jobs are not found": ("job_status_agrees_with_list", _every_third_is_unknown),
    "a listed job is answered 404": (
        "job_status_agrees_with_list",
        answer_if(
            lambda request: request.job_id and "gesmock" not in request.job_id,
            404,
            {"errorMessage": "Not found.", "errorCode": "GES.8000"},
        ),
    ),
    "every job is running": (
        "job_status_agrees_with_list",
        in_job(lambda it, _: it.update(status="running")),
    ),
    "every job has failed": (
        "job_status_agrees_with_list",
        in_job(lambda it, _: it.update(status="failed")),
    ),
    "a job with its id": ("job_has_documented_shape", in_job(lambda it, _: it.update(jobId="a"))),
    "a job without a result": ("job_has_documented_shape", in_job(lambda it, _: it.pop("result"))),
    "an answer about a job is a list": (
        "job_has_documented_shape",
        lambda _, request, answer: (
            Answer(200, [answer.value]) if request.job_id and answer.status == 200 else None
        ),
    ),
    "a result changes": (
        "results_are_stable",
        in_job(
            lambda it, request: (
                it.update(data={"outputs": {"n": request.number}})
                if it["status"] != "failed"
                else None
            )
        ),
    ),
    "the size of a result is the page's": (
        "results_are_paged",
        in_outputs(lambda it, _: it.update(data_total_size=it["data_return_size"])),
    ),
    "the rows of a result are not paged": (
        "results_are_paged",
        lambda service, request, answer: (
            service.show_job(Request("GET", request.path, {}, b"", {}, 0), request.job_id)
            if request.job_id
            else None
        ),
    ),
    "a result has another offset": (
        "results_are_paged",
        in_outputs(lambda it, _: it.update(data_offset=0)),
    ),
    # Refusals
    "every job exists": (
        "unknown_jobs_are_refused",
        answer_if(
            lambda request: "no-job" in request.path, 200, {"status": "failed", "result": "success"}
        ),
    ),
    "an unknown job is answered 404": (
        "unknown_jobs_are_refused",
        in_refusals(lambda answer: setattr(answer, "status", 404), "GES.8301"),
    ),
    "an unknown job has another code": (
        "unknown_jobs_are_refused",
        in_refusals(lambda answer: answer.value.update(errorCode="GES.8303"), "GES.8301"),
    ),
    "an unknown job is not named": (
        "unknown_jobs_are_refused",
        in_refusals(lambda answer: answer.value.update(errorMessage="No such job."), "GES.8301"),
    ),
    "every graph exists": (
        "unknown_graphs_are_refused",
        answer_if(lambda request: "gesmockNobody" in request.path, 200, EMPTY),
    ),
    "an unknown graph has another code": (
        "unknown_graphs_are_refused",
        in_refusals(lambda answer: answer.value.update(errorCode="GES.8005"), "GES.8000"),
    ),
    "an unknown graph is not named": (
        "unknown_graphs_are_refused",
        in_refusals(lambda answer: answer.value.update(errorMessage="No such graph."), "GES.8000"),
    ),
    "a refusal with another key": (
        "refusals_have_documented_shape",
        in_refusals(lambda answer: answer.value.update(request_id="1")),
    ),
    "a refusal with jobs": (
        "refusals_have_documented_shape",
        in_refusals(lambda answer: answer.value.update(jobs=[])),
    ),
    "a refusal with the status of a success": (
        "refusals_have_documented_shape",
        in_refusals(lambda answer: setattr(answer, "status", 200)),
    ),
    "a refusal with the keys of the gateway": (
        "refusals_have_documented_shape",
        lambda _, __, answer: (
            Answer(answer.status, {"error_code": "APIGW.0101", "error_msg": "?"})
            if answer.status >= 400
            else None
        ),
    ),
    "422 for a wrong number": (
        "refusals_have_documented_statuses",
        answer_if(_wrong_number, 422, PARAMETER_ERROR),
    ),
    "500 for a wrong number": (
        "refusals_have_documented_statuses",
        answer_if(_wrong_number, 500, {"errorMessage": "?", "errorCode": "GES.8302"}),
    ),
    "400 with a code of server errors": (
        "codes_match_their_statuses",
        answer_if(_wrong_number, 400, {**PARAMETER_ERROR, "errorCode": "GES.8302"}),
    ),
    # HTTP and JSON
    "JSON labelled as HTML": (
        "answers_are_json",
        lambda _, __, answer: answer.headers.update({"Content-Type": "text/html"}),
    ),
    "JSON without a label": ("answers_are_json", lambda _, __, answer: answer.headers.clear()),
    "a redirect": ("answers_are_json", answer_if(_wrong_number, 302, {}, Location="/")),
    "NaN": ("answers_are_json", _raw(b'{"jobs":[],"totalCount":NaN,"result":"success"}')),
    "half an answer": ("answers_are_json", _raw(b'{"jobs":[')),
    "Latin-1": ("answers_are_json", _raw(b'{"errorMessage":"\xe9","errorCode":"GES.8005"}')),
}
"""What a graph of the database edition does wrong, and the check that fails."""

MEMORY: dict[str, tuple[str, Change]] = {
    "progress that falls": ("progress_never_falls", in_list(_falling)),
    "an end without endTime": (
        "memory_jobs_are_consistent",
        in_jobs(lambda job: job.pop("endTime", 0)),
    ),
    "an end with a blank endTime": (
        "memory_jobs_are_consistent",
        in_jobs(lambda job: job.update(endTime="")),
    ),
    "an endTime before the end": (
        "memory_jobs_are_consistent",
        in_jobs(lambda job: job.setdefault("endTime", "2024-05-24 00:00:00")),
    ),
    "an end before the start": (
        "memory_jobs_are_consistent",
        in_jobs(lambda job: "endTime" in job and job.update(endTime="2023-05-23 09:54:00")),
    ),
    "a failReason without a failure": (
        "memory_jobs_are_consistent",
        in_jobs(lambda job: job.update(failReason="none")),
    ),
    "files of an algorithm": (
        "memory_jobs_are_consistent",
        in_jobs(lambda job: job.update(files=[{"edgeFiles": [{"fileName": "a.csv"}]}])),
    ),
    "an ended job that can be stopped": (
        "memory_jobs_are_consistent",
        in_jobs(lambda job: job.update(canStop=True)),
    ),
    "progress above 100": ("memory_jobs_are_consistent", in_jobs(_set(progress="101"))),
    "an ended job of the memory edition runs again": (
        "final_statuses_are_final",
        _nth("success", _set(status="running")),
    ),
    "a status of no edition": ("statuses_are_documented", in_jobs(_set(status="suspended"))),
}
"""What a graph of the memory edition does wrong."""


def _no_job_id(_: Service, request: Request, answer: Answer) -> Answer | None:
    return Answer(200, {"result": "success"}) if request.method == "POST" else None


WRITES: dict[str, tuple[str, Change]] = {
    "a submission without a job id": ("submitted_jobs_run_to_an_end", _no_job_id),
    "a numeric id of a submission": (
        "submitted_jobs_run_to_an_end",
        lambda _, request, __: Answer(200, {"jobId": 7}) if request.method == "POST" else None,
    ),
    "a submission is answered 202": (
        "submitted_jobs_run_to_an_end",
        lambda _, request, answer: (
            setattr(answer, "status", 202) if request.method == "POST" else None
        ),
    ),
    "any body makes a job": (
        "invalid_bodies_are_refused",
        lambda _, request, __: (
            Answer(200, {"jobId": "a", "jobType": 1})
            if request.method == "POST" and request.body.startswith(b"[")
            else None
        ),
    ),
}
"""What shows only if jobs may be submitted."""

CANCELS: dict[str, tuple[str, Change]] = {
    "any job can be cancelled": (
        "cancelling_an_unknown_job_is_refused",
        answer_if(lambda request: request.method == "DELETE" and "no-job" in request.path, 200, {}),
    ),
    "a cancel with another answer": (
        "jobs_can_be_cancelled",
        lambda _, request, answer: (
            Answer(200, {"result": "success"})
            if request.method == "DELETE" and answer.status == 200
            else None
        ),
    ),
}
"""What shows only if jobs of the memory edition may be submitted."""

TOKEN: dict[str, tuple[str, Change]] = {
    "every token is valid": (
        "invalid_tokens_are_refused",
        lambda service, request, _: service.answer(
            Request(
                request.method,
                request.path,
                request.query,
                request.body,
                {"X-Auth-Token": "secret"},
                0,
            )
        ),
    ),
    "an invalid token is answered 404": (
        "invalid_tokens_are_refused",
        in_refusals(lambda answer: setattr(answer, "status", 404), "GES.8007"),
    ),
    "an invalid token has another code": (
        "invalid_tokens_are_refused",
        in_refusals(lambda answer: answer.value.update(errorCode="GES.8000"), "GES.8007"),
    ),
}
"""What shows only if a token is required."""

STRICT: dict[str, tuple[str, Change]] = {
    "another order of keys": (
        "keys_are_in_example_order",
        in_list(lambda value, _: value.update(jobs=value.pop("jobs"))),
    ),
    "an unknown parameter filters": (
        "unknown_parameters_are_ignored",
        in_list(lambda value, request: "gesmock" in request.query and value.update(jobs=[])),
    ),
    "white space in rawRequest": ("raw_requests_are_compact", _request(rawRequest='{"a": 1}')),
    "storage keys in rawRequest": (
        "requests_show_no_storage_keys",
        _request(rawRequest='{"obsParameters":{"accessKey":"AK"}}'),
    ),
    "a url of another graph": (
        "urls_name_this_graph",
        _request(url="/ges/v1.0/p/graphs/other/action"),
    ),
    "a failed job has a result": (
        "only_successful_jobs_have_results",
        in_job(lambda value, _: value.update(data={"outputs": {"n": 1}})),
    ),
    "anything is a number": (
        "invalid_numbers_are_refused",
        answer_if(_wrong_number, 200, EMPTY),
    ),
    "the list starts over past its end": (
        "list_is_empty_past_its_end",
        rewritten(lambda query: (number(query, "offset") or 0) > 10**6 and query.pop("offset")),
    ),
    "every project exists": (
        "invalid_projects_are_refused",
        answer_if(lambda request: "/no-project/" in request.path, 200, EMPTY),
    ),
    "every URL exists": (
        "unknown_urls_are_refused",
        answer_if(lambda request: request.path.endswith("/gesmock"), 200, {}),
    ),
    "HEAD is unknown": (
        "head_equals_get_without_body",
        answer_if(_is_head, 404, PARAMETER_ERROR),
    ),
    "HEAD has another type": (
        "head_equals_get_without_body",
        answer_if(_is_head, 200, EMPTY, **{"Content-Type": "text/html"}),
    ),
    "HEAD has another length": (
        "head_equals_get_without_body",
        answer_if(_is_head, 200, EMPTY),
    ),
}
"""What breaks an inferred rule, and fails with ``--strict``."""


def _go_on(service: Service, request: Request, answer: Answer) -> None:
    """Let a cancelled job, the newest, run on."""
    if request.method == "DELETE" and answer.status == 200:
        service.jobs[0]["status"] = "running"


STRICT_WRITES: dict[str, tuple[str, Change]] = {
    "a cancelled job goes on": ("cancelled_jobs_end", _go_on),
    "any method is accepted": (
        "unsupported_methods_are_refused",
        answer_if(lambda request: request.method == "PATCH", 200, EMPTY),
    ),
}
"""What breaks an inferred rule if jobs of the memory edition may be submitted."""

WRITING = ("--allow-writes", "--wait-s", "5")

LIES: dict[str, tuple[str, Change, dict[str, Any], tuple[str, ...]]] = {
    **{name: (check, change, {}, ()) for name, (check, change) in DATABASE.items()},
    **{name: (check, change, {"memory": True}, ()) for name, (check, change) in MEMORY.items()},
    **{name: (check, change, {}, WRITING) for name, (check, change) in WRITES.items()},
    **{
        name: (check, change, {"memory": True}, WRITING)
        for name, (check, change) in CANCELS.items()
    },
    **{
        name: (check, change, {"memory": True}, (*WRITING, "--strict"))
        for name, (check, change) in STRICT_WRITES.items()
    },
    "anonymous requests are accepted": (
        "anonymous_requests_are_refused",
        lambda service, request, _: (
            None if "X-Auth-Token" in request.headers else Service().answer(request)
        ),
        {"token": "secret"},
        ("--strict",),
    ),
    **{name: (check, change, {"token": "secret"}, ()) for name, (check, change) in TOKEN.items()},
    **{name: (check, change, {}, ("--strict",)) for name, (check, change) in STRICT.items()},
}


IN_EVERY_RUN = {
    "jobs is null",
    "progress that falls",
    "any body makes a job",
    "any job can be cancelled",
    "any method is accepted",
    "every token is valid",
    "anything is a number",
}
"""One lie of each table. tests/conformance/test_run.py has a server that breaks each rule."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in IN_EVERY_RUN else pytest.mark.deep) for name in LIES],
)
def test_a_lie_fails_the_check_of_its_rule(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check, change, service, options = LIES[name]
    check_up_to(check, monkeypatch)

    with LiarServer(Service(**service), change) as server:
        result = verify(server, tmp_path, *options, token=service.get("token", ""))

    assert result.exit_status == 1, result.output
    assert check in result.failed, result.output


@pytest.mark.deep
def test_a_limit_that_is_capped_above_what_is_read_at_once_fails(tmp_path: Path) -> None:
    service = Service(1500)
    service.maximum = 1000

    with LiarServer(service) as server:
        result = verify(server, tmp_path)

    assert (result.exit_status, result.failed) == (
        1,
        ["limit_is_respected", "limit_defaults_to_the_maximum"],
    )


FAR_BEHIND = {
    "offset is capped at 1000": (
        "pages_add_up_to_the_list",
        rewritten(lambda query: query.update(offset=str(min(number(query, "offset") or 0, 1000)))),
    ),
    "offset is one too low from 1001 on": (
        "pages_add_up_to_the_list",
        rewritten(
            lambda query: query.update(
                offset=str((number(query, "offset") or 0) - ((number(query, "offset") or 0) > 1000))
            )
        ),
    ),
    "the total is wrong from 1000 on": (
        "total_is_independent_of_the_page",
        _at(lambda offset, *_: offset >= 1000, 2501),
    ),
}


@pytest.mark.deep
@pytest.mark.parametrize("name", FAR_BEHIND)
def test_a_lie_far_after_the_first_page_fails_the_check_of_its_rule(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check, change = FAR_BEHIND[name]
    check_up_to(check, monkeypatch)

    with LiarServer(Service(2500), change) as server:
        result = verify(server, tmp_path)

    assert result.exit_status == 1, result.output
    assert check in result.failed, result.output


def test_there_are_at_least_sixty_lies_and_one_for_each_check() -> None:
    assert sum("--strict" not in options for *_, options in LIES.values()) >= 60
    assert {check for check, *_ in LIES.values()} == {check.name for check in CHECKS}
