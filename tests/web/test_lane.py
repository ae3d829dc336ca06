"""The fast lane gives the bytes that Flask gives, and leaves to Flask what is unusual."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from threading import Event, Thread
from typing import Any

import pytest
from conftest import PROJECT
from hypothesis import example, given
from hypothesis import strategies as st

from gesmock.fake.fake import Fake
from gesmock.fake.options import StartOptions
from gesmock.model.clock import NANOSECONDS, ClockChange
from gesmock.model.generators import Generator
from gesmock.model.jobs import Job, JobRequest
from gesmock.model.messages import NO_ENTRY
from gesmock.server.application import Answer
from gesmock.server.parser import Head, Limits, parse
from gesmock.web import create_app
from gesmock.web.lane import Lane
from gesmock.web.server import Server

LIST = f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status"
JOBS = {"jobs": [{"jobId": str(number), "status": "running"} for number in range(3)]}
FAULTS: list[Any] = [
    {"operation": "list_jobs", "script": ["ok", 503, {"kind": "error", "status": 404}, 599]},
    {"operation": "show_job", "probability": 0.5, "fault": 500},
]
STARTS: dict[str, StartOptions] = {
    "a few jobs": {"generate": 3},
    "a large page": {"generate": 300},
    "faults": {"generate": 3, "faults": FAULTS},
    "tokens": {"generate": 3, "tokens": ["let me in"]},
    "memory edition": {"generate": 3, "settings": {"edition": "memory"}},
    "any project": {"generate": 3, "settings": {"open_projects": True}},
    "the oldest first": {"generate": 3, "settings": {"order": "oldest_first"}},
}


class Client:
    """A connection that stays, to a server of a fake of its own."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._socket = socket.create_connection(self._address, timeout=10)

    def send(self, request: bytes) -> tuple[int, str, list[tuple[str, str]], bytes]:
        """The answer to *request*: status, reason, headers in their order, and body.

        One that no journal entry stands behind has the real date, which is left out.
        """
        self._socket.sendall(request)
        answer = HTTPResponse(self._socket, method=request.split(b" ")[0].decode())
        answer.begin()
        body = answer.read()
        if answer.will_close:
            self.close()
            self._socket = socket.create_connection(self._address, timeout=10)
        headers = answer.getheaders()
        if ("X-Request-Id", NO_ENTRY) in headers:
            headers = [(name, value) for name, value in headers if name != "Date"]
        return answer.status, answer.reason, headers, body

    def close(self) -> None:
        self._socket.close()


@contextmanager
def both_ways(start: StartOptions) -> Iterator[tuple[Client, Client, Fake]]:
    """Two clients of two equal fakes: one with the lane, whose fake comes along, one without."""
    start = {**start, "clock": {"now": 1_800_000_000, "frozen": True}}
    fakes = [Fake(start), Fake(start)]
    servers = [
        Server(fake, lambda fake=fake: create_app(fake), "127.0.0.1", 0, lane=lane)  # type: ignore[misc]
        for fake, lane in zip(fakes, (True, False), strict=True)
    ]
    clients = []
    try:
        for server in servers:
            server.start()
            clients.append(Client(server.port))
        yield clients[0], clients[1], fakes[0]
    finally:
        for client in clients:
            client.close()
        for server in servers:
            server.stop()


ODD = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#?"))
NUMBERS = st.sampled_from(["0", "1", "2", "00", "1e1", "-1", "+1", "", "999999999999", "%31"])
PAIRS = st.builds("{}={}".format, st.sampled_from(["limit", "offset", "Limit", "x"]), NUMBERS)
QUERIES = st.just("") | st.lists(PAIRS, max_size=4).map("&".join).map("?{}".format)
IDS = st.sampled_from(["status", "a.b", "..", "%73tatus", "a%2Fb", ""]) | ODD
PROJECTS = st.sampled_from([PROJECT, PROJECT.upper(), "b" * 32, "none", ""])
GRAPHS = st.sampled_from(["movie", "movie", "no-graph", "mov%69e", "a.b"]) | ODD
PATHS = st.builds("/ges/v1.0/{}/graphs/{}/jobs/status".format, PROJECTS, GRAPHS) | st.builds(
    "/ges/v1.0/{}/graphs/{}/jobs/{}/status".format, PROJECTS, GRAPHS, IDS
)
HEADERS = st.sampled_from(
    [
        "X-Auth-Token: let me in",
        "X-Auth-Token: wrong",
        "X_Auth_Token: let me in",
        "Origin: http://elsewhere.example",
        "Prefer: code=503",
        "Prefer: example=x",
        "Accept-Encoding: gzip",
        "If-None-Match: *",
        "Range: bytes=0-1",
        "Connection: keep-alive",
        "Connection: close",
        "Content-Length: 0",
    ]
)
METHODS = st.sampled_from(["GET"] * 8 + ["HEAD", "POST", "OPTIONS", "DELETE", "PUT"])


def request(method: str, target: str, headers: list[str] | tuple[str, ...] = ()) -> bytes:
    return "\r\n".join(
        [f"{method} {target} HTTP/1.1", "Host: localhost", *headers, "", ""]
    ).encode()


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_a_request_is_answered_with_the_same_bytes_with_and_without_the_lane(
    start: StartOptions,
) -> None:
    with both_ways(start) as (with_lane, without_lane, fake):
        known = [job.job_id for _, job in fake.default.graphs.jobs()][:2]

        @given(
            METHODS,
            PATHS
            | st.builds(
                f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/{{}}/status".format, st.sampled_from(known)
            ),
            QUERIES,
            st.lists(HEADERS, max_size=3),
        )
        @example("GET", LIST, "?limit=2", ["Connection: close"])
        def same(method: str, path: str, query: str, headers: list[str]) -> None:
            sent = request(method, path + query, headers)
            assert with_lane.send(sent) == without_lane.send(sent)

        same()


def test_an_error_of_any_status_is_answered_with_the_same_bytes() -> None:
    statuses = [*range(400, 600)]
    faults: Any = [{"script": statuses}]
    with both_ways({"faults": faults}) as (with_lane, without_lane, _):
        sent = request("GET", LIST)
        for status in statuses:
            answer = with_lane.send(sent)
            assert answer[0] == status
            assert answer == without_lane.send(sent)


def test_a_header_that_a_fault_names_in_letters_of_its_own_is_sent_once() -> None:
    named = {
        "X-First": "1",
        "content-type": "text/html",
        "date": "today",
        "SERVER": "nginx",
        "access-control-allow-origin": "http://a",
        "Access-Control-Allow-Credentials": "true",
        "X-Request-Ids": "mine",
    }
    faults: Any = [{"fault": {"kind": "error", "status": 503, "headers": named}}]
    with both_ways({"faults": faults}) as (with_lane, without_lane, _):
        sent = request("GET", LIST)
        answer = with_lane.send(sent)
        assert answer == without_lane.send(sent)

    names = [name.lower() for name, _ in answer[2]]
    assert len(names) == len(set(names))
    assert set(named.items()) <= set(answer[2])
    assert "access-control-expose-headers" in names


def head(target: str, *headers: str, method: str = "GET") -> Head:
    return parse(request(method, target, headers), Limits())


@pytest.fixture
def fake() -> Fake:
    return Fake({"generate": 3})


@pytest.mark.parametrize(
    "target",
    [
        LIST,
        f"{LIST}?limit=2&offset=0",
        f"{LIST}?offset=1&offset=2",
        LIST.replace("movie", "no-graph"),
        LIST.replace("status", "some-id/status"),
        LIST.replace("status", "status-/status"),
    ],
)
def test_what_is_plain_is_answered_in_the_lane(fake: Fake, target: str) -> None:
    lane = Lane(fake)

    assert isinstance(lane.answer(head(target), fake.epochs.current), Answer)
    assert len(fake.default.journal) == 1


@pytest.mark.parametrize(
    "unusual",
    [
        head(LIST, method="POST"),
        head(LIST, method="HEAD"),
        head(LIST, "Origin: http://a"),
        head(LIST, "Prefer: code=503"),
        head(LIST, "X-Auth-Token: a", "X-Auth-Token: b"),
        head(LIST, "X_Auth_Token: a"),
        head(LIST.replace("movie", "mov%69e")),
        head(f"{LIST}/"),
        head(f"{LIST}?limit=a"),
        head(f"{LIST}?limit=1&"),
        head(f"{LIST}?limit=1&x=1"),
        head(LIST.replace(PROJECT, "b" * 32)),
    ],
    ids=lambda one: f"{one.method} {one.target[-30:]} {one.headers[1:]}",
)
def test_what_is_unusual_is_left_to_flask(fake: Fake, unusual: Head) -> None:
    assert Lane(fake).answer(unusual, fake.epochs.current) is None
    assert len(fake.default.journal) == 0


def test_a_project_in_which_somebody_is_at_work_is_left_to_flask(fake: Fake) -> None:
    lane, held, done = Lane(fake), Event(), Event()

    def work() -> None:
        with fake.default.lock:
            held.set()
            done.wait(10)

    thread = Thread(target=work)
    thread.start()
    held.wait(10)
    during = lane.answer(head(LIST), fake.epochs.current)
    done.set()
    thread.join()

    assert during is None
    assert lane.answer(head(LIST), fake.epochs.current) is not None


@pytest.mark.parametrize("added", ["together", "one by one", "to another graph"])
def test_where_much_is_due_a_worker_brings_it_about(added: str) -> None:
    other = added == "to another graph"
    fake = Fake({"clock": {"frozen": True, "tick_s": 0.001 if other else 0}})
    lane, project = Lane(fake), fake.default
    if added != "one by one":
        graph = "other" if other else None
        order = Generator(count=1500, graph=graph, statuses={"running": 1}, plan="normal")
        project.generate(order)
    else:
        for number in range(1500):
            request = JobRequest("import_graph", "/", "{}")
            project.graphs.add(Job(str(number), "running", request, "normal"))
    project.clock.change(ClockChange(advance_s=0.001))
    assert lane.answer(head(LIST), fake.epochs.current) is not None

    project.time._passed += 60 * NANOSECONDS  # as if it had run on meanwhile
    assert lane.answer(head(LIST), fake.epochs.current) is None

    project.graphs.settle()
    assert lane.answer(head(LIST), fake.epochs.current) is not None


def test_what_takes_long_is_made_in_a_worker() -> None:
    fake = Fake({"generate": 3, "settings": {"edition": "memory"}})
    make = Lane(fake).answer(head(LIST), fake.epochs.current)

    assert not isinstance(make, Answer)
    assert make is not None
    assert make().status == 200


def test_a_reset_is_seen_by_a_head_that_is_known(fake: Fake) -> None:
    lane, asked = Lane(fake), head(LIST)
    before = fake.epochs.current
    lane.answer(asked, before)
    fake.reset()

    late = lane.answer(asked, before)
    now = lane.answer(asked, fake.epochs.current)

    assert isinstance(late, Answer)
    assert isinstance(now, Answer)
    assert (late.status, now.status) == (503, 200)
    assert b"\r\nDate: " in late.headers


def test_many_heads_are_not_remembered_for_ever(fake: Fake) -> None:
    lane = Lane(fake)

    for number in range(1300):
        assert lane.answer(head(f"{LIST}?limit={number}"), fake.epochs.current) is not None
    assert len(lane._requests) < 600
