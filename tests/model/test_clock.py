"""The arithmetic of time: frozen, advanced, faster, ticking; and the real time behind it."""

import subprocess
import sys
import time

import pytest

from gesmock import InvalidInput
from gesmock.model.clock import (
    ClockChange,
    Timing,
    VirtualTime,
    http_date,
    list_time,
    nanoseconds,
)


class Source:
    """A real time that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_clock_runs_with_the_real_time() -> None:
    before = time.time()

    assert before - 0.25 <= VirtualTime().now() <= time.time() + 0.25


def test_a_clock_never_runs_backwards() -> None:
    source = Source()
    clock = VirtualTime(source=source)

    source.now += 5
    assert clock.now() == 1005
    source.now -= 50
    assert clock.now() == 1000


def test_only_advancing_moves_a_frozen_clock() -> None:
    source = Source()
    clock = VirtualTime(Timing(frozen=True), source)

    source.now += 5
    assert clock.now() == 1000
    clock.change(ClockChange(advance_s=30))
    assert clock.now() == 1030
    clock.change(ClockChange(frozen=False))
    source.now += 2
    assert clock.now() == 1032


def test_at_a_rate_of_60_a_second_is_a_minute() -> None:
    source = Source()
    clock = VirtualTime(Timing(rate=60), source)

    source.now += 1
    assert clock.now() == 1060
    clock.change(ClockChange(rate=1))
    source.now += 1
    assert clock.now() == 1061


def test_a_clock_can_start_at_another_time() -> None:
    assert VirtualTime(Timing(now=5, frozen=True)).now() == 5


def test_ten_tenths_of_a_second_are_a_second() -> None:
    clock = VirtualTime(Timing(frozen=True))

    for _ in range(10):
        clock.change(ClockChange(advance_s=0.1))

    assert clock.age() == nanoseconds(1)


def test_a_tick_stops_at_an_earlier_limit() -> None:
    clock = VirtualTime(Timing(frozen=True, tick_s=5))

    clock.tick(None)
    assert clock.age() == nanoseconds(5)
    clock.tick(nanoseconds(7))
    assert clock.age() == nanoseconds(7)
    clock.tick(nanoseconds(6))
    assert clock.age() == nanoseconds(7)


def test_a_request_happens_where_its_tick_stopped() -> None:
    source = Source()
    clock = VirtualTime(Timing(now=0, tick_s=5), source)

    clock.tick(nanoseconds(2))
    source.now += 1
    with clock as now:
        assert (now, clock.now()) == (2, 2)
    with clock as now:
        assert now == 3


def test_a_clock_stops_at_the_end_of_the_year_9999() -> None:
    clock = VirtualTime(Timing(now=253_402_300_000, frozen=True, tick_s=1e9))

    with pytest.raises(InvalidInput) as caught:
        clock.change(ClockChange(advance_s=1000, tick_s=1))
    assert str(caught.value) == (
        "$.advance_s: 1000 s from 9999-12-31 23:46:40 on is beyond the year 9999"
    )
    assert clock.timing.tick_s == 1e9
    clock.tick(None)
    assert list_time(clock.now()) == "9999-12-31 23:59:59"
    source = Source()
    fast = VirtualTime(Timing(rate=1e6), source)
    source.now += 1e9
    assert list_time(fast.now()) == "9999-12-31 23:59:59"


def test_headers_and_lists_have_times_in_their_own_form() -> None:
    assert http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"  # RFC 9110, 5.6.7
    assert list_time(784111777.9) == "1994-11-06 08:49:37"


@pytest.mark.parametrize(
    "name", [pytest.param("freezegun", marks=pytest.mark.deep), "time-machine"]
)
def test_the_real_time_is_right_even_if_first_imported_during_time_travel(name: str) -> None:
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
