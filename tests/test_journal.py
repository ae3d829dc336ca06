"""The journal is bounded, and can be asked for a part."""

from threading import RLock
from typing import Any

import pytest

from gesmock.journal import Entry, Journal


def entry(**fields: Any) -> Entry:
    usual = {
        "number": 1,
        "at": 0.0,
        "operation": "list_jobs",
        "method": "GET",
        "path": "/ges/v1.0/p1/graphs/movie/jobs/status",
        "query": {},
        "status": 200,
    }
    return Entry(**{**usual, **fields})


def test_old_entries_make_room_and_are_counted() -> None:
    journal = Journal(RLock(), size=3)
    for status in (200, 201, 202, 203, 204):
        journal.append(entry(status=status))

    assert [one.status for one in journal.entries()] == [202, 203, 204]
    assert (len(journal), journal.count, journal.dropped) == (3, 5, 2)


def test_cleared_entries_are_not_counted_as_dropped() -> None:
    journal = Journal(RLock())
    journal.append(entry())

    assert journal.clear() == 1
    journal.append(entry())

    assert journal.dropped == 0
    assert (len(journal), journal.count) == (1, 2)


def test_entries_are_chosen_by_operation_and_status() -> None:
    journal = Journal(RLock())
    journal.append(entry(status=503))
    journal.append(entry(operation=None, status=404))

    assert [one.status for one in journal.entries("list_jobs")] == [503]
    assert [one.status for one in journal.entries(status=404)] == [404]
    assert journal.entries("list_jobs", 404) == []


@pytest.mark.parametrize(
    ("fields", "unmatched"),
    [
        ({}, False),
        ({"operation": None}, True),
        ({"operation": None, "path": "//ges/v1.0/p1"}, True),
        ({"operation": None, "path": "/favicon.ico"}, False),
    ],
)
def test_unmatched_is_what_no_operation_serves_below_the_services_paths(
    fields: dict[str, Any], unmatched: bool
) -> None:
    assert entry(**fields).unmatched is unmatched
