"""The list of the memory edition: its items, key by key."""

import itertools
import json
import re
from datetime import datetime
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
MIXED = {"success": 3, "running": 1, "pending": 1}


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


def test_jobs_without_a_plan_have_times_and_progress_by_their_status(service: Service) -> None:
    jobs = [
        {"jobId": status, "status": status, "request": {"command": "mine_own", "url": "/"}}
        for status in ("pending", "running", "failed", "success")
    ]
    clock = {"now": AT_NOON, "frozen": True}
    service.begin(fixture={"graphs": {"movie": {"edition": "memory", "jobs": jobs}}}, clock=clock)

    pending, running, failed, success = items = service.list().json["jobs"]

    assert (pending["startTime"], pending["endTime"], pending["progress"]) == ("", "", "0")
    assert running["startTime"] < "2024-05-23 09:54:00"
    assert (running["endTime"], 0 < int(running["progress"]) < 100) == ("", True)
    for item in (failed, success):
        assert item["startTime"] < item["endTime"] <= "2024-05-23 09:54:00"
        assert item["progress"] == "100"
    assert failed["failReason"] == "The job failed."
    assert {item["taskType"] for item in items} == {"MineOwn"}
    assert pending["rawRequest"] == ""


def seconds(text: str) -> float:
    return datetime.strptime(f"{text} +0000", "%Y-%m-%d %H:%M:%S %z").timestamp()


@pytest.mark.parametrize("plan", [{}, {"plan": "slow"}, {"plan": "slow", "statuses": MIXED}])
def test_generated_jobs_have_the_times_and_progress_of_a_history(
    service: Service, plan: dict[str, Any]
) -> None:
    clock = {"now": AT_NOON, "frozen": True}
    generator = {"count": 500, "seed": 7, **plan}
    service.begin(generate=generator, settings={"edition": "memory"}, clock=clock)
    items = service.list().json["jobs"]
    begun = [item for item in items if item["startTime"]]
    ended = [item for item in items if item["endTime"]]
    starts = [seconds(item["startTime"]) for item in begun]
    lengths = [seconds(item["endTime"]) - seconds(item["startTime"]) for item in ended]
    gaps = [later - sooner for later, sooner in itertools.pairwise(starts)]

    assert [item["status"] for item in items if item not in begun] == ["pending"] * (
        len(items) - len(begun)
    )
    assert {item["status"] for item in items if item not in ended} == {"pending", "running"}
    assert min(gaps) > 0
    assert len({*gaps}) > 50
    assert min(lengths) >= 0
    assert max(lengths) <= 900
    assert len({round(length) for length in lengths}) > 50
    assert all(seconds(item["endTime"]) <= AT_NOON for item in ended)
    assert max(starts) <= AT_NOON
    for item in items:
        assert re.fullmatch(r"[0-9a-f-]{36}\d{9}", item["jobId"])
        low, high = {"pending": (0, 0), "running": (0 if plan else 1, 99)}.get(
            item["status"], (100, 100)
        )
        assert low <= int(item["progress"]) <= high
    longest = max(zip(lengths, ended, strict=True), key=lambda pair: pair[0])[1]
    assert longest["taskType"] in ("ImportGraph", "Algorithm", "ExportGraph")
    assert service.list().json["jobs"] == items


def test_a_generated_job_that_runs_keeps_its_start_when_it_ends(service: Service) -> None:
    clock = {"now": AT_NOON, "frozen": True}
    generator = {"count": 20, "seed": 7, "plan": "normal"}
    service.begin(generate=generator, settings={"edition": "memory"}, clock=clock)
    before = {item["jobId"]: item for item in service.list().json["jobs"]}

    service.control("PATCH", "clock", {"advance_s": 60})

    for item in service.list().json["jobs"]:
        was = before[item["jobId"]]
        if was["status"] == "pending":
            assert was["startTime"] == ""
            assert "2024-05-23 09:54:00" < item["startTime"] < item["endTime"]
        else:
            assert item["startTime"] == was["startTime"]
        assert item["status"] in ("success", "failed")
        assert item["endTime"]


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
        "'partiallyFailed' is not one of pending, running, complete, success, failed (the data"
        in response.json["error"]
    )
    assert service.list().json["totalCount"] == 0


def test_a_graph_with_a_partial_failure_does_not_become_a_database(service: Service) -> None:
    service.control("PUT", "graphs/m", {"edition": "memory"})
    job = {"jobId": "a", "status": "partiallyFailed", "request": {"command": "x", "url": "/"}}
    assert service.control("POST", "jobs", {"graph": "m", "job": job}).status_code == 201
    assert service.control("POST", "jobs", {"job": job}).status_code == 409

    assert service.control("PUT", "graphs/m", {"edition": "database"}).status_code == 409


def test_a_graph_that_will_have_a_partial_failure_does_not_become_a_database(
    memory: Service,
) -> None:
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
