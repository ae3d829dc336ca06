"""The log of ``gesmock serve`` as JSON: one object a line."""

import json
import logging
import socket
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import requests

from gesmock.web.logs import JsonFormatter

Serve = Callable[..., Any]


@pytest.fixture
def logged(serve: Serve, capfd: pytest.CaptureFixture[str]) -> Callable[..., list[dict[str, Any]]]:
    """The lines that a server logs while it is visited."""

    def run(visit: Callable[[list[str]], Any]) -> list[dict[str, Any]]:
        serve(visit, "--log-format", "json")
        return [json.loads(line) for line in capfd.readouterr().err.splitlines()]

    return run


def test_each_request_is_an_object(logged: Callable[..., list[dict[str, Any]]]) -> None:
    def visit(lines: list[str]) -> None:
        url = lines[1].split("'")[1]
        requests.get(f"{url}?limit=1&token=secret", headers={"Prefer": "code=503"})
        requests.get(url)

    first, second = logged(visit)

    assert datetime.fromisoformat(first.pop("time")).tzinfo is not None
    assert first.pop("duration_ms") >= 0
    message, url = first.pop("message"), first.pop("url")
    assert message.startswith(f"GET {url} 503 ")
    assert url.endswith("/jobs/status?limit=1&token=***")
    assert first == {
        "level": "info",
        "logger": "gesmock.service",
        "method": "GET",
        "status": 503,
        "fault": "prefer#1",
    }
    assert (second["status"], "fault" in second) == (200, False)


def test_what_to_do_about_a_wrong_url_is_an_object(
    logged: Callable[..., list[dict[str, Any]]],
) -> None:
    def visit(lines: list[str]) -> None:
        requests.get(lines[1].split("'")[1] + "/")

    request, hint = logged(visit)

    assert request["status"] == 404
    assert hint["message"].startswith(f"no operation serves this: GET {request['url']}; did you")
    assert "did you mean list_jobs: GET " in hint["message"]


def test_what_the_server_says_of_itself_is_an_object(
    logged: Callable[..., list[dict[str, Any]]],
) -> None:
    def visit(lines: list[str]) -> None:
        port = int(lines[0].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert client.recv(1)

    [line] = logged(visit)

    assert line.pop("time")
    assert line == {
        "level": "info",
        "logger": "gesmock.server",
        "message": "refused a request with 400: No Host header",
    }


def test_an_exception_is_a_field_of_its_own() -> None:
    try:
        int("x")
    except ValueError:
        record = logging.LogRecord(
            "gesmock.server", 40, "", 0, "failed over %s", ("x",), sys.exc_info()
        )

    line = json.loads(JsonFormatter().format(record))

    assert (line["level"], line["message"]) == ("error", "failed over x")
    assert line["exception"].endswith("with base 10: 'x'")
