"""One request runs through few of gesmock's files, in few calls."""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from pathlib import Path
from statistics import mode
from types import FrameType
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

import gesmock
from gesmock import GesMock

HOUSE: Final = str(Path(gesmock.__file__).parent)
PATH: Final = "/ges/v1.0/{}/graphs/movie/"
SUBMISSION: Final = {"clearMetadata": True}
FAULT: Final = {"operation": "show_job", "fault": 503}

CASES: Final[dict[str, tuple[int, int, tuple[str, str, Any], int]]] = {
    "list seen before": (7, 20, ("GET", f"{PATH}jobs/status", None), 200),
    "injected 503": (15, 61, ("GET", f"{PATH}jobs/any/status", None), 503),
    "control GET": (13, 54, ("GET", "/_gesmock/clock", None), 200),
    "control POST": (14, 82, ("PATCH", "/_gesmock/clock", {"advance_s": 1}), 200),
    "submission": (24, 104, ("POST", f"{PATH}action?action_id=clear-graph", SUBMISSION), 200),
}
"""The most files and calls, a little above what they are today; the request; its status."""


SYSTEM: Final = ("socket.", "epoll.", "heap")
"""How the names of functions begin that call the system, or keep timers."""


class Profile:
    """Counts the calls of gesmock's functions by file, in threads that start from now on.

    *system* counts those of ``SYSTEM`` by name.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.system: Counter[str] = Counter()
        threading.setprofile(self._note)

    # Python traces no function that profiles, so coverage cannot see this one.
    def _note(self, frame: FrameType, event: str, called: Any) -> None:  # pragma: no cover
        code = frame.f_code
        is_function = not code.co_name.startswith("<")  # but a comprehension or a generator
        if event == "call" and is_function and code.co_filename.startswith(HOUSE):
            self.calls[code.co_filename] += 1
        if event == "c_call" and called.__qualname__.startswith(SYSTEM):
            self.system[called.__qualname__] += 1

    def of(self, action: Callable[[], None]) -> Counter[str]:
        self.calls.clear()
        self.system.clear()
        action()
        time.sleep(0.02)  # until the server waits for the next request
        return self.calls.copy()


@pytest.fixture
def profile() -> Iterator[Profile]:
    yield Profile()
    threading.setprofile(None)


def test_an_idle_client_costs_one_system_call_to_hear_and_one_to_answer(profile: Profile) -> None:
    with GesMock(generate=10) as ges:
        address = urlsplit(ges.url)
        with socket.create_connection((address.hostname, address.port)) as client:
            head = f"GET {PATH}jobs/status HTTP/1.1\r\nHost: localhost\r\n\r\n"

            def ask() -> None:
                client.sendall(head.format(ges.project_id).encode())
                answer = HTTPResponse(client)
                answer.begin()
                assert answer.read()

            calls = []
            for _ in range(9):
                profile.of(ask)
                calls.append(sorted(profile.system.items()))

    # The server waits once more. Now and then it looks at its connections, which takes a timer.
    assert mode(map(tuple, calls)) == (("epoll.poll", 1), ("socket.recv", 1), ("socket.send", 1))


@pytest.mark.parametrize("case", CASES)
def test_a_request_touches_few_files_and_makes_few_calls(profile: Profile, case: str) -> None:
    most_files, most_calls, (method, path, body), status = CASES[case]
    faults: Any = [FAULT] if status == 503 else []
    with GesMock(generate=10, clock={"frozen": True}, faults=faults) as ges:
        address = urlsplit(ges.url)
        client = socket.create_connection((address.hostname, address.port))
        sent = json.dumps(body) if body else ""
        more = f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n" if body else ""
        head = f"{method} {path.format(ges.project_id)} HTTP/1.1\r\nHost: localhost\r\n{more}"
        request = f"{head}\r\n{sent}".encode()

        def ask() -> None:
            client.sendall(request)  # head and body at once, as two packets make more calls
            answer = HTTPResponse(client, method=method)
            answer.begin()
            assert (answer.status, bool(answer.read())) == (status, True)

        profile.of(ask)  # what only the first request does
        calls = min((profile.of(ask) for _ in range(5)), key=Counter.total)
        client.close()

    by_file = {Path(name).relative_to(HOUSE).as_posix(): number for name, number in calls.items()}
    assert len(calls) <= most_files, by_file
    assert calls.total() <= most_calls, by_file
