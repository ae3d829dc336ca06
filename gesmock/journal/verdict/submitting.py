"""Submitting: whether a client makes a job twice, and whether it looks at what it made."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import Final

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.findings import Finding, finding
from gesmock.journal.verdict.traffic import Traffic, calls_of, read_whole, statuses_read
from gesmock.model.types import FINAL

_number: Final = attrgetter("number")

_OF_ALL: Final = ("list_jobs", "hyg_delete_jobs")
"""Operations on all jobs of a graph, which may be meant for one that is not listed yet."""


def submits_twice(traffic: Traffic, _config: VerdictConfig) -> Iterator[Finding]:
    for entries in traffic.sequential:
        for call in calls_of(entries):
            submissions = [entry for entry in call if entry.job_id is not None]
            for lost, again in pairwise(submissions):
                if _is_lost(lost) and not _may_submit(lost, _between(entries, lost, again)):
                    became = "was given up" if lost.gave_up else "failed"
                    yield finding(
                        "GM108",
                        f"{lost.method} {lost.path} {became} after it had created job "
                        f"{lost.job_id!r}, and was repeated unchanged: it created job "
                        f"{again.job_id!r}, too; look at the list before you submit again",
                        [lost, again],
                    )


def _is_lost(entry: Entry) -> bool:
    """Whether the client read that the submission failed, or read nothing."""
    return entry.status >= 400 or not read_whole(entry)


def _between(entries: Sequence[Entry], lost: Entry, again: Entry) -> Sequence[Entry]:
    """The client's requests for the same graph in between."""
    begin, end = (bisect_left(entries, entry.number, key=_number) for entry in (lost, again))
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
        if entry.job_id is not None and read_whole(entry) and entry.status < 400:
            waiting[graph, entry.job_id] = entry
    for entry in waiting.values():
        yield finding(
            "GM109",
            f"job {entry.job_id!r} was submitted ({entry.operation}), but no request asked how it "
            "went; poll it, or read the list",
            [entry],
        )
