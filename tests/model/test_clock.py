"""The clock: frozen, advanced, faster, ticking; and deaf to a client's travels in time."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import freezegun
import pytest
import requests
import time_machine
from conftest import PROJECT, Service

from gesmock import GesMock, InvalidInput
from gesmock.model import clock
from gesmock.model.clock import (
    Clock,
    ClockChange,
    Timing,
    http_date,
    list_time,
    nanoseconds,
    real_time,
)


class Source:
    """A real time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_it_runs_with_the_real_time() -> None:
    before = time.time()

    assert before - 0.001 <= Clock().now() <= time.time() + 0.001


def test_it_follows_its_source_but_never_back() -> None:
    source = Source()
    clock = Clock(source=source)

    source.now += 5
    assert clock.now() == 1005
    source.now -= 50
    assert clock.now() == 1000


def test_a_frozen_clock_goes_on_only_when_it_is_advanced() -> None:
    source = Source()
    clock = Clock(Timing(frozen=True), source)

    source.now += 5
    assert clock.now() == 1000
    clock.change(ClockChange(advance_s=30))
    assert clock.now() == 1030
    clock.change(ClockChange(frozen=False))
    source.now += 2
    assert clock.now() == 1032


def test_at_a_rate_of_60_a_second_is_a_minute() -> None:
    source = Source()
    clock = Clock(Timing(rate=60), source)

    source.now += 1
    assert clock.now() == 1060
    clock.change(ClockChange(rate=1))
    source.now += 1
    assert clock.now() == 1061


def test_it_may_begin_at_another_time() -> None:
    assert Clock(Timing(now=5, frozen=True)).now() == 5


def test_a_tenth_of_a_second_ten_times_is_a_second() -> None:
    clock = Clock(Timing(frozen=True))

    for _ in range(10):
        clock.change(ClockChange(advance_s=0.1))

    assert clock.age() == nanoseconds(1)


def test_a_tick_stops_at_what_comes_before_its_end() -> None:
    clock = Clock(Timing(frozen=True, tick_s=5))

    clock.tick(None)
    assert clock.age() == nanoseconds(5)
    clock.tick(nanoseconds(7))
    assert clock.age() == nanoseconds(7)
    clock.tick(nanoseconds(6))
    assert clock.age() == nanoseconds(7)


def test_what_happens_after_a_tick_happens_where_the_tick_stopped() -> None:
    source = Source()
    clock = Clock(Timing(now=0, tick_s=5), source)

    clock.tick(nanoseconds(2))
    source.now += 1
    with clock as now:
        assert (now, clock.now()) == (2, 2)
    with clock as now:
        assert now == 3


def test_it_goes_no_further_than_the_year_9999() -> None:
    clock = Clock(Timing(now=253_402_300_000, frozen=True, tick_s=1e9))

    with pytest.raises(InvalidInput) as caught:
        clock.change(ClockChange(advance_s=1000, tick_s=1))
    assert str(caught.value) == (
        "$.advance_s: 1000 s from 9999-12-31 23:46:40 on is beyond the year 9999"
    )
    assert clock.timing.tick_s == 1e9
    clock.tick(None)
    assert list_time(clock.now()) == "9999-12-31 23:59:59"
    source = Source()
    fast = Clock(Timing(rate=1e6), source)
    source.now += 1e9
    assert list_time(fast.now()) == "9999-12-31 23:59:59"


def test_nothing_is_ever_due_where_no_job_is_alive() -> None:
    ges = GesMock(clock={"frozen": True})

    for _ in range(100):
        assert ges.clock.advance(1e9) == []


def test_the_times_are_written_as_http_and_as_the_list_have_them() -> None:
    assert http_date(784111777.9) == "Sun, 06 Nov 1994 08:49:37 GMT"  # RFC 9110, 5.6.7
    assert list_time(784111777.9) == "1994-11-06 08:49:37"


def travel(name: str) -> Any:
    if name == "freezegun":
        return freezegun.freeze_time("2001-02-03")
    return time_machine.travel("2001-02-03", tick=False)


@pytest.mark.parametrize("name", ["freezegun", "time-machine"])
def test_a_clients_travel_in_time_neither_moves_nor_breaks_it(name: str, ges: GesMock) -> None:
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


@pytest.mark.parametrize("name", ["freezegun", "time-machine"])
def test_not_even_where_it_is_imported_on_the_way(name: str) -> None:
    program = f"""
import sys, time
sys.path.insert(0, "tests")
before = time.time()
from freezegun import freeze_time
import time_machine
travel = freeze_time if {name!r} == "freezegun" else time_machine.travel
with travel("2001-02-03"):
    from gesmock.model.clock import real_time
    print(abs(real_time() - before) < 30)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert ran.stdout == "True\n", ran.stderr


def test_it_begins_where_no_file_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr(clock, "_piped", lambda: 0.0)
    monkeypatch.setattr(tempfile, "TemporaryFile", refused)

    assert clock._start() == pytest.approx(real_time() - clock._ticks(), abs=0.1)


def test_where_pipes_have_no_time_a_file_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_piped", lambda: 0.0)

    with freezegun.freeze_time("2001-02-03"):
        assert clock._start() == pytest.approx(real_time() - clock._ticks(), abs=1)


# --- The project's clock, from all sides ----------------------------------------------------------


def test_it_drives_date_journal_and_tokens(service: Service) -> None:
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


def test_it_is_read_and_moved_over_http(service: Service) -> None:
    service.begin(clock={"now": 100, "frozen": True})

    assert service.control("GET", "clock").json == {
        "now": 100.0,
        "frozen": True,
        "rate": 1.0,
        "tick_s": 0.0,
    }
    moved = service.control("PATCH", "clock", {"advance_s": 1.5, "rate": 60, "tick_s": 2})
    assert moved.json == {
        "now": 101.5,
        "frozen": True,
        "rate": 60.0,
        "tick_s": 2.0,
        "transitions": [],
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"advance_s": -1}, "$.advance_s: -1 is not a number from 0 to 1000000000.0"),
        ({"rate": 0}, "$.rate: 0 is not a rate above 0, at most 1000000"),
        ({"frozen": 1}, "$.frozen: 1 is not true or false"),
        ({"rate": None}, "$.rate: null is not a rate above 0, at most 1000000"),
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
    assert service.fake.default.clock.timing == Timing(now=100, frozen=True)


def test_it_is_set_from_python() -> None:
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
def test_a_reset_restores_it(change: Callable[[GesMock], Any]) -> None:
    ges = GesMock(clock={"now": 7, "frozen": True})
    ges.clock.advance(10)
    ges.clock.rate = 60

    change(ges)

    assert (ges.clock.now, ges.clock.rate) == (7, 1)


def test_a_state_has_it_and_one_without_leaves_it_alone() -> None:
    ges = GesMock(clock={"now": 7, "frozen": True})
    ges.clock.advance(3)
    state = ges.state()
    assert state["clock"] == {"now": 10.0, "frozen": True}

    ges.load({"graphs": {"g": {}}})
    assert (ges.clock.now, ges.clock.frozen) == (10, True)
    ges.reset()
    ges.load(state)
    assert ges.clock.now == 10


def test_each_project_has_its_own(service: Service) -> None:
    service.control("PATCH", "projects/other/clock", {"frozen": True, "advance_s": 1000})

    assert not service.control("GET", "clock").json["frozen"]
    assert service.control("GET", "projects/other/clock").json["frozen"]


def test_each_request_to_the_service_moves_a_ticking_clock_and_no_other_does(
    service: Service,
) -> None:
    service.begin(clock={"now": 100, "frozen": True, "tick_s": 5})

    service.list()
    service.control("GET", "jobs")
    service.list(prefer="code=503")
    service.client.get("/ges/v1.0/nobody/graphs/g/jobs/status")

    assert service.fake.default.clock.now() == 110


def test_a_client_meets_each_status_as_its_requests_let_the_time_go_by(service: Service) -> None:
    service.begin(clock={"tick_s": 30})  # and runs
    graph = f"/ges/v1.0/{PROJECT}/graphs/movie"

    job_id = service.client.post(f"{graph}/action?action_id=clear-graph").get_json()["jobId"]

    asked = [service.client.get(f"{graph}/jobs/{job_id}/status").get_json() for _ in range(3)]
    assert [answer["status"] for answer in asked] == ["pending", "running", "success"]
