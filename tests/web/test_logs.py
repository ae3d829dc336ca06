"""The log of ``gesmock serve``: an object a line as JSON, and lines that are written together."""

import json
import logging
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from conftest import PROJECT

from gesmock.fake.fake import Fake
from gesmock.model.messages import ConnectionInfo, Reply
from gesmock.server.loop import WRITE
from gesmock.server.parser import Limits, parse
from gesmock.web import create_app, logs
from gesmock.web.gateway import Gateway, log_request
from gesmock.web.logs import ACCESS, AccessLog, JsonFormatter

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


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is written to standard error, each time."""
    written: list[bytes] = []
    noted = SimpleNamespace(write=lambda _fd, data: written.append(data))
    monkeypatch.setattr(logs, "os", noted)
    return written


def test_a_request_is_in_the_log_before_its_answer_arrives(
    serve: Serve, written: list[bytes]
) -> None:
    def visit(lines: list[str]) -> None:
        path = urlsplit(lines[1].split("'")[1]).path
        port = int(lines[0].rpartition(":")[2])
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        with ExitStack() as stack:
            clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
            [*map(stack.enter_context, clients)]
            for turn in range(20):
                for client in clients:
                    client.sendall(request)
                for number, client in enumerate(clients, 1):
                    assert client.recv(2**16)
                    assert b"".join(written).count(b" 200 ") >= 8 * turn + number

    serve(visit)


def test_the_lines_of_one_turn_of_the_loop_are_written_at_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, written: list[bytes]
) -> None:
    monkeypatch.setattr(ACCESS, "handlers", [AccessLog()])
    caplog.set_level(logging.INFO, ACCESS.name)
    fake = Fake({"generate": 3})
    gateway, called = Gateway(fake, partial(create_app, fake)), list[Any]()
    gateway.at_end_of_turn = called.append
    connection = ConnectionInfo(("127.0.0.1", 1), 0.0)

    def ask(target: str) -> None:
        head = parse(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), Limits())
        for _ in range(4):
            gateway.answer(head, b"", 1, connection)

    ask(f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status")
    assert (len(called), written) == (1, [])
    called[0](WRITE)
    assert len(written) == 1
    assert written[0].count(b" 200 ") == written[0].count(b"\n") == 4

    ask("/ges/v1.0/wrong")  # a hint follows each line
    for end_turn in called[1:]:
        end_turn(WRITE)
    assert [text.count(b" 404 ") for text in written[1:]] == [1, 1, 1, 1]


def test_a_worker_writes_its_own_line_and_none_that_the_loop_holds(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, written: list[bytes]
) -> None:
    access = AccessLog()
    monkeypatch.setattr(ACCESS, "handlers", [access])
    caplog.set_level(logging.INFO, ACCESS.name)
    access.hold("of the loop")

    log_request("GET", "/wrong", "", Reply(404, None, hint="is /right meant?"), 0.0)
    assert b"of the loop" not in b"".join(written)

    access.write_held()
    assert written[-1] == b"of the loop\n"
