"""The list of the memory edition: its items, key by key."""

import json
from typing import Any

import pytest
from conftest import PROJECT, Service

G = f"/ges/v1.0/{PROJECT}/graphs/movie"
FILES = {
    "edgesetPath": "b/e.csv",
    "vertexsetPath": "b/v.csv",
    "obsParameters": {"accessKey": "AK", "secretKey": "SK"},
}
AT_NOON = 1716458040  # 2024-05-23 09:54:00


@pytest.fixture
def memory(service: Service) -> Service:
    """A memory edition, and a frozen clock at the time of the page's example."""
    clock = {"now": AT_NOON, "frozen": True}
    return service.begin(settings={"edition": "memory"}, clock=clock)


def newest(service: Service) -> Any:
    return service.list().json["jobs"][0]


def submit(service: Service, action: str, body: Any) -> Any:
    return service.client.post(f"{G}/action?action_id={action}", json=body)


def test_a_failed_algorithm_is_listed_as_in_the_page_s_example(
    memory: Service,
) -> None:
    body = {
        "algorithmName": "shortest_path",
        "parameters": {"source": "0000", "target": "38"},
    }
    memory.control(
        "POST", "plans", {"plan": {"name": "fails_early", "pending_s": 0, "running_s": 0}}
    )
    submit(memory, "execute-algorithm", body)

    item = newest(memory)

    del item["jobId"]
    assert json.dumps(item) == json.dumps(
        {
            "rawRequest": json.dumps(body, separators=(",", ":")),
            "taskType": "Algorithm",
            "canStop": False,
            "progress": "100",
            "startTime": "2024-05-23 09:54:00",
            "failReason": "Running algorithm [shortest_path] error: parameter [source] is invalid!",
            "endTime": "2024-05-23 09:54:00",
            "status": "failed",
        }
    )  # ges_03_0204, 2024-12
    assert [*memory.list().json] == ["jobs", "result"]


def test_times_progress_and_can_stop_follow_the_job(memory: Service) -> None:
    submit(memory, "execute-algorithm", {"algorithmName": "pagerank"})
    items = []
    for _ in range(4):
        item = newest(memory)
        items.append(
            [item[key] for key in ("status", "progress", "canStop", "startTime", "endTime")]
        )
        memory.control("PATCH", "clock", {"advance_s": 4})

    assert items == [
        ["pending", "0", True, "", ""],
        ["running", "25", True, "2024-05-23 09:54:02", ""],
        ["running", "75", True, "2024-05-23 09:54:02", ""],
        ["success", "100", False, "2024-05-23 09:54:02", "2024-05-23 09:54:10"],
    ]


def test_a_job_that_cannot_be_cancelled_cannot_stop(memory: Service) -> None:
    submit(memory, "clear-graph", {})

    assert (newest(memory)["canStop"], newest(memory)["taskType"]) == (False, "ClearGraph")


def test_an_import_lists_its_files(memory: Service) -> None:
    memory.control("POST", "plans", {"plan": "partial"})
    submit(memory, "import-graph", FILES)
    before = newest(memory)
    memory.control("PATCH", "clock", {"advance_s": 10})

    item = newest(memory)

    assert (item["taskType"], item["rawRequest"], item["status"]) == (
        "ImportGraph", "", "partiallyFailed",
    )  # fmt: skip
    assert before["files"][0] == {"edgeFiles": [{"fileName": "b/e.csv"}]}
    edges, vertices = item["files"]
    [file] = edges["edgeFiles"]
    assert [*file] == ["fileName", "totalLines", "failedLines", "successfulLines"]
    assert file["fileName"] == "b/e.csv"
    assert 0 < file["failedLines"] == file["totalLines"] - file["successfulLines"]
    assert vertices["vertexFiles"][0]["fileName"] == "b/v.csv"
    assert newest(memory) == item


def test_a_cancelled_job_has_a_reason(memory: Service) -> None:
    job_id = submit(memory, "import-graph", FILES).get_json()["jobId"]
    memory.client.delete(f"{G}/jobs/{job_id}")

    assert newest(memory)["failReason"] == "The job has been cancelled."
    assert newest(memory)["progress"] == "100"


def test_a_reason_can_be_set(memory: Service) -> None:
    job_id = submit(memory, "import-graph", FILES).get_json()["jobId"]
    memory.control("PATCH", f"jobs/{job_id}", {"status": "failed", "fail_reason": "disk full"})

    assert newest(memory)["failReason"] == "disk full"


def test_jobs_without_a_timeline_have_times_in_the_past(service: Service) -> None:
    jobs = [
        {"jobId": status, "status": status, "request": {"command": "mine_own", "url": "/"}}
        for status in ("pending", "running", "failed", "success")
    ]
    clock = {"now": AT_NOON, "frozen": True}
    service.begin(fixture={"graphs": {"movie": {"edition": "memory", "jobs": jobs}}}, clock=clock)

    items = service.list().json["jobs"]

    assert [(item["startTime"], item["endTime"]) for item in items] == [
        ("", ""),
        ("2024-05-23 09:52:00", ""),
        ("2024-05-23 09:51:00", "2024-05-23 09:51:30"),
        ("2024-05-23 09:50:00", "2024-05-23 09:50:30"),
    ]
    assert [item["progress"] for item in items] == ["0", "0", "100", "100"]
    assert items[2]["failReason"] == "The job failed."
    assert {item["taskType"] for item in items} == {"MineOwn"}
    assert items[0]["rawRequest"] == ""


def test_a_graph_can_have_its_own_edition(service: Service) -> None:
    assert service.control("PUT", "graphs/m", {"edition": "memory"}).json == {
        "graph": "m",
        "edition": "memory",
        "jobs": 0,
    }
    service.control("POST", "generate", {"graph": "m", "count": 2})
    service.control("POST", "generate", {"count": 2})

    assert "totalCount" in service.list().json
    assert "totalCount" not in service.list(graph="m").json
    graphs = service.control("GET", "graphs").json["graphs"]
    assert [graph["edition"] for graph in graphs] == ["database", "memory"]
    assert service.control("GET", "state").json["graphs"]["m"]["edition"] == "memory"


def test_replacing_jobs_keeps_the_edition(service: Service) -> None:
    service.control("PUT", "graphs/m", {"edition": "memory"})

    order = {"graph": "m", "count": 2, "replace": True, "statuses": {"partiallyFailed": 1}}
    assert service.control("POST", "generate", order).status_code == 200

    assert {job["status"] for job in service.list(graph="m").json["jobs"]} == {"partiallyFailed"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "generate", {"count": 1, "statuses": {"partiallyFailed": 1}}),
        ("PUT", "state", {"graphs": {"movie": {"jobs": [
            {"jobId": "a", "status": "partiallyFailed", "request": {"command": "x", "url": "/"}}
        ]}}}),
        ("PUT", "state", {"generators": [{"count": 1, "statuses": {"partiallyFailed": 1}}]}),
    ],
)  # fmt: skip
def test_a_partial_failure_in_the_database_edition_is_refused(
    service: Service, method: str, path: str, body: Any
) -> None:
    response = service.control(method, path, body)

    assert response.status_code == 400
    assert (
        "'partiallyFailed' is none of pending, running, complete, success, failed (the data"
        in response.json["error"]
    )
    assert service.list().json["totalCount"] == 0


def test_a_graph_with_a_partial_failure_does_not_become_a_database(service: Service) -> None:
    service.control("PUT", "graphs/m", {"edition": "memory"})
    job = {"jobId": "a", "status": "partiallyFailed", "request": {"command": "x", "url": "/"}}
    assert service.control("POST", "jobs", {"graph": "m", "job": job}).status_code == 201
    assert service.control("POST", "jobs", {"job": job}).status_code == 409

    assert service.control("PUT", "graphs/m", {"edition": "database"}).status_code == 409


def test_nor_does_a_graph_that_will_have_a_partial_failure(memory: Service) -> None:
    job = {"jobId": "a", "status": "pending", "request": {"command": "x", "url": "/"}}
    plan = {"name": "partial", "never_listed_for_s": 5}
    memory.control("POST", "jobs", {"job": {**job, "plan": plan}})

    assert memory.control("PUT", "graphs/movie", {"edition": "database"}).status_code == 409
    refused = memory.control("PATCH", "settings", {"edition": "database"})
    assert refused.status_code == 409
    assert "the database edition has pending, running, complete" in refused.json["error"]
    assert memory.fake.default.settings.edition == "memory"
    memory.control("DELETE", "jobs/a")
    memory.control("POST", "jobs", {"job": {**job, "plan": "normal"}})
    assert memory.control("PATCH", "settings", {"edition": "database"}).status_code == 200


def test_the_setting_id_key_applies_here_too(memory: Service) -> None:
    submit(memory, "clear-graph", {})
    memory.control("PATCH", "settings", {"id_key": "both"})

    assert [*newest(memory)][:3] == ["jobId", "job_id", "rawRequest"]
