"""The gateway answers every request to the service with the same bytes as Flask."""

import json
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from http.client import HTTPResponse, RemoteDisconnected
from threading import Event, Thread
from typing import Any

import pytest
from conftest import PROJECT
from hypothesis import example, given, settings
from hypothesis import strategies as st
from through_flask import ThroughFlask

from gesmock.fake.fake import Fake
from gesmock.fake.options import StartOptions
from gesmock.faults import BELOW_HTTP
from gesmock.model import documentation
from gesmock.model.clock import NANOSECONDS, ClockChange
from gesmock.model.generators import Generator
from gesmock.model.jobs import Job, JobRequest
from gesmock.model.messages import ConnectionInfo
from gesmock.model.replies import NO_ENTRY
from gesmock.server.application import Answer
from gesmock.server.parser import Head, Limits, parse
from gesmock.web import create_app
from gesmock.web.gateway import Gateway
from gesmock.web.server import Server

CONNECTION = ConnectionInfo(("127.0.0.1", 1), 0.0)
LIST = f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status"
JOBS = {"jobs": [{"jobId": str(number), "status": "running"} for number in range(3)]}
COMMANDS = [
    row.query["action_id"] for row in documentation.submissions() if "action_id" in row.query
]
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


Answered = tuple[int, str, list[tuple[str, str]], bytes]
"""Status, reason, headers in their order, and body."""


class Client:
    """A client that keeps its connection to a server."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._socket = socket.create_connection(self._address, timeout=10)

    def send(self, request: bytes) -> Answered:
        """The answer to *request*, without its date if that is the real one.

        It is if the answer has no journal entry.
        """
        self._socket.sendall(request)
        answer = HTTPResponse(self._socket, method=request.split(b" ")[0].decode())
        answer.begin()
        body = answer.read()
        if answer.will_close:
            self.close()
            self._socket = socket.create_connection(self._address, timeout=10)
        headers = answer.getheaders()
        if NO_ENTRY.items() <= {*headers}:
            headers = [(name, value) for name, value in headers if name != "Date"]
        return answer.status, answer.reason, headers, body

    def close(self) -> None:
        self._socket.close()


@contextmanager
def three_ways(start: StartOptions) -> Iterator[tuple[list[Client], Fake]]:
    """Clients of equal fakes, and the fake of the first client.

    The first has a gateway, the second a gateway that remembers nothing, the third Flask.
    """
    start = {**start, "clock": {"now": 1_800_000_000, "frozen": True}}
    fakes = [Fake(start, deliverable=BELOW_HTTP) for _ in range(3)]
    gateways = [
        Gateway(fakes[0], partial(create_app, fakes[0])),
        Gateway(fakes[1], partial(create_app, fakes[1]), remembers=False),
        ThroughFlask(fakes[2], partial(create_app, fakes[2])),
    ]
    with ExitStack() as stack:
        clients = []
        for gateway in gateways:
            server = Server(gateway, "127.0.0.1", 0)
            server.start()
            stack.callback(server.stop)
            clients.append(stack.enter_context(closing(Client(server.port))))
        yield clients, fakes[0]


def same_answer(clients: list[Client], sent: bytes) -> Answered:
    """The answer that every one of *clients* gets to the request *sent*."""
    first, *remaining = [client.send(sent) for client in clients]
    assert remaining == [first] * len(remaining)
    return first


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
METHODS = st.sampled_from(["GET"] * 8 + ["HEAD", "POST", "OPTIONS", "DELETE", "PUT", "TRACE"])
PREFLIGHTS = st.sampled_from(
    [
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Method: TRACE",
        "Access-Control-Request-Headers: prefer,x-auth-token",
    ]
)
ACTIONS = st.sampled_from([*COMMANDS, "", "no-such", "%63lear-graph"])
SUBMISSIONS = st.builds("graphs/{}/action?action_id={}".format, GRAPHS, ACTIONS) | st.sampled_from(
    ["graphs/movie/backups", "graphs/movie/action", "hyg/movie/jobs", "hyg/movie/algorithm"]
)
UNKNOWN = st.sampled_from(
    ["/ges/", "/ges//", "/ges/v1.0", "/%67es/v1.0", "//ges/v1.0", "/ges/v1.0/a/graphs?x=%FF&x"]
)
BODIES = st.sampled_from(
    [
        b"",
        b"{",
        b"null",
        b"{}",
        b"[1, 2]",
        b'{"clearMetadata": true}',
        b'{"clearMetadata": true, "pad": "' + b"x" * 70_000 + b'"}',
        b'{"edgesetPath": "o/e", "edgesetFormat": "csv", "schemaPath": "o/s", "logDir": "o/l"}',
        b'{"\xff": 1}',
        b"\xef\xbb\xbf{}",
        b"1e999",
        b"[" * 2000,
    ]
)


def request(
    method: str, target: str, headers: list[str] | tuple[str, ...] = (), body: bytes = b""
) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(method: str, target: str, body: bytes) -> bytes:
    head = request(method, target, ["Content-Type: application/json", "Transfer-Encoding: chunked"])
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:7], body[7:]) if part)
    return head + chunks + b"0\r\n\r\n"


@pytest.mark.hypothesis
@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_a_request_is_answered_with_the_same_bytes_in_every_way(start: StartOptions) -> None:
    with three_ways(start) as (clients, fake):
        job_ids = [job.job_id for _, job in fake.default.graphs.jobs()][:2]
        jobs = f"/ges/v1.0/{PROJECT}/graphs/movie/jobs"
        of_known = st.builds(f"{jobs}/{{}}/status".format, st.sampled_from(job_ids))

        @given(
            METHODS, PATHS | of_known | UNKNOWN, QUERIES, st.lists(HEADERS | PREFLIGHTS, max_size=3)
        )
        @example("GET", LIST, "?limit=2", ["Connection: close"])
        @example("GET", LIST, "?x=\xfc&x=%FF&limit=1", ["Content-Type: "])
        @example("GET", f"/{LIST}", "", [])
        @example("GET", "//_gesmock/health", "", [])
        @example("GET", "/ges/\xfc", "", ["Cookie: a=1", "Cookie: b=2"])
        @example("OPTIONS", LIST, "", ["Access-Control-Request-Method: GET"])
        def reads(method: str, path: str, query: str, headers: list[str]) -> None:
            query = query if "?" not in path else ""
            same_answer(clients, request(method, path + query, headers))

        @given(
            st.sampled_from(["POST", "POST", "POST", "DELETE", "GET", "HEAD", "PUT"]),
            st.builds("/ges/v1.0/{}/{}".format, PROJECTS, SUBMISSIONS)
            | st.builds(f"{jobs}/{{}}".format, IDS | st.sampled_from(job_ids)),
            BODIES,
            st.booleans(),
        )
        def writes(method: str, target: str, body: bytes, in_chunks: bool) -> None:
            send = chunked if in_chunks else partial(request, headers=["Content-Type: text/plain"])
            same_answer(clients, send(method, target, body=body))

        few = settings(max_examples=settings().max_examples // 4)
        few(reads)()
        few(writes)()
        assert {job.job_id for _, job in fake.default.graphs.jobs()} != {*job_ids}


def test_a_broken_delivery_is_the_same_whatever_the_gateway_remembers() -> None:
    faults: Any = [{"script": [{"kind": "drip", "parts": 3, "seconds": 0.003}, {"kind": "close"}]}]
    with three_ways({"faults": faults}) as (clients, _):
        assert same_answer(clients, request("HEAD", LIST))[0] == 200
        for client in clients[:2]:
            with pytest.raises(RemoteDisconnected):
                client.send(request("GET", LIST))


def test_an_error_of_any_status_is_answered_with_the_same_bytes() -> None:
    statuses = [*range(400, 600)]
    faults: Any = [{"script": statuses}]
    with three_ways({"faults": faults}) as (clients, _):
        sent = request("GET", LIST)
        for status in statuses:
            assert same_answer(clients, sent)[0] == status


def test_a_header_that_a_fault_spells_in_its_own_case_is_sent_once() -> None:
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
    with three_ways({"faults": faults}) as (clients, _):
        answer = same_answer(clients, request("GET", LIST))

    names = [name.lower() for name, _ in answer[2]]
    assert len(names) == len(set(names))
    assert set(named.items()) <= set(answer[2])
    assert "access-control-expose-headers" in names


def head(target: str, *headers: str, method: str = "GET") -> Head:
    return parse(request(method, target, headers), Limits())


@pytest.fixture
def fake() -> Fake:
    return Fake({"generate": 3})


def gateway_of(fake: Fake) -> Gateway:
    return Gateway(fake, partial(create_app, fake))


class CalledGateway:
    """A gateway of *fake*, called as its server calls it."""

    def __init__(self, fake: Fake) -> None:
        self._fake, self._gateway = fake, gateway_of(fake)

    def __call__(self, head: Head, body: bytes = b"") -> Any:
        return self._gateway.answer(head, body, self._fake.epochs.current, CONNECTION)


@pytest.mark.parametrize(
    "request_head",
    [
        head(LIST),
        head(f"{LIST}?limit=2&offset=0"),
        head(f"{LIST}?limit=a&x"),
        head(f"{LIST}/"),
        head(LIST.replace("movie", "mov%69e")),
        head(LIST.replace("/ges", "/%67es")),
        head(LIST.replace(PROJECT, "b" * 32)),
        head("/ges/none"),
        head(LIST, method="POST"),
        head(LIST, method="HEAD"),
        head(LIST, "Prefer: code=503"),
        head(LIST, "X-Auth-Token: a", "X-Auth-Token: b"),
        head(LIST.replace("jobs/status", "action?action_id=clear-graph"), method="POST"),
    ],
    ids=lambda head: f"{head.method} {head.target[-30:]} {head.headers[1:]}",
)
def test_a_request_to_the_service_is_answered_in_the_loop(fake: Fake, request_head: Head) -> None:
    assert isinstance(CalledGateway(fake)(request_head), Answer)
    assert len(fake.default.journal) == 1


@pytest.mark.parametrize("path", ["/", "/ges", "/_gesmock/health", "/openapi.json", f"/{LIST}"])
def test_all_other_requests_are_left_to_flask(fake: Fake, path: str) -> None:
    assert not isinstance(CalledGateway(fake)(head(path)), Answer)


def test_while_a_project_is_locked_a_worker_answers(fake: Fake) -> None:
    ask, held, done = CalledGateway(fake), Event(), Event()
    prepared, new = head(LIST), head(LIST)
    assert [ask(prepared).status for _ in range(3)] == [200] * 3

    def work() -> None:
        with fake.default.lock:
            held.set()
            done.wait(10)

    thread = Thread(target=work)
    thread.start()
    held.wait(10)
    during = [ask(prepared), ask(new)]
    done.set()
    thread.join()

    assert not any(isinstance(answer, Answer) for answer in during)
    assert [answer().status for answer in during] == [200] * 2
    assert isinstance(ask(new), Answer)


def test_a_worker_decodes_a_large_body_and_opens_a_project(fake: Fake) -> None:
    submission = head(LIST.replace("jobs/status", "action?action_id=clear-graph"), method="POST")
    decode = CalledGateway(fake)(
        submission, b'{"clearMetadata": true, "pad": "%b"}' % (b"x" * 50_000)
    )
    opens = Fake({"settings": {"open_projects": True}})
    open_ = CalledGateway(opens)(head(LIST.replace(PROJECT, "b" * 32)))

    assert len(fake.default.graphs.jobs()) == 3
    assert (decode().status, len(fake.default.graphs.jobs())) == (200, 4)
    assert opens.projects.get("b" * 32) is None
    assert open_().status == 200
    assert opens.projects.get("b" * 32) is not None


@pytest.mark.parametrize("added", ["together", "one by one", "to another graph"])
def test_if_much_is_due_a_worker_answers(added: str) -> None:
    other = added == "to another graph"
    fake = Fake({"clock": {"frozen": True, "tick_s": 0.001 if other else 0}})
    ask, project = CalledGateway(fake), fake.default
    if added != "one by one":
        graph = "other" if other else None
        order = Generator(count=1500, graph=graph, statuses={"running": 1}, plan="normal")
        project.generate(order)
    else:
        for number in range(1500):
            request = JobRequest("import_graph", "/", "{}")
            project.graphs.add(Job(str(number), "running", request, "normal"))
    project.clock.change(ClockChange(advance_s=0.001))
    assert isinstance(ask(head(LIST)), Answer)

    project.time._passed += 60 * NANOSECONDS  # as if it had run on meanwhile
    later = ask(head(LIST))
    assert not isinstance(later, Answer)

    assert later().status == 200
    assert isinstance(ask(head(LIST)), Answer)


def test_a_long_list_is_encoded_in_a_worker() -> None:
    fake = Fake({"generate": 3, "settings": {"edition": "memory"}})
    encode = CalledGateway(fake)(head(LIST))

    assert not isinstance(encode, Answer)
    assert encode().status == 200


def test_a_remembered_request_does_not_outlive_a_reset(fake: Fake) -> None:
    gateway, request = gateway_of(fake), head(LIST)
    before = fake.epochs.current
    gateway.answer(request, b"", before, CONNECTION)
    fake.reset()

    late = gateway.answer(request, b"", before, CONNECTION)
    now = gateway.answer(request, b"", fake.epochs.current, CONNECTION)

    assert isinstance(late, Answer)
    assert isinstance(now, Answer)
    assert (late.status, now.status) == (503, 200)
    assert b"\r\nDate: " in late.headers


def test_only_so_many_requests_and_answers_are_remembered(fake: Fake) -> None:
    gateway = gateway_of(fake)

    for number in range(1300):
        request = head(f"{LIST}?limit={number}")
        for _ in range(2):
            assert gateway.answer(request, b"", fake.epochs.current, CONNECTION) is not None
    assert len(gateway._requests) < 600
    assert 0 < len(gateway._prepared) < 600


@pytest.mark.parametrize(
    ("status", "reason", "message", "code"),
    [
        (400, "", "Parameter error!", "GES.8005"),
        (413, "It is long.", "It is long.", "GES.8005"),
        (500, "", "Job query error.", "GES.8302"),
        (503, "", "Engine service unavailable.", "GES.8602"),
        (503, "It is full.", "It is full.", "GES.8602"),
    ],
)
def test_a_refusal_of_the_server_blames_the_client_for_its_own_mistakes_only(
    fake: Fake, status: int, reason: str, message: str, code: str
) -> None:
    answer = gateway_of(fake).refuse(status, reason, None)

    assert answer.status == status
    body = json.loads(b"".join(answer.blocks))
    assert body == {"errorMessage": message, "errorCode": code}


UNMATCHED = (
    "GET /ges/%C3%BC 404",
    "no operation serves this: GET /ges/%C3%BC; check the URL and method",
)


def without_times(lines: list[str]) -> list[str]:
    """*lines* of the access log, each without how long the answer took."""
    return [re.sub(r" \d+\.\d ms", "", line) for line in lines]


def test_each_request_is_logged_with_its_status_and_fault(
    fake: Fake, caplog: pytest.LogCaptureFixture
) -> None:
    fake.default.faults.arm("list_jobs", 503, times=1)
    ask = CalledGateway(fake)
    with caplog.at_level(logging.INFO, "gesmock.service"):
        ask(head(LIST))
        ask(head("/ges/%C3%BC"))
    with caplog.at_level(logging.WARNING, "gesmock.service"):
        ask(head(LIST))

    armed = fake.default.faults.armed()[0].id
    assert without_times(caplog.messages) == [f"GET {LIST} 503 {armed}#1", *UNMATCHED]


@pytest.mark.parametrize("through_flask", [False, True])
def test_a_wrong_url_is_logged_with_what_was_probably_meant(
    fake: Fake, caplog: pytest.LogCaptureFixture, through_flask: bool
) -> None:
    wrong = LIST.replace("/jobs/", "/job/")
    with caplog.at_level(logging.INFO, "gesmock.service"):
        for _ in range(2):
            if through_flask:
                create_app(fake).test_client().get(wrong)
            else:
                CalledGateway(fake)(head(wrong))

    hint = "did you mean list_jobs: GET /ges/v1.0/{project_id}/graphs/{graph_name}/jobs/status?"
    hinted = f"no operation serves this: GET {wrong}; {hint}"
    assert without_times(caplog.messages) == [f"GET {wrong} 404", hinted] * 2


@pytest.mark.parametrize(
    ("query", "logged"),
    [
        ("limit=10&offset=20", "limit=10&offset=20"),
        ("Limit&a=%41&a=b+c", "Limit&a=%41&a=b+c"),
        ("X-Auth-Token=S3CRET&limit=1", "X-Auth-Token=***&limit=1"),
        ("x%2Dauth%2Dtok%65n=S3CRET", "x%2Dauth%2Dtok%65n=***"),
        ("token=&a=1", "token=&a=1"),
        ("q=%7B%22password%22%3A%22S3CRET%22%7D", "q=%7B%22password%22%3A%22***%22%7D"),
    ],
)
def test_the_log_has_the_query_without_secrets(
    fake: Fake, caplog: pytest.LogCaptureFixture, query: str, logged: str
) -> None:
    with caplog.at_level(logging.INFO, "gesmock.service"):
        CalledGateway(fake)(head(f"{LIST}?{query}"))

    (line,) = without_times(caplog.messages)
    assert line.startswith(f"GET {LIST}?{logged} ")


def test_a_query_that_another_server_lets_pass_is_logged_in_one_line(
    fake: Fake, caplog: pytest.LogCaptureFixture
) -> None:
    query = "a=\u00c3\u00bc\u00ff&b=\u001b[31m\n"  # as WSGI has it: UTF-8 in Latin-1
    with caplog.at_level(logging.INFO, "gesmock.service"):
        create_app(fake).test_client().get(LIST, environ_overrides={"QUERY_STRING": query})

    (line,) = caplog.messages
    assert line.startswith(f"GET {LIST}?a=\u00fc\ufffd&b=\\x1b[31m\\n ")


def test_preflights_are_logged(fake: Fake, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "gesmock.service"):
        CalledGateway(fake)(head(f"{LIST}?limit=1", method="OPTIONS"))
        create_app(fake).test_client().options(LIST)

    assert without_times(caplog.messages) == [
        f"OPTIONS {LIST}?limit=1 204",
        f"OPTIONS {LIST} 204",
    ]


def test_the_logged_time_of_an_answer_includes_the_delay_of_its_fault(
    fake: Fake, caplog: pytest.LogCaptureFixture
) -> None:
    fake.deliverable |= BELOW_HTTP
    fake.default.faults.arm("list_jobs", fault={"kind": "delay", "seconds": 20})
    with caplog.at_level(logging.INFO, "gesmock.service"):
        CalledGateway(fake)(head(LIST))

    (took,) = re.findall(r" 200 (\d+\.\d) ms", caplog.text)
    assert float(took) >= 20_000
