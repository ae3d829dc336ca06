"""Contract: requests that the service's OpenAPI document does not have.

What is one, the case is told: the document lies further up.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.findings import Proof, Rule

if TYPE_CHECKING:
    from gesmock.journal.verdict.config import VerdictConfig
    from gesmock.journal.verdict.traffic import Case


class Breach(NamedTuple):
    """What is wrong with a request, under a *code* of ``KINDS``.

    *pointer* leads to what the document has.
    """

    code: str
    message: str
    pointer: str


Contract = Callable[[Entry], Iterable[Breach]]
"""Tells what is wrong with the request of an entry."""

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "GM301": ("undocumented_url", "a URL that the document does not have"),
    "GM302": ("undocumented_method", "a method that the document does not have for its URL"),
    "GM303": ("undocumented_action", "an `action_id` that the document does not have, or none"),
    "GM304": ("undocumented_parameter", "a query parameter that the document does not have"),
    "GM305": ("ill_typed_parameter", "a parameter that is not of its type, or beyond its limits"),
    "GM306": ("content_type", "a body that does not say that it is JSON"),
    "GM307": ("no_token", "neither an `X-Auth-Token` nor a signature"),
    "GM308": ("wrong_body", "a body that breaks its schema, or is missing"),
}
"""The codes, each with a name and what it finds."""

QUIET: Final = ("GM301", "GM302", "GM303", "GM305", "GM307", "GM308")
"""Those for which the service refuses a request anyway."""


def _breaches(code: str, case: "Case", _config: "VerdictConfig") -> Iterator[Proof]:
    found: dict[tuple[str, str, str], list[Entry]] = {}
    for entry, breach in case.breaches:
        if breach.code == code:
            where = entry.operation or entry.path
            found.setdefault((where, breach.message, breach.pointer), []).append(entry)
    for (_, message, pointer), entries in found.items():
        yield Proof(
            f"{message}: {entries[0]}; see {pointer} of /openapi.json",
            [entry.number for entry in entries],
        )


RULES: Final = tuple(
    Rule(code, name, finds, partial(_breaches, code)) for code, (name, finds) in KINDS.items()
)
