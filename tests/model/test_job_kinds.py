"""The status and result of one job, in both editions."""

from typing import Any

import pytest
from conftest import PROJECT, Service

from gesmock.model.job_kinds import result, result_page

G = f"/ges/v1.0/{PROJECT}/graphs/movie"


def job(command: str, body: str = "{}", status: str = "success", **fields: Any) -> dict[str, Any]:
    request = {"command": command, "url": "/", "rawRequest": body}
    return {"jobId": "j", "status": status, "request": request, **fields}


def show(service: Service, shown_job: dict[str, Any], query: str = "", **settings: Any) -> Any:
    service.begin(fixture={"graphs": {"movie": {"jobs": [shown_job]}}}, settings=settings)
    return service.client.get(f"{G}/jobs/j/status{query}")


PATH = '{"algorithmName":"shortest_path","parameters":{"source":"46","target":"78"}}'
RANK = '{"algorithmName":"pagerank","parameters":{}}'


def test_a_path_has_the_documented_shape_of_each_edition(service: Service) -> None:
    response = show(service, job("execute_algorithm", PATH, "complete"))

    assert [*response.json] == ["status", "data", "result"]  # ges_03_0472
    assert response.json["status"] == "complete"
    assert response.json["result"] == "success"
    outputs = response.json["data"]["outputs"]
    assert (outputs["source"], outputs["target"]) == ("46", "78")
    assert (outputs["path"][0], outputs["path"][-1]) == ("46", "78")
    memory = show(service, job("execute_algorithm", PATH), edition="memory")
    assert memory.json == {"data": {"outputs": outputs}, "status": "success"}  # ges_03_0037


@pytest.mark.parametrize(
    ("command", "body", "rows"),
    [
        ("vertex_query", '{"labels":["user"]}', "vertices"),
        ("edge_query", '{"labels":["rate"]}', "edges"),
        ("vertex_query", "", "vertices"),
        ("edge_query", "no JSON", "edges"),
        ("filtered_query", "[]", "vertices"),
        ("path_query", '{"labels":"x"}', "vertices"),
        ("execute_algorithm", RANK, "pagerank"),
        ("hyg_algorithm", RANK, "pagerank"),
        ("execute_algorithm", '{"algorithmName":"louvain","parameters":3}', "louvain"),
    ],
)
def test_the_rows_of_a_result_are_paged(
    service: Service, command: str, body: str, rows: str
) -> None:
    whole = show(service, job(command, body)).json["data"]["outputs"]
    total = len(whole[rows])

    part = show(service, job(command, body), "?limit=1&offset=1").json["data"]["outputs"]
    beyond = show(service, job(command, body), f"?offset={total}").json["data"]["outputs"]

    assert whole["data_total_size"] == total > 0
    assert (whole["data_return_size"], whole["data_offset"]) == (total, 0)
    assert part[rows] == whole[rows][1:2]
    assert (part["data_return_size"], part["data_offset"]) == (len(part[rows]), 1)
    assert (beyond[rows], beyond["data_return_size"]) == ([], 0)


def test_a_result_has_the_labels_of_its_query(service: Service) -> None:
    outputs = show(service, job("edge_query", '{"labels":["likes"]}')).json["data"]["outputs"]

    assert {row["label"] for row in outputs["edges"]} == {"likes"}
    assert [*outputs["edges"][0]] == ["source", "target", "index", "label", "properties"]


def test_a_summary_is_directly_under_data(service: Service) -> None:
    data = show(service, job("summary", "")).json["data"]

    assert [*data] == ["vertexNum", "edgeNum", "labelDetails"]  # ges_03_0465


def test_an_import_has_no_data(service: Service) -> None:
    assert show(service, job("import_graph")).json == {"status": "success", "result": "success"}


@pytest.mark.parametrize("status", ["pending", "running"])
def test_an_unfinished_job_has_no_data(service: Service, status: str) -> None:
    response = show(service, job("execute_algorithm", RANK, status))

    assert response.json == {"status": status, "result": "success"}


def test_a_failed_import_has_the_status_failed(service: Service) -> None:
    response = show(service, job("import_graph", "{}", "failed"))

    assert (response.status_code, response.json) == (200, {"status": "failed", "result": "success"})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (PATH, "Running algorithm [shortest_path] error: parameter [source] is invalid!"),
        (
            '{"algorithmName":"shortest_path"}',
            "Running algorithm [shortest_path] error: parameter [source] is invalid!",
        ),
        (
            '{"algorithmName":"louvain","parameters":{"weight":"score"}}',
            "Running algorithm [louvain] error: parameter [weight] is invalid!",
        ),
        (RANK, "Running algorithm [pagerank] error: parameter [parameters] is invalid!"),
    ],
)
def test_the_reason_of_a_failed_algorithm_names_a_parameter_that_it_has(
    service: Service, body: str, message: str
) -> None:
    response = show(service, job("execute_algorithm", body, "failed"))

    assert response.json == {"errorMessage": message, "errorCode": "GES.8301"}


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        (None, "Running algorithm [pagerank] error: parameter [parameters] is invalid!"),
        ("out of memory", "Running algorithm [pagerank] error: out of memory"),
        ("Running algorithm [pagerank] error: x!", "Running algorithm [pagerank] error: x!"),
    ],
)
def test_a_failed_algorithm_is_refused_with_its_reason(
    service: Service, reason: str | None, message: str
) -> None:
    steps = [{"after_s": 0, "status": "failed"}]
    plan = {"steps": steps, **({"fail_reason": reason} if reason else {})}

    response = show(service, job("execute_algorithm", RANK, "failed", plan=plan))

    assert response.status_code == 400
    assert response.json == {"errorMessage": message, "errorCode": "GES.8301"}


def test_a_result_depends_on_the_seed_and_the_job() -> None:
    assert result("vertex_query", {}, 7, "j") == result("vertex_query", {}, 7, "j")
    assert result("vertex_query", {}, 7, "j") != result("vertex_query", {}, 8, "j")
    assert result("vertex_query", {}, 7, "j") != result("vertex_query", {}, 7, "k")
    assert result("import_graph", {}, 7, "j") is None


def test_the_result_of_a_plan_is_paged_too(service: Service) -> None:
    rows = [{"id": str(number)} for number in range(5)]
    mine = {"outputs": {"vertices": rows, "mine": True}}
    plan = {"name": "instant", "result": mine}

    response = show(service, job("import_graph", "{}", plan=plan), "?limit=2&offset=1")

    assert response.json["data"]["outputs"] == {
        "vertices": rows[1:3],
        "mine": True,
        "data_return_size": 2,
        "data_offset": 1,
        "data_total_size": 5,
    }


@pytest.mark.parametrize("data", [{}, {"outputs": []}, {"outputs": {"path": ["1", "2"]}}])
def test_a_result_without_rows_is_not_paged(data: dict[str, Any]) -> None:
    assert result_page(data, "shortest_path", 5, 0) == data


def test_a_partial_failure_has_a_result(service: Service) -> None:
    response = show(service, job("vertex_query", "{}", "partiallyFailed"), edition="memory")

    assert response.json["status"] == "partiallyFailed"
    assert response.json["data"]["outputs"]["vertices"]
