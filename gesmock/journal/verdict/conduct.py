"""Conduct: how a client polls, submits and cancels jobs, and what it does when a request fails."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, groupby, pairwise
from operator import attrgetter
from typing import Final

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.contract import breaches
from gesmock.journal.verdict.findings import Evidence, VerdictConfig, times
from gesmock.journal.verdict.traffic import (
    Traffic,
    calls_of,
    has_failed,
    is_poll,
    paused_s,
    read_whole,
    runs,
    statuses_read,
    waited_s,
    was_answered,
)
from gesmock.model.types import FINAL

_TOLERANCE: Final = 0.1
"""The part of ``poll_s`` by which a poll may be early: neither timers nor sums are exact."""

_OF_ALL: Final = ("list_jobs", "hyg_delete_jobs")
"""Operations on all jobs of a graph; they count as looking at a job that is not listed yet, too."""


# --- Polling ---


def polls_too_often(traffic: Traffic, config: VerdictConfig) -> Iterator[Evidence]:
    def is_hasty(run: Sequence[Entry], later: Entry) -> bool:
        statuses = statuses_read(later)
        unchanged = bool(statuses) and statuses == statuses_read(run[-1])
        final = any(status in FINAL for status in statuses.values())
        early = waited_s(run[-1], later) < config.poll_s * (1 - _TOLERANCE)
        return unchanged and not final and early

    for entries in traffic.calls:
        # Polls that failed or were not read are retries.
        polls = [entry for entry in entries if is_poll(entry) and was_answered(entry)]
        hasty = [run for run in runs(polls, is_hasty) if len(run) > config.polls]
        if hasty:
            run = max(hasty, key=len)
            job_id = run[0].args["job_id"]
            closest = min(waited_s(*pair) for pair in pairwise(run))
            longest = f" (the longest of {len(hasty)} such runs)" if len(hasty) > 1 else ""
            yield Evidence(
                f"job {job_id!r} was polled {len(run)} times in a row less than "
                f"{config.poll_s:g} s apart, {round(closest, 3):g} s at the closest, while it was "
                f"{statuses_read(run[0])[job_id]}{longest}; wait longer between polls",
                chain(*hasty),
            )


def polls_after_the_end(traffic: Traffic, config: VerdictConfig) -> Iterator[Evidence]:
    for job_id, ended, later in traffic.once(_ends):
        # A poll without an answer and its retry are a single look.
        polls = [entry for entry in later if is_poll(entry) and statuses_read(entry)]
        if len(polls) > config.looks:
            yield Evidence(
                f"job {job_id!r} was polled {len(polls)} more times after the client had read "
                f"its status {statuses_read(ended)[job_id]!r}; stop polling at a final status",
                [ended, *polls],
            )


def cancels_after_the_end(traffic: Traffic, _config: VerdictConfig) -> Iterator[Evidence]:
    for job_id, ended, later in traffic.once(_ends):
        cancels = [entry for entry in later if entry.operation in ("delete_job", "hyg_delete_job")]
        if cancels:
            yield Evidence(
                f"job {job_id!r} was cancelled after the client had read its status "
                f"{statuses_read(ended)[job_id]!r}; do not cancel a job that has ended",
                [ended, *cancels],
            )


def _ends(traffic: Traffic) -> Iterator[tuple[str, Entry, list[Entry]]]:
    """Each job id, the entry that first showed a client its end, and later requests for the job."""
    for entries in traffic.sequential:
        ends: dict[tuple[str | None, str], tuple[Entry, list[Entry]]] = {}
        walked: dict[str | None, Mapping[str, str]] = {}  # a list that is polled seldom changes
        for entry in entries:
            graph = entry.args.get("graph_name")
            if end := ends.get((graph, entry.args.get("job_id", ""))):
                end[1].append(entry)
            statuses = statuses_read(entry)
            if statuses and walked.get(graph) is not statuses:
                walked[graph] = statuses
                for job_id, status in statuses.items():
                    if status in FINAL:
                        ends.setdefault((graph, job_id), (entry, []))
        yield from ((job_id, *end) for (_, job_id), end in ends.items())


# --- Submitting ---


def submits_twice(traffic: Traffic, _config: VerdictConfig) -> Iterator[Evidence]:
    for entries in traffic.sequential:
        for call in calls_of(entries):
            for lost, again in pairwise(entry for entry in call if entry.job_id is not None):
                if _is_accepted(lost) or _may_submit(lost, _between(entries, lost, again)):
                    continue
                became = "was given up" if lost.gave_up else "failed"
                yield Evidence(
                    f"{_call(lost)} {became} after it had created job {lost.job_id!r}; the client "
                    f"repeated it unchanged, which created job {again.job_id!r} too; look at the "
                    "list before you submit again",
                    [lost, again],
                )


def _between(entries: Sequence[Entry], lost: Entry, again: Entry) -> Sequence[Entry]:
    """The requests for the same graph among *entries*, from *lost* up to *again*."""
    begin, end = (
        bisect_left(entries, entry.number, key=attrgetter("number")) for entry in (lost, again)
    )
    graph = lost.args.get("graph_name")
    return [entry for entry in entries[begin:end] if entry.args.get("graph_name") == graph]


def _may_submit(lost: Entry, entries: Sequence[Entry]) -> bool:
    """Whether *entries* give the client good reason to submit again.

    It has one if it read a list without the job, asked for the job by its id, or read that the job
    has ended.
    """
    statuses = [statuses_read(entry).get(lost.job_id or "") for entry in entries]
    if any(status in FINAL for status in statuses):
        return True
    if any(entry.args.get("job_id") == lost.job_id for entry in entries):
        return True
    return not any(statuses) and any(
        entry.operation == "list_jobs" and entry.returned is not None and read_whole(entry)
        for entry in entries
    )


def never_looks(traffic: Traffic, _config: VerdictConfig) -> Iterator[Evidence]:
    waiting: dict[tuple[str | None, str], Entry] = {}
    for entry in traffic.entries:
        graph = entry.args.get("graph_name")
        if entry.operation in _OF_ALL:
            waiting = {job: entry for job, entry in waiting.items() if job[0] != graph}
        waiting.pop((graph, entry.args.get("job_id", "")), None)
        if entry.job_id is not None and _is_accepted(entry):
            waiting[graph, entry.job_id] = entry
    for entry in waiting.values():
        yield Evidence(
            f"job {entry.job_id!r} was submitted ({entry.operation}), but no request asked how it "
            "went; poll it, or read the list",
            [entry],
        )


def _is_accepted(entry: Entry) -> bool:
    """Whether the client read that its submission succeeded."""
    return entry.status < 400 and read_whole(entry)


# --- Retrying ---

_AT_ONCE_S: Final = 0.01  # a shorter pause is none: the request itself takes as long
_SHORT_S: Final = 0.1  # shorter pauses count as equal: a busy machine alone may add as much
_VARIES: Final = 1.2  # a pause counts as longer if it exceeds another by this factor
_GROWS: Final = 1.5  # in a doubling back-off, each pause exceeds the one before by this factor
_OUTLIERS: Final = 8  # the longest eighth of the pauses is ignored, and the shortest
_THREADS: Final = 32  # the largest default size of a pool (documentation of concurrent.futures)
_LATENCY_S: Final = 0.05  # a client may be early by this much: clocks are not exact


def no_back_off(traffic: Traffic, config: VerdictConfig) -> Iterator[Evidence]:
    for entries in traffic.calls:
        hasty = [
            run
            for run in runs(entries, _is_retry)
            if len(run) > config.errors
            and _longest_s(run) < config.retry_s
            and not _varies([paused_s(*pair) for pair in pairwise(run)])
            and not _are_threads(run, entries)
        ]
        if hasty:
            run = max(hasty, key=len)
            yield Evidence(
                f"{_call(run[0])} failed and was retried {len(run) - 1} times, each time within "
                f"{_longest_s(run):.3g} s, without increasing the delay"
                f"{times(len(hasty))}; wait longer after each failure",
                chain(*hasty),
            )


def _is_retry(run: Sequence[Entry], entry: Entry) -> bool:
    """Whether *run* ended in a failure, and *entry* did not wait for its ``Retry-After``."""
    return has_failed(run[-1]) and _early_s(run[-1], entry) != 0


def _longest_s(entries: Sequence[Entry]) -> float:
    return max(waited_s(*pair) for pair in pairwise(entries))


def _varies(pauses: Sequence[float]) -> bool:
    """Whether the *pauses* double, or most of them have grown or are random."""
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
    """Whether *run* may come from threads that back off, each with its own connection."""
    count = len(run) - 1
    if count > _THREADS or any(
        None in (entry.wire, later.wire) or entry.wire == later.wire
        for entry, later in pairwise(run)
    ):
        return False
    end = entries.index(run[-1])
    back = entries[end : end + count + 1]
    return len(back) > count and _longest_s(back) >= max(_longest_s(run) * _GROWS, _SHORT_S)


def retry_after_ignored(traffic: Traffic, _config: VerdictConfig) -> Iterator[Evidence]:
    for entries in traffic.calls:
        early = [pair for pair in pairwise(entries) if _early_s(*pair)]
        if early:
            earlier, later = early[0]
            yield Evidence(
                f"{_call(earlier)} was retried after {paused_s(earlier, later):.3g} s, although "
                f"the answer said Retry-After: {_retry_after(earlier)}{times(len(early))}; wait "
                "that long",
                chain(*early),
            )


def _early_s(earlier: Entry, later: Entry) -> float | None:
    """How many seconds too early *later* came for the ``Retry-After`` of *earlier*, or 0.

    None if the client read no such header.
    """
    text = _retry_after(earlier)
    if text is None or not read_whole(earlier):
        return None
    if text.isascii() and text.isdigit():
        early_s = int(text) - paused_s(earlier, later)
    else:
        from email.utils import mktime_tz, parsedate_tz  # takes 3 ms; few verdicts need it

        date = parsedate_tz(text)
        if date is None:
            return None
        early_s = mktime_tz(date) - max(later.at, later.real_at)
    return early_s if early_s > _LATENCY_S else 0.0


def _retry_after(entry: Entry) -> str | None:
    headers = {name.lower(): value for name, value in entry.reply_headers.items()}
    return headers.get("retry-after")


def hammers_on_401(traffic: Traffic, config: VerdictConfig) -> Iterator[Evidence]:
    for entries in traffic.sequential:
        unauthorised = _streaks(entries, lambda entry: entry.status == 401 and read_whole(entry))
        long = [run for run in unauthorised if len(run) >= config.unauthorised]
        if long:
            yield Evidence(
                "the client kept sending a token that was refused: "
                f"{len(max(long, key=len))} requests in a row were answered 401"
                f"{times(len(long))}; get a new token, or stop",
                chain(*long),
            )


def retries_a_refusal(traffic: Traffic, config: VerdictConfig) -> Iterator[Evidence]:
    for entries in traffic.calls:
        refused = [
            run
            for run in _streaks(entries, _is_refused)
            if len(run) >= config.refusals and not _waits(run, config.retry_s)
        ]
        if refused:
            run = max(refused, key=len)
            yield Evidence(
                f"{_call(run[0])} was refused with {run[0].status}, and sent {len(run)} times "
                f"unchanged{times(len(refused))}; correct the request instead",
                chain(*refused),
            )


def _streaks(entries: Sequence[Entry], belongs: Callable[[Entry], bool]) -> list[list[Entry]]:
    """The runs of *entries* that belong together; failures and unread answers do not end one."""
    read = [entry for entry in entries if belongs(entry) or was_answered(entry)]
    return [list(run) for belong, run in groupby(read, belongs) if belong]


def _is_refused(entry: Entry) -> bool:
    """Whether the call itself was refused; 400 also reports that a job has failed."""
    return entry.status in (400, 403) and read_whole(entry) and entry.statuses is None


def _waits(run: Sequence[Entry], retry_s: float) -> bool:
    """Whether *run* may be waiting, without haste, for something such as a graph to appear.

    That is refused with 400 too (API error codes), but no parameter is wrong then.
    """
    asks = all(entry.method == "GET" and entry.status == 400 for entry in run)
    paced = all(paused_s(*pair) >= retry_s for pair in pairwise(run))
    return asks and paced and all(breach.code != "GM305" for breach in breaches(run[0]))


def _call(entry: Entry) -> str:
    return f"{entry.method} {entry.path}"
