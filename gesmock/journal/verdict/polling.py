"""Polling: how often a client asks for a job's status, and what it does after the final one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.findings import Finding, finding, times
from gesmock.journal.verdict.traffic import (
    Traffic,
    is_poll,
    statuses_read,
    waited_s,
    was_answered,
)
from gesmock.model.types import FINAL

_TOLERANCE: Final = 0.1
"""The part of ``poll_s`` by which a poll may be early: timers are not exact, nor are sums."""


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
        final = _has_final(statuses.values())
        if unchanged and not final and waited_s(earlier, later) < poll_s * (1 - _TOLERANCE):
            run.append(later)
            continue
        yield run
        run = [later]
    yield run


def _has_final(statuses: Iterable[str]) -> bool:
    return any(status in FINAL for status in statuses)


def polls_after_the_end(traffic: Traffic, config: VerdictConfig) -> Iterator[Finding]:
    for ended, later in _ends(traffic):
        # A poll without an answer is retried for the sake of a single look.
        polls = [entry for entry in later if is_poll(entry) and statuses_read(entry)]
        if len(polls) > config.looks:
            job_id = polls[0].args["job_id"]
            yield finding(
                "GM104",
                f"job {job_id!r} was polled {len(polls)} more times after the client had read "
                f"that it was {statuses_read(ended)[job_id]}; stop polling at a final status",
                [ended, *polls],
            )


def cancels_after_the_end(traffic: Traffic, _config: VerdictConfig) -> Iterator[Finding]:
    for ended, later in _ends(traffic):
        cancels = [entry for entry in later if entry.operation in ("delete_job", "hyg_delete_job")]
        if cancels:
            job_id = cancels[0].args["job_id"]
            yield finding(
                "GM105",
                f"job {job_id!r} was cancelled after the client had read that it was "
                f"{statuses_read(ended)[job_id]}; a finished job needs no cancel",
                [ended, *cancels],
            )


def _ends(traffic: Traffic) -> Iterator[tuple[Entry, list[Entry]]]:
    """The entry that first told a client of a job's end, and its later requests for this job."""
    for entries in traffic.sequential:
        ends: dict[tuple[str | None, str], tuple[Entry, list[Entry]]] = {}
        walked: dict[str | None, Mapping[str, str]] = {}  # a list often reports the same for long
        for entry in entries:
            graph = entry.args.get("graph_name")
            end = ends.get((graph, entry.args.get("job_id", "")))
            if end is not None:
                end[1].append(entry)
            statuses = statuses_read(entry)
            if not statuses or walked.get(graph) is statuses:
                continue
            walked[graph] = statuses
            for job_id, status in statuses.items():
                if status in FINAL:
                    ends.setdefault((graph, job_id), (entry, []))
        yield from (end for end in ends.values() if end[1])
