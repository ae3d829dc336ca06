"""Submitting: what a client does about the jobs that it has made."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.findings import Proof, Rule, proof
from gesmock.journal.verdict.traffic import Case, calls_of, read_whole, statuses_shown
from gesmock.model.types import FINAL

if TYPE_CHECKING:
    from gesmock.journal.verdict.config import VerdictConfig


def _submits_twice(case: Case, _config: "VerdictConfig") -> Iterator[Proof]:
    for flow in case.orderly:
        for entries in calls_of(flow):
            made = [entry for entry in entries if entry.job_id is not None]
            for lost, again in pairwise(made):
                if _is_lost(lost) and not _may_submit(lost, _between(flow, lost, again)):
                    became = "was given up" if lost.gave_up else "failed"
                    yield proof(
                        f"{lost.method} {lost.path} {became} after it had made job "
                        f"{lost.job_id!r}, and was sent again as it was: it made job "
                        f"{again.job_id!r} too",
                        [lost, again],
                    )


def _is_lost(entry: Entry) -> bool:
    """Whether the client was told that it had failed to make the job, or has not heard of it."""
    return entry.status >= 400 or not read_whole(entry)


def _between(flow: Sequence[Entry], lost: Entry, again: Entry) -> Sequence[Entry]:
    """What the client asked of the same graph in between."""
    begin, end = (bisect_left(flow, one.number, key=_number) for one in (lost, again))
    graph = lost.args.get("graph_name")
    return [one for one in flow[begin:end] if one.args.get("graph_name") == graph]


def _may_submit(lost: Entry, entries: Sequence[Entry]) -> bool:
    """Whether, after *entries*, the client may have good reason to submit the same once more.

    Either the list has not shown it the job; or it has found the job: it has asked for that by its
    id, or was shown the end of it.
    """
    shown = [statuses_shown(entry).get(lost.job_id or "") for entry in entries]
    if any(status in FINAL for status in shown):
        return True
    if any(entry.args.get("job_id") == lost.job_id for entry in entries):
        return True
    return not any(shown) and any(
        entry.operation == "list_jobs" and entry.returned is not None and read_whole(entry)
        for entry in entries
    )


_number: Final = attrgetter("number")

_OF_ALL: Final = ("list_jobs", "hyg_delete_jobs")
"""What asks for all jobs of a graph, be it for one that the list does not have yet."""


def _never_looks(case: Case, _config: "VerdictConfig") -> Iterator[Proof]:
    waiting: dict[tuple[str | None, str], Entry] = {}
    for entry in case.entries:
        graph = entry.args.get("graph_name")
        if entry.operation in _OF_ALL:
            waiting = {place: one for place, one in waiting.items() if place[0] != graph}
        waiting.pop((graph, entry.args.get("job_id", "")), None)
        if entry.job_id is not None and read_whole(entry) and entry.status < 400:
            waiting[graph, entry.job_id] = entry
    for entry in waiting.values():
        yield proof(
            f"job {entry.job_id!r} was submitted ({entry.operation}) and never looked at",
            [entry],
        )


RULES: Final = (
    Rule(
        "GM108",
        "submits_twice",
        "a submission that failed, or was given up, after it had made its job, and is sent again "
        "without a look at the list",
        _submits_twice,
    ),
    Rule(
        "GM109",
        "never_looks",
        "a job that was submitted, and for which, or for the list, no request ever asked",
        _never_looks,
    ),
)
