"""Submitting: every documented call, its answer, and its row in the list."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from conftest import CHARACTERS, IMPORT, PROJECT, Service
from hypothesis import given
from hypothesis import strategies as st

from gesmock import GesMock
from gesmock.model import listed_requests
from gesmock.model.documentation import DocumentedCall, submissions
from gesmock.model.listed_requests import normalised, without_secrets

G = f"/ges/v1.0/{PROJECT}/graphs/movie"
PAGE = json.loads(Path("fixtures/page_example.json").read_text(encoding="utf-8"))


def begin(service: Service, row: DocumentedCall) -> Service:
    edition = "memory" if row.edition == "memory" else "database"
    return service.begin(settings={"edition": edition, "finished_status": "by_command"})


def submit(service: Service, row: DocumentedCall, **change: Any) -> Any:
    service.control("POST", "jobs", {"job": plain("source")})
    names = {"project_id": PROJECT, "graph_name": "movie", "job_id": "source"}
    path = row.path.format(**names, index_name="ages", commit="commit")
    body = None if row.request_example is None else {**row.request_example, **change}
    return service.client.open(f"{path}?{urlencode(row.query)}", method=row.method, json=body)


def plain(job_id: str) -> dict[str, Any]:
    request = {"command": "import_graph", "url": "/", "rawRequest": "{}"}
    return {"jobId": job_id, "status": "success", "request": request}


def shape(value: Any) -> Any:
    """The keys and types of an answer, in their order."""
    match value:
        case dict():
            return [(key, shape(item)) for key, item in value.items()]
        case list():
            return [shape(item) for item in value]
    return type(value)


@pytest.mark.parametrize("row", submissions(), ids=lambda row: row.name)
def test_a_documented_call_gets_its_documented_answer_and_its_row_in_the_list(
    service: Service, row: DocumentedCall
) -> None:
    response = submit(begin(service, row), row)

    assert response.status_code == 200
    assert shape(response.json) == shape(row.response_example)
    assert response.json.get("jobType") == row.response_example.get("jobType")
    job_id = response.json.get("jobId") or response.json["results"][0]["jobId"]
    newest = service.fake.default.graphs.jobs("movie")[0][1]
    assert (newest.job_id, newest.status) == (job_id, "pending")
    assert newest.request.command == row.command
    path, _, query = newest.request.url.partition("?")
    assert path == service.fake.default.journal.entries()[-1].path
    assert query.startswith(urlencode(row.query))
    listed = service.list("?limit=1").json["jobs"][0]
    assert listed["jobId"] == job_id
    assert "XXXXXXXX" not in json.dumps(listed)


def test_the_answer_has_the_id_wherever_the_example_has_one(service: Service) -> None:
    row = next(row for row in submissions() if row.command == "execute_cypher_query")

    [result] = submit(service, row).json["results"]

    assert result["data"][0]["row"] == [result["jobId"], 1]


def test_a_job_id_has_the_form_of_its_edition(service: Service) -> None:
    row = next(row for row in submissions() if row.command == "clear_graph")

    database = submit(service, row).json["jobId"]
    memory = submit(service.begin(settings={"edition": "memory"}), row).json["jobId"]

    assert len(database) == 45
    assert database.endswith("9090")
    assert len(memory) == 45
    assert memory.count("-") == 4


def test_a_job_id_has_the_form_of_its_graph_s_own_edition(service: Service) -> None:
    service.begin(fixture={"graphs": {"movie": {"edition": "memory"}}})

    assert service.fake.default.graphs.new_job_id("movie").count("-") == 4


def test_a_body_is_listed_in_the_form_of_the_engine(service: Service) -> None:
    """The three bodies of the page's example come out of what may have been sent for them."""
    for job in PAGE["jobs"]:
        request, raw = job["request"], json.loads(job["request"]["rawRequest"])
        sent = {key: raw[key] for key in reversed(raw) if raw[key] != "" and key != "graphName"}
        graph = request["url"].split("/")[5]

        created = normalised(request["command"], graph, sent)

        assert json.dumps(created) == json.dumps(raw)


def test_the_requests_of_the_pages_example_are_accepted_and_listed_as_the_page_lists_them(
    service: Service,
) -> None:
    graph = PAGE["jobs"][0]["request"]["url"].split("/")[5]
    service.begin(graph_name=graph, plans={"plan": "instant"})

    for job in reversed(PAGE["jobs"]):
        request = job["request"]
        response = service.client.post(
            request["url"], data=request["rawRequest"], content_type="application/json"
        )
        assert (response.status_code, [*response.get_json()][:1]) == (200, ["jobId"])

    listed = service.list(graph=graph)
    expected = {**PAGE, "jobs": [{**job, "jobId": ""} for job in PAGE["jobs"]]}
    text = re.sub(r'"jobId":"[0-9a-f]{32}[0-9]{13}"', '"jobId":""', listed.get_data(as_text=True))
    assert text == json.dumps(expected, separators=(",", ":"))


@pytest.mark.parametrize(
    ("path", "keys", "status"),
    [
        ("/user/GES/e", {}, 200),
        ("/user/GES/e", {"obsParameters": {"accessKey": "A", "secretKey": "S"}}, 200),
        ("/user/GES/e", {"obsParameters": {"accessKey": "A"}}, 400),
        ("bucket/e", {"obsParameters": {"accessKey": "A", "secretKey": "S"}}, 200),
        ("bucket/e", {}, 400),
    ],
)
@pytest.mark.parametrize("edition", ["database", "memory"])
def test_an_import_from_hdfs_needs_no_storage_keys(
    service: Service, edition: str, path: str, keys: dict[str, Any], status: int
) -> None:
    service.begin(settings={"edition": edition})
    body = {"edgesetPath": path, **keys}

    response = service.client.post(f"{G}/action?action_id=import-graph", json=body)

    assert response.status_code == status


def test_an_import_of_a_schema_alone_is_listed_with_what_the_engine_adds(service: Service) -> None:
    body = {"schemaPath": "b/s.xml", "obsParameters": {"accessKey": "AK", "secretKey": "SK"}}
    service.client.post(f"{G}/action?action_id=import-graph", json=body)

    assert json.loads(service.list().json["jobs"][0]["request"]["rawRequest"]) == {
        "graphName": "movie",
        "offline": False,
        "edgesetPath": "",
        "vertexsetPath": "",
        "delimiter": ",",
        "schemaPath": "b/s.xml",
        "trimQuote": '"',
        "vertexsetFormat": "csv",
        "parallelEdge": {"ignoreLabel": True, "action": "override"},
        "edgesetFormat": "csv",
    }


def test_the_engine_adds_the_graph_to_the_url_of_an_index_build(service: Service) -> None:
    row = next(row for row in submissions() if row.command == "batch_build_index")
    submit(service, row)

    url = service.list().json["jobs"][0]["request"]["url"]

    assert url == f"{G}/indices/action?action_id=batch-build&targetGraphName=movie"


def test_storage_keys_reach_neither_list_nor_journal_nor_log(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "gesmock")
    keys = {"accessKey": "SECRET-AK", "secretKey": "SECRET-SK", "securityToken": "SECRET-T"}
    body = {
        "algorithmName": "shortest_path",
        "executionMode": "async",
        "obsParameters": keys,
        "parameters": {"deep": [{"ObsParameters": keys}], "secret_key": "SECRET-X"},
        "accessKey": "SECRET-Y",
    }

    response = service.client.post(
        f"{G}/action?action_id=execute-algorithm&accessKey=SECRET-Z", json=body
    )

    assert response.status_code == 200
    assert "SECRET" not in service.list().get_data(as_text=True)
    assert "SECRET" not in service.control("GET", "state").get_data(as_text=True)
    assert "SECRET" not in service.control("GET", "journal").get_data(as_text=True)
    assert "SECRET" not in caplog.text
    for name in ("access-key", "ＡccessKey", "o[accessKey]", "ak", "SK", "secretAccessKey"):
        assert without_secrets({name: 1, "b": 2}) == {"b": 2}
    assert without_secrets({"a": [1, {"accesskey": 2, "b": 3}]}) == {"a": [1, {"b": 3}]}


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(["a", "b", "AK", "secret_key"])
    return st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)


JSON = st.recursive(
    st.none() | st.integers(0, 1) | st.text(CHARACTERS, max_size=1), containers, max_leaves=15
)


@given(JSON)
def test_without_secrets_removes_only_secrets_and_leaves_its_argument_alone(body: Any) -> None:
    def clean(value: Any) -> Any:
        if isinstance(value, list):
            return [clean(each) for each in value]
        if isinstance(value, dict):
            return {name: clean(each) for name, each in value.items() if name in ("a", "b")}
        return value

    before = deepcopy(body)

    assert without_secrets(body) == clean(body)
    assert body == before


@pytest.mark.parametrize(
    ("levels", "status"), [(1, 200), (64, 200), (65, 400), (980, 400), (100_000, 400)]
)
def test_a_body_has_at_most_64_levels(service: Service, levels: int, status: int) -> None:
    nested = '{"a":' + "[" * (levels - 1) + "]" * (levels - 1) + "}"

    response = service.client.post(
        f"{G}/action?action_id=clear-graph", data=nested if levels > 1 else "{}"
    )

    assert response.status_code == status
    assert service.list().status_code == 200
    assert service.control("GET", "journal").status_code == 200
    assert service.control("GET", "findings").status_code == 200
    assert service.control("GET", "report").status_code == 200
    assert service.fake.default.verdict.findings(["GM0"]) == []


@pytest.mark.parametrize("chunks", ["zz\r\n", "-5\r\nabc"])
def test_invalid_chunks_are_refused(ges: GesMock, chunks: str) -> None:
    import socket

    head = (
        f"POST {ges.graph_url().partition(ges.url)[2]}/action?action_id=clear-graph HTTP/1.1\r\n"
        "Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    address = ("127.0.0.1", int(ges.url.rpartition(":")[2]))
    with socket.create_connection(address) as connection:
        connection.sendall((head + chunks).encode())
        answer = connection.recv(1000)

    assert b" 400 " in answer.splitlines()[0]
    assert ges.findings() == []


def test_a_batch_deletion_of_edges_is_synchronous_by_default(service: Service) -> None:
    url = f"{G}/edges/action?action_id=batch-delete"

    answers = [
        service.client.post(url, json={"edges": [], **mode}).get_json()
        for mode in ({}, {"executionMode": "sync"}, {"executionMode": "async"})
    ]

    assert answers[:2] == [{"result": "success"}] * 2
    assert answers[2]["jobType"] == 3
    assert service.list().json["totalCount"] == 1


def test_a_particular_algorithm_has_a_job_type_of_its_own(service: Service) -> None:
    service.begin(settings={"edition": "memory"})
    url = f"{G}/action?action_id=execute-algorithm"

    types = [
        service.client.post(url, json={"algorithmName": name}).get_json()["jobType"]
        for name in ("filtered_shortest_path", "pagerank")
    ]

    assert types == [2, 1]


def test_a_fault_keeps_a_job_from_being_submitted(service: Service) -> None:
    service.control("POST", "faults", {"operation": "clear_graph", "script": [503]})
    url = f"{G}/action?action_id=clear-graph"

    assert [service.client.post(url, json={}).status_code for _ in range(2)] == [503, 200]
    assert service.list().json["totalCount"] == 1


def test_a_body_may_come_in_chunks_and_a_large_one_leaves_the_connection_readable(
    ges: GesMock,
) -> None:
    import requests

    url = f"{ges.graph_url()}/action?action_id=clear-graph"

    assert requests.post(url, data=iter([b'{"clear', b'Metadata": true}'])).status_code == 200
    refused = requests.post(url, data=b'{"a": "' + b"x" * 14_000_000 + b'"}')
    assert (refused.status_code, refused.json()["errorCode"]) == (413, "GES.8005")
    assert requests.get(ges.jobs_url()).json()["totalCount"] == 1


def test_a_body_that_is_too_long_is_refused_by_the_app_too(service: Service) -> None:
    long = b'{"a": "' + b"x" * 14_000_000 + b'"}'

    refused = service.client.post(f"{G}/action?action_id=clear-graph", data=long)

    assert (refused.status_code, refused.get_json()["errorCode"]) == (400, "GES.8000")


def test_a_body_that_is_cut_off_is_refused_by_the_app(service: Service) -> None:
    refused = service.client.post(
        f"{G}/action?action_id=clear-graph",
        data=b"{}",
        environ_overrides={"CONTENT_LENGTH": "100"},
    )

    assert (refused.status_code, refused.get_json()["errorCode"]) == (400, "GES.8000")
    assert service.list().get_json()["totalCount"] == 0


@pytest.mark.parametrize(
    "framing", ["Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\nff\r\n{"]
)
def test_a_client_that_hangs_up_in_the_middle_of_its_body_has_submitted_nothing(
    ges: GesMock, framing: str
) -> None:
    import socket

    head = (
        f"POST {ges.graph_url().partition(ges.url)[2]}/action?action_id=clear-graph HTTP/1.1\r\n"
        f"Host: localhost\r\n{framing}"
    )
    address = ("127.0.0.1", int(ges.url.rpartition(":")[2]))
    with socket.create_connection(address) as connection:
        connection.sendall(head.encode())
        connection.shutdown(socket.SHUT_WR)

        assert connection.recv(1000) == b""
    assert ges.jobs() == []
    assert ges.findings() == []


def test_a_long_body_is_read_through_before_the_lock_is_taken(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []
    lock = service.fake.default.lock

    def watched(value: object) -> object:
        held.append(lock._is_owned())  # type: ignore[attr-defined]
        return without_secrets(value)

    monkeypatch.setattr(listed_requests, "without_secrets", watched)

    service.client.post(f"{G}/action?action_id=import-graph", json=IMPORT)

    assert held == [False]
