"""Retrying: what a client does after the service refused, or was unable to answer."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.contract import breaches
from gesmock.journal.verdict.findings import Finding, finding, times
from gesmock.journal.verdict.traffic import (
    Traffic,
    failed,
    paused_s,
    read_whole,
    waited_s,
    was_answered,
)

_AT_ONCE_S: Final = 0.01  # a shorter pause is none: the request itself takes as long
_SHORT_S: Final = 0.1  # shorter pauses are alike: a busy machine may add as much by itself
_VARIES: Final = 1.2  # by this factor a pause must exceed another to count as longer
_GROWS: Final = 1.5  # by this factor each pause exceeds the one before in a doubling back-off
_OUTLIERS: Final = 8  # one pause in eight may be any longer, and one any shorter
_THREADS: Final = 32  # the largest default size of a pool (documentation of concurrent.futures)
_TOLERANCE_S: Final = 0.05  # by this much a client may be early: clocks are not exact


def no_back_off(traffic: Traffic, config: VerdictConfig) -> Iterator[Finding]:
    for entries in traffic.calls:
        runs = [
            run
            for run in _attempts(entries)
            if len(run) > config.errors
            and not _comes_late(run, config.retry_s)
            and not _varies([paused_s(*pair) for pair in pairwise(run)])
            and not _are_threads(run, entries)
        ]
        if runs:
            run = max(runs, key=len)
            latest = max(waited_s(*pair) for pair in pairwise(run))
            yield finding(
                "GM102",
                f"{_call(run[0])} failed and was retried {len(run) - 1} times, each time within "
                f"{latest:.3g} s, and no later the longer it went on{times(len(runs))}; wait "
                "longer after each failure",
                [entry for run in runs for entry in run],
            )


def _attempts(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Failures of the same call in a row, and the attempt after them.

    A retry at the time that the answer named ends the run.
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


def _comes_late(entries: Sequence[Entry], retry_s: float) -> bool:
    return any(waited_s(*pair) >= retry_s for pair in pairwise(entries))


def _varies(pauses: Sequence[float]) -> bool:
    """Whether the *pauses* double, or have grown, or are random: most of them."""
    grown = [later >= max(pause, _AT_ONCE_S) * _GROWS for pause, later in pairwise(pauses)]
    if grown and all(grown):
        return True
    levels = [max(pause, _SHORT_S) for pause in pauses]
    latest = sorted(levels[-len(levels) // 3 :])
    if latest[len(latest) // 2] > levels[0] * _VARIES:
        return True
    most = sorted(levels)[len(levels) // _OUTLIERS :]
    return most[-1 - len(levels) // _OUTLIERS] > most[0] * _VARIES


def _are_threads(run: Sequence[Entry], entries: Sequence[Entry]) -> bool:
    """Whether *run* may come from threads, each with its own connection, that back off."""
    count = len(run) - 1
    if count > _THREADS or any(
        None in (entry.wire, later.wire) or entry.wire == later.wire
        for entry, later in pairwise(run)
    ):
        return False
    end = entries.index(run[-1])
    back = entries[end : end + count + 1]
    longest = max(waited_s(*pair) for pair in pairwise(run))
    return len(back) > count and _comes_late(back, max(longest * _GROWS, _SHORT_S))


def retry_after_ignored(traffic: Traffic, _config: VerdictConfig) -> Iterator[Finding]:
    for entries in traffic.calls:
        early = [pair for pair in pairwise(entries) if _early_s(*pair)]
        if early:
            earlier, later = early[0]
            yield finding(
                "GM103",
                f"{_call(earlier)} was retried after {paused_s(earlier, later):.3g} s, although "
                f"the answer said Retry-After: {_retry_after(earlier)}{times(len(early))}; wait "
                "that long",
                [entry for pair in early for entry in pair],
            )


def _early_s(earlier: Entry, later: Entry) -> float | None:
    """How long before the time named by the answer to *earlier* its retry came; 0 if not before.

    None if the answer named no time.
    """
    text = _retry_after(earlier)
    if text is None or not read_whole(earlier):
        return None
    if text.isascii() and text.isdigit():
        early_s = int(text) - paused_s(earlier, later)
    else:
        from email.utils import mktime_tz, parsedate_tz  # 3 ms that few verdicts should cost

        date = parsedate_tz(text)
        if date is None:
            return None
        early_s = mktime_tz(date) - max(later.at, later.real_at)
    return early_s if early_s > _TOLERANCE_S else 0.0


def _retry_after(entry: Entry) -> str | None:
    headers = {name.lower(): value for name, value in entry.reply_headers.items()}
    return headers.get("retry-after")


def hammers_on_401(traffic: Traffic, config: VerdictConfig) -> Iterator[Finding]:
    for entries in traffic.sequential:
        unauthorised = _streaks(entries, lambda entry: entry.status == 401 and read_whole(entry))
        runs = [run for run in unauthorised if len(run) >= config.unauthorised]
        if runs:
            yield finding(
                "GM106",
                "the client kept sending a token that was refused: "
                f"{len(max(runs, key=len))} requests in a row were answered 401"
                f"{times(len(runs))}; get a new token, or stop",
                [entry for run in runs for entry in run],
            )


def retries_a_refusal(traffic: Traffic, config: VerdictConfig) -> Iterator[Finding]:
    for entries in traffic.calls:
        runs = [
            run
            for run in _streaks(entries, _is_refused)
            if len(run) >= config.refusals and not _waits(run, config.retry_s)
        ]
        if runs:
            run = max(runs, key=len)
            yield finding(
                "GM107",
                f"{_call(run[0])} was refused with {run[0].status}, and sent {len(run)} times "
                f"unchanged{times(len(runs))}; correct the request instead",
                [entry for run in runs for entry in run],
            )


def _streaks(entries: Sequence[Entry], belongs: Callable[[Entry], bool]) -> Iterator[list[Entry]]:
    """The runs of *entries* that belong together; failures and unread answers do not end one."""
    run: list[Entry] = []
    for entry in entries:
        if belongs(entry):
            run.append(entry)
        elif run and was_answered(entry):
            yield run
            run = []
    if run:
        yield run


def _is_refused(entry: Entry) -> bool:
    """Whether the call itself was refused; 400 also reports that a job has failed."""
    return entry.status in (400, 403) and read_whole(entry) and entry.statuses is None


def _waits(run: Sequence[Entry], retry_s: float) -> bool:
    """Whether *run* may ask now and then for something that is not there yet, such as a graph.

    That is refused with 400, too (API error codes), but no parameter is wrong then.
    """
    asks = all(entry.method == "GET" and entry.status == 400 for entry in run)
    paced = all(paused_s(*pair) >= retry_s for pair in pairwise(run))
    return asks and paced and all(breach.code != "GM305" for breach in breaches(run[0]))


def _call(entry: Entry) -> str:
    return f"{entry.method} {entry.path}"
