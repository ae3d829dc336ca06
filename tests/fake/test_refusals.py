"""Which code and message an injected error has, by its status, its operation and the dialect."""

import json
from typing import Any

import pytest
from conftest import PROJECT, Asker, text_of

from gesmock.faults import Error, FaultRule
from gesmock.model import documentation
from gesmock.model.documentation import error_codes
from gesmock.model.messages import OPERATION_NAMES
from gesmock.model.validation import read

UNKNOWN = f"Graph [{PROJECT}-movie] does not exist, please check projectId and graphName."
SNAKE = UNKNOWN.replace("projectId and graphName", "project_id and graph_name")
MEMORY_ONLY = {"delete_job"} | {row.command for row in documentation.calls()} - {
    row.command for row in documentation.calls() if row.edition != "memory"
}
EXTRA = {
    "delete_index": {"index_name": "i"},
    "export_result": {"job_id": "j"},
    "hyg_export_result": {"job_id": "j"},
}


def body(status: int, operation: str = "list_jobs", *, fault: Any = None, **settings: Any) -> Any:
    """The body of the error *status*, or *fault*, as the answer to *operation*."""
    if operation in MEMORY_ONLY:
        settings = {"edition": "memory", **settings}
    asker = Asker({"fault": fault or status}, settings=settings)
    job = {"job_id": "j"} if "job" in operation and not operation.endswith("jobs") else {}
    reply = asker.ask(operation, None, None, **{**job, **EXTRA.get(operation, {})})
    assert reply.status == status
    return json.loads(text_of(reply))


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, "GES.8005", "Parameter error!"),
        (401, "GES.8007", "Invalid token."),
        (403, "GES.8006", "Invalid resource access."),
        (404, "GES.8000", UNKNOWN),
        (500, "GES.8302", "Job query error."),
        (503, "GES.8602", "Engine service unavailable."),
        (429, "APIGW.0308", "The throttling threshold has been reached."),
        (405, "GES.8000", "Not found. Please check the input parameters."),
        (502, "APIGW.0201", "Backend unavailable."),
        (418, "GES.8005", "Parameter error!"),
        (599, "GES.8302", "Job query error."),
    ],
)
def test_a_status_has_the_documented_code_and_message(status: int, code: str, message: str) -> None:
    failed = {"result": "failed"} if status == 404 else {}

    assert body(status) == {"errorMessage": message, "errorCode": code, **failed}


@pytest.mark.parametrize(
    ("operation", "status", "code", "message"),
    [
        ("show_job", 400, "GES.8301", "Failed to query a job."),
        ("show_job", 500, "GES.8302", "Job query error."),
        ("delete_job", 400, "GES.8303", "Failed to terminate a job."),
        ("delete_job", 500, "GES.8304", "Job termination error."),
        ("hyg_delete_job", 400, "GES.8303", "Failed to terminate a job."),
        ("hyg_delete_jobs", 404, "GES.8000", SNAKE),
        ("import_graph", 400, "GES.8013", "parameter format error"),
        ("import_graph", 404, "GES.8013", "graph [movie] is not found"),
        ("import_graph", 401, "GES.8007", "Invalid token."),
        ("import_graph", 500, "GES.8602", "Engine service unavailable."),
        ("import_graph", 503, "GES.8602", "Engine service unavailable."),
        ("import_graph", 409, "GES.8013", "parameter format error"),
        ("export_graph", 400, "GES.8011", "Failed to export a graph."),
        ("clear_graph", 400, "GES.8012", "Failed to clear a graph."),
        ("delete_graph", 400, "GES.8000", "Incorrect parameter format."),
        ("delete_graph", 404, "GES.8301", UNKNOWN),
        ("summary", 400, "GES.8001", "Failed to query graph statistics."),
        ("summary", 500, "GES.8002", "Graph statistics query error."),
        ("batch_build_index", 400, "GES.8603", "Failed to create an index"),
        ("delete_index", 400, "GES.8604", "Failed to delete an index"),
        ("execute_algorithm", 400, "GES.8404", "Invalid algorithm running format."),
        ("execute_algorithm", 404, "GES.8000", UNKNOWN),
        ("execute_algorithm", 500, "GES.8403", "Algorithm running error."),
        ("filtered_query", 400, "GES.8806", "K-Hop query with filter criteria failed."),
        ("vertex_query", 400, "GES.8204", "Failed to query vertices that meet filter criteria."),
        ("edge_query", 400, "GES.8105", "Failed to query edges that meet filter criteria."),
        ("hyg_sync", 400, "GES.8005", "Parameter error!"),
    ],
)  # fmt: skip
def test_an_operation_has_its_own_code_and_message(
    operation: str, status: int, code: str, message: str
) -> None:
    answer = body(status, operation)

    assert (answer["errorCode"], answer["errorMessage"]) == (code, message)


@pytest.mark.parametrize(
    ("operation", "code", "message"),
    [
        ("list_jobs", "GES.8005", "Incorrect parameter."),
        ("import_graph", "GES.8013", "Failed to incrementally import data to the graph."),
        ("hyg_sync", "GES.8005", "Incorrect parameter."),
        ("export_graph", "GES.8011", "Failed to export a graph."),
    ],
)
def test_the_error_table_dialect_has_the_texts_of_the_table(
    operation: str, code: str, message: str
) -> None:
    answer = body(400, operation, dialect="error_table")

    assert (answer["errorCode"], answer["errorMessage"]) == (code, message)


def test_an_overridden_code_has_the_text_of_the_dialect() -> None:
    fault = {"kind": "error", "status": 404, "code": "GES.8005"}

    assert body(404, fault=fault)["errorMessage"] == "Parameter error!"
    answer = body(404, fault=fault, dialect="error_table")
    assert answer["errorMessage"] == "Incorrect parameter."


def test_the_edition_of_the_graph_decides_where_they_differ() -> None:
    asker = Asker({"fault": 404}, fixture={"graphs": {"movie": {"edition": "memory"}}})

    memory = json.loads(text_of(asker.ask()))

    assert (memory["errorMessage"], memory["result"]) == (UNKNOWN, "failed")
    assert body(400, "show_job")["result"] == "failed"
    assert "result" not in body(400, "show_job", edition="memory")
    assert "result" not in body(400, "list_jobs")
    assert body(400, "batch_build_index")["result"] == "failed"


def test_a_cypher_error_is_listed_in_errors() -> None:
    assert body(503, "execute_cypher_query") == {
        "results": [],
        "errors": [{"code": "GES.8602", "message": "Engine service unavailable."}],
    }


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"code": "GES.8402"}, "GES.8402", "Failed to run the algorithm."),
        ({"code": "GES.8007"}, "GES.8007", "Invalid token."),
        ({"code": "GES.8003"}, "GES.8003", "graph [movie] is not found"),
        ({"code": "GES.8000"}, "GES.8000", UNKNOWN),
        ({"code": "GES.8182"}, "GES.8182", "Vertex [id] does not have label [label]"),
        ({"code": "OWN.1"}, "OWN.1", "Unknown error."),
        ({"message": "Own!"}, "GES.8005", "Own!"),
        ({"code": "GES.8000", "message": ""}, "GES.8000", ""),
    ],
)
def test_code_and_message_can_be_overridden_separately(
    fields: dict[str, str], code: str, message: str
) -> None:
    answer = body(400, fault={"kind": "error", "status": 400, **fields})

    assert (answer["errorCode"], answer["errorMessage"]) == (code, message)


def test_every_documented_code_can_be_injected_by_name() -> None:
    asker = Asker()
    for row in error_codes():
        asker.project.faults.disarm()
        fault = {"kind": "error", "status": row.status, "code": row.code}
        asker.project.faults.arm(FaultRule(fault=read(fault, Error)))
        answer = json.loads(text_of(asker.ask()))
        assert answer["errorCode"] == row.code
        assert answer["errorMessage"]
        assert "{" not in answer["errorMessage"]


def test_every_operation_has_a_documented_code_for_each_status_of_the_pages() -> None:
    codes = {row.code for row in error_codes()}
    for operation in dict.fromkeys(row.command for row in documentation.submissions()):
        for status in (400, 401, 403, 404, 500, 503):
            answer = body(status, operation)
            code = answer["errors"][0]["code"] if "errors" in answer else answer["errorCode"]
            assert code in codes


def test_the_table_has_a_text_for_every_code_of_an_operation() -> None:
    tabled = {row.code for row in error_codes() if "ges_03_0110" in row.source}

    assert {
        body(status, each)["errorCode"]
        for each in OPERATION_NAMES
        if "cypher" not in each and "gql" not in each
        for status in (400, 500)
    } <= tabled
