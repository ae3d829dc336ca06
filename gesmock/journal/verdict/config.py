"""Standard: what a client is held to, and what of it fails a test."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field, structs

from gesmock.journal.verdict.contract import QUIET
from gesmock.journal.verdict.incidents import TOLD_IF_NAMED
from gesmock.journal.verdict.table import CODES, RULES
from gesmock.model import validation
from gesmock.model.clock import Seconds

_FAMILIES: Final = tuple(sorted({code[:length] for code in CODES for length in (2, 3)}))

_ALL: Final = "GM"

Code = Annotated[
    str,
    Meta(
        pattern=rf"^({'|'.join((*_FAMILIES, *CODES))})(?![\s\S])",
        description=f"one of {', '.join((*CODES, *_FAMILIES))}",
    ),
]
"""The code of a finding, or how those of a whole family begin: ``GM1``; ``GM`` is every code."""

Count = Annotated[int, Meta(ge=1)]


class VerdictConfig(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """What a client is held to.

    Findings with a code of *ignore* are not told; those with one of *fail_on* fail a strict test.
    Requests with the same header *client_header* are one client's.

    Polls are too close where more than *polls* in a row come less than *poll_s* seconds one after
    the other; they go on after the end where there are more than *looks*. A client backs off where
    it waits *retry_s* seconds, or ever longer, once it has tried again *errors* times. It hammers
    with *unauthorised* answers 401 in a row, retries a refusal with *refusals* of them, and never
    stops with *empty_pages* beyond the end. Of what breaks the *contract*, only what the service
    accepts all the same is told, or all.
    """

    ignore: list[Code] = []
    fail_on: list[Code] = field(default_factory=lambda: ["GM0"])
    client_header: Annotated[str, Meta(pattern="^[a-z0-9-]+$", description="a lower-case name")] = (
        "user-agent"
    )
    poll_s: Seconds = 0.5
    polls: Count = 3
    looks: Annotated[int, Meta(ge=0)] = 2
    errors: Count = 3
    retry_s: Seconds = 1.0
    unauthorised: Count = 3
    refusals: Annotated[int, Meta(ge=2)] = 2
    empty_pages: Count = 3
    contract: Literal["accepted", "all"] = "accepted"

    def changed(self, changes: Mapping[str, Any], path: str = "$") -> "VerdictConfig":
        """The same but for *changes*; InvalidInput with every wrong name and value."""
        return validation.read({**structs.asdict(self), **changes}, VerdictConfig, path)

    def codes(self, wanted: Collection[str] = ()) -> list[str]:
        """The codes that are not ignored, and among the *wanted* ones (default: any).

        What is told only where it is named is not where all are (``GM``).
        """
        named = [code for code in wanted if code != _ALL]
        return [
            rule.code
            for rule in RULES
            if among(rule.code, named if rule.code in TOLD_IF_NAMED else wanted or (_ALL,))
            and not among(rule.code, self.ignore)
            and (self.contract == "all" or rule.code not in QUIET)
        ]


def among(code: str, codes: Collection[str]) -> bool:
    """Whether *code* is one of *codes*, or of the families that they name."""
    return code.startswith(tuple(codes))
