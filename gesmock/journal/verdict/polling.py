"""Polling: how a client asks for jobs that are on their way, and what it does once they ended."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.findings import Proof, Rule, proof, times
from gesmock.journal.verdict.traffic import Case, is_poll, statuses_shown, waited_s, was_answered
from gesmock.model.types import FINAL

if TYPE_CHECKING:
    from gesmock.journal.verdict.config import VerdictConfig

_TOLERANCE: Final = 0.1
"""Which part of the time a client may come too early: timers are not exact, nor are sums."""


def _too_often(case: Case, config: "VerdictConfig") -> Iterator[Proof]:
    for entries in case.calls:
        if not is_poll(entries[0]):
            continue
        runs = [run for run in _hasty(entries, config.poll_s) if len(run) > config.polls]
        if runs:
            run = max(runs, key=len)
            job_id = run[0].args["job_id"]
            closest = min(waited_s(*pair) for pair in pairwise(run))
            yield proof(
                f"job {job_id!r} was polled {len(run)} times in a row less than "
                f"{config.poll_s:g} s apart, {closest:.3g} s at the closest, "
                f"while it was {statuses_shown(run[0])[job_id]}{times(len(runs))}",
                [entry for run in runs for entry in run],
            )


def _hasty(entries: Sequence[Entry], poll_s: float) -> Iterator[list[Entry]]:
    """The runs of polls that showed the same, with less than *poll_s* seconds in between.

    Those that failed, or were not read, have shown nothing: they are tried again.
    """
    polls = [entry for entry in entries if was_answered(entry)]
    run = polls[:1]
    for earlier, later in pairwise(polls):
        shown = statuses_shown(later)
        unchanged = shown and shown == statuses_shown(earlier) and not _over(shown.values())
        if unchanged and waited_s(earlier, later) < poll_s * (1 - _TOLERANCE):
            run.append(later)
            continue
        yield run
        run = [later]
    yield run


def _over(statuses: Iterable[str]) -> bool:
    return any(status in FINAL for status in statuses)


def _after_the_end(case: Case, config: "VerdictConfig") -> Iterator[Proof]:
    for flow in case.orderly:
        for ended, later in _ends(flow):
            # One that was not answered is tried again for the sake of a single look.
            polls = [entry for entry in later if is_poll(entry) and statuses_shown(entry)]
            if len(polls) > config.looks:
                job_id = polls[0].args["job_id"]
                yield proof(
                    f"job {job_id!r} was polled {len(polls)} times more after it had been shown "
                    f"as {statuses_shown(ended)[job_id]}",
                    [ended, *polls],
                )


def _cancelled_after_the_end(case: Case, _config: "VerdictConfig") -> Iterator[Proof]:
    for flow in case.orderly:
        for ended, later in _ends(flow):
            cancels = [one for one in later if one.operation in ("delete_job", "hyg_delete_job")]
            if cancels:
                job_id = cancels[0].args["job_id"]
                yield proof(
                    f"job {job_id!r} was to be cancelled after it had been shown as "
                    f"{statuses_shown(ended)[job_id]}",
                    [ended, *cancels],
                )


def _ends(flow: Sequence[Entry]) -> Iterator[tuple[Entry, list[Entry]]]:
    """The entry that first showed the end of a job, and what the client then asked of this job."""
    ends: dict[tuple[str | None, str], tuple[Entry, list[Entry]]] = {}
    walked: dict[str | None, Mapping[str, str]] = {}  # what a list showed, often for long
    for entry in flow:
        graph = entry.args.get("graph_name")
        known = ends.get((graph, entry.args.get("job_id", "")))
        if known is not None:
            known[1].append(entry)
        statuses = statuses_shown(entry)
        if not statuses or walked.get(graph) is statuses:
            continue
        walked[graph] = statuses
        for job_id, status in statuses.items():
            if status in FINAL:
                ends.setdefault((graph, job_id), (entry, []))
    yield from (end for end in ends.values() if end[1])


RULES: Final = (
    Rule("GM101", "polls_too_often", "polls of a job that come too close", _too_often),
    Rule(
        "GM104",
        "polls_after_the_end",
        "polls of a job that go on after the client was shown its end",
        _after_the_end,
    ),
    Rule(
        "GM105",
        "cancels_after_the_end",
        "a cancel of a job after the client was shown its end",
        _cancelled_after_the_end,
    ),
)
