"""What the calls of the control API about the journal do."""

from collections.abc import Callable
from typing import Any, Final

import flask

import gesmock
from gesmock.journal import filters as matching
from gesmock.journal import har
from gesmock.journal.filters import Assertion
from gesmock.model import validation
from gesmock.web.calls import Call, Outcome
from gesmock.web.control_bodies import AwaitedEntries, Nothing


def get_journal(call: Call) -> Outcome:
    given = _with_query(call.numbers("status", "wait_s", "since", "times"))
    wanted = validation.read(given, AwaitedEntries, "query")
    journal = call.project().journal
    if wanted.wait_s:
        entries = matching.wait(journal, wanted, wanted.times, wanted.wait_s)
    else:
        entries = wanted.of(journal.kept())
    return 200, {
        "entries": entries,
        "total": len(entries),
        "dropped": journal.dropped,
        "count": journal.count,
    }


def _with_query(given: dict[str, Any]) -> dict[str, Any]:
    """*given*, where the parameters ``query.limit`` and such are those of the entries' query."""
    names = [name for name in given if name.startswith("query.")]
    asked = {name.partition(".")[2]: given.pop(name) for name in names}
    return {**given, "query": asked} if asked else given


def post_assert_called(call: Call) -> Outcome:
    assertion = call.body(Assertion)
    return 200, {"entries": assertion.check(call.project().journal.kept())}


def get_har(call: Call) -> Outcome:
    call.query(Nothing)
    entries = call.project().journal.entries()
    return 200, har.archive(entries, gesmock.__version__, flask.request.scheme)


def delete_journal(call: Call) -> Outcome:
    call.query(Nothing)
    return 200, {"cleared": call.project().journal.clear()}


ROUTES: Final[tuple[tuple[str, str, Callable[..., Outcome]], ...]] = (
    ("GET", "journal", get_journal),
    ("DELETE", "journal", delete_journal),
    ("POST", "journal/assert_called", post_assert_called),
    ("GET", "journal/har", get_har),
)
