"""Notes: what a project notices by itself, whatever becomes of its journal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.findings import Proof, Rule

if TYPE_CHECKING:
    from gesmock.journal.verdict.config import VerdictConfig
    from gesmock.journal.verdict.traffic import Case

MOST_URLS: Final = 100
MOST_CRASHES: Final = 10
MOST_NUMBERS: Final = 50
"""How much is kept: a client that invents URLs without end must not fill the memory."""


class Noticed(Struct, frozen=True, kw_only=True):
    """What one project has noticed: crashes and unmatched requests, and rules that had no turn.

    *faults* and *plans* are those fault rules and plan rules, as they show themselves; of a fault
    also how many calls it has met, none of which was its turn.
    """

    crashes: Sequence[Proof] = ()
    unmatched: Sequence[Proof] = ()
    faults: Mapping[str, int] = {}
    plans: Sequence[str] = ()


class Notes:
    """The crashes and the unmatched requests of one project."""

    def __init__(self) -> None:
        self._crashes: list[Proof] = []
        self._unmatched: dict[str, list[int]] = {}
        self._counts: dict[str, int] = {}

    def note(self, entry: Entry) -> None:
        """Remember *entry* where it is a crash, or unmatched."""
        if entry.crash and len(self._crashes) < MOST_CRASHES:
            message = f"gesmock crashed: {entry}"
            self._crashes.append(Proof(message, (entry.number,), entry.crash))
        elif entry.unmatched:
            text = f"no operation serves this: {entry}"
            if text in self._counts or len(self._counts) < MOST_URLS:
                self._counts[text] = self._counts.get(text, 0) + 1
                numbers = self._unmatched.setdefault(text, [])
                if len(numbers) < MOST_NUMBERS:
                    numbers.append(entry.number)

    def noticed(self, faults: Mapping[str, int], plans: Sequence[str]) -> Noticed:
        """All of it, and the *faults* and *plans* that had no turn."""
        unmatched = [
            Proof(text if count == 1 else f"{text} ({count} times)", tuple(self._unmatched[text]))
            for text, count in self._counts.items()
        ]
        return Noticed(
            crashes=tuple(self._crashes), unmatched=unmatched, faults=faults, plans=plans
        )


def _crashes(case: "Case", _config: "VerdictConfig") -> Sequence[Proof]:
    return case.noticed.crashes


def _unmatched(case: "Case", _config: "VerdictConfig") -> Sequence[Proof]:
    return case.noticed.unmatched


def _untried_faults(case: "Case", _config: "VerdictConfig") -> Iterator[Proof]:
    for one, calls in case.noticed.faults.items():
        met = f"met {calls or 'no'} request{'s' * (calls > 1)}"
        yield Proof(f"armed, but its turn never came, as it {met}: {one}")


def _untried_plans(case: "Case", _config: "VerdictConfig") -> Iterator[Proof]:
    for one in case.noticed.plans:
        yield Proof(f"armed, but no job got it: {one}")


def _dropped(case: "Case", _config: "VerdictConfig") -> Iterator[Proof]:
    if case.dropped:
        yield Proof(
            f"conduct and paging are judged by the last {len(case.entries)} requests only: "
            f"{case.dropped} before them are no longer in the journal"
        )


def _unjudged(case: "Case", _config: "VerdictConfig") -> Iterator[Proof]:
    clients: dict[str, list[Entry]] = {}  # with a new token, it still is the same
    for flow in case.disorderly:
        clients.setdefault(case.client(flow[0]).header, []).extend(flow)
    for name, entries in clients.items():
        yield Proof(
            f"client {name!r} used several connections at once: nothing is held against it for "
            f"which the order of its {len(entries)} requests counts (GM101 to GM108, GM2)",
            sorted(entry.number for entry in entries),
        )


NOTICED: Final = (
    Rule("GM001", "crash", "gesmock itself crashed", _crashes),
    Rule("GM002", "unmatched", "a request below `/ges/` that no operation serves", _unmatched),
    Rule("GM003", "untried_fault", "an armed fault whose turn never came", _untried_faults),
    Rule("GM004", "untried_plan", "an armed plan that no job got", _untried_plans),
)

TOLD_IF_NAMED: Final = frozenset(("GM902",))
"""What is told only where its code is named, or ``GM9``: threads are no finding."""

LIMITS: Final = (
    Rule("GM901", "history_dropped", "the journal no longer has all that was asked", _dropped),
    Rule(
        "GM902",
        "not_judged",
        "a client that used several connections at once: what it knew when it asked is not known",
        _unjudged,
    ),
)
