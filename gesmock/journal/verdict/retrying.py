"""Retrying: what a client does when the service has refused, or was not able to answer."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.findings import Proof, Rule, proof, times
from gesmock.journal.verdict.traffic import Case, failed, paused_s, read_whole, streaks, waited_s

if TYPE_CHECKING:
    from gesmock.journal.verdict.config import VerdictConfig

_AT_ONCE_S: Final = 0.01
"""A pause below this is none: it is what the request itself takes."""

_SHORT_S: Final = 0.1
"""Pauses below this are alike: so long a busy machine may take, without the client's doing."""

_VARIES: Final = 1.2
"""How much longer than another a pause has to be: a back-off grows, or is drawn at random."""

_GROWS: Final = 1.5
"""How much longer than the one before a pause is where a back-off about doubles them."""

_OUTLIERS: Final = 8
"""One pause of so many may be as long, and one as short, as it likes: it is the machine's."""

_THREADS: Final = 32
"""So many threads a pool has, unless told (Python's documentation of concurrent.futures)."""

_TOLERANCE_S: Final = 0.05
"""By how much a client may come too early: clocks are not exact."""


def _no_back_off(case: Case, config: "VerdictConfig") -> Iterator[Proof]:
    for entries in case.calls:
        found = [
            run
            for run in _attempts(entries)
            if len(run) > config.errors
            and not _backs_off(run, config.retry_s)
            and not _are_threads(run, entries)
        ]
        if found:
            run = max(found, key=len)
            latest = max(waited_s(*pair) for pair in pairwise(run))
            yield proof(
                f"{_named(run[0])} failed and was tried again {len(run) - 1} times, at most "
                f"{latest:.3g} s later, and no later the longer it went on{times(len(found))}",
                [entry for run in found for entry in run],
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


def _backs_off(run: Sequence[Entry], retry_s: float) -> bool:
    """Whether a request came late enough, or the pauses are not always the same."""
    return _comes_late(run, retry_s) or _varies([paused_s(*pair) for pair in pairwise(run)])


def _comes_late(entries: Sequence[Entry], retry_s: float) -> bool:
    return any(waited_s(*pair) >= retry_s for pair in pairwise(entries))


def _varies(pauses: Sequence[float]) -> bool:
    """Whether the *pauses* double, or have grown, or are drawn at random: the most of them."""
    grown = [later >= max(one, _AT_ONCE_S) * _GROWS for one, later in pairwise(pauses)]
    if grown and all(grown):
        return True
    levels = [max(pause, _SHORT_S) for pause in pauses]
    latest = sorted(levels[-len(levels) // 3 :])
    if latest[len(latest) // 2] > levels[0] * _VARIES:
        return True
    most = sorted(levels)[len(levels) // _OUTLIERS :]
    return most[-1 - len(levels) // _OUTLIERS] > most[0] * _VARIES


def _are_threads(run: Sequence[Entry], entries: Sequence[Entry]) -> bool:
    """Whether *run* may be that of threads which fail one after the other, and come back later.

    Each has a connection of its own, and asks again what has failed, whatever the others got.
    """
    count = len(run) - 1
    if count > _THREADS or any(
        None in (one.wire, later.wire) or one.wire == later.wire for one, later in pairwise(run)
    ):
        return False
    end = entries.index(run[-1])
    back = entries[end : end + count + 1]
    longest = max(waited_s(*pair) for pair in pairwise(run))
    return len(back) > count and _comes_late(back, max(longest * _GROWS, _SHORT_S))


def _retry_after_ignored(case: Case, _config: "VerdictConfig") -> Iterator[Proof]:
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


def _hammers_on_401(case: Case, config: "VerdictConfig") -> Iterator[Proof]:
    for flow in case.orderly:
        unauthorised = streaks(flow, lambda entry: entry.status == 401 and read_whole(entry))
        found = [run for run in unauthorised if len(run) >= config.unauthorised]
        if found:
            yield proof(
                "the client went on after its token had been refused: "
                f"{len(max(found, key=len))} requests in a row were answered 401"
                f"{times(len(found))}",
                [entry for run in found for entry in run],
            )


def _retries_a_refusal(case: Case, config: "VerdictConfig") -> Iterator[Proof]:
    for entries in case.calls:
        found = [
            run
            for run in streaks(entries, _is_refused)
            if len(run) >= config.refusals and not _waits(case, run, config.retry_s)
        ]
        if found:
            run = max(found, key=len)
            yield proof(
                f"{_named(run[0])} was refused with {run[0].status}, and sent "
                f"{len(run)} times in all as it was{times(len(found))}",
                [entry for run in found for entry in run],
            )


def _is_refused(entry: Entry) -> bool:
    """Whether the call itself was refused; that a job has failed is told with 400, too."""
    told = entry.shown is not None or entry.forgotten
    return entry.status in (400, 403) and read_whole(entry) and not told


def _waits(case: Case, run: Sequence[Entry], retry_s: float) -> bool:
    """Whether *run* may ask, now and then, for what is not there yet, such as a graph.

    That is refused with 400, too (API error codes); no parameter is wrong then.
    """
    asks = all(entry.method == "GET" and entry.status == 400 for entry in run)
    paced = all(paused_s(*pair) >= retry_s for pair in pairwise(run))
    return asks and paced and all(one.code != "GM305" for one in case.breaches_of(run[0]))


def _named(entry: Entry) -> str:
    return f"{entry.method} {entry.path}"


RULES: Final = (
    Rule(
        "GM102",
        "no_back_off",
        "a call that fails and is tried again and again, without a pause that is long, grows, or "
        "is drawn at random",
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
        "a call that was refused with 400 or 403, and is sent again as it was (but for asking, now "
        "and then, for what may not be there yet)",
        _retries_a_refusal,
    ),
)
