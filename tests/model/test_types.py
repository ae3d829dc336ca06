"""Which statuses may follow which, and which an edition has."""

import pytest

from gesmock.model.errors import Conflict
from gesmock.model.types import FINAL, MOVES, STATUSES, check_edition, check_move


@pytest.mark.parametrize("status", FINAL)
def test_final_statuses_never_change(status: str) -> None:
    assert MOVES[status] == ()  # type: ignore[index]


def test_nothing_goes_back_to_pending() -> None:
    assert set(MOVES) == set(STATUSES)
    assert all("pending" not in later for later in MOVES.values())


def test_only_the_memory_edition_has_partial_failures() -> None:
    check_move("a", "running", "partiallyFailed", "memory")

    with pytest.raises(Conflict, match="cannot move to partiallyFailed"):
        check_move("a", "running", "partiallyFailed", "database")


def test_an_illegal_move_is_refused_naming_the_legal_ones() -> None:
    check_move("a", "pending", "running", "database")

    with pytest.raises(Conflict) as back:
        check_move("a", "running", "pending", "database")
    with pytest.raises(Conflict) as on:
        check_move("a", "failed", "running", "memory")

    assert str(back.value) == (
        "job 'a' cannot move to pending: it is running, "
        "from there it can move to running, complete, success, failed"
    )
    assert str(on.value) == "job 'a' cannot move to running: it is failed, which is final"


def test_a_status_that_the_edition_lacks_is_refused() -> None:
    check_edition("a", "partiallyFailed", "memory")

    with pytest.raises(Conflict, match="the database edition has pending, running, complete, succ"):
        check_edition("a", "partiallyFailed", "database")
