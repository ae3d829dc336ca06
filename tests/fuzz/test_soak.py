"""A soak: mixed load with every kind of fault armed, for GESMOCK_SOAK_S seconds; memory stays flat."""

import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import pytest

from gesmock.faults import KINDS

pytestmark = pytest.mark.deep

SECONDS: Final = float(os.environ.get("GESMOCK_SOAK_S", "30"))
SETTLED_S: Final = min(60, SECONDS * 2 / 3)
CLIENTS: Final = 8
RESET_EVERY: Final = 1500  # of a client's requests; without resets, jobs would pile up
IMPORT: Final = {"edgesetPath": "b/e", "obsParameters": {"accessKey": "a", "secretKey": "s"}}
FIELDS: Final[dict[str, dict[str, Any]]] = {
    "error": {"status": 503},
    "delay": {"seconds": 2},
    "truncate": {"after_bytes": 100},
    "drip": {"parts": 3, "seconds": 2},
    "throttle": {"limit": 50, "window_s": 10},
    "cap_limit": {"limit": 50},
    "outage": {"until_s": 10},
    "ramp": {"to": 0.05, "over_s": 60},
}
LIST_FAULTS: Final = (
    *("insert_jobs", "remove_jobs", "finish_jobs", "shrink_total", "repeat_row", "cap_limit"),
)


def rule(kind: str) -> str:
    """An option that arms *kind* for a few of the requests."""
    fault = {"kind": kind, **FIELDS.get(kind, {})}
    operation = {"operation": "list_jobs"} if kind in LIST_FAULTS else {}
    return "--fault=" + json.dumps({"fault": fault, "probability": 0.01, **operation})


class Load:
    """Clients that send requests until they are stopped; *answers* counts statuses and errors."""

    def __init__(self, url: str, jobs: str) -> None:
        self._netloc = urlsplit(url).netloc
        self._jobs = urlsplit(jobs).path.removesuffix("/status")
        self._stopped = threading.Event()
        self._ids: list[str] = []
        self.answers: Counter[str] = Counter()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(CLIENTS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        rng = random.Random(number)
        client = HTTPConnection(self._netloc, timeout=1)
        for count in itertools.count(number):
            if self._stopped.is_set():
                break
            method, path, body = self._choose(rng)
            if count % RESET_EVERY == 0:
                method, path, body = "POST", "/_gesmock/reset", None
            headers = {"Content-Type": "application/json"}
            try:
                client.request(method, path, body and json.dumps(body), headers)
                answer = client.getresponse()
                text = answer.read()
            except (OSError, HTTPException) as error:  # a fault's doing
                self.answers[type(error).__name__] += 1
                client.close()
                continue
            self.answers[str(answer.status)] += 1
            if method == "POST" and answer.status == 200 and path.startswith(self._jobs[:10]):
                self._ids[-20:] = [*self._ids[-19:], *re.findall(r'"jobId":"(\w+)"', text.decode())]
        client.close()

    def _choose(self, rng: random.Random) -> tuple[str, str, Any]:
        graph = self._jobs.removesuffix("/jobs")
        one = rng.choice([*self._ids, "unknown"])
        page = f"{self._jobs}/status?limit={rng.choice([1, 10, 100])}&offset={rng.randrange(1000)}"
        control: list[tuple[str, str, Any]] = [
            *(("GET", path, None) for path in ("health", "clock", "graphs", "faults", "state")),
            *(("GET", path, None) for path in ("journal?status=503&method=POST", "findings")),
            *(("GET", path, None) for path in ("verdict", "report", "settings", f"seen/{one}")),
            ("PATCH", "clock", {"advance_s": 30}),
            ("POST", "plans", {"plan": "fails_late", "times": 1}),
            ("DELETE", "plans", None),
            ("PUT", "graphs/other", {"edition": "memory"}),
        ]
        method, path, body = rng.choice(control)
        calls: list[tuple[str, str, Any]] = [
            ("GET", page, None),
            ("GET", f"{self._jobs}/{one}/status", None),
            ("POST", f"{graph}/action?action_id=import-graph", IMPORT),
            ("DELETE", f"{self._jobs}/{one}", None),
            ("GET", f"{graph}/{rng.randrange(10**9)}", None),
            (method, f"/_gesmock/{path}", body),
        ]
        return rng.choices(calls, [50, 20, 20, 5, 5, 0.5])[0]


def memory_mb(pid: int) -> float:
    """The resident memory of the process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def descriptors(pid: int) -> int:
    return len([*Path(f"/proc/{pid}/fd").iterdir()])


def test_memory_is_flat_under_load_with_every_fault(
    tmp_path: Path, show: Callable[[str], None]
) -> None:
    command = [sys.executable, "-m", "gesmock", "serve", "--port=0", "--generate=1000", "--rate=60"]
    log = tmp_path / "log"
    samples: list[tuple[float, float, int]] = []
    with (
        log.open("w") as written,
        subprocess.Popen(
            [*command, "--journal-size=2000", *map(rule, KINDS)],
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
            env={**os.environ, "MALLOC_ARENA_MAX": "1"},  # or glibc keeps freed memory per thread
        ) as server,
    ):
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        jobs = server.stdout.readline().split("'")[1]
        began = time.monotonic()
        with Load(url, jobs) as load:
            while (passed := time.monotonic() - began) < SECONDS:
                samples.append((passed, memory_mb(server.pid), descriptors(server.pid)))
                time.sleep(0.25)
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0

    early = [sample for sample in samples if sample[0] < SETTLED_S]
    late = samples[len(early) :]
    highest = [max(memory for _, memory, _ in part) for part in (early, late)]
    show(
        f"soak of {SECONDS:g} s: {load.answers.total()} requests, {dict(load.answers)}; "
        f"at most {highest[0]:.1f} MB in the first {SETTLED_S:g} s, {highest[1]:.1f} MB later"
    )
    assert highest[1] < highest[0] * 1.05
    assert max(open_files for *_, open_files in late) < CLIENTS + 30
    assert "Traceback" not in log.read_text()
    assert load.answers["200"] > SECONDS * 50
    assert {"503", "TimeoutError", "ConnectionResetError", "RemoteDisconnected"} <= {*load.answers}
