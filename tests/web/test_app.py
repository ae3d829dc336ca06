"""The Flask app: JSON everywhere, no redirects, CORS for the service and never for control."""

from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, Service
from werkzeug.test import EnvironBuilder

from gesmock.fake.fake import Fake
from gesmock.fake.handle import OPERATIONS
from gesmock.fake.routes import ROUTES
from gesmock.model.messages import OPERATION_NAMES
from gesmock.web import app, create_app

LIST = f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status"
NOT_FOUND = {
    "errorMessage": "Not found. Please check the input parameters.",
    "errorCode": "GES.8000",
}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/favicon.ico",
        "/ges",
        "/ges/v1.0",
        f"/ges/v1.0/{PROJECT}/graphs/movie/jobs",
        f"{LIST}/",
        LIST.replace("/graphs", "//graphs"),
        "/ges/v1.0//graphs/movie/jobs/status",
        LIST.replace("ges", "GES"),
        LIST.replace("/movie", "/a%2Fb"),
        "/_gesmocks",
    ],
)
def test_what_no_operation_serves_is_a_404_in_the_services_shape(
    service: Service, path: str
) -> None:
    response = service.client.get(path)

    assert (response.status_code, response.json) == (404, NOT_FOUND)
    assert response.content_type == "application/json"
    assert "Location" not in response.headers


@pytest.mark.parametrize("path", [LIST, "/_gesmock/health", "/openapi.json", "/docs/", "/demo/"])
@pytest.mark.parametrize("slashes", ["/", "//"])
def test_a_path_that_begins_with_several_slashes_is_served_by_no_operation_or_page(
    service: Service, slashes: str, path: str
) -> None:
    # Werkzeug's client would take what follows two slashes for a host.
    raw = EnvironBuilder("/", environ_overrides={"PATH_INFO": f"{slashes}{path}"})

    response = service.client.open(raw)

    assert (response.status_code, response.json) == (404, NOT_FOUND)
    [entry] = service.fake.default.journal
    assert (entry.operation, entry.path) == (None, f"{slashes}{path}")
    codes = [finding.code for finding in service.fake.default.verdict.findings()]
    assert codes == (["GM002"] if path == LIST else [])


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_a_wrong_method_is_a_405_with_allow(service: Service, method: str) -> None:
    response = service.client.open(LIST, method=method, data="{")

    assert (response.status_code, response.json) == (405, NOT_FOUND)
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_the_wrong_method_for_a_page_beside_the_service_is_a_405_with_allow(
    service: Service,
) -> None:
    response = service.client.post("/openapi.json")

    assert (response.status_code, response.json) == (405, NOT_FOUND)
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (LIST, {}, 200),
        (LIST, {"Prefer": "code=503"}, 503),
        (f"{LIST}?limit=x", {}, 400),
        ("/ges/nothing", {}, 404),
    ],
)
def test_a_browser_may_read_every_answer_of_the_service(
    service: Service, path: str, headers: dict[str, str], status: int
) -> None:
    response = service.client.get(path, headers={"Origin": "http://localhost:3000", **headers})

    assert response.status_code == status
    assert response.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert response.headers["Vary"] == "Origin"
    exposed = response.headers["Access-Control-Expose-Headers"]
    assert {"X-Gesmock-Fault", "X-Gesmock-Crash"} <= {*exposed.split(", ")}


def test_an_answer_to_no_page_may_be_read_by_any(service: Service) -> None:
    response = service.list()

    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert response.headers["Vary"] == "Origin"


@pytest.mark.parametrize("path", [LIST, "/ges/nothing"])
def test_a_browsers_preflight_passes(service: Service, path: str) -> None:
    response = service.client.options(
        path,
        headers={
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "x-auth-token,prefer",
        },
    )

    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers
    assert response.headers["X-Request-Id"]
    assert response.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert response.headers["Access-Control-Max-Age"] == "7200"
    assert "GET" in response.headers["Access-Control-Allow-Methods"]
    allowed = response.headers["Access-Control-Allow-Headers"].lower()
    assert "x-auth-token" in allowed
    assert "prefer" in allowed


@pytest.mark.parametrize("path", [LIST, "/openapi.json", "/docs/", "/demo/"])
def test_a_preflight_has_each_header_once(service: Service, path: str) -> None:
    origin = {"Origin": "http://a.example", "Access-Control-Request-Method": "GET"}

    headers = [name for name, _ in service.client.options(path, headers=origin).headers]

    assert "Access-Control-Allow-Methods" in headers
    assert len(headers) == len({*headers})


def test_a_preflight_is_journaled_but_moves_no_clock_and_is_no_unmatched_request(
    service: Service,
) -> None:
    service.begin(clock={"now": 0, "frozen": True, "tick_s": 1}, faults=[{"fault": 503}])

    response = service.client.options(LIST, headers={"Access-Control-Request-Method": "GET"})

    project = service.fake.default
    (entry,) = project.journal
    assert (response.status_code, entry.method, entry.operation) == (204, "OPTIONS", None)
    assert entry.path == LIST
    assert response.headers["X-Request-Id"] == entry.reply_headers["X-Request-Id"]
    assert project.clock.now == 0
    assert [finding.code for finding in project.verdict.findings()] == ["GM003"]


@pytest.mark.parametrize("method", ["", "TRACE"])
def test_a_preflight_for_a_method_that_nobody_serves_allows_nothing(
    service: Service, method: str
) -> None:
    response = service.client.options(LIST, headers={"Access-Control-Request-Method": method})

    assert response.status_code == 204
    assert "Access-Control-Allow-Methods" not in response.headers
    assert "Access-Control-Max-Age" not in response.headers


@pytest.mark.parametrize("path", ["/_gesmock/health", "/_gesmock", "/_gesmock/nothing"])
@pytest.mark.parametrize("origin", ["http://localhost", "http://evil.example", "null"])
def test_a_browser_is_never_let_into_the_control_api(
    service: Service, path: str, origin: str
) -> None:
    for method in ("GET", "OPTIONS"):
        response = service.client.open(
            path,
            method=method,
            headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
        )
        assert not [name for name in dict(response.headers) if name.startswith("Access-Control")]


def test_without_control_there_is_no_control_api() -> None:
    client = create_app(Fake(), control=False).test_client()

    response = client.get("/_gesmock/health")

    assert (response.status_code, response.json) == (404, NOT_FOUND)


def test_an_app_can_be_made_from_start_options() -> None:
    app = create_app(generate=3)

    assert app.test_client().get(LIST).json["totalCount"] == 3  # type: ignore[index]
    assert isinstance(app.extensions["gesmock"], Fake)


def test_a_fake_and_start_options_do_not_go_together() -> None:
    with pytest.raises(TypeError, match="an existing fake takes no start options \\(seed\\)"):
        create_app(Fake(), seed=3)


def test_the_routes_are_those_of_the_operations() -> None:
    assert {route.operation for route in ROUTES} == set(OPERATIONS) == set(OPERATION_NAMES)


def test_a_bug_outside_the_core_is_answered_in_the_services_shape() -> None:
    service = Service()

    @service.client.application.before_request
    def broken() -> Any:
        import flask

        flask.abort(500)

    response = service.client.get(LIST)

    assert response.status_code == 500
    assert response.json == {"errorMessage": "Job query error.", "errorCode": "GES.8302"}
    assert response.headers["X-Gesmock-Crash"]


@pytest.mark.parametrize(
    "headers",
    [{"Connection": "Upgrade", "Upgrade": "websocket"}, {"Host": "."}, {"Host": "a" * 5000}],
)
def test_an_odd_request_is_answered_in_the_services_shape(
    service: Service, headers: dict[str, str]
) -> None:
    response = service.client.get("/ges/nothing", headers=headers)

    assert (response.status_code, response.json) == (404, NOT_FOUND)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("", "text/html"),
        ("demo.css", "text/css"),
        ("demo.js", "text/javascript"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_the_demo_runs_and_styles_only_what_is_its_own(
    service: Service, name: str, content_type: str
) -> None:
    with service.client.get(f"/demo/{name}") as response:
        assert response.status_code == 200
        assert response.mimetype == content_type
        policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; frame-ancestors 'none';")


def test_an_installed_gesmock_finds_the_demo_inside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "index.html").write_text("installed")
    monkeypatch.setattr(app, "__file__", str(tmp_path / "web" / "app.py"))

    with create_app().test_client().get("/demo/") as response:
        assert response.get_data() == b"installed"
