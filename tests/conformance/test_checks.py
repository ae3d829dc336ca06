"""The conformance kit tells the truth: of gesmock, of liars, and of what is no service at all."""

import json
import re
from collections.abc import Callable
from itertools import cycle
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from liars import (
    SUBMIT,
    Asked,
    Liar,
    Lie,
    Said,
    asks,
    both,
    jobs,
    listed,
    lying,
    number,
    refused,
    shown,
    where,
)

from gesmock import GesMock
from gesmock.conformance import probes, report
from gesmock.conformance.checks import Outcome, ServiceCheck, run_check
from gesmock.conformance.probes import ProbedSession
from gesmock.conformance.run import CHECKS, Report, run
from gesmock.fake import fixtures
from gesmock.model.settings import Settings
from gesmock.remote.client import Client, ServerReply
from gesmock.remote.http import Unresponsive
from gesmock.remote.session import Submission
from gesmock.remote.target import Target


def failures(found: Report) -> list[str]:
    return [report.line(one) for one in found.outcomes if one.state in ("failed", "deviation")]


def check_of(name: str) -> ServiceCheck:
    [check] = [one for one in CHECKS if one.name == name]
    return check


def held(name: str, session: ProbedSession) -> Outcome:
    return run_check(check_of(name), session)


# --- The truth ----------------------------------------------------------------------------------


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
        {"unknown_graph_status": 400},
    ],
)
@pytest.mark.parametrize("token", ["", "secret"])
def test_the_fake_passes_and_is_read_as_it_is_set(
    ges: GesMock, settings: dict[str, Any], token: str
) -> None:
    found = run(lying(ges, settings=settings, tokens=[token] if token else []))

    assert failures(found) == []
    in_force = {name: getattr(ges.settings, name) for name in Settings.__struct_fields__}
    seen = probes.settings_of(found.probes)
    assert seen.items() <= in_force.items()
    assert set(in_force) - set(seen) == unseen(settings, token)


def unseen(settings: dict[str, Any], token: str) -> set[str]:
    """The settings that no answer tells."""
    hidden = {"open_projects"} if token else {"invalid_token_status", "forbidden_status"}
    if token and settings.get("open_projects"):
        hidden = {"forbidden_status", "dialect"}  # the token opens every project
    memory = settings.get("edition") == "memory"
    if "maximum_limit" not in settings and "limit_over_maximum" not in settings:
        hidden.add("maximum_limit")  # there are not so many jobs
    if settings.get("maximum_limit") == 1:
        hidden.add("finished_status")  # it takes two jobs
    if memory:
        hidden |= {"unknown_graph_status", "finished_status", "maximum_limit"}
    if not token or memory or "unknown_graph_status" in settings:
        hidden.add("dialect")  # it takes three statuses, and those of one dialect
    return hidden


def test_settings_that_were_seen_make_a_fake_that_is_seen_the_same(ges: GesMock) -> None:
    settings = {"limit_zero": "refuse", "id_key": "both", "order": "oldest_first"}
    seen = probes.settings_of(run(lying(ges, settings=settings)).probes)

    assert probes.settings_of(run(lying(ges, settings=seen)).probes) == seen


@pytest.mark.parametrize(
    ("command", "finished"), [("vertex_query", "complete"), ("execute_algorithm", "success")]
)
def test_the_word_for_a_good_end_is_read_from_what_was_submitted(
    ges: GesMock, command: str, finished: str
) -> None:
    session = lying(ges, settings={"finished_status": finished}, generate=0)
    session.submit = Submission.of(command, None, 60)

    seen = probes.settings_of(run(session).probes)

    assert seen["finished_status"] == finished


def test_without_leave_nothing_is_written(ges: GesMock) -> None:
    run(lying(ges, submit=False))

    assert {entry.method for entry in ges.journal} == {"GET", "HEAD"}
    assert len(ges.jobs()) == 30


# --- Lies ---------------------------------------------------------------------------------------


EMPTY = {"jobs": [], "totalCount": 0, "result": "success"}
MEMORY = {"settings": {"edition": "memory"}}


def _flip(value: dict[str, Any], asked: Asked) -> None:
    if asked.turn % 2:
        value["jobs"].reverse()


def _anew(value: dict[str, Any], asked: Asked) -> None:
    for job in value["jobs"]:
        job["jobId"] += str(asked.turn)


def _unfinish(value: dict[str, Any], asked: Asked) -> None:
    if asked.turn > 30:
        for job in value["jobs"]:
            job["status"] = "running"


def _twice(value: dict[str, Any], asked: Asked) -> None:
    for job in value["jobs"][1:2]:
        job["jobId"] = value["jobs"][0]["jobId"]


def _at_first(asked: Asked) -> bool:
    """Whether a wrong number is asked for the first time, before any check looks for it."""
    return "none" in asked.query.values() and asked.turn < 12


REFUSED = {"errorMessage": "Parameter error!", "errorCode": "GES.8005"}


def _good(value: dict[str, Any]) -> bool:
    return value["status"] in ("success", "complete")


def _sizes(value: dict[str, Any], turn: int) -> None:
    outputs = value.get("data", {}).get("outputs", {})
    if "data_total_size" in outputs:
        outputs["data_total_size"] = outputs["data_return_size"]


LIES = {
    "another key": Lie("list_has_documented_shape", listed(lambda value, _: value.update(count=1))),
    "another order of keys": Lie(
        "keys_are_in_example_order",
        listed(lambda value, _: value.update(jobs=value.pop("jobs"))),
    ),
    "a job without a request": Lie(
        "list_has_documented_shape", jobs(lambda job: job.update(request={}))
    ),
    "other jobs each time": Lie("ids_are_stable", listed(_anew)),
    "one id twice": Lie("ids_are_unique", listed(_twice)),
    "another order each time": Lie("ids_are_stable", listed(_flip)),
    "a status of its own": Lie(
        "statuses_are_documented",
        listed(
            lambda value, asked: (
                asked.query.get("limit") == "1"
                and [job.update(status="done") for job in value["jobs"]]
            )
        ),
    ),
    "pages overlap": Lie(
        "pages_add_up_to_the_list",
        of_request=asks(lambda query: query.update(offset=str(number(query.get("offset")) // 2))),
    ),
    "one more than limit": Lie(
        "limit_is_respected",
        of_request=asks(
            lambda query: query.get("limit") == "2" and query.update(limit="3"),
        ),
    ),
    "one too few, from 4 on": Lie(
        "limit_is_respected",
        of_request=asks(
            lambda query: (
                3 < number(query.get("limit")) < 1000
                and query.update(limit=str(number(query["limit"]) - 1))
            )
        ),
        first=False,
    ),
    "one too few, just below the count": Lie(
        "limit_is_respected",
        of_request=asks(lambda query: query.get("limit") == "29" and query.update(limit="28")),
    ),
    "offset counts from 1": Lie(
        "offset_skips_jobs",
        of_request=asks(lambda query: query.get("offset") == "1" and query.update(offset="0")),
    ),
    "offset is 1 by default": Lie(
        "offset_defaults_to_0",
        of_request=asks(lambda query: query.setdefault("offset", "1")),
        first=False,
    ),
    "another first job, if it is alone": Lie(
        "offset_defaults_to_0",
        of_request=asks(
            lambda query: query == {"limit": "1", "offset": "0"} and query.update(offset="1")
        ),
    ),
    "limit is 10 by default": Lie(
        "limit_defaults_to_the_maximum",
        of_request=asks(lambda query: query.setdefault("limit", "10")),
    ),
    "one too many": Lie(
        "total_is_the_number_of_jobs",
        listed(lambda value, _: value.update(totalCount=value["totalCount"] + 1)),
    ),
    "one too few of them": Lie(
        "total_is_the_number_of_jobs",
        listed(lambda value, _: value.update(totalCount=value["totalCount"] - 1)),
    ),
    "a total of old": Lie(
        "total_is_the_number_of_jobs",
        listed(lambda value, _: value.update(totalCount=1000)),
        of_request=asks(
            lambda query: query.update(offset=str(number(query.get("offset")) % 30)),
        ),
    ),
    "a total in words": Lie(
        "total_is_the_number_of_jobs",
        listed(lambda value, _: value.update(totalCount="30")),
        first=False,
    ),
    "the total of the page": Lie(
        "total_is_independent_of_the_page",
        listed(lambda value, _: value.update(totalCount=len(value["jobs"]))),
    ),
    "begins again behind the end": Lie(
        "list_is_empty_past_its_end",
        of_request=asks(lambda query: query.get("offset") == "2000000000" and query.pop("offset")),
    ),
    "filters by what it does not know": Lie(
        "unknown_parameters_are_ignored",
        listed(lambda value, asked: "gesmock" in asked.query and value.update(jobs=[])),
    ),
    "minds what it does not know": Lie(
        "unknown_parameters_are_ignored",
        where(lambda asked: "gesmock" in asked.query, 400, {"errorMessage": "?", "errorCode": "?"}),
    ),
    "a request as Python writes it": Lie(
        "raw_requests_are_json",
        jobs(lambda job: job.update(rawRequest="{'a':1}")),
        options=MEMORY,
    ),
    "keys are listed": Lie(
        "requests_show_no_storage_keys",
        jobs(lambda job: job["request"].update(rawRequest='{"accessKey":"AK"}')),
    ),
    "keys are listed in a URL": Lie(
        "requests_show_no_storage_keys",
        jobs(
            lambda job: job["request"].update(
                url=job["request"]["url"] + "&secret_key=", rawRequest=""
            )
        ),
    ),
    "keys are listed in JSON within JSON": Lie(
        "requests_show_no_storage_keys",
        jobs(
            lambda job: job["request"].update(
                rawRequest=json.dumps(
                    {"a": [1, json.dumps({"b": {"secretKey": ""}})]}, separators=(",", ":")
                )
            )
        ),
    ),
    "a request with blanks": Lie(
        "raw_requests_are_compact", jobs(lambda job: job["request"].update(rawRequest='{"a": 1}'))
    ),
    "a URL of another graph": Lie(
        "urls_name_this_graph",
        jobs(lambda job: job["request"].update(url=job["request"]["url"].replace("movie", "m"))),
    ),
    "a URL with its host": Lie(
        "urls_are_paths", jobs(lambda job: job["request"].update(url="http://10.0.0.1/ges"))
    ),
    "what had ended goes on": Lie("final_statuses_are_final", listed(_unfinish)),
    "more than all": Lie(
        "memory_jobs_are_consistent",
        jobs(lambda job: job.update(progress="150")),
        options=MEMORY,
        first=False,
    ),
    "a reason without a failure": Lie(
        "memory_jobs_are_consistent",
        jobs(lambda job: job.update(failReason="none")),
        options=MEMORY,
    ),
    "shown otherwise than listed": Lie(
        "job_status_agrees_with_list", shown(lambda value, _: value.update(status="pending"))
    ),
    "a job with its id": Lie(
        "job_has_documented_shape", shown(lambda value, _: value.update(jobId="a"))
    ),
    "a result before the end": Lie(
        "only_successful_jobs_have_results",
        shown(lambda value, _: value.update(data={"outputs": {}})),
    ),
    "sizes of the page": Lie("results_are_paged", shown(_sizes)),
    "another result each time": Lie(
        "results_are_stable",
        shown(lambda value, turn: _good(value) and value.update(data={"outputs": {"n": turn}})),
    ),
    "every job is known": Lie(
        "unknown_jobs_are_refused",
        where(lambda asked: "no-job" in asked.path, 200, {"status": "failed", "result": "success"}),
    ),
    "another text": Lie(
        "unknown_jobs_are_refused", refused(lambda said: said.value.update(errorMessage="No job!"))
    ),
    "anything is a number": Lie(
        "invalid_numbers_are_refused",
        where(lambda asked: "none" in asked.query.values(), 200, EMPTY),
    ),
    "every graph is known": Lie(
        "unknown_graphs_are_refused",
        where(lambda asked: "gesmockNobody" in asked.path, 200, EMPTY),
    ),
    "no graph is named": Lie(
        "unknown_graphs_are_refused",
        refused(
            lambda said: (
                "Graph [" in said.value["errorMessage"]
                and said.value.update(errorMessage="No such graph.")
            )
        ),
    ),
    "every project is known": Lie(
        "invalid_projects_are_refused", where(lambda asked: "no-project" in asked.path, 200, EMPTY)
    ),
    "every URL is known": Lie(
        "unknown_urls_are_refused", where(lambda asked: asked.path.endswith("/gesmock"), 200, {})
    ),
    "every token is good": Lie(
        "invalid_tokens_are_refused",
        of_request=lambda asked: (
            asked.headers.get("HTTP_X_AUTH_TOKEN")
            and asked.headers.update(HTTP_X_AUTH_TOKEN="secret")
        ),
        options={"tokens": ["secret"]},
    ),
    "nobody is welcome": Lie(
        "anonymous_requests_are_refused",
        of_request=lambda asked: asked.headers.setdefault("HTTP_X_AUTH_TOKEN", "secret"),
        options={"tokens": ["secret"]},
    ),
    "keys of another plane": Lie(
        "refusals_have_documented_shape",
        refused(lambda said: said.value.update(error_code=said.value.pop("errorCode"))),
        first=False,
    ),
    "a refusal says more": Lie(
        "refusals_have_documented_shape", refused(lambda said: said.value.update(request_id="1"))
    ),
    "a refusal that is a success": Lie(
        "refusals_have_documented_shape",
        refused(lambda said: setattr(said, "status", 200)),
        first=False,
    ),
    "a status of another plane": Lie(
        "refusals_have_documented_statuses", where(_at_first, 422, REFUSED)
    ),
    "fails over a wrong number": Lie(
        "refusals_have_documented_statuses",
        where(
            lambda asked: "none" in asked.query.values(),
            500,
            {"errorMessage": "a", "errorCode": "b"},
        ),
        first=False,
    ),
    "a code of its own failures": Lie(
        "codes_match_their_statuses", where(_at_first, 400, {**REFUSED, "errorCode": "GES.8302"})
    ),
    "JSON that is called HTML": Lie(
        "answers_are_json", lambda asked, said: said.headers.update({"Content-Type": "text/html"})
    ),
    "a detour": Lie("answers_are_json", where(_at_first, 302, {}, Location="/")),
    "half an answer": Lie(
        "answers_are_json", lambda asked, said: Said(200, 0, raw=b"{") if _at_first(asked) else None
    ),
    "HEAD has a body": Lie(
        "head_equals_get_without_body",
        lambda asked, said: Said(200, {}, raw=b"{}") if asked.method == "HEAD" else None,
    ),
    "HEAD is unknown": Lie(
        "head_equals_get_without_body", where(lambda asked: asked.method == "HEAD", 404, {})
    ),
    "an id under another name": Lie(
        "submitted_jobs_run_to_an_end",
        lambda asked, said: (
            said.value.update(id=said.value.pop("jobId", None)) if asked.method == "POST" else None
        ),
    ),
    "submitted, and never seen again": Lie(
        "submitted_jobs_run_to_an_end",
        where(lambda asked: asked.method == "POST", 200, {"jobId": "a", "jobType": 1}),
    ),
    "submitted, and not shown": Lie(
        "submitted_jobs_run_to_an_end",
        shown(lambda value, _: value.update(status="none")),
        first=False,
    ),
    "submitted, and goes back": Lie(
        "submitted_jobs_run_to_an_end",
        shown(lambda value, turn: value.update(status="running" if turn % 2 == 0 else "pending")),
        first=False,
    ),
    "shown, and never listed": Lie(
        "submitted_jobs_run_to_an_end",
        listed(lambda value, _: value.update(jobs=value["jobs"][1:])),
        first=False,
    ),
    "cancelled in other words": Lie(
        "jobs_can_be_cancelled",
        lambda asked, said: Said(200, {"result": "success"}) if said.value == {} else None,
        options=MEMORY,
    ),
    "cancelled, and goes on": Lie(
        "cancelled_jobs_end",
        where(lambda asked: asked.method == "DELETE", 200, {}),
        lambda asked: asked.method == "DELETE" and asked.headers.update(REQUEST_METHOD="GET"),
    ),
    "anything can be cancelled": Lie(
        "cancelling_an_unknown_job_is_refused",
        where(lambda asked: asked.method == "DELETE" and "no-job" in asked.path, 200, {}),
        options=MEMORY,
    ),
    "any body makes a job": Lie(
        "invalid_bodies_are_refused",
        where(
            lambda asked: asked.method == "POST" and asked.headers["CONTENT_LENGTH"] == "11",
            200,
            {"jobId": "a", "jobType": 1},
        ),
    ),
    "any method will do": Lie(
        "unsupported_methods_are_refused", where(lambda asked: asked.method == "PATCH", 200, EMPTY)
    ),
}
"""Each breaks one rule."""


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_caught_by_the_check_named_for_it(ges: GesMock, name: str) -> None:
    lie = LIES[name]

    found = run(lying(ges, lie))

    caught = [one.check.name for one in found.outcomes if one.state in ("failed", "deviation")]
    assert lie.check in (caught[:1] if lie.first else caught)


def test_a_total_that_leaves_out_what_follows_is_caught(ges: GesMock) -> None:
    lie = Lie("", listed(lambda value, _: value.update(totalCount=30)))
    session = lying(ges, lie, generate=31)
    session.most = 30

    outcome = held("total_is_the_number_of_jobs", session)

    assert outcome.state == "failed"
    assert outcome.detail.startswith("totalCount is 30, but another job follows\n")


def test_an_offset_that_is_refused_past_the_end_only_differs(ges: GesMock) -> None:
    refused = where(lambda asked: number(asked.query.get("offset")) > 30, 400, REFUSED)

    outcome = held("list_is_empty_past_its_end", lying(ges, Lie("", refused)))

    assert outcome.state == "deviation"
    assert outcome.detail.startswith("such an offset is refused\n")


def test_every_check_is_the_first_to_catch_a_lie() -> None:
    first = {lie.check for lie in LIES.values() if lie.first}

    assert first == {check.name for check in CHECKS}
    assert len(LIES) > 60


# --- Servers that answer anything ---------------------------------------------------------------


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["jobs", "jobId", "request", "status", "totalCount", "data", "outputs"])
            | st.sampled_from(
                ["errorCode", "errorMessage", "rawRequest", "url", "progress", "results"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(values=st.lists(JSON, min_size=1, max_size=5), jobs=st.lists(JSON, max_size=3))
@hypothesis_settings(max_examples=150)
def test_whatever_a_server_answers_is_told_without_a_traceback(
    values: list[Any], jobs: list[Any]
) -> None:
    first = {"jobs": [one for one in jobs if isinstance(one, dict)]}
    turns = cycle([(200, first), *((200 if n % 2 else 400, one) for n, one in enumerate(values))])

    class Odd(Client):
        def send(self, method: str, url: str, *_: Any) -> ServerReply:
            status, value = next(turns)
            return ServerReply(f"{method} {url}", status, {}, json.dumps(value).encode(), value)

        trailer_of_head = Mock(return_value=b"")  # asked for after some answers only

    session = ProbedSession(
        Odd(Target.of("http://h", "p", "g")), submit=SUBMIT, sleep=lambda _: None
    )

    found = run(session)

    assert report.as_junit(found)
    assert report.text(found)
    assert json.loads(report.as_json(found))
    assert fixtures.parse(report.as_fixture(found).encode())


DEEP = b'{"status":' + b"[" * 800 + b"]" * 800 + b"}"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b'{"jobs":[],"totalCount":NaN,"result":"success"}', "broken JSON: JSON is malformed"),
        (b'{"jobs":[],"totalCount":1e999,"result":"success"}', "Number out of range"),
        ('{"jobs":[]}'.encode("utf-16"), "byte 0: broken JSON: not UTF-8"),
        (b'{"jobs":["\xff"]}', "byte 10: broken JSON: not UTF-8"),
        (b'{"jobs":["\\ud800"]}', "broken JSON: "),
        (b"[" * 100_000 + b"]" * 100_000, "broken JSON: nested too deeply"),
        (b'{"jobs":[', "broken JSON: Expecting value"),
    ],
)
def test_a_body_that_is_no_json_says_where_it_breaks(ges: GesMock, raw: bytes, told: str) -> None:
    broken = Lie("", lambda asked, said: Said(200, None, raw=raw) if asked.turn == 2 else None)
    session = lying(ges, broken)
    session.begin()
    session.get("/jobs/status")

    outcome = held("answers_are_json", session)

    assert outcome.state == "failed"
    assert told in outcome.detail
    assert [one.json_error for one in session.replies[:1]] == [""]


def test_an_answer_that_is_nested_as_deep_as_can_be_is_told(ges: GesMock) -> None:
    def deep(job: dict[str, Any]) -> None:
        job["status"] = json.loads(DEEP)["status"]

    session = lying(ges, Lie("", both(jobs(deep), shown(lambda job, _: deep(job)))))

    found = run(session)

    assert len(found.outcomes) == len(CHECKS)
    assert max(len(outcome.detail) for outcome in found.outcomes) < 2000


def test_what_a_server_sends_moves_no_terminal(ges: GesMock) -> None:
    wild = "\x1b[2J\r\n      ok  all\u202e"
    session = lying(ges, Lie("", jobs(lambda job: job.update(jobId=wild, status=wild))))

    found = run(session)

    for text in (*map(report.line, found.outcomes), report.text(found)):
        assert all(one.isprintable() or one == "\n" for one in text)
        assert "\n      ok  all" not in text
    assert "\x1b" not in report.as_junit(found)


@pytest.mark.parametrize("escape", [str, str.lower])
@pytest.mark.parametrize("written", ["{}", "a/b {}", "{}\\n", "{url}"])
def test_what_a_server_repeats_of_a_secret_is_not_shown(
    ges: GesMock, written: str, escape: Callable[[str], str]
) -> None:
    token = "MIIF/abc+def=" * 40

    def each(form: str) -> str:
        return re.sub("[/+=]", lambda found: escape(form.format(ord(found[0]))), token)

    told = written.format(token, url=each("%{:02X}"))
    echo = Lie(
        "",
        both(
            jobs(lambda job: job.update(jobId=told, status=told)),
            refused(lambda said: said.value.update(errorMessage=told, errorCode="GES.8005")),
            lambda asked, said: said.headers.update({"Content-Type": told}),
        ),
    )
    session = lying(ges, echo, tokens=[token])

    found = run(session)

    for text in (report.text(found), report.as_json(found), report.as_junit(found)):
        assert "***" in text
        assert "MIIF" not in text
    assert "MIIF" not in "".join(map(report.line, found.outcomes))


def test_what_a_server_repeats_of_the_storage_keys_of_a_body_is_not_shown(ges: GesMock) -> None:
    keys = {"obsParameters": [{"accessKey": "AKIDtopsecret", "secretKey": "SKtopsecret"}]}
    session = lying(ges)
    submission = Submission.of("vertex_query", json.dumps({"labels": ["a"], **keys}), 60)
    told = {"errorMessage": "no AKIDtopsecret", "errorCode": "GES.8005", "a": "SKtopsecret"}
    echo = where(lambda asked: asked.method == "POST", 400, told)
    client = Liar(session.target, ges.app, Lie("", echo))

    outcome = held("submitted_jobs_run_to_an_end", ProbedSession(client, submit=submission))

    assert outcome.state == "failed"
    assert "no ***" in outcome.detail
    assert "topsecret" not in outcome.detail


def test_the_secrets_of_a_body_are_not_shown_whatever_they_are_called(ges: GesMock) -> None:
    body = {"password": "topsecret", "a": [{"token": {"value": "top/secret"}}], "pwd": 918273}
    session = lying(ges)
    submission = Submission.of("vertex_query", json.dumps({"labels": ["a"], **body}), 60)
    told = {"errorMessage": f"bad body {json.dumps(body)}", "errorCode": "GES.8005"}
    echo = where(lambda asked: asked.method == "POST", 400, told)
    client = Liar(session.target, ges.app, Lie("", echo))

    outcome = held("submitted_jobs_run_to_an_end", ProbedSession(client, submit=submission))

    assert "bad body {" in outcome.detail
    for secret in ("topsecret", "top/secret", "918273"):
        assert secret not in outcome.detail


def test_what_an_answer_escapes_of_a_secret_is_not_shown() -> None:
    body = rb'{"errorMessage":"MIIF\u002fabc\u002bdef\u003d is refused"}'
    headers = {"location": "/login?back=%2Fa%3Ft%3DMIIF%2fabc%2bdef%3d"}

    told = str(ServerReply("GET /", 302, headers, body, None, ("MIIF/abc+def=",)))

    assert told == (
        "GET / was answered 302, to '/login?back=%2Fa%3Ft%3D***', "
        """'{"errorMessage":"*** is refused"}'"""
    )


def test_words_of_three_letters_are_not_taken_for_secrets(ges: GesMock) -> None:
    session = lying(ges, Lie("", jobs(lambda job: job.update(status="sec"))), tokens=["sec"])

    assert '"status": "sec"' in held("statuses_are_documented", session).detail


def test_who_stops_answering_is_given_up(ges: GesMock) -> None:
    def silent(asked: Asked, said: Said) -> None:
        if asked.turn > 12:
            raise Unresponsive(
                "http://h", "http_response_timeout", "no complete answer within 30 s"
            )

    session = lying(ges, Lie("", silent))

    found = run(session)

    gone = [one.detail for one in found.outcomes if "is not asked any more" in one.detail]
    assert len(gone) > 20
    assert session.client.requests < 20


def test_a_server_that_is_busy_is_asked_once_more_and_then_nothing_is_said_of_it(
    ges: GesMock,
) -> None:
    busy = Lie("", where(lambda asked: asked.turn > 10, 503, {}, **{"Retry-After": "7"}))
    session = lying(ges, busy)

    found = run(session)

    assert failures(found) == []
    assert any("it is busy: GET " in one.detail for one in found.outcomes)
    assert {*session.client.slept} == {7.0}  # type: ignore[attr-defined]


def test_where_nothing_can_be_seen_that_is_no_success(ges: GesMock) -> None:
    found = run(lying(ges, Lie("", where(lambda asked: asked.turn > 1, 503, {}))))

    assert found.empty
