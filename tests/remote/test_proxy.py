"""A proxy forwards requests and answers, journals them, and injects faults."""

import gzip
import json
import logging
import re
import socket
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from conftest import until
from other_server import OK, Act, OtherServer, ask, hang_up, journal, lines, reset, wait

from gesmock import GesMock
from gesmock.fake import handle
from gesmock.faults import FaultRule
from gesmock.model.errors import InvalidInput
from gesmock.model.messages import Request
from gesmock.remote.proxy import ProxyServer
from gesmock.remote.target import SignIn, Target

BODY = {"edgesetPath": "a", "obsParameters": {"accessKey": "AK", "secretKey": "SK"}}
IMPORT = "action?action_id=import-graph"


GRAPH = "/ges/v1.0/p/graphs/g"
LISTED = f"{GRAPH}/jobs/status?limit=2"
LIST = (
    b'{"jobs":[{"jobId":"a","status":"success"},{"jobId":"b","status":"running"}],"totalCount":2}'
)


@contextmanager
def proxy_for(
    server: OtherServer, allow_hosts: Sequence[str] = (), **options: Any
) -> Iterator[ProxyServer]:
    """A proxy in front of *server*."""
    target = Target.of(server.url, "p", "g", **options)
    with ProxyServer(target, allow_hosts=allow_hosts) as started:
        yield started


def get(target: str, *headers: str) -> bytes:
    """The bytes of a GET request for *target*."""
    ends = (
        () if any(header.startswith("Connection") for header in headers) else ("Connection: close",)
    )
    named = [f"GET {target} HTTP/1.1", "Host: localhost", *ends, *headers]
    return "\r\n".join([*named, "\r\n"]).encode()


@pytest.fixture
def proxy(ges: GesMock) -> Iterator[ProxyServer]:
    with ProxyServer(Target.of(ges.jobs_url())) as started:
        yield started


def graph(ges: GesMock, proxy: ProxyServer) -> str:
    """The graph, as it is reached through the proxy."""
    return ges.graph_url().replace(ges.url, proxy.url)


def test_requests_through_a_proxy_are_events(ges: GesMock, proxy: ProxyServer) -> None:
    with socket.create_connection(
        ("127.0.0.1", int(proxy.url.rpartition(":")[2])), timeout=10
    ) as client:
        client.sendall(get("/_gesmock/events"))
        received = b""
        while b"event: faults" not in received:
            received += client.recv(2**16)
        requests.get(f"{graph(ges, proxy)}/jobs/status", timeout=10)
        while b"event: request" not in received:
            received += client.recv(2**16)

    assert b"event: clock" in received


def arm(proxy: ProxyServer, **fields: Any) -> None:
    from msgspec import convert

    proxy.fake.default.faults.arm(convert(fields, FaultRule))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "jobs/status?limit=3&offset=2"),
        ("GET", "jobs/status?limit=none"),
        ("GET", "jobs/nobody/status"),
        ("GET", "nothing?a=%C3%A9&a=b"),
        ("PUT", "jobs/status"),
        ("DELETE", "jobs/nobody"),
        ("GET", "../../p2/graphs/g%2Fh/jobs/status"),
    ],
)
def test_answers_are_forwarded_byte_for_byte(
    ges: GesMock, proxy: ProxyServer, method: str, path: str
) -> None:
    ges.restart(generate=10)

    direct = requests.request(method, f"{ges.graph_url()}/{path}")
    passed = requests.request(method, f"{graph(ges, proxy)}/{path}")

    assert (passed.status_code, passed.content) == (direct.status_code, direct.content)
    changing = ("Date", "TraceID", "X-Request-Id")
    assert {n: v for n, v in passed.headers.items() if n not in changing} == {
        n: v for n, v in direct.headers.items() if n not in changing
    }
    first, second = [entry.query for entry in ges.journal]
    assert first == second


def test_only_the_service_says_what_a_wrong_url_probably_meant(
    ges: GesMock, proxy: ProxyServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gesmock.service")

    requests.get(f"{graph(ges, proxy)}/job/status")

    of_the_service, hint, of_the_proxy = caplog.messages
    assert " 404 " in of_the_service
    assert hint.startswith("no operation serves this: ")
    assert " 404 " in of_the_proxy


def test_head_has_the_content_length_of_get(ges: GesMock, proxy: ProxyServer) -> None:
    got = requests.get(f"{graph(ges, proxy)}/jobs/status")
    head = requests.head(f"{graph(ges, proxy)}/jobs/status")

    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert head.content == b""


def test_a_submission_is_forwarded_and_journaled_with_its_job(
    ges: GesMock, proxy: ProxyServer
) -> None:
    answer = requests.post(f"{graph(ges, proxy)}/{IMPORT}", json=BODY)
    job_id = answer.json()["jobId"]
    requests.get(f"{graph(ges, proxy)}/jobs/{job_id}/status")
    requests.get(f"{graph(ges, proxy)}/jobs/status")

    submission, status, listing = proxy.fake.default.journal.entries()
    assert submission.operation == "import_graph"
    assert submission.job_id == job_id
    assert submission.body == {"edgesetPath": "a"}
    assert status.statuses == {job_id: "pending"}
    assert (listing.statuses, listing.returned, listing.total) == ({job_id: "pending"}, 1, 1)
    [submitted_entry] = [entry for entry in ges.journal if entry.operation == "import_graph"]
    assert submitted_entry.job_id == job_id


@pytest.mark.parametrize("statements", [[{"statement": "a", "executionMode": "async"}], "none"])
def test_a_cypher_query_is_journaled_with_its_job(
    ges: GesMock, proxy: ProxyServer, statements: Any
) -> None:
    answer = requests.post(
        f"{graph(ges, proxy)}/action?action_id=execute-cypher-query",
        json={"statements": statements},
    )

    [entry] = proxy.fake.default.journal.entries()
    results = answer.json()["results"]
    assert entry.job_id == (results[0]["jobId"] if results else None)


def test_a_body_that_is_not_json_is_forwarded(ges: GesMock, proxy: ProxyServer) -> None:
    answer = requests.post(f"{graph(ges, proxy)}/{IMPORT}", data=b"{\xff")

    assert answer.json()["errorCode"] == "GES.8013"
    assert proxy.fake.default.journal.entries()[0].body is None


def test_the_proxy_reports_findings_about_the_client(ges: GesMock, proxy: ProxyServer) -> None:
    for _ in range(2):
        requests.get(f"{graph(ges, proxy)}/jobs/status?limit=none")

    report = requests.get(f"{proxy.url}/_gesmock/findings").json()

    assert [finding["code"] for finding in report["findings"]] == ["GM107"]


# --- Faults ---------------------------------------------------------------------------------------


def test_a_fault_before_the_commit_keeps_the_request_from_the_target(
    ges: GesMock, proxy: ProxyServer
) -> None:
    arm(proxy, operation="list_jobs", fault=503, times=1)

    statuses = [requests.get(f"{graph(ges, proxy)}/jobs/status").status_code for _ in range(2)]

    assert statuses == [503, 200]
    assert len([*ges.journal]) == 1
    assert [entry.fault for entry in proxy.fake.default.journal.entries()] == ["f1#1", None]


def test_a_fault_after_the_commit_hides_the_answer_of_the_target(
    ges: GesMock, proxy: ProxyServer
) -> None:
    arm(proxy, operation="import_graph", fault={"kind": "reset"}, phase="after")

    with pytest.raises(requests.ConnectionError):
        requests.post(f"{graph(ges, proxy)}/{IMPORT}", json=BODY)

    [job] = ges.jobs()
    assert proxy.fake.default.journal.entries()[0].job_id == job.job_id


def test_a_fault_may_alter_a_forwarded_answer(ges: GesMock, proxy: ProxyServer) -> None:
    arm(proxy, fault={"kind": "malformed"})

    answer = requests.get(f"{graph(ges, proxy)}/jobs/status")

    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_list_faults_are_refused(ges: GesMock, proxy: ProxyServer) -> None:
    fault = {"operation": "list_jobs", "fault": {"kind": "insert_jobs", "count": 1}}

    refused = requests.post(f"{proxy.url}/_gesmock/faults", json=fault)

    assert refused.status_code == 400
    assert refused.json()["error"] == (
        "$.fault.kind: 'insert_jobs' needs the jobs of a fake; a proxy has none"
    )
    with pytest.raises(InvalidInput):
        ProxyServer(Target.of(ges.jobs_url()), faults=fault)


def test_a_client_may_prefer_an_error(ges: GesMock, proxy: ProxyServer) -> None:
    url = f"{graph(ges, proxy)}/jobs/status"

    assert requests.get(url, headers={"Prefer": "code=404"}).json()["errorCode"] == "GES.8000"
    assert requests.get(url, headers={"Prefer": "code=abc"}).status_code == 400
    assert [entry["status"] for entry in journal(proxy.url)] == [404, 400]
    assert not [*ges.journal]


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ({"kind": "truncate", "after_bytes": 3}, b'{"j'),
        ({"kind": "drip", "parts": 3, "seconds": 0.01}, LIST),
        ({"kind": "delay", "seconds": 0.01}, LIST),
        ({"kind": "malformed"}, LIST[:-1] + b","),
        ({"kind": "error", "status": 503}, b'{"errorMessage":"Engine service unavailable."'),
    ],
)
def test_an_affected_answer_names_the_fault(fault: dict[str, Any], answer: bytes) -> None:
    length = f"Content-Length: {len(LIST)}\r\n\r\n".encode()
    came = b"HTTP/1.1 200 OK\r\nX-Gesmock-Fault: f9#9\r\nX-Mine: 1\r\n" + length
    with OtherServer(came + LIST) as server, proxy_for(server) as proxy:
        arm(proxy, operation="list_jobs", fault=fault)
        sent = ask(proxy.url, get(LISTED))
        [entry] = proxy.fake.default.journal.entries()

    assert sent.partition(b"\r\n\r\n")[2].startswith(answer)
    assert entry.fault == "f1#1"
    assert "X-Gesmock-Fault: f1#1" in lines(sent)
    assert ("X-Mine: 1" in lines(sent)) == (fault["kind"] != "error")


@pytest.mark.parametrize("kind", ["reset", "close", "garbage"])
@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_fault_may_break_the_connection(kind: str, phase: str) -> None:
    with OtherServer() as server, proxy_for(server) as proxy:
        arm(proxy, operation="list_jobs", fault={"kind": kind}, phase=phase)
        try:
            answer = ask(proxy.url, get(LISTED))
        except ConnectionResetError:
            answer = b"reset"
        [entry] = proxy.fake.default.journal.entries()

    assert answer == {"reset": b"reset", "close": b"", "garbage": b"This is not HTTP.\r\n"}[kind]
    assert (entry.connection, entry.fault, entry.phase) == (kind, "f1#1", phase)
    assert len(server.received) == (phase == "after")


def test_the_journal_marks_a_client_that_gave_up(proxy: ProxyServer) -> None:
    arm(proxy, fault={"kind": "delay", "seconds": 60}, times=1)

    with pytest.raises(requests.ReadTimeout):
        requests.get(proxy.url + LISTED, timeout=0.3)
    requests.get(proxy.url + LISTED)

    entries = proxy.fake.default.journal.entries
    until(lambda: entries()[0].gave_up)
    assert not entries()[1].gave_up


def test_headers_of_a_fault_replace_ours_in_any_spelling(proxy: ProxyServer) -> None:
    named = {"content-type": "text/html", "date": "today", "SERVER": "mine", "x-a": "b"}
    arm(proxy, fault={"kind": "error", "status": 503, "headers": named})

    answer_lines = [line for line in lines(ask(proxy.url, get(LISTED))) if ": " in line]

    headers = {name.lower(): value for name, value in (line.split(": ") for line in answer_lines)}
    assert len(headers) == len(answer_lines)
    assert {name: headers[name.lower()] for name in named} == named


@pytest.mark.parametrize("text", [b"", b"{}"])
def test_an_empty_body_stays_empty_when_malformed(text: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)
    with OtherServer(answer) as server, proxy_for(server) as proxy:
        arm(proxy, operation="list_jobs", fault={"kind": "malformed"})

        assert requests.get(proxy.url + LISTED).content == (b"{," if text else b"")


@pytest.mark.parametrize(
    "armed",
    [
        {"fault": {"kind": "shrink_total"}},
        {"script": [503, {"kind": "cap_limit", "limit": 1}]},
        {
            "fault": {"kind": "outage", "from_s": 0, "until_s": 9},
            "script": [{"kind": "repeat_row"}],
        },
    ],
)
def test_list_faults_inside_other_faults_are_refused(
    proxy: ProxyServer, armed: dict[str, Any]
) -> None:
    refused = requests.post(
        f"{proxy.url}/_gesmock/faults", json={"operation": "list_jobs", **armed}
    )

    assert refused.status_code == 400
    assert not [*proxy.fake.default.faults]


def test_a_proxy_has_no_scenarios(proxy: ProxyServer) -> None:
    answer = requests.get(f"{proxy.url}/_gesmock/scenario")

    assert answer.json() == {"scenario": None, "changed": False, "scenarios": []}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "provider-states", {"state": "movies"}),
        ("PUT", "state", {"graphs": {}}),
        ("PUT", "scenario", {"scenario": "movies"}),
        ("POST", "jobs", {"graph": "g", "job": {}}),
        ("PATCH", "jobs/a", {"status": "success"}),
        ("DELETE", "jobs/a", None),
        ("PUT", "graphs/g", {}),
        ("POST", "projects/other/generate", {"count": 3}),
    ],
)
def test_control_calls_that_change_jobs_are_refused(
    proxy: ProxyServer, method: str, path: str, body: Any
) -> None:
    arm(proxy, operation="list_jobs", fault={"kind": "error", "status": 503})

    refused = requests.request(method, f"{proxy.url}/_gesmock/{path}", json=body)

    assert (refused.status_code, refused.json()["error"]) == (
        409,
        "a proxy has no jobs of its own: it shows those of the server behind it",
    )
    assert len([*proxy.fake.default.faults]) == 1


# --- Failures of the target -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [
        (hang_up, 502, "connection_terminated"),
        (reset, 502, "connection_terminated"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", 502, "http_protocol_error"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", 502, "http_response_incomplete"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: %05000d\r\n\r\n{" % 9, 502, "http_protocol_error"),
        (wait, 504, "http_response_timeout"),
    ],
)
def test_a_failure_of_the_target_is_answered_and_journaled(
    answer: bytes | Act, status: int, kind: str
) -> None:
    def once(connection: socket.socket) -> None:
        connection.sendall(answer) if isinstance(answer, bytes) else answer(connection)

    with OtherServer(once) as server, proxy_for(server, timeout_s=0.2) as proxy:
        reply = requests.get(proxy.url + LISTED)
        report = requests.get(f"{proxy.url}/_gesmock/report").json()
        [entry] = journal(proxy.url)

    assert reply.status_code == entry["status"] == status
    assert reply.json()["errorCode"] == "GES.8602"
    assert reply.json()["errorMessage"].startswith(f"{server.url}: ")
    assert reply.headers["Proxy-Status"] == f"gesmock; error={kind}"
    assert entry["reply_headers"]["Proxy-Status"] == f"gesmock; error={kind}"
    assert (entry["operation"], entry["number"]) == ("list_jobs", 1)
    assert reply.headers["X-Request-Id"] == entry["reply_headers"]["X-Request-Id"]
    assert [(cell["status"], cell["count"]) for cell in report["coverage"]["cells"]] == [
        (status, 1)
    ]


def test_a_target_that_refuses_connections_is_a_502(ges: GesMock) -> None:
    url = ges.jobs_url()
    ges.stop()
    try:
        with ProxyServer(Target.of(url)) as proxy:
            answer = requests.get(url.replace(url.split("/ges/", maxsplit=1)[0], proxy.url))
            [entry] = proxy.fake.default.journal.entries()
    finally:
        ges.start()

    assert answer.status_code == entry.status == 502
    assert answer.json()["errorMessage"].endswith(
        ": nothing is listening there (connection refused)"
    )


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("application/json", b"[" * 100_000),
        ("application/json", b"1" * 5000),
        ("application/json", b'{"a": 1e999, "b": 99999999999999999999999}'),
        ("application/json", b'"\\ud800"'),
        ("application/json", b"\xff\xfe"),
        ("text/plain", b"\x00"),
    ],
)
def test_any_body_is_forwarded(kind: str, text: bytes) -> None:
    with OtherServer() as server, proxy_for(server) as proxy:
        url = f"{proxy.url}{GRAPH}/action?action_id=import-graph"
        answer = requests.post(url, data=text, headers={"Content-Type": kind})
        entries = journal(proxy.url)

    assert (answer.status_code, len(entries)) == (200, 1)
    assert server.received[0].endswith(b"\r\n\r\n" + text)


@pytest.mark.parametrize(
    "target", [f"{'/%ff%00' * 3}?%ff=%00&=&&a", "/?a=1;b=2", "/ges/v1.0/p/graphs/%C3/jobs/status"]
)
def test_any_url_is_forwarded(target: str) -> None:
    with OtherServer() as server, proxy_for(server) as proxy:
        answer = ask(proxy.url, get(target))

    assert lines(answer)[0] == "HTTP/1.1 200 OK"
    assert lines(server.received[0])[0] == f"GET {target} HTTP/1.1"


# --- Byte by byte -------------------------------------------------------------------------------


def test_the_lines_of_a_request_are_forwarded_unchanged() -> None:
    with OtherServer() as server, proxy_for(server) as proxy:
        ask(
            proxy.url,
            get(
                "//a%2Fb/./c/../?&x=%zz&x=",
                "Accept: a",
                "Accept-Encoding: br, gzip",
                "Accept: b",
                "Cookie: a=1",
                "Cookie: b=2",
                "Connection: close, x-hop",
                "X-Hop: 1",
                "Keep-Alive: 5",
                "TE: trailers",
                "Proxy-Authorization: Basic YTpi",
                "Proxy-Connection: close",
                "Upgrade: h2c",
                "X-Under_Score: 1",
                "Prefer: code=200",
            ),
        )
        [entry] = journal(proxy.url)

    assert lines(server.received[0]) == [
        "GET //a%2Fb/./c/../?&x=%zz&x= HTTP/1.1",
        f"Host: {server.authority}",
        "Accept: a",
        "Accept-Encoding: br, gzip",
        "Accept: b",
        "Cookie: a=1",
        "Cookie: b=2",
        "X-Under_Score: 1",
        "Prefer: code=200",
    ]
    assert (entry["headers"]["accept"], entry["query"]) == ("a,b", {"x": "%zz"})


def test_no_variant_of_a_framing_header_is_forwarded() -> None:
    with OtherServer() as server, proxy_for(server) as proxy:
        variants = ("Transfer_Encoding: chunked", "transfer_encoding: x", "Content_Length: 9")
        ask(proxy.url, get("/a", *variants, "Content-Length: 2") + b"{}")

    assert lines(server.received[0])[2:] == ["Content-Length: 2"]


def test_the_target_gets_the_headers_of_the_client_and_no_others(ges: GesMock) -> None:
    with OtherServer() as server, proxy_for(server) as proxy:
        requests.post(proxy.url + LISTED, json={"a": 1}, headers={"X-Mine": "1"})
        requests.post(server.url + LISTED, json={"a": 1}, headers={"X-Mine": "1"})
        through, directly = ({*lines(request)[1:]} for request in server.received)

    assert through == directly - {"Connection: keep-alive"}


def test_the_client_gets_the_headers_of_the_target_and_no_others() -> None:
    came = b"HTTP/1.1 200 OK\r\nX-Mine: 1\r\nContent-Length: 2\r\n\r\nok"
    with OtherServer(came) as server, proxy_for(server) as proxy:
        answer = ask(proxy.url, get(LISTED))

    assert lines(answer)[1:] == ["X-Mine: 1", "Content-Length: 2", "Connection: close"]


def test_cookies_are_joined_for_the_journal(ges: GesMock) -> None:
    ask(ges.url, get("/ges/x", "Cookie: a=1", "Cookie: b=2"))

    [record] = ges.fake.default.journal.snapshot().records
    assert record.exchange.request.headers["cookie"] == "a=1; b=2"


@pytest.mark.parametrize(
    ("framing", "text", "sent"),
    [
        ("Content-Length: 3", b"a\r\n", ["Content-Length: 3"]),
        ("Content-Length: 0", b"", ["Content-Length: 0"]),
        ("X: 1", b"", ["X: 1"]),
        ("Transfer-Encoding: chunked", b"3\r\na\r\n\r\n0\r\n\r\n", ["Content-Length: 3"]),
    ],
)
def test_a_body_is_forwarded_with_its_length(framing: str, text: bytes, sent: list[str]) -> None:
    with OtherServer() as server, proxy_for(server) as proxy:
        head = get("/a", framing).replace(b"GET", b"DELETE")
        ask(proxy.url, head + text)

    assert lines(server.received[0])[2:] == sent
    assert server.received[0].partition(b"\r\n\r\n")[2] == (b"a\r\n" if b"a" in text else b"")


def test_the_proxy_answers_expect_100_continue_itself() -> None:
    host, port = "127.0.0.1", 0
    with OtherServer() as server, proxy_for(server) as proxy:
        port = int(proxy.url.rpartition(":")[2])
        with socket.create_connection((host, port), 10) as client:
            client.sendall(get("/a", "Expect: 100-continue", "Content-Length: 2"))
            assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            assert not server.received
            client.sendall(b"{}")
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")

    assert not any(line.startswith("Expect") for line in lines(server.received[0]))


def test_the_lines_of_an_answer_are_forwarded_unchanged() -> None:
    came = (
        b"HTTP/1.1 207 Whatever\r\nSet-Cookie: a=1; Path=/\r\nserver: other/1\r\nTraceID: \xe9\r\n"
        b"set-cookie: b=2\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nx-request-id: theirs\r\n"
        b"Access-Control-Allow-Origin: https://a\r\nKeep-Alive: 5\r\nConnection: keep-alive, x-hop\r\n"
        b"X-Hop: 1\r\nProxy-Status: theirs\r\nContent-Length: 2\r\n\r\nok"
    )
    with OtherServer(came) as server, proxy_for(server) as proxy:
        answer = ask(proxy.url, get(LISTED))
        [entry] = journal(proxy.url)

    assert lines(answer) == [
        "HTTP/1.1 207 Multi-Status",
        "Set-Cookie: a=1; Path=/",
        "server: other/1",
        "TraceID: \xe9",
        "set-cookie: b=2",
        "Date: Thu, 01 Jan 2026 00:00:00 GMT",
        "x-request-id: theirs",
        "Access-Control-Allow-Origin: https://a",
        "Proxy-Status: theirs",
        "Content-Length: 2",
        "Connection: close",
    ]
    assert answer.endswith(b"\r\n\r\nok")
    assert entry["reply_headers"]["X-Request-Id"] == "theirs"
    assert entry["reply_headers"]["TraceID"] == "\xe9"


@pytest.mark.parametrize(
    ("method", "came", "length", "body"),
    [
        (
            "GET",
            b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n",
            "3",
            b"ok!",
        ),
        ("GET", b"200 OK\r\nConnection: close\r\n\r\nok", "2", b"ok"),
        ("GET", b"204 No Content\r\n\r\n", None, b""),
        ("GET", b"204 No Content\r\nContent-Length: 0\r\n\r\n", None, b""),
        ("GET", b"304 Not Modified\r\nETag: a\r\n\r\n", None, b""),
        ("GET", b"304 Not Modified\r\nContent-Length: 9\r\n\r\n", "9", b""),
        ("HEAD", b"200 OK\r\nContent-Length: 9\r\n\r\n", "9", b""),
        ("HEAD", b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", None, b""),
        ("HEAD", b"200 OK\r\n\r\n", None, b""),
        ("HEAD", b"404 Not Found\r\nContent-Length: 5\r\n\r\n", "5", b""),
        ("GET", b"999 Odd\r\nContent-Length: 0\r\n\r\n", "0", b""),
    ],
)
def test_the_length_of_an_answer_is_that_of_the_target(
    method: str, came: bytes, length: str | None, body: bytes
) -> None:
    def once(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 " + came)

    with OtherServer(once) as server, proxy_for(server) as proxy:
        head = get(LISTED).replace(b"GET", method.encode())
        answer = ask(proxy.url, head)
        [entry] = journal(proxy.url)

    headers = dict(line.split(": ") for line in lines(answer)[1:])
    assert (headers.get("Content-Length"), "Content-Type" in headers) == (length, False)
    assert answer.partition(b"\r\n\r\n")[2] == body
    assert entry["status"] == int(came[:3])


@pytest.mark.parametrize(
    ("coding", "pack", "read"),
    [
        ("gzip", gzip.compress, True),
        ("deflate", zlib.compress, True),
        ("identity", bytes, True),
        ("br", lambda text: b"\x8b" + text, False),
        ("gzip", bytes, False),
    ],
)
def test_a_compressed_answer_is_forwarded_as_it_is_and_read_for_the_journal(
    coding: str, pack: Any, read: bool
) -> None:
    body = pack(LIST)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    with OtherServer(head.encode() + body) as server, proxy_for(server) as proxy:
        answer = ask(proxy.url, get(LISTED))
        [entry] = journal(proxy.url)

    assert answer.partition(b"\r\n\r\n")[2] == body
    assert entry["statuses"] == ({"a": "success", "b": "running"} if read else None)
    assert entry["reply_body"] == (LIST.decode() if read else None)


@pytest.mark.parametrize(
    ("path", "body", "journaled"),
    [
        ("jobs/status", '{"jobs": []}', ({}, 0, None)),
        ("jobs/status", '{"jobs": [{"job_id": "a", "status": "x"}]}', ({"a": "x"}, 1, None)),
        ("jobs/status", '{"jobs": [{"jobId": "a", "status": 3}], "totalCount": 7}', ({}, 1, 7)),
        ("jobs/status", '{"jobs": [3]}', (None, None, None)),
        ("jobs/status", '{"jobs": {}}', (None, None, None)),
        ("jobs/status", "[]", (None, None, None)),
        ("jobs/a/status", '{"status": "running"}', ({"a": "running"}, None, None)),
        ("jobs/a/status", '{"status": 3}', (None, None, None)),
        ("jobs/a/status", "running", (None, None, None)),
    ],
)
def test_the_statuses_in_an_answer_are_journaled(
    path: str, body: str, journaled: tuple[Any, ...]
) -> None:
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    with OtherServer(answer) as server, proxy_for(server) as proxy:
        requests.get(f"{proxy.url}{GRAPH}/{path}")
        [entry] = journal(proxy.url)

    assert (entry["statuses"], entry["returned"], entry["total"]) == journaled


def test_a_long_head_is_forwarded_whole_and_journaled_in_part() -> None:
    with OtherServer() as server, proxy_for(server) as proxy:
        requests.get(proxy.url + LISTED, headers={"X-Long": "long " * 1000 + "end"})
        [entry] = proxy.fake.default.journal.entries()

    assert f"X-Long: {'long ' * 1000}end" in lines(server.received[0])
    assert entry.headers["x-long"].startswith("long long ")
    assert entry.headers["x-long"].endswith("...")


def test_a_long_list_is_forwarded_byte_for_byte(ges: GesMock) -> None:
    ges.restart(generate=20_000)
    with ProxyServer(Target.of(ges.jobs_url())) as proxy:
        direct = requests.get(ges.jobs_url())
        passed = requests.get(f"{graph(ges, proxy)}/jobs/status")
        [entry] = journal(proxy.url)

    assert passed.content == direct.content
    assert (entry["returned"], entry["statuses"], len(passed.content) > 2**22) == (
        20_000,
        None,
        True,
    )


# --- Who may send requests, and secrets -----------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "headers", "reason"),
    [
        (LISTED, ("Origin: http://evil.example",), "Origin: 'http://evil.example': pages of"),
        (LISTED, ("Origin: null",), "Origin: 'null': pages of other sites are refused"),
        (LISTED, ("Sec-Fetch-Site: cross-site",), "Sec-Fetch-Site: cross-site: pages of"),
        (f"http://evil.example{LISTED}", (), "Host: 'evil.example' is not a known name"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_requests_from_the_pages_of_other_sites_are_refused(
    method: str, target: str, headers: tuple[str, ...], reason: str
) -> None:
    with OtherServer() as server, proxy_for(server, sign_in=SignIn("s3cr3t-token")) as proxy:
        request = get(target, *headers).replace(b"GET", method.encode())
        answer = ask(proxy.url, request)
        entries = journal(proxy.url)

    assert lines(answer)[0] == "HTTP/1.1 403 Forbidden"
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["errorMessage"].startswith(reason)
    assert not any("Access-Control" in line for line in lines(answer))
    assert (server.received, entries) == ([], [])


def test_unknown_host_names_are_refused() -> None:
    with OtherServer() as server, proxy_for(server, allow_hosts=["Known.example"]) as proxy:
        status_lines = [
            lines(
                ask(
                    proxy.url,
                    f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode(),
                )
            )[0]
            for host in ("evil.example", "known.example:8080", "localhost", "[::1]:99")
        ]

    assert [line.split()[1] for line in status_lines] == ["403", "200", "200", "200"]


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ("http://localhost:1/a?b#c", "/a?b"),
        ("http://127.0.0.1", "/"),
        ("http://127.0.0.1?a", "/?a"),
        ("HTTPS://me@localhost//x//", "//x//"),
        ("//evil.example/a", "//evil.example/a"),
        ("/http://evil.example/", "/http://evil.example/"),
    ],
)
def test_every_request_goes_to_the_target(target: str, sent: str) -> None:
    with OtherServer() as server, proxy_for(server) as proxy:
        ask(proxy.url, get(target))

    assert lines(server.received[0])[:2] == [f"GET {sent} HTTP/1.1", f"Host: {server.authority}"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_other_addresses_than_loopback_need_permission(host: str) -> None:
    with pytest.raises(InvalidInput) as error:
        ProxyServer(Target.of("http://h", "p", "g"), host=host)

    assert str(error.value) == (
        f"--host: {host!r} can be reached from other machines, which would act with your credentials; "
        "--allow-others permits it"
    )


def test_no_secret_reaches_journal_or_log(caplog: pytest.LogCaptureFixture) -> None:
    sign_in = SignIn("", "the-access-key", "the-secret-key", "the-security-token")
    theirs = "their-own-token"
    body = f'{{"jobs":[],"errorMessage":"{theirs}"}}'
    answer = (
        f"HTTP/1.1 200 OK\r\nX-Subject-Token: subject\r\nSet-Cookie: sid=session-id\r\n"
        f"X-Echo: {theirs} the-secret-key the-cookie\r\nLocation: /a?x={theirs}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    caplog.set_level(logging.DEBUG, "gesmock")
    with OtherServer(answer, OK) as server, proxy_for(server, sign_in=sign_in) as proxy:
        headers = {
            "X-Auth-Token": theirs,
            "Authorization": "SDK-HMAC-SHA256 Access=their-access, Signature=their-signature",
            "Cookie": "sid=the-cookie",
            "X-Mine": f"{theirs} their-access their-signature",
        }
        answered = requests.post(
            f"{proxy.url}{GRAPH}/{theirs}?a={theirs}&password=pw-in-query",
            json={"password": "pw-in-body", "a": [theirs], "b": "the-cookie"},
            headers=headers,
        )
        requests.get(f"{proxy.url}{LISTED}&token=tk-in-query")
        control = f"{proxy.url}/_gesmock"
        texts = "".join(
            requests.get(f"{control}/{path}").text
            for path in ("journal", "journal/har", "findings?codes=GM", "report", "state")
        )

    assert answered.headers["X-Echo"] == f"{theirs} the-secret-key the-cookie"
    assert server.received[0].count(theirs.encode()) == 5
    texts += caplog.text
    assert re.search(r"GET /ges/v1.0/p/graphs/g/jobs/status\?limit=2&token=\*\*\* 200 ", texts)
    for secret in (
        *(theirs, "their-access", "their-signature", "the-cookie", "session-id", "subject"),
        *(
            sign_in.ak,
            sign_in.sk,
            sign_in.security_token,
            "pw-in-query",
            "pw-in-body",
            "tk-in-query",
        ),
    ):
        assert secret not in texts.replace("x-subject", "")


@pytest.mark.parametrize("path", ["jobs/status", "jobs/s3cr3t%2bToken/status", IMPORT])
def test_secrets_in_jobs_are_masked_in_the_journal(path: str) -> None:
    token = "s3cr3t+Token"
    job = {"jobId": f"job-{token}", "status": f"is {token}"}
    body = json.dumps({**job, "jobs": [job], "totalCount": 1}).replace("+", "\\u002b")
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    with OtherServer(answer) as server, proxy_for(server, sign_in=SignIn(token)) as proxy:
        method = "POST" if path == IMPORT else "GET"
        requests.request(method, f"{proxy.url}{GRAPH}/{path}", json={"edgesetPath": "a"})
        [entry] = journal(proxy.url)

    assert (entry["statuses"], entry["job_id"]) == {
        "jobs/status": ({"job-***": "is ***"}, None),
        IMPORT: (None, "job-***"),
    }.get(path, ({"***": "is ***"}, None))
    assert "s3cr3t" not in json.dumps(entry)


def test_secrets_in_headers_are_masked_in_any_encoding() -> None:
    token = "s3cr3t/To+ken="
    quoted = "s3cr3t%2fTo%2bken%3d"
    answer = (
        f"HTTP/1.1 302 Found\r\nLocation: http://h/?back={quoted}&password=N3W\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()
    with OtherServer(answer) as server, proxy_for(server, sign_in=SignIn(token)) as proxy:
        requests.get(
            f"{proxy.url}{LISTED}",
            params={"cb": "http://h/?token=N3W"},
            headers={"Referer": f"http://h/?a={quoted}&token=N3W"},
            allow_redirects=False,
        )
        [entry] = journal(proxy.url)
        archive = requests.get(f"{proxy.url}/_gesmock/journal/har").text

    assert entry["reply_headers"]["Location"] == "http://h/?back=***&password=***"
    assert entry["headers"]["referer"] == "http://h/?a=***&token=***"
    assert entry["query"]["cb"] == "http://h/?token=***"
    for text in (json.dumps(entry), archive):
        assert "s3cr3t" not in text
        assert "N3W" not in text


# --- Signing in -----------------------------------------------------------------------------------


def test_requests_without_a_token_are_signed_in(ges: GesMock) -> None:
    ges.restart(tokens=["secret"])
    target = Target.of(ges.jobs_url(), sign_in=SignIn("secret"))
    with ProxyServer(target) as proxy:
        url = f"{graph(ges, proxy)}/jobs/status"

        assert requests.get(url).status_code == 200
        assert requests.get(url, headers={"X-Auth-Token": "other"}).status_code == 401


@pytest.mark.filterwarnings("ignore:datetime")  # the vendor's SDK calls utcnow()
def test_a_signature_is_replaced(ges: GesMock) -> None:
    target = Target.of(ges.jobs_url(), sign_in=SignIn("", "AK", "SK"))
    with ProxyServer(target) as proxy:
        signed = {"Authorization": "SDK-HMAC-SHA256 Access=a, Signature=b", "X-Mine": "1"}
        requests.get(f"{graph(ges, proxy)}/jobs/status", headers=signed)

    [entry] = ges.journal
    assert entry.headers["x-sdk-date"]
    assert entry.headers["x-mine"] == "1"


# --- Requests in progress -------------------------------------------------------------------------


class Slow:
    """A target that answers once ``let`` is set."""

    def __init__(self) -> None:
        from through_flask import ThroughFlask

        from gesmock.fake.fake import Fake
        from gesmock.web.server import Server

        self.received, self.let = threading.Event(), threading.Event()
        self.server = Server(ThroughFlask(Fake(), lambda: self), "127.0.0.1", 0)

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        self.received.set()
        self.let.wait(10)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"late"]


@pytest.fixture
def slow() -> Iterator[Slow]:
    target = Slow()
    target.server.start()
    yield target
    target.let.set()
    target.server.stop()


def asking(url: str) -> tuple[threading.Thread, list[requests.Response]]:
    answers: list[requests.Response] = []
    thread = threading.Thread(target=lambda: answers.append(requests.get(url)))
    thread.start()
    return thread, answers


def test_a_slow_target_does_not_block_other_requests(slow: Slow) -> None:
    with ProxyServer(Target.of(slow.server.url, "p", "g")) as proxy:
        thread, answers = asking(f"{proxy.url}/ges/v1.0/p/graphs/g/jobs/status")
        assert slow.received.wait(10)

        assert requests.get(f"{proxy.url}/_gesmock/journal").json()["total"] == 0

        slow.let.set()
        thread.join(10)
    assert (answers[0].text, answers[0].headers["Content-Type"]) == ("late", "text/plain")


def test_a_request_in_progress_during_a_reset_leaves_no_trace(slow: Slow) -> None:
    with ProxyServer(Target.of(slow.server.url, "p", "g")) as proxy:
        thread, answers = asking(f"{proxy.url}/ges/v1.0/p/graphs/g/jobs/status")
        assert slow.received.wait(10)

        requests.post(f"{proxy.url}/_gesmock/reset")
        slow.let.set()
        thread.join(10)

        assert not proxy.fake.default.journal.entries()
    assert answers[0].status_code == 503


def test_a_request_in_progress_when_the_proxy_stops_leaves_no_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "gesmock")
    threads = threading.active_count()
    with OtherServer(wait) as server:
        with proxy_for(server) as proxy:
            thread = threading.Thread(target=ask, args=(proxy.url, get(LISTED)))
            thread.start()
            until(lambda: server.received)
        thread.join(10)
        until(lambda: threading.active_count() <= threads + 2)  # two threads of the other server

    assert not proxy.fake.default.journal.entries()
    assert not caplog.records


def test_a_request_from_before_a_reset_is_not_forwarded(ges: GesMock, proxy: ProxyServer) -> None:
    request = Request(operation=None, method="GET", path="/", epoch=0)

    reply = handle.forward(proxy.fake, request, request, lambda: pytest.fail("it was forwarded"))

    assert reply.status == 503


def test_gesmocks_own_pages_are_not_forwarded(ges: GesMock, proxy: ProxyServer) -> None:
    for path in ("/openapi.json", "/docs/", "/demo/", "/_gesmock/health"):
        assert requests.get(proxy.url + path).status_code == 200
    assert not [*ges.journal]
