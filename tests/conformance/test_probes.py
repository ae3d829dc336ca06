"""How a target reads the documentation: every documented reading passes, and no other is a setting."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from liars import (
    Asked,
    HangsUp,
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
from gesmock.conformance.checks import ServiceCheck, run_check
from gesmock.conformance.run import CHECKS, Report, run
from gesmock.remote.session import Session, Submission, SubmittedJob

EMPTY = {"jobs": [], "totalCount": 0, "result": "success"}
MEMORY = {"settings": {"edition": "memory"}}


def wrong(found: Report, *states: str) -> list[str]:
    return [report.line(one) for one in found.outcomes if one.state in (states or ("failed",))]


def told_of(session: Session, setting: str) -> tuple[Any, str]:
    """What is made of a *setting*, and what is told of it."""
    [found] = [one for one in probes.probe(session) if one.setting == setting]
    return found.value, found.detail


def check_of(name: str) -> ServiceCheck:
    [check] = [one for one in CHECKS if one.name == name]
    return check


def question(session: Session, words: str) -> str:
    """What is told of the question with these *words*."""
    [found] = [one for one in probes.probe(session) if words in one.question]
    return found.detail


# --- Every documented reading passes ------------------------------------------------------------


def _of_2023(job: dict[str, Any]) -> None:
    job["request"]["body"] = json.loads(job["request"].pop("rawRequest") or "{}")


def _without_total(value: dict[str, Any], _: Asked) -> None:
    value.pop("totalCount")


def _table(value: dict[str, Any], _: Asked) -> None:
    value["jobs"] = value["jobs"][0] if value["jobs"] else {}


def _shuffle(job: dict[str, Any]) -> None:
    told = json.loads(job["request"]["rawRequest"] or "{}")
    told = dict(reversed(told.items()))
    job["request"]["rawRequest"] = json.dumps(told, separators=(",", ":"))


def _stamps(job: dict[str, Any]) -> None:
    for at, key in enumerate(("startTime", "endTime")):
        if job.get(key):
            job[key] = 1716458040000 + at


def _failed(value: dict[str, Any], _: int) -> None:
    if value["status"] == "failed":
        value.update(result="failed", data={})


def _sizes_below_data(value: dict[str, Any], _: int) -> None:
    outputs = value.get("data", {}).get("outputs")
    if outputs:
        value["data"] = outputs


def _without_result(value: dict[str, Any], _: int) -> None:
    value.pop("result", None)


def _old_token(said: Said) -> None:
    if said.value.get("errorCode") == "GES.8007":
        said.value["errorCode"] = "GES.8005"


def _not_found(said: Said) -> None:
    if said.value.get("errorCode") == "GES.8000":
        said.value["errorMessage"] = "Not found. Please check the input parameters."


def _of_the_token(asked: Asked, said: Said) -> Said | None:
    value = {"errorMessage": "Invalid resource access.", "errorCode": "GES.8006"}
    return Said(400, value) if "no-project" in asked.path else None


def _job_id(asked: Asked, said: Said) -> None:
    if "jobId" in said.value:
        said.value["job_id"] = said.value.pop("jobId")


def _refused_past_the_end(asked: Asked, said: Said) -> Said | None:
    past = number(asked.query.get("offset")) and said.status == 200 and not said.value.get("jobs")
    value = {"errorMessage": "Parameter error!", "errorCode": "GES.8005"}
    return Said(400, value) if asked.listed and past else None


def _anew_past_the_end(asked: Asked, said: Said) -> None:
    if asked.listed and said.status == 200:
        offset, limit = (number(asked.query.get(one)) for one in ("offset", "limit"))
        if not offset and limit >= 30:
            FIRST[:] = said.value["jobs"]
        elif offset and not said.value["jobs"]:
            said.value["jobs"] = FIRST[:limit]


FIRST: list[Any] = []
"""The jobs of a list that begins anew behind its end."""


def _blank(value: dict[str, Any], _: int) -> None:
    if value["status"] == "failed":
        value.update(status="", data={}, result="failed")


def _absent(value: dict[str, Any], _: int) -> None:
    if value["status"] == "failed":
        value.clear()
        value.update(errorMessage="Running algorithm [a] error: b!", errorCode="GES.8301")
        value.update(result="failed")


def _blank_for_all(value: dict[str, Any], _: int) -> None:
    value.update(status="", data={}, result="failed")


def _only_once(asked: Asked, said: Said) -> Said | None:
    told = {"errorMessage": "index a already exists", "errorCode": "GES.8402"}
    if asked.method != "POST" or said.status != 200:
        return None
    SUBMITTED.append(asked.turn)
    return Said(400, told) if any(turn < asked.turn for turn in SUBMITTED) else None


SUBMITTED: list[int] = []
"""The turns at which a job was submitted."""


NO_CANCEL = where(
    lambda asked: asked.method == "DELETE",
    404,
    {"errorMessage": "Not found. Please check the input parameters.", "errorCode": "GES.8000"},
)
UNSUPPORTED = where(
    lambda asked: asked.method == "DELETE" and "no-job" not in asked.path,
    400,
    {"errorMessage": "unsupported operation", "errorCode": "GES.8304"},
)
UNPAGED = asks(
    lambda query: number(query.get("limit")) and (query.pop("limit"), query.pop("offset", 0))
)

READINGS = {
    "1: job_id (table)": Lie("", options={"settings": {"id_key": "job_id"}}),
    "1: job_id of a submission (table)": Lie("", _job_id),
    "2: body of a request (2023)": Lie("", jobs(_of_2023)),
    "2: the old text of the memory edition": Lie(
        "", both(jobs(_of_2023), listed(_without_total), shown(_without_result))
    ),
    "2: a list of 2024": Lie("", listed(_without_total)),
    "2: large graphs of 2021": Lie(
        "", both(jobs(_of_2023), listed(_without_total)), UNPAGED
    ),
    "3: jobs is an object (table)": Lie("", listed(_table)),
    "4: result is failed on a refusal": Lie("", options={"settings": {"failed_result": True}}),
    "4: result of a job that has failed": Lie("", shown(_failed)),
    "5: complete in the memory edition": Lie(
        "",
        jobs(lambda job: job["status"] == "success" and job.update(status="complete")),
        options=MEMORY,
    ),
    "6: success for all": Lie("", options={"settings": {"finished_status": "success"}}),
    "6: complete here, success there": Lie(
        "", jobs(lambda job: job["status"] == "success" and job.update(status="complete"))
    ),
    "7: sizes below data": Lie("", shown(_sizes_below_data)),
    "8: the advice of GES.8005": Lie(
        "", refused(_old_token), options={"tokens": ["secret"]}
    ),
    "9: not found": Lie("", refused(_not_found)),
    "9: not found, with 400": Lie(
        "", refused(_not_found), options={"settings": {"unknown_graph_status": 400}}
    ),
    "11: nobody has to sign in": Lie(
        "",
        of_request=lambda asked: asked.headers.setdefault("HTTP_X_AUTH_TOKEN", "secret"),
        options={"tokens": ["secret"]},
    ),
    "13: progress is an Integer": Lie(
        "", jobs(lambda job: job.update(progress=int(job["progress"]))), options=MEMORY
    ),
    "times are timestamps": Lie("", jobs(_stamps), options=MEMORY),
    "errorMessage and errorCode are blank": Lie(
        "", both(
            listed(lambda value, _: value.update(errorMessage="", errorCode="")),
            shown(lambda value, _: value.update(errorMessage="", errorCode="")),
        )
    ),
    "status and data are blank on a refusal": Lie(
        "", refused(lambda said: said.value.update(status="", data={}))
    ),
    "a code that no copy has": Lie(
        "", where(lambda asked: asked.query.get("limit") == "none", 400,
                  {"errorMessage": "?", "errorCode": "GES.8999"})
    ),
    "keys of a rawRequest in another order": Lie("", jobs(_shuffle)),
    "keys of the list in another order": Lie(
        "", listed(lambda value, _: value.update(jobs=value.pop("jobs")))
    ),
    "a blank limit is none": Lie(
        "", of_request=asks(lambda query: query.get("limit") == "" and query.pop("limit"))
    ),
    "another project is refused for the token": Lie("", _of_the_token),
    "an edition without cancel": Lie("", NO_CANCEL),
    "unsupported operation": Lie("", UNSUPPORTED, options=MEMORY),
    "8.2: an offset past the end is refused": Lie("", _refused_past_the_end),
    "8.2: with a single job, too": Lie("", _refused_past_the_end, options={"generate": 1}),
    "8.2: with no job, too": Lie("", _refused_past_the_end, options={"generate": 0}),
    "8.2: without a total, too": Lie("", both(listed(_without_total), _refused_past_the_end)),
    "8.2: behind its end, a list begins anew": Lie("", _anew_past_the_end),
    "status and data are blank where a query fails": Lie("", shown(_blank)),
    "status and data are absent where a query fails": Lie("", shown(_absent)),
    "every query of a job fails": Lie("", shown(_blank_for_all)),
    "what was submitted is refused a second time": Lie("", _only_once),
    "what is cancelled is gone": Lie(
        "", where(lambda asked: asked.method == "DELETE" and "no-job" not in asked.path, 200, {}),
        lambda asked: "no-job" not in asked.path and asked.method == "DELETE"
        and asked.headers.update(REQUEST_METHOD="GET"), options=MEMORY,
    ),
    "HTML for what no page has": Lie(
        "",
        lambda asked, said: (
            Said(404, None, {"Content-Type": "text/html"}, b"<html>")
            if asked.path.endswith("/gesmock") or asked.method == "PATCH"
            else None
        ),
    ),
}  # fmt: skip
"""By their number in the list of contradictions, where they have one."""


@pytest.mark.parametrize("name", READINGS)
def test_a_documented_reading_fails_no_check(ges: GesMock, name: str) -> None:
    lie = READINGS[name]
    SUBMITTED.clear()
    session = lying(ges, lie)

    found = run(session)

    assert wrong(found) == []
    assert found.count("passed") > 8
    assert session.client.lied or lie.options  # type: ignore[attr-defined]


def test_jobs_that_are_an_object_are_told(ges: GesMock) -> None:
    session = lying(ges, READINGS["3: jobs is an object (table)"])

    assert question(session, "jobs: an object") == "an object"
    assert "no page says which jobs it holds" in told_of(session, "order")[1]


def test_where_a_list_has_no_jobs_it_is_not_told_what_they_are(ges: GesMock) -> None:
    session = lying(ges, Lie("", listed(lambda value, _: value.pop("jobs"))))

    assert question(session, "jobs: an object").startswith("there are none: GET ")


def test_a_list_as_of_old_is_of_either_edition(ges: GesMock) -> None:
    session = lying(ges, READINGS["2: the old text of the memory edition"])

    assert told_of(session, "edition") == (
        None,
        "its list is like those before 2025, which are the same for both editions",
    )
    assert question(session, "listed request's body") == "body"


# --- What is answered otherwise is no reading ---------------------------------------------------

PROBES: dict[str, Callable[[Asked], object]] = {
    "limit_zero": lambda asked: asked.query.get("limit") == "0",
    "limit_over_maximum": lambda asked: asked.query.get("limit") == "100001",
    "maximum_limit": lambda asked: number(asked.query.get("limit")) > 1000,
    "open_projects": lambda asked: "/00000000" in asked.path,
    "forbidden_status": lambda asked: "/00000000" in asked.path,
    "unknown_graph_status": lambda asked: "gesmockNobody" in asked.path,
    "invalid_token_status": lambda asked: asked.headers.get("HTTP_X_AUTH_TOKEN") == "gesmockNobody",
    "failed_result": lambda asked: "none" in asked.query.values(),
    "sdk_error_keys": lambda asked: "none" in asked.query.values(),
}


def _hangs_up(asked: Asked, said: Said) -> Said:
    raise HangsUp


STRANGE: dict[str, Callable[[Asked, Said], Said]] = {
    "429": lambda asked, said: Said(429, {"error_code": "APIGW.0308", "error_msg": "?"}),
    "503": lambda asked, said: Said(503, {"errorMessage": "?", "errorCode": "GES.8000"}),
    "404 of a web server": lambda asked, said: Said(404, None, {}, b"<html>"),
    "404 of the gateway": lambda asked, said: Said(404, {"error_code": "APIGW.0101"}),
    "401 of the gateway": lambda asked, said: Said(401, {"error_code": "APIGW.0301"}),
    "500": lambda asked, said: Said(500, {"errorMessage": "?", "errorCode": "GES.8302"}),
    "422": lambda asked, said: Said(422, {"errorMessage": "?", "errorCode": "GES.8005"}),
    "another code": lambda asked, said: Said(400, {"errorMessage": "?", "errorCode": "GES.8020x"}),
    "no list": lambda asked, said: Said(200, {"detail": "ok"}),
    "no JSON": lambda asked, said: Said(200, None, {}, b"{"),
    "a hang-up": _hangs_up,
}


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize("setting", PROBES)
def test_what_is_answered_otherwise_is_no_setting(ges: GesMock, setting: str, strange: str) -> None:
    probe, said = PROBES[setting], STRANGE[strange]
    token = (
        {"tokens": ["secret"]} if setting in ("forbidden_status", "invalid_token_status") else {}
    )
    refuse = {"settings": {"limit_over_maximum": "refuse"}} if setting == "maximum_limit" else {}
    session = lying(
        ges,
        Lie("", lambda asked, honest: said(asked, honest) if probe(asked) else None),
        submit=False,
        **token,
        **refuse,
    )

    value, told = told_of(session, setting)

    assert value is None
    assert told


@pytest.mark.parametrize("setting", PROBES)
def test_a_server_that_was_busy_once_is_read_all_the_same(ges: GesMock, setting: str) -> None:
    token = (
        {"tokens": ["secret"]} if setting in ("forbidden_status", "invalid_token_status") else {}
    )
    refuse = {"settings": {"limit_over_maximum": "refuse"}} if setting == "maximum_limit" else {}
    turns: set[int] = set()

    def once(asked: Asked, said: Said) -> Said | None:
        if not PROBES[setting](asked) or asked.turn - 1 in turns:
            return None
        turns.add(asked.turn)
        return Said(429, {}, {"Retry-After": "3"})

    session = lying(ges, Lie("", once), submit=False, **token, **refuse)

    assert told_of(session, setting)[0] is not None
    assert {*session.client.slept} == {3.0}  # type: ignore[attr-defined]


# --- What is hard to read -----------------------------------------------------------------------


def test_the_maximum_is_found_by_what_is_refused(ges: GesMock) -> None:
    refuses = {"limit_over_maximum": "refuse", "maximum_limit": 7}

    assert told_of(lying(ges, generate=3, settings=refuses), "maximum_limit")[0] == 7
    refuses.pop("maximum_limit")
    assert told_of(lying(ges, generate=3, settings=refuses), "maximum_limit")[0] == 100_000


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        (
            Lie("", of_request=asks(lambda query: query.setdefault("limit", "10"))),
            "10 of 30 jobs are returned without a limit, others with one",
        ),
        (
            Lie(
                "",
                listed(lambda value, asked: "limit" not in asked.query and value.update(jobs=[])),
            ),
            "0 of 30 jobs are returned without a limit, others with one",
        ),
        (
            Lie(
                "",
                where(
                    lambda asked: number(asked.query.get("limit")) and asked.query.get("offset"),
                    400,
                    {"errorMessage": "?", "errorCode": "GES.8005"},
                ),
            ),
            "at the offset 29, every limit is refused",
        ),
        (
            Lie(
                "",
                both(
                    listed(_without_total),
                    listed(lambda value, asked: "limit" not in asked.query and value["jobs"].pop()),
                ),
            ),
            "29 of more jobs are returned without a limit, others with one",
        ),
    ],
)
def test_what_may_be_another_number_is_not_taken_for_the_maximum(
    ges: GesMock, lie: Lie, told: str
) -> None:
    assert told_of(lying(ges, lie), "maximum_limit") == (None, told)


def test_the_maximum_of_a_list_without_a_total_is_found_by_what_follows(ges: GesMock) -> None:
    session = lying(ges, Lie("", listed(_without_total)), settings={"maximum_limit": 5})

    assert told_of(session, "maximum_limit")[0] == 5
    assert session.page_size == 5


def test_a_list_without_a_total_that_comes_as_a_whole_tells_no_maximum(ges: GesMock) -> None:
    session = lying(ges, Lie("", listed(_without_total)))

    assert told_of(session, "maximum_limit") == (
        None,
        "its 30 jobs are all returned without a limit",
    )


def test_jobs_that_come_back_for_limit_0_are_told(ges: GesMock) -> None:
    lie = Lie("", of_request=asks(lambda query: query.get("limit") == "0" and query.pop("limit")))

    assert told_of(lying(ges, lie), "limit_zero") == (None, "30 jobs are returned")


@pytest.mark.parametrize("order", ["newest_first", "oldest_first"])
def test_the_order_is_read_from_the_times_of_the_memory_edition(ges: GesMock, order: str) -> None:
    session = lying(ges, settings={"edition": "memory", "order": order})

    assert told_of(session, "order")[0] == order


NO_TIMES = jobs(lambda job: job.update(startTime=""))


@pytest.mark.parametrize("order", ["newest_first", "oldest_first"])
def test_without_a_total_the_order_is_read_from_the_last_page(ges: GesMock, order: str) -> None:
    session = lying(ges, Lie("", NO_TIMES), settings={"edition": "memory", "order": order})

    assert wrong(run(session)) == []
    assert told_of(session, "order")[0] == order


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"edition": "memory"}, id="a full page is not the whole"),
        pytest.param({}, id="the total is another meanwhile"),
    ],
)
def test_where_others_submit_too_no_order_is_read_from_a_part(
    ges: GesMock, settings: dict[str, Any]
) -> None:
    coming = {"operation": "list_jobs", "fault": {"kind": "insert_jobs"}}
    session = lying(ges, Lie("", NO_TIMES), settings=settings, faults=[coming], generate=1)
    session.most = 4  # ours is the last of them by the time they are read

    run_check(check_of("submitted_jobs_run_to_an_end"), session)

    [made] = session.submitted
    assert (made.is_first, made.is_last) == (False, False)
    assert told_of(session, "order")[0] is None


def test_where_no_job_was_there_before_no_order_is_read(ges: GesMock) -> None:
    session = lying(ges, generate=0)
    assert session.whole.jobs == []
    session.submitted.append(
        SubmittedJob("vertex_query", is_first=True, is_last=False, status="complete")
    )

    assert told_of(session, "order")[0] is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            listed(lambda value, _: value["jobs"].sort(key=lambda job: job["jobId"])),
            "the jobs are in no order of their times",
        ),
        (
            jobs(lambda job: job.update(startTime="2024-05-23 09:54:00")),
            "no two jobs with comparable times are listed (see --allow-writes)",
        ),
    ],
)
def test_jobs_in_no_order_have_none(
    ges: GesMock, change: Callable[[Asked, Said], Said | None], told: str
) -> None:
    assert told_of(lying(ges, Lie("", change, options=MEMORY)), "order") == (None, told)


@pytest.mark.parametrize(
    ("change", "setting", "told"),
    [
        ({"result": "error"}, "failed_result", 'the result of a refusal is "error"'),
        ({"error_msg": "a"}, "sdk_error_keys", "a refusal has only one of them"),
    ],
)
def test_a_refusal_that_is_neither_is_told(
    ges: GesMock, change: dict[str, Any], setting: str, told: str
) -> None:
    session = lying(ges, Lie("", refused(lambda said: said.value.update(change))))

    assert told_of(session, setting) == (None, told)


def test_an_edition_that_nobody_knows_is_told(ges: GesMock) -> None:
    session = lying(ges, Lie("", jobs(lambda job: job.pop("request"))))

    value, detail = told_of(session, "edition")

    assert value is None
    assert detail.startswith("no edition lists its jobs like this: GET ")


def test_an_empty_list_without_a_total_is_of_either_edition(ges: GesMock) -> None:
    session = lying(ges, generate=0, settings={"edition": "memory"})

    assert "it could be either edition" in told_of(session, "edition")[1]


def test_an_answer_that_is_nested_too_deeply_is_no_reading(ges: GesMock) -> None:
    def deep(asked: Asked, said: Said) -> Said | None:
        raise RecursionError

    session = lying(ges, Lie("", deep))

    assert told_of(session, "limit_zero") == (None, "an answer is nested too deeply")
    outcome = run_check(check_of("limit_is_respected"), session)
    assert (outcome.state, outcome.detail) == ("failed", "an answer is nested too deeply")


# --- Jobs that are made -------------------------------------------------------------------------


def test_a_job_that_ends_at_once_cannot_be_cancelled(ges: GesMock) -> None:
    session = lying(ges, generate=0, plans=[{"plan": "instant"}])

    outcome = run_check(check_of("cancelled_jobs_end"), session)

    assert (outcome.state, outcome.detail) == (
        "skipped",
        "it had ended before it could be cancelled",
    )


@pytest.mark.parametrize(
    ("command", "plan"), [("execute_algorithm", "fails_late"), ("execute_cypher_query", "normal")]
)
def test_other_jobs_are_submitted_and_awaited_too(ges: GesMock, command: str, plan: str) -> None:
    session = lying(ges, generate=0, plans=[{"plan": plan}])
    session.submit = Submission.of(command, None, 60)

    assert wrong(run(session), "failed", "deviation") == []


@pytest.mark.parametrize(
    "names",
    [
        ("submitted_jobs_run_to_an_end", "jobs_can_be_cancelled", "cancelled_jobs_end"),
        ("jobs_can_be_cancelled", "submitted_jobs_run_to_an_end", "cancelled_jobs_end"),
    ],
)
def test_what_can_be_submitted_only_once_is_not_seen_again(
    ges: GesMock, names: tuple[str, ...]
) -> None:
    SUBMITTED.clear()
    session = lying(ges, Lie("", _only_once), settings={"edition": "memory"})

    first, *others = [run_check(check_of(name), session) for name in names]

    assert first.state == "passed"
    assert [one.state for one in others] == ["skipped"] * 2
    assert all("index a already exists" in one.detail for one in others)


def test_what_is_never_accepted_is_a_failure_told_once(ges: GesMock) -> None:
    told = {"errorMessage": "no", "errorCode": "GES.8402"}
    session = lying(ges, Lie("", where(lambda asked: asked.method == "POST", 400, told)))

    found = run(session)

    assert [one.check.name for one in found.outcomes if one.state in ("failed", "deviation")] == [
        "submitted_jobs_run_to_an_end"
    ]
    [cancel] = [one for one in found.outcomes if one.check.name == "jobs_can_be_cancelled"]
    assert cancel.detail.startswith("no job could be submitted: expected 200 and a jobId")


@pytest.mark.parametrize(
    "name", ["job_status_agrees_with_list", "results_are_stable", "submitted_jobs_run_to_an_end"]
)
def test_of_a_job_whose_query_fails_nothing_is_told(ges: GesMock, name: str) -> None:
    session = lying(ges, Lie("", shown(_blank_for_all)))

    outcome = run_check(check_of(name), session)

    assert outcome.state == "skipped"
    assert "fails: GET " in outcome.detail


def test_a_query_that_fails_for_a_page_of_a_result_tells_nothing_of_it(ges: GesMock) -> None:
    def fails(asked: Asked, said: Said) -> Said | None:
        paged = not asked.listed and "offset" in asked.query
        return Said(200, {"status": "", "data": {}, "result": "failed"}) if paged else None

    outcome = run_check(check_of("results_are_paged"), lying(ges, Lie("", fails)))

    assert outcome.state == "skipped"
    assert outcome.detail.startswith("the query fails: GET ")


@pytest.mark.parametrize(
    "value",
    [
        {"status": "", "data": {}, "result": "failed", "more": 1},
        {"status": "", "data": {}, "result": "success"},
        {"errorMessage": "no", "errorCode": "none", "result": "failed"},
        {"data": {}},
    ],
)
def test_a_query_that_fails_has_its_shape_too(ges: GesMock, value: dict[str, Any]) -> None:
    session = lying(ges, Lie("", lambda asked, said: None if asked.listed else Said(200, value)))

    outcome = run_check(check_of("job_has_documented_shape"), session)

    assert outcome.state == "failed"
