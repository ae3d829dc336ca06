"""A proxy passes on what is asked and answered, keeps a journal of it, and makes things go wrong."""

import gzip
import json
import logging
import signal
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from conftest import free_port, listens, until
from other_server import OK, Act, OtherServer, ask, hang_up, journal, lines, reset, wait

from gesmock import GesMock, __version__
from gesmock.cli import main as cli
from gesmock.cli import serve as cli_serve
from gesmock.fake import handle
from gesmock.fake.verdict import Verdict
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
def before(
    server: OtherServer, allow_hosts: Sequence[str] = (), **options: Any
) -> Iterator[ProxyServer]:
    """A proxy in front of *server*."""
    target = Target.of(server.url, "p", "g", **options)
    with ProxyServer(target, allow_hosts=allow_hosts) as started:
        yield started


def get(target: str, *headers: str) -> bytes:
    """A request for *target*, byte by byte."""
    ends = () if any(one.startswith("Connection") for one in headers) else ("Connection: close",)
    named = [f"GET {target} HTTP/1.1", "Host: localhost", *ends, *headers]
    return "\r\n".join([*named, "\r\n"]).encode()


@pytest.fixture
def proxy(ges: GesMock) -> Iterator[ProxyServer]:
    with ProxyServer(Target.of(ges.jobs_url())) as started:
        yield started


def graph(ges: GesMock, proxy: ProxyServer) -> str:
    """The graph, as it is reached through the proxy."""
    return ges.graph_url().replace(ges.url, proxy.url)


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
def test_answers_are_passed_on_in_the_same_bytes(
    ges: GesMock, proxy: ProxyServer, method: str, path: str
) -> None:
    ges.restart(generate=10)

    direct = requests.request(method, f"{ges.graph_url()}/{path}")
    passed = requests.request(method, f"{graph(ges, proxy)}/{path}")

    assert (passed.status_code, passed.content) == (direct.status_code, direct.content)
    changing = ("Date", "X-Request-Id")
    assert {n: v for n, v in passed.headers.items() if n not in changing} == {
        n: v for n, v in direct.headers.items() if n not in changing
    }
    first, second = [entry.query for entry in ges.journal]
    assert first == second


def test_a_head_has_the_length_of_the_get(ges: GesMock, proxy: ProxyServer) -> None:
    got = requests.get(f"{graph(ges, proxy)}/jobs/status")
    head = requests.head(f"{graph(ges, proxy)}/jobs/status")

    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert head.content == b""


def test_a_submission_is_passed_on_with_its_body_and_both_are_journaled(
    ges: GesMock, proxy: ProxyServer
) -> None:
    answer = requests.post(f"{graph(ges, proxy)}/{IMPORT}", json=BODY)
    job_id = answer.json()["jobId"]
    requests.get(f"{graph(ges, proxy)}/jobs/{job_id}/status")
    requests.get(f"{graph(ges, proxy)}/jobs/status")

    submitted, shown, listed = proxy.fake.default.journal.entries()
    assert submitted.operation == "import_graph"
    assert submitted.job_id == job_id
    assert submitted.body == {"edgesetPath": "a"}
    assert shown.statuses == {job_id: "pending"}
    assert (listed.statuses, listed.returned, listed.total) == ({job_id: "pending"}, 1, 1)
    [made] = [entry for entry in ges.journal if entry.operation == "import_graph"]
    assert made.job_id == job_id


@pytest.mark.parametrize("statements", [[{"statement": "a", "executionMode": "async"}], "none"])
def test_a_cypher_query_is_journaled_with_its_job(
    ges: GesMock, proxy: ProxyServer, statements: Any
) -> None:
    answer = requests.post(
        f"{graph(ges, proxy)}/action?action_id=execute-cypher-query",
        json={"statements": statements},
    )

    [entry] = proxy.fake.default.journal.entries()
    made = answer.json()["results"]
    assert entry.job_id == (made[0]["jobId"] if made else None)


def test_a_body_that_is_no_json_is_passed_on(ges: GesMock, proxy: ProxyServer) -> None:
    answer = requests.post(f"{graph(ges, proxy)}/{IMPORT}", data=b"{\xff")

    assert answer.json()["errorCode"] == "GES.8013"
    assert proxy.fake.default.journal.entries()[0].body is None


def test_the_client_is_judged(ges: GesMock, proxy: ProxyServer) -> None:
    for _ in range(2):
        requests.get(f"{graph(ges, proxy)}/jobs/status?limit=none")

    told = requests.get(f"{proxy.url}/_gesmock/findings").json()

    assert [one["code"] for one in told["findings"]] == ["GM107"]


# --- What goes wrong ----------------------------------------------------------------------------


def test_a_fault_that_comes_before_keeps_the_request_from_the_other_server(
    ges: GesMock, proxy: ProxyServer
) -> None:
    arm(proxy, operation="list_jobs", fault=503, times=1)

    statuses = [requests.get(f"{graph(ges, proxy)}/jobs/status").status_code for _ in range(2)]

    assert statuses == [503, 200]
    assert len([*ges.journal]) == 1
    assert [entry.fault for entry in proxy.fake.default.journal.entries()] == ["f1#1", None]


def test_a_fault_that_comes_after_hides_what_the_other_server_did(
    ges: GesMock, proxy: ProxyServer
) -> None:
    arm(proxy, operation="import_graph", fault={"kind": "reset"}, phase="after")

    with pytest.raises(requests.ConnectionError):
        requests.post(f"{graph(ges, proxy)}/{IMPORT}", json=BODY)

    [job] = ges.jobs()
    assert proxy.fake.default.journal.entries()[0].job_id == job.job_id


def test_an_answer_may_be_altered(ges: GesMock, proxy: ProxyServer) -> None:
    arm(proxy, fault={"kind": "malformed"})

    answer = requests.get(f"{graph(ges, proxy)}/jobs/status")

    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_what_needs_the_rows_of_a_list_is_refused(ges: GesMock, proxy: ProxyServer) -> None:
    fault = {"operation": "list_jobs", "fault": {"kind": "insert_jobs", "count": 1}}

    refused = requests.post(f"{proxy.url}/_gesmock/faults", json=fault)

    assert refused.status_code == 400
    assert refused.json()["error"] == (
        "$.fault.kind: 'insert_jobs' needs the jobs of a fake; a proxy has none"
    )
    with pytest.raises(InvalidInput):
        ProxyServer(Target.of(ges.jobs_url()), faults=fault)


def test_a_client_may_ask_for_an_error_itself(ges: GesMock, proxy: ProxyServer) -> None:
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
def test_an_answer_that_a_fault_has_hit_carries_its_receipt(
    fault: dict[str, Any], answer: bytes
) -> None:
    length = f"Content-Length: {len(LIST)}\r\n\r\n".encode()
    came = b"HTTP/1.1 200 OK\r\nX-Gesmock-Fault: f9#9\r\nX-Mine: 1\r\n" + length
    with OtherServer(came + LIST) as server, before(server) as proxy:
        arm(proxy, operation="list_jobs", fault=fault)
        found = ask(proxy.url, get(LISTED))
        [entry] = proxy.fake.default.journal.entries()

    assert found.partition(b"\r\n\r\n")[2].startswith(answer)
    assert entry.fault == "f1#1"
    assert "X-Gesmock-Fault: f1#1" in lines(found)
    assert ("X-Mine: 1" in lines(found)) == (fault["kind"] != "error")


@pytest.mark.parametrize("kind", ["reset", "close", "garbage"])
@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_connection_may_break(kind: str, phase: str) -> None:
    with OtherServer() as server, before(server) as proxy:
        arm(proxy, operation="list_jobs", fault={"kind": kind}, phase=phase)
        try:
            found = ask(proxy.url, get(LISTED))
        except ConnectionResetError:
            found = b"reset"
        [entry] = proxy.fake.default.journal.entries()

    assert found == {"reset": b"reset", "close": b"", "garbage": b"This is not HTTP.\r\n"}[kind]
    assert (entry.connection, entry.fault, entry.phase) == (kind, "f1#1", phase)
    assert len(server.asked) == (phase == "after")


def test_the_journal_knows_who_has_gone_before_the_answer(proxy: ProxyServer) -> None:
    arm(proxy, fault={"kind": "delay", "seconds": 60}, times=1)

    with pytest.raises(requests.ReadTimeout):
        requests.get(proxy.url + LISTED, timeout=0.2)
    requests.get(proxy.url + LISTED)

    entries = proxy.fake.default.journal.entries
    until(lambda: entries()[0].gave_up)
    assert not entries()[1].gave_up


def test_a_fault_may_name_headers_as_it_likes(proxy: ProxyServer) -> None:
    named = {"content-type": "text/html", "date": "today", "SERVER": "mine", "x-a": "b"}
    arm(proxy, fault={"kind": "error", "status": 503, "headers": named})

    found = [line for line in lines(ask(proxy.url, get(LISTED))) if ": " in line]

    told = {name.lower(): value for name, value in (line.split(": ") for line in found)}
    assert len(told) == len(found)
    assert {name: told[name.lower()] for name in named} == named


@pytest.mark.parametrize("text", [b"", b"{}"])
def test_a_body_without_rows_may_be_malformed(text: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)
    with OtherServer(answer) as server, before(server) as proxy:
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
def test_what_needs_rows_is_refused_however_it_is_armed(
    proxy: ProxyServer, armed: dict[str, Any]
) -> None:
    refused = requests.post(
        f"{proxy.url}/_gesmock/faults", json={"operation": "list_jobs", **armed}
    )

    assert refused.status_code == 400
    assert not [*proxy.fake.default.faults]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "provider-states", {"state": "movies"}),
        ("PUT", "state", {"graphs": {}}),
        ("POST", "jobs", {"graph": "g", "job": {}}),
        ("PATCH", "jobs/a", {"status": "success"}),
        ("DELETE", "jobs/a", None),
        ("PUT", "graphs/g", {}),
        ("POST", "projects/other/generate", {"count": 3}),
    ],
)
def test_a_proxy_takes_no_jobs_and_keeps_its_faults(
    proxy: ProxyServer, method: str, path: str, body: Any
) -> None:
    arm(proxy, operation="list_jobs", fault={"kind": "error", "status": 503})

    refused = requests.request(method, f"{proxy.url}/_gesmock/{path}", json=body)

    assert (refused.status_code, refused.json()["error"]) == (
        409,
        "a proxy has no jobs of its own: it shows those of the server behind it",
    )
    assert len([*proxy.fake.default.faults]) == 1


# --- What fails ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [
        (hang_up, 502, "connection_terminated"),
        (reset, 502, "connection_terminated"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", 502, "http_protocol_error"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", 502, "http_response_incomplete"),
        (wait, 504, "http_response_timeout"),
    ],
)
def test_a_server_that_fails_is_told_and_journaled(
    answer: bytes | Act, status: int, kind: str
) -> None:
    def once(connection: socket.socket) -> None:
        connection.sendall(answer) if isinstance(answer, bytes) else answer(connection)

    with OtherServer(once) as server, before(server, timeout_s=0.2) as proxy:
        found = requests.get(proxy.url + LISTED)
        report = requests.get(f"{proxy.url}/_gesmock/report").json()
        [entry] = journal(proxy.url)

    assert found.status_code == entry["status"] == status
    assert found.json()["errorCode"] == "GES.8602"
    assert found.json()["errorMessage"].startswith(f"{server.url}: ")
    assert found.headers["Proxy-Status"] == f"gesmock; error={kind}"
    assert entry["reply_headers"]["Proxy-Status"] == f"gesmock; error={kind}"
    assert (entry["operation"], entry["number"]) == ("list_jobs", 1)
    assert found.headers["X-Request-Id"] == entry["reply_headers"]["X-Request-Id"]
    assert [(one["status"], one["count"]) for one in report["coverage"]["cells"]] == [(status, 1)]


def test_a_server_that_does_not_answer_is_502(ges: GesMock) -> None:
    url = ges.jobs_url()
    ges.stop()
    try:
        with ProxyServer(Target.of(url)) as proxy:
            answer = requests.get(url.replace(url.split("/ges/", maxsplit=1)[0], proxy.url))
            [entry] = proxy.fake.default.journal.entries()
    finally:
        ges.start()

    assert answer.status_code == entry.status == 502
    assert answer.json()["errorMessage"].endswith(": nothing listens there (connection refused)")


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
def test_no_body_is_too_odd_to_be_passed_on(kind: str, text: bytes) -> None:
    with OtherServer() as server, before(server) as proxy:
        url = f"{proxy.url}{GRAPH}/action?action_id=import-graph"
        answer = requests.post(url, data=text, headers={"Content-Type": kind})
        entries = journal(proxy.url)

    assert (answer.status_code, len(entries)) == (200, 1)
    assert server.asked[0].endswith(b"\r\n\r\n" + text)


@pytest.mark.parametrize(
    "target", [f"{'/%ff%00' * 3}?%ff=%00&=&&a", "/?a=1;b=2", "/ges/v1.0/p/graphs/%C3/jobs/status"]
)
def test_no_url_is_too_odd_to_be_passed_on(target: str) -> None:
    with OtherServer() as server, before(server) as proxy:
        answer = ask(proxy.url, get(target))

    assert lines(answer)[0] == "HTTP/1.1 200 OK"
    assert lines(server.asked[0])[0] == f"GET {target} HTTP/1.1"


# --- Byte by byte -------------------------------------------------------------------------------


def test_a_request_is_passed_on_line_by_line() -> None:
    with OtherServer() as server, before(server) as proxy:
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

    assert lines(server.asked[0]) == [
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


def test_an_application_sees_cookies_as_one_line(ges: GesMock) -> None:
    ask(ges.url, get("/ges/x", "Cookie: a=1", "Cookie: b=2"))

    [record] = ges.fake.default.journal.snapshot().records
    assert record.request.headers["cookie"] == "a=1; b=2"


@pytest.mark.parametrize(
    ("framing", "text", "sent"),
    [
        ("Content-Length: 3", b"a\r\n", ["Content-Length: 3"]),
        ("Content-Length: 0", b"", ["Content-Length: 0"]),
        ("X: 1", b"", ["X: 1"]),
        ("Transfer-Encoding: chunked", b"3\r\na\r\n\r\n0\r\n\r\n", ["Content-Length: 3"]),
    ],
)
def test_a_body_is_passed_on_with_its_length(framing: str, text: bytes, sent: list[str]) -> None:
    with OtherServer() as server, before(server) as proxy:
        head = get("/a", framing).replace(b"GET", b"DELETE")
        ask(proxy.url, head + text)

    assert lines(server.asked[0])[2:] == sent
    assert server.asked[0].partition(b"\r\n\r\n")[2] == (b"a\r\n" if b"a" in text else b"")


def test_who_waits_for_a_word_is_answered_by_the_proxy() -> None:
    host, port = "127.0.0.1", 0
    with OtherServer() as server, before(server) as proxy:
        port = int(proxy.url.rpartition(":")[2])
        with socket.create_connection((host, port), 10) as client:
            client.sendall(get("/a", "Expect: 100-continue", "Content-Length: 2"))
            assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            assert not server.asked
            client.sendall(b"{}")
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")

    assert not any(line.startswith("Expect") for line in lines(server.asked[0]))


def test_an_answer_is_passed_on_line_by_line() -> None:
    came = (
        b"HTTP/1.1 207 Whatever\r\nSet-Cookie: a=1; Path=/\r\nserver: other/1\r\nTraceID: \xe9\r\n"
        b"set-cookie: b=2\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nx-request-id: theirs\r\n"
        b"Access-Control-Allow-Origin: https://a\r\nKeep-Alive: 5\r\nConnection: keep-alive, x-hop\r\n"
        b"X-Hop: 1\r\nProxy-Status: theirs\r\nContent-Length: 2\r\n\r\nok"
    )
    with OtherServer(came) as server, before(server) as proxy:
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
    assert entry["reply_headers"]["Traceid"] == "\xe9"


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
def test_an_answer_has_the_length_that_it_has(
    method: str, came: bytes, length: str | None, body: bytes
) -> None:
    def once(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 " + came)

    with OtherServer(once) as server, before(server) as proxy:
        head = get(LISTED).replace(b"GET", method.encode())
        found = ask(proxy.url, head)
        [entry] = journal(proxy.url)

    told = dict(line.split(": ") for line in lines(found)[1:])
    assert (told.get("Content-Length"), "Content-Type" in told) == (length, False)
    assert found.partition(b"\r\n\r\n")[2] == body
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
def test_what_is_packed_is_passed_on_as_it_is_and_read_for_the_journal(
    coding: str, pack: Any, read: bool
) -> None:
    body = pack(LIST)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    with OtherServer(head.encode() + body) as server, before(server) as proxy:
        answer = ask(proxy.url, get(LISTED))
        [entry] = journal(proxy.url)

    assert answer.partition(b"\r\n\r\n")[2] == body
    assert entry["statuses"] == ({"a": "success", "b": "running"} if read else None)


@pytest.mark.parametrize(
    ("path", "body", "told"),
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
def test_what_is_shown_of_jobs_is_journaled(path: str, body: str, told: tuple[Any, ...]) -> None:
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    with OtherServer(answer) as server, before(server) as proxy:
        requests.get(f"{proxy.url}{GRAPH}/{path}")
        [entry] = journal(proxy.url)

    assert (entry["statuses"], entry["returned"], entry["total"]) == told


def test_of_a_long_head_the_beginnings_are_journaled_and_all_is_passed_on() -> None:
    with OtherServer() as server, before(server) as proxy:
        requests.get(proxy.url + LISTED, headers={"X-Long": "long " * 1000 + "end"})
        [one] = proxy.fake.default.journal.entries()

    assert f"X-Long: {'long ' * 1000}end" in lines(server.asked[0])
    assert one.headers["x-long"].startswith("long long ")
    assert one.headers["x-long"].endswith("...")


def test_a_long_list_is_passed_on_in_the_same_bytes(ges: GesMock) -> None:
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


# --- For whom -----------------------------------------------------------------------------------


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
def test_another_sites_page_is_refused_and_nothing_passed_on(
    method: str, target: str, headers: tuple[str, ...], reason: str
) -> None:
    with OtherServer() as server, before(server, sign_in=SignIn("s3cr3t-token")) as proxy:
        asked = get(target, *headers).replace(b"GET", method.encode())
        answer = ask(proxy.url, asked)
        entries = journal(proxy.url)

    assert lines(answer)[0] == "HTTP/1.1 403 Forbidden"
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["errorMessage"].startswith(reason)
    assert not any("Access-Control" in line for line in lines(answer))
    assert (server.asked, entries) == ([], [])


def test_a_name_that_was_bound_to_this_machine_is_refused_unless_it_is_known() -> None:
    with OtherServer() as server, before(server, allow_hosts=["Known.example"]) as proxy:
        found = [
            lines(
                ask(
                    proxy.url,
                    f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode(),
                )
            )[0]
            for host in ("evil.example", "known.example:8080", "localhost", "[::1]:99")
        ]

    assert [one.split()[1] for one in found] == ["403", "200", "200", "200"]


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
def test_whatever_a_request_names_it_leads_to_the_target(target: str, sent: str) -> None:
    with OtherServer() as server, before(server) as proxy:
        ask(proxy.url, get(target))

    assert lines(server.asked[0])[:2] == [f"GET {sent} HTTP/1.1", f"Host: {server.authority}"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_other_machines_are_only_let_in_where_that_is_said(host: str) -> None:
    with pytest.raises(InvalidInput) as error:
        ProxyServer(Target.of("http://h", "p", "g"), host=host)

    assert str(error.value) == (
        f"--host: {host!r} can be reached from other machines, which would act with your credentials; "
        "--allow-others permits it"
    )


def test_no_secret_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    who = SignIn("", "the-access-key", "the-secret-key", "the-security-token")
    theirs = "their-own-token"
    body = f'{{"jobs":[],"errorMessage":"{theirs}"}}'
    answer = (
        f"HTTP/1.1 200 OK\r\nX-Subject-Token: subject\r\nSet-Cookie: sid=session-id\r\n"
        f"X-Echo: {theirs} the-secret-key the-cookie\r\nLocation: /a?x={theirs}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    caplog.set_level(logging.DEBUG, "gesmock")
    with OtherServer(answer, OK) as server, before(server, sign_in=who) as proxy:
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
        kept = "".join(
            requests.get(f"{control}/{one}").text
            for one in ("journal", "journal/har", "findings?codes=GM", "report", "state")
        )

    assert answered.headers["X-Echo"] == f"{theirs} the-secret-key the-cookie"
    assert server.asked[0].count(theirs.encode()) == 5
    kept += caplog.text
    assert "GET /ges/v1.0/p/graphs/g/jobs/status 200" in kept
    for secret in (
        *(theirs, "their-access", "their-signature", "the-cookie", "session-id", "subject"),
        *(who.ak, who.sk, who.security_token, "pw-in-query", "pw-in-body", "tk-in-query"),
    ):
        assert secret not in kept.replace("x-subject", "")


@pytest.mark.parametrize("path", ["jobs/status", "jobs/s3cr3t%2bToken/status", IMPORT])
def test_no_secret_is_kept_of_the_jobs_that_an_answer_shows(path: str) -> None:
    token = "s3cr3t+Token"
    job = {"jobId": f"job-{token}", "status": f"is {token}"}
    body = json.dumps({**job, "jobs": [job], "totalCount": 1}).replace("+", "\\u002b")
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    with OtherServer(answer) as server, before(server, sign_in=SignIn(token)) as proxy:
        method = "POST" if path == IMPORT else "GET"
        requests.request(method, f"{proxy.url}{GRAPH}/{path}", json={"edgesetPath": "a"})
        [entry] = journal(proxy.url)

    assert (entry["statuses"], entry["job_id"]) == {
        "jobs/status": ({"job-***": "is ***"}, None),
        IMPORT: (None, "job-***"),
    }.get(path, ({"***": "is ***"}, None))
    assert "s3cr3t" not in json.dumps(entry)


def test_no_secret_is_kept_however_headers_write_it() -> None:
    token = "s3cr3t/To+ken="
    quoted = "s3cr3t%2fTo%2bken%3d"
    answer = (
        f"HTTP/1.1 302 Found\r\nLocation: http://h/?back={quoted}&password=N3W\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()
    with OtherServer(answer) as server, before(server, sign_in=SignIn(token)) as proxy:
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
    for kept in (json.dumps(entry), archive):
        assert "s3cr3t" not in kept
        assert "N3W" not in kept


# --- Who asks -----------------------------------------------------------------------------------


def test_who_does_not_sign_in_is_signed_in(ges: GesMock) -> None:
    ges.restart(tokens=["secret"])
    target = Target.of(ges.jobs_url(), sign_in=SignIn("secret"))
    with ProxyServer(target) as proxy:
        url = f"{graph(ges, proxy)}/jobs/status"

        assert requests.get(url).status_code == 200
        assert requests.get(url, headers={"X-Auth-Token": "other"}).status_code == 401


@pytest.mark.filterwarnings("ignore:datetime")  # the vendor's code asks for the time as of old
def test_a_signature_is_made_anew_for_the_other_server(ges: GesMock) -> None:
    target = Target.of(ges.jobs_url(), sign_in=SignIn("", "AK", "SK"))
    with ProxyServer(target) as proxy:
        signed = {"Authorization": "SDK-HMAC-SHA256 Access=a, Signature=b", "X-Mine": "1"}
        requests.get(f"{graph(ges, proxy)}/jobs/status", headers=signed)

    [entry] = ges.journal
    assert entry.headers["x-sdk-date"]
    assert entry.headers["x-mine"] == "1"


# --- Meanwhile ----------------------------------------------------------------------------------


class Slow:
    """Another server, which answers once it is let, and does something before."""

    def __init__(self) -> None:
        from gesmock.fake.fake import Fake
        from gesmock.web.gateway import Gateway
        from gesmock.web.server import Server

        self.asked, self.let = threading.Event(), threading.Event()
        self.server = Server(Gateway(Fake(), lambda: self, app_only=True), "127.0.0.1", 0)

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        self.asked.set()
        self.let.wait(10)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"late"]


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    made.server.start()
    yield made
    made.let.set()
    made.server.stop()


def asking(url: str) -> tuple[threading.Thread, list[requests.Response]]:
    found: list[requests.Response] = []
    thread = threading.Thread(target=lambda: found.append(requests.get(url)))
    thread.start()
    return thread, found


def test_while_the_other_server_takes_its_time_others_are_answered(slow: Slow) -> None:
    with ProxyServer(Target.of(slow.server.url, "p", "g")) as proxy:
        thread, found = asking(f"{proxy.url}/ges/v1.0/p/graphs/g/jobs/status")
        assert slow.asked.wait(10)

        assert requests.get(f"{proxy.url}/_gesmock/journal").json()["total"] == 0

        slow.let.set()
        thread.join(10)
    assert (found[0].text, found[0].headers["Content-Type"]) == ("late", "text/plain")


def test_what_was_on_its_way_when_the_proxy_was_reset_leaves_no_trace(slow: Slow) -> None:
    with ProxyServer(Target.of(slow.server.url, "p", "g")) as proxy:
        thread, found = asking(f"{proxy.url}/ges/v1.0/p/graphs/g/jobs/status")
        assert slow.asked.wait(10)

        requests.post(f"{proxy.url}/_gesmock/reset")
        slow.let.set()
        thread.join(10)

        assert not proxy.fake.default.journal.entries()
    assert found[0].status_code == 503


def test_what_was_on_its_way_when_the_proxy_was_stopped_leaves_no_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "gesmock")
    before_it = threading.active_count()
    with OtherServer(wait) as server:
        with before(server) as proxy:
            thread = threading.Thread(target=ask, args=(proxy.url, get(LISTED)))
            thread.start()
            until(lambda: server.asked)
        thread.join(10)
        until(lambda: threading.active_count() <= before_it + 2)  # those of the other server

    assert not proxy.fake.default.journal.entries()
    assert not caplog.records


def test_what_was_asked_before_a_reset_is_not_passed_on(ges: GesMock, proxy: ProxyServer) -> None:
    request = Request(operation=None, method="GET", path="/", epoch=0)

    reply = handle.forward(proxy.fake, request, request, lambda: pytest.fail("it was forwarded"))

    assert reply.status == 503


def test_gesmocks_own_pages_are_its_own(ges: GesMock, proxy: ProxyServer) -> None:
    for path in ("/openapi.json", "/docs/", "/_gesmock/health"):
        assert requests.get(proxy.url + path).status_code == 200
    assert not [*ges.journal]


# --- The command line ---------------------------------------------------------------------------


def run(monkeypatch: pytest.MonkeyPatch, visit: Any, *arguments: str) -> Any:
    monkeypatch.setattr(cli_serve, "stop_signals", lambda: visit)
    return CliRunner().invoke(cli.main, ["proxy", "--port", "0", *arguments])


def test_the_command_says_where_it_listens_and_at_the_end_what_it_has_found(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[ProxyServer] = []
    enter = ProxyServer.__enter__

    def entered(self: ProxyServer) -> ProxyServer:
        seen.append(self)
        return enter(self)

    monkeypatch.setattr(ProxyServer, "__enter__", entered)

    def visit() -> None:
        for _ in range(3):
            requests.get(f"{graph(ges, seen[0])}/jobs/status?status=running")

    ran = run(
        monkeypatch,
        visit,
        *("--target", ges.jobs_url(), "--fault", "list_jobs=503,times=1"),
        *("--har", str(tmp_path / "a.har")),
    )

    assert ran.exit_code == 0, ran.output
    first, second, found = ran.stdout.splitlines()
    assert first == f"gesmock {__version__} listening on {seen[0].url} for {ges.url}"
    assert second == f"curl '{graph(ges, seen[0])}/jobs/status'"
    assert found.startswith("GM304 status is not a parameter of this call: GET ")
    archive = json.loads((tmp_path / "a.har").read_text())
    assert [one["response"]["status"] for one in archive["log"]["entries"]] == [503, 200, 200]


def test_beyond_this_machine_a_control_token_is_made(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("--target", ges.jobs_url(), "--host", "0.0.0.0")

    refused = run(monkeypatch, lambda: None, *arguments)
    ran = run(monkeypatch, lambda: None, *arguments, "--allow-others")

    assert (refused.exit_code, refused.stderr[:26]) == (2, "--host: '0.0.0.0' can be r")
    assert ran.stdout.splitlines()[2].startswith("control token: ")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("GESMOCK_TARGET_TOKEN", "s3cr3t\n", "GESMOCK_TARGET_TOKEN: character 7 of 7 is "),
        ("HUAWEICLOUD_SDK_AK", "s3cr3t", "HUAWEICLOUD_SDK_SK: is required with"),
    ],
)
def test_whoever_cannot_sign_in_learns_it_at_start(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)

    ran = run(monkeypatch, lambda: None, "--target", ges.jobs_url())

    assert (ran.exit_code, ran.stderr[: len(told)]) == (2, told)
    assert "s3cr3t" not in ran.output


def test_what_signs_is_missed_at_start(ges: GesMock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", "a")
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", "s")
    monkeypatch.setitem(sys.modules, "huaweicloudsdkcore.auth.credentials", None)

    ran = run(monkeypatch, lambda: None, "--target", ges.jobs_url())

    assert ran.exit_code == 2
    assert ran.stderr.endswith("needs the vendor's SDK: pip install 'gesmock[cloud]'\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--target", "nowhere"), "--target: 'nowhere' is not like http://10.0.0.7:80\n"),
        (("--target", "http://h:80"), "--project-id: is required unless the URL is like http://"),
        (("--fault", "paint=503"), "faults"),
        (("--har", "/nowhere/a.har"), "--har: /nowhere/a.har cannot be written: No such file"),
        (("--har", "."), "--har: . is a directory, not a file\n"),
    ],
)
def test_what_is_wrong_is_told_before_it_listens(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str
) -> None:
    ran = run(monkeypatch, lambda: None, "--target", ges.jobs_url(), *arguments)

    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(told)


def test_it_serves_though_its_standard_output_is_closed(ges: GesMock, tmp_path: Path) -> None:
    har, port = tmp_path / "a.har", free_port()
    command = f'exec "{sys.executable}" -m gesmock proxy --port {port} --har "$1" --target "$2" >&-'
    process = subprocess.Popen(
        ["sh", "-c", command, "sh", str(har), ges.jobs_url()], stderr=subprocess.PIPE, text=True
    )
    until(lambda: process.poll() is not None or listens(port))

    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=10)

    assert (process.returncode, errors) == (0, "")
    assert har.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_as_soon_as_it_listens_costs_no_archive(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: signal.Signals
) -> None:
    har = tmp_path / "a.har"
    begin = ProxyServer.__init__

    def listened(self: ProxyServer, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        signal.raise_signal(number)

    monkeypatch.setattr(ProxyServer, "__init__", listened)
    command = ["proxy", "--port", "0", "--target", ges.jobs_url(), "--har", str(har)]
    ran = CliRunner().invoke(cli.main, command)

    assert ran.exit_code == 0, ran.output
    assert json.loads(har.read_text())["log"]["entries"] == []


def test_a_disk_that_is_full_at_the_end_costs_no_finding(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    monkeypatch.setattr(Verdict, "findings", lambda verdict: ["GM304 of a client"])

    ran = run(
        monkeypatch,
        lambda: None,
        *("--target", ges.jobs_url(), "--har", str(tmp_path / "a.har")),
    )

    assert (ran.exit_code, ran.stdout.splitlines()[2:]) == (2, ["GM304 of a client"])
    assert ran.stderr.endswith("/a.har: cannot be written: No space left on device\n")


def test_where_nobody_reads_its_findings_the_archive_is_written_all_the_same(
    ges: GesMock, tmp_path: Path
) -> None:
    archive = tmp_path / "a.har"
    options = ["--port", "0", "--target", ges.jobs_url(), "--har", str(archive)]
    process = subprocess.Popen(
        [sys.executable, "-m", "gesmock", "proxy", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    curl = process.stdout.readline()
    requests.get(curl.split("'")[1] + "?status=running")  # there is something to tell of
    process.stdout.close()

    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    with process.stderr as errors:
        told = errors.read()

    assert process.wait(10) == 2
    assert told.splitlines()[1:] == ["gesmock: standard output: Broken pipe"]
    assert len(json.loads(archive.read_text())["log"]["entries"]) == 1
