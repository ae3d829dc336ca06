"""The job list over HTTP: what it answers, refuses and injects, in every reading of the pages."""

import json
from functools import cache, partial
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import quote

import pytest
import requests
from conftest import CHARACTERS, PROJECT, Service
from hypothesis import given
from hypothesis import strategies as st

from gesmock import GesMock
from gesmock.fake import handle as operations
from gesmock.model.clock import ClockChange
from gesmock.model.messages import Request
from gesmock.web import gateway

PARAMETER_ERROR = {"errorMessage": "Parameter error!", "errorCode": "GES.8005"}
NOT_FOUND = {
    "errorMessage": "Not found. Please check the input parameters.",
    "errorCode": "GES.8000",
}
GRAPH = f"/ges/v1.0/{PROJECT}/graphs/movie"
LIST = f"{GRAPH}/jobs/status"
EXAMPLE_GRAPH = "ges_j60071198_hdfs_fdb"


@cache
def one_service() -> Service:
    """One service for all examples of a property."""
    return Service()


def unknown_graph(project_id: str, graph: str) -> dict[str, str]:
    text = f"Graph [{project_id}-{graph}] does not exist, please check projectId and graphName."
    return {"errorMessage": text, "errorCode": "GES.8000", "result": "failed"}


# --- What it answers ----------------------------------------------------------------------------


def test_the_pages_example_comes_back_byte_for_byte(service: Service) -> None:
    page = json.loads(Path("fixtures/page_example.json").read_text(encoding="utf-8"))
    compact = json.dumps(page, separators=(",", ":"))

    response = service.begin(fixture="page_example").list(graph=EXAMPLE_GRAPH)

    assert response.get_data(as_text=True) == compact
    assert (response.status_code, response.content_type) == (200, "application/json")
    assert [*response.json] == ["jobs", "totalCount", "result"]
    assert [*response.json["jobs"][0]] == ["jobId", "status", "request"]
    assert [*response.json["jobs"][0]["request"]] == ["command", "url", "rawRequest"]


def test_limit_and_offset_cut_a_page_and_leave_the_total(service: Service) -> None:
    service.begin(fixture="page_example")

    page = service.list("?limit=1&offset=2", graph=EXAMPLE_GRAPH).json

    assert [job["jobId"][:8] for job in page["jobs"]] == ["3d29c4aa"]
    assert page["totalCount"] == 3


def test_a_job_without_a_raw_request_is_listed_without_one(service: Service) -> None:
    job = {"jobId": "a", "status": "success", "request": {"command": "summary", "url": "/"}}
    service.begin()
    service.control("POST", "jobs", {"job": job})

    assert service.list().json["jobs"] == [job]


@given(st.integers(0, 40), st.integers(1, 50), st.integers(0, 60))
def test_pages_joined_are_the_whole_in_order_with_nothing_twice(
    count: int, limit: int, offset: int
) -> None:
    service = one_service()
    service.fake.restart({"generate": count})
    whole = service.list().json
    assert whole["totalCount"] == len(whole["jobs"]) == count

    pages = [
        service.list(f"?limit={limit}&offset={start}").json for start in range(0, count + 1, limit)
    ]

    joined = [job for page in pages for job in page["jobs"]]
    assert joined == whole["jobs"]
    assert len({job["jobId"] for job in joined}) == count
    assert {page["totalCount"] for page in pages} == {count}
    window = service.list(f"?limit={limit}&offset={offset}").json
    assert window["jobs"] == whole["jobs"][offset : offset + limit]
    assert window["result"] == "success"


def test_the_first_of_repeated_parameters_wins_and_unknown_ones_are_ignored(
    service: Service,
) -> None:
    service.begin(generate=5)

    assert len(service.list("?limit=2&limit=x&job_id=7&page=9").json["jobs"]) == 2


def test_head_is_get_without_a_body(service: Service) -> None:
    service.begin(generate=2)
    path = f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status"

    head, get = service.client.head(path), service.client.get(path)

    assert head.data == b""
    for name in ("Content-Length", "Content-Type", "Access-Control-Allow-Origin"):
        assert head.headers[name] == get.headers[name]
    assert head.status_code == get.status_code


def test_every_answer_has_a_request_id_of_its_own_which_is_the_trace_id_too(
    service: Service,
) -> None:
    service.begin()
    answers = [
        service.list(),
        service.list("?limit=x"),
        service.list(prefer="code=503"),
        service.client.get("/ges/v1.0/x"),
        service.client.put(LIST),
        service.client.options(LIST),
        service.client.get("/elsewhere"),
    ]

    ids = [each.headers["X-Request-Id"] for each in answers]

    assert [each.headers["TraceID"] for each in answers] == ids
    assert len(set(ids)) == len(ids)
    assert all(len(each) == 32 for each in ids)


# --- What it refuses ----------------------------------------------------------------------------

HOSTILE = [
    "-1", "", " ", "1e3", "+5", " 10", "10 ", "1.0", "٣", "１０", "1_000", "0x10", "NaN", "null",
    "1\n", "1;2", "true", "9" * 20, "9" * 5000, str(2**31), "--1", "1,000", "\x00", "[]",
]  # fmt: skip


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:12])
def test_an_invalid_number_is_a_parameter_error(service: Service, name: str, value: str) -> None:
    response = service.list(f"?{name}={quote(value)}")

    assert (response.status_code, response.json) == (400, PARAMETER_ERROR)
    assert response.get_data(as_text=True) == json.dumps(PARAMETER_ERROR, separators=(",", ":"))


@given(st.text(CHARACTERS, max_size=12), st.sampled_from(["limit", "offset"]))
def test_any_text_is_a_window_or_a_parameter_error(value: str, name: str) -> None:
    response = one_service().list(f"?{name}={quote(value, errors='replace')}")

    plain = value.isascii() and value.isdecimal() and int(value) < 2**31
    assert response.status_code == (200 if plain else 400)


def test_leading_zeros_are_ignored(service: Service) -> None:
    assert service.list(f"?limit={'0' * 5000}1").status_code == 200


@pytest.mark.parametrize(
    "project_id", ["a-b", "a" * 65, "%C3%A4", "a%20b", "a%0A", "%00", ".", "$", "٣"]
)
def test_an_invalid_project_id_is_a_parameter_error(service: Service, project_id: str) -> None:
    response = service.client.get(f"/ges/v1.0/{project_id}/graphs/movie/jobs/status")

    assert (response.status_code, response.json) == (400, PARAMETER_ERROR)


@pytest.mark.parametrize("graph", ["films", "a b", "..", "{x}", "%s", "ü" * 50, "'\"\\<script>"])
def test_an_unknown_graph_is_refused_by_name(service: Service, graph: str) -> None:
    response = service.list(graph=quote(graph))

    assert (response.status_code, response.json) == (400, unknown_graph(PROJECT, graph))


def test_a_project_that_no_fixture_names_is_like_an_unknown_graph(service: Service) -> None:
    response = service.client.get("/ges/v1.0/other/graphs/movie/jobs/status")

    assert (response.status_code, response.json) == (400, unknown_graph("other", "movie"))


# --- Every row of the table of readings ---------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "query", "expected"),
    [
        ({}, "", (200, 3)),
        ({}, "?limit=200000", (200, 3)),
        ({"limit_over_maximum": "refuse"}, "?limit=100000", (200, 3)),
        ({"limit_over_maximum": "refuse"}, "?limit=100001", (400, PARAMETER_ERROR)),
        ({"maximum_limit": 2}, "", (200, 2)),
        ({"maximum_limit": 2}, "?limit=3", (200, 2)),
        ({"maximum_limit": 2, "limit_over_maximum": "refuse"}, "?limit=3", (400, PARAMETER_ERROR)),
        ({}, "?limit=0", (200, 0)),
        ({"limit_zero": "refuse"}, "?limit=0", (400, PARAMETER_ERROR)),
        ({}, "?offset=3", (200, 0)),
        ({}, "?offset=2147483647", (200, 0)),
        ({"failed_result": True}, "?limit=-1", (400, {**PARAMETER_ERROR, "result": "failed"})),
        (
            {"sdk_error_keys": True},
            "?limit=-1",
            (400, {**PARAMETER_ERROR, "error_code": "GES.8005", "error_msg": "Parameter error!"}),
        ),
    ],
)
def test_a_setting_chooses_the_reading_of_the_window_and_of_refusals(
    service: Service, setting: dict[str, Any], query: str, expected: tuple[int, Any]
) -> None:
    response = service.begin(generate=3, settings=setting).list(query)

    if response.status_code == 200:
        assert response.json["totalCount"] == 3
        assert (200, len(response.json["jobs"])) == expected
    else:
        assert (response.status_code, response.json) == expected


def test_the_order_is_that_of_the_fixture_with_later_jobs_first_or_the_reverse(
    service: Service,
) -> None:
    service.begin(generate=3)
    before = [job["jobId"] for job in service.list().json["jobs"]]
    new = {"jobId": "new", "status": "pending", "request": {"command": "x", "url": "/"}}
    service.control("POST", "jobs", {"job": new})

    assert [job["jobId"] for job in service.list().json["jobs"]] == ["new", *before]
    service.control("PATCH", "settings", {"order": "oldest_first"})
    reverse = [job["jobId"] for job in service.list("?limit=2").json["jobs"]]
    assert reverse == [*before[::-1], "new"][:2]


@pytest.mark.parametrize(
    ("id_key", "keys"),
    [("jobId", ["jobId"]), ("job_id", ["job_id"]), ("both", ["jobId", "job_id"])],
)
def test_the_ids_key_is_that_of_the_example_or_of_the_table(
    service: Service, id_key: str, keys: list[str]
) -> None:
    plain = service.begin(generate=1).list().json["jobs"][0]

    job = service.begin(generate=1, settings={"id_key": id_key}).list().json["jobs"][0]

    assert [*job] == [*keys, "status", "request"]
    assert all(job[key] == plain["jobId"] for key in keys)


def test_open_projects_start_as_copies_of_the_start_state(service: Service) -> None:
    service.begin(generate=2, settings={"open_projects": True})
    service.control("DELETE", f"jobs/{service.list().json['jobs'][0]['jobId']}")

    response = service.client.get("/ges/v1.0/other/graphs/movie/jobs/status")

    answer = response.get_json()
    assert answer["totalCount"] == 2
    assert "/ges/v1.0/other/" in answer["jobs"][0]["request"]["url"]
    service.control("POST", "projects/third/faults", {"script": [503, "ok"]})
    assert len(service.control("GET", "projects/third/jobs").json["jobs"]) == 2
    bad = service.client.get("/ges/v1.0/a-b/graphs/movie/jobs/status")
    assert bad.status_code == 400


TOKENS = [
    "good",
    {"token": "old", "expires_in_s": 3600},
    {"token": "foreign", "project_id": "other"},
    {"token": "powerless", "permission": False},
]


@pytest.mark.parametrize("dialect", ["page", "error_table"])
@pytest.mark.parametrize(
    ("token", "page_status", "code", "message"),
    [
        (None, 401, "GES.8007", "Invalid token."),
        ("wrong", 401, "GES.8007", "Invalid token."),
        ("old", 401, "GES.8007", "Invalid token."),
        ("foreign", 403, "GES.8006", "Invalid resource access."),
        ("elsewhere", 403, "GES.8006", "Invalid resource access."),
        ("powerless", 403, "GES.8020", "The current user does not have permission."),
    ],
)
def test_an_invalid_token_is_refused_with_the_dialects_status(
    service: Service,
    dialect: str,
    token: str | None,
    page_status: int,
    code: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service.begin(tokens=TOKENS, settings={"dialect": dialect})
    service.control("PUT", "projects/other/state", {"tokens": ["elsewhere"]})
    project = service.fake.default
    project.clock.change(ClockChange(advance_s=3600, frozen=True))

    response = service.list(**({"x_auth_token": token} if token else {}))

    assert response.status_code == (page_status if dialect == "page" else 400)
    assert response.json == {"errorMessage": message, "errorCode": code}


@pytest.mark.parametrize("project_id", ["one", "two"])
def test_a_token_of_two_projects_is_valid_in_both(service: Service, project_id: str) -> None:
    for name in ("one", "two"):
        service.control(
            "PUT", f"projects/{name}/state", {"tokens": ["t", {"token": "t", "expires_in_s": 0}]}
        )

    response = service.client.get(
        f"/ges/v1.0/{project_id}/graphs/movie/jobs/status", headers={"X-Auth-Token": "t"}
    )

    assert response.status_code == 200


def test_a_valid_token_passes_in_its_own_project_only(service: Service) -> None:
    service.begin(tokens=TOKENS)

    assert service.list(x_auth_token="good").status_code == 200
    assert service.list(x_auth_token="old").status_code == 200
    other = service.client.get(
        "/ges/v1.0/other/graphs/movie/jobs/status", headers={"X-Auth-Token": "good"}
    )
    assert (other.status_code, other.get_json()["errorCode"]) == (403, "GES.8006")


@pytest.mark.parametrize("setting", [{}, {"unknown_graph_status": 404}])
@pytest.mark.parametrize("edition", ["database", "memory"])
def test_an_unknown_graphs_status_is_that_of_the_examples_or_of_the_pages_status_list(
    service: Service, setting: dict[str, Any], edition: str
) -> None:
    response = service.begin(settings={"edition": edition, **setting}).list(graph="films")

    assert response.status_code == setting.get("unknown_graph_status", 400)
    assert response.json == unknown_graph(PROJECT, "films")


@pytest.mark.parametrize("status", [400, 404])
def test_in_the_error_table_dialect_real_refusals_have_the_texts_of_the_table(
    service: Service, status: int
) -> None:
    service.begin(settings={"dialect": "error_table", "unknown_graph_status": status})
    submit = partial(service.client.post, f"{GRAPH}/action?action_id=import-graph", json={})
    unknown = [
        service.client.get(f"{GRAPH}/jobs/x/status"),
        service.client.get(f"{GRAPH}/nothing"),
        service.client.put(f"{GRAPH}/jobs/status"),
    ]

    answers = [service.list("?limit=-1"), service.list(graph="films"), submit(), *unknown]

    assert [(each.status_code, each.json["errorMessage"]) for each in answers] == [
        (400, "Incorrect parameter."),
        (status, "Incorrect parameter format."),
        (400, "Failed to incrementally import data to the graph."),
        (400, "Failed to query a job."),
        (404, NOT_FOUND["errorMessage"]),
        (405, NOT_FOUND["errorMessage"]),
    ]
    cypher = service.client.post(f"{GRAPH}/action?action_id=execute-cypher-query", json={})
    assert cypher.get_json()["errors"][0]["message"] == "Incorrect parameter format."


# --- What is injected ---------------------------------------------------------------------------


def test_an_injected_error_has_the_services_body_and_a_receipt(service: Service) -> None:
    order = {"fault": {"kind": "error", "status": 503, "headers": {"Retry-After": "1"}}, "times": 1}
    service.control("POST", "faults", order)

    injected, real = service.list(), service.list()

    assert injected.json == {
        "errorMessage": "Engine service unavailable.",
        "errorCode": "GES.8602",
    }
    assert injected.headers["X-Gesmock-Fault"] == "f1#1"
    assert injected.headers["Retry-After"] == "1"
    assert real.status_code == 200
    assert "X-Gesmock-Fault" not in real.headers


def test_an_injected_404_names_the_graph_that_was_asked_for(service: Service) -> None:
    response = service.list(prefer="code=404")

    assert (response.status_code, response.json) == (404, unknown_graph(PROJECT, "movie"))


def test_an_injected_error_follows_the_settings_for_refusals(service: Service) -> None:
    service.begin(settings={"failed_result": True})

    assert service.list(prefer="code=500").json["result"] == "failed"


@pytest.mark.parametrize("prefer", ["code=503", 'code="503"', "wait=5, Code = 503", "a;code=503"])
def test_a_client_may_ask_for_an_error_itself(service: Service, prefer: str) -> None:
    response = service.list(prefer=prefer)

    assert response.status_code == 503
    assert response.headers["X-Gesmock-Fault"] == "prefer#1"
    assert service.list().status_code == 200


def test_a_client_that_prefers_200_gets_the_real_answer(service: Service) -> None:
    service.control("POST", "faults", {"fault": {"kind": "error", "status": 503}})

    assert service.list(prefer="code=200").status_code == 200
    assert service.list(prefer="respond-async").status_code == 503


@pytest.mark.parametrize("code", ["999", "302", "abc", "", "5０3"])
def test_a_preference_that_cannot_be_met_is_refused_by_name(service: Service, code: str) -> None:
    response = service.list(prefer=f"code={code}".encode().decode("latin-1"))

    assert response.status_code == 400
    assert "is not 200 or from 400 to 599" in response.json["errorMessage"]


def test_faults_hit_before_anything_is_checked_but_only_their_own_project(
    service: Service,
) -> None:
    service.control("POST", "faults", {"fault": {"kind": "error", "status": 503}})

    assert service.list("?limit=x").status_code == 503
    assert service.client.get("/ges/v1.0/other/graphs/m/jobs/status").status_code == 400


def test_unmatched_requests_meet_no_faults(service: Service) -> None:
    service.control("POST", "faults", {"fault": {"kind": "error", "status": 503}})

    assert service.client.get("/ges/v1.0/x").json == NOT_FOUND


@pytest.mark.parametrize(
    ("path", "plane"),
    [
        ("/v1.0/p1/graphs/jobs", "the management plane (v1)"),
        ("/v2/p1/graphs/g1", "the management plane (v2)"),
        ("/v3/auth/tokens", "IAM"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_call_of_another_plane_is_answered_and_found_with_the_plane_named(
    ges: GesMock, method: str, path: str, plane: str
) -> None:
    response = requests.request(method, ges.url + path, json={})

    assert (response.status_code, response.json()) == (
        404,
        {
            "errorMessage": f"This is a call of {plane}; gesmock serves the service plane only.",
            "errorCode": "GES.8000",
        },
    )
    [finding] = ges.findings()
    assert str(finding) == (
        f"GM002 no operation serves this: {method} {path} answered 404; it is a call of {plane}, "
        "and gesmock serves the service plane only (#1)"
    )


# --- Calls by edition ---------------------------------------------------------------------------

FOREIGN = [
    ("memory", "delete_job", "DELETE", "/jobs/a"),
    ("memory", "vertex_query", "POST", "/vertices/action?action_id=query"),
    ("memory", "delete_edges", "POST", "/edges/action?action_id=delete"),
    ("memory", "filtered_query", "POST", "/action?action_id=filtered-query"),
    ("memory", "path_query", "POST", "/action?action_id=path-query"),
    ("memory", "import_properties", "POST", "/action?action_id=import-properties"),
    ("memory", "delete_by_file", "POST", "/action?action_id=delete-by-file"),
    ("memory", "build_schema_structure", "POST", "/schema/structure/build"),
    ("memory", "export_result", "POST", "/jobs/a/action?action_id=export-result"),
    ("database", "delete_graph", "DELETE", ""),
    ("database", "update_label", "POST", "/schema?label=book"),
    ("database", "batch_build_index", "POST", "/indices/action?action_id=batch-build"),
    ("database", "execute_cypher_query", "POST", "/transaction/commit"),
    ("database", "hyg_sync", "POST", "hyg/sync"),
    ("database", "hyg_delete_jobs", "DELETE", "hyg/jobs"),
]


@pytest.mark.parametrize(("edition", "operation", "method", "path"), FOREIGN)
def test_a_call_that_the_graphs_edition_does_not_document_is_an_unknown_call(
    service: Service, edition: str, operation: str, method: str, path: str
) -> None:
    other = "memory" if edition == "database" else "database"
    service.begin(fixture={"graphs": {"movie": {"edition": other}}})
    hyg = f"/ges/v1.0/{PROJECT}/hyg/movie"
    url = path.replace("hyg", hyg, 1) if path.startswith("hyg") else GRAPH + path

    refused = service.client.open(url, method=method, json={})

    assert (refused.status_code, refused.get_json()) == (404, NOT_FOUND)
    [entry] = service.fake.default.journal.entries()
    assert (entry.operation, entry.unmatched) == (None, True)
    [finding] = service.fake.default.verdict.findings(["GM0"])
    assert str(finding) == (
        f"GM002 no operation serves this: {method} {url} answered 404; "
        f"{operation} is not part of the {other} edition; check the graph's edition, or allow "
        "both with strict_edition=False (#1)"
    )

    service.control("PATCH", "settings", {"strict_edition": False})
    served = service.client.open(url, method=method, json={})
    assert served.status_code != 404
    assert service.fake.default.journal.entries()[-1].operation == operation


@pytest.mark.parametrize(
    ("edition", "method", "path", "allowed"),
    [
        ("database", "GET", "/jobs/a", None),  # its DELETE is the memory edition's
        ("memory", "GET", "/jobs/a", "DELETE, OPTIONS"),
        ("database", "POST", "", "DELETE, OPTIONS"),
        ("memory", "POST", "", None),
        ("database", "PUT", "/schema", "GET, HEAD, OPTIONS, POST"),
        ("memory", "PUT", "/schema", "GET, HEAD, OPTIONS"),
        ("database", "GET", "/action", "OPTIONS, POST"),
        ("database", "GET", "/vertices/action?action_id=query", None),
    ],
)
def test_a_wrong_method_is_answered_with_those_that_the_edition_documents(
    service: Service, edition: str, method: str, path: str, allowed: str | None
) -> None:
    service.begin(fixture={"graphs": {"movie": {"edition": edition}}})

    refused = service.client.open(GRAPH + path, method=method)

    assert (refused.status_code, refused.headers.get("Allow")) == (405 if allowed else 404, allowed)
    assert refused.get_json() == NOT_FOUND


def test_a_call_of_the_other_edition_meets_no_faults_and_needs_no_token(service: Service) -> None:
    service.begin(tokens=["good"])
    service.control("POST", "faults", {"fault": {"kind": "error", "status": 503}})

    refused = service.client.delete(f"{GRAPH}/jobs/a", headers={"Prefer": "code=500"})

    assert refused.get_json() == NOT_FOUND


def test_a_call_on_an_unknown_graph_is_that_of_the_settings_edition(service: Service) -> None:
    unknown = GRAPH.replace("movie", "films")
    service.begin(fixture={"graphs": {"movie": {"edition": "memory"}}})

    assert service.client.delete(f"{unknown}/jobs/a").status_code == 404
    assert service.client.delete(f"{GRAPH.replace(PROJECT, 'other')}/jobs/a").status_code == 404
    service.control("PATCH", "settings", {"edition": "memory"})
    assert service.client.delete(f"{unknown}/jobs/a").status_code == 400


# --- What is recorded of it ---------------------------------------------------------------------


def test_every_request_is_in_the_journal_of_its_project(service: Service) -> None:
    service.list("?limit=2")
    service.list(prefer="code=503")
    service.client.get("/ges/v1.0/nobody/graphs/movie/jobs/status")
    service.client.post(f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status")

    entries = service.fake.default.journal.entries()

    assert [(each.operation, each.status, each.fault) for each in entries] == [
        ("list_jobs", 200, None),
        ("list_jobs", 503, "prefer#1"),
        ("list_jobs", 400, None),
        (None, 405, None),
    ]
    assert entries[0].query == {"limit": "2"}
    assert [each.unmatched for each in entries] == [False, False, False, True]


def test_a_crash_is_a_500_in_the_services_shape_and_a_finding(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(project: object, request: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setitem(operations.OPERATIONS, "list_jobs", broken)

    response = service.list()

    assert response.status_code == 500
    assert response.json == {"errorMessage": "Job query error.", "errorCode": "GES.8302"}
    assert response.headers["X-Gesmock-Crash"] == "1"
    assert "RuntimeError: a bug of ours" in caplog.text
    [finding] = service.fake.default.verdict.findings()
    assert str(finding).startswith("GM001 gesmock crashed: GET /ges/v1.0/")
    assert "RuntimeError: a bug of ours" in str(finding)


def test_a_crash_reveals_no_secret(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(project: object, request: Request) -> None:
        raise RuntimeError(f"asked for {request.path} with {dict(request.headers)}")

    monkeypatch.setitem(operations.OPERATIONS, "list_jobs", broken)

    service.list(x_auth_token="planted")

    [finding] = service.fake.default.verdict.findings()
    for text in (caplog.text, str(finding)):
        assert "RuntimeError: asked for /ges/v1.0/" in text
        assert "'x-auth-token': '***'" in text.lower()
        assert "planted" not in text


def test_a_request_that_a_reset_overtakes_leaves_no_trace(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has arrived, but continues only once the project was reset and another test has begun."""
    project, arrived, reset = service.fake.default, Event(), Event()
    read_request = gateway.read_request

    def held_up(*args: Any) -> Request:
        request = read_request(*args)
        arrived.set()
        assert reset.wait(10)
        return request

    monkeypatch.setattr(gateway, "read_request", held_up)
    answers: list[Any] = []
    thread = Thread(target=lambda: answers.append(service.client.get(LIST)))
    thread.start()
    assert arrived.wait(10)
    service.control("POST", "reset")
    service.control("POST", "faults", {"fault": {"kind": "error", "status": 500}})
    reset.set()
    thread.join()

    assert answers[0].status_code == 503
    assert "was reset while this request was on its way" in answers[0].json["errorMessage"]
    assert answers[0].headers["X-Request-Id"]
    assert len(project.journal) == 0
    assert project.faults.armed()[0].calls == 0


def test_a_project_that_is_opened_while_a_request_is_on_its_way_answers_it(
    service: Service,
) -> None:
    epoch = service.fake.epochs.current
    service.fake.open("other")
    names = {"project_id": "other", "graph_name": "movie"}

    reply = operations.handle(
        service.fake,
        Request(operation="list_jobs", method="GET", path="/", epoch=epoch, args=names),
    )

    assert reply.status == 200
