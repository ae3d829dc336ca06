"""Submitting: what a client does about the jobs that it has made."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from gesmock.entries import Entry
from gesmock.verdict.case import Case, statuses_shown
from gesmock.verdict.findings import Proof, Rule, proof

if TYPE_CHECKING:
    from gesmock.verdict.standard import Standard


def _submits_twice(case: Case, _standard: "Standard") -> Iterator[Proof]:
    for call, entries in case.calls.items():
        for index, entry in enumerate(entries):
            if entry.job_id is None or not _is_lost(entry):
                continue
            again = next((one for one in entries[index + 1 :] if one.job_id is not None), None)
            if again is not None and not _looked_in_vain(case.flows[call.client], entry, again):
                yield proof(
                    f"{entry.method} {entry.path} failed after it had made job {entry.job_id!r}, "
                    f"and was sent again as it was: it made job {again.job_id!r} too",
                    [entry, again],
                )


def _is_lost(entry: Entry) -> bool:
    """Whether the client was not told of the job that it has made."""
    return entry.connection is not None or entry.status >= 400


def _looked_in_vain(flow: Sequence[Entry], lost: Entry, again: Entry) -> bool:
    """Whether the client has read the list in between, which may not have shown it the job."""
    for entry in flow:
        is_list = entry.operation == "list_jobs" and entry.returned is not None
        same = entry.args.get("graph_name") == lost.args.get("graph_name")
        if lost.number < entry.number < again.number and is_list and same:
            return lost.job_id not in statuses_shown(entry)
    return False


def _never_looks(case: Case, _standard: "Standard") -> Iterator[Proof]:
    waiting: dict[tuple[str | None, str], Entry] = {}
    for entry in case.entries:
        graph = entry.args.get("graph_name")
        if entry.forgotten:  # it may have shown any of them
            waiting = {place: one for place, one in waiting.items() if place[0] != graph}
        for job_id in (entry.args.get("job_id", ""), *statuses_shown(entry)):
            waiting.pop((graph, job_id), None)
        if entry.job_id is not None and not _is_lost(entry):
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
