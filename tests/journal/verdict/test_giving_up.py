"""An answer that the client gave up on is not one that it has read."""

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from conftest import until

from gesmock import GesMock

SLOW = {"kind": "delay", "seconds": 3600}


@pytest.fixture
def client(ges: GesMock) -> Iterator[socket.socket]:
    """A bare connection, which a test closes when it likes."""
    parts = urlsplit(ges.url)
    with closing(socket.create_connection((parts.hostname, parts.port), timeout=20)) as connected:
        yield connected


def ask(client: socket.socket, url: str, method: str = "GET") -> None:
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    client.sendall(f"{method} {target} HTTP/1.1\r\nHost: x\r\nUser-Agent: it\r\n\r\n".encode())


def wait_for_requests(ges: GesMock, times: int = 1) -> None:
    until(lambda: ges.journal.count == times)


@pytest.mark.parametrize(
    "fault", [SLOW, {"kind": "drip", "parts": 2, "seconds": 3600}, {"kind": "hang"}]
)
def test_leaving_before_the_whole_answer_is_giving_up(
    ges: GesMock, client: socket.socket, fault: dict[str, Any]
) -> None:
    job = ges.add_job(status="running")
    ges.faults.arm("show_job", fault=fault, times=1)

    ask(client, ges.job_url(job))
    wait_for_requests(ges)
    assert not ges.journal[0].gave_up
    client.close()
    until(lambda: ges.journal[0].gave_up)

    assert ges.observation(job).statuses == ()
    assert ges.journal[0].statuses in (None, {job.job_id: "running"})


def test_leaving_in_the_middle_of_a_long_list_is_giving_up(
    ges: GesMock, client: socket.socket
) -> None:
    ges.generate(20_000)

    ask(client, ges.jobs_url())
    assert client.recv(1000)
    client.close()

    until(lambda: ges.journal[0].gave_up)


def test_leaving_without_reading_is_giving_up(ges: GesMock, client: socket.socket) -> None:
    ask(client, ges.jobs_url())
    until(lambda: client.recv(1, socket.MSG_PEEK))
    client.close()

    until(lambda: ges.journal[0].gave_up)


def test_only_the_last_answer_on_a_connection_can_be_given_up(
    ges: GesMock, client: socket.socket
) -> None:
    ges.faults.arm("list_jobs", fault=SLOW, after=1, times=1)

    for number in (1, 2):
        ask(client, ges.jobs_url())
        wait_for_requests(ges, number)
        if number == 1:
            assert client.recv(10_000)
    client.close()

    until(lambda: ges.journal[1].gave_up)
    assert not ges.journal[0].gave_up


@pytest.mark.parametrize("kind", ["reset", "close", "garbage", "truncate"])
def test_a_client_that_a_fault_cut_off_has_not_given_up(
    ges: GesMock, client: socket.socket, kind: str
) -> None:
    fault = {"kind": kind, **({"after_bytes": 1} if kind == "truncate" else {})}
    ges.faults.arm("list_jobs", fault=fault, times=1)

    ask(client, ges.jobs_url())
    wait_for_requests(ges)
    client.close()

    until(lambda: ges.journal[0].wire and ges.journal[0].wire.closed_at)
    assert (ges.journal[0].gave_up, ges.journal[0].connection) == (False, kind)


def test_a_client_that_read_everything_has_not_given_up(ges: GesMock) -> None:
    requests.get(ges.jobs_url())

    until(lambda: ges.journal[0].wire and ges.journal[0].wire.closed_at)
    assert not ges.journal[0].gave_up


def test_an_entry_has_the_times_of_its_connection(ges: GesMock) -> None:
    with requests.Session() as session:
        session.get(ges.jobs_url())
        session.get(ges.jobs_url(limit=1))
        first, second = (entry.wire for entry in ges.journal)

        assert first == second
        assert first is not None
        assert first.client.startswith("127.0.0.1:")
        assert first.closed_at is None
        assert first.opened_at < ges.journal[0].real_at < ges.journal[1].real_at
    unmatched = ges.app.test_client().get("/ges/v1.0/nothing")
    assert unmatched.status_code == 404
    assert ges.journal[-1].wire is None


def timed_out(ges: GesMock, method: str, url: str, **body: Any) -> None:
    """A request that its client does not wait for."""
    count = ges.journal.count
    with pytest.raises(requests.ReadTimeout):
        requests.request(method, url, timeout=(20, 0.02), **body)
    wait_for_requests(ges, count + 1)
    until(lambda: ges.journal[-1].gave_up)


def test_retrying_after_a_timeout_is_fine(ges: GesMock) -> None:
    job = ges.add_job(status="running")
    ges.faults.arm(fault=SLOW)

    for _ in range(5):
        timed_out(ges, "GET", ges.job_url(job))

    assert ges.findings("GM1") == []


def test_submitting_again_after_a_timeout_without_looking_is_found(ges: GesMock) -> None:
    ges.faults.arm("import_graph", fault=SLOW)
    body = {"edgesetPath": "e", "obsParameters": {"accessKey": "A", "secretKey": "S"}}

    timed_out(ges, "POST", f"{ges.graph_url()}/action?action_id=import-graph", json=body)
    requests.get(ges.jobs_url(), timeout=20)
    requests.get(ges.job_url(ges.jobs()[0]), timeout=20)
    timed_out(ges, "POST", f"{ges.graph_url()}/action?action_id=import-graph", json=body)
    assert ges.findings("GM1") == []

    timed_out(ges, "POST", f"{ges.graph_url()}/action?action_id=import-graph", json=body)
    assert [each.code for each in ges.findings("GM1")] == ["GM108"]


def test_an_error_that_the_client_did_not_read_does_not_count(ges: GesMock) -> None:
    ges.faults.arm(fault=SLOW)
    ges.faults.arm("list_jobs", 503, headers={"Retry-After": "60"}, times=4)
    ges.faults.arm("list_jobs", 401, times=4)

    for _ in range(8):
        timed_out(ges, "GET", ges.jobs_url())

    assert ges.findings("GM1") == []
