"""Attacks on the control API: refused, with nothing changed."""

import json
import socket
from functools import cache
from typing import Any

import pytest
from conftest import Service
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from gesmock import GesMock, InvalidInput
from gesmock.fake.fake import Fake
from gesmock.web import create_app
from gesmock.web.guard import Guard, is_loopback

TOKEN = "a-control-token"
XS = "x" * 20_000
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}


@cache
def guarded(guard: Guard) -> tuple[Fake, FlaskClient]:
    """One app for each guard: creating one takes as long as a whole test."""
    fake = Fake()
    return fake, create_app(fake, guard=guard).test_client()


def attack(guard: Guard, headers: dict[str, str], peer: str = "127.0.0.1") -> tuple[int, Fake]:
    """Send a request that would remove all jobs. Returns its status, and the fake."""
    fake, client = guarded(guard)
    fake.restart({"generate": 3})
    response = client.put(
        "/_gesmock/state", json={}, headers=headers, environ_overrides={"REMOTE_ADDR": peer}
    )
    return response.status_code, fake


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:8080"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none, cross-site"},
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example"},
        {"Host": "evil.example:8080"},
        {"Host": "localhost@evil.example"},
        {"Host": "[::1"},
        {"Host": "[v1.x]"},
        {"Host": "127.0.0.1.nip.io"},
        {"Host": ""},
    ],
)
@pytest.mark.parametrize("guard", [Guard(), Guard(TOKEN)], ids=["loopback", "exposed"])
def test_pages_of_other_sites_and_rebound_names_are_refused(
    guard: Guard, headers: dict[str, str]
) -> None:
    status, fake = attack(guard, {"Authorization": f"Bearer {TOKEN}", **headers})

    assert status == 403
    assert len(fake.default.graphs.jobs()) == 3


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer wrong", "Basic YTpi", TOKEN, f"bearer\t{TOKEN}"]
)
def test_an_exposed_control_api_needs_the_token(authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}

    status, fake = attack(Guard(TOKEN), headers)

    assert status == 401
    assert len(fake.default.graphs.jobs()) == 3


LONG = "Content-Length: 31457280"
CHUNKED = "Transfer-Encoding: chunked"
KNOWN = f"Authorization: Bearer {TOKEN}"
LENGTHS = [
    ({}, ["Host: localhost", LONG], b"100"),
    ({}, ["Host: localhost", CHUNKED], b"100"),
    ({}, ["Host: localhost", "Content-Length: 33554433"], b"413"),
    ({"max_control_body": 2**26}, ["Host: localhost", "Content-Length: 67108864"], b"100"),
    ({"max_control_body": 2**26}, ["Host: localhost", "Content-Length: 67108865"], b"413"),
    ({}, ["Host: evil.example", LONG], b"403"),
    ({}, ["Host: localhost", "Origin: http://evil.example", CHUNKED], b"403"),
    ({"control_token": TOKEN}, ["Host: localhost", KNOWN, LONG], b"100"),
    ({"control_token": TOKEN}, ["Host: localhost", LONG], b"401"),
    ({"control_token": TOKEN}, ["Host: localhost", CHUNKED], b"401"),
    ({"control": False}, ["Host: localhost", LONG], b"413"),
    ({"control": False}, ["Host: localhost", "Content-Length: 12582912"], b"100"),
]


@pytest.mark.parametrize(("options", "lines", "expected"), LENGTHS)
def test_a_long_body_of_a_refused_caller_is_not_read(
    options: dict[str, Any], lines: list[str], expected: bytes
) -> None:
    head = ["PUT /_gesmock/state HTTP/1.1", "Content-Type: application/json", *lines]
    with GesMock(**options) as ges:
        address = ("127.0.0.1", int(ges.url.rpartition(":")[2]))
        with socket.create_connection(address, timeout=10) as client:
            client.sendall("\r\n".join([*head, "Expect: 100-continue", "", ""]).encode())
            answer = client.recv(10_000)
            closes = b"Connection: close" in answer

    assert answer.split()[1] == expected
    assert closes is (expected != b"100")


@pytest.mark.parametrize("framing", ["Content-Length: 33554433", f"{CHUNKED}\r\n\r\n2000001"])
def test_a_body_that_is_too_long_is_refused_in_the_shape_of_the_control_api(framing: str) -> None:
    head = f"PUT /_gesmock/state HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n"
    with GesMock() as ges:
        address = ("127.0.0.1", int(ges.url.rpartition(":")[2]))
        with socket.create_connection(address, timeout=10) as client:
            client.sendall(head.encode())
            answer = client.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {
        "error": "The body is longer than 33554432 bytes. --max-control-body allows more."
    }


def test_a_short_body_of_a_refused_caller_is_read_and_the_connection_kept() -> None:
    head = "PUT /_gesmock/state HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
    with GesMock(control_token=TOKEN) as ges:
        address = ("127.0.0.1", int(ges.url.rpartition(":")[2]))
        with socket.create_connection(address, timeout=10) as client:
            client.sendall(head.encode())
            answer = client.recv(10_000)

    assert answer.split()[1] == b"401"
    assert b"Connection: close" not in answer


def test_without_a_token_only_this_machine_may_call() -> None:
    status, fake = attack(Guard(), {}, peer="192.168.1.7")

    assert status == 403
    assert len(fake.default.graphs.jobs()) == 3


@pytest.mark.parametrize(
    ("guard", "headers"),
    [
        (Guard(), {}),
        (Guard(), {"Host": "127.0.0.1:8080"}),
        (Guard(), {"Host": "[::1]:8080"}),
        (Guard(), {"Host": "LOCALHOST."}),
        (Guard(), {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}),
        (Guard(), {"Sec-Fetch-Site": "none"}),
        (Guard(TOKEN), {"Authorization": f"Bearer {TOKEN}"}),
        (Guard(TOKEN), {"Authorization": f"bearer {TOKEN}"}),
        (Guard(TOKEN, frozenset(["fake"])), {"Authorization": f"Bearer {TOKEN}", "Host": "fake"}),
    ],
)
def test_a_test_on_this_machine_or_with_the_token_may_call(
    guard: Guard, headers: dict[str, str]
) -> None:
    status, fake = attack(guard, headers)

    assert status == 200
    assert fake.default.graphs.jobs() == []


def test_a_request_without_a_host_is_refused() -> None:
    _, client = guarded(Guard())

    environ = EnvironBuilder(path="/_gesmock/reset", method="POST").get_environ()
    del environ["HTTP_HOST"]

    _, status, _ = run_wsgi_app(client.application, {**environ, "REMOTE_ADDR": "127.0.0.1"})

    assert status.startswith("403")


def test_a_caller_with_the_token_may_be_on_any_machine() -> None:
    status, _ = attack(Guard(TOKEN), {"Authorization": f"Bearer {TOKEN}"}, peer="192.168.1.7")

    assert status == 200


def test_a_401_asks_for_a_token_without_revealing_it() -> None:
    client = create_app(Fake(), guard=Guard(TOKEN)).test_client()

    response = client.get("/_gesmock/clock")

    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert TOKEN not in response.get_data(as_text=True)
    assert TOKEN not in repr(Guard(TOKEN))


@pytest.mark.parametrize(
    ("headers", "peer", "reason"),
    [
        ({}, "192.168.1.7", "without a control token, only callers on this machine are answered: set "
         "one (--control-token) and send it as Authorization: Bearer <control token>"),
        ({"Via": "1.1 a"}, "127.0.0.1", "Via: this came through a forwarder, behind which anybody may "
         "be, and there is no control token: set one (--control-token) and send it as "
         "Authorization: Bearer <control token>"),
        ({"Host": "my.host:80"}, "127.0.0.1", "Host: 'my.host:80' is not a known name of this server; "
         "--allow-host my.host permits it"),
        ({"Host": "[x"}, "127.0.0.1", "Host: '[x' is not a known name of this server; call it by its "
         "address"),
        ({"Sec-Fetch-Site": "cross-site"}, "127.0.0.1", "Sec-Fetch-Site: cross-site: pages of other "
         "sites are refused; call it from outside a browser, or through your page's own server without "
         "this header"),
        ({"Origin": "http://a"}, "127.0.0.1", "Origin: 'http://a': pages of other sites are refused; "
         "call it from outside a browser, or through your page's own server without this header"),
    ],
)  # fmt: skip
def test_each_403_names_its_remedy(headers: dict[str, str], peer: str, reason: str) -> None:
    _, client = guarded(Guard())

    refused = client.get(
        "/_gesmock/clock", headers=headers, environ_overrides={"REMOTE_ADDR": peer}
    )

    assert refused.status_code == 403
    assert refused.get_json() == {"error": reason}


@pytest.mark.parametrize(
    "headers",
    [
        {f"X-Forwarded-{XS}": "a"},
        {"Sec-Fetch-Site": XS},
        {"Host": XS},
        {"Origin": f"http://{XS}"},
    ],
    ids=lambda headers: next(iter(headers))[:20],
)
def test_a_403_shows_at_most_200_characters_of_a_header(headers: dict[str, str]) -> None:
    _, client = guarded(Guard())

    refused = client.get("/_gesmock/clock", headers=headers)

    assert refused.status_code == 403
    assert "x" * 201 not in refused.text
    assert len(refused.data) < 1_000


@pytest.mark.parametrize(
    "name", ["Forwarded", "X-Forwarded-For", "x-forwarded-anything", "X-Real-IP", "Via"]
)
def test_a_forwarder_needs_the_token(name: str) -> None:
    assert attack(Guard(), {name: "a"})[0] == 403
    assert attack(Guard(TOKEN), {name: "a"})[0] == 401
    assert attack(Guard(TOKEN), {name: "a", "Authorization": f"Bearer {TOKEN}"})[0] == 200


@pytest.mark.parametrize("guard", [Guard(), Guard(TOKEN)], ids=["loopback", "exposed"])
@pytest.mark.parametrize("path", ["/_gesmock/health", "/_gesmock/projects/{}/health"])
@pytest.mark.parametrize(
    "headers", [{}, {"Via": "1.1 a"}, LINK], ids=["plain", "forwarded", "link"]
)
def test_everybody_may_ask_for_the_health(guard: Guard, path: str, headers: dict[str, str]) -> None:
    fake, client = guarded(guard)

    response = client.get(
        path.format(fake.default.project_id),
        headers=headers,
        environ_overrides={"REMOTE_ADDR": "192.168.1.7"},
    )

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "health", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}),
        ("GET", "health", {"Host": "evil.example"}),
        ("POST", "health", LINK),
        ("GET", "journal", LINK),
        ("POST", "reset", LINK),
        ("GET", "healthy", LINK),
    ],
)
def test_a_page_may_link_to_nothing_else(method: str, path: str, headers: dict[str, str]) -> None:
    _, client = guarded(Guard())

    assert client.open(f"/_gesmock/{path}", method=method, headers=headers).status_code == 403


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
def test_a_page_may_link_to_the_documents(site: str) -> None:
    _, client = guarded(Guard())
    link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}

    assert client.get("/docs/", headers=link).status_code == 200


def test_the_documents_are_in_no_frame_and_load_nothing_from_elsewhere() -> None:
    _, client = guarded(Guard())

    for path in ("/docs/", "/docs/index.css", "/docs/swagger-ui-bundle.js"):
        with client.get(path) as response:
            headers = response.headers
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe-eval" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/%5Fgesmock/reset", "/_gesmock/../_gesmock/reset"])
def test_another_spelling_of_the_path_is_guarded_too(service: Service, path: str) -> None:
    service.control("POST", "generate", {"count": 3})

    response: Any = service.client.post(path, headers={"Origin": "http://evil.example"})

    assert response.status_code in (403, 404)
    assert len(service.fake.default.graphs.jobs()) == 3


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.7", False),
        ("fake", False),
        ("", False),
    ],
)
def test_only_loopback_addresses_count_as_this_machine(host: str, *, expected: bool) -> None:
    assert is_loopback(host) is expected


# --- Pages that may call --------------------------------------------------------------------------

PAGE = "http://127.0.0.1:5173"
OPEN = Guard.of("127.0.0.1", [], None, origins=[PAGE, "https://Front.End:443"])
OPEN_WITH_TOKEN = Guard.of("127.0.0.1", [], TOKEN, origins=[PAGE])


@pytest.mark.parametrize("origin", [PAGE, "HTTP://127.0.0.1:5173", "https://front.end"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_a_named_origin_may_call(origin: str, site: str) -> None:
    status, fake = attack(OPEN, {"Origin": origin, "Sec-Fetch-Site": site})

    assert status == 200
    assert fake.default.graphs.jobs() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:5174"},
        {"Origin": "https://127.0.0.1:5173"},
        {"Origin": f"{PAGE}/"},
        {"Origin": f"{PAGE}, {PAGE}"},
        {"Origin": "http://front.end"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Referer": f"{PAGE}/"},
        {"Origin": PAGE, "Host": "evil.example"},
        {"Origin": PAGE, "X-Forwarded-For": "192.0.2.7"},
    ],
)
def test_an_origin_that_may_call_lets_nothing_else_in(headers: dict[str, str]) -> None:
    status, fake = attack(OPEN, headers)

    assert status == 403
    assert len(fake.default.graphs.jobs()) == 3


def test_a_page_of_a_named_origin_needs_the_token() -> None:
    page = {"Origin": PAGE, "Sec-Fetch-Site": "cross-site"}

    assert attack(OPEN_WITH_TOKEN, page)[0] == 401
    assert attack(OPEN_WITH_TOKEN, {**page, "Authorization": f"Bearer {TOKEN}"})[0] == 200


@pytest.mark.parametrize("path", ["clock", "projects/p1/faults/f1", "nothing"])
def test_a_preflight_of_a_named_origin_needs_no_token(path: str) -> None:
    _, client = guarded(OPEN_WITH_TOKEN)
    asks = {"Access-Control-Request-Method": "PATCH", "Sec-Fetch-Site": "cross-site"}

    allowed = client.options(f"/_gesmock/{path}", headers={"Origin": PAGE, **asks})
    others = client.options(f"/_gesmock/{path}", headers={"Origin": "http://evil.example", **asks})

    assert (allowed.status_code, allowed.data) == (204, b"")
    assert {name: value for name, value in allowed.headers if name.startswith("Access")} == {
        "Access-Control-Allow-Origin": PAGE,
        "Access-Control-Allow-Methods": "DELETE, GET, HEAD, PATCH, POST, PUT",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
        "Access-Control-Max-Age": "7200",
    }
    assert allowed.headers["Vary"] == "Origin"
    assert others.status_code == 403
    assert not [name for name, _ in others.headers if name.startswith("Access")]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "clock", {}, 200),
        ("GET", "health", {}, 200),
        ("GET", "clock?limit=1", {}, 400),
        ("GET", "nothing", {}, 404),
        ("POST", "clock", {}, 405),
        ("GET", "clock", {"Via": "1.1 a"}, 403),
        ("GET", "events", {}, 501),
    ],
)
def test_every_answer_to_a_page_of_a_named_origin_can_be_read_by_it(
    method: str, path: str, headers: dict[str, str], status: int
) -> None:
    _, client = guarded(OPEN)

    for origin in (PAGE, None):
        sent = headers if origin is None else {"Origin": origin, **headers}
        answer = client.open(f"/_gesmock/{path}", method=method, headers=sent)
        assert answer.status_code == status
        assert answer.headers.get("Access-Control-Allow-Origin") == origin
        assert answer.headers["Vary"] == "Origin"


def test_the_service_answers_any_page() -> None:
    _, client = guarded(OPEN)

    answer = client.get("/ges/v1.0/p/graphs/g/jobs/status")

    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["GET /_gesmock/events HTTP/1.1"], b"200"),
        (["PUT /_gesmock/state HTTP/1.1", "Content-Length: 33554433"], b"413"),
    ],
)
def test_our_own_server_lets_the_page_read_streams_and_refusals(
    lines: list[str], expected: bytes
) -> None:
    with GesMock(control_origins=PAGE) as ges:
        address = ("127.0.0.1", int(ges.url.rpartition(":")[2]))
        with socket.create_connection(address, timeout=10) as client:
            head = [*lines, "Host: localhost", f"Origin: {PAGE}", "Sec-Fetch-Site: cross-site"]
            client.sendall("\r\n".join([*head, "", ""]).encode())
            answer = client.recv(10_000)

    assert answer.split()[1] == expected
    assert f"\r\nAccess-Control-Allow-Origin: {PAGE}\r\n".encode() in answer
    assert b"\r\nVary: Origin\r\n" in answer


def test_a_403_names_the_option_with_the_origin() -> None:
    _, client = guarded(OPEN)

    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}):
        refused = client.get("/_gesmock/clock", headers={"Origin": "http://a.b:81", **headers})
        assert refused.get_json()["error"] == (
            "Origin: 'http://a.b:81': pages of other sites are refused; --control-origin "
            "http://a.b:81 permits it"
        )
    null = client.get("/_gesmock/clock", headers={"Origin": "null"})
    assert "--control-origin" not in null.get_json()["error"]


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "127.0.0.1:5173",
        f"{PAGE}/",
        f"{PAGE}/page",
        f"{PAGE}?a",
        f"{PAGE}\n",
        "http://user@host",
        "http://host:",
        "http://host:port",
        "http://host:65536",
        "http://*.example",
        "http://[::1",
    ],
)
def test_an_origin_is_scheme_host_and_port(origin: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        GesMock(control_origins=[origin])

    assert str(refused.value) == (
        "control_origins[0]: expected an origin such as http://127.0.0.1:5173, without a path, "
        f"got {origin!r}"
    )
