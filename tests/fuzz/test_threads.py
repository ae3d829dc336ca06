"""Thirty-two threads mix every call: no job is lost or doubled, pages agree, and a reset is atomic."""

import gc
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from conftest import in_depth, until

from gesmock import GesMock

pytestmark = pytest.mark.deep

THREADS: Final = 32
ROUNDS: Final = in_depth(60, 15)
GRAPHS: Final = ("movie", "g")
IMPORT: Final = {"edgesetPath": "b/e", "obsParameters": {"accessKey": "a", "secretKey": "s"}}


def state(name: str, count: int) -> dict[str, Any]:
    """A state with *count* jobs in each graph; their ids begin with *name*."""

    def job(number: int) -> dict[str, Any]:
        request = {"command": "import_graph", "url": "/"}
        return {"jobId": f"{name}-{number}", "status": "success", "request": request}

    jobs = [job(number) for number in range(count)]
    return {"graphs": {graph: {"jobs": jobs} for graph in GRAPHS}}


STATES: Final = {"start": state("start", 5), "other": state("other", 7)}


class Client:
    """One thread's client; each call returns the status and the JSON of the answer."""

    def __init__(self, ges: GesMock, number: int) -> None:
        self.rng = random.Random(number)
        self._connection = HTTPConnection(urlsplit(ges.url).netloc, timeout=30)
        self._graphs = urlsplit(ges.graph_url()).path.rpartition("/")[0]

    def close(self) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        sent = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"}
        self._connection.request(method, path, sent, headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def control(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return self.ask(method, f"/_gesmock/{path}", body)

    def submit(self, graph: str) -> str | None:
        """The id of a new job; None if a reset came between."""
        path = f"{self._graphs}/{graph}/action?action_id=import-graph"
        status, answer = self.ask("POST", path, IMPORT)
        assert status in (200, 503), answer
        return answer["jobId"] if status == 200 else None

    def list(self, graph: str, limit: int = 100_000, offset: int = 0) -> tuple[list[str], int]:
        """The ids of a page, and the total."""
        path = f"{self._graphs}/{graph}/jobs/status?limit={limit}&offset={offset}"
        status, page = self.ask("GET", path)
        while status == 503:  # a reset came between
            status, page = self.ask("GET", path)
        assert status == 200, page
        return [job["jobId"] for job in page["jobs"]], page["totalCount"]

    def cancel(self, graph: str, job_id: str) -> None:
        status, answer = self.ask("DELETE", f"{self._graphs}/{graph}/jobs/{job_id}")
        assert status in (200, 400, 404, 503), answer


@pytest.fixture
def ges(tmp_path: Path) -> Iterator[GesMock]:
    start = tmp_path / "start.json"
    start.write_text(json.dumps(STATES["start"]), encoding="utf-8")
    with GesMock(fixture=str(start), clock={"frozen": True}) as started:
        yield started


def in_threads(ges: GesMock, act: Callable[[Client], list[str]]) -> list[str]:
    """What *act* returns in all threads, for many rounds, each thread with a client of its own."""

    def run(number: int) -> list[str]:
        client = Client(ges, number)
        try:
            return [each for _ in range(ROUNDS) for each in act(client)]
        finally:
            client.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return [each for results in pool.map(run, range(THREADS)) for each in results]


def check_list(client: Client, graph: str) -> None:
    check_whole_list(*client.list(graph))


def check_whole_list(ids: list[str], total: int) -> None:
    """Assert that a whole list has every job of one state, none of the other, and none twice."""
    assert len(ids) == len({*ids}) == total
    found = Counter(job_id.partition("-")[0] for job_id in ids if "-" in job_id)
    assert dict(found) in ({"start": 5}, {"other": 7}), found


def check_page(client: Client, graph: str) -> None:
    limit, offset = client.rng.randrange(1, 9), client.rng.randrange(9)
    ids, total = client.list(graph, limit, offset)
    assert len(ids) == len({*ids}) == max(min(limit, total - offset), 0)


def call_control(client: Client, graph: str) -> None:
    """Make a control call that leaves the list of jobs as it is."""
    fault = {"operation": "show_job", "graph": "nowhere", "fault": 503}
    calls: list[tuple[str, str, Any]] = [
        ("PATCH", "clock", {"advance_s": 1}),
        ("POST", "faults", fault),
        ("DELETE", "faults", None),
        ("GET", "faults", None),
        ("PATCH", "settings", {"limit_zero": client.rng.choice(["empty", "refuse"])}),
        ("POST", "plans", {"plan": "normal", "times": 1}),
        ("DELETE", "plans", None),
        ("PATCH", "verdict", {}),
        ("DELETE", "journal", None),
        *(("GET", f"jobs?graph={each}", None) for each in GRAPHS),
        *(("GET", path, None) for path in ("health", "clock", "graphs", "preset", "verdict")),
        *(("GET", path, None) for path in ("journal?operation=nothing", "findings", "queries")),
    ]
    method, path, body = client.rng.choice(calls)
    status, answer = client.control(method, path, body)
    assert status in (200, 201, 400, 404, 409), (method, path, status, answer)


def test_no_job_is_lost_or_doubled(ges: GesMock) -> None:
    def act(client: Client) -> list[str]:
        graph = client.rng.choice(GRAPHS)
        client.rng.choice([check_list, check_page, call_control, call_control])(client, graph)
        submitted = client.submit(graph)
        assert submitted is not None
        if client.rng.random() < 0.3:
            client.cancel(graph, submitted)
        return [f"{graph} {submitted}"]

    submitted = in_threads(ges, act)

    client = Client(ges, 0)
    listed = {graph: client.list(graph) for graph in GRAPHS}
    client.close()
    for ids, total in listed.values():
        check_whole_list(ids, total)
    found = [f"{graph} {job_id}" for graph, (ids, _) in listed.items() for job_id in ids]
    assert len(submitted) == len({*submitted}) == THREADS * ROUNDS
    assert {each for each in found if "-" not in each} == {*submitted}


def test_a_reset_and_a_load_are_atomic(ges: GesMock) -> None:
    def act(client: Client) -> list[str]:
        graph = client.rng.choice(GRAPHS)
        draw = client.rng.random()
        if draw < 0.05:
            assert client.control("POST", "reset")[0] in (200, 409)
        elif draw < 0.1:
            name = client.rng.choice([*STATES])
            assert client.control("PUT", "state", STATES[name])[0] in (200, 409)
        elif draw < 0.3 and (submitted := client.submit(graph)):
            client.cancel(graph, submitted)
        else:
            checks = [check_list, check_page, call_control, check_export]
            client.rng.choice(checks)(client, graph)
        return []

    in_threads(ges, act)

    client = Client(ges, 0)
    check_list(client, "movie")
    client.control("POST", "reset")
    assert [client.list(graph)[1] for graph in GRAPHS] in ([5, 5], [7, 7])
    client.close()


def check_export(client: Client, _: str) -> None:
    """Assert that the graphs of an exported state come from a single load."""
    status, exported = client.control("GET", "state")
    assert status in (200, 409), exported
    if status == 200:
        names = {
            job["jobId"].partition("-")[0]
            for graph in exported["graphs"].values()
            for job in graph["jobs"]
            if "-" in job["jobId"]
        }
        assert len(names) == 1, names


def descriptors() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


def test_memory_and_descriptors_are_flat_after_many_threads(ges: GesMock) -> None:
    def act(client: Client) -> list[str]:
        graph = client.rng.choice(GRAPHS)
        client.rng.choice([check_list, check_page, call_control])(client, graph)
        client.submit(graph)
        return []

    def held() -> int:
        in_threads(ges, act)
        ges.reset()
        until(lambda: descriptors() == idle)
        gc.collect()
        return sys.getallocatedblocks()

    idle = descriptors()
    held()
    before = held()

    assert held() < before * 1.02
