"""The log of ``gesmock serve``: one JSON object per line, and lines that are written together."""

import json
import logging
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from itertools import count
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from conftest import PROJECT

from gesmock.fake.fake import Fake
from gesmock.model.messages import ConnectionInfo, Reply
from gesmock.server.parser import Limits, parse
from gesmock.web import create_app, logs
from gesmock.web.gateway import Gateway, log_request
from gesmock.web.logs import ACCESS, JsonFormatter, LoggedAnswer, LogHandler

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
    """The texts that are written to standard error."""
    written: list[bytes] = []

    def write(_fd: int, data: bytes) -> int:
        written.append(data)
        return len(data)

    monkeypatch.setattr(logs, "os", SimpleNamespace(write=write))
    return written


def test_the_log_has_each_request_once_its_server_has_ended(
    serve: Serve, written: list[bytes]
) -> None:
    def visit(lines: list[str]) -> None:
        path = urlsplit(lines[1].split("'")[1]).path
        port = int(lines[0].rpartition(":")[2])
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        with ExitStack() as stack:
            clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
            [*map(stack.enter_context, clients)]
            for _ in range(20):
                for client in clients:
                    client.sendall(request)
                for client in clients:
                    assert client.recv(2**16)

    serve(visit)

    assert b"".join(written).count(b" 200 ") == 8 * 20


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[LogHandler]:
    log = LogHandler()
    monkeypatch.setattr(ACCESS, "handlers", [log])
    monkeypatch.setattr(ACCESS, "propagate", False)
    caplog.set_level(logging.INFO, ACCESS.name)
    yield log
    log.close()


def answer_with(path: str, hint: str | None = None) -> None:
    log_request("GET", path, "", Reply(200, None, hint=hint), 0.0)


def test_lines_that_come_together_are_written_at_once(
    log: LogHandler, written: list[bytes]
) -> None:
    fake = Fake({"generate": 3})
    gateway = Gateway(fake, partial(create_app, fake))
    connection = ConnectionInfo(("127.0.0.1", 1), 0.0)
    target = f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status"
    head = parse(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), Limits())

    for _ in range(100):
        gateway.answer(head, b"", 1, connection)
    log.flush()

    assert len(written) < 50
    assert b"".join(written).count(b" 200 ") == b"".join(written).count(b"\n") == 100


def test_what_to_do_about_a_wrong_url_follows_its_line(
    log: LogHandler, written: list[bytes]
) -> None:
    answer_with("/a")
    answer_with("/b", hint="is /a meant?")
    answer_with("/c")
    log.flush()

    lines = b"".join(written).decode().splitlines()
    assert [line.split()[1] for line in lines] == ["/a", "/b", "operation", "/c"]
    assert lines[2] == "no operation serves this: GET /b; is /a meant?"


def test_the_lines_of_several_threads_are_written_once_and_whole(
    log: LogHandler, written: list[bytes]
) -> None:
    def answer(thread: int) -> None:
        for number in range(200):
            answer_with(f"/{thread}/{number}")

    threads = [Thread(target=answer, args=(each,)) for each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.flush()

    lines = b"".join(written).decode().splitlines()
    assert sorted(line.split()[1] for line in lines) == sorted(
        f"/{thread}/{number}" for thread in range(4) for number in range(200)
    )


def test_standard_error_that_takes_little_and_not_always_gets_every_line(
    log: LogHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries, taken = count(), list[bytes]()

    def write(_fd: int, data: bytes) -> int:
        if next(tries) % 2:
            raise BlockingIOError
        taken.append(data[:7])
        return len(taken[-1])

    monkeypatch.setattr(logs, "os", SimpleNamespace(write=write))
    for path in ("/first", "/second"):
        log.hold(LoggedAnswer("GET", path, 200, "").line(0.0012))
    log.flush()

    assert b"".join(taken) == b"GET /first 200 1.2 ms\nGET /second 200 1.2 ms\n"


def test_lines_that_nobody_reads_are_counted_instead(
    log: LogHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, read, written = Event(), Event(), list[bytes]()

    def write(_fd: int, data: bytes) -> int:
        begun.set()
        read.wait()
        written.append(data)
        return len(data)

    monkeypatch.setattr(logs, "os", SimpleNamespace(write=write))
    monkeypatch.setattr(logs, "_MOST_HELD", 3)
    answer_with("/first")
    begun.wait()
    for number in range(8):
        answer_with(f"/{number}")
    read.set()
    log.flush()

    lines = b"".join(written).decode().splitlines()
    assert [line.split()[1] for line in lines[:-1]] == ["/first", "/0", "/1", "/2"]
    assert lines[-1] == "5 lines are missing here: standard error was not read"
