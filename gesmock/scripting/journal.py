"""The journal, as a test reads it."""

from collections.abc import Iterator

from gesmock.exchange import Operation
from gesmock.fake import Fake
from gesmock.journal import Entry, Journal


class JournalView:
    """The journal of the default project, whichever that is when it is used."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    @property
    def _journal(self) -> Journal:
        return self._fake.default.journal

    def entries(
        self, operation: Operation | None = None, *, status: int | None = None
    ) -> list[Entry]:
        """The entries, oldest first; only those of *operation*, or answered with *status*."""
        return self._journal.entries(operation, status)

    def wait(
        self,
        timeout_s: float,
        operation: Operation | None = None,
        *,
        status: int | None = None,
    ) -> list[Entry]:
        """The ``entries``, as soon as there is one: an empty list after *timeout_s* seconds."""
        return self._journal.wait(timeout_s, operation, status)

    def __getitem__(self, index: int) -> Entry:
        return self.entries()[index]

    def clear(self) -> None:
        """Forget every entry."""
        self._journal.clear()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self._journal)
