"""What happens in a project, followed over a socket."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from cProfile import Profile
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest
from conftest import Service, until
from raw_client import TlsClient, body, connect, exchange, get, server_context, status

from gesmock import GesMock
from gesmock.fake import feed
from gesmock.fake.handle import handle
from gesmock.model import messages
from gesmock.model.errors import InvalidInput
from gesmock.model.job_store import MUCH
from gesmock.model.jobs import MOST_CHANGED
from gesmock.model.messages import Request
from gesmock.web.control import journal as journal_calls

FRESH = ["clock", "counts", "faults"]


class Event(NamedTuple):
    id: str
    name: str
    data: Any


class Follower:
    """A client that follows the events below *path* that come after the one with *last_id*."""

    def __init__(
        self,
        ges: GesMock,
        *lines: str,
        path: str = "",
        last_id: str = "",
        secure: bool = False,
    ) -> None:
        port = Port(ges)
        self._client = TlsClient(port) if secure else connect(port)
        if last_id:
            lines = (*lines, f"Last-Event-ID: {last_id}")
        self._client.sendall(get(f"/_gesmock/{path}events", *lines))
        self._received = b""
        self.head = self._until(b"\r\n\r\n")
        self.last_id = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.__exit__()

    def _until(self, end: bytes) -> bytes:
        while end not in self._received:
            more = self._client.recv(2**16)
            if not more:
                raise EOFError
            self._received += more
        part, _, self._received = self._received.partition(end)
        return part

    def read(self) -> Event:
        """The next event."""
        lines = self.rest().decode().split("\n")
        fields = dict(line.split(": ", 1) for line in lines)
        assert [*fields] == ["id", "event", "data"]
        self.last_id = fields["id"]
        return Event(fields["id"], fields["event"], json.loads(fields["data"]))

    def rest(self) -> bytes:
        """What comes next, whether or not it is an event."""
        return self._until(b"\n\n")

    def names(self, count: int) -> list[str]:
        return [self.read().name for _ in range(count)]

    def begin(self) -> Self:
        """Skip the present state of one graph."""
        assert self.names(3) == FRESH
        return self

    def find(self, name: str) -> Any:
        """The data of the next event of this name; others are skipped."""
        while (event := self.read()).name != name:
            pass
        return event.data


def streams(ges: GesMock) -> int:
    return len(ges.fake.streams)


class Port:
    """What the raw clients connect to."""

    def __init__(self, ges: GesMock) -> None:
        self.port = int(ges.url.rpartition(":")[2])


def list_jobs(ges: GesMock) -> int:
    """The status of the answer to a list request."""
    project = ges.fake.default
    args = {"project_id": project.project_id, "graph_name": "movie"}
    request = Request(operation="list_jobs", method="GET", path="/", args=args, epoch=project.epoch)
    return handle(ges.fake, request).status


def control(ges: GesMock, path: str) -> Any:
    answer = exchange(Port(ges), get(f"/_gesmock/{path}"))
    return json.loads(body(answer))


@contextmanager
def at_once(ges: GesMock) -> Iterator[None]:
    """Put what happens in the block into one batch: the feed cannot look meanwhile."""
    with ges.fake.default.lock:
        yield


@pytest.fixture(autouse=True)
def _quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "LOOK_EVERY_S", 0.01)


@pytest.fixture
def followed(ges: GesMock) -> Iterator[tuple[GesMock, Follower]]:
    """A mock with a frozen clock, and a client that has read its present state."""
    ges.restart(clock={"frozen": True})
    with Follower(ges) as follower:
        yield ges, follower.begin()


# --- How a stream begins, and what it has ---------------------------------------------------------


def test_a_stream_begins_with_the_present_state(ges: GesMock) -> None:
    generate = [{"count": 3, "graph": "movie"}, {"count": 2, "graph": "book"}]
    ges.restart(generate=generate, clock={"frozen": True}, faults=[{"fault": 503}])
    with Follower(ges) as follower:
        first = [follower.read() for _ in range(4)]

    assert b"\r\nContent-Type: text/event-stream\r\n" in follower.head
    assert b"\r\nCache-Control: no-store\r\n" in follower.head
    assert b"Content-Length" not in follower.head
    assert [event.name for event in first] == ["clock", "counts", "counts", "faults"]
    assert first[0].data == control(ges, "clock")
    assert [event.data["graph"] for event in first[1:3]] == ["movie", "book"]
    assert first[1].data["counts"] == control(ges, "jobs?graph=movie")["counts"]
    assert first[1].data["total"] == 3
    assert first[3].data == {"total": 1}
    assert {event.id.partition("-")[0] for event in first} == {str(control(ges, "health")["epoch"])}


def test_a_job_that_is_added_moved_or_removed_is_an_event(
    followed: tuple[GesMock, Follower],
) -> None:
    ges, follower = followed

    ges.add_job(job_id="a", plan="normal")
    added = [follower.read(), follower.read()]
    ges.move_job("a", "failed")
    moved = follower.find("job")
    counts = follower.find("counts")
    ges.remove_job("a")

    assert [event.name for event in added] == ["job", "counts"]
    assert added[0].data["next"]["status"] == "running"
    assert added[1].data == {"graph": "movie", "total": 1, "counts": {"pending": 1}}
    assert (moved["job"]["jobId"], moved["moves"], moved["next"]) == ("a", [], None)
    assert counts["counts"] == {"failed": 1}
    assert follower.find("job") == {"graph": "movie", "job_id": "a", "removed": True}
    assert follower.find("counts") == {"graph": "movie", "total": 0, "counts": {}}


def test_a_job_event_equals_an_item_of_the_list(followed: tuple[GesMock, Follower]) -> None:
    ges, follower = followed

    ges.add_job(job_id="a", plan="slow")

    assert [follower.find("job")] == control(ges, "jobs")["jobs"]


def test_a_job_that_is_not_listed_yet_is_counted(followed: tuple[GesMock, Follower]) -> None:
    ges, follower = followed

    ges.add_job(plan="never_listed_for_s")

    assert follower.find("counts") == {"graph": "movie", "total": 1, "counts": {"pending": 1}}


def test_a_job_that_the_clock_changes_is_an_event(ges: GesMock) -> None:
    ges.restart(clock={"rate": 100})
    with Follower(ges) as follower:
        follower.begin()
        ges.add_job(job_id="a", plan="normal")
        statuses = [follower.find("job")["job"]["status"]]
        while statuses[-1] != "success":
            statuses.append(follower.find("job")["job"]["status"])

    assert len(statuses) > 1


def test_events_of_one_moment_come_in_order(followed: tuple[GesMock, Follower]) -> None:
    ges, follower = followed
    with at_once(ges):
        ges.faults.arm("list_jobs", 503)
        ges.add_job(job_id="a", plan="normal")
        ges.clock.advance(1)
        ges.fake.default.journal.clear()

    assert follower.names(5) == ["clock", "job", "counts", "faults", "findings"]


def test_a_request_is_an_event_without_bodies(followed: tuple[GesMock, Follower]) -> None:
    ges, follower = followed

    list_jobs(ges)
    event = follower.find("request")

    [entry] = control(ges, "journal")["entries"]
    del entry["reply_body"], entry["reply_bytes"]
    assert event == {**entry, "statuses": None}


def test_the_newest_of_many_requests_are_events(
    followed: tuple[GesMock, Follower], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MOST_REQUESTS", 2)
    ges, follower = followed
    with at_once(ges):
        for _ in range(5):
            list_jobs(ges)

    first, second = follower.find("request"), follower.find("request")

    assert (first["number"], first["dropped"]) == (4, 3)
    assert (second["number"], "dropped" in second) == (5, False)


def test_long_requests_are_events_up_to_a_bound_of_bytes(
    followed: tuple[GesMock, Follower], monkeypatch: pytest.MonkeyPatch
) -> None:
    ges, follower = followed
    list_jobs(ges)
    length = len(json.dumps(follower.find("request"), separators=(",", ":")))
    monkeypatch.setattr(feed, "LARGEST_BATCH", 3 * length + length // 2)
    with at_once(ges):
        for _ in range(5):
            list_jobs(ges)

    requests = [follower.find("request") for _ in range(3)]

    assert [each["number"] for each in requests] == [4, 5, 6]
    assert [each.get("dropped") for each in requests] == [2, None, None]


def test_the_clock_is_an_event_when_it_is_changed(followed: tuple[GesMock, Follower]) -> None:
    ges, follower = followed

    ges.clock.advance(5)

    assert follower.find("clock") == control(ges, "clock")


def test_rules_that_are_armed_hit_and_disarmed_are_events(
    followed: tuple[GesMock, Follower],
) -> None:
    ges, follower = followed

    rule = ges.faults.arm("list_jobs", 503)
    assert follower.find("faults") == {"total": 1}
    list_jobs(ges)
    assert follower.find("faults") == {"total": 1}
    ges.faults.disarm(rule)
    assert follower.find("faults") == {"total": 0}


def test_a_reloaded_or_broken_fixture_file_is_an_event(
    followed: tuple[GesMock, Follower], tmp_path: Path
) -> None:
    ges, follower = followed
    file = tmp_path / "a.json"
    file.write_text("{}")
    ges.restart(fixture=file)
    assert follower.find("reset")

    ges.fake.reload(str(file))
    assert follower.find("fixture") == {"file": str(file), "error": None}
    file.write_text("{")
    with pytest.raises(InvalidInput) as caught:
        ges.fake.reload(str(file))
    assert follower.find("fixture") == {"file": str(file), "error": str(caught.value)}


def test_findings_may_have_changed_once_a_second_at_most(
    followed: tuple[GesMock, Follower], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "FINDINGS_EVERY_S", 0.3)
    ges, follower = followed
    list_jobs(ges)
    assert follower.find("findings") == {}

    list_jobs(ges)
    assert follower.read().name == "request"
    ges.clock.advance(1)
    assert follower.read().name == "clock"  # not yet
    assert follower.find("findings") == {}


# --- Bounds ---------------------------------------------------------------------------------------


def test_too_many_jobs_at_once_give_only_the_counts(followed: tuple[GesMock, Follower]) -> None:
    ges, follower = followed
    ges.generate(MOST_CHANGED + 1, statuses={"running": 1}, plan="normal")
    assert follower.find("counts")["total"] == MOST_CHANGED + 1

    ges.clock.advance(1000)

    assert follower.names(2) == ["clock", "counts"]
    ges.add_job(job_id="a")
    assert follower.names(2) == ["job", "counts"]


def test_an_advance_over_many_jobs_gives_the_counts_of_the_graphs_that_changed(
    followed: tuple[GesMock, Follower],
) -> None:
    ges, follower = followed
    ges.generate(1_000, statuses={"running": 1}, plan="normal")
    ges.add_job(job_id="b", graph="book")
    while follower.find("counts")["graph"] != "book":
        pass

    ges.clock.advance(1000)

    assert follower.read().name == "clock"
    counts = follower.read()
    assert (counts.name, counts.data["graph"]) == ("counts", "movie")
    assert counts.data["counts"].get("running") is None
    ges.faults.arm("list_jobs", 503)
    assert follower.read().name == "faults"


def test_the_jobs_of_several_graphs_count_together(followed: tuple[GesMock, Follower]) -> None:
    ges, follower = followed
    with at_once(ges):
        for graph in ("movie", "book"):
            for _ in range(MOST_CHANGED // 2 + 1):
                ges.add_job(graph=graph)

    assert follower.names(2) == ["counts"] * 2


def test_jobs_with_too_many_bytes_together_give_only_the_counts(
    followed: tuple[GesMock, Follower],
) -> None:
    ges, follower = followed
    with at_once(ges):
        ges.add_job(job_id="a", raw_request='"' + "x" * feed.LARGEST_BATCH + '"')

    assert follower.find("counts")["total"] == 1
    ges.add_job(job_id="b")
    assert follower.find("job")["job"]["jobId"] == "b"


def test_a_graph_that_is_replaced_or_dropped_gives_its_counts(
    followed: tuple[GesMock, Follower],
) -> None:
    ges, follower = followed
    ges.add_job(job_id="a")
    assert follower.names(2) == ["job", "counts"]

    ges.generate(2, replace=True)
    assert follower.find("counts")["total"] == 2
    ges.load({"graphs": {"book": {"jobs": []}}})
    gone = {"graph": "movie", "total": 0, "counts": {}}
    events = [follower.read() for _ in range(3)]
    assert ("counts", gone) in [(event.name, event.data) for event in events]
    assert "job" not in [event.name for event in events]


def test_a_graph_that_a_job_deletes_has_no_jobs_any_more(
    followed: tuple[GesMock, Follower],
) -> None:
    ges, follower = followed
    ges.add_job(job_id="a")
    delete = f"/ges/v1.0/{ges.project_id}/graphs/movie"
    assert status(exchange(Port(ges), get(delete, method="DELETE"))) == 200
    follower.find("request")

    ges.clock.advance(60)

    follower.find("clock")
    event = follower.read()
    assert (event.name, event.data["graph"], event.data["total"]) == ("counts", "movie", 0)


def test_many_due_jobs_are_left_to_the_next_request_and_the_counts_are_sent(ges: GesMock) -> None:
    ges.restart(clock={"rate": 1e6})
    with at_once(ges):
        ges.generate(MUCH + 1, statuses={"running": 1}, plan="normal")
    with Follower(ges) as follower:
        follower.begin()
        before = follower.find("counts")
        after = control(ges, "jobs?limit=1")["counts"]
        assert follower.find("counts")["counts"] == after

    assert before["counts"] == {"running": MUCH + 1}
    assert not after.keys() & {"pending", "running"}


def test_a_look_costs_what_has_changed_and_not_what_there_is(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "FINDINGS_EVERY_S", 0.0)

    def look(jobs: int = 0, requests: int = 0) -> int:
        """How many calls a look makes after so many new jobs and requests."""
        ges.generate(jobs)
        for _ in range(requests):
            list_jobs(ges)
        project = ges.fake.default
        project.feed._look_at = 0.0
        with project.lock, Profile(builtins=False) as profile:
            project.feed.look(project.epoch)
        return sum(entry.callcount for entry in profile.getstats())

    ges.restart(clock={"frozen": True})
    look(jobs=10, requests=1)  # for the first time, more is made
    look(requests=1)
    quiet, one, many = look(), look(requests=1), look(requests=1_000)
    look(jobs=5_000)

    assert (look(), look(requests=1)) == (quiet, one)
    assert many <= quiet + (one - quiet) * feed.MOST_REQUESTS


# --- Clients that reconnect ----------------------------------------------------------------------


def test_a_client_that_reconnects_gets_what_it_missed(followed: tuple[GesMock, Follower]) -> None:
    ges, follower = followed
    ges.add_job(job_id="a")
    missed = [follower.read(), follower.read()]
    ges.clock.advance(1)
    missed.append(follower.read())

    with Follower(ges, last_id=missed[0].id) as again:
        assert [again.read(), again.read()] == missed[1:]
        ges.add_job(job_id="b")
        assert again.find("job") == follower.find("job")


def test_a_client_that_reconnects_gets_what_it_missed_though_no_other_followed(
    ges: GesMock,
) -> None:
    ges.restart(clock={"frozen": True})
    with Follower(ges) as follower:
        last_id = follower.begin().last_id
    until(lambda: not streams(ges))
    ges.add_job(job_id="a")

    with Follower(ges, last_id=last_id) as again:
        assert again.names(2) == ["job", "counts"]


@pytest.mark.parametrize(
    "last_id",
    ["x", "1-1", "0-{1}", "{0}-1", "{0}-999999999999999999", "{0}-" + "9" * 99],
)
def test_an_old_or_unknown_id_gives_a_reset_and_the_present_state(
    ges: GesMock, last_id: str
) -> None:
    ges.restart()
    with Follower(ges) as follower:
        epoch, number = map(int, follower.begin().last_id.split("-"))
        with Follower(ges, last_id=last_id.format(epoch, number)) as again:
            first = again.read()
            assert (first.name, first.data) == ("reset", {"epoch": epoch})
            assert again.names(3) == FRESH


def test_an_id_whose_successors_are_dropped_gives_a_reset(
    followed: tuple[GesMock, Follower], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "LARGEST_LOG", 100)
    ges, follower = followed
    ges.add_job(job_id="a")

    assert follower.names(4) == ["reset", *FRESH]


def test_a_reset_is_an_event(followed: tuple[GesMock, Follower]) -> None:
    ges, follower = followed
    ges.add_job(job_id="a")
    follower.find("counts")

    cleared = ges.reset()

    events = [follower.read() for _ in range(4)]
    assert [event.name for event in events] == ["reset", *FRESH]
    assert events[0].data == {"epoch": cleared.epoch}
    assert events[2].data["total"] == 0
    ges.add_job(job_id="a")
    assert follower.find("job")["job"]["jobId"] == "a"


# --- Other projects -------------------------------------------------------------------------------


def test_a_stream_of_another_project_lasts_until_that_is_dropped(ges: GesMock) -> None:
    ges.fake.open("other")
    with Follower(ges, path="projects/other/") as follower:
        follower.begin()
        ges.add_job(job_id="a")
        ges.fake.project("other").graphs.add(ges.job("a"))
        assert follower.find("job")["job"]["jobId"] == "a"
        ges.fake.reset()

        with pytest.raises(EOFError):
            follower.find("none")
    until(lambda: not streams(ges))


def test_a_project_that_is_unknown_has_no_events(ges: GesMock) -> None:
    assert status(exchange(Port(ges), get("/_gesmock/projects/none/events"))) == 404


def test_after_a_restart_the_new_default_project_is_followed(ges: GesMock) -> None:
    with Follower(ges) as follower:
        follower.begin()
        ges.restart(project_id="other")
        # The old project is reset, too, before it is dropped.
        until(lambda: follower.find("reset")["epoch"] == ges.fake.default.epoch)
        assert follower.names(3) == FRESH
        ges.add_job(job_id="a")
        assert follower.find("job")["graph"] == "movie"
    ges.restart()


# --- Connections ----------------------------------------------------------------------------------


def test_a_client_that_goes_is_forgotten(followed: tuple[GesMock, Follower]) -> None:
    ges, follower = followed
    assert streams(ges) == 1
    follower.__exit__()

    until(lambda: not streams(ges))


def test_a_stream_ends_when_the_server_stops() -> None:
    with GesMock() as ges, Follower(ges) as follower:
        follower.begin()
        threads = threading.active_count()
        ges.stop()

        assert threading.active_count() == threads - 1
        with pytest.raises((EOFError, ConnectionResetError)):
            follower.read()
        assert streams(ges) == 0


def test_at_most_64_clients_follow(ges: GesMock) -> None:
    with ExitStack() as stack:
        first, *others = [stack.enter_context(Follower(ges)) for _ in range(64)]
        refused = exchange(Port(ges), get("/_gesmock/events"))
        assert status(refused) == 503
        assert json.loads(body(refused))["error"] == (
            "64 streams of events are open, as many as there may be; close one"
        )
        first.begin()
        ges.clock.advance(1)
        assert first.find("clock") == others[-1].begin().find("clock")
    until(lambda: not streams(ges))

    with Follower(ges) as third:
        third.begin()


def test_a_stream_is_followed_over_tls() -> None:
    with GesMock(ssl_context=server_context()) as ges, Follower(ges, secure=True) as follower:
        follower.begin()
        ges.add_job(job_id="a")

        assert follower.names(2) == ["job", "counts"]


def test_head_is_answered_without_a_stream(ges: GesMock) -> None:
    answer = exchange(Port(ges), get("/_gesmock/events", method="HEAD"))

    assert b"\r\nContent-Type: text/event-stream\r\n" in answer
    assert (status(answer), body(answer), streams(ges)) == (200, b"", 0)


def test_a_silent_stream_has_comments(ges: GesMock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_calls, "SILENCE_S", 0.0)
    with Follower(ges) as follower:
        follower.begin()

        assert follower.rest() == b":"


def test_a_stream_does_not_wait_for_the_lock(followed: tuple[GesMock, Follower]) -> None:
    ges, follower = followed
    clock = ges.fake.open("other").clock
    with at_once(ges):
        ges.add_job(job_id="a")
        with Follower(ges, path="projects/other/") as other:
            other.begin()
            for _ in range(2):  # two looks
                clock.advance(1)
                assert other.read().name == "clock"

    assert follower.find("job")["job"]["jobId"] == "a"


# --- Who may follow -------------------------------------------------------------------------------


def test_a_stream_needs_the_control_token() -> None:
    with GesMock(control_token="secret") as ges:
        assert status(exchange(Port(ges), get("/_gesmock/events"))) == 401
        with Follower(ges, "Authorization: Bearer secret") as follower:
            follower.begin()


@pytest.mark.parametrize(
    "line", ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"]
)
def test_a_page_of_another_site_gets_no_events(ges: GesMock, line: str) -> None:
    assert status(exchange(Port(ges), get("/_gesmock/events", line))) == 403
    assert streams(ges) == 0


def test_another_wsgi_server_answers_501_and_says_which_has_events(service: Service) -> None:
    refused = service.control("GET", "events")

    assert refused.status_code == 501
    assert refused.json["error"] == (
        "only gesmock's own server sends events: that of gesmock serve and of GesMock"
    )


def test_an_unknown_parameter_is_refused(ges: GesMock) -> None:
    assert status(exchange(Port(ges), get("/_gesmock/events?graph=movie"))) == 400
