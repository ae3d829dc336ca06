"""What clients see of each kind of fault: requests, httpx and http.client, side by side."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
import requests
from conftest import until

from gesmock import GesMock
from gesmock.faults import KINDS

SHORT_S: Final = 0.1  # for clients that shall give up
LONG_S: Final = 20.0


def with_requests(url: str, timeout_s: float) -> int:
    answer = requests.get(url, timeout=timeout_s)
    answer.json()
    return answer.status_code


def with_httpx(url: str, timeout_s: float) -> int:
    answer = httpx.get(
        url, timeout=timeout_s, trust_env=False, verify=False
    )  # certificates take 20 ms
    answer.json()
    return answer.status_code


def with_http_client(url: str, timeout_s: float) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout_s)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        json.loads(answer.read())
        return answer.status
    finally:
        connection.close()


CLIENTS: Final[tuple[Callable[[str, float], int], ...]] = (
    with_requests,
    with_httpx,
    with_http_client,
)

FAILS: Final = {"fault": {"kind": "reset"}}
FIELDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "error": {"status": 503},
    "delay": {"seconds": 1000},
    "truncate": {"after_bytes": 20},
    "drip": {"parts": 3, "seconds": 0.02},
    "throttle": {"limit": 1, "window_s": 1000},
    "outage": {"until_s": 1000, **FAILS},
    "ramp": {"begin": 1, "to": 1, "over_s": 1, **FAILS},
    "cap_limit": {"limit": 1},
}

SEEN: Final = """
kind          requests              httpx                 http.client
error         503                   503                   503
delay         ReadTimeout           ReadTimeout           TimeoutError
reset         ConnectionError       ReadError             ConnectionResetError
close         ConnectionError       RemoteProtocolError   RemoteDisconnected
hang          ReadTimeout           ReadTimeout           TimeoutError
garbage       ConnectionError       RemoteProtocolError   BadStatusLine
malformed     JSONDecodeError       JSONDecodeError       JSONDecodeError
truncate      ChunkedEncodingError  RemoteProtocolError   IncompleteRead
drip          200                   200                   200
insert_jobs   200                   200                   200
remove_jobs   200                   200                   200
finish_jobs   200                   200                   200
shrink_total  200                   200                   200
repeat_row    200                   200                   200
cap_limit     200                   200                   200
throttle      429                   429                   429
outage        ConnectionError       ReadError             ConnectionResetError
ramp          ConnectionError       ReadError             ConnectionResetError
"""


@pytest.fixture
def running(ges: GesMock) -> Iterator[GesMock]:
    """A mock with some jobs and a running clock."""
    ges.restart(generate=5)
    yield ges
    ges.reset()


def outcome(client: Callable[[str, float], int], url: str, timeout_s: float) -> str:
    """The status that *client* gets, or the name of the error that it raises."""
    try:
        return str(client(url, timeout_s))
    except Exception as error:  # noqa: BLE001 whatever it is
        return type(error).__name__


def test_each_kind_is_an_error_of_its_own_in_each_client(
    running: GesMock, show: Callable[[str], None]
) -> None:
    url = running.jobs_url()
    names = [client.__name__.removeprefix("with_").replace("_c", ".c") for client in CLIENTS]
    lines = [["kind", *names]]
    for kind in KINDS:
        observed = []
        for client in CLIENTS:
            running.faults.arm("list_jobs", fault={"kind": kind, **FIELDS.get(kind, {})}, times=1)
            assert kind != "throttle" or client(url, LONG_S) == 200  # the one that is let through
            waits = kind in ("delay", "hang")
            observed.append(outcome(client, url, SHORT_S if waits else LONG_S))
            assert client(url, LONG_S) == 200  # the next one, on a connection of its own
            running.faults.disarm()
        lines.append([kind, *observed])
    table = "\n".join(
        f"{kind:13} {'  '.join(f'{each:20}' for each in observed).rstrip()}"
        for kind, *observed in lines
    )
    show(table)

    assert table == SEEN.strip()


def hanging(ges: GesMock, request: str, recorded: ExitStack) -> list[socket.socket]:
    """Fifty clients that wait for an answer to *request*, which hangs."""
    address = urlsplit(ges.url)
    before = len(ges.journal)
    clients = [
        recorded.enter_context(
            socket.create_connection((address.hostname, address.port), timeout=LONG_S)
        )
        for _ in range(50)
    ]
    for number, client in enumerate(clients, 1):
        client.sendall(f"{request} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        ges.journal.wait_for(since=before, times=number, timeout_s=LONG_S)
    return clients


@pytest.mark.parametrize("end", [GesMock.reset, GesMock.stop])
@pytest.mark.parametrize("method", ["GET", "DELETE"], ids=str)
def test_fifty_hangs_hold_no_thread_and_are_let_go_at_once(
    end: Callable[[GesMock], Any], method: str
) -> None:
    remaining = set(threading.enumerate())
    with (
        ExitStack() as recorded,
        GesMock(faults={"fault": {"kind": "hang"}}, settings={"edition": "memory"}) as ges,
    ):
        path = urlsplit(ges.jobs_url() if method == "GET" else f"{ges.graph_url()}/jobs/a").path
        with_httpx(f"{ges.url}/_gesmock/health", LONG_S)  # so that there is a worker
        before = threading.active_count()
        clients = hanging(ges, f"{method} {path}", recorded)
        assert threading.active_count() < before + 10  # a worker may not be idle again at once

        began = time.perf_counter()
        end(ges)
        took = time.perf_counter() - began
        ends = [client.recv(1) for client in clients]

    assert ends == [b""] * 50
    assert took < 2
    until(lambda: set(threading.enumerate()) <= remaining)
