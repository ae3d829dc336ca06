"""Incidents: what a project notices itself (``GM0``), and what could not be judged (``GM9``)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.findings import MOST_ENTRIES, Finding, finding, times
from gesmock.journal.verdict.traffic import Traffic

MOST_URLS: Final = 100
MOST_CRASHES: Final = 10
"""A client that makes up URLs without end must not fill the memory."""


class Incidents:
    """The crashes and the unmatched requests of one project; they outlive the journal's entries."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all of them."""
        self._crashes: list[Finding] = []
        self._unmatched: dict[str, list[int]] = {}
        self._counts: dict[str, int] = {}

    def note(self, entry: Entry) -> None:
        """Remember *entry* if it is a crash or unmatched."""
        if entry.crash and len(self._crashes) < MOST_CRASHES:
            message = f"gesmock crashed: {entry}; please report this bug"
            self._crashes.append(finding("GM001", message, [entry], entry.crash))
        elif entry.unmatched:
            text = str(entry)
            if text in self._counts or len(self._counts) < MOST_URLS:
                self._counts[text] = self._counts.get(text, 0) + 1
                numbers = self._unmatched.setdefault(text, [])
                if len(numbers) < MOST_ENTRIES:
                    numbers.append(entry.number)

    def findings(self, faults: Mapping[str, int], plans: Iterable[str]) -> Iterator[Finding]:
        """All of them, and the rules that were never used.

        *faults* has the fault rules, each with the number of requests that matched it; *plans* the
        plan rules.
        """
        yield from self._crashes
        for text, count in self._counts.items():
            message = f"no operation serves this: {text}{times(count)}; check the URL and method"
            yield finding("GM002", message, self._unmatched[text])
        for rule, calls in faults.items():
            matched = f"{calls or 'no'} request{'s' * (calls != 1)}"
            yield finding("GM003", f"fault rule never fired; it matched {matched}: {rule}")
        for rule in plans:
            yield finding("GM004", f"plan rule was never used, as no job matched it: {rule}")


def history_dropped(traffic: Traffic, _config: VerdictConfig) -> Iterator[Finding]:
    if traffic.dropped:
        yield finding(
            "GM901",
            f"conduct and paging were judged by the last {len(traffic.entries)} requests only: "
            f"the journal dropped {traffic.dropped} before them; raise journal_size to judge all",
        )


def not_judged(traffic: Traffic, _config: VerdictConfig) -> Iterator[Finding]:
    clients: dict[str, list[Entry]] = {}  # a new token does not make a new client here
    for entries in traffic.concurrent:
        clients.setdefault(traffic.client(entries[0]).header, []).extend(entries)
    for name, entries in clients.items():
        yield finding(
            "GM902",
            f"client {name!r} used several connections at once: checks that depend on the order "
            f"of its {len(entries)} requests were skipped (GM101 to GM108, GM2)",
            sorted(entry.number for entry in entries),
        )
