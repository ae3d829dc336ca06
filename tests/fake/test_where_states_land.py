"""The project and graph that a state is loaded into, in every way to load one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gesmock import GesMock
from gesmock.model.errors import InvalidInput
from gesmock.model.types import DEFAULT_PROJECT

Way = Callable[[Any, Path], GesMock]


def job(name: str, url: str) -> dict[str, Any]:
    return {"jobId": name, "status": "success", "request": {"command": "import_graph", "url": url}}


THEIRS = "/ges/v1.0/theirs/graphs/books/action?action_id=import-graph"
STATES: dict[str, tuple[Any, str, str]] = {
    "names a project": ({"project_id": "theirs", "graphs": {"films": {}}}, "theirs", "films"),
    "has URLs": ({"graphs": {"films": {"jobs": [job("a", THEIRS)]}}}, "theirs", "films"),
    "names both": (
        {"project_id": "named", "graphs": {"films": {"jobs": [job("a", THEIRS)]}}},
        "named",
        "films",
    ),
    "has URLs of two": (
        {"graphs": {"films": {"jobs": [job("a", THEIRS), job("b", THEIRS.replace("rs", "m"))]}}},
        "",
        "films",
    ),
    "names none": ({"graphs": {"films": {}}}, "", "films"),
    "is a list": ({"jobs": [job("a", THEIRS)], "totalCount": 1}, "theirs", "books"),
    "is a list without URLs": ({"jobs": [job("a", "/")], "totalCount": 1}, "", "movie"),
    "is an empty list": ({"jobs": [], "totalCount": 0}, "", "movie"),
}
each_state = pytest.mark.parametrize(("state", "named", "graph"), STATES.values(), ids=STATES)


def started(state: Any, project_id: str | None) -> GesMock:
    return GesMock(fixture=state, project_id=project_id)


def started_from_a_file(state: Any, project_id: str | None, folder: Path) -> GesMock:
    path = folder / "movie.json"
    path.write_text(json.dumps(state))
    return GesMock(fixture=path, project_id=project_id)


def restarted(state: Any, project_id: str | None) -> GesMock:
    ges = GesMock(project_id="before")
    ges.restart(fixture=state, project_id=project_id)
    return ges


def prepared(state: Any, path: str, params: dict[str, Any]) -> GesMock:
    ges = GesMock()
    posted = {"state": "any", "params": {"fixture": state, **params}}
    answer = ges.app.test_client().post(f"/_gesmock/{path}provider-states", json=posted).get_json()
    ges.fake.default = ges.fake.project(answer["project_id"])
    return ges


def loaded(state: Any, _folder: Path) -> GesMock:
    ges = GesMock(project_id="mine")
    ges.load(state)
    return ges


def loaded_from_a_file(state: Any, folder: Path) -> GesMock:
    path = folder / "movie.json"
    path.write_text(json.dumps(state))
    ges = GesMock(project_id="mine")
    ges.load(path)
    return ges


def loaded_elsewhere(state: Any, _folder: Path) -> GesMock:
    ges = GesMock()
    ges.project("mine").load(state)
    ges.fake.default = ges.fake.project("mine")
    return ges


def put(state: Any, path: str, **options: Any) -> GesMock:
    ges = GesMock(**options)
    assert ges.app.test_client().put(f"/_gesmock/{path}state", json=state).status_code == 200
    ges.fake.default = ges.fake.project("mine")
    return ges


BY_NAME: dict[str, Way] = {
    "GesMock": lambda state, _: started(state, None),
    "a file": lambda state, folder: started_from_a_file(state, None, folder),
    "restart, as the marker does": lambda state, _: restarted(state, None),
    "a provider state": lambda state, _: prepared(state, "", {}),
}
ADDRESSED: dict[str, Way] = {
    "GesMock": lambda state, _: started(state, "mine"),
    "a file": lambda state, folder: started_from_a_file(state, "mine", folder),
    "restart, as the marker does": lambda state, _: restarted(state, "mine"),
    "a provider state with params": lambda state, _: prepared(state, "", {"project_id": "mine"}),
    "a provider state in a URL": lambda state, _: prepared(state, "projects/mine/", {}),
    "load": loaded,
    "load a file": loaded_from_a_file,
    "load of another handle": loaded_elsewhere,
    "PUT state": lambda state, _: put(state, "", project_id="mine"),
    "PUT state of a project": lambda state, _: put(state, "projects/mine/"),
}


@each_state
@pytest.mark.parametrize("way", BY_NAME.values(), ids=BY_NAME)
def test_a_state_goes_into_the_project_that_it_names_if_none_is_addressed(
    way: Way, state: Any, named: str, graph: str, tmp_path: Path
) -> None:
    ges = way(state, tmp_path)

    assert (ges.project_id, ges.graph_name) == (named or DEFAULT_PROJECT, graph)


@each_state
@pytest.mark.parametrize("way", ADDRESSED.values(), ids=ADDRESSED)
def test_a_state_goes_into_the_addressed_project_whatever_it_names(
    way: Way, state: Any, named: str, graph: str, tmp_path: Path
) -> None:
    ges = way(state, tmp_path)

    assert (ges.project_id, ges.graph_name) == ("mine", graph)
    assert named not in ges.fake.projects


LIST = STATES["is a list"][0]


@pytest.mark.parametrize("content", ["given", "file"])
def test_a_list_goes_into_the_graph_that_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps(LIST))
    state: Any = LIST if content == "given" else path
    ges = GesMock(fixture=state, graph_name="mine")
    other = GesMock()

    other.load(state, graph_name="mine")
    client = other.app.test_client()
    client.put("/_gesmock/projects/p/state?graph_name=ours", json=LIST)
    client.put("/_gesmock/projects/p/state?graph_name=mine", json=LIST)

    for project in (ges, other, other.project("p")):
        assert (project.graph_name, len(project.jobs())) == ("mine", 1)


def test_a_list_without_a_graph_goes_into_the_first_one(tmp_path: Path) -> None:
    ges = GesMock(graph_name="films")
    path = tmp_path / "named.json"
    path.write_text(json.dumps(STATES["is an empty list"][0]))

    ges.load(STATES["is an empty list"][0])
    assert ges.graph_name == "films"
    ges.load(path)

    assert ges.graph_name == "named"
    with pytest.raises(InvalidInput, match="graph_name: expected a graph name"):
        ges.load(path, graph_name="a/b")


def test_what_was_loaded_stays_until_another_state_is_chosen() -> None:
    ges = GesMock(generate=3)
    ges.load("movies")
    ges.project("other").load({"graphs": {"films": {}}})
    ges.project("opened").add_job()
    ges.remove_job(ges.jobs()[0])

    ges.reset()
    ges.reset()

    assert (ges.graph_name, len(ges.jobs())) == ("movies", 5)
    assert [*ges.fake.projects] == [DEFAULT_PROJECT, "other"]
    assert ges.project("other").graph_name == "films"
    ges.load("living")
    ges.reset()
    assert ges.graph_name == GesMock(fixture="living").graph_name
    ges.restart(generate=4)
    assert len(ges.jobs()) == 4
    assert [*ges.fake.projects] == [DEFAULT_PROJECT]


def test_a_provider_state_ends_with_its_teardown() -> None:
    ges = GesMock()
    client = ges.app.test_client()
    client.put("/_gesmock/state", json={"graphs": {"films": {}}})
    names = {"params": {"project_id": DEFAULT_PROJECT}}
    client.post("/_gesmock/provider-states", json={"state": "movies", **names})
    assert ges.graph_name == "movies"

    torn_down = {"state": "movies", "action": "teardown", **names}
    client.post("/_gesmock/provider-states", json=torn_down)

    assert ges.graph_name == "films"
