"""Submitting: what a client does about the jobs that it has made."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from gesmock.entries import Entry
from gesmock.verdict.case import Case, calls_of, read_whole, statuses_shown
from gesmock.verdict.findings import Proof, Rule, proof

if TYPE_CHECKING:
    from gesmock.verdict.standard import Standard


def _submits_twice(case: Case, _standard: "Standard") -> Iterator[Proof]:
    for flow in case.orderly:
        for entries in calls_of(flow):
            made = [entry for entry in entries if entry.job_id is not None]
            for lost, again in pairwise(made):
                if _is_lost(lost) and not _looked_in_vain(flow, lost, again):
                    yield proof(
                        f"{lost.method} {lost.path} failed after it had made job {lost.job_id!r}, "
                        f"and was sent again as it was: it made job {again.job_id!r} too",
                        [lost, again],
                    )


def _is_lost(entry: Entry) -> bool:
    """Whether the client was told that it had failed to make the job, or was cut off."""
    return entry.connection is not None or (entry.status >= 400 and not entry.gave_up)


def _looked_in_vain(flow: Sequence[Entry], lost: Entry, again: Entry) -> bool:
    """Whether the client has looked at the list in between, which has not shown it the job."""
    begin, end = (bisect_left(flow, one.number, key=_number) for one in (lost, again))
    looks = [
        entry
        for entry in flow[begin:end]
        if entry.operation == "list_jobs"
        and entry.args.get("graph_name") == lost.args.get("graph_name")
        and entry.returned is not None
        and read_whole(entry)
    ]
    return bool(looks) and not any(lost.job_id in statuses_shown(entry) for entry in looks)


_number: Final = attrgetter("number")


def _never_looks(case: Case, _standard: "Standard") -> Iterator[Proof]:
    waiting: dict[tuple[str | None, str], Entry] = {}
    for entry in case.entries:
        graph = entry.args.get("graph_name")
        if entry.forgotten:  # it may have shown any of them
            waiting = {place: one for place, one in waiting.items() if place[0] != graph}
        for job_id in (entry.args.get("job_id", ""), *(entry.shown or ())):
            waiting.pop((graph, job_id), None)
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
        "a submission that failed after it had made its job, and is sent again without a look at "
        "the list",
        _submits_twice,
    ),
    Rule(
        "GM109",
        "never_looks",
        "a job that was submitted and that no request ever asked for",
        _never_looks,
    ),
)
