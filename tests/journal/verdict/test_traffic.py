"""Whether a client waited for each answer, as its connections show."""

import pytest
from stories import Story

from gesmock.journal.entries import Entry, Wire
from gesmock.journal.verdict.traffic import is_sequential

A, B, C = "a:1", "a:2", "a:3"


def entries_of(*requests: tuple[str, float], closed: dict[str, float] | None = None) -> list[Entry]:
    """Requests over connections that are opened half a second before the first of them."""
    story = Story()
    opened: dict[str, float] = {}
    for client, at in requests:
        since = opened.setdefault(client, at - 0.5)
        story.ask(real_at=at, wire=Wire(client, since, (closed or {}).get(client)))
    return story.entries


@pytest.mark.parametrize(
    ("requests", "closed"),
    [
        ([], {}),
        ([(A, 1), (A, 2), (A, 3)], {}),
        ([(A, 1), (B, 2), (C, 3)], {A: 1.2, B: 2.2}),  # a new one for each
        ([(A, 1), (B, 2), (C, 3)], {A: 1.5, B: 2.5}),  # seen at the same moment
        ([(A, 1), (B, 2), (C, 3)], {A: 2.1, B: 3.1}),  # closed once the next is answered
        ([(A, 1), (B, 2), (B, 3)], {}),  # one is left open
        ([(A, 1), (B, 2), (A, 3)], {B: 2.5}),  # and taken up again
        ([(A, 1), (B, 2), (A, 3)], {B: 3}),
    ],
)
def test_one_connection_at_a_time_is_sequential(
    requests: list[tuple[str, float]], closed: dict[str, float]
) -> None:
    assert is_sequential(entries_of(*requests, closed=closed))


@pytest.mark.parametrize(
    ("requests", "closed"),
    [
        ([(A, 1), (B, 2), (A, 3)], {}),  # taken up while the other is open
        ([(A, 1), (B, 1.2)], {A: 1.1}),  # the second was opened before
        ([(A, 1), (B, 2), (C, 3), (B, 4)], {}),
        ([(A, 1), (B, 2), (C, 2.1), (B, 2.2), (A, 3)], {B: 2.5, C: 2.4}),
    ],
)
def test_several_connections_at_once_are_not_sequential(
    requests: list[tuple[str, float]], closed: dict[str, float]
) -> None:
    assert not is_sequential(entries_of(*requests, closed=closed))


def test_requests_during_a_late_answer_are_not_sequential() -> None:
    story = Story()
    story.ask(real_at=1.5, real_s=5.0, virtual_s=5.0, wire=Wire(A, 1.0, None))
    story.ask(real_at=3.0, wire=Wire(B, 2.0, 3.5))
    story.ask(real_at=9.0, wire=Wire(A, 1.0, None))

    assert not is_sequential(story.entries)


def test_a_hang_lasts_until_the_connection_ends() -> None:
    story = Story()
    story.ask(real_at=1.5, connection="hang", wire=Wire(A, 1.0, None))
    story.ask(real_at=99.0, wire=Wire(B, 2.0, 99.5))
    assert not is_sequential(story.entries)

    story.entries = []
    story.ask(real_at=1.5, connection="hang", wire=Wire(A, 1.0, 1.9))
    story.ask(real_at=99.0, wire=Wire(B, 2.0, 99.5))
    assert is_sequential(story.entries)


def test_without_connections_only_late_answers_show_concurrency() -> None:
    story = Story()
    for real_at in (1.0, 2.0, 2.0):
        story.ask(real_at=real_at)
    assert is_sequential(story.entries)

    story.ask(real_at=3.0, real_s=2.0)
    story.ask(real_at=5.0)
    assert is_sequential(story.entries)

    story.ask(real_at=6.0, real_s=2.0)
    story.ask(real_at=7.9)
    assert not is_sequential(story.entries)
