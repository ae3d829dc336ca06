"""Findings about how a client reads a list, and what is none."""

from collections.abc import Sequence
from typing import Any

import pytest
from stories import Story

from gesmock.journal.entries import Wire


@pytest.fixture
def story() -> Story:
    return Story()


def read(story: Story, *offsets: int, total: int | None = 100, limit: int = 10) -> None:
    for offset in offsets:
        story.page(offset, limit, total=total)


# --- What is right ---


@pytest.mark.parametrize(
    "offsets",
    [
        [0, 10, 20],
        [0],  # a single page
        [0, 10],  # found its job
        [90],
        [0, 50, 20, 90, 20, 0, 30],  # a person turns the pages
        [0, 0, 10, 10, 20, 20],  # two clients
        [0, 10, 0, 20, 10, 0],
        [0, 20, 10, 30],  # several at once, in any order
        [0, 30, 10, 40, 20],
        [0, 40, 30, 20, 10],
        [0, 10, 20, 0, 10, 20],  # once more
        [0, 10, 10, 20],  # a page once more
    ],
    ids=str,
)
def test_reading_page_by_page_is_fine(story: Story, offsets: Sequence[int]) -> None:
    read(story, *offsets)

    assert story.findings() == []


def test_two_clients_may_use_different_page_sizes(story: Story) -> None:
    for first, second in ((0, 0), (10, 25), (20, 50)):
        story.page(first, 10)
        story.page(second, 25)

    assert story.findings() == []


def test_stopping_at_the_last_page_is_fine(story: Story) -> None:
    read(story, 0, 10, 20, total=25)

    assert story.findings() == []


@pytest.mark.parametrize("total", [None, 20])
def test_without_a_total_reading_to_the_first_empty_page_is_fine(
    story: Story, total: int | None
) -> None:
    for offset in (0, 10, 20):
        story.page(offset, returned=min(10, 20 - offset), total=None)

    assert story.findings() == []


def test_failed_pages_that_are_read_later_leave_no_gap(story: Story) -> None:
    story.failed_page(0)
    story.page(0)
    story.failed_page(10)
    story.page(20)  # another thread
    story.page(10)
    story.failed_page(30)  # and never again
    story.page(40)
    story.failed_page(50, connection="reset", status=200, returned=10, total=100)
    story.page(60)

    assert story.findings("GM2") == []


def test_a_client_may_make_up_for_a_changed_list(story: Story) -> None:
    story.page(0, total=100)
    story.page(7, total=97)
    story.page(20, total=100)
    story.page(0, total=100)
    story.page(13, total=103)

    assert story.findings() == []


def test_lists_of_other_graphs_and_clients_are_other_lists(story: Story) -> None:
    story.page(0)
    story.page(5, path="/ges/v1.0/p1/graphs/other/jobs/status")
    story.page(5, headers={"user-agent": "another"})
    story.page(5, method="HEAD")

    assert story.findings() == []


def test_refused_windows_are_not_pages(story: Story) -> None:
    story.page(0)
    for query in ({"offset": "x"}, {"limit": "-1", "offset": "5"}, {"offset": ""}):
        story.ask(query=query, status=400)

    assert story.findings() == []


def test_no_limit_and_a_limit_of_zero_are_windows_too(story: Story) -> None:
    story.page(None, None)
    story.page(0, 0)
    story.page(5, 0)
    story.page(99, None)
    story.ask(query={"offset": "7"}, status=503)

    assert story.findings() == []


def test_a_client_may_change_the_page_size(story: Story) -> None:
    story.page(0, 25)
    story.page(10, 10)
    story.page(33, 3)

    assert story.findings() == []


def test_a_client_may_want_a_single_short_page(story: Story) -> None:
    for limit in (5, 10, 20):
        story.page(0, limit, returned=4, total=25)

    assert story.findings() == []


def test_a_client_may_stop_at_the_page_with_its_job(story: Story) -> None:
    story.page(0)
    story.page(10, returned=4, statuses={"a1": "running", "b1": "failed"})
    story.poll("b1", "failed")

    assert story.findings() == []


@pytest.mark.parametrize("failed", [{"status": 503}, {"status": 401}, {"connection": "close"}])
def test_a_client_may_stop_at_an_error(story: Story, failed: dict[str, Any]) -> None:
    story.page(0)
    story.page(10, returned=4)
    story.failed_page(14, **failed)

    assert story.findings() == []


def test_going_on_with_another_limit_is_not_stopping(story: Story) -> None:
    story.page(0)
    story.page(10, returned=4)
    story.page(14, 6)

    assert story.findings() == []


def test_a_gap_that_is_read_later_is_fine(story: Story) -> None:
    """Read all pages, then the rows that a short page did not have."""
    story.page(0, returned=4)
    story.page(10)
    story.page(20)
    story.page(4, 6)
    assert story.findings() == []

    other = "/ges/v1.0/p1/graphs/other/jobs/status"
    story.page(0, returned=4, path=other)
    story.page(10, path=other)
    story.page(4, 4, path=other)
    assert story.codes().keys() == {"GM203"}


def test_beginning_in_the_middle_of_the_list_is_fine(story: Story) -> None:
    story.page(0)
    story.page(37)

    assert story.findings() == []


@pytest.mark.parametrize("offset", [10, 11])
def test_a_repeated_row_may_be_counted_once_or_twice(story: Story, offset: int) -> None:
    jobs = {f"{number}": "success" for number in range(10)}
    story.page(0, returned=11, statuses=jobs)
    story.page(offset, statuses={f"{10 + number}": "success" for number in range(10)})
    assert story.findings() == []

    story.page(0, returned=11, statuses=jobs)
    story.page(9)
    assert story.codes().keys() == {"GM202"}


def test_a_page_of_unknown_jobs_proves_no_overlap(story: Story) -> None:
    story.page(0, statuses=None)
    story.page(9)

    assert story.findings() == []


def test_a_client_may_step_back_when_the_list_has_shrunk(story: Story) -> None:
    story.page(0, total=100)
    story.page(10, total=97)
    story.page(17, total=97)

    assert story.findings() == []


@pytest.mark.parametrize("offsets", [[20, 30, 40, 50], [20, 21, 22, 23]])
def test_a_client_may_read_as_far_as_an_earlier_total(story: Story, offsets: Sequence[int]) -> None:
    story.page(0, total=60)
    story.page(10, total=20)
    read(story, *offsets, total=20)

    assert story.findings() == []


def test_several_threads_may_not_know_the_total_yet(story: Story) -> None:
    first, second = Wire("a:1", 1.0, None), Wire("a:2", 2.0, None)
    for offset in (0, 10, 20, 30, 40, 50):
        story.page(
            offset, total=12, real_at=3 + offset / 1000, wire=first if offset % 20 else second
        )

    assert story.findings() == []


def test_single_rows_are_not_page_numbers(
    story: Story,
) -> None:
    for offset in range(6):
        story.page(offset, 10, returned=1)
    story.page(6, returned=10)

    assert story.findings("GM201") == []


def test_going_on_behind_the_new_jobs_is_not_counting_pages(story: Story) -> None:
    """After two insertions, two of the three jobs on each later page were on the page before."""
    jobs = [f"{number}" for number in range(16)]
    story.page(0, 3, total=16, statuses=dict.fromkeys(jobs[:3], "success"))
    jobs[:0] = ["new-a", "new-b"]
    for offset in range(3, 9):
        story.page(
            offset, 3, total=18, statuses=dict.fromkeys(jobs[offset : offset + 3], "success")
        )

    assert story.findings("GM201") == []


# --- What is not ---


def test_an_offset_that_counts_pages_is_found(story: Story) -> None:
    read(story, 0, 1, 2, 3, 4)

    [finding] = story.findings()

    assert str(finding) == (
        "GM201 the offset looks like a page number: 0, 1, 2, 3, with 10 jobs a page, only one of "
        "them new each time; advance it by the number of jobs received (#1, #2, #3, #4, #5)"
    )


def test_pages_counted_from_one_are_found(story: Story) -> None:
    read(story, 1, 2, 3)
    story.page(50)

    assert story.codes()["GM201"] == (1, 2, 3)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("limit", [2, 3])
def test_page_numbers_are_found_when_the_jobs_are_known(
    story: Story, first: int, limit: int
) -> None:
    for offset in range(first, first + 4):
        statuses = {f"{number}": "success" for number in range(offset, offset + limit)}
        story.page(offset, limit, statuses=statuses)

    assert story.codes()["GM201"] == (1, 2, 3, 4)


def test_pages_of_one_job_are_not_page_numbers(story: Story) -> None:
    read(story, 0, 1, 2, 3, limit=1)

    assert story.findings() == []


def test_overlapping_windows_are_found(story: Story) -> None:
    read(story, 0, 9, 18)

    [finding] = story.findings()

    assert str(finding) == (
        "GM202 pages overlap: the page at offset 9 begins among the 10 jobs of the page at offset 0 "
        "(2 times); go on at offset 10 (#1, #2, #3)"
    )


def test_windows_that_leave_a_gap_are_found(story: Story) -> None:
    read(story, 0, 11, 22)

    [finding] = story.findings()

    assert str(finding) == (
        "GM203 pages leave a gap: 1 job was never read, from offset 10 on; the page at offset 0 had "
        "10 jobs (2 times); go on at offset 10 (#1, #2, #3)"
    )


def test_skipping_whole_pages_repeatedly_is_a_gap(story: Story) -> None:
    read(story, 0, 20, 40)

    assert story.codes() == {"GM203": (1, 2, 3)}


def test_advancing_by_the_limit_after_a_short_page_is_a_gap(story: Story) -> None:
    """The service caps the limit: the client has asked for 1000, and got 100."""
    story.page(0, 1000, returned=100, total=5000)
    story.page(1000, 1000, returned=100, total=5000)

    assert story.codes() == {"GM203": (1, 2), "GM204": (2,)}


def test_stopping_at_a_short_page_is_found(story: Story) -> None:
    story.page(0, 1000, returned=100, total=250)

    [finding] = story.findings()

    assert str(finding) == (
        "GM204 the client stopped at a short page: it asked for 1000 jobs from offset 0 on and "
        "got 100, although totalCount was 250; read on up to totalCount (#1)"
    )
    story.page(100, 1000, returned=100, total=250)
    story.page(200, 1000, returned=50, total=250)
    assert story.findings() == []


def test_reading_on_past_the_end_is_found(story: Story) -> None:
    read(story, 0, 10, 20, 30, 40, total=15)

    assert story.codes() == {"GM205": (3, 4, 5), "GM206": (2, 3)}
    [endless] = story.findings("GM205")
    assert str(endless) == (
        "GM205 the client kept reading past the end of the list: 3 empty pages in a row, up "
        "to offset 40; stop at totalCount, or at an empty page (#3, #4, #5)"
    )
    assert story.findings("GM205", empty_pages=4) == []


def test_repeating_an_empty_page_is_not_reading_on(story: Story) -> None:
    read(story, 0, 10, 10, 10, 10, total=5)

    assert story.codes().keys() == {"GM206"}


def test_asking_for_more_than_the_total_is_found(story: Story) -> None:
    read(story, 0, 10, 20, total=20)
    read(story, 0, 10, 20, total=15)

    [finding] = story.findings()

    assert str(finding) == (
        "GM206 the client ignored totalCount: it was 20, and the client had read all jobs when it "
        "asked for more at offset 20 (2 times); stop at totalCount (#2, #3, #5, #6)"
    )


def test_coming_back_later_for_new_jobs_is_fine(story: Story) -> None:
    read(story, 0, 10, total=20)
    for _ in range(4):
        story.page(20, total=20, after_s=2)

    assert story.findings() == []


def test_looking_far_beyond_the_end_is_fine(story: Story) -> None:
    read(story, 0, 500, total=5)

    assert story.findings() == []
