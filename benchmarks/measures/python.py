"""What a Python test costs: the import, a server of one's own, a pytest fixture."""

import json
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
_CONFTEST: Final = """
import json, pathlib, statistics, time
from collections import defaultdict
import httpx, pytest, responses

TIMES = defaultdict(list)

@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    began = time.perf_counter()
    try:
        return (yield)
    finally:
        TIMES[item.originalname].append((time.perf_counter() - began) * 1e3)

def pytest_sessionfinish():
    medians = {name: statistics.median(times) for name, times in TIMES.items()}
    pathlib.Path("medians.json").write_text(json.dumps(medians))

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
"""
_TEST: Final = """
@pytest.mark.parametrize("number", range(500))
def test_{name}({fixture}, client, number):
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
"""By name: the pytest fixture, and a test in which a client asks for a list of jobs."""


def python(bench: Bench) -> None:
    """Note ``import``, ``cycle`` (a server, a request), ``fixture`` and ``test`` (with a request).

    All are in ms; ``fixture`` and ``test`` are what a test takes beyond an empty one.
    """
    for _ in progress("imports", range(4 * bench.rounds)):
        ms = (_seconds("import gesmock") - _seconds("pass")) * 1e3
        bench.note("import", "gesmock", {"ms": ms})
    cycles = subprocess.run(
        [sys.executable, "-c", _CYCLE], capture_output=True, text=True, check=True, timeout=120
    ).stdout
    for seconds in map(float, cycles.strip(" []\n").split(",")):
        bench.note("cycle", "gesmock", {"ms": seconds * 1e3})
    for _ in progress("pytest fixtures", range(bench.rounds)):
        medians = _median_ms(bench.fresh_room())
        for name, (fixture, _body) in _FIXTURES.items():
            for work in ("fixture", "test"):
                ms = medians[f"test_{fixture}_{work}"] - medians["test_nothing"]
                bench.note(work, name, {"ms": ms})


def _seconds(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    return time.perf_counter() - began


def _median_ms(room: Path) -> dict[str, float]:
    """What a test takes, by its name: the median of many, run one after the other."""
    tests = [_TEST.format(name="nothing", fixture="nothing", body="pass")]
    for fixture, body in _FIXTURES.values():
        tests.append(_TEST.format(name=f"{fixture}_fixture", fixture=fixture, body="pass"))
        tests.append(_TEST.format(name=f"{fixture}_test", fixture=fixture, body=body))
    (room / "conftest.py").write_text(_CONFTEST, encoding="utf-8")
    imports = 'import pytest, requests\nURL = "http://ges.example/jobs"\n'
    (room / "test_it.py").write_text(imports + "".join(tests), encoding="utf-8")
    (room / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    bare = ["-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider", "-qq"]
    pytest = [sys.executable, "-m", "pytest", *bare, "test_it.py"]
    subprocess.run(pytest, cwd=room, check=True, capture_output=True, timeout=300)
    medians: dict[str, float] = json.loads((room / "medians.json").read_bytes())
    return medians
