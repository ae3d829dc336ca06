"""Breaches of the contract are reported with a pointer into the document."""

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests

from gesmock import GesMock
from gesmock.contract import service_document
from gesmock.journal.entries import Entry
from gesmock.journal.verdict.contract import breaches
from gesmock.journal.verdict.findings import CODES
from gesmock.model import documentation
from gesmock.remote.proxy import ProxyServer
from gesmock.remote.target import Target

PROJECT = "854d9316e71d4dc599c5f27ea323d445"
GRAPH = f"/ges/v1.0/{PROJECT}/graphs/movie"
TOKEN = {"x-auth-token": "***"}
JSON = {**TOKEN, "content-type": "application/json"}
PAGE_EXAMPLE = GesMock(fixture="page_example").state()["graphs"]["ges_j60071198_hdfs_fdb"]["jobs"]


def breaches_of(
    method: str,
    path: str,
    query: dict[str, str] | None = None,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> list[tuple[str, str]]:
    """The codes and messages for a request, whose pointers lead into the document."""
    entry = Entry(
        number=1,
        at=0,
        operation=None,
        method=method,
        path=path,
        query=query or {},
        status=200,
        headers=JSON if headers is None else headers,
        body=body,
    )
    breached = [*breaches(entry)]
    for breach in breached:
        assert breach.code in CODES
        part: Any = service_document()
        for escaped in breach.pointer.removeprefix("#/").split("/"):
            name = escaped.replace("~1", "/").replace("~0", "~")
            part = part[int(name)] if isinstance(part, list) else part[name]
    return [(breach.code, breach.message) for breach in breached]


@pytest.mark.parametrize("row", documentation.submissions(), ids=lambda row: row.name)
def test_documented_examples_keep_the_contract(row: Any) -> None:
    names = {"project_id": PROJECT, "graph_name": "g", "job_id": "a", "index_name": "i"}
    path = row.path.format_map({**names, "commit": "commit"})

    assert breaches_of(row.method, path, row.query, row.request_example) == []


@pytest.mark.parametrize("row", documentation.calls(), ids=lambda row: f"{row.name} {row.edition}")
def test_the_keys_of_a_call_include_those_that_its_schemas_and_example_have(row: Any) -> None:
    named = {name for condition in row.body for name in condition.schema.get("properties", ())}

    if row.keys:
        assert named | {*(row.request_example or ())} <= {*row.keys}
        assert row.keys_source


@pytest.mark.parametrize("job", PAGE_EXAMPLE, ids=lambda job: job["request"]["command"])
def test_the_listed_requests_of_the_page_keep_the_contract(job: Any) -> None:
    path, _, query = job["request"]["url"].partition("?")
    parameters = dict(parse_qsl(query))
    parameters.pop("targetGraphName", None)  # which the engine added
    body = json.loads(job["request"]["rawRequest"])

    assert breaches_of("POST", path, parameters, body) == []


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("GET", "/jobs/status", {"limit": "10", "offset": "0"}),
        ("HEAD", "/jobs/status", {}),
        ("GET", "/jobs/a/status", {"limit": "100000"}),
        ("DELETE", "/jobs/a", {}),
    ],
)
def test_calls_about_jobs_keep_the_contract(method: str, path: str, query: dict[str, str]) -> None:
    assert breaches_of(method, GRAPH + path, query, headers=TOKEN) == []


def test_paths_outside_the_service_are_not_judged() -> None:
    assert breaches_of("GET", "/favicon.ico", headers={}) == []


@pytest.mark.parametrize(
    ("wrong", "code", "message"),
    [
        ({"path": f"{GRAPH}/tasks"}, "GM301", f"{GRAPH}/tasks is not a URL of the service"),
        ({"method": "PUT"}, "GM302", "the method is PUT, expected GET"),
        ({"query": {"status": "running"}}, "GM304", "status is not a parameter of this call"),
        ({"query": {"limit": "ten"}}, "GM305", "limit=ten must be integer"),
        ({"query": {"limit": "-1"}}, "GM305", "limit=-1 must be bigger than or equal to 0"),
        (
            {"query": {"limit": "100001"}},
            "GM305",
            "limit=100001 is above 100000, the documented maximum",
        ),
        (
            {"path": f"{GRAPH}/jobs/a/status", "query": {"limit": "2147483647"}},
            "GM305",
            "limit=2147483647 is above 100000, the documented maximum",
        ),
        (
            {"path": GRAPH.replace(PROJECT, "a-b") + "/jobs/status"},
            "GM305",
            "project_id=a-b must match pattern ^[A-Za-z0-9]{1,64}$",
        ),
        ({"headers": {}}, "GM307", "the request has neither an X-Auth-Token nor a signature"),
        (
            {"headers": TOKEN, "body": {"a": 1}},
            "GM306",
            "the body has no Content-Type, expected application/json",
        ),
    ],
)
def test_a_wrong_list_request_is_reported(wrong: dict[str, Any], code: str, message: str) -> None:
    request = {"method": "GET", "path": f"{GRAPH}/jobs/status", **wrong}

    assert breaches_of(**request) == [(code, message)]


@pytest.mark.parametrize(
    ("wrong", "code", "message"),
    [
        ({"query": {}}, "GM303", "action_id is missing"),
        (
            {"query": {"action_id": "paint"}},
            "GM303",
            "action_id=paint must be one of ['import-graph', ",
        ),
        ({"body": None}, "GM308", "the body is missing"),
        (
            {"body": None, "headers": {**JSON, "content-length": "3"}},
            "GM308",
            "the body is not JSON",
        ),
        ({"body": []}, "GM308", "the body must be object"),
        ({"body": {"edgesetPath": 3}}, "GM308", "the body edgesetPath must be string"),
        (
            {"body": {"edgesetPath": "a", "edgesetForm": "csv"}},
            "GM308",
            "edgesetForm in the body: unknown key; did you mean 'edgesetFormat'?",
        ),
        (
            {"body": {"edgesetPath": "a", "parallelEdge": {"actions": "ignore"}}},
            "GM308",
            "parallelEdge.actions in the body: unknown key; did you mean 'action'?",
        ),
        (
            {
                "query": {"action_id": "execute-cypher-query"},
                "body": {"statements": [{"statement": "a", "parameters": {"b": 1}, "params": {}}]},
            },
            "GM308",
            "statements[].params in the body: unknown key; did you mean 'parameters'?",
        ),
        (
            {"headers": {**TOKEN, "content-type": "text/plain; charset=utf-8"}},
            "GM306",
            "the Content-Type is text/plain, expected application/json",
        ),
    ],
)
def test_a_wrong_submission_is_reported(wrong: dict[str, Any], code: str, message: str) -> None:
    request = {
        "method": "POST",
        "path": f"{GRAPH}/action",
        "query": {"action_id": "import-graph"},
        "body": {"edgesetPath": "a"},  # the journal does not record obsParameters
        **wrong,
    }

    [(breached, text)] = breaches_of(**request)

    assert breached == code
    assert text.startswith(message)


def test_keys_are_judged_only_if_all_of_them_are_known() -> None:
    body = {"indexName": "a", "indexType": "FullTextIndex", "hasLabel": True, "newer": [{"a": []}]}

    assert breaches_of("POST", f"{GRAPH}/indices", None, body) == []


def test_a_body_too_long_for_the_journal_is_not_judged() -> None:
    headers = {**JSON, "content-length": "5000"}

    assert (
        breaches_of("POST", f"{GRAPH}/action", {"action_id": "import-graph"}, None, headers) == []
    )


def test_a_body_that_either_edition_accepts_is_right() -> None:
    index = {"indexName": "a", "indexType": "GlobalCompositeVertexIndex", "indexProperty": ["b"]}

    for has_label in (True, "true"):
        assert breaches_of("POST", f"{GRAPH}/indices", None, {**index, "hasLabel": has_label}) == []


def test_requests_over_http_are_judged_the_same(ges: GesMock) -> None:
    requests.post(f"{ges.graph_url()}/action?action_id=import-graph", data="{}")
    signed = {"Authorization": "SDK-HMAC-SHA256 Access=a"}
    requests.get(ges.jobs_url(), headers=signed)

    [sent, listed] = ges.journal

    assert [each.code for each in breaches(sent)] == ["GM307", "GM306", "GM308"]
    assert [*breaches(listed)] == []


JSON_UTF8 = {"Content-Type": "Application/JSON ;charset=utf-8"}
CLEAR = "action?action_id=clear-graph"
IMPORT = "action?action_id=import-graph"


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "expected"),
    [
        ("GET", "jobs/status?limit=1&limit=ten", {"X-Mine": "1", **JSON_UTF8}, None, []),
        ("DELETE", "jobs/a", {}, None, []),
        ("DELETE", "jobs/a", {"Content-Length": "0"}, b"", []),
        (
            *("DELETE", "jobs/a", {}, b"{}"),
            ["GM306 the body has no Content-Type, expected application/json"],
        ),
        ("DELETE", "jobs/a", JSON_UTF8, b"{}", []),
        ("POST", CLEAR, {}, None, []),
        ("POST", CLEAR, JSON_UTF8, b"", []),
        ("POST", CLEAR, JSON_UTF8, b"{}", []),
        ("POST", CLEAR, JSON_UTF8, [b"{}"], []),
        ("POST", IMPORT, JSON_UTF8, b'{"edgesetPath": "a"}', []),
        ("POST", IMPORT, JSON_UTF8, [b'{"edgesetPath":', b'"a"}'], []),
        ("POST", IMPORT, JSON_UTF8, b"{}", ["GM308 the body cannot be validated by any"]),
        ("POST", IMPORT, JSON_UTF8, b"[]", ["GM308 the body must be object"]),
        ("POST", IMPORT, JSON_UTF8, b"0", ["GM308 the body must be object"]),
        ("POST", IMPORT, JSON_UTF8, b'""', ["GM308 the body must be object"]),
        ("POST", IMPORT, JSON_UTF8, b"{", ["GM308 the body is not JSON"]),
        ("POST", IMPORT, JSON_UTF8, b"", ["GM308 the body is missing"]),
        ("POST", IMPORT, {}, None, ["GM308 the body is missing"]),
        ("POST", IMPORT, JSON_UTF8, [b"{"], []),
        ("POST", IMPORT, JSON_UTF8, [], []),
    ],
)
@pytest.mark.parametrize("by_proxy", [False, True])
def test_a_body_is_judged_as_it_was_sent(
    ges: GesMock,
    by_proxy: bool,
    method: str,
    path: str,
    headers: dict[str, str],
    body: Any,
    expected: list[str],
) -> None:
    sent = iter(body) if isinstance(body, list) else body
    with ProxyServer(Target.of(ges.jobs_url())) as proxy:
        base = proxy.url if by_proxy else ges.url
        url = ges.graph_url().replace(ges.url, base)
        request = requests.Request(
            method, f"{url}/{path}", headers={"X-Auth-Token": "t", **headers}, data=sent
        )
        requests.Session().send(request.prepare(), timeout=5)
        [entry] = (proxy.fake if by_proxy else ges.fake).default.journal.entries()

    texts = [f"{breach.code} {breach.message}" for breach in breaches(entry)]
    assert len(texts) == len(expected)
    assert all(map(str.startswith, texts, expected)), texts


# --- As findings --------------------------------------------------------------------------------


def codes(ges: GesMock) -> list[str]:
    return [each.code for each in ges.findings()]


def test_a_tolerated_breach_is_one_finding_with_its_entries_and_pointer(
    ges: GesMock,
) -> None:
    for _ in range(2):
        requests.get(ges.jobs_url(), params={"status": "running"}, timeout=5)

    [finding] = ges.findings()

    assert (finding.code, finding.rule, finding.entries) == (
        "GM304",
        "undocumented_parameter",
        (1, 2),
    )
    assert finding.message == (
        f"status is not a parameter of this call: GET {ges.jobs_url().removeprefix(ges.url)} answered 200; "
        "see #/paths/~1ges~1v1.0~1{project_id}~1graphs~1{graph_name}~1jobs~1status/get/parameters "
        "in /openapi.json"
    )


def test_what_the_service_accepts_beyond_its_documentation_is_reported(ges: GesMock) -> None:
    keys = {"accessKey": "A", "secretKey": "S"}
    body = {"edgesetPath": "b/e", "obsParameters": keys, "edgeFormat": "csv"}
    requests.get(ges.jobs_url(limit=100_001), timeout=5)
    requests.post(f"{ges.graph_url()}/action?action_id=import-graph", json=body, timeout=5)

    assert [each.code for each in ges.findings("GM3")] == ["GM305", "GM308"]


def test_what_is_refused_anyway_is_reported_on_request(ges: GesMock) -> None:
    ges.configure(limit_over_maximum="refuse")
    requests.get(ges.jobs_url(limit=100_001), timeout=5)
    url = f"{ges.graph_url()}/action?action_id=import-graph"
    requests.post(url, json={"edgePath": "b/e"}, headers={"X-Auth-Token": "t"}, timeout=5)

    assert codes(ges) == []
    ges.verdict.configure(contract="all")
    assert codes(ges) == ["GM305", "GM307", "GM308", "GM308"]


def test_refused_breaches_are_reported_on_request(ges: GesMock) -> None:
    requests.get(ges.jobs_url(), params={"limit": "ten"}, timeout=5)
    requests.delete(ges.jobs_url(), timeout=5)
    assert codes(ges) == ["GM002"]

    ges.verdict.configure(contract="all")

    assert codes(ges) == ["GM002", "GM302", "GM305", "GM307", "GM307"]
    assert [each.entries for each in ges.findings("GM307")] == [(1,), (2,)]


def test_a_test_may_be_strict_about_the_contract(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest, requests

        @pytest.mark.gesmock(verdict={"contract": "all", "fail_on": ["GM0", "GM3"]})
        def test_strict(gesmock):
            requests.get(gesmock.jobs_url(), headers={"X-Auth-Token": "t"}, params={"limit": "ten"})

        def test_lenient(gesmock):
            requests.get(gesmock.jobs_url(), params={"limt": "10"})
        """
    )

    ran = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:schemathesis")

    ran.assert_outcomes(passed=1, failed=1)
    ran.stdout.fnmatch_lines(["*GM305 limit=ten must be integer: GET *"])
