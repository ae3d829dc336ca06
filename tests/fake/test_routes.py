"""Which operation a method and path mean, and the paths of graphs."""

import pytest

from gesmock.fake import routes
from gesmock.fake.routes import ROUTES, Match, match

GRAPH = "/ges/v1.0/p1/graphs/movie"
NAMES = {"project_id": "p1", "graph_name": "movie"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.operation} {route.path}")
def test_the_path_of_an_operation_means_that_operation(route: routes.Route) -> None:
    args = {
        name: value
        for name, value in {**NAMES, "job_id": "j", "index_name": "i", "commit": "c"}.items()
        if f"{{{name}}}" in route.path
    }

    path = route.path.format_map(args)
    query = {"action_id": route.action_id} if route.action_id else {}

    assert match(route.method, path, query) == Match(route.operation, args)


@pytest.mark.parametrize(
    ("method", "path", "operation", "args"),
    [
        ("GET", f"{GRAPH}/jobs/status", "list_jobs", {}),
        ("HEAD", f"{GRAPH}/jobs/status", "list_jobs", {}),
        ("GET", f"{GRAPH}/jobs/a b/status", "show_job", {"job_id": "a b"}),
        ("GET", f"{GRAPH}/jobs/status/status", "show_job", {"job_id": "status"}),
        ("DELETE", f"{GRAPH}/indices/action", "delete_index", {"index_name": "action"}),
    ],
)
def test_a_path_is_matched_segment_by_segment(
    method: str, path: str, operation: str, args: dict[str, str]
) -> None:
    assert match(method, path, {}) == Match(operation, {**NAMES, **args})


def test_the_action_chooses_among_the_operations_of_a_path() -> None:
    path = f"{GRAPH}/vertices/action"

    assert match("POST", path, {"action_id": "query"}).operation == "vertex_query"
    assert match("POST", path, {"action_id": "export"}).operation == "export_vertices"
    assert match("POST", path, {"action_id": "none"}) == match("POST", path, {}) == Match(None)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", f"{GRAPH}/jobs/status", ("GET", "HEAD", "OPTIONS")),
        ("GET", f"{GRAPH}/indices/action", ("DELETE", "OPTIONS", "POST")),
        ("PURGE", GRAPH, ("DELETE", "OPTIONS")),
        ("GET", f"{GRAPH}/jobs", ()),
        ("GET", f"{GRAPH}/jobs/status/", ()),
        ("GET", "/ges/v1.0/p1/graphs//jobs/status", ()),
        ("GET", "/", ()),
    ],
)
def test_what_no_route_means_has_the_methods_that_its_path_takes(
    method: str, path: str, allowed: tuple[str, ...]
) -> None:
    assert match(method, path, {}) == Match(None, {}, allowed)


def test_names_are_escaped_in_the_path_of_a_graph() -> None:
    assert routes.graph_path("p", "a/b") == "/ges/v1.0/p/graphs/a%2Fb"


def test_the_url_of_a_graph_is_split_and_joined_again() -> None:
    url = routes.split(f"https://host/before{GRAPH}/jobs/status?limit=1")

    assert url == ("https://host/before", "p1", "graphs", "movie", "/jobs/status?limit=1")
    assert str(url) == f"https://host/before{GRAPH}/jobs/status?limit=1"
    assert routes.split("/ges/v1.0/p1/graph/movie") is None
