"""Timelines: the status is a function of time, also after a move by hand."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gesmock.model.clock import nanoseconds
from gesmock.model.jobs import Job, JobRequest, Move
from gesmock.model.plans import Plan, Step
from gesmock.model.settings import Settings
from gesmock.model.timeline import NEVER, NextStatus, Timeline, timeline_of

S = nanoseconds(1)


def timeline(name: Any = "normal", now: int = 0, **fields: Any) -> Timeline:
    return Timeline.of(Plan(name=name, **fields), "success", "database", now)


def statuses(line: Timeline, *times: float) -> list[str]:
    return [line.at(nanoseconds(time)).status for time in times]


def test_the_status_is_a_function_of_the_time() -> None:
    assert statuses(timeline(), 10, 0, 1.999999999, 2, 9.9, 1e9) == [
        "success", "pending", "pending", "running", "running", "success",
    ]  # fmt: skip


def test_the_next_change_the_start_and_the_end_of_a_job() -> None:
    line = timeline(now=5 * S)

    assert [line.next_after(at * S) // S for at in (5, 7, 14)] == [7, 15, 15]
    assert line.next_after(15 * S) == NEVER
    assert (line.stages[0].time, line.started(6 * S), line.ended(14 * S)) == (5 * S, None, None)
    assert (line.started(7 * S), line.ended(15 * S)) == (7 * S, 15 * S)


def test_a_moved_job_continues_its_plan() -> None:
    moved = timeline().moved(Move("running"), 1 * S)

    assert statuses(moved, 0.5, 1, 8.9, 9) == ["pending", "running", "running", "success"]


def test_a_job_stays_in_a_status_outside_its_plan() -> None:
    assert (
        statuses(timeline("stuck_pending").moved(Move("running"), 1 * S), 1, 1e6) == ["running"] * 2
    )
    assert statuses(timeline().moved(Move("failed"), 1 * S), 1, 1e6) == ["failed"] * 2


def test_a_move_to_no_progress_starts_the_status_again() -> None:
    line = timeline(None, steps=[Step(1, "running", 40)])

    assert line.moved(Move("running"), 2 * S).at(2 * S).progress == 40
    assert line.moved(Move("running", progress=0), 2 * S).at(2 * S).progress == 0


def test_a_move_with_a_progress_continues_from_there() -> None:
    moved = timeline().moved(Move("running", progress=60), 1 * S)

    assert moved.at(1 * S).progress == 60
    assert moved.at(3 * S).status == "success"  # 75 % was two seconds before the end


def test_a_job_without_a_plan_keeps_its_status() -> None:
    job = Job("a", "running", JobRequest("import_graph", "/"))

    assert statuses(timeline_of(job, Settings(), "database", 0), 0, 1e6) == ["running"] * 2


def test_a_loaded_job_continues_its_plan_from_its_status() -> None:
    job = Job("a", "running", JobRequest("execute_algorithm", "/"), "normal")

    assert statuses(timeline_of(job, Settings(), "database", 0), 0, 7.9, 8) == [
        "running", "running", "complete",
    ]  # fmt: skip


def test_a_loaded_job_keeps_a_status_outside_its_plan() -> None:
    job = Job("a", "failed", JobRequest("import_graph", "/"), "normal")

    assert statuses(timeline_of(job, Settings(), "database", 0), 0, 1e6) == ["failed"] * 2


def test_nothing_remains_once_nothing_will_change() -> None:
    assert isinstance(timeline().remainder(4 * S), Plan)
    assert not isinstance(timeline().remainder(10 * S), Plan)
    assert isinstance(timeline(result={"a": 1}).remainder(10 * S), Plan)
    assert isinstance(timeline(fail_reason="x").remainder(10 * S), Plan)
    assert isinstance(timeline("instant", never_listed_for_s=9).remainder(5 * S), Plan)
    assert isinstance(timeline("stuck_at_99").remainder(50 * S), Plan)


@given(
    st.sampled_from(["normal", "slow", "stuck_at_99", "fails_late", "stuck_pending"]),
    st.integers(0, 20),
    st.lists(st.integers(0, 700), max_size=5),
    st.none() | st.tuples(st.integers(0, 20), st.sampled_from(["running", "failed", "success"])),
)
def test_the_remainder_of_a_timeline_continues_like_it(
    name: str, now: int, later: list[int], move: Any
) -> None:
    line = timeline(name)
    if move is not None:
        line = line.moved(Move(move[1]), move[0] * S)
        now += move[0]
    remaining = line.remainder(now * S)
    present = line.at(now * S)
    job = Job("a", present.status, JobRequest("import_graph", "/"), remaining)
    again = timeline_of(job, Settings(), "database", 0)

    for seconds in later:
        assert again.at(seconds * S)[1:] == line.at((now + seconds) * S)[1:]


def test_being_listed_is_a_change_but_not_a_next_status() -> None:
    line = timeline(never_listed_for_s=5)

    assert [line.next_after(at * S) // S for at in (0, 2, 5)] == [2, 5, 10]
    assert [line.next_status(at * S) for at in (0, 2, 5, 10)] == [
        NextStatus("running", 2),
        NextStatus("success", 8),
        NextStatus("success", 5),
        None,
    ]
