"""Honest variants: what some copy of the documentation allows passes ``gesmock verify``."""

import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from liars.changes import answer_if, both, in_job, in_jobs, in_list, in_refusals, number, rewritten
from liars.liar_server import (
    NOT_FOUND,
    Answer,
    Change,
    Json,
    LiarServer,
    Request,
    Service,
    database_job,
    memory_job,
)
from liars.verifying import verify

PARAMETER_ERROR = {"errorMessage": "Parameter error!", "errorCode": "GES.8005"}


def _pretty(value: Any) -> bytes:
    return json.dumps(value, indent=4).encode() + b"\n"


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _blank_errors(_: Service, request: Request, answer: Answer) -> None:
    if answer.status == 200 and (request.lists or request.job_id):
        answer.value.update(errorMessage="", errorCode="")


def _charset(_: Service, __: Request, answer: Answer) -> None:
    answer.headers["Content-Type"] = "Application/JSON; charset=UTF-8"


def _body_of_2023(job: Json) -> None:
    job["request"]["body"] = json.loads(job["request"].pop("rawRequest"))


def _text_of_2023(job: Json) -> None:
    job["request"]["body"] = job["request"].pop("rawRequest")


def _snake_case(job: Json) -> None:
    rest = dict(job)
    job.clear()
    job.update({"job_id": rest.pop("jobId"), **rest})


def _both_ids(job: Json) -> None:
    job["job_id"] = job["jobId"]


def _without_total(value: Json, _: Request) -> None:
    value.pop("totalCount")


def _without_window(query: dict[str, str]) -> None:
    if number(query, "limit") is not None or "limit" not in query:
        query.pop("limit", None)
        query.pop("offset", None)


def _refuse_past_end(_: Service, request: Request, answer: Answer) -> Answer | None:
    past = request.lists and answer.status == 200 and not answer.value["jobs"]
    return Answer(400, PARAMETER_ERROR) if past and number(request.query, "offset") else None


def _html_outside(_: Service, request: Request, answer: Answer) -> Answer | None:
    outside = request.path.endswith("/gesmock") or "/no-project/" in request.path
    return Answer(404, None, {"Content-Type": "text/html"}, b"<html>") if outside else None


def _timestamps(job: Json, as_text: Callable[[int], Any] = int) -> None:
    for place, key in enumerate(("startTime", "endTime")):
        if key in job:
            job[key] = as_text(1716458040000 + place)


def _blank_failure(value: Json, _: Request) -> None:
    if value["status"] == "failed":
        value.update(status="", data={}, result="failed")


def _refused_failure(_: Service, request: Request, answer: Answer) -> Answer | None:
    if request.job_id is None or answer.status != 200 or answer.value["status"] != "failed":
        return None
    message = "Running algorithm [shortest_path] error: parameter [source] is invalid!"
    return Answer(400, {"errorMessage": message, "errorCode": "GES.8301", "result": "failed"})


def _grow(service: Service, request: Request, _: Answer) -> None:
    if request.lists:
        service.jobs.insert(0, _made(service)(10_000 + request.number))


def _shrink(service: Service, request: Request, _: Answer) -> None:
    if request.lists and len(service.jobs) > 3:
        service.jobs.pop()


def _now_and_then(change: Change, every: int) -> Change:
    def changed(service: Service, request: Request, answer: Answer) -> Answer | None:
        return None if request.number % every else change(service, request, answer)

    return changed


def _end_one(service: Service, request: Request, _: Answer) -> None:
    """End a running job."""
    for job in service.jobs if request.lists else ():
        if job["status"] == "running":
            end = {"progress": "100", "canStop": False, "endTime": "2024-05-24 00:00:00"}
            job.update(status="success", **(end if service.memory else {}))
            return


def _progress(service: Service, request: Request, _: Answer) -> None:
    for job in service.jobs if request.lists else ():
        if job["status"] == "running":
            job["progress"] = str(min(int(job["progress"]) + 1, 99))


def _made(service: Service) -> Callable[[int], Json]:
    return memory_job if service.memory else database_job


HONEST: dict[str, tuple[dict[str, Any], Change | None, dict[str, Any]]] = {
    "the database edition": ({}, None, {}),
    "the memory edition": ({"memory": True}, None, {}),
    "with a token": ({"token": "secret"}, None, {}),
    "a long list": ({"count": 1500}, None, {}),
    "no jobs": ({"count": 0}, None, {}),
    "no jobs of the memory edition": ({"count": 0, "memory": True}, None, {}),
    "a single job": ({"count": 1}, None, {}),
    # HTTP and JSON
    "pretty-printed": ({}, None, {"encode": _pretty}),
    "compact": ({}, None, {"encode": _compact}),
    "chunked": ({}, None, {"write": "chunked"}),
    "chunked, of the memory edition": ({"memory": True}, None, {"write": "chunked"}),
    "HTTP/1.0": ({}, None, {"write": "close"}),
    "a charset": ({}, _charset, {}),
    "HTML for what no page documents": ({}, _html_outside, {}),
    # Other copies of the documentation
    "blank error fields": ({}, _blank_errors, {}),
    "blank error fields of the memory edition": ({"memory": True}, _blank_errors, {}),
    "job_id": ({}, in_jobs(_snake_case), {}),
    "jobId and job_id": ({}, in_jobs(_both_ids), {}),
    "the item of 2023": ({}, in_jobs(_body_of_2023), {}),
    "the item of 2023, its body a string": ({}, in_jobs(_text_of_2023), {}),
    "a list of 2024, without a total": ({}, in_list(_without_total), {}),
    "the old memory edition": ({}, both(in_jobs(_body_of_2023), in_list(_without_total)), {}),
    "the large graphs of 2021": (
        {},
        both(rewritten(_without_window), in_jobs(_body_of_2023), in_list(_without_total)),
        {},
    ),
    "progress as a number": (
        {"memory": True},
        in_jobs(lambda job: job.update(progress=int(job["progress"]))),
        {},
    ),
    "timestamps": ({"memory": True}, in_jobs(_timestamps), {}),
    "timestamps as text": ({"memory": True}, in_jobs(lambda job: _timestamps(job, str)), {}),
    "complete in the memory edition": (
        {"memory": True},
        in_jobs(lambda job: job["status"] == "success" and job.update(status="complete")),
        {},
    ),
    "success for all": (
        {},
        in_jobs(lambda job: job["status"] == "complete" and job.update(status="success")),
        {},
    ),
    "another order of keys": (
        {},
        in_list(lambda value, _: value.update(jobs=value.pop("jobs"))),
        {},
    ),
    # Refusals
    "an offset past the end is refused": ({}, _refuse_past_end, {}),
    "limit=0 is refused": (
        {},
        answer_if(
            lambda request: request.lists and request.query.get("limit") == "0",
            400,
            PARAMETER_ERROR,
        ),
        {},
    ),
    "a limit above 100000 is refused": (
        {},
        answer_if(
            lambda request: (number(request.query, "limit") or 0) > 100_000, 400, PARAMETER_ERROR
        ),
        {},
    ),
    "an unknown graph is answered 404": (
        {},
        in_refusals(lambda answer: setattr(answer, "status", 404), "GES.8000"),
        {},
    ),
    "an unknown graph in the words of 2021": (
        {"memory": True},
        in_refusals(
            lambda answer: answer.value.update(errorMessage="graph : gesmockNobody not exist"),
            "GES.8000",
        ),
        {},
    ),
    "an unknown URL in the words of another page": (
        {},
        in_refusals(lambda answer: answer.value.update(errorMessage=NOT_FOUND), "GES.8000"),
        {},
    ),
    "refusals with a result": (
        {},
        in_refusals(lambda answer: answer.value.update(result="failed")),
        {},
    ),
    "refusals with the keys of the SDK": (
        {},
        in_refusals(
            lambda answer: answer.value.update(
                error_code=answer.value["errorCode"], error_msg=answer.value["errorMessage"]
            )
        ),
        {},
    ),
    "an invalid token is answered 400": (
        {"token": "secret"},
        in_refusals(lambda answer: setattr(answer, "status", 400), "GES.8007"),
        {},
    ),
    "a failed query is blank": ({}, in_job(_blank_failure), {}),
    "a failed algorithm is refused": ({}, _refused_failure, {}),
    # Lists that change meanwhile
    "a list that grows": ({}, _grow, {}),
    "a list that shrinks": ({"count": 500}, _shrink, {}),
    "a list that grows and shrinks": ({}, both(_grow, _shrink), {}),
    "a list that grows now and then": ({}, _now_and_then(_grow, 7), {}),
    "a list that shrinks now and then": ({}, _now_and_then(_shrink, 7), {}),
    "jobs that end": ({}, _now_and_then(_end_one, 9), {}),
    "jobs of the memory edition that end": ({"memory": True}, _now_and_then(_end_one, 9), {}),
    "a list of the memory edition that grows": ({"memory": True}, _now_and_then(_grow, 5), {}),
    "progress that rises": ({"memory": True}, _progress, {}),
}
"""By name: the service, how its answers are changed, and how they are written."""


IN_EVERY_RUN = {"the database edition", "the memory edition", "with a token", "HTTP/1.0"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in IN_EVERY_RUN else pytest.mark.deep) for name in HONEST],
)
def test_an_honest_server_passes(name: str, tmp_path: Path) -> None:
    service, change, options = HONEST[name]

    with LiarServer(Service(**service), change, **options) as server:
        result = verify(server, tmp_path, token=service.get("token", ""))

    assert (result.exit_status, result.failed) == (0, []), result.output
    assert len(result.passed) > 8


@pytest.mark.parametrize("memory", [False, True])
def test_an_honest_server_that_accepts_jobs_passes(memory: bool, tmp_path: Path) -> None:
    with LiarServer(Service(memory=memory)) as server:
        result = verify(server, tmp_path, "--allow-writes", "--wait-s", "5")

    assert (result.exit_status, result.failed) == (0, []), result.output
    assert "submitted_jobs_run_to_an_end" in result.passed


def test_an_honest_server_with_https_passes(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    with LiarServer(Service(), context=context) as server:
        result = verify(server, tmp_path, "--cafile", str(tmp_path / "ca.pem"))

    assert (result.exit_status, result.failed) == (0, []), result.output
    assert "HTTP or HTTPS: https" in result.output


def test_there_are_at_least_two_dozen_honest_variants() -> None:
    assert len(HONEST) >= 24
