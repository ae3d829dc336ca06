"""Findings about retries, refusals and refused tokens; a correct client has none."""

from typing import Any

import pytest
from stories import Story

from gesmock.journal.entries import Wire


@pytest.fixture
def story() -> Story:
    return Story()


def failures(story: Story, *after_s: float, **fields: Any) -> None:
    for seconds in after_s:
        story.ask(after_s=seconds, **{"status": 503, **fields})


@pytest.mark.parametrize(
    "fields", [{}, {"status": 500}, {"status": 429}, {"status": 200, "connection": "reset"}]
)
def test_retries_without_a_pause_are_found(story: Story, fields: dict[str, Any]) -> None:
    failures(story, 0, 0.001, 0.003, 0.002, **fields)

    [found] = story.found()

    assert str(found) == (
        "GM102 GET /ges/v1.0/p1/graphs/movie/jobs/status failed and was retried 3 times, each "
        "time within 0.003 s, and no later the longer it went on; wait longer after each failure "
        "(#1, #2, #3, #4)"
    )


@pytest.mark.parametrize(
    "after_s",
    [
        (0, 0.1, 0.2, 0.4, 0.8),
        (0, 0.0, 0.2, 0.4),  # urllib3 tries again at once, the first time
        (0, 0.3, 0.1, 0.2, 0.4),  # with jitter
        (0, 2, 2, 2, 2),  # always the same, but long enough
        (0, 0.1, 0.1),  # twice
        (0, 0.0, 0.02, 0.04, 0.08),  # it doubles, though it does not begin with much
        (0, 0.1, 0.2, 0.4, *[0.5] * 30),  # up to a limit
    ],
)
def test_retries_with_a_growing_or_long_pause_are_fine(
    story: Story, after_s: tuple[float, ...]
) -> None:
    failures(story, *after_s)

    assert story.found() == []


@pytest.mark.parametrize(
    "after_s",
    [
        [0.0] * 150 + [0.3] + [0.0] * 150,  # the machine was busy, once
        [0.0, 0.03, 0.005, 0.08, 0.01, 0.02] * 5,  # or all the time
        [0.3, 0.2, 0.1, 0.05, 0.01] + [0.0] * 50,
        [0.2, 0.21, 0.22, 0.2, 0.23],
        [0.0, 0.02, 0.04, 0.08, *[0.08] * 9],
    ],
)
def test_shrinking_or_jittery_pauses_are_not_back_off(story: Story, after_s: list[float]) -> None:
    failures(story, 0, *after_s)

    assert story.told().keys() == {"GM102"}


def test_a_single_retry_is_judged_by_its_pause(story: Story) -> None:
    failures(story, 0, 0.3)
    assert story.told(errors=1).keys() == {"GM102"}


def test_several_runs_of_retries_of_a_call_are_one_finding(story: Story) -> None:
    for count in (4, 5, 4):
        failures(story, *[0.01] * count)
        story.ask(after_s=0.01)
        story.ask(after_s=9)

    [found] = story.found()
    assert "retried 5 times" in found.message
    assert "(3 times); " in found.message


@pytest.mark.parametrize(("back_s", "found"), [(1.5, False), (0.2, False), (0.1, True)])
def test_threads_that_fail_in_turn_and_back_off_are_fine(
    story: Story, back_s: float, found: bool
) -> None:
    """Each call has a connection of its own; the fifth and the sixth thread get through."""
    for turn, status in enumerate([503] * 4 + [200] * 6):
        at = story.now + (back_s if turn == 6 else 0.1)
        wire = Wire(f"a:{turn}", at, at)
        story.ask(after_s=at - story.now, status=status, real_at=at, wire=wire)

    assert [one.code for one in story.found()] == ["GM102"] * found


@pytest.mark.parametrize(("tries", "kept"), [(4, True), (40, False)])
def test_retries_over_one_connection_or_too_many_are_not_threads(
    story: Story, tries: int, kept: bool
) -> None:
    for turn in range(3 * tries):
        pause = 0.01 if turn < 2 * tries else 2
        at = story.now + pause
        wire = Wire("a:1", 1.0, None) if kept else Wire(f"a:{turn}", at, at)
        story.ask(after_s=pause, status=503 if turn < tries else 200, wire=wire)

    assert story.told().keys() == {"GM102"}


@pytest.mark.parametrize("pauses", [(0.4, 0.1, 0.05), (0.1, 0.5, 0.02, 0.3), (0.3, 0.24, 0.2)])
def test_random_pauses_are_back_off(story: Story, pauses: tuple[float, ...]) -> None:
    failures(story, 0, *pauses)

    assert story.found() == []


def test_pauses_begin_at_the_end_of_a_late_answer(story: Story) -> None:
    for late_s, pause in ((0.8, 0), (0.5, 0.1), (0.2, 0.2), (0, 0.4)):
        failures(story, pause, virtual_s=late_s, real_s=late_s)
        story.now += late_s
    assert story.found() == []

    for late_s in (0.8, 0.5, 0.2, 0.0):
        story.poll("a1", status=503, after_s=0.001, virtual_s=late_s, real_s=late_s)
        story.now += late_s
    assert story.told() == {"GM102": (5, 6, 7, 8)}


def test_retrying_at_the_named_time_is_back_off(story: Story) -> None:
    failures(story, *[0.001] * 6, reply_headers={"Retry-After": "0"})
    assert story.found() == []

    failures(story, *[0.001] * 6, reply_headers={"Retry-After": "soon"})
    assert story.told().keys() == {"GM102"}


def test_threads_that_fail_at_once_are_not_judged(story: Story) -> None:
    for number in range(6):
        at = 1 + number / 1000
        story.ask(after_s=0.001, status=503, real_at=at, wire=Wire(f"a:{number}", at - 0.5, None))
        story.poll("a1", after_s=0, status=401, real_at=at, wire=story.entries[-1].wire)
        story.submit(None, after_s=0, status=400, real_at=at, wire=story.entries[-1].wire)
    assert story.found() == []

    for _ in range(6):
        story.ask(after_s=0.001, status=503, headers={"user-agent": "one thread"})
    assert story.told().keys() == {"GM102"}


def test_failures_of_different_calls_or_between_successes_are_fine(story: Story) -> None:
    for number in range(5):
        failures(story, 0.01, 0.01)
        story.ask(after_s=0.01)
        failures(story, 0.01, query={"limit": f"{number}"})

    assert story.found() == []


def test_the_config_sets_the_number_of_retries_and_the_pause(story: Story) -> None:
    failures(story, 0, 1.5, 1.5, 1.5)

    assert story.found() == []
    assert story.told(retry_s=2).keys() == {"GM102"}
    assert story.found(retry_s=2, errors=4) == []


@pytest.mark.parametrize(
    ("told", "after_s", "found"),
    [
        ("3", 2.9, True),
        ("3", 2.96, False),  # clocks are not exact
        ("3", 3, False),
        ("Thu, 01 Jan 1970 00:16:44 GMT", 1, True),  # 1004 s, of 1001 s
        ("Thu, 01 Jan 1970 00:16:44 GMT", 3, False),
        ("soon", 0.1, False),
    ],
)
def test_a_retry_before_retry_after_is_found(
    story: Story, told: str, after_s: float, found: bool
) -> None:
    story.ask(status=503, reply_headers={"retry-after": told})
    story.ask(after_s=after_s)

    assert [one.code for one in story.found()] == ["GM103"] * found


@pytest.mark.parametrize(("pause", "found"), [(1, True), (5, False)])
def test_retry_after_begins_at_the_end_of_the_answer(
    story: Story, pause: float, found: bool
) -> None:
    story.ask(status=503, reply_headers={"retry-after": "5"}, virtual_s=4.5, real_s=4.5)
    story.ask(after_s=4.5 + pause)

    assert [one.code for one in story.found()] == ["GM103"] * found


def test_a_date_in_retry_after_passes_by_either_clock(story: Story) -> None:
    date = "Thu, 01 Jan 1970 00:20:00 GMT"
    story.ask(status=503, reply_headers={"retry-after": date}, real_at=2000.0)
    story.ask(after_s=1, real_at=2001.0)
    assert story.found() == []

    story.ask(status=503, reply_headers={"retry-after": date})
    story.ask(after_s=1)
    assert story.told() == {"GM103": (3, 4)}


def test_an_unread_retry_after_does_not_count(story: Story) -> None:
    for _ in range(4):
        story.ask(status=503, after_s=0.1, reply_headers={"retry-after": "9"}, gave_up=True)

    assert story.found() == []


def test_retry_after_concerns_only_its_own_call(story: Story) -> None:
    refused: dict[str, Any] = {"status": 429, "reply_headers": {"Retry-After": "9"}}
    story.poll("a1", **refused)
    story.ask(after_s=0.1)  # another call
    story.ask(after_s=0.1, **refused, connection="close")  # it could not read it
    story.ask(after_s=0.1)
    assert story.found() == []

    story.poll("a1", after_s=0.1, **refused)
    story.poll("a1", after_s=0.1)

    [found] = story.found()
    assert str(found) == (
        "GM103 GET /ges/v1.0/p1/graphs/movie/jobs/a1/status was retried after 0.4 s, although "
        "the answer said Retry-After: 9 (2 times); wait that long (#1, #5, #6)"
    )


def test_sending_a_refused_token_again_and_again_is_found(story: Story) -> None:
    story.ask(status=401)
    story.poll("a1", status=401)
    assert story.found() == []  # a client may try again with a new token

    story.poll("b1", status=401)

    [found] = story.found()
    assert (found.code, found.entries) == ("GM106", (1, 2, 3))
    assert "3 requests in a row were answered 401" in found.message


def test_a_new_token_each_time_is_fine(story: Story) -> None:
    for number in range(6):
        story.ask(status=401, token=f"{number}")
        story.submit(None, status=403, token=f"{number}")
    assert story.found() == []

    story.submit(None, status=403, token="5")
    for _ in range(3):
        story.ask(status=401, token="5")
    assert story.told().keys() == {"GM106", "GM107"}


@pytest.mark.parametrize("unread", [{"status": 503}, {"connection": "reset"}, {"gave_up": True}])
def test_failures_do_not_end_a_run_of_refusals(story: Story, unread: dict[str, Any]) -> None:
    for number in range(3):
        story.poll(f"{number}", status=401)
        story.poll(f"{number}", **unread)
    for _ in range(2):
        story.submit(None, status=400)
        story.submit(None, **unread)

    assert story.told() == {"GM106": (1, 3, 5), "GM107": (7, 9)}


def test_a_success_ends_a_run_of_refusals(story: Story) -> None:
    for _ in range(4):
        story.ask(status=401)
        story.ask(status=401)
        story.ask()

    assert story.found() == []


@pytest.mark.parametrize("status", [400, 403])
def test_a_refused_call_sent_unchanged_is_found(story: Story, status: int) -> None:
    story.submit(None, status=status)
    story.submit(None, status=status, body={"edgesetPath": "other"})
    story.submit(None, status=status, query={"action_id": "x"})
    assert story.found() == []

    story.submit(None, status=status)

    [found] = story.found()
    assert str(found) == (
        f"GM107 POST /ges/v1.0/p1/graphs/movie/action was refused with {status}, and sent 2 times "
        "unchanged; correct the request instead (#1, #4)"
    )
    assert story.found(refusals=3) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"statuses": {"a1": "failed"}},  # the job has failed: that is no refusal
        {"connection": "reset"},
        {"status": 404},
    ],
)
def test_answers_that_do_not_refuse_the_call_may_be_retried(
    story: Story, fields: dict[str, Any]
) -> None:
    for _ in range(3):
        story.poll("a1", **{"status": 400, **fields})

    assert story.found("GM107") == []


@pytest.mark.parametrize(
    ("pause", "limit", "status", "found"),
    [
        (10, "1", 400, False),
        (10, "x", 400, True),  # it asks wrongly, however late
        (10, "1", 403, True),
        (0.5, "1", 400, True),
    ],
)
def test_asking_now_and_then_for_a_graph_to_come_is_fine(
    story: Story, pause: float, limit: str, status: int, found: bool
) -> None:
    for _ in range(5):
        story.ask(after_s=pause, status=status, query={"limit": limit})
    story.ask(after_s=pause, query={"limit": limit})

    assert [one.code for one in story.found("GM107")] == ["GM107"] * found


def test_several_runs_of_refusals_are_one_finding(story: Story) -> None:
    for _ in range(3):
        for _ in range(3):
            story.submit(None, status=400)
        for _ in range(3):
            story.ask(status=401)
        story.submit(None, status=200)

    found = story.found()
    assert [one.code for one in found] == ["GM106", "GM107"]
    assert all("(3 times); " in one.message for one in found)
