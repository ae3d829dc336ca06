"""The journal, as a test reads it."""

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict, Unpack, overload

from gesmock import __version__
from gesmock.fake.fake import Fake
from gesmock.journal import filters as matching
from gesmock.journal import har
from gesmock.journal.entries import Entry
from gesmock.journal.filters import Assertion, Count, EntryFilter
from gesmock.journal.journal import Journal
from gesmock.model import validation
from gesmock.model.clock import Seconds
from gesmock.model.jobs import Job
from gesmock.model.messages import Operation


class Filters(TypedDict, total=False):
    """Which entries are meant: all that have what is given.

    - ``status``, ``method``, ``graph``: as they are; the status of an answer that never came is 0.
    - ``job``: one that was asked for, made or shown, or its id.
    - ``query``: parameters with their values; None for one that is not there.
    - ``fault``: a receipt, the id of a fault rule, or ``"*"`` for any.
    - ``since``: only entries after the one with this number.
    """

    status: int | None
    method: str | None
    graph: str | None
    job: str | Job | None
    query: Mapping[str, str | int | None]
    fault: str | None
    since: int


class JournalView:
    """The journal of the default project, whichever that is when it is used."""

    def __init__(self, fake: Fake, scheme: str = "http") -> None:
        self._fake = fake
        self._scheme = scheme

    @property
    def _journal(self) -> Journal:
        return self._fake.default.journal

    @property
    def count(self) -> int:
        """The number of the last request; ``since`` it are those that are still to come."""
        return self._journal.count

    @property
    def dropped(self) -> int:
        """How many entries have made room for later ones."""
        return self._journal.dropped

    def entries(
        self, operation: Operation | None = None, **filters: Unpack[Filters]
    ) -> list[Entry]:
        """The entries that are kept, oldest first; only those that are meant. Raises InvalidInput.

        That others have made room (``dropped``) is no matter, unless with ``since``: it raises
        Conflict where some of those after it are no longer kept. With ``job`` also where it is
        forgotten of a list whether it showed the job.
        """
        return _wanted(operation, filters).of(self._journal.kept())

    def assert_called(
        self,
        operation: Operation | None = None,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        **filters: Unpack[Filters],
    ) -> list[Entry]:
        """The entries that are meant, if there are as many as wanted (default: at least one).

        Raises ExpectationFailed, an AssertionError that shows the nearest entries and in what they
        differ; Conflict where the entries that were dropped could change the answer; InvalidInput.
        """
        counts = {"times": times, "at_least": at_least, "at_most": at_most}
        given = {"operation": operation, **_plain(filters), **counts}
        assertion = validation.read_python(given, Assertion, "assert_called")
        return assertion.check(self._journal.kept())

    def wait_for(
        self,
        operation: Operation | None = None,
        *,
        times: int = 1,
        timeout_s: float = 5.0,
        **filters: Unpack[Filters],
    ) -> list[Entry]:
        """The entries that are meant, as soon as there are *times* of them.

        Raises TimedOut, which shows the nearest, where there are fewer after *timeout_s* real
        seconds, or as soon as the project is reset or the server stopped; Conflict where there are
        fewer and entries that were dropped could be such; InvalidInput.
        """
        wanted = _wanted(operation, filters)
        count = validation.read_python(times, Count, "wait_for.times")
        seconds = validation.read_python(timeout_s, Seconds, "wait_for.timeout_s")
        return matching.wait_for(self._journal, wanted, count, seconds)

    def har(self) -> dict[str, Any]:
        """The entries as an HTTP Archive (HAR 1.2), secrets masked."""
        return har.archive(self, __version__, self._scheme)

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...

    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        records = self._journal.kept().records
        if isinstance(index, slice):
            return [record.entry for record in records[index]]
        return records[index].entry

    def clear(self) -> None:
        """Forget every entry."""
        self._journal.clear()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._journal.entries())

    def __len__(self) -> int:
        return len(self._journal)


def _wanted(operation: Operation | None, filters: Filters) -> EntryFilter:
    given = {"operation": operation, **_plain(filters)}
    return validation.read_python(given, EntryFilter, "entries")


def _plain(filters: Filters) -> dict[str, Any]:
    """*filters* with the id of the job, where it was given as a job."""
    given: dict[str, Any] = {**filters}
    if isinstance(job := given.get("job"), Job):
        given["job"] = job.job_id
    return given
