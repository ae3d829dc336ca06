"""What gesmock costs a Python test: its import, a server of one's own, the pytest fixture."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench, interleaved, progress

_IMPORTS: Final = {
    "import": "import gesmock",
    "import_class": "from gesmock import GesMock",
}
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
import pytest

@pytest.fixture
def plain():
    yield 1

@pytest.mark.parametrize("number", range({count}))
def test_nothing({fixture}, number):
    pass
"""
_MANY: Final = 1_000


def python(bench: Bench) -> None:
    """``import``, ``import_class``, ``cycle`` (a server, a request), ``fixture`` (a test); ms."""
    for _ in progress("imports", range(4 * bench.rounds)):
        bare_s = _seconds("pass")
        for work, code in _IMPORTS.items():
            bench.note(work, "gesmock", {"ms": (_seconds(code) - bare_s) * 1e3})
    cycles = subprocess.run(
        [sys.executable, "-c", _CYCLE], capture_output=True, text=True, check=True, timeout=120
    ).stdout
    for seconds in map(float, cycles.strip(" []\n").split(",")):
        bench.note("cycle", "gesmock", {"ms": seconds * 1e3})
    room = bench.fresh_room()
    (room / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for _ in progress("the pytest fixture", interleaved(bench.rounds, [None])):
        # What the first test costs, and collecting so many, is in both and goes out.
        cost_s = _many_more(room, "gesmock") - _many_more(room, "plain")
        bench.note("fixture", "gesmock", {"ms": cost_s * 1e3 / _MANY})


def _seconds(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    return time.perf_counter() - began


def _many_more(room: Path, fixture: str) -> float:
    """The seconds that so many tests more take, each with that pytest fixture."""
    return _tested(room, fixture, 1 + _MANY) - _tested(room, fixture, 1)


def _tested(room: Path, fixture: str, count: int) -> float:
    file = room / f"test_{fixture}_{count}.py"
    file.write_text(_TESTS.format(count=count, fixture=fixture), encoding="utf-8")
    bare = ["-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider", "-qq"]
    began = time.perf_counter()
    command = [sys.executable, "-m", "pytest", *bare, file.name]
    subprocess.run(command, cwd=room, check=True, capture_output=True, timeout=300)
    return time.perf_counter() - began
