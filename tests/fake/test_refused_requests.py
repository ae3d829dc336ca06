"""Every refusal of the operations on jobs, and the page that has it (or what it is inferred from)."""

import json
from typing import Any

import pytest
from conftest import PROJECT, Service

from gesmock.model.messages import LARGEST_BODY

G = f"/ges/v1.0/{PROJECT}/graphs/movie"
H = f"/ges/v1.0/{PROJECT}/hyg/movie"
NO_G, NO_H = G.replace("movie", "nope"), H.replace("movie", "nope")
KEYS = {"accessKey": "AK", "secretKey": "SK"}
FILES = {"edgesetPath": "b/e/", "obsParameters": KEYS}
INDEX = {
    "indexName": "i",
    "indexType": "GlobalCompositeVertexIndex",
    "hasLabel": True,
    "indexProperty": ["age"],
}
NOT_FOUND = "graph [nope] is not found"
NOT_EXIST = f"Graph [{PROJECT}-nope] does not exist, please check projectId and graphName."
NOT_EXIST_SNAKE = NOT_EXIST.replace("projectId and graphName", "project_id and graph_name")
FORMAT = "parameter format error"
INDEX_TEXT = "Failed to create an index"
NO_FILTER = "Bad Request, parameter labels and {}Filters cannot all be null"
MODE = "executionMode is not correct, it should be sync or async"
EXPORT = "Failed to export a graph."
MALFORMED = "Incorrect parameter format."
PATH = "shortest_path"
NO_FILTERS: list[Any] = [{}, {"labels": []}, {"labels": [], "vertexFilters": []}]

Row = tuple[str, str, Any, int, str, str, str]


def action(name: str, base: str = G, noun: str = "") -> str:
    return f"{base}{noun}/action?action_id={name}"


def without(body: dict[str, Any], *names: str, **remaining: Any) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names} | remaining


EXPORT_BODY = {
    "graphExportPath": "b/x/",
    "edgeSetName": "e",
    "vertexSetName": "v",
    "schemaName": "s",
    "obsParameters": KEYS,
}
RESULT_BODY = {"exportPath": "b/x/", "obsParameters": KEYS}

UNKNOWN_GRAPH: list[Row] = [
    ("GET", f"{NO_G}/jobs/status", None, 400, "GES.8000", NOT_EXIST, "ges_03_0458, whose example has the list's project"),
    ("GET", f"{NO_G}/jobs/x/status", None, 400, "GES.8000", NOT_EXIST, "ges_03_0458"),
    ("DELETE", f"{NO_H}/jobs/x", None, 400, "GES.8000", NOT_EXIST_SNAKE, "ges_03_0533"),
    ("DELETE", f"{NO_H}/jobs", None, 400, "GES.8000", NOT_EXIST_SNAKE, "ges_03_0533"),
    ("POST", action("import-graph", NO_G), FILES, 400, "GES.8013", NOT_FOUND, "ges_03_0468"),
    ("POST", action("export-graph", NO_G), EXPORT_BODY, 400, "GES.8011", NOT_FOUND, "ges_03_0229"),
    ("POST", action("clear-graph", NO_G), {}, 400, "GES.8012", NOT_FOUND, "ges_03_0469"),
    ("DELETE", NO_G, None, 400, "GES.8301", NOT_EXIST, "ges_03_0510"),
    ("GET", f"{NO_G}/summary?label_details=true", None, 400, "GES.8001", NOT_FOUND, "summary 1.0.0"),
    ("POST", f"{NO_G}/indices", INDEX, 400, "GES.8000", NOT_EXIST, "ges_03_0454"),
    ("POST", action("batch-build", NO_G, "/indices"), {"indices": [INDEX]}, 400, "GES.8000", NOT_EXIST, "ges_03_0454 (inferred)"),
    ("DELETE", f"{NO_G}/indices/i", None, 400, "GES.8604", NOT_FOUND, "ges_03_0058"),
    ("POST", action("execute-algorithm", NO_G), {"algorithmName": "shortest_path"}, 400, "GES.8000", NOT_EXIST, "ges_03_0458"),
    ("POST", action("batch-delete", NO_G, "/edges"), {"edges": []}, 400, "GES.8105", NOT_FOUND, "inferred"),
    ("GET", f"{NO_G}/schema?label=book", None, 400, "GES.8204", NOT_FOUND, "ges_03_0434"),
    ("POST", f"{NO_G}/schema?label=book", {"properties": []}, 400, "GES.8204", NOT_FOUND, "inferred"),
    ("POST", f"{NO_G}/schema/labels", {"name": "book", "properties": []}, 400, "GES.8204", NOT_FOUND, "inferred"),
    ("POST", f"{NO_H}/import-graph", {}, 400, "GES.8000", "Not found. Please check the input parameters.", "ges_03_0542"),
    ("POST", f"{NO_H}/sync", {}, 400, "GES.8000", NOT_EXIST, "ges_03_0440"),
    ("POST", f"{NO_H}/algorithm", {"algorithmName": "a"}, 400, "GES.8000", NOT_EXIST, "ges_03_0442"),
]  # fmt: skip

UNKNOWN_MEMORY_GRAPH: list[Row] = [
    ("GET", f"{NO_G}/jobs/status", None, 400, "GES.8000", NOT_EXIST, "inferred from ges_03_0458"),
    ("GET", f"{NO_G}/jobs/x/status", None, 400, "GES.8000", NOT_EXIST, "inferred from ges_03_0458"),
    ("DELETE", f"{NO_G}/jobs/x", None, 400, "GES.8000", NOT_EXIST, "inferred from ges_03_0458"),
    ("GET", f"{NO_G}/summary", None, 400, "GES.8001", NOT_FOUND, "ges_03_0028"),
    ("POST", action("execute-algorithm", NO_G), {"algorithmName": "a"}, 400, "GES.8402", NOT_FOUND, "ges_03_0030"),
    ("POST", action("query", NO_G, "/vertices"), {"labels": ["a"]}, 400, "GES.8204", NOT_FOUND, "vertex detail 1.0.0"),
    ("POST", action("query", NO_G, "/edges"), {"labels": ["a"]}, 400, "GES.8105", NOT_FOUND, "inferred"),
    ("POST", action("filtered-query", NO_G), {}, 400, "GES.8806", NOT_FOUND, "ges_03_0175"),
    ("POST", action("path-query", NO_G), {}, 400, "GES.8806", NOT_FOUND, "ges_03_0331"),
    ("POST", action("import-properties", NO_G), FILES, 400, "GES.8013", NOT_FOUND, "ges_03_0203 (inferred)"),
    ("POST", action("delete-by-file", NO_G), FILES, 400, "GES.8013", NOT_FOUND, "inferred"),
    ("POST", f"{NO_G}/schema/structure/build", None, 400, "GES.8000", "Not found. Please check the input parameters.", "ges_03_0302"),
    ("POST", f"{NO_G}/jobs/x/action?action_id=export-result", RESULT_BODY, 400, "GES.8011", NOT_FOUND, "ges_03_0172"),
]  # fmt: skip

IMPORTS: list[Row] = [
    ("POST", action("import-graph"), body, 400, "GES.8013", FORMAT, f"{page}; {why}")
    for page in ("ges_03_0468",)
    for body, why in [
        ({"obsParameters": KEYS}, "none of the three paths"),
        (without(FILES, edgesetPath=""), "an empty path is none"),
        (without(FILES, "obsParameters"), "no obsParameters"),
        (without(FILES, obsParameters={"accessKey": "AK"}), "no secretKey"),
        (without(FILES, obsParameters="AK"), "keys as a text"),
        (without(FILES, edgesetFormat="json"), "neither csv nor txt"),
        (without(FILES, vertexsetFormat="xls"), "neither csv nor txt"),
        (without(FILES, parallelEdge={"action": "allow"}), "allow is of the memory edition"),
        (without(FILES, parallelEdge={"ignoreLabel": "true"}), "a text for a truth value"),
        (without(FILES, offline="false"), "a text for a truth value"),
        (without(FILES, delimiter=1), "a number for a text"),
        (without(FILES, edgesetPath=["b/e/"]), "a list for a text"),
        ("{", "not JSON"),
        ("[]", "a list for an object"),
        ("", "no body at all"),
    ]
]

INDEXES: list[Row] = [
    ("POST", url, body, 400, "GES.8603", INDEX_TEXT, f"ges_03_0454, ges_03_0490; {why}")
    for index, why in [
        (without(INDEX, indexName="a" * 64), "64 characters"),
        (without(INDEX, indexName="a.b"), "a character that names lack"),
        (without(INDEX, indexName=""), "an empty name"),
        (without(INDEX, "indexName"), "no name"),
        (without(INDEX, indexType="Hash"), "an unknown type"),
        (without(INDEX, "indexType"), "no type"),
        (without(INDEX, indexType="CompositeVertexIndex"), "a local type without indexLabel"),
        (without(INDEX, indexType="CompositeEdgeIndex", indexLabel=""), "an empty indexLabel"),
        (without(INDEX, "indexProperty", hasLabel=False), "no indexProperty, no hasLabel"),
        (without(INDEX, hasLabel="true"), "a text in the database edition"),
        (without(INDEX, strLength=0), "strLength below 1"),
        (without(INDEX, strLength=257), "strLength above 256"),
    ]
    for url, body in [
        (f"{G}/indices", index),
        (action("batch-build", G, "/indices"), {"indices": [INDEX, index]}),
    ]
]

ALGORITHMS: list[Row] = [
    ("POST", action("execute-algorithm"), body, 400, code, message, "ges_03_0110")
    for body, code, message in [
        ({}, "GES.8401", "The algorithm or graph name cannot be empty."),
        ({"algorithmName": ""}, "GES.8401", "The algorithm or graph name cannot be empty."),
        ({"algorithmName": PATH, "parameters": []}, "GES.8402", "Failed to run the algorithm."),
        ({"algorithmName": PATH, "executionMode": "x"}, "GES.8404", "Invalid algorithm running format."),
    ]
]  # fmt: skip

BODIES: list[Row] = [
    *[
        ("POST", action("export-graph"), without(EXPORT_BODY, name), 400, "GES.8011", EXPORT, f"ges_03_0229; no {name}")
        for name in EXPORT_BODY
    ],
    ("POST", action("clear-graph"), {"clearMetadata": "yes"}, 400, "GES.8012", "Failed to clear a graph.", "ges_03_0469"),
    ("POST", action("batch-build", G, "/indices"), {"indices": []}, 400, "GES.8603", INDEX_TEXT, "ges_03_0490"),
    ("POST", action("batch-build", G, "/indices"), {"indices": [INDEX] * 501}, 400, "GES.8603", INDEX_TEXT, "ges_03_0490; up to 500"),
    *ALGORITHMS,
    ("POST", action("execute-algorithm"), {"algorithmName": "pagerank"}, 400, "GES.8402", "Failed to run the algorithm.", "ges_03_0460: one of three"),
    ("POST", action("batch-delete", G, "/edges"), {"executionMode": "async"}, 400, "GES.8000", "parameter does not contain 'edges'", "batch-delete edges 2.1.9"),
    ("POST", action("batch-delete", G, "/edges"), {"edges": [], "executionMode": "x"}, 400, "GES.8000", MALFORMED, "ges_03_0429 (inferred)"),
    *[
        ("POST", f"{G}/schema/labels", body, 400, "GES.8801", "Failed to add a label to metadata.", f"ges_03_0432; {why}")
        for body, why in [
            ({"properties": []}, "no name"),
            ({"name": "", "properties": []}, "an empty name"),
            ({"name": "a" * 257, "properties": []}, "257 characters"),
            *(({"name": f"a{sign}b", "properties": []}, f"{sign!r} in a name") for sign in "/<&,\n"),
            ({"name": "a", "properties": [{"property": {"name": "<b>"}}]}, "signs in a property's name"),
            ({"name": "a", "properties": [{"property": {"name": "b" * 257}}]}, "257 characters in it"),
            ({"name": "a"}, "no properties"),
            ({"name": "a", "type": "node", "properties": []}, "an unknown type"),
            ({"name": "a", "properties": [{"name": "b"}]}, "a property without its key"),
        ]
    ],
    ("POST", f"{H}/jobs/there/export-result", {"erase": 1}, 400, "GES.8005", "Parameter error!", "ges_03_0530"),
    ("POST", f"{H}/algorithm", {}, 400, "GES.8401", "The algorithm or graph name cannot be empty.", "ges_03_0110 (inferred)"),
    ("POST", f"{H}/dsl", "[1]", 400, "GES.8005", "Parameter error!", "ges_03_0530 (inferred)"),
    ("POST", action("export-graph"), "nonsense", 400, "GES.8000", MALFORMED, "ges_03_0110"),
    ("POST", f"{G}/indices", '{"a": NaN}', 400, "GES.8000", MALFORMED, "ges_03_0110"),
]  # fmt: skip

MEMORY_BODIES: list[Row] = [
    *ALGORITHMS,
    ("POST", action("execute-algorithm"), {"algorithmName": "a", "executionMode": "sync"}, 400, "GES.8814", "Unsupported API.", "inferred: results are asynchronous here"),
    *[
        ("POST", action(name, G, "/vertices"), body, 400, "GES.8203", NO_FILTER.format("vertex"), "vertex filter query")
        for name in ("query", "delete", "export")
        for body in NO_FILTERS
    ],
    *[
        ("POST", action(name, G, "/edges"), {}, 400, "GES.8103", NO_FILTER.format("edge"), "ges_03_0024")
        for name in ("query", "delete", "export")
    ],
    ("POST", action("query", G, "/vertices"), {"labels": "user"}, 400, "GES.8201", "Invalid label for vertex filtering queries.", "ges_03_0110"),
    ("POST", action("query", G, "/vertices"), {"vertexFilters": [{}]}, 400, "GES.8202", "Invalid filter criteria for vertex queries.", "ges_03_0110"),
    ("POST", action("query", G, "/edges"), {"labels": 1}, 400, "GES.8102", "Invalid label for edge filtering queries.", "ges_03_0110"),
    ("POST", action("query", G, "/edges"), {"edgeFilters": {}}, 400, "GES.8101", "Invalid filter criteria for edge queries.", "ges_03_0110"),
    ("POST", action("export", G, "/vertices"), {"labels": ["a"]}, 400, "GES.8204", "Failed to query vertices that meet filter criteria.", "inferred"),
    ("POST", action("filtered-query"), {"executionMode": "later"}, 400, "GES.8806", MODE, "ges_03_0175"),
    ("POST", action("path-query"), {"executionMode": 1}, 400, "GES.8806", MODE, "ges_03_0331"),
    ("POST", action("filtered-query"), {"executionMode": "async", "vertices": "a"}, 400, "GES.8806", "K-Hop query with filter criteria failed.", "ges_03_0110"),
    ("POST", action("filtered-query"), {}, 400, "GES.8814", "Unsupported API.", "ges_03_0175: sync is the default; inferred"),
    ("POST", f"{G}/jobs/there/action?action_id=export-result", without(RESULT_BODY, "exportPath"), 400, "GES.8011", EXPORT, "ges_03_0172"),
    ("POST", f"{G}/jobs/there/action?action_id=export-result", without(RESULT_BODY, "obsParameters"), 400, "GES.8011", EXPORT, "ges_03_0172"),
]  # fmt: skip

JOBS: list[Row] = [
    ("GET", f"{G}/jobs/x/status", None, 400, "GES.8301", "can not find job, jobId is x", "ges_03_0472"),
    ("GET", f"{G}/jobs/wrong/status", None, 400, "GES.8301", "Running algorithm [shortest_path] error: parameter [source] is invalid!", "ges_03_0446"),
    ("GET", f"{G}/jobs/there/status?limit=-1", None, 400, "GES.8005", "Parameter error!", "ges_03_0471"),
    ("DELETE", f"{H}/jobs/x", None, 400, "GES.8303", "Can not find job to cancel, jobId is x", "ges_03_0533 (inferred)"),
    ("DELETE", f"{H}/jobs/there", None, 400, "GES.8303", "Can not find job to cancel, jobId is there", "inferred: no HyG job"),
    ("DELETE", f"{H}/jobs/synced", None, 400, "GES.8303", "Failed to terminate a job.", "inferred from ges_03_0038"),
    ("POST", f"{H}/jobs/x/export-result", {}, 400, "GES.8005", "Parameter error!", "ges_03_0530"),
]  # fmt: skip

MEMORY_JOBS: list[Row] = [
    ("GET", f"{G}/jobs/x/status", None, 400, "GES.8301", "can not find job, jobId is x", "ges_03_0037"),
    ("DELETE", f"{G}/jobs/x", None, 400, "GES.8303", "Can not find job to cancel, jobId is x", "ges_03_0038"),
    ("DELETE", f"{G}/jobs/there", None, 400, "GES.8303", "Failed to terminate a job.", "ges_03_0038, ges_03_0110"),
    ("DELETE", f"{G}/jobs/wrong", None, 400, "GES.8303", "Failed to terminate a job.", "ges_03_0038, ges_03_0110"),
    ("DELETE", f"{G}/jobs/clearing", None, 400, "GES.8303", "Unsupported operation.", "ges_03_0038 (inferred)"),
    ("POST", f"{G}/jobs/x/action?action_id=export-result", RESULT_BODY, 400, "GES.8301", "can not find job, jobId is x", "inferred from ges_03_0037"),
]  # fmt: skip

CYPHER: list[Row] = [
    ("POST", action("execute-cypher-query", NO_G), {"statements": [{"statement": "s"}]}, 400, "GES.8000", NOT_EXIST, "ges_03_0474 (in errors), ges_03_0458 (text); code inferred"),
    ("POST", action("execute-cypher-query"), {}, 400, "GES.8000", "parameter does not contain 'statements'", "inferred"),
    ("POST", f"{G}/transaction/commit", {"statements": []}, 400, "GES.8000", "parameter does not contain 'statements'", "inferred"),
    ("POST", action("execute-gql-query"), {}, 200, "GES.8000", "parameter does not contain 'statements'", "ges_03_0567 (200); inferred"),
]  # fmt: skip

# Those with "result": "failed", by the example of their page, in the database edition.
WITH_RESULT = {
    ("GET", f"{G}/jobs/x/status"),
    ("POST", f"{G}/indices"),
    ("POST", action("batch-build", G, "/indices")),
    ("POST", action("execute-algorithm")),
}


def job(job_id: str, status: str, command: str, body: str = "{}") -> dict[str, Any]:
    request = {"command": command, "url": "/", "rawRequest": body}
    return {"jobId": job_id, "status": status, "request": request}


WRONG = '{"algorithmName":"shortest_path","parameters":{"source":"x"}}'
STATE = {
    "graphs": {
        "movie": {
            "jobs": [
                job("there", "success", "import_graph"),
                job("wrong", "failed", "execute_algorithm", WRONG),
                job("clearing", "running", "clear_graph"),
                job("synced", "success", "hyg_sync"),
            ]
        }
    }
}


def send(service: Service, method: str, url: str, body: Any) -> Any:
    data = body if isinstance(body, str) or body is None else json.dumps(body)
    headers = {"Content-Type": "application/json"}
    return service.client.open(url, method=method, data=data, headers=headers)


@pytest.mark.parametrize(
    ("edition", "method", "url", "body", "status", "code", "message", "source"),
    [
        *(("database", *row) for row in [*UNKNOWN_GRAPH, *IMPORTS, *INDEXES, *BODIES, *JOBS]),
        *(("memory", *row) for row in [*UNKNOWN_MEMORY_GRAPH, *MEMORY_BODIES, *MEMORY_JOBS]),
    ],
)
def test_a_refusal_is_that_of_its_page_and_makes_no_job(
    service: Service,
    edition: str,
    method: str,
    url: str,
    body: Any,
    status: int,
    code: str,
    message: str,
    source: str,
) -> None:
    service.begin(fixture=STATE, settings={"edition": edition})
    before = service.list().json

    response = send(service, method, url, body)

    answer = {key: value for key, value in response.json.items() if key != "result"}
    assert (response.status_code, answer) == (status, {"errorMessage": message, "errorCode": code})
    not_exist = message in (NOT_EXIST, NOT_EXIST_SNAKE) and code == "GES.8000"
    if not_exist or (edition == "database" and (method, url) in WITH_RESULT):
        assert response.json["result"] == "failed"
    elif "/hyg/" not in url or message.startswith("Not found."):
        assert "result" not in response.json
    assert service.list().json == before
    assert source


@pytest.mark.parametrize(("method", "url", "body", "status", "code", "message", "source"), CYPHER)
def test_cypher_and_gql_list_refusals_in_errors(
    service: Service,
    method: str,
    url: str,
    body: Any,
    status: int,
    code: str,
    message: str,
    source: str,
) -> None:
    response = send(service, method, url, body)

    assert response.status_code == status
    assert response.json == {"results": [], "errors": [{"code": code, "message": message}]}
    assert source


@pytest.mark.parametrize(
    "body",
    [
        "{" * 5000,
        '{"a": ' * 100_000,
        "\ufeff{}",
        '{"edgesetPath": "\ud800"}'.encode(errors="surrogatepass"),
        b'{"edgesetPath": "\xff"}',
        '{"obsParameters": 1e999}',
        "null",
        "true",
        '"text"',
        "1",
        "{}{}",
        '{"edgesetPath": "' + "x" * LARGEST_BODY + '"}',
    ],
    ids=range(12),
)
def test_a_hostile_body_is_refused_in_the_services_shape(
    service: Service, body: str | bytes
) -> None:
    url = action("import-graph")

    response = service.client.post(url, data=body, content_type="application/json")

    assert response.status_code == 400
    assert response.json == {"errorMessage": FORMAT, "errorCode": "GES.8013"}
    assert service.fake.default.verdict.findings() == []


def test_a_body_of_twelve_megabytes_is_taken(service: Service) -> None:
    path = "x" * (LARGEST_BODY - len(json.dumps(without(FILES, edgesetPath=""))))
    body = json.dumps(without(FILES, edgesetPath=path))
    assert len(body) == LARGEST_BODY

    response = service.client.post(action("import-graph"), data=body)

    assert response.status_code == 200


@pytest.mark.parametrize("number", ["1" * 400, "-1e400", "18446744073709551616"])
def test_a_number_beyond_all_bounds_is_taken_or_refused(service: Service, number: str) -> None:
    body = f'{{"algorithmName": "a", "parameters": {{"n": {number}}}}}'

    response = service.client.post(action("execute-algorithm"), data=body)

    assert response.status_code in (200, 400)
    assert service.list().status_code == 200


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (action("import-graph"), without(FILES, parallelEdge={"action": "allow"})),
        (f"{G}/indices", without(INDEX, hasLabel="true")),
        (f"{G}/indices", without(INDEX, "indexProperty", hasLabel="true")),
    ],
)
def test_what_only_the_memory_edition_takes_is_taken_there(
    service: Service, url: str, body: Any
) -> None:
    service.begin(settings={"edition": "memory"})

    assert send(service, "POST", url, body).status_code == 200
    assert send(service, "POST", f"{G}/indices", INDEX).json["errorCode"] == "GES.8603"


@pytest.mark.parametrize(
    ("edition", "method", "url", "body", "status", "code", "message", "source"),
    [
        *(("database", *row) for row in UNKNOWN_GRAPH),
        *(("memory", *row) for row in UNKNOWN_MEMORY_GRAPH),
    ],
)
def test_an_unknown_project_is_like_an_unknown_graph(
    service: Service,
    edition: str,
    method: str,
    url: str,
    body: Any,
    status: int,
    code: str,
    message: str,
    source: str,
) -> None:
    service.begin(settings={"edition": edition})

    response = send(service, method, url.replace(PROJECT, "other"), body)

    answer = (response.status_code, response.json["errorCode"], response.json["errorMessage"])
    assert answer == (status, code, message.replace(PROJECT, "other"))
    assert source


def test_an_injected_error_of_cypher_stands_in_errors(service: Service) -> None:
    service.control("POST", "faults", {"script": [503]})

    response = service.client.post(action("execute-cypher-query"), json={})

    assert response.status_code == 503
    assert response.get_json()["errors"][0]["code"] == "GES.8602"


def test_an_unknown_action_is_an_unknown_url(service: Service) -> None:
    response = service.client.post(action("execute-gremlin-query"), json={"command": "g.V()"})

    assert (response.status_code, response.get_json()["errorCode"]) == (404, "GES.8000")
    [finding] = service.fake.default.verdict.findings()
    assert finding.message.startswith("no operation serves this: POST ")
