"""The control API: its answers, its errors, and its separate projects."""

import json
from cProfile import Profile
from pathlib import Path
from threading import Thread
from types import CodeType
from typing import Any

import pytest
from conftest import PROJECT, Service, until

import gesmock
from gesmock import __version__
from gesmock.fake import fixtures
from gesmock.fake.fake import Fake
from gesmock.fake.project import Project
from gesmock.model.types import EDITION_STATUSES, STATUSES
from gesmock.web import create_app
from gesmock.web.control import api
from gesmock.web.control.document import CALLS
from gesmock.web.guard import Guard

JOB = {"jobId": "a1", "status": "running", "request": {"command": "import_graph", "url": "/"}}
PACKAGE = str(Path(gesmock.__file__).parent)
FAULT = {"kind": "error", "status": 503}


def test_health_reports_readiness_version_and_project(service: Service) -> None:
    health = service.control("GET", "health").json

    assert health == {
        "ready": True,
        "version": __version__,
        "epoch": service.fake.default.epoch,
        "project_id": PROJECT,
    }


def test_reset_returns_the_epoch_and_what_it_cleared(service: Service) -> None:
    epoch = service.control("GET", "health").json["epoch"]
    service.control("POST", "jobs", {"job": JOB})
    service.control("POST", "faults", {"fault": FAULT})
    service.list()

    response = service.control("POST", "reset")

    assert response.status_code == 200
    assert response.json == {"epoch": epoch + 1, "jobs": 1, "faults": 1, "entries": 1}
    assert service.list().json["totalCount"] == 0


@pytest.mark.parametrize("place", ["", "projects/other/"])
def test_tokens_and_secrets_of_jobs_are_exported_only_on_demand(
    service: Service, place: str
) -> None:
    raw = '{"a":1,"userToken":"planted"}'
    request = {"command": "import_graph", "url": "/?pwd=planted", "rawRequest": raw}
    state = {"graphs": {"g": {"jobs": [{**JOB, "request": request}]}}, "tokens": ["configured"]}
    service.control("PUT", f"{place}state", state)

    default = service.control("GET", f"{place}state?secrets=false").json
    whole = service.control("GET", f"{place}state?secrets=true").json

    assert service.control("GET", f"{place}state").json == default
    assert "tokens" not in default
    masked = {**request, "url": "/?pwd=***", "rawRequest": '{"a":1,"userToken":"***"}'}
    assert default["graphs"]["g"]["jobs"] == [{**JOB, "request": masked}]
    assert [token["token"] for token in whole["tokens"]] == ["configured"]
    assert whole["graphs"] == state["graphs"]


@pytest.mark.parametrize("text", ["1", "yes", "True", ""])
def test_whether_secrets_are_exported_is_true_or_false(service: Service, text: str) -> None:
    refused = service.control("GET", f"state?secrets={text}")

    assert refused.status_code == 400
    assert refused.json["errors"][0]["path"] == "query.secrets"


def test_a_state_can_be_exported_and_loaded(service: Service) -> None:
    service.control("POST", "generate", {"graph": "g", "count": 4, "seed": 7, "replace": True})
    service.control("PATCH", "settings", {"limit_zero": "refuse"})
    service.control("POST", "faults", {"operation": "list_jobs", "fault": FAULT, "times": 2})
    exported = service.control("GET", "state").json
    service.control("POST", "reset")

    loaded = service.control("PUT", "state", exported)

    assert (loaded.status_code, loaded.json) == (200, {"loaded": "2 graphs, 4 jobs, 1 fault"})
    assert service.control("GET", "state").json == exported


def test_a_recorded_job_list_can_be_loaded_too(service: Service) -> None:
    service.control("PUT", "state", {"jobs": [JOB], "totalCount": 1, "result": "success"})

    assert service.list().json["jobs"] == [JOB]


def test_the_same_seed_generates_the_same_jobs(service: Service) -> None:
    order = {"graph": "g", "count": 1000, "seed": 7, "replace": True}

    first = service.control("POST", "generate", order)
    page = service.list("?limit=3", graph="g").json
    again = service.control("POST", "generate", order)

    assert first.json == {"graph": "g", "generated": 1000, "total": 1000}
    assert again.json == first.json
    assert page["totalCount"] == 1000
    assert service.list("?limit=3", graph="g").json == page


def test_a_job_can_be_added_moved_and_removed(service: Service) -> None:
    added = service.control("POST", "jobs", {"graph": "g", "job": JOB})
    moved = service.control("PATCH", "jobs/a1", {"status": "failed"})
    removed = service.control("DELETE", "jobs/a1?graph=g")

    assert (added.status_code, added.json) == (201, {"job": JOB, "graph": "g"})
    assert (moved.status_code, moved.json["job"]["status"]) == (200, "failed")
    assert (removed.status_code, removed.json["job"]["status"]) == (200, "failed")
    assert service.list(graph="g").json["totalCount"] == 0


def test_jobs_are_filtered_by_graph_and_status(service: Service) -> None:
    service.control("POST", "jobs", {"graph": "g", "job": JOB})
    service.control("POST", "jobs", {"job": {**JOB, "jobId": "b", "status": "failed"}})

    every = service.control("GET", "jobs").json
    failed = service.control("GET", "jobs?status=failed&graph=movie").json

    assert every["total"] == 2
    assert [placed["graph"] for placed in every["jobs"]] == ["movie", "g"]
    assert [placed["job"]["jobId"] for placed in failed["jobs"]] == ["b"]


@pytest.mark.parametrize(
    ("edition", "status"),
    [(edition, status) for edition, having in EDITION_STATUSES.items() for status in having],
)
def test_a_job_can_make_the_moves_that_it_lists_and_no_other(
    service: Service, edition: str, status: str
) -> None:
    state = {"graphs": {"g": {"edition": edition, "jobs": [{**JOB, "status": status}]}}}
    service.control("PUT", "state", state)

    listed = service.control("GET", "jobs").json["jobs"][0]["moves"]

    assert service.control("GET", "jobs/a1").json["moves"] == listed
    for to in STATUSES:
        moved = service.control("PATCH", "jobs/a1", {"status": to})
        assert moved.status_code == (200 if to in listed else 409)
        service.control("POST", "reset")


def test_a_job_says_what_the_clock_will_do_to_it_and_when(service: Service) -> None:
    service.begin(clock={"frozen": True})
    job = {**JOB, "status": "pending", "plan": "normal"}
    service.control("POST", "jobs", {"job": job})

    def following() -> Any:
        described = service.control("GET", "jobs").json["jobs"][0]
        assert service.control("GET", "jobs/a1").json["next"] == described["next"]
        return described["next"]

    assert following() == {"status": "running", "in_s": 2.0}
    service.control("PATCH", "clock", {"advance_s": 1.5})
    assert following() == {"status": "running", "in_s": 0.5}
    service.control("PATCH", "jobs/a1", {"status": "running"})
    assert following() == {"status": "success", "in_s": 8.0}
    service.control("PATCH", "clock", {"advance_s": 8})
    assert following() is None


def test_a_job_says_how_far_it_has_come(service: Service) -> None:
    service.begin(clock={"frozen": True})
    service.control("POST", "jobs", {"job": {**JOB, "status": "pending", "plan": "normal"}})
    service.control("POST", "jobs", {"job": {**JOB, "jobId": "b", "status": "failed"}})

    service.control("PATCH", "clock", {"advance_s": 6})

    described = service.control("GET", "jobs").json["jobs"]
    assert [each["progress"] for each in described] == [100, 50]


def test_the_clock_says_when_the_next_job_changes(service: Service) -> None:
    service.begin(clock={"frozen": True})
    assert service.control("GET", "clock").json["next_s"] is None

    service.control("POST", "jobs", {"job": {**JOB, "status": "pending", "plan": "normal"}})
    service.control("PATCH", "clock", {"advance_s": 0.5})

    assert service.control("GET", "clock").json["next_s"] == 1.5


def test_a_page_of_jobs_begins_anywhere_in_the_list(service: Service) -> None:
    for graph in ("g", "h"):
        service.control("POST", "generate", {"graph": graph, "count": 5})
    every = service.control("GET", "jobs").json

    def page(offset: int, query: str = "") -> tuple[list[Any], int]:
        answer = service.control("GET", f"jobs?limit=3&offset={offset}{query}").json
        return answer["jobs"], answer["total"]

    for offset in range(11):
        assert page(offset) == (every["jobs"][offset : offset + 3], 10)
    command = every["jobs"][0]["job"]["request"]["command"]
    same = [each for each in every["jobs"] if each["job"]["request"]["command"] == command]
    assert page(1, f"&command={command}") == (same[1:4], len(same))


def test_a_job_without_a_plan_stays_as_it_is(service: Service) -> None:
    service.begin(fixture={"graphs": {"g": {"jobs": [JOB]}}})

    assert service.control("GET", "jobs/a1").json["next"] is None


def test_jobs_are_counted_by_status_whatever_is_asked_for_besides_the_graph(
    service: Service,
) -> None:
    for graph, statuses in (("g", {"failed": 1}), ("h", {"running": 1})):
        service.control("POST", "generate", {"graph": graph, "count": 3, "statuses": statuses})
    service.control("POST", "jobs", {"graph": "g", "job": JOB})

    everywhere = service.control("GET", "jobs?status=failed&q=none&limit=1").json["counts"]
    in_g = service.control("GET", "jobs?graph=g&command=none").json["counts"]

    assert [*everywhere.items()] == [("running", 4), ("failed", 3)]
    assert [*in_g.items()] == [("running", 1), ("failed", 3)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("command=path_query", ["b"]),
        ("command=import_graph&status=running", ["a1"]),
        ("command=import_graph&status=failed", []),
        ("q=b&status=failed&command=path_query", ["b"]),
        ("q=import&status=running", ["a1"]),
        ("q=import&status=failed", []),
        ("q=", ["b", "a1"]),
    ],
)
def test_filters_of_jobs_can_be_combined(service: Service, query: str, found: list[str]) -> None:
    other = {"jobId": "b", "status": "failed", "request": {"command": "path_query", "url": "/"}}
    for job in (JOB, other):
        service.control("POST", "jobs", {"job": job})

    page = service.control("GET", f"jobs?{query}").json

    assert [each["job"]["jobId"] for each in page["jobs"]] == found
    assert page["total"] == len(found)


def scenario(service: Service, method: str = "GET", name: str = "") -> tuple[str | None, bool]:
    """The chosen scenario, and whether it has been changed; *name* is one to choose."""
    body = {"scenario": name} if method == "PUT" else None
    answer = service.control(method, "scenario", body)
    assert answer.status_code == 200, answer.json
    return answer.json["scenario"], answer.json["changed"]


def test_the_scenarios_are_the_files_given_and_those_that_are_shipped(
    service: Service, tmp_path: Path
) -> None:
    titled, broken, plain = (tmp_path / f"{name}.json" for name in ("titled", "broken", "plain"))
    for file, text in ((titled, '{"description": "Mine"}'), (broken, "{}"), (plain, "{}")):
        file.write_text(text)
    service.begin(fixture=["movies", str(titled), broken, str(plain)])
    broken.write_text("[")

    listed = service.control("GET", "scenario").json["scenarios"]

    names = ["movies", *map(str, (titled, broken, plain))]
    shipped = [name for name in fixtures.shipped_names() if name != "movies"]
    assert [each["name"] for each in listed] == [*names, *shipped]
    titles = {each["name"]: each["title"] for each in listed}
    assert titles["failing"].startswith("A service on a bad day")
    assert titles.pop("page_example") == "The jobs of a list answer."
    assert [titles[name] for name in names[1:]] == ["Mine", *names[2:]]


def test_a_reset_returns_to_the_scenario_that_was_chosen_and_reads_no_file(
    service: Service, tmp_path: Path
) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"graphs": {"g": {"jobs": [JOB]}}}))
    service.begin(fixture=str(file), generate=None)
    assert scenario(service) == (str(file), False)

    assert scenario(service, "PUT", "failing") == ("failing", False)
    assert service.control("GET", "faults").json["total"] == 1
    assert scenario(service, "PUT", str(file)) == (str(file), False)
    file.unlink()
    service.control("DELETE", "jobs/a1")
    assert scenario(service) == (str(file), True)
    for every in ("", "?all=true"):
        service.control("POST", f"reset{every}")
        assert scenario(service) == (str(file), False)
        assert service.control("GET", "jobs").json["jobs"][0]["job"] == JOB


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"fixture": "movies", "generate": 1},
        {"fixture": ["movies", "failing"]},
        {"fixture": {"graphs": {}}},
    ],
)
def test_a_start_state_of_several_parts_is_no_scenario(
    service: Service, options: dict[str, Any]
) -> None:
    service.begin(**options)
    assert scenario(service) == (None, False)

    assert scenario(service, "PUT", "movies") == ("movies", False)
    service.control("PUT", "state", {})
    assert scenario(service) == (None, False)


def test_options_that_are_not_about_jobs_outlast_a_choice(service: Service) -> None:
    clock = {"frozen": True, "now": 1e9}
    service.begin(generate=3, tokens="t", settings={"dialect": "error_table"}, clock=clock)
    service.list()

    scenario(service, "PUT", "empty")

    assert service.list().status_code == 400
    assert service.list(graph="movies", x_auth_token="t").json["totalCount"] == 0
    assert service.control("GET", "clock").json["now"] == 1e9
    assert service.control("GET", "journal").json["total"] == 3
    service.control("PATCH", "clock", {"advance_s": 5})
    service.control("POST", "reset")
    assert service.control("GET", "clock").json["now"] == 1e9


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "jobs", {"job": JOB}),
        ("POST", "generate", {"count": 1, "replace": True}),
        ("PATCH", "jobs/b", {"status": "running", "progress": 7}),
        ("DELETE", "jobs/b", None),
        ("PUT", "graphs/movie", {"edition": "memory"}),
        ("PUT", "graphs/movie", {"summary": {"vertexNum": 3}}),
        ("PUT", "graphs/movie", {"labels": [{"label": "x"}]}),
        ("PUT", "graphs/new", {}),
        ("POST", "faults", {"fault": 503}),
        ("DELETE", "faults", None),
        ("POST", "plans", {"plan": "slow"}),
        ("POST", "queries", {"statement": "s"}),
        ("PATCH", "clock", {"advance_s": 1}),
        ("PATCH", "clock", {"frozen": False}),
        ("PATCH", "settings", {"limit_zero": "refuse"}),
        ("PATCH", "verdict", {"poll_s": 7}),
        ("POST", "provider-states", {"state": "movies", "params": {"project_id": PROJECT}}),
    ],
)
def test_a_scenario_says_whether_it_has_been_changed(
    service: Service, method: str, path: str, body: Any
) -> None:
    job = {**JOB, "jobId": "b"}
    fixture = {"graphs": {"movie": {"jobs": [job]}}, "faults": [{"fault": 503}]}
    service.begin(fixture=fixture, generate={"count": 2, "plan": "slow"}, clock={"frozen": True})
    assert scenario(service) == (None, False)

    assert service.control(method, path, body).status_code < 300

    assert scenario(service) == (None, True)
    service.control("POST", "reset")
    assert scenario(service) == (None, False)


def test_an_unknown_scenario_is_refused_before_a_project_is_created(service: Service) -> None:
    refused = service.control("PUT", "projects/new/scenario", {"scenario": "moives"})

    assert refused.status_code == 400
    assert "$.scenario: 'moives' is not valid; did you mean 'movies'?" in refused.json["error"]
    assert service.control("GET", "projects/new/scenario").status_code == 404


def test_a_scenario_is_chosen_for_one_project(service: Service) -> None:
    service.begin(fixture="movies")

    chosen = service.control("PUT", "projects/new/scenario", {"scenario": "failing"}).json

    assert chosen["scenario"] == "failing"
    assert service.control("GET", "projects/new/jobs").json["total"] == 20
    assert scenario(service) == ("movies", False)


def test_a_broken_scenario_changes_nothing(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text("{}")
    service.begin(fixture=[str(file)])
    service.control("POST", "jobs", {"job": JOB})
    file.write_text('{"graphs": 3}')

    refused = service.control("PUT", "scenario", {"scenario": str(file)})

    assert refused.status_code == 400
    assert refused.json["error"].startswith(f"{file}: $.graphs: expected an object")
    assert service.control("GET", "jobs").json["total"] == 1


def test_a_fault_is_armed_counted_and_disarmed(service: Service) -> None:
    order = {
        "operation": "list_jobs",
        "times": 2,
        "fault": {**FAULT, "code": "GES.8000", "message": "...", "headers": {"Retry-After": "1"}},
    }

    armed = service.control("POST", "faults", order)
    answer = service.list()

    assert (armed.status_code, armed.json["id"], armed.json["remaining"]) == (201, "f1", 2)
    assert answer.json == {"errorMessage": "...", "errorCode": "GES.8000"}
    assert answer.headers["Retry-After"] == "1"
    [listed] = service.control("GET", "faults").json["faults"]
    assert (listed["fires"], listed["remaining"], listed["fault"]) == (1, 1, order["fault"])
    assert service.control("GET", "faults/f1").json == listed
    assert service.control("DELETE", "faults/f1").status_code == 200
    assert service.control("GET", "faults").json["faults"] == []
    assert service.list().status_code == 200


def test_a_fault_is_paused_changed_and_resumed(service: Service) -> None:
    service.control("POST", "faults", {"operation": "list_jobs", "fault": FAULT, "times": 2})
    service.list()

    paused = service.control("PATCH", "faults/f1", {"paused": True})
    answered = service.list().status_code
    changed = service.control("PATCH", "faults/f1", {"paused": False, "fault": 500, "times": 3})

    assert (paused.status_code, paused.json["paused"], answered) == (200, True, 200)
    assert changed.json == {
        "id": "f1",
        "operation": "list_jobs",
        "fault": {"kind": "error", "status": 500},
        "times": 3,
        "calls": 1,
        "fires": 1,
        "remaining": 2,
    }
    assert [service.list().status_code for _ in range(3)] == [500, 500, 200]
    wrong = service.control("PATCH", "faults/f1", {"fault": {"kind": "reset"}})
    assert wrong.status_code == 400
    assert wrong.json["errors"][0]["path"] == "$.fault.kind"


def test_all_faults_can_be_disarmed(service: Service) -> None:
    service.control("POST", "faults", {"script": [503, 503, "ok"]})
    service.control("POST", "faults", {"fault": FAULT})

    assert service.control("DELETE", "faults").json == {"disarmed": 2}


def test_the_journal_lists_requests_but_no_control_calls(
    service: Service,
) -> None:
    service.list("?limit=1", prefer="code=503")
    service.list("?limit=x")

    journal = service.control("GET", "journal").json
    failed = service.control("GET", "journal?operation=list_jobs&status=503").json

    assert (journal["total"], journal["dropped"]) == (2, 0)
    assert [entry["status"] for entry in journal["entries"]] == [503, 400]
    assert [entry["fault"] for entry in failed["entries"]] == ["prefer#1"]
    assert service.control("DELETE", "journal").json == {"cleared": 2}
    assert service.control("GET", "journal").json["total"] == 0


def test_a_caller_can_wait_for_journal_entries(service: Service) -> None:
    journal = service.fake.default.journal
    answers: list[Any] = []
    thread = Thread(
        target=lambda: answers.append(service.control("GET", "journal?status=503&wait_s=30").json)
    )
    thread.start()
    until(lambda: journal._waiters.count)
    service.list()
    service.list(prefer="code=503")
    thread.join()

    assert [entry["status"] for entry in answers[0]["entries"]] == [503]
    assert service.control("GET", "journal?status=500&wait_s=0.01").json["total"] == 0
    assert service.control("GET", "journal?status=500&wait_s=1e-300").json["total"] == 0


def test_a_reset_ends_a_wait_for_journal_entries(service: Service) -> None:
    journal = service.fake.default.journal
    answers: list[Any] = []
    thread = Thread(target=lambda: answers.append(service.control("GET", "journal?wait_s=30").json))
    thread.start()
    until(lambda: journal._waiters.count)
    service.control("POST", "reset")
    thread.join()

    assert answers[0]["entries"] == []


def test_projects_are_listed(service: Service) -> None:
    service.list()
    service.control("POST", "projects/other/jobs", {"job": JOB, "graph": "films"})

    listed = service.control("GET", "projects").json

    assert listed == {
        "projects": [
            {"project_id": PROJECT, "graphs": 1, "requests": 1},
            {"project_id": "other", "graphs": 2, "requests": 0},
        ],
        "total": 2,
        "next": None,
    }
    first = service.control("GET", "projects?limit=1").json
    assert service.control("GET", f"projects?limit=1&cursor={first['next']}").json == {
        **listed,
        "projects": listed["projects"][1:],
    }
    assert service.control("GET", "projects/other/projects").status_code == 404


def test_a_reset_of_all_projects_drops_those_that_were_opened(service: Service) -> None:
    service.begin(generate=2)
    service.control("POST", "projects/other/reset")
    service.control("POST", "generate", {"count": 3})

    refused = service.control("POST", "projects/other/reset?all=true")
    cleared = service.control("POST", "reset?all=true")

    assert refused.json["error"] == "query.all: the URL names one project; use /_gesmock/reset"
    assert (refused.status_code, cleared.json["jobs"]) == (400, 5)
    assert service.control("GET", "projects/other/health").status_code == 404
    assert service.control("GET", "jobs").json["total"] == 2


def test_a_reset_may_be_the_first_call_for_a_project(service: Service) -> None:
    assert service.control("POST", "projects/other/reset").json["jobs"] == 0


def test_secrets_never_reach_the_journal(service: Service) -> None:
    service.begin(tokens=["top-secret"])
    service.list(x_auth_token="top-secret", authorization="Bearer top-secret")

    assert "top-secret" not in service.control("GET", "journal").get_data(as_text=True)


def test_settings_can_be_read_and_changed(service: Service) -> None:
    changed = service.control("PATCH", "settings", {"dialect": "error_table"})

    assert changed.json["unknown_graph_status"] == 400
    assert service.control("GET", "settings").json == changed.json
    assert service.list(graph="films").status_code == 400


def test_projects_are_separate(service: Service) -> None:
    for path, body in (
        ("POST jobs", {"job": JOB}),
        ("POST generate", {"count": 2}),
        ("POST faults", {"fault": FAULT, "after": 9}),
        ("PATCH settings", {"limit_zero": "refuse"}),
    ):
        method, call = path.split()
        assert service.control(method, f"projects/other/{call}", body).status_code < 300

    assert service.control("GET", "projects/other/jobs").json["total"] == 3
    assert service.control("GET", "jobs").json["total"] == 0
    path = "/ges/v1.0/other/graphs/movie/jobs/status"
    assert service.client.get(path).json["totalCount"] == 3  # type: ignore[index]
    assert service.control("GET", "projects/other/journal").json["total"] == 1
    assert service.control("POST", "projects/other/reset").json["jobs"] == 3


def test_a_state_may_be_loaded_into_another_project(service: Service) -> None:
    state = {"project_id": "other", "graphs": {"g": {"jobs": [JOB]}}}

    assert service.control("PUT", "projects/other/state", state).status_code == 200
    assert service.control("PUT", "state", state).status_code == 200

    assert service.list(graph="g").json["totalCount"] == 1


@pytest.mark.parametrize(
    ("call", "body", "status", "words"),
    [
        ("POST jobs", {"job": {**JOB, "status": "done"}}, 400, "$.job.status: 'done' is not one of pending, running, complete, success, partiallyFailed, failed"),
        ("POST jobs", {"job": {}}, 400, "$.job.jobId: missing; expected a non-empty string"),
        ("POST jobs", {"graph": "a/b", "job": JOB}, 400, "$.graph: expected a graph name"),
        ("POST jobs", [], 400, "$: expected an object, got a list"),
        ("PATCH jobs/a1", {"status": 3}, 400, "$.status: 3 is not one of"),
        ("PATCH jobs/nothing", {"status": "failed"}, 404, "no job has the id 'nothing' in any graph"),
        ("DELETE jobs/nothing", None, 404, "no job has the id 'nothing' in any graph"),
        ("DELETE jobs/a1?graph=g", None, 404, "no job has the id 'a1' in graph 'g'"),
        ("GET jobs?status=done", None, 400, "query.status: 'done' is not one of"),
        ("GET jobs?graph=nope", None, 404, "no graph 'nope' in project"),
        ("GET jobs?stat=done", None, 400, "query.stat: unknown key; did you mean 'status'?"),
        ("POST jobs", {"job": {**JOB, "jobId": "a1"}}, 409, "a job with the id 'a1' already exists"),
        ("POST generate", {}, 400, "$.count: missing"),
        ("POST generate", {"count": 10**9}, 400, "$.count: expected an integer from 0 to 1000000, got 1000000000"),
        ("POST generate", {"count": 1, "seed": "x"}, 400, "$.seed: expected an integer from 0"),
        ("POST faults", {"operation": "list", "fault": FAULT}, 400, "$.operation: 'list' is not valid; did you mean 'list_jobs'?"),
        ("POST faults", {"fault": {"kind": "delay"}}, 400, "$.fault: a delay takes one of seconds (such as seconds=2), uniform and lognormal"),
        ("POST faults", {"fault": {"kind": "delays"}}, 400, "'delays' is not valid; did you mean 'delay'?"),
        ("POST faults", {"fault": {"kind": "reset"}}, 400, "$.fault.kind: 'reset' needs a server that owns its sockets, like that of GesMock and gesmock serve; the one in use does not"),
        ("POST projects/new/faults", {"script": ["ok", {"kind": "hang"}]}, 400, "$.script[1].kind: 'hang' needs a server"),
        ("PUT state", {"faults": [{"fault": {"kind": "ramp", "to": 1, "over_s": 1, "fault": {"kind": "close"}}}]}, 400, "$.faults[0].fault.fault.kind: 'close' needs a server"),
        ("PUT projects/new/state", {"faults": [{"fault": {"kind": "garbage"}}]}, 400, "$.faults[0].fault.kind: 'garbage' needs a server"),
        ("PATCH faults/f9", {"times": 1}, 404, "no fault rule has the id 'f9'; armed: none"),
        ("PATCH faults/f9", [], 400, "$: expected an object, got a list"),
        ("PUT preset", {"preset": "sunny"}, 400, "$.preset: 'sunny' is not one of down, flaky, mobile, slow"),
        ("PUT preset", {}, 400, "$.preset: missing"),
        ("PUT projects/new/preset", {"preset": "flaky"}, 400, "$.preset[2].fault.kind: 'reset' needs a server"),
        ("POST faults", {"fault": FAULT, "time": 1}, 400, "$.time: unknown key; did you mean 'times'?"),
        ("GET faults/f9", None, 404, "no fault rule has the id 'f9'; armed: none"),
        ("DELETE faults/f9", None, 404, "no fault rule has the id 'f9'; armed: none"),
        ("GET journal?status=ok", None, 400, "query.status: expected an integer from 0 to 599, got 'ok'"),
        ("GET journal?status=" + "9" * 5000, None, 400, "query.status: expected an integer from 0 to 599, got '9999"),
        ("GET journal?status=٤٠٤", None, 400, "query.status: expected an integer"),
        ("GET journal?wait_s=61", None, 400, "query.wait_s: expected a number from 0 to 60, got 61"),
        ("GET journal?operation=x", None, 400, "query.operation: 'x' is not one of list_jobs, show_job"),
        ("PATCH settings", {"limit_zero": 0}, 400, "$.limit_zero: 0 is not one of empty, refuse"),
        ("PATCH settings", {"limits": 0}, 400, "$.limits: unknown key; did you mean 'limit_zero'?"),
        ("PUT state", {"graphs": {"g": {"jobs": [JOB, JOB]}}}, 400, "$.graphs.g.jobs[1].jobId: 'a1' is the id of job 0 too"),
        ("PUT state", {"errorCode": "GES.8005"}, 400, "$: a refusal, not a list of jobs"),
        ("PUT projects/new/state", {"graphs": 3}, 400, "$.graphs: expected an object, got 3"),
        ("GET nothing", None, 404, ""),
        ("GET projects/nobody/jobs", None, 404, "no project 'nobody' is set up"),
        ("PATCH projects/new/settings", {"nope": 1}, 400, "$.nope: unknown key"),
        ("DELETE journal?status=503", None, 400, "query.status: the call takes no query parameters"),
        ("DELETE faults?id=f9", None, 400, "query.id: the call takes no query parameters"),
        ("POST projects/a-b/generate", {"count": 1}, 400, "project_id: expected a project id"),
        ("PUT health", {}, 405, ""),
        ("DELETE state", None, 405, ""),
    ],
)  # fmt: skip
def test_a_wrong_call_names_the_field_and_changes_nothing(
    service: Service, call: str, body: Any, status: int, words: str
) -> None:
    service.control("POST", "jobs", {"job": JOB})
    before = service.control("GET", "state").json

    method, path = call.split()
    response = service.control(method, path, body)

    assert (response.status_code, response.content_type) == (status, "application/json")
    assert words in response.json["error"]
    assert service.control("GET", "state").json == before
    assert len(service.fake.projects) == 1


def test_every_error_is_listed_with_its_path(service: Service) -> None:
    body = {"job": {**JOB, "jobId": "", "status": "done"}, "grph": "g"}

    errors = service.control("POST", "jobs", body).json["errors"]

    assert [error["path"] for error in errors] == ["$.job.jobId", "$.job.status", "$.grph"]


def test_a_405_lists_the_allowed_methods(service: Service) -> None:
    assert (
        service.control("PUT", "faults", {}).headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, POST"
    )


def test_options_answers_with_the_allowed_methods(service: Service) -> None:
    response = service.control("OPTIONS", "projects/p/faults")

    assert response.status_code == 200
    assert {*response.allow} == {"DELETE", "GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 99999, b'{"job": NaN}', b"\x00"])
def test_a_body_that_is_not_json_is_refused(service: Service, body: bytes) -> None:
    for path in ("jobs", "generate", "faults"):
        response = service.client.post(
            f"/_gesmock/{path}", data=body, content_type="application/json"
        )
        assert response.status_code == 400
        assert response.json


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_must_have_the_content_type_of_json(
    service: Service, content_type: str | None
) -> None:
    response = service.client.post("/_gesmock/faults", data="{}", content_type=content_type)

    assert response.status_code == 415
    assert response.json == {"error": "Content-Type must be application/json"}


def test_a_body_that_is_too_large_is_refused() -> None:
    client = create_app(Fake(), guard=Guard(largest_body=100)).test_client()

    response = client.post("/_gesmock/jobs", json={"job": {**JOB, "jobId": "a" * 200}})

    assert response.status_code == 413
    assert response.json == {
        "error": "the body is longer than 100 bytes; --max-control-body allows more"
    }


def test_a_job_id_that_several_graphs_have_needs_the_graph(service: Service) -> None:
    for graph in ("g", "h"):
        service.control("POST", "jobs", {"graph": graph, "job": JOB})

    assert service.control("PATCH", "jobs/a1", {"status": "failed"}).status_code == 409
    moved = service.control("PATCH", "jobs/a1?graph=h", {"status": "failed"})
    assert (moved.status_code, moved.json["graph"]) == (200, "h")


def test_a_job_id_may_have_any_characters(service: Service) -> None:
    service.control("POST", "jobs", {"job": {**JOB, "jobId": "a/b ü?\n1"}})

    assert service.control("DELETE", "jobs/a%2Fb%20%C3%BC%3F%0A1").status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "nothing"), ("PUT", "clock"), ("POST", "")])
def test_an_unknown_call_points_to_the_document(service: Service, method: str, path: str) -> None:
    refused = service.control(method, path)

    assert refused.status_code in (404, 405)
    assert refused.get_json()["error"] == (
        f"no such call: {method} /_gesmock/{path}; see /_gesmock/openapi.json"
    )


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
def test_a_call_takes_the_names_in_its_path_and_describes_its_answer(call: api.call) -> None:
    types = [*call.function.__annotations__.values()]

    assert types[0] in (Project, api.Address)
    assert types[:-1].count(str) == call.path.count("<")
    described = call.answer is not None or call.is_text or call.is_stream
    assert described or call.path in ("openapi.json", "journal/har", "report")


@pytest.mark.parametrize(
    ("call", "body", "most_files", "most_calls"),
    [("GET faults", None, 13, 60), ("POST faults", {"fault": FAULT, "times": 2}, 14, 90)],
)
def test_a_warm_call_passes_few_files(
    service: Service, call: str, body: Any, most_files: int, most_calls: int
) -> None:
    method, path = call.split()
    for _ in range(2):
        service.control("DELETE", "faults")
        service.control("POST", "faults", {"fault": FAULT})
        with Profile(builtins=False) as profile:
            service.control(method, path, body)

    counts: dict[str, int] = {}
    for entry in profile.getstats():
        if isinstance(entry.code, CodeType) and entry.code.co_filename.startswith(PACKAGE):
            file = entry.code.co_filename
            counts[file] = counts.get(file, 0) + entry.callcount
    assert 5 < len(counts) <= most_files
    assert sum(counts.values()) <= most_calls


@pytest.mark.parametrize("path", ["reset", "projects/p1/reset"])
def test_a_body_for_a_call_that_takes_none_is_refused_and_nothing_is_done(
    service: Service, path: str
) -> None:
    service.begin(project_id="p1").control("POST", "generate", {"count": 3})

    refused = service.control("POST", path, {"state": "movies"})

    assert (refused.status_code, refused.json["error"]) == (400, "the call takes no body")
    assert service.list().json["totalCount"] == 3
    assert service.control("POST", path, {}).status_code == 200
    assert service.list().json["totalCount"] == 0
