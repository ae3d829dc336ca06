"""Lives: a pure function of the time, also after a move by hand, and a heap of what is due."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gesmock.model.clock import nanoseconds
from gesmock.model.jobs import Job, JobRequest, Move
from gesmock.model.lives import Event, Lives, Together
from gesmock.model.plans import Plan
from gesmock.model.settings import Settings
from gesmock.model.timeline import NEVER, DeleteGraph, EraseJob, Life, life_of

S = nanoseconds(1)


def life(name: Any = "normal", now: int = 0, **fields: Any) -> Life:
    return Life.of(Plan(name=name, **fields), "success", "database", now)


def course(one: Life, *times: float) -> list[str]:
    return [one.at(nanoseconds(time)).status for time in times]


def test_the_status_is_a_function_of_the_time() -> None:
    assert course(life(), 10, 0, 1.999999999, 2, 9.9, 1e9) == [
        "success", "pending", "pending", "running", "running", "success",
    ]  # fmt: skip


def test_a_life_knows_when_it_changes_next_and_when_it_has_begun_and_ended() -> None:
    one = life(now=5 * S)

    assert [one.change_after(at * S) // S for at in (5, 7, 14)] == [7, 15, 15]
    assert one.change_after(15 * S) == NEVER
    assert (one.stages[0].time, one.started(6 * S), one.ended(14 * S)) == (5 * S, None, None)
    assert (one.started(7 * S), one.ended(15 * S)) == (7 * S, 15 * S)


def test_a_job_that_is_moved_goes_on_along_its_plan_from_there() -> None:
    moved = life().moved(Move("running"), 1 * S)

    assert course(moved, 0.5, 1, 8.9, 9) == ["pending", "running", "running", "success"]


def test_one_that_is_moved_where_its_plan_does_not_lead_stays_there() -> None:
    assert course(life("stuck_pending").moved(Move("running"), 1 * S), 1, 1e6) == ["running"] * 2
    assert course(life().moved(Move("failed"), 1 * S), 1, 1e6) == ["failed"] * 2


def test_a_move_with_a_progress_goes_on_from_that_progress() -> None:
    moved = life().moved(Move("running", progress=60), 1 * S)

    assert moved.at(1 * S).progress == 60
    assert moved.at(3 * S).status == "success"  # 75 % was two seconds before the end


def test_a_job_without_a_plan_stays_as_it_is() -> None:
    job = Job("a", "running", JobRequest("import_graph", "/"))

    assert course(life_of(job, Settings(), "database", 0), 0, 1e6) == ["running"] * 2


def test_a_job_with_a_plan_goes_on_from_the_status_it_has() -> None:
    job = Job("a", "running", JobRequest("execute_algorithm", "/"), "normal")

    assert course(life_of(job, Settings(), "database", 0), 0, 7.9, 8) == [
        "running", "running", "complete",
    ]  # fmt: skip


def test_one_whose_status_is_not_in_its_plan_keeps_it() -> None:
    job = Job("a", "failed", JobRequest("import_graph", "/"), "normal")

    assert course(life_of(job, Settings(), "database", 0), 0, 1e6) == ["failed"] * 2


def test_what_is_left_of_a_life_is_nothing_where_nothing_is() -> None:
    assert isinstance(life().rest(4 * S), Plan)
    assert not isinstance(life().rest(10 * S), Plan)
    assert isinstance(life(result={"a": 1}).rest(10 * S), Plan)
    assert isinstance(life(fail_reason="x").rest(10 * S), Plan)
    assert isinstance(life("instant", never_listed_for_s=9).rest(5 * S), Plan)
    assert isinstance(life("stuck_at_99").rest(50 * S), Plan)


@given(
    st.sampled_from(["normal", "slow", "stuck_at_99", "fails_late", "stuck_pending"]),
    st.integers(0, 20),
    st.lists(st.integers(0, 700), max_size=5),
    st.none() | st.tuples(st.integers(0, 20), st.sampled_from(["running", "failed", "success"])),
)
def test_what_is_left_of_a_life_goes_on_as_the_life_does(
    name: str, now: int, later: list[int], move: Any
) -> None:
    one = life(name)
    if move is not None:
        one = one.moved(Move(move[1]), move[0] * S)
        now += move[0]
    rest = one.rest(now * S)
    present = one.at(now * S)
    job = Job("a", present.status, JobRequest("import_graph", "/"), rest)
    again = life_of(job, Settings(), "database", 0)

    for seconds in later:
        assert again.at(seconds * S)[1:] == one.at((now + seconds) * S)[1:]


# --- Many of them -------------------------------------------------------------------------------


def events(lives: Lives, seconds: float) -> list[Event]:
    return [event for some in lives.settle(nanoseconds(seconds)) for event in some]


def test_each_event_comes_once_in_the_order_of_its_time() -> None:
    lives = Lives()
    lives.put(1, life(), 0)
    lives.put(2, life("fails_early"), 0)

    assert lives.next_change() == 2 * S
    assert [(one.time // S, one.number, one.status) for one in events(lives, 5)] == [
        (2, 1, "running"),
        (2, 2, "running"),
        (3, 2, "failed"),
    ]
    assert [event.status for event in events(lives, 100)] == ["success"]
    assert lives.next_change() == NEVER


def test_a_moved_or_forgotten_job_is_not_heard_of_from_its_former_life() -> None:
    lives = Lives()
    for number in (1, 2, 3):
        lives.put(number, life(), 0)
    lives.put(1, life().moved(Move("failed"), S), S)
    lives.forget([2])

    assert {event.number for event in events(lives, 100)} == {3}


def test_the_heap_does_not_grow_with_jobs_that_are_gone() -> None:
    lives = Lives()
    lives.put(-1, life(), 0)
    for number in range(1000):
        lives.put(number, life(), 0)
        lives.forget([number])

    assert len(lives._due) < 100
    assert lives.next_change() == 2 * S


def test_a_copy_goes_its_own_way() -> None:
    lives = Lives()
    lives.put(1, life(), 0)
    copy = lives.copy()

    assert len(events(lives, 100)) == 2
    assert len(events(copy, 100)) == 2


# --- Those that came together -------------------------------------------------------------------


def together(*, now: int = 0) -> Lives:
    """Jobs -4 to -1, which are normal and fail early by turns, and share their lives."""
    lives, kinds = Lives(), (life(), life("fails_early"))
    lives.put_together(Together.of({number: kinds[number % 2] for number in range(-4, 0)}, now))
    return lives


def test_those_that_came_together_change_in_the_order_of_submission() -> None:
    lives = together()

    assert lives.next_change() == 2 * S
    assert [(one.number, one.status) for one in events(lives, 2)] == [
        (number, "running") for number in range(-4, 0)
    ]
    assert [(one.number, one.status) for one in events(lives, 10)] == [
        (-3, "failed"), (-1, "failed"), (-4, "success"), (-2, "success"),
    ]  # fmt: skip
    assert lives.next_change() == NEVER


def test_one_of_them_may_go_or_be_moved_without_the_others() -> None:
    lives = together()
    lives.forget([-4])
    lives.put(-3, life("stuck_pending"), 0)
    lives.put(-2, life("stuck_pending"), 0)

    assert lives.get(-4) is None
    assert sorted(number for number, _ in lives) == [-3, -2, -1]
    assert {one.number for one in events(lives, 100)} == {-1}


def test_one_of_them_may_go_between_its_changes() -> None:
    lives = together()
    events(lives, 2)
    lives.put(5, life("stuck_pending"), 0)
    lives.forget([-2])

    copy = lives.copy()
    for one in (lives, copy):
        assert [event.number for event in events(one, 100)] == [-3, -1, -4]


def test_they_are_forgotten_once_all_are_gone() -> None:
    lives = together()
    lives.put(0, life(), 0)
    lives.forget([-4])

    lives.forget_below(-1)
    assert len(lives._courses) == 1
    lives.forget([-1])
    lives.forget_below(0)

    assert lives._courses == []
    assert [number for number, _ in lives] == [*lives._of] == [0]


def test_a_life_that_ends_at_the_same_time_as_one_with_an_effect_is_told_before_it() -> None:
    lives = Lives()
    lives.put(0, life("fails_early"), 0)
    lives.put(1, replace(life("fails_early"), effect=DeleteGraph()), 0)
    lives.put(2, life("fails_early"), 0)

    told = [[one.number for one in some] for some in lives.settle(100 * S)]

    assert told == [[0], [1], [2, 0], [1], [2]]


def test_one_that_goes_by_the_effect_of_another_at_the_same_time_is_not_heard_of() -> None:
    lives = Lives()
    lives.put(1, replace(life("fails_early"), effect=EraseJob("2")), 0)
    lives.put(2, life("fails_early"), 0)

    told = []
    for some in lives.settle(100 * S):
        told += [one.number for one in some]
        lives.forget([2])

    assert told == [1, 1]
