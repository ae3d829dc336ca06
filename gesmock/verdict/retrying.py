"""Retrying: what a client does when the service has refused, or was not able to answer."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from gesmock.entries import Entry
from gesmock.verdict.case import Case, failed, paused_s, read_whole, streaks, waited_s
from gesmock.verdict.findings import Proof, Rule, proof, times

if TYPE_CHECKING:
    from gesmock.verdict.standard import Standard

_AT_ONCE_S: Final = 0.01
"""A pause below this is none: it is what the request itself takes."""

_VARIES: Final = 1.2
"""How much longer than another a pause has to be: a back-off grows, or is drawn at random."""

_TOLERANCE_S: Final = 0.05
"""By how much a client may come too early: clocks are not exact."""


def _no_back_off(case: Case, standard: "Standard") -> Iterator[Proof]:
    for entries in case.calls:
        for run in _attempts(entries):
            pauses = [paused_s(*pair) for pair in pairwise(run)]
            waits = [waited_s(*pair) for pair in pairwise(run)]
            if len(pauses) >= standard.errors and not _backs_off(pauses, waits, standard.retry_s):
                yield proof(
                    f"{_named(run[0])} failed and was tried again {len(pauses)} times, at most "
                    f"{max(waits):.3g} s later, and no later the longer it went on",
                    run,
                )


def _attempts(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Failures of the same call in a row, and the attempt that came after them.

    Where that came when it was told to, there is no question how long it should have waited.
    """
    run: list[Entry] = []
    for entry in entries:
        if run and _early_s(run[-1], entry) == 0:
            yield run
            run = []
        run.append(entry)
        if not failed(entry):
            yield run
            run = []
    yield run


def _backs_off(pauses: Sequence[float], waits: Sequence[float], retry_s: float) -> bool:
    """Whether a request came late enough, or the *pauses* are not always the same."""
    return max(waits) >= retry_s or max(pauses) > max(min(pauses), _AT_ONCE_S) * _VARIES


def _retry_after_ignored(case: Case, _standard: "Standard") -> Iterator[Proof]:
    for entries in case.calls:
        early = [pair for pair in pairwise(entries) if _early_s(*pair)]
        if early:
            earlier, later = early[0]
            yield proof(
                f"{_named(earlier)} was tried again after {paused_s(earlier, later):.3g} s, though "
                f"the answer said Retry-After: {_retry_after(earlier)}{times(len(early))}",
                [entry for pair in early for entry in pair],
            )


def _early_s(earlier: Entry, later: Entry) -> float | None:
    """By how much *later* came before the time that the answer to *earlier* named.

    0 where it did not; None where none was named.
    """
    text = _retry_after(earlier)
    if text is None or not read_whole(earlier):
        return None
    if text.isascii() and text.isdigit():
        left_s = int(text) - paused_s(earlier, later)
    else:
        from email.utils import mktime_tz, parsedate_tz  # 3 ms that few verdicts should cost

        date = parsedate_tz(text)
        if date is None:
            return None
        left_s = mktime_tz(date) - max(later.at, later.real_at)
    return left_s if left_s > _TOLERANCE_S else 0.0


def _retry_after(entry: Entry) -> str | None:
    headers = {name.lower(): value for name, value in entry.reply_headers.items()}
    return headers.get("retry-after")


def _hammers_on_401(case: Case, standard: "Standard") -> Iterator[Proof]:
    for flow in case.orderly:
        for run in streaks(flow, lambda entry: entry.status == 401 and read_whole(entry)):
            if len(run) >= standard.unauthorised:
                yield proof(
                    f"the client went on after its token had been refused: {len(run)} requests in "
                    "a row were answered 401",
                    run,
                )


def _retries_a_refusal(case: Case, standard: "Standard") -> Iterator[Proof]:
    for entries in case.calls:
        for run in streaks(entries, _is_refused):
            if len(run) >= standard.refusals:
                yield proof(
                    f"{_named(run[0])} was refused with {run[0].status}, and sent "
                    f"{len(run)} times in all as it was",
                    run,
                )


def _is_refused(entry: Entry) -> bool:
    """Whether the call itself was refused; that a job has failed is told with 400, too."""
    told = entry.shown is not None or entry.forgotten
    return entry.status in (400, 403) and read_whole(entry) and not told


def _named(entry: Entry) -> str:
    return f"{entry.method} {entry.path}"


RULES: Final = (
    Rule(
        "GM102",
        "no_back_off",
        "a call that fails and is tried again and again, without a pause that is long, or grows",
        _no_back_off,
    ),
    Rule(
        "GM103",
        "retry_after_ignored",
        "a call that is tried again before the `Retry-After` of its answer is over",
        _retry_after_ignored,
    ),
    Rule(
        "GM106",
        "hammers_on_401",
        "a client that goes on with a token that is refused",
        _hammers_on_401,
    ),
    Rule(
        "GM107",
        "retries_a_refusal",
        "a call that was refused with 400 or 403, and is sent again as it was",
        _retries_a_refusal,
    ),
)
