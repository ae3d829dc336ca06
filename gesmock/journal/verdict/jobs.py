"""Jobs: whether a client makes one twice, looks at it, how often, and what it does in the end."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import Final

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.findings import Finding, finding, times
from gesmock.journal.verdict.traffic import (
    Traffic,
    calls_of,
    is_poll,
    read_whole,
    statuses_read,
    waited_s,
    was_answered,
)
from gesmock.model.types import FINAL

_TOLERANCE: Final = 0.1
"""The part of ``poll_s`` by which a poll may be early: timers are not exact, nor are sums."""

_OF_ALL: Final = ("list_jobs", "hyg_delete_jobs")
"""Operations on all jobs of a graph, which may be meant for one that is not listed yet."""


# --- Polling ---


def polls_too_often(traffic: Traffic, config: VerdictConfig) -> Iterator[Finding]:
    for entries in traffic.calls:
        if not is_poll(entries[0]):
            continue
        runs = [run for run in _hasty(entries, config.poll_s) if len(run) > config.polls]
        if runs:
            run = max(runs, key=len)
            job_id = run[0].args["job_id"]
            closest = min(waited_s(*pair) for pair in pairwise(run))
            yield finding(
                "GM101",
                f"job {job_id!r} was polled {len(run)} times in a row less than "
                f"{config.poll_s:g} s apart, {closest:.3g} s at the closest, while it was "
                f"{statuses_read(run[0])[job_id]}{times(len(runs))}; wait longer between polls",
                [entry for run in runs for entry in run],
            )


def _hasty(entries: Sequence[Entry], poll_s: float) -> Iterator[list[Entry]]:
    """The runs of polls with the same outcome and less than *poll_s* seconds in between.

    Polls that failed or were not read are retries, and left out.
    """
    polls = [entry for entry in entries if was_answered(entry)]
    run = polls[:1]
    for earlier, later in pairwise(polls):
        statuses = statuses_read(later)
        unchanged = statuses and statuses == statuses_read(earlier)
        final = any(status in FINAL for status in statuses.values())
        if unchanged and not final and waited_s(earlier, later) < poll_s * (1 - _TOLERANCE):
            run.append(later)
        else:
            yield run
            run = [later]
    yield run


def polls_after_the_end(traffic: Traffic, config: VerdictConfig) -> Iterator[Finding]:
    for job_id, ended, later in _ends(traffic):
        # A poll without an answer is retried for the sake of a single look.
        polls = [entry for entry in later if is_poll(entry) and statuses_read(entry)]
        if len(polls) > config.looks:
            yield finding(
                "GM104",
                f"job {job_id!r} was polled {len(polls)} more times after the client had read "
                f"that it was {statuses_read(ended)[job_id]}; stop polling at a final status",
                [ended, *polls],
            )


def cancels_after_the_end(traffic: Traffic, _config: VerdictConfig) -> Iterator[Finding]:
    for job_id, ended, later in _ends(traffic):
        cancels = [entry for entry in later if entry.operation in ("delete_job", "hyg_delete_job")]
        if cancels:
            yield finding(
                "GM105",
                f"job {job_id!r} was cancelled after the client had read that it was "
                f"{statuses_read(ended)[job_id]}; a finished job needs no cancel",
                [ended, *cancels],
            )


def _ends(traffic: Traffic) -> Iterator[tuple[str, Entry, list[Entry]]]:
    """A job, the entry that first told a client of its end, and later requests for this job."""
    for entries in traffic.sequential:
        ends: dict[tuple[str | None, str], tuple[Entry, list[Entry]]] = {}
        walked: dict[str | None, Mapping[str, str]] = {}  # a list often reports the same for long
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
        yield from ((job_id, *end) for (_, job_id), end in ends.items() if end[1])


# --- Submitting ---


def submits_twice(traffic: Traffic, _config: VerdictConfig) -> Iterator[Finding]:
    for entries in traffic.sequential:
        for call in calls_of(entries):
            for lost, again in pairwise(entry for entry in call if entry.job_id is not None):
                if _is_accepted(lost) or _may_submit(lost, _between(entries, lost, again)):
                    continue
                became = "was given up" if lost.gave_up else "failed"
                yield finding(
                    "GM108",
                    f"{lost.method} {lost.path} {became} after it had created job "
                    f"{lost.job_id!r}, and was repeated unchanged: it created job "
                    f"{again.job_id!r}, too; look at the list before you submit again",
                    [lost, again],
                )


def _between(entries: Sequence[Entry], lost: Entry, again: Entry) -> Sequence[Entry]:
    """The client's requests for the same graph in between."""
    begin, end = (
        bisect_left(entries, entry.number, key=attrgetter("number")) for entry in (lost, again)
    )
    graph = lost.args.get("graph_name")
    return [entry for entry in entries[begin:end] if entry.args.get("graph_name") == graph]


def _may_submit(lost: Entry, entries: Sequence[Entry]) -> bool:
    """Whether *entries* give the client good reason to submit the same once more.

    Either it read a list without the job, or it found the job: it asked for it by its id, or read
    that it has ended.
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


def never_looks(traffic: Traffic, _config: VerdictConfig) -> Iterator[Finding]:
    waiting: dict[tuple[str | None, str], Entry] = {}
    for entry in traffic.entries:
        graph = entry.args.get("graph_name")
        if entry.operation in _OF_ALL:
            waiting = {job: entry for job, entry in waiting.items() if job[0] != graph}
        waiting.pop((graph, entry.args.get("job_id", "")), None)
        if entry.job_id is not None and _is_accepted(entry):
            waiting[graph, entry.job_id] = entry
    for entry in waiting.values():
        yield finding(
            "GM109",
            f"job {entry.job_id!r} was submitted ({entry.operation}), but no request asked how it "
            "went; poll it, or read the list",
            [entry],
        )


def _is_accepted(entry: Entry) -> bool:
    """Whether the client read that its submission succeeded."""
    return entry.status < 400 and read_whole(entry)
