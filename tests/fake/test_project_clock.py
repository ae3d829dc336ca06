"""The clock of a project, from Python and over HTTP."""

import time
from collections.abc import Callable
from typing import Any

import freezegun
import pytest
import requests
import time_machine
from conftest import PROJECT, Service

from gesmock import GesMock
from gesmock.model.clock import Timing, real_time


def test_the_clock_drives_date_journal_and_tokens(service: Service) -> None:
    service.begin(
        clock={"now": 784111777, "frozen": True}, tokens={"token": "t", "expires_in_s": 60}
    )

    assert service.list(x_auth_token="t").headers["Date"] == "Sun, 06 Nov 1994 08:49:37 GMT"
    service.control("PATCH", "clock", {"advance_s": 59})
    assert service.list(x_auth_token="t").status_code == 200
    service.control("PATCH", "clock", {"advance_s": 1})
    refused = service.list(x_auth_token="t")

    assert refused.status_code == 401
    assert refused.headers["Date"] == "Sun, 06 Nov 1994 08:50:37 GMT"
    assert service.fake.default.journal.entries()[-1].at == 784111837


def test_the_clock_is_read_and_moved_over_http(service: Service) -> None:
    service.begin(clock={"now": 100, "frozen": True})

    assert service.control("GET", "clock").json == {
        "now": 100.0,
        "frozen": True,
        "rate": 1.0,
        "tick_s": 0.0,
        "real_delays": False,
        "next_s": None,
    }
    change = {"advance_s": 1.5, "rate": 60, "tick_s": 2, "real_delays": True}
    moved = service.control("PATCH", "clock", change)
    assert moved.json == {
        "now": 101.5,
        "frozen": True,
        "rate": 60.0,
        "tick_s": 2.0,
        "real_delays": True,
        "transitions": [],
        "count": 0,
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"advance_s": -1}, "$.advance_s: expected a number from 0 to 1000000000, got -1"),
        ({"rate": 0}, "$.rate: expected a rate above 0, at most 1000000, got 0"),
        ({"frozen": 1}, "$.frozen: expected true or false, got 1"),
        ({"rate": None}, "$.rate: expected a rate above 0, at most 1000000, got null"),
        ({"advance": 5}, "$.advance: unknown key; did you mean 'advance_s'?"),
    ],
)
def test_a_wrong_change_is_refused_and_nothing_is_changed(
    service: Service, change: dict[str, Any], words: str
) -> None:
    service.begin(clock={"now": 100, "frozen": True})

    response = service.control("PATCH", "clock", {"tick_s": 3, **change})

    assert response.status_code == 400
    assert words in response.json["error"]
    assert service.fake.default.time.timing == Timing(now=100, frozen=True)


def test_the_clock_is_set_from_python() -> None:
    ges = GesMock(clock=Timing(now=100, frozen=True))

    ges.clock.tick_s = 5
    ges.clock.rate = 2
    assert (ges.clock.tick_s, ges.clock.rate, ges.clock.frozen, ges.clock.now) == (5, 2, True, 100)
    ges.clock.resume()
    assert not ges.clock.frozen
    ges.clock.frozen = True
    assert ges.clock.frozen
    ges.clock.resume()
    ges.clock.freeze()
    assert ges.clock.frozen


@pytest.mark.parametrize(
    "change", [lambda ges: ges.reset(), lambda ges: ges.restart(clock={"now": 7, "frozen": True})]
)
def test_a_reset_restores_the_clock(change: Callable[[GesMock], Any]) -> None:
    ges = GesMock(clock={"now": 7, "frozen": True})
    ges.clock.advance(10)
    ges.clock.rate = 60

    change(ges)

    assert (ges.clock.now, ges.clock.rate) == (7, 1)


def test_a_state_has_the_clock_and_one_without_leaves_it_alone() -> None:
    ges = GesMock(clock={"now": 7, "frozen": True})
    ges.clock.advance(3)
    state = ges.state()
    assert state["clock"] == {"now": 10.0, "frozen": True}

    ges.load({"graphs": {"g": {}}})
    assert (ges.clock.now, ges.clock.frozen) == (10, True)
    ges.reset()
    ges.load(state)
    assert ges.clock.now == 10


def test_each_project_has_its_own_clock(service: Service) -> None:
    service.control("PATCH", "projects/other/clock", {"frozen": True, "advance_s": 1000})

    assert not service.control("GET", "clock").json["frozen"]
    assert service.control("GET", "projects/other/clock").json["frozen"]


def test_requests_to_a_project_tick_its_clock_and_no_others_do(
    service: Service,
) -> None:
    service.begin(clock={"now": 100, "frozen": True, "tick_s": 5})

    service.list()
    service.control("GET", "jobs")
    service.list(prefer="code=503")
    service.client.get("/ges/v1.0/nobody/graphs/g/jobs/status")

    assert service.fake.default.clock.now == 110


def test_a_client_meets_each_status_as_its_requests_tick_the_clock(service: Service) -> None:
    service.begin(clock={"tick_s": 30})  # and runs
    graph = f"/ges/v1.0/{PROJECT}/graphs/movie"

    job_id = service.client.post(f"{graph}/action?action_id=clear-graph").get_json()["jobId"]

    answers = [service.client.get(f"{graph}/jobs/{job_id}/status").get_json() for _ in range(3)]
    assert [answer["status"] for answer in answers] == ["pending", "running", "success"]


def test_nothing_is_ever_due_without_an_unfinished_job() -> None:
    ges = GesMock(clock={"frozen": True})

    for _ in range(100):
        assert ges.clock.advance(1e9) == []


def travel(name: str) -> Any:
    if name == "freezegun":
        return freezegun.freeze_time("2001-02-03")
    return time_machine.travel("2001-02-03", tick=False)


@pytest.mark.parametrize("name", ["freezegun", "time-machine"])
def test_time_travel_in_a_client_does_not_affect_the_clock(name: str, ges: GesMock) -> None:
    before = real_time()

    with travel(name):
        assert time.time() == 981158400
        ges.reset()
        job = ges.add_job(plan="instant")
        listed = requests.get(ges.jobs_url())
        with GesMock() as other:
            began = other.clock.now

    assert before <= began <= real_time()
    assert "2001" not in listed.headers["Date"]
    assert listed.json()["jobs"][0]["jobId"] == job.job_id
    assert before <= ges.journal[0].at <= real_time()


@pytest.mark.parametrize(
    "clear",
    [
        lambda ges: ges.reset(),
        lambda ges: ges.restart(clock={"now": 7}, faults=[{"fault": 500}]),
        lambda ges: ges.load({"graphs": {"g": {}}}),
    ],
)
def test_a_reset_keeps_the_objects_that_a_test_holds(clear: Callable[[GesMock], Any]) -> None:
    ges = GesMock()
    parts = {name: getattr(ges.fake.default, name) for name in PARTS}

    clear(ges)

    assert ges.clock is parts["clock"]
    assert all(getattr(ges.fake.default, name) is part for name, part in parts.items())


PARTS = ("clock", "time", "graphs", "faults", "plans", "journal")


def test_the_repr_of_the_clock_says_how_it_runs() -> None:
    ges = GesMock(clock={"now": 0, "frozen": True})
    assert repr(ges.clock) == "<Clock: frozen at 1970-01-01T00:00:00.000Z>"

    ges.clock.rate = 60
    ges.clock.tick_s = 1.5
    ges.clock.resume()
    assert repr(ges.clock).startswith("<Clock: running at a rate of 60 at 1970-01-01T00:0")
    assert repr(ges.clock).endswith("Z, 1.5 s with each request>")
