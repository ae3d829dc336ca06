"""A Pact verifier says what has to be so, and it is."""

from typing import Any

import pytest
from conftest import PROJECT, Service


def post(service: Service, path: str = "provider-states", **body: Any) -> Any:
    return service.control("POST", path, body)


MOVIES = "0123456789abcdef0123456789abcdef"  # the project that the state movies names


def listed(service: Service, graph: str, project: str = PROJECT) -> Any:
    return service.client.get(f"/ges/v1.0/{project}/graphs/{graph}/jobs/status")


def ids(service: Service, graph: str, project: str = PROJECT) -> list[str]:
    return [job["jobId"] for job in listed(service, graph, project).get_json()["jobs"]]


@pytest.mark.parametrize(
    "state",
    ["movies", "A graph with a job in every status, newest first."],
)
def test_a_state_has_the_name_or_the_description_of_a_fixture(service: Service, state: str) -> None:
    prepared = post(service, consumer="portal", state=state, states=[state], params={})

    assert prepared.status_code == 200
    assert prepared.get_json() == {
        "project_id": MOVIES,
        "graph_name": "movies",
        "graphs": ["movies"],
        "loaded": "1 graph, 5 jobs",
    }
    assert len(ids(service, "movies", MOVIES)) == 5


def test_params_may_have_the_options_of_the_fake(service: Service) -> None:
    params = {
        "fixture": {"graphs": {"films": {"edition": "memory"}}},
        "generate": {"graph": "films", "count": 7},
        "settings": {"limit_zero": "refuse"},
        "clock": {"frozen": True},
    }

    prepared = post(service, state="films has seven jobs", params=params, action="setup")

    assert prepared.get_json()["loaded"] == "1 graph, 0 jobs, 1 generator"
    assert len(ids(service, "films")) == 7
    assert service.list("?limit=0", graph="films").status_code == 400


@pytest.mark.parametrize("body", [{"state": "a thousand jobs"}, {"states": ["a", "b"]}, {}])
def test_with_params_a_state_may_have_any_name(service: Service, body: dict[str, Any]) -> None:
    prepared = post(service, params={"generate": 1000}, **body)

    assert prepared.get_json()["loaded"] == "0 graphs, 0 jobs, 1 generator"
    assert len(ids(service, "movie")) == 1000


def test_params_add_to_a_shipped_state(service: Service) -> None:
    params = {"settings": {"limit_zero": "refuse"}, "project_id": PROJECT}
    prepared = post(service, state="movies", params=params)

    assert prepared.get_json()["loaded"] == "1 graph, 5 jobs"
    assert len(ids(service, "movies")) == 5
    assert service.list("?limit=0", graph="movies").status_code == 400


def fixture_of(project: str, graph: str = "films", **state: Any) -> dict[str, Any]:
    """A state without a name, whose jobs' URLs name *project*."""
    url = f"/ges/v1.0/{project}/graphs/{graph}/action?action_id=import-graph"
    jobs = [{"jobId": "a", "status": "success", "request": {"command": "import_graph", "url": url}}]
    return {"graphs": {graph: {"jobs": jobs}}, **state}


@pytest.mark.parametrize(
    ("params", "project"),
    [
        ({"fixture": fixture_of("p1")}, "p1"),
        ({"fixture": [fixture_of("p1"), fixture_of("p1", "books")]}, "p1"),
        ({"fixture": fixture_of("p1")["graphs"]["films"]}, "p1"),  # a list answer
        ({"fixture": fixture_of("p1", project_id="p2")}, "p2"),
        ({"fixture": fixture_of("p1"), "project_id": "p3"}, "p3"),
        ({"fixture": [fixture_of("p1"), fixture_of("p2", "books")]}, PROJECT),
        ({"fixture": fixture_of("a-b")}, PROJECT),
        ({"fixture": {"graphs": {"films": {}}}}, PROJECT),
        ({"generate": {"count": 1, "graph": "films"}, "project_id": "p3"}, "p3"),
    ],
)
def test_a_state_is_loaded_in_the_project_that_it_names(
    service: Service, params: dict[str, Any], project: str
) -> None:
    service.begin(generate=3)

    prepared = post(service, state="there are films", params=params)

    assert prepared.get_json()["project_id"] == project
    assert listed(service, "films", project).status_code == 200
    torn = post(service, state="there are films", params=params, action="teardown")
    assert (torn.get_json()["project_id"], torn.get_json()["loaded"]) == (
        project,
        "the start state",
    )
    assert listed(service, "films", project).status_code == 400
    assert len(ids(service, "movie")) == 3


def test_params_may_name_no_other_project_than_the_url(service: Service) -> None:
    body = {"state": "movies", "params": {"project_id": "abc"}}

    refused = post(service, "projects/abd/provider-states", **body)

    assert refused.status_code == 400
    assert refused.get_json()["error"] == (
        "$.params.project_id: 'abc' is not the project in the URL, 'abd'"
    )
    assert post(service, "projects/abc/provider-states", **body).status_code == 200
    assert (
        post(service, params={"project_id": "a-b"})
        .get_json()["error"]
        .startswith("$.params.project_id: expected a project id: ")
    )
    assert service.control("GET", "projects/abd/health").status_code == 404


def test_a_project_id_alone_restores_the_start_state_of_that_project(service: Service) -> None:
    prepared = post(service, params={"project_id": "abc"})

    assert prepared.get_json()["project_id"] == "abc"
    assert prepared.get_json()["loaded"] == "the start state"


def test_several_states_are_merged(service: Service) -> None:
    prepared = post(service, states=["movies", "page_example"])

    assert prepared.get_json()["project_id"] == PROJECT
    assert prepared.get_json()["graphs"] == ["movies", "ges_j60071198_hdfs_fdb"]
    assert prepared.get_json()["loaded"] == "2 graphs, 8 jobs"


def test_each_state_replaces_the_one_before_and_a_teardown_resets(service: Service) -> None:
    service.begin(generate=3)
    before = ids(service, "movie")
    post(service, state="movies", params={"project_id": PROJECT})
    post(service, state="page_example")
    assert service.control("GET", "graphs").get_json()["graphs"][0]["jobs"] == 3
    service.list(graph="nobody")

    torn = post(service, state="page_example", action="teardown")

    assert torn.get_json()["loaded"] == "the start state"
    assert ids(service, "movie") == before
    assert service.control("GET", "journal").get_json()["total"] == 1


@pytest.mark.parametrize("body", [{"state": ""}, {"state": None}, {}, {"states": []}])
def test_an_interaction_without_a_state_gets_the_start_state(
    service: Service, body: dict[str, Any]
) -> None:
    service.begin(generate=3)
    before = ids(service, "movie")
    post(service, state="page_example")

    prepared = post(service, params={}, action="setup", consumer="portal", **body)

    assert prepared.get_json()["loaded"] == "the start state"
    assert ids(service, "movie") == before


def test_fields_that_a_state_lacks_are_as_after_a_reset(service: Service) -> None:
    service.begin(clock={"now": 1_000, "frozen": True}, verdict={"poll_s": 7})
    service.control("PATCH", "clock", {"advance_s": 500})
    service.control("PATCH", "verdict", {"poll_s": 9})

    post(service, state="page_example")

    assert service.control("GET", "clock").get_json()["now"] == 1_000
    assert service.control("GET", "verdict").get_json()["poll_s"] == 7


def test_what_is_refused_opens_no_project(service: Service) -> None:
    for body in ({"state": "nobody"}, {"state": "movies", "params": {"seed": "x"}}):
        assert post(service, "projects/abc/provider-states", **body).status_code >= 400

    assert service.control("GET", "projects/abc/health").status_code == 404
    assert post(service, "projects/a-b/provider-states", state="movies").status_code == 400


def test_another_project_has_states_of_its_own(service: Service) -> None:
    prepared = post(service, "projects/abc/provider-states", state="movies")

    assert prepared.get_json()["project_id"] == "abc"
    assert service.client.get("/ges/v1.0/abc/graphs/movies/jobs/status").status_code == 200
    assert service.list(graph="movies").status_code == 400


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (
            {"state": "movie"},
            404,
            "no fixture file is called 'movie'; did you mean 'movies'? the names are empty, "
            "failing, living, movies, page_example, signed_in; or describe the state in params",
        ),
        ({"state": 3}, 400, "$.state: expected a string, got 3"),
        (
            {"state": "a", "params": {"jobs": 3}},
            400,
            "$.params.jobs: unknown key; known keys: fixture, project_id, generate, seed, settings, tokens, "
            "faults, preset, plans, queries, clock, verdict, journal_size",
        ),
        (
            {"state": "a", "params": {"fixture": "/etc/passwd"}},
            400,
            "$.params.fixture: '/etc/passwd' is not one of empty, failing, living, movies, "
            "page_example, signed_in",
        ),
        (
            {"state": "a", "params": {"settings": {"limit_zero": "maybe"}, "fixture": ["movies"]}},
            400,
            "settings.limit_zero: 'maybe' is not one of empty, refuse",
        ),
        (
            {"state": "movies", "params": {"faults": {"fault": {"kind": "reset"}}}},
            400,
            "faults[0].fault.kind: 'reset' needs a server that owns its sockets, like that of "
            "GesMock and gesmock serve; the one in use does not",
        ),
        (
            {"state": "a", "params": {"fixture": {"faults": [{"fault": {"kind": "close"}}]}}},
            400,
            "fixture: $.faults[0].fault.kind: 'close' needs a server that owns its sockets, like "
            "that of GesMock and gesmock serve; the one in use does not",
        ),
        (
            {
                "state": "a",
                "params": {
                    "fixture": {"graphs": {"g": {"edition": "database"}}},
                    "generate": {"graph": "g", "count": 1, "statuses": {"partiallyFailed": 1}},
                },
            },
            400,
            "statuses[0].status: 'partiallyFailed' is not one of pending, running, complete, success, "
            "failed (the database edition)",
        ),
        (
            {"state": "a", "params": {"fixture": [3]}},
            400,
            "fixture[0]: expected a file, the name of one that gesmock ships, or the content of one, got 3",
        ),
        (
            {"state": "movies", "action": "rest"},
            400,
            "$.action: 'rest' is not one of setup, teardown",
        ),
    ],
)
def test_a_wrong_state_is_refused_and_changes_nothing(
    service: Service, body: dict[str, Any], status: int, error: str
) -> None:
    service.begin(generate=3)
    service.list()

    refused = service.control("POST", "provider-states", body)

    assert (refused.status_code, refused.get_json()["error"]) == (status, error)
    assert len(ids(service, "movie")) == 3
    assert service.control("GET", "journal").get_json()["total"] == 2
