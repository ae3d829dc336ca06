"""Finding: one thing that a test may want to hear of, and the rule that has found it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct

from gesmock.journal.entries import Entry
from gesmock.model.secrets import one_line

if TYPE_CHECKING:
    from gesmock.journal.verdict.config import VerdictConfig
    from gesmock.journal.verdict.traffic import Case

MOST_ENTRIES: Final = 50
"""How many entries a finding names at most; its message counts them all."""


class Finding(Struct, frozen=True, omit_defaults=True):
    """What a rule has found: its *code*, its name, one sentence, and the entries that prove it.

    *entries* are the numbers of journal entries, at most ``MOST_ENTRIES``. *details* is what else
    there is to read, such as a traceback.
    """

    code: str
    rule: str
    message: str
    entries: tuple[int, ...] = ()
    details: str = ""

    def __str__(self) -> str:
        some, more = self.entries[:5], len(self.entries) > 5
        proof = ", ".join(f"#{number}" for number in some) + ", ..." * more
        told = f"{self.code} {self.message}{f' ({proof})' if proof else ''}"
        return f"{told}\n{self.details}" if self.details else told


class Proof(NamedTuple):
    """What a rule has to say about one case of misconduct, and the numbers of the entries."""

    message: str
    entries: Sequence[int] = ()
    details: str = ""


def proof(message: str, entries: Iterable[Entry]) -> Proof:
    """A proof by *entries*, each named once."""
    return Proof(message, list(dict.fromkeys(entry.number for entry in entries)))


def times(count: int) -> str:
    """How often what a proof tells of was found, where it was more than once."""
    return f" ({count} times)" if count > 1 else ""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is found under one *code*: its *name*, what it *finds* in one sentence, and how."""

    code: str
    name: str
    finds: str
    judge: "Callable[[Case, VerdictConfig], Iterable[Proof]]"

    def finding(self, proof: Proof) -> Finding:
        """*proof* as a finding, which may be shown: requests say what their clients like."""
        entries = tuple(proof.entries[:MOST_ENTRIES])
        details = "\n".join(map(one_line, proof.details.split("\n")))
        return Finding(self.code, self.name, one_line(proof.message), entries, details)
