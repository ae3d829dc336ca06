"""VerdictConfig: the measures a client is judged by, and which findings fail a test."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field, structs

from gesmock.journal.verdict.findings import CODES, RULES
from gesmock.model import validation
from gesmock.model.clock import Seconds

_ALL: Final = "GM"
_FAMILIES: Final = tuple(sorted({code[:length] for code in CODES for length in (2, 3)}))

Code = Annotated[
    str,
    Meta(
        pattern=rf"^({'|'.join((*_FAMILIES, *CODES))})(?![\s\S])",
        description=f"one of {', '.join((*CODES, *_FAMILIES))}",
    ),
]
"""The code of a finding, or the beginning of a family's: ``GM1``; ``GM`` is every code."""

Count = Annotated[int, Meta(ge=1)]


class VerdictConfig(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """What a client is judged by.

    Findings with a code in *ignore* are not reported; those with one in *fail_on* fail a strict
    test. Requests with the same value of *client_header* come from the same client.

    Polls are too close when more than *polls* in a row come within *poll_s* seconds of each other,
    and too late when more than *looks* follow the final status. After *errors* retries a client
    must back off: wait *retry_s* seconds, or longer each time. Too many are *unauthorised* answers
    401 in a row, *refusals* of the same call, and *empty_pages* past the end of a list. *contract*
    reports only the breaches that the service tolerates, or all.
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
        """A copy with *changes*; InvalidInput names every wrong key and value below *path*."""
        return validation.read({**structs.asdict(self), **changes}, VerdictConfig, path)

    def codes(self, selected: Collection[str] = ()) -> list[str]:
        """The codes to report, of the *selected* ones and families (default: all).

        Rules that are reported on request only are not selected by ``GM``.
        """
        named = tuple(code for code in selected if code != _ALL)
        return [
            rule.code
            for rule in RULES
            if rule.code.startswith(named if rule.on_request else tuple(selected) or _ALL)
            and not rule.code.startswith(tuple(self.ignore))
            and (self.contract == "all" or not rule.refused)
        ]
