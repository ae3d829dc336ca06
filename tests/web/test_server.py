"""The server behind its own socket: bound on return, closed on stop, nothing left behind."""

import json
import multiprocessing
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from urllib.request import urlopen

import httpx
import pytest
import requests
from conftest import until
from raw_client import AUTHORITY, connect, keep, server_context

from gesmock import GesMock
from gesmock.fake.fake import Fake
from gesmock.faults import BELOW_HTTP
from gesmock.server.listener import CannotListen
from gesmock.server.parser import Limits
from gesmock.web import create_app
from gesmock.web.gateway import Gateway
from gesmock.web.guard import Guard
from gesmock.web.server import Server


def serving(fake: Fake | None = None, host: str = "127.0.0.1", port: int = 0) -> Server:
    """A server that is not started yet."""
    fake = fake or Fake()
    return Server(Gateway(fake, lambda: create_app(fake)), host, port)


@pytest.fixture
def server() -> Iterator[Server]:
    created = serving()
    created.start()
    yield created
    created.stop()


def test_it_answers_real_clients_as_soon_as_it_is_started(server: Server) -> None:
    url = f"{server.url}/_gesmock/health"

    assert requests.get(url).json()["ready"]
    assert httpx.get(url, trust_env=False).json()["ready"]


def test_each_kind_of_client_gets_the_same_list() -> None:
    fake = Fake({"generate": 2000, "clock": {"frozen": True}})
    server = serving(fake)
    server.start()
    path = f"/ges/v1.0/{fake.default.project_id}/graphs/movie/jobs/status?limit=1000"
    url = f"{server.url}{path}"
    plain = HTTPConnection("127.0.0.1", server.port)
    try:
        plain.request("GET", path)
        pages = [
            plain.getresponse().read(),
            requests.get(url).content,
            httpx.get(url, trust_env=False).content,
            urlopen(url).read(),
            subprocess.check_output(["curl", "-sS", "--noproxy", "*", url]),
            subprocess.check_output(["curl", "-sS0", "--noproxy", "*", url]),
        ]
    finally:
        plain.close()
        server.stop()

    assert len(set(pages)) == 1
    assert len(json.loads(pages[0])["jobs"]) == 1000


def test_a_connection_is_used_again(server: Server) -> None:
    client = HTTPConnection("127.0.0.1", server.port)
    sockets = set()
    for method, path in [("GET", "/ges"), ("POST", "/_gesmock/reset"), ("GET", "/"), ("HEAD", "/")]:
        client.request(method, path, headers={"Content-Type": "application/json"})
        client.getresponse().read()
        sockets.add(client.sock)
    client.close()

    assert len(sockets) == 1
    assert None not in sockets


def test_fifty_long_polls_do_not_delay_other_requests() -> None:
    answers: list[int] = []
    with GesMock(clock={"frozen": True}) as ges:
        job = ges.add_job(status="running")
        url = f"{ges.url}/_gesmock/jobs/{job.job_id}"
        threads = [
            threading.Thread(
                target=lambda: answers.append(requests.get(f"{url}?wait_s=60").status_code)
            )
            for _ in range(50)
        ]
        for thread in threads:
            thread.start()
        waiters = ges.fake.default.graphs.waiters
        until(lambda: waiters.count == 50)
        assert requests.get(f"{ges.url}/_gesmock/health", timeout=5).ok
        assert requests.get(ges.jobs_url(), timeout=5).ok
        assert requests.patch(url, json={"status": "failed"}, timeout=5).ok
        for thread in threads:
            thread.join()

    assert answers == [200] * 50


def test_it_serves_a_client_while_another_dawdles(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as dawdler:
        dawdler.sendall(b"GET /_gesmock/health HTTP/1.1\r\n")

        assert requests.get(f"{server.url}/_gesmock/health").ok


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01 not http\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"GET http://[::1/ges HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
    ],
)
def test_malformed_http_is_refused_in_the_services_shape_and_prints_nothing(
    server: Server, capfd: pytest.CaptureFixture[str], sent: bytes, status: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(sent)
        answer = b""
        while not answer.endswith(b"}"):
            answer += client.recv(10_000)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] == status
    assert b"Content-Type: application/json" in head
    assert b"X-Request-Id: 0" in head
    assert b"Access-Control-Allow-Origin: *" in head
    assert body == b'{"errorMessage":"Parameter error!","errorCode":"GES.8005"}'
    assert requests.get(f"{server.url}/_gesmock/health").ok
    assert capfd.readouterr() == ("", "")


def test_a_request_that_began_before_a_reset_and_ends_after_it_leaves_no_trace() -> None:
    fake = Fake()
    server = serving(fake)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /ges/late HTTP/1.1\r\nHost: localhost\r\n")
        requests.get(f"{server.url}/_gesmock/health")  # so that the first is accepted
        fake.reset()
        client.sendall(b"\r\n")
        assert b" 503 " in client.recv(1000)

    assert fake.default.verdict.findings() == []
    assert len(fake.default.journal) == 0
    server.stop()


def test_stop_closes_open_connections() -> None:
    server = serving()
    server.start()
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET ")
        requests.get(f"{server.url}/_gesmock/health")  # so that the first is accepted too

        server.stop()

        assert client.recv(100) == b""


def test_after_stop_the_port_is_free_and_no_thread_is_left() -> None:
    before = set(threading.enumerate())
    first = serving()
    first.start()
    requests.get(f"{first.url}/_gesmock/health")

    first.stop()

    again = serving(port=first.port)
    again.stop()
    remaining = [*set(threading.enumerate()) - before]
    [*map(threading.Thread.join, remaining)]  # one that has answered may be ending
    assert not [thread for thread in remaining if thread.is_alive()]


def test_it_listens_on_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    server = serving(host="::1")
    server.start()
    try:
        assert server.url == f"http://[::1]:{server.port}"
        assert requests.get(f"{server.url}/_gesmock/health").ok
    finally:
        server.stop()


def test_a_name_may_mean_an_ipv6_address(monkeypatch: pytest.MonkeyPatch) -> None:
    actual = socket.getaddrinfo("::1", 0, type=socket.SOCK_STREAM)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: actual)
    server = serving(host="localhost")
    monkeypatch.undo()
    server.start()
    try:
        assert requests.get(f"http://[::1]:{server.port}/_gesmock/health").ok
    finally:
        server.stop()


def test_a_port_in_use_is_refused_by_name(server: Server) -> None:
    with pytest.raises(CannotListen) as caught:
        serving(port=server.port)

    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1:{server.port}: Address already in use"
    )


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70 + ".invalid"])
def test_a_host_that_does_not_resolve_is_named_in_the_error(host: str) -> None:
    with pytest.raises(CannotListen, match=f"cannot listen on {host}:0: "):
        serving(host=host)


UNSTOPPED = """
import socket, time
from gesmock import GesMock

ges = GesMock(clock={"frozen": True})
ges.start()
job = ges.add_job(status="running")
client = socket.create_connection(("127.0.0.1", int(ges.url.rpartition(":")[2])))
client.sendall(
    f"GET /_gesmock/jobs/{job.job_id}?wait_s=60 HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n".encode()
)
while not ges.fake.default.graphs.waiters.count:
    time.sleep(0.01)
print(time.time())
"""


def test_a_process_ends_while_its_server_still_has_a_long_poll() -> None:
    printed = subprocess.check_output([sys.executable, "-c", UNSTOPPED], text=True, timeout=50)

    assert time.time() - float(printed) < 5  # the poll would take 60 s


@pytest.mark.parametrize("context", [None, server_context()], ids=["plain", "tls"])
def test_a_forked_child_that_stops_the_server_leaves_its_parents_connections_alone(
    context: ssl.SSLContext | None,
) -> None:
    with (
        GesMock(ssl_context=context) as ges,
        AUTHORITY.cert_pem.tempfile() as trusted,
        requests.Session() as session,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # from Python 3.12 on, forking threads warns
        assert session.get(ges.jobs_url(), verify=trusted).ok
        child = multiprocessing.get_context("fork").Process(target=ges.stop)
        child.start()
        child.join()

        assert child.exitcode == 0
        assert session.get(ges.jobs_url(), timeout=5, verify=trusted).ok
        assert len(ges._server._http.connections) == 1  # type: ignore[union-attr]
        assert requests.get(ges.jobs_url(), timeout=5, verify=trusted).ok


def test_a_client_that_holds_all_connections_does_not_lock_a_tester_out() -> None:
    fake = Fake({"faults": [{"fault": {"kind": "hang"}}]}, deliverable=BELOW_HTTP)
    gateway = Gateway(fake, lambda: create_app(fake), Guard())
    server = Server(gateway, "127.0.0.1", 0, limits=Limits(connections=20))
    server.start()
    request = keep(f"/ges/v1.0/{fake.default.project_id}/graphs/movie/jobs/status")
    with ExitStack() as stack:
        for _ in range(40):  # those in reserve, too
            stack.enter_context(connect(server)).sendall(request)
        until(lambda: len(fake.default.journal) == 20)

        assert requests.get(f"{server.url}/_gesmock/health", timeout=5).ok
        refused = requests.get(f"{server.url}/ges/v1.0", timeout=5)
        assert refused.status_code == 503
        assert refused.json() == {
            "errorMessage": "There are too many connections.",
            "errorCode": "GES.8602",
        }
        assert requests.post(f"{server.url}/_gesmock/reset", json={}, timeout=5).ok
        until(lambda: len(server._http.connections) < 20)
        assert requests.get(f"{server.url}/ges/v1.0", timeout=5).status_code == 404
    server.stop()
