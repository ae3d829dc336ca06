"""Paging list faults: what can happen to a list between two of its pages.

They come just before the list is read; with ``after: 1``, between the first page and the second.
What is drawn is drawn from the seed.
"""

from typing import Annotated

from msgspec import Meta

from gesmock.faults.kind import Call, ListFault, Rows

Count = Annotated[int, Meta(ge=1, le=100)]


class InsertJobs(ListFault, frozen=True, tag="insert_jobs"):
    """Add *count* finished jobs as the newest: later rows move on, and some are seen twice."""

    count: Count = 1

    def befall(self, rows: Rows) -> None:
        """Insert them."""
        rows.insert(self.count)


class RemoveJobs(ListFault, frozen=True, tag="remove_jobs"):
    """Take *count* jobs out: later rows move up, and some are never seen.

    They are drawn from those before the page that is asked for; where there are none, from all.
    """

    count: Count = 1

    def befall(self, rows: Rows) -> None:
        """Remove them."""
        rows.remove(self.count)


class FinishJobs(ListFault, frozen=True, tag="finish_jobs"):
    """Let *count* jobs end well: what was seen of them is no longer so.

    They are drawn from the unfinished ones among the 500 rows around where the page begins.
    """

    count: Count = 1

    def befall(self, rows: Rows) -> None:
        """Finish them."""
        rows.finish(self.count)


class ShrinkTotal(ListFault, frozen=True, tag="shrink_total"):
    """Say *count* too little in ``totalCount``, which only the database edition has."""

    count: Count = 1

    def suits(self, call: Call) -> bool:
        """Whether the list has a total."""
        return super().suits(call) and call.edition() == "database"

    def befall(self, rows: Rows) -> None:
        """Shrink it."""
        rows.shrink(self.count)


class RepeatRow(ListFault, frozen=True, tag="repeat_row"):
    """Show one of the page's rows twice: the page has a row more than it should."""

    def befall(self, rows: Rows) -> None:
        """Repeat it."""
        rows.repeat()


class CapLimit(ListFault, frozen=True, tag="cap_limit"):
    """Show *limit* rows at most, however many are asked for, and say nothing of it."""

    limit: Annotated[int, Meta(ge=1)]

    def befall(self, rows: Rows) -> None:
        """Cap it."""
        rows.cap(self.limit)
