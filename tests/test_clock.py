"""The clock is asked for the time, and nothing else is."""

import time

from gesmock.clock import Clock


def test_a_clock_tells_the_time_of_its_source() -> None:
    assert Clock(lambda: 1234.5).now() == 1234.5


def test_the_default_clock_runs_with_the_system() -> None:
    before = time.time()

    assert before <= Clock().now() <= time.time()
