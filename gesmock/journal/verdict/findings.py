"""Findings, the table of their codes, and the verdict config that a client is judged by."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, NamedTuple

from msgspec import Meta, Struct, field, structs

from gesmock.journal.entries import Entry
from gesmock.model import validation
from gesmock.model.clock import Seconds
from gesmock.model.errors import one_line

MOST_ENTRIES: Final = 50
"""A finding names at most this many entries; its message counts them all."""


class Rule(NamedTuple):
    """A row of the table: a code, its name, which is that of its check, and what it finds.

    *on_request* rules are reported only if the code or its family is named.
    """

    code: str
    name: str
    summary: str
    on_request: bool = False


class Evidence(NamedTuple):
    """What a check has found: a sentence, and the entries that prove it."""

    message: str
    entries: Iterable[Entry] = ()


RULES: Final = (
    Rule("GM001", "crash", "gesmock itself crashed"),
    Rule(
        "GM002",
        "unmatched",
        "a request below `/ges/`, or of another plane, that no operation serves",
    ),
    Rule("GM003", "untried_fault", "a fault rule that never fired"),
    Rule("GM004", "untried_plan", "a plan rule that no job used"),
    Rule("GM005", "fault_not_used_up", "a fault rule with `must_be_used_up` that has uses left"),
    Rule("GM101", "polls_too_often", "polls of a job that follow each other too closely"),
    Rule("GM102", "no_back_off", "a failing call that is retried without ever pausing longer"),
    Rule("GM103", "retry_after_ignored", "a retry before the `Retry-After` has passed"),
    Rule("GM104", "polls_after_the_end", "polls of a job after its final status was shown"),
    Rule("GM105", "cancels_after_the_end", "a cancel of a job whose final status was shown"),
    Rule("GM106", "hammers_on_401", "a client that keeps sending a token that is refused"),
    Rule("GM107", "retries_a_refusal", "a call that is sent unchanged after it got a 400 or 403"),
    Rule("GM108", "submits_twice", "a submission that is repeated although it created its job"),
    Rule("GM109", "never_looks", "a submitted job whose status was never asked for"),
    Rule("GM201", "page_number_as_offset", "offsets that count pages instead of jobs"),
    Rule("GM202", "windows_overlap", "a page that begins among the jobs of the page before"),
    Rule("GM203", "windows_leave_a_gap", "a page that skips jobs"),
    Rule("GM204", "stops_at_a_short_page", "a client that takes a short page as the last one"),
    Rule("GM205", "never_stops", "a client that keeps reading past the end of the list"),
    Rule("GM206", "ignores_total_count", "a page that `totalCount` said would be empty"),
    Rule("GM301", "undocumented_url", "a URL that the document does not have"),
    Rule("GM302", "undocumented_method", "a method that its URL does not have"),
    Rule("GM303", "undocumented_action", "a missing or undocumented `action_id`"),
    Rule("GM304", "undocumented_parameter", "a query parameter that the document does not have"),
    Rule(
        "GM305",
        "ill_typed_parameter",
        "a value of the wrong type or size, such as a `limit` above 100000",
    ),
    Rule("GM306", "content_type", "a body without `Content-Type: application/json`"),
    Rule("GM307", "no_token", "neither an `X-Auth-Token` nor a signature"),
    Rule("GM308", "wrong_body", "a body that is missing, breaks its schema or has an unknown key"),
    Rule("GM901", "history_dropped", "the journal has dropped requests, which are not judged"),
    Rule("GM902", "not_judged", "a client with several connections at once", on_request=True),
)

CODES: Final = tuple(rule.code for rule in RULES)

_NAMES: Final = {rule.code: rule.name for rule in RULES}
_CODES_BY_NAME: Final = {rule.name: rule.code for rule in RULES}


class Finding(Struct, frozen=True, omit_defaults=True):
    """Something a test may want to know about: a *code*, the name of its *rule*, and a *message*.

    *entries* are the numbers of the journal entries that prove it, at most ``MOST_ENTRIES``;
    *details* is longer text, such as a traceback.
    """

    code: str
    rule: str
    message: str
    entries: tuple[int, ...] = ()
    details: str = ""

    def __str__(self) -> str:
        some, more = self.entries[:5], len(self.entries) > 5
        numbers = ", ".join(f"#{number}" for number in some) + ", ..." * more
        text = f"{self.code} {self.message}{f' ({numbers})' if numbers else ''}"
        return f"{text}\n{self.details}" if self.details else text


def finding(
    code: str, message: str, entries: Iterable[Entry | int] = (), details: str = ""
) -> Finding:
    """A finding proved by *entries*, which may repeat; control characters are escaped."""
    numbers = (entry.number if isinstance(entry, Entry) else entry for entry in entries)
    first = tuple(dict.fromkeys(numbers))[:MOST_ENTRIES]
    lines = "\n".join(map(one_line, details.split("\n")))
    return Finding(code, _NAMES[code], one_line(message), first, lines)


def failure_message(findings: Sequence[Finding]) -> str:
    """The message about *findings* that fail a test; its first line has the first of them."""
    listed = "\n- ".join(map(str, findings))
    return f"gesmock found {len(findings)} finding{'s' * (len(findings) > 1)}: {listed}"


def further_message(findings: Sequence[Finding]) -> str:
    """The message about *findings* that fail no test, but may say why one failed; may be empty."""
    return "\n- ".join(["gesmock also found:", *map(str, findings)]) if findings else ""


def times(count: int) -> str:
    """`` (3 times)`` for a finding that stands for several; empty for one."""
    return f" ({count} times)" if count > 1 else ""


# --- The verdict config ---

_ALL: Final = "GM"
_FAMILIES: Final = tuple(sorted({code[:length] for code in CODES for length in (2, 3)}))

Code = Annotated[
    str,
    Meta(
        pattern=rf"^({'|'.join((*_FAMILIES, *CODES, *_CODES_BY_NAME))})(?![\s\S])",
        description=f"one of {', '.join((*CODES, *_FAMILIES, *_CODES_BY_NAME))}",
    ),
]
"""A code, the name of a rule, or a family: ``GM1`` is every code that begins so, ``GM`` all."""


def _codes_of(codes: Iterable[str]) -> list[str]:
    """*codes*, with the names of rules replaced with their codes."""
    return [_CODES_BY_NAME.get(code, code) for code in codes]


Count = Annotated[int, Meta(ge=1)]


class VerdictConfig(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """What a client is judged by.

    Findings with a code in *ignore* are not reported; those with one in *fail_on* fail a strict
    test. Requests with the same value of *client_header* come from the same client.

    More than *polls* polls in a row are too close if each follows within *poll_s* seconds, and more
    than *looks* polls are too many once the final status was read. A client that retries *errors*
    times must wait *retry_s* seconds, or longer each time. *unauthorised* answers 401 in a row are
    too many, and so are *refusals* of the same call and *empty_pages* past the end of a list.
    *contract* says whether all breaches are reported, or only those that the service accepts.
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

    def __post_init__(self) -> None:
        for name in ("ignore", "fail_on"):
            structs.force_setattr(self, name, _codes_of(getattr(self, name)))

    def changed(self, changes: Mapping[str, Any], path: str = "$") -> "VerdictConfig":
        """A copy with *changes*; InvalidInput names every wrong key and value below *path*."""
        return validation.read({**structs.asdict(self), **changes}, VerdictConfig, path)

    def codes(self, selected: Collection[str] = ()) -> list[str]:
        """The codes to report, of the *selected* ones and families (default: all).

        ``GM`` does not select the rules that are reported only on request.
        """
        codes = _codes_of(selected)
        named = tuple(code for code in codes if code != _ALL)
        return [
            rule.code
            for rule in RULES
            if rule.code.startswith(named if rule.on_request else tuple(codes) or _ALL)
            and not rule.code.startswith(tuple(self.ignore))
        ]
