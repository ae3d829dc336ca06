"""Cancelling, exporting with erase, clearing and deleting: what jobs do to others and to graphs."""

from collections.abc import Callable
from typing import Any

import pytest
from conftest import PROJECT, Service

G = f"/ges/v1.0/{PROJECT}/graphs/movie"
H = f"/ges/v1.0/{PROJECT}/hyg/movie"
EXPORT = {"exportPath": "b/x/", "obsParameters": {"accessKey": "AK", "secretKey": "SK"}}


@pytest.fixture
def frozen(service: Service) -> Service:
    """A frozen clock, in the database edition."""
    return service.begin(clock={"frozen": True})


@pytest.fixture
def memory(service: Service) -> Service:
    """A frozen clock, in the memory edition, the only one that can cancel jobs other than HyG's."""
    return service.begin(clock={"frozen": True}, settings={"edition": "memory"})


def submitted(service: Service, path: str, body: Any = None, method: str = "POST") -> str:
    response = service.client.open(path, method=method, json=body)
    assert response.status_code == 200, response.json
    job_id: str = response.get_json()["jobId"]
    return job_id


def advance(service: Service, seconds: float) -> list[Any]:
    moved = service.control("PATCH", "clock", {"advance_s": seconds})
    transitions: list[Any] = moved.json["transitions"]
    return [(each["was"], each["status"]) for each in transitions]


def status(service: Service, job_id: str) -> str:
    actual: str = service.control("GET", f"jobs/{job_id}").json["job"]["status"]
    return actual


def algorithm(service: Service, name: str = "pagerank") -> str:
    return submitted(service, f"{G}/action?action_id=execute-algorithm", {"algorithmName": name})


def hyg_algorithm(service: Service) -> str:
    return submitted(service, f"{H}/algorithm", {"algorithmName": "pagerank"})


def cleared(service: Service) -> str:
    return submitted(service, f"{G}/action?action_id=clear-graph", {})


# --- Cancel -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0, 5])
def test_a_job_that_is_pending_or_running_fails_when_it_is_cancelled(
    memory: Service, seconds: float
) -> None:
    job_id = algorithm(memory)
    advance(memory, seconds)

    response = memory.client.delete(f"{G}/jobs/{job_id}")

    assert (response.status_code, response.get_json()) == (200, {})
    assert status(memory, job_id) == "failed"
    assert advance(memory, 1000) == []
    again = memory.client.delete(f"{G}/jobs/{job_id}")
    assert again.get_json()["errorCode"] == "GES.8303"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("louvain", 200), ("node2vec", 200), ("shortest_path", 400), ("anything", 400)],
)
def test_only_some_algorithms_can_be_cancelled(memory: Service, name: str, expected: int) -> None:
    job_id = algorithm(memory, name)

    assert memory.client.delete(f"{G}/jobs/{job_id}").status_code == expected


@pytest.mark.parametrize(("command", "expected"), [("export_graph", 200), ("mine", 400)])
def test_a_job_that_a_test_has_added_can_be_cancelled_by_its_kind(
    memory: Service, command: str, expected: int
) -> None:
    job = {"jobId": "a", "status": "running", "request": {"command": command, "url": "/"}}
    memory.control("POST", "jobs", {"job": job})

    assert memory.client.delete(f"{G}/jobs/a").status_code == expected


def test_a_job_that_was_there_from_the_start_can_be_cancelled(service: Service) -> None:
    job = {"jobId": "a", "status": "running", "request": {"command": "export_graph", "url": "/"}}
    service.begin(fixture={"graphs": {"movie": {"edition": "memory", "jobs": [job]}}})

    assert service.client.delete(f"{G}/jobs/a").status_code == 200
    assert service.list().json["jobs"][0]["status"] == "failed"


def test_a_queued_hyg_job_is_cancelled_at_once_a_running_one_with_delay(frozen: Service) -> None:
    running = hyg_algorithm(frozen)
    advance(frozen, 5)
    queued = hyg_algorithm(frozen)

    for job_id in (running, queued):
        response = frozen.client.delete(f"{H}/jobs/{job_id}")
        assert response.get_json() == {"result": "success"}

    assert [status(frozen, each) for each in (running, queued)] == ["running", "failed"]
    assert advance(frozen, 1) == [("running", "failed")]


def test_a_hyg_job_that_is_cancelled_again_or_is_about_to_end_stops_no_later(
    frozen: Service,
) -> None:
    again, ending = hyg_algorithm(frozen), hyg_algorithm(frozen)
    advance(frozen, 5)
    for _ in range(2):
        frozen.client.delete(f"{H}/jobs/{again}")
        advance(frozen, 0.5)
    assert status(frozen, again) == "failed"
    advance(frozen, 3.5)
    frozen.client.delete(f"{H}/jobs/{ending}")

    assert advance(frozen, 0.5) == [("running", "complete")]


def test_hyg_jobs_that_were_there_from_the_start_are_cancelled_too(service: Service) -> None:
    commands = ("hyg_sync", "import_graph")
    jobs = [
        {"jobId": each, "status": "pending", "request": {"command": each, "url": "/"}}
        for each in commands
    ]
    service.begin(fixture={"graphs": {"movie": {"jobs": jobs}}})

    service.client.delete(f"{H}/jobs")

    assert [status(service, each) for each in commands] == ["failed", "pending"]


def test_all_hyg_jobs_that_queue_are_cancelled_and_no_others(frozen: Service) -> None:
    running = hyg_algorithm(frozen)
    advance(frozen, 5)
    queued = [hyg_algorithm(frozen) for _ in range(2)]
    other = cleared(frozen)

    assert frozen.client.delete(f"{H}/jobs").get_json() == {"result": "success"}

    assert [status(frozen, each) for each in queued] == ["failed", "failed"]
    assert [status(frozen, each) for each in (running, other)] == ["running", "pending"]


# --- Export, with erase -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edition", "submit", "url"),
    [
        ("memory", algorithm, f"{G}/jobs/{{}}/action?action_id=export-result"),
        ("database", hyg_algorithm, f"{H}/jobs/{{}}/export-result"),
    ],
)
@pytest.mark.parametrize(
    ("erase", "remaining"), [({}, 1), ({"erase": True}, 1), ({"erase": False}, 2)]
)
def test_an_export_erases_its_job_at_the_end_by_default(
    service: Service,
    edition: str,
    submit: Callable[[Service], str],
    url: str,
    erase: dict[str, bool],
    remaining: int,
) -> None:
    service.begin(clock={"frozen": True}, settings={"edition": edition})
    source = submit(service)
    advance(service, 10)
    submitted(service, url.format(source), {**EXPORT, **erase})
    assert len(service.list().json["jobs"]) == 2

    advance(service, 10)

    assert len(service.list().json["jobs"]) == remaining
    listed = service.client.get(f"{G}/jobs/{source}/status")
    assert listed.status_code == (200 if remaining == 2 else 400)


def test_an_export_that_fails_erases_nothing(memory: Service) -> None:
    source = algorithm(memory)
    advance(memory, 10)
    memory.control("POST", "plans", {"command": "export_result", "plan": "fails_late"})
    submitted(memory, f"{G}/jobs/{source}/action?action_id=export-result", EXPORT)

    advance(memory, 10)

    assert len(memory.list().json["jobs"]) == 2


def test_two_exports_of_one_job_erase_it_once(memory: Service) -> None:
    source = algorithm(memory)
    for _ in range(2):
        submitted(memory, f"{G}/jobs/{source}/action?action_id=export-result", EXPORT)

    advance(memory, 10)

    assert len(memory.list().json["jobs"]) == 2


# --- Clear and delete ---------------------------------------------------------------------------


def test_a_cleared_graph_keeps_its_jobs(frozen: Service) -> None:
    hyg_algorithm(frozen)
    submitted(frozen, f"{G}/action?action_id=clear-graph", {"clearMetadata": True})

    advance(frozen, 10)

    assert frozen.list().json["totalCount"] == 2


def test_a_deleted_graph_does_not_exist_once_its_job_has_ended(frozen: Service) -> None:
    job_id = submitted(frozen, G, method="DELETE")
    other = cleared(frozen)
    assert frozen.list().status_code == 200

    assert advance(frozen, 10)[-1] == ("running", "success")

    assert frozen.list().status_code == 400
    assert frozen.client.get(f"{G}/jobs/{job_id}/status").status_code == 400
    assert frozen.control("GET", f"jobs/{other}").status_code == 404
    assert frozen.control("GET", "graphs").json["graphs"] == []
    assert frozen.control("PUT", "graphs/movie", {}).status_code == 200
    assert frozen.list().json["totalCount"] == 0


def test_an_instant_deletion_is_done_when_it_is_answered(frozen: Service) -> None:
    frozen.control("POST", "plans", {"plan": "instant"})

    submitted(frozen, G, method="DELETE")

    assert frozen.list().status_code == 400


def test_a_deletion_that_is_moved_to_its_end_by_hand_is_carried_out(frozen: Service) -> None:
    job_id = submitted(frozen, G, method="DELETE")

    assert frozen.control("PATCH", f"jobs/{job_id}", {"status": "success"}).status_code == 200

    assert frozen.list().status_code == 400


def test_a_job_of_a_fixture_that_says_delete_graph_deletes_nothing(service: Service) -> None:
    request = {"command": "delete_graph", "url": G}
    job = {"jobId": "a", "status": "running", "request": request, "plan": "normal"}
    service.begin(fixture={"jobs": [job]}, clock={"frozen": True})

    assert advance(service, 100)[-1] == ("running", "success")

    assert service.list().json["totalCount"] == 1


def test_no_job_that_deletes_its_own_graph_is_generated(service: Service) -> None:
    service.begin(generate=2000)

    commands = {job["request"]["command"] for job in service.list().json["jobs"]}
    assert "import_graph" in commands
    assert "delete_graph" not in commands


def test_a_deleted_hyg_graph_leaves_the_list(frozen: Service) -> None:
    submitted(frozen, H, method="DELETE")

    advance(frozen, 10)

    assert frozen.list().json["jobs"][0]["status"] == "complete"
