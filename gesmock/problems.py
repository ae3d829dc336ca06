"""Problems: which requests a test should hear of at its end."""

from gesmock.journal import Entry

MOST_URLS = 100
MOST_CRASHES = 10
"""How many are told: a client that invents URLs without end must not fill the memory."""


class Problems:
    """The crashes and the unmatched requests of one world, whatever becomes of the journal."""

    def __init__(self) -> None:
        self._crashes: list[str] = []
        self._unmatched: dict[str, int] = {}

    def note(self, entry: Entry) -> None:
        """Remember *entry* where it is a problem."""
        if entry.crash and len(self._crashes) < MOST_CRASHES:
            self._crashes.append(f"gesmock crashed: {entry}\n{entry.crash}")
        elif entry.unmatched:
            text = f"no operation serves this: {entry}"
            if text in self._unmatched or len(self._unmatched) < MOST_URLS:
                self._unmatched[text] = self._unmatched.get(text, 0) + 1

    def told(self) -> list[str]:
        """A sentence each, the crashes first; what came again is counted."""
        unmatched = self._unmatched.items()
        return self._crashes + [
            text if count == 1 else f"{text} ({count} times)" for text, count in unmatched
        ]
