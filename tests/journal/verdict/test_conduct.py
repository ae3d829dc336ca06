"""Findings about polls, cancels, submissions and retries, and conduct without any."""

from typing import Any

import pytest
from stories import Story

from gesmock.journal.entries import Wire


@pytest.fixture
def story() -> Story:
    return Story()


# --- Polling ---


def test_polls_too_close_together_are_found(story: Story) -> None:
    for _ in range(5):
        story.poll("a1", "running", after_s=0.1)

    [finding] = story.findings("GM101")

    assert str(finding) == (
        "GM101 job 'a1' was polled 5 times in a row less than 0.5 s apart, 0.1 s at the closest, "
        "while it was running; wait longer between polls (#1, #2, #3, #4, #5)"
    )
    assert (finding.rule, finding.entries) == ("polls_too_often", (1, 2, 3, 4, 5))


@pytest.mark.parametrize(
    ("after_s", "polls"),
    [
        ([2.0] * 10, ["running"] * 10),  # slow enough
        ([0.1] * 3, ["running"] * 3),  # a test that looks a few times
        ([0.1, 0.1, 2.0] * 4, ["running"] * 12),  # two clients at a time
        ([0.1] * 6, ["pending", "pending", "running", "running", "success", "success"]),
        ([0.1] * 6, ["success"] * 6),  # that is another finding
        ([0.5, 0.497, 0.503, 0.46] * 3, ["running"] * 12),  # a timer, which is never exact
        ([0.1] * 6, [None] * 6),  # nothing was shown: they are retries
    ],
)
def test_slow_polls_and_polls_that_see_a_change_are_fine(
    story: Story, after_s: list[float], polls: list[str | None]
) -> None:
    for seconds, status in zip(after_s, polls, strict=True):
        story.poll("a1", status, after_s=seconds)

    assert story.findings("GM101") == []


def test_several_runs_of_polls_of_a_job_are_one_finding(story: Story) -> None:
    for _ in range(60):
        for _ in range(4):
            story.poll("a1", "running", after_s=0.1)
        story.poll("a1", "running", after_s=0.1)
        story.now += 5

    [finding] = story.findings()

    assert "polled 5 times in a row" in finding.message
    assert "while it was running (the longest of 60 such runs); wait" in finding.message


@pytest.mark.parametrize("unread", [{"status": 503}, {"connection": "reset"}, {"gave_up": True}])
def test_failures_between_polls_do_not_end_a_run(story: Story, unread: dict[str, Any]) -> None:
    for _ in range(4):
        story.poll("a1", "running", after_s=0.1)
        story.poll("a1", after_s=0.1, **unread)

    assert story.codes("GM101") == {"GM101": (1, 3, 5, 7)}


def test_retries_of_failed_polls_do_not_count(story: Story) -> None:
    for _ in range(8):
        story.poll("a1", "running", after_s=1.7)
        story.poll("a1", after_s=2, status=503)
        story.poll("a1", "running", after_s=0.3)

    assert story.findings() == []


@pytest.mark.parametrize("poll_s", [0.1, 0.3, 0.7, 1.1])
def test_polling_exactly_at_the_limit_is_fine(story: Story, poll_s: float) -> None:
    for _ in range(40):
        story.poll("a1", "running", after_s=poll_s)

    assert story.findings(poll_s=poll_s) == []


def test_reading_pages_of_a_result_is_not_polling(story: Story) -> None:
    for offset in range(8):
        story.poll("a1", "success", after_s=0.1, query={"offset": str(offset), "limit": "1"})

    assert story.findings() == []


def test_with_a_frozen_clock_real_time_counts(
    story: Story,
) -> None:
    for number in range(6):
        story.poll("patient", "running", after_s=0, real_at=number * 2.0)
        story.poll("hasty", "running", after_s=0, real_at=number * 2.0)
        story.poll("hasty", "running", after_s=0, real_at=number * 2.0 + 0.001)

    assert story.findings("GM101") == []
    for number in range(6):
        story.poll("hasty", "running", after_s=0, real_at=20 + number / 1000)
    assert "'hasty'" in story.findings("GM101")[0].message


@pytest.mark.parametrize("rate", [0.001, 0.1, 1, 60])
def test_the_clock_that_advanced_more_counts(story: Story, rate: float) -> None:
    for number in range(8):
        story.poll("slow", "running", after_s=2 * rate, real_at=number * 2.0)
        story.ask(status=503, after_s=0, real_at=number * 2.0)
    for number in range(8):
        seconds = 0.01 * rate
        story.poll("hasty", "running", after_s=seconds, real_at=20 + number / 100)

    assert [each.message.partition(" was")[0] for each in story.findings()] == ["job 'hasty'"] * (
        rate < 50
    )


def test_polls_are_timed_from_request_to_request(story: Story) -> None:
    """A timer that fires once a second is not hasty, even if answers take almost as long."""
    for number in range(8):
        story.poll("a1", "running", real_at=float(number), virtual_s=0.9, real_s=0.9)

    assert story.findings("GM101") == []


def test_a_poll_that_the_client_gave_up_does_not_count(story: Story) -> None:
    for _ in range(9):
        story.poll("a1", "running", after_s=0.1, gave_up=True)
    story.poll("a1", "success", gave_up=True)
    for _ in range(3):
        story.poll("a1", "success", after_s=5)

    assert story.findings() == []


def test_polls_from_several_threads_are_not_judged(story: Story) -> None:
    wires = [Wire(f"a:{number}", number / 100, None) for number in range(6)]
    for turn in range(4):
        for number, wire in enumerate(wires):
            at = 1 + turn + number / 10
            status = "running" if turn < 3 else "success"
            story.poll("a1", status, after_s=0.1, real_at=at, wire=wire)

    assert story.findings() == []


def test_polls_of_different_clients_are_separate(story: Story) -> None:
    for number in range(20):
        story.poll("a1", "running", after_s=0.1, headers={"user-agent": f"client {number % 8}"})

    assert story.findings("GM101") == []
    assert story.codes("GM101", client_header="x-none").keys() == {"GM101"}


def test_polls_after_the_final_status_are_found(story: Story) -> None:
    for status in ("running", "success", "success", "success"):
        story.poll("a1", status, after_s=5)
    assert story.findings() == []  # a client may look once more, and so may a test

    story.poll("a1", "success", after_s=5)

    [finding] = story.findings()
    assert str(finding) == (
        "GM104 job 'a1' was polled 3 more times after the client had read its status 'success'; stop "
        "polling at a final status (#2, #3, #4, #5)"
    )


def test_a_final_status_in_a_list_or_refusal_counts_too(story: Story) -> None:
    story.ask(statuses={"a1": "complete", "b1": "running"}, returned=2, total=2)
    story.poll("b1", "failed", status=400)
    for _ in range(3):
        story.poll("a1", "complete", after_s=5)
        story.poll("b1", "failed", after_s=5, status=400)

    assert [each.entries for each in story.findings()] == [(1, 3, 5, 7), (2, 4, 6, 8)]


@pytest.mark.parametrize(
    "unseen", [{"connection": "reset"}, {"method": "HEAD"}, {"headers": {"user-agent": "other"}}]
)
def test_a_final_status_that_the_client_did_not_read_does_not_count(
    story: Story, unseen: dict[str, Any]
) -> None:
    story.poll("a1", "success", **unseen)
    for _ in range(3):
        story.poll("a1", "success", after_s=5)

    assert story.findings("GM104") == []


def test_a_failed_look_may_be_repeated(story: Story) -> None:
    story.poll("a1", "success")
    for pause in (1, 2, 4, 8):
        story.poll("a1", after_s=pause, status=503)
    story.poll("a1", "success", after_s=16)

    assert story.findings() == []


def test_a_cancel_after_the_final_status_was_read_is_found(story: Story) -> None:
    story.poll("a1", "running")
    story.cancel("a1", status=400)  # it has just ended: nobody could know
    assert story.findings() == []

    story.poll("a1", "success")
    story.cancel("a1", status=400)

    [finding] = story.findings("GM105")
    assert str(finding) == (
        "GM105 job 'a1' was cancelled after the client had read its status 'success'; do not cancel "
        "a job that has ended (#3, #4)"
    )


# --- Submitting ---


@pytest.mark.parametrize(
    ("lost", "became"),
    [
        ({"status": 503}, "failed"),
        ({"connection": "reset"}, "failed"),
        ({"connection": "hang"}, "failed"),
        ({"gave_up": True}, "was given up"),
        ({"gave_up": True, "status": 503}, "was given up"),
    ],
)
def test_repeating_a_submission_that_took_effect_is_found(
    story: Story, lost: dict[str, Any], became: str
) -> None:
    story.submit("a1", phase="after", **lost)
    story.submit("b1")
    story.poll("b1", "running")

    [finding] = story.findings()

    assert str(finding) == (
        f"GM108 POST /ges/v1.0/p1/graphs/movie/action {became} after it had created job 'a1'; the "
        "client repeated it unchanged, which created job 'b1' too; look at the list before you "
        "submit again (#1, #2)"
    )


@pytest.mark.parametrize("lost", [{"status": 503}, {"gave_up": True}])
def test_a_client_that_read_a_list_without_the_job_may_submit_again(
    story: Story, lost: dict[str, Any]
) -> None:
    story.submit("a1", **lost)
    story.page(0, statuses={"c1": "success"})
    story.submit("b1")
    story.poll("b1", "running")
    assert story.findings() == []


@pytest.mark.parametrize("end", ["success", "failed"])
def test_a_client_that_read_the_final_status_may_submit_again(story: Story, end: str) -> None:
    story.submit("a1", status=503)
    story.page(0, statuses={"a1": "running"})
    story.page(0, statuses={"a1": end})
    story.submit("b1")
    assert story.codes("GM108") == {}


def test_a_client_that_asked_for_the_job_may_submit_again(story: Story) -> None:
    story.submit("a1", status=503)
    story.page(0, statuses={"a1": "running"})
    story.poll("a1", "running")
    story.submit("b1")
    assert story.codes("GM108") == {}


@pytest.mark.parametrize(
    "look",
    [
        {"gave_up": True, "returned": 1},
        {"status": 503},
        {"args": {"project_id": "p1", "graph_name": "other"}, "returned": 1},
    ],
)
def test_a_look_without_an_answer_is_no_reason_to_submit_again(
    story: Story, look: dict[str, Any]
) -> None:
    story.submit("a1", status=503)
    story.ask(statuses={"c1": "success"}, **look)
    story.submit("b1")
    story.poll("b1", "running")
    assert story.codes().keys() == {"GM108"}


@pytest.mark.parametrize(("second", "codes"), [("c2", set()), ("a1", {"GM108"})])
def test_a_look_may_be_several_pages_long(story: Story, second: str, codes: set[str]) -> None:
    story.submit("a1", status=503)
    story.page(0, 1, statuses={"c1": "success"}, total=2)
    story.page(1, 1, statuses={second: "running"}, total=2)
    story.submit("b1")
    story.poll("b1", "running")
    assert story.codes().keys() == codes


@pytest.mark.parametrize("changed", [{"digest": "2"}, {"headers": {"content-length": "7"}}])
def test_submissions_that_differ_in_a_secret_are_different(
    story: Story, changed: dict[str, Any]
) -> None:
    story.submit("a1", status=503, body=None, digest="1")
    story.submit("b1", **{"body": None, "digest": "1", **changed})
    story.poll("b1", "running")
    assert story.findings() == []

    story.submit("c1", **{"body": None, "digest": "1", "status": 503, **changed})
    story.submit("d1", **{"body": None, "digest": "1", **changed})
    story.poll("d1", "running")
    assert story.codes().keys() == {"GM108"}


def test_two_threads_may_make_the_same_submission(story: Story) -> None:
    for turn, status in enumerate((503, 200)):
        for name in ("a", "b"):
            at = 10.0 + turn
            wire = Wire(f"{name}:1", 1.0 if name == "a" else 2.0, None)
            story.submit(f"{name}{turn}", status=status, real_at=at, wire=wire)
            story.poll(f"{name}{turn}", "running", real_at=at, wire=wire)

    assert story.findings() == []


def test_a_client_that_read_a_list_with_the_job_may_not_submit_again(story: Story) -> None:
    story.submit("a1", status=503)
    story.page(0, statuses={"a1": "running"})
    story.submit("b1")
    story.poll("b1", "running")
    assert story.codes().keys() == {"GM108"}


def test_failed_or_different_submissions_may_be_sent(
    story: Story,
) -> None:
    story.submit(None, status=503, phase="before")
    story.submit("a1", connection="reset")
    story.submit("b1", body={"edgesetPath": "other"})
    story.submit(None, status=400)
    for job_id in ("a1", "b1"):
        story.poll(job_id, "running")

    assert story.findings() == []


def test_a_job_that_no_request_asks_for_is_found(story: Story) -> None:
    for job_id in ("polled", "cancelled", "lost", "forgotten", "unknown"):
        fields: dict[str, Any] = {"connection": "reset"} if job_id == "lost" else {}
        story.submit(job_id, body=job_id, **fields)
    story.poll("polled", "running")
    story.cancel("cancelled")
    story.poll("unknown", status=503)

    [finding] = story.findings()

    assert str(finding) == (
        "GM109 job 'forgotten' was submitted (import_graph), but no request asked how it went; poll "
        "it, or read the list (#4)"
    )


@pytest.mark.parametrize("look", [{}, {"statuses": {"b1": "running"}}, {"statuses": None}])
def test_reading_the_list_counts_as_looking(story: Story, look: dict[str, Any]) -> None:
    story.submit("a1")
    story.page(0, args={"project_id": "p1", "graph_name": "other"})
    story.submit("b1", body="other", args={"project_id": "p1", "graph_name": "other"})
    story.page(0, **look)

    assert [each.entries for each in story.findings()] == [(3,)]


def test_cancelling_all_jobs_counts_as_looking(story: Story) -> None:
    story.submit("a1")
    story.ask("hyg_delete_jobs", method="DELETE", path="/ges/v1.0/p1/hyg/movie/jobs")

    assert story.findings() == []


def test_a_poll_that_was_given_up_counts_as_looking(story: Story) -> None:
    story.submit("a1")
    story.page(0, statuses={"a1": "running"}, gave_up=True)

    assert story.findings("GM109") == []


# --- Retrying ---


def failures(story: Story, *after_s: float, **fields: Any) -> None:
    for seconds in after_s:
        story.ask(after_s=seconds, **{"status": 503, **fields})


@pytest.mark.parametrize(
    "fields", [{}, {"status": 500}, {"status": 429}, {"status": 200, "connection": "reset"}]
)
def test_retries_without_a_pause_are_found(story: Story, fields: dict[str, Any]) -> None:
    failures(story, 0, 0.001, 0.003, 0.002, **fields)

    [finding] = story.findings()

    assert str(finding) == (
        "GM102 GET /ges/v1.0/p1/graphs/movie/jobs/status failed and was retried 3 times, each "
        "time within 0.003 s, without increasing the delay; wait longer after each failure "
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

    assert story.findings() == []


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

    assert story.codes().keys() == {"GM102"}


def test_a_single_retry_is_judged_by_its_pause(story: Story) -> None:
    failures(story, 0, 0.3)
    assert story.codes(errors=1).keys() == {"GM102"}


def test_several_runs_of_retries_of_a_call_are_one_finding(story: Story) -> None:
    for count in (4, 5, 4):
        failures(story, *[0.01] * count)
        story.ask(after_s=0.01)
        story.ask(after_s=9)

    [finding] = story.findings()
    assert "retried 5 times" in finding.message
    assert "(3 times); " in finding.message


@pytest.mark.parametrize(("back_s", "reported"), [(1.5, False), (0.2, False), (0.1, True)])
def test_threads_that_fail_in_turn_and_back_off_are_fine(
    story: Story, back_s: float, reported: bool
) -> None:
    """Each call has a connection of its own; the fifth and the sixth thread get through."""
    for turn, status in enumerate([503] * 4 + [200] * 6):
        at = story.now + (back_s if turn == 6 else 0.1)
        wire = Wire(f"a:{turn}", at, at)
        story.ask(after_s=at - story.now, status=status, real_at=at, wire=wire)

    assert [each.code for each in story.findings()] == ["GM102"] * reported


@pytest.mark.parametrize(("tries", "reused"), [(4, True), (40, False)])
def test_retries_over_one_connection_or_too_many_are_not_threads(
    story: Story, tries: int, reused: bool
) -> None:
    for turn in range(3 * tries):
        pause = 0.01 if turn < 2 * tries else 2
        at = story.now + pause
        wire = Wire("a:1", 1.0, None) if reused else Wire(f"a:{turn}", at, at)
        story.ask(after_s=pause, status=503 if turn < tries else 200, wire=wire)

    assert story.codes().keys() == {"GM102"}


@pytest.mark.parametrize("pauses", [(0.4, 0.1, 0.05), (0.1, 0.5, 0.02, 0.3), (0.3, 0.24, 0.2)])
def test_random_pauses_are_back_off(story: Story, pauses: tuple[float, ...]) -> None:
    failures(story, 0, *pauses)

    assert story.findings() == []


def test_pauses_begin_at_the_end_of_a_late_answer(story: Story) -> None:
    for late_s, pause in ((0.8, 0), (0.5, 0.1), (0.2, 0.2), (0, 0.4)):
        failures(story, pause, virtual_s=late_s, real_s=late_s)
        story.now += late_s
    assert story.findings() == []

    for late_s in (0.8, 0.5, 0.2, 0.0):
        story.poll("a1", status=503, after_s=0.001, virtual_s=late_s, real_s=late_s)
        story.now += late_s
    assert story.codes() == {"GM102": (5, 6, 7, 8)}


def test_retrying_at_the_named_time_is_back_off(story: Story) -> None:
    failures(story, *[0.001] * 6, reply_headers={"Retry-After": "0"})
    assert story.findings() == []

    failures(story, *[0.001] * 6, reply_headers={"Retry-After": "soon"})
    assert story.codes().keys() == {"GM102"}


def test_threads_that_fail_at_once_are_not_judged(story: Story) -> None:
    for number in range(6):
        at = 1 + number / 1000
        story.ask(after_s=0.001, status=503, real_at=at, wire=Wire(f"a:{number}", at - 0.5, None))
        story.poll("a1", after_s=0, status=401, real_at=at, wire=story.entries[-1].wire)
        story.submit(None, after_s=0, status=400, real_at=at, wire=story.entries[-1].wire)
    assert story.findings() == []

    for _ in range(6):
        story.ask(after_s=0.001, status=503, headers={"user-agent": "one thread"})
    assert story.codes().keys() == {"GM102"}


def test_failures_of_different_calls_or_between_successes_are_fine(story: Story) -> None:
    for number in range(5):
        failures(story, 0.01, 0.01)
        story.ask(after_s=0.01)
        failures(story, 0.01, query={"limit": f"{number}"})

    assert story.findings() == []


def test_the_config_sets_the_number_of_retries_and_the_pause(story: Story) -> None:
    failures(story, 0, 1.5, 1.5, 1.5)

    assert story.findings() == []
    assert story.codes(retry_s=2).keys() == {"GM102"}
    assert story.findings(retry_s=2, errors=4) == []


@pytest.mark.parametrize(
    ("retry_after", "after_s", "reported"),
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
    story: Story, retry_after: str, after_s: float, reported: bool
) -> None:
    story.ask(status=503, reply_headers={"retry-after": retry_after})
    story.ask(after_s=after_s)

    assert [each.code for each in story.findings()] == ["GM103"] * reported


@pytest.mark.parametrize(("pause", "reported"), [(1, True), (5, False)])
def test_retry_after_begins_at_the_end_of_the_answer(
    story: Story, pause: float, reported: bool
) -> None:
    story.ask(status=503, reply_headers={"retry-after": "5"}, virtual_s=4.5, real_s=4.5)
    story.ask(after_s=4.5 + pause)

    assert [each.code for each in story.findings()] == ["GM103"] * reported


def test_a_date_in_retry_after_passes_by_either_clock(story: Story) -> None:
    date = "Thu, 01 Jan 1970 00:20:00 GMT"
    story.ask(status=503, reply_headers={"retry-after": date}, real_at=2000.0)
    story.ask(after_s=1, real_at=2001.0)
    assert story.findings() == []

    story.ask(status=503, reply_headers={"retry-after": date})
    story.ask(after_s=1)
    assert story.codes() == {"GM103": (3, 4)}


def test_an_unread_retry_after_does_not_count(story: Story) -> None:
    for _ in range(4):
        story.ask(status=503, after_s=0.1, reply_headers={"retry-after": "9"}, gave_up=True)

    assert story.findings() == []


def test_retry_after_concerns_only_its_own_call(story: Story) -> None:
    refused: dict[str, Any] = {"status": 429, "reply_headers": {"Retry-After": "9"}}
    story.poll("a1", **refused)
    story.ask(after_s=0.1)  # another call
    story.ask(after_s=0.1, **refused, connection="close")  # it could not read it
    story.ask(after_s=0.1)
    assert story.findings() == []

    story.poll("a1", after_s=0.1, **refused)
    story.poll("a1", after_s=0.1)

    [finding] = story.findings()
    assert str(finding) == (
        "GM103 GET /ges/v1.0/p1/graphs/movie/jobs/a1/status was retried after 0.4 s, although "
        "the answer said Retry-After: 9 (2 times); wait that long (#1, #5, #6)"
    )


def test_sending_a_refused_token_again_is_found(story: Story) -> None:
    story.ask(status=401)
    story.poll("a1", status=401)
    assert story.findings() == []  # a client may try again with a new token

    story.poll("b1", status=401)

    [finding] = story.findings()
    assert (finding.code, finding.entries) == ("GM106", (1, 2, 3))
    assert "3 requests in a row were answered 401" in finding.message


def test_a_new_token_each_time_is_fine(story: Story) -> None:
    for number in range(6):
        story.ask(status=401, token=f"{number}")
        story.submit(None, status=403, token=f"{number}")
    assert story.findings() == []

    story.submit(None, status=403, token="5")
    for _ in range(3):
        story.ask(status=401, token="5")
    assert story.codes().keys() == {"GM106", "GM107"}


@pytest.mark.parametrize("unread", [{"status": 503}, {"connection": "reset"}, {"gave_up": True}])
def test_failures_do_not_end_a_run_of_refusals(story: Story, unread: dict[str, Any]) -> None:
    for number in range(3):
        story.poll(f"{number}", status=401)
        story.poll(f"{number}", **unread)
    for _ in range(2):
        story.submit(None, status=400)
        story.submit(None, **unread)

    assert story.codes() == {"GM106": (1, 3, 5), "GM107": (7, 9)}


def test_a_success_ends_a_run_of_refusals(story: Story) -> None:
    for _ in range(4):
        story.ask(status=401)
        story.ask(status=401)
        story.ask()

    assert story.findings() == []


@pytest.mark.parametrize("status", [400, 403])
def test_a_refused_call_sent_unchanged_is_found(story: Story, status: int) -> None:
    story.submit(None, status=status)
    story.submit(None, status=status, body={"edgesetPath": "other"})
    story.submit(None, status=status, query={"action_id": "x"})
    assert story.findings() == []

    story.submit(None, status=status)

    [finding] = story.findings()
    assert str(finding) == (
        f"GM107 POST /ges/v1.0/p1/graphs/movie/action was refused with {status}, and sent 2 times "
        "unchanged; correct the request instead (#1, #4)"
    )
    assert story.findings(refusals=3) == []


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

    assert story.findings("GM107") == []


@pytest.mark.parametrize(
    ("pause", "limit", "status", "reported"),
    [
        (10, "1", 400, False),
        (10, "x", 400, True),  # the parameter is wrong, however long it waits
        (10, "1", 403, True),
        (0.5, "1", 400, True),
    ],
)
def test_asking_now_and_then_for_a_graph_that_does_not_exist_yet_is_fine(
    story: Story, pause: float, limit: str, status: int, reported: bool
) -> None:
    for _ in range(5):
        story.ask(after_s=pause, status=status, query={"limit": limit})
    story.ask(after_s=pause, query={"limit": limit})

    assert [each.code for each in story.findings("GM107")] == ["GM107"] * reported


def test_several_runs_of_refusals_are_one_finding(story: Story) -> None:
    for _ in range(3):
        for _ in range(3):
            story.submit(None, status=400)
        for _ in range(3):
            story.ask(status=401)
        story.submit(None, status=200)

    findings = story.findings()
    assert [each.code for each in findings] == ["GM106", "GM107"]
    assert all("(3 times); " in each.message for each in findings)
