"""What a Python test costs: the import, a server of one's own, a pytest fixture."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench, progress

_CYCLE: Final = """
import http.client, json, time
from urllib.parse import urlsplit
from gesmock import GesMock

def cycle():
    began = time.perf_counter()
    with GesMock() as ges:
        url = urlsplit(ges.jobs_url())
        connection = http.client.HTTPConnection(url.netloc)
        connection.request("GET", url.path)
        assert connection.getresponse().read()
        connection.close()
    return time.perf_counter() - began

print(json.dumps([cycle() for _ in range(21)]))
"""
_TESTS: Final = """
import httpx, pytest, requests, responses

URL = "http://ges.example/jobs"

@pytest.fixture(scope="session")
def client():
    with httpx.Client() as client:
        yield client

@pytest.fixture
def mocked():  # as the documentation of responses shows it
    with responses.RequestsMock() as mocked:
        yield mocked

@pytest.fixture
def nothing():
    return None

@pytest.mark.parametrize("number", range({count}))
def test_it(client, {fixture}, number):
    {body}
"""
_FIXTURES: Final = {
    "gesmock": ("gesmock", "client.get(gesmock.jobs_url())"),
    "pytest-httpserver": (
        "httpserver",
        "httpserver.expect_request('/').respond_with_json({}); client.get(httpserver.url_for('/'))",
    ),
    "respx": ("respx_mock", "respx_mock.get(URL).respond(json={}); client.get(URL)"),
    "responses": ("mocked", "mocked.get(URL, json={}); requests.get(URL)"),
}
"""Name -> the pytest fixture, and a test in which a client asks for a list of jobs."""
_MANY: Final = 500


def python(bench: Bench) -> None:
    """``import``, ``cycle`` (a server, a request), ``fixture`` and ``test`` (with a request); ms.

    The latter two are the price of a test more, beyond that of an empty one.
    """
    for _ in progress("imports", range(4 * bench.rounds)):
        ms = (_seconds("import gesmock") - _seconds("pass")) * 1e3
        bench.note("import", "gesmock", {"ms": ms})
    cycles = subprocess.run(
        [sys.executable, "-c", _CYCLE], capture_output=True, text=True, check=True, timeout=120
    ).stdout
    for seconds in map(float, cycles.strip(" []\n").split(",")):
        bench.note("cycle", "gesmock", {"ms": seconds * 1e3})
    room = bench.fresh_room()
    (room / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for _ in progress("pytest fixtures", range(bench.rounds)):
        empty_ms = _ms_a_test(room, "nothing", "pass")
        for name, (fixture, body) in _FIXTURES.items():
            bench.note("fixture", name, {"ms": _ms_a_test(room, fixture, "pass") - empty_ms})
            bench.note("test", name, {"ms": _ms_a_test(room, fixture, body) - empty_ms})


def _seconds(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    return time.perf_counter() - began


def _ms_a_test(room: Path, fixture: str, body: str) -> float:
    """What each of many tests more costs than the first, which starts a server, say."""
    many, first = (_tested(room, fixture, body, count) for count in (1 + _MANY, 1))
    return (many - first) * 1e3 / _MANY


def _tested(room: Path, fixture: str, body: str, count: int) -> float:
    """The seconds that a run of so many tests takes."""
    test = _TESTS.format(count=count, fixture=fixture, body=body)
    (room / "test_it.py").write_text(test, encoding="utf-8")
    bare = ["-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider", "-qq"]
    began = time.perf_counter()
    pytest = [sys.executable, "-m", "pytest", *bare, "test_it.py"]
    subprocess.run(pytest, cwd=room, check=True, capture_output=True, timeout=300)
    return time.perf_counter() - began
