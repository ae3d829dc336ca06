"""Replies that go wrong on their way: from a whole mock, from its gateway, and through Flask."""

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
import requests
from conftest import PROJECT, Service, until
from raw_client import read_ending

from gesmock import GesMock
from gesmock.fake.fake import Fake
from gesmock.fake.handle import handle
from gesmock.model.messages import ConnectionInfo, Delivery, Reply, Request
from gesmock.web import create_app, gateway
from gesmock.web import service as service_of_flask
from gesmock.web.service import NeedsSocket

OTHER = "other"
LIST = "/ges/v1.0/{}/graphs/movie/jobs/status"

Deliver = Callable[[Delivery], None]


@pytest.fixture
def deliver(monkeypatch: pytest.MonkeyPatch) -> Deliver:
    """Deliver each answer of the service in this way from now on: deliver(delivery)."""
    deliveries: list[Delivery] = []

    def delivered(fake: Fake, request: Request, link: ConnectionInfo | None) -> Reply:
        reply = handle(fake, request, link)
        return msgspec.structs.replace(reply, delivery=deliveries[-1] if deliveries else None)

    for room in (gateway, service_of_flask):
        monkeypatch.setattr(room, "handle", delivered)
    return deliveries.append


@pytest.fixture
def ges() -> Iterator[GesMock]:
    with GesMock(clock={"frozen": True}, generate=3) as started:
        yield started


def ask(ges: GesMock, project_id: str | None = None) -> socket.socket:
    """A client that has asked for the list."""
    path = LIST.format(project_id or ges.project_id)
    client = socket.create_connection(("127.0.0.1", int(ges.url.rpartition(":")[2])), timeout=10)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


def under_way(ges: GesMock) -> int:
    assert ges._server is not None
    return len(ges._server._http.delivering)


@pytest.mark.parametrize(
    "delivery",
    [Delivery(end="hang"), Delivery(delay_s=1000), Delivery(parts=9, spread_s=1000)],
    ids=str,
)
@pytest.mark.parametrize("end", [GesMock.reset, GesMock.restart, GesMock.stop])
def test_fifty_pending_answers_hold_no_thread_and_end_at_once(
    ges: GesMock,
    deliver: Deliver,
    end: Callable[[GesMock], Any],
    delivery: Delivery,
) -> None:
    deliver(delivery)
    with contextlib.closing(ask(ges)):  # so that the worker for Flask is there
        until(lambda: under_way(ges) == 1)
        before = threading.active_count()
        clients: list[socket.socket] = []
        while len(clients) < 50:
            clients.append(ask(ges))
            until(lambda: under_way(ges) == len(clients) + 1)
        assert threading.active_count() < before + 10  # a worker may not be idle again at once
        began = time.perf_counter()
        end(ges)
        ends = [read_ending(client)[1] for client in clients]
        took = time.perf_counter() - began

    assert ends == ["end"] * 50
    assert took < 2  # of 1000 s
    [*map(socket.socket.close, clients)]


def test_flask_delays_an_answer_by_real_seconds_under_a_frozen_clock() -> None:
    app = create_app(clock={"frozen": True})
    app.extensions["gesmock"].default.faults.delay_all(0.02, real=True)

    began = time.perf_counter()
    answer = app.test_client().get(f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status")

    assert answer.status_code == 200
    assert time.perf_counter() - began >= 0.02


def test_a_reset_of_one_project_leaves_pending_answers_of_another_alone(
    ges: GesMock, deliver: Deliver
) -> None:
    other = ges.fake.open(OTHER)
    deliver(Delivery(end="hang"))
    with (
        contextlib.closing(ask(ges)) as client,
        contextlib.closing(ask(ges, OTHER)) as another,
    ):
        until(lambda: under_way(ges) == 2)
        requests.post(f"{ges.url}/_gesmock/projects/{OTHER}/reset").raise_for_status()
        assert read_ending(another) == (b"", "end")
        other.reset()
        assert under_way(ges) == 1

        requests.post(f"{ges.url}/_gesmock/reset").raise_for_status()
        assert read_ending(client) == (b"", "end")


def test_a_reset_ends_pending_answers_of_a_project_that_it_drops(
    ges: GesMock, deliver: Deliver
) -> None:
    ges.fake.open(OTHER)
    deliver(Delivery(delay_s=1000))
    with contextlib.closing(ask(ges, OTHER)) as client:
        until(lambda: under_way(ges) == 1)
        ges.reset()

        assert read_ending(client) == (b"", "end")


@pytest.mark.parametrize(
    "delivery", [Delivery(parts=3, spread_s=0.003), Delivery(after_bytes=10**9)]
)
def test_a_slow_list_is_the_same_as_a_plain_one(
    ges: GesMock, deliver: Deliver, delivery: Delivery
) -> None:
    url = ges.jobs_url(limit=2)
    plain = requests.get(url)
    deliver(msgspec.structs.replace(delivery, delay_s=0.001))

    slow = requests.get(url)
    assert slow.json() == plain.json()
    assert slow.headers.keys() == plain.headers.keys()
    assert requests.head(url).headers["Content-Length"] == plain.headers["Content-Length"]


def test_after_a_stop_a_reset_calls_no_watcher(ges: GesMock) -> None:
    ges.stop()
    ges.reset()

    assert ges.fake.epochs.watchers == []


# --- Where the server is not ours: Flask's test client stands for them all ---


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("delivery", "error", "words"),
    [
        (Delivery(end="reset"), ConnectionResetError, "Connection reset by peer"),
        (Delivery(end="close"), http.client.RemoteDisconnected, "without response"),
        (Delivery(end="hang"), NeedsSocket, "a 'hang' needs a connection"),
        (Delivery(raw=b"?"), NeedsSocket, "a 'garbage' needs a connection"),
        (Delivery(after_bytes=1), NeedsSocket, "start the GesMock"),
    ],
)
def test_the_test_client_raises_what_a_broken_connection_would(
    deliver: Deliver, delivery: Delivery, error: type[Exception], words: str, method: str
) -> None:
    ges = GesMock()
    deliver(delivery)

    with pytest.raises(error, match=words):
        ges.app.test_client().open(LIST.format(ges.project_id), method=method)


def test_under_another_server_the_thread_sleeps(service: Service, deliver: Deliver) -> None:
    plain = service.begin(generate=3).list()
    deliver(Delivery(delay_s=0.01))
    began = time.perf_counter()
    late = service.list()
    assert time.perf_counter() - began >= 0.01
    deliver(Delivery(parts=4, spread_s=0.02))
    parts = service.list()
    assert parts.data == plain.data == late.data
    assert time.perf_counter() - began >= 0.03

    assert parts.headers["Content-Length"] == plain.headers["Content-Length"]
    assert service.fake.epochs.watchers == []


def test_a_drip_under_another_server_is_in_parts(service: Service, deliver: Deliver) -> None:
    deliver(Delivery(parts=4, spread_s=0.002))
    response = service.client.get(LIST.format(service.fake.default.project_id), buffered=False)
    parts = list(response.iter_encoded())

    assert [*map(len, parts)] == [11, 11, 11, 12]
    assert response.headers["Content-Length"] == "45"


@pytest.mark.parametrize(
    "delivery",
    [Delivery(delay_s=1000), Delivery(delay_s=1000, end="reset"), Delivery(parts=3, spread_s=3000)],
)
def test_a_thread_that_sleeps_is_woken_by_a_reset_of_its_project(
    service: Service, deliver: Deliver, delivery: Delivery
) -> None:
    other = service.fake.open(OTHER)
    deliver(delivery)
    outcome: list[Any] = []

    def ask() -> None:
        try:
            outcome.append(service.list())
        except ConnectionResetError as error:
            outcome.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    until(lambda: service.fake.epochs.watchers)
    other.reset()
    assert not outcome
    service.fake.reset()
    thread.join(10)

    [answer] = outcome
    words = "gesmock was reset while this request was on its way."
    if delivery == Delivery(parts=3, spread_s=3000):
        assert words in str(answer)
    else:
        assert (answer.status_code, answer.json["errorMessage"]) == (503, words)
    assert service.fake.epochs.watchers == []
