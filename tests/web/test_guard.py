"""Attacks on the control API: refused, with nothing changed."""

import socket
from functools import cache
from typing import Any

import pytest
from conftest import Service
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from gesmock import GesMock
from gesmock.fake.fake import Fake
from gesmock.web import create_app
from gesmock.web.guard import Guard, is_loopback

TOKEN = "a-control-token"


@cache
def guarded(guard: Guard) -> tuple[Fake, FlaskClient]:
    """One app for each guard: creating one takes as long as a whole test."""
    fake = Fake()
    return fake, create_app(fake, guard=guard).test_client()


def attack(guard: Guard, headers: dict[str, str], peer: str = "127.0.0.1") -> tuple[int, Fake]:
    """Send a request that would remove all jobs; its status, and the fake afterwards."""
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


LONG = "Content-Length: 209715200"
CHUNKED = "Transfer-Encoding: chunked"
KNOWN = f"Authorization: Bearer {TOKEN}"
LENGTHS = [
    ({}, ["Host: localhost", LONG], b"100"),
    ({}, ["Host: localhost", CHUNKED], b"100"),
    ({}, ["Host: localhost", "Content-Length: 268435457"], b"413"),
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

    response = client.get("/_gesmock/health")

    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert TOKEN not in response.get_data(as_text=True)
    assert TOKEN not in repr(Guard(TOKEN))


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
