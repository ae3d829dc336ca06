"""Observations: what a job went through, and what the client was shown of it."""

from collections.abc import Sequence
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.traffic import statuses_read
from gesmock.model.errors import ExpectationFailed


class Span(Struct, frozen=True):
    """A job had this *status* from *at* on, in seconds since 1970; None if that is unknown."""

    status: str
    at: float | None


class Sighting(Struct, frozen=True):
    """The client was shown this *status* *times* times in a row.

    *first* and *last* are the numbers of the entries, *at* is the time of the first.
    """

    status: str
    first: int
    last: int
    times: int
    at: float


class Observation(Struct, frozen=True):
    """What the job *job_id* of *graph* *went_through* so far, and what the client *observed*."""

    job_id: str
    graph: str
    went_through: tuple[Span, ...]
    observed: tuple[Sighting, ...]

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses that the client was shown, each change once."""
        return tuple(sighting.status for sighting in self.observed)

    def check(self, expected: Sequence[str]) -> None:
        """Raise ExpectationFailed, with the difference, unless ``statuses`` equal *expected*."""
        if self.statuses != tuple(expected):
            raise ExpectationFailed("\n".join(self._difference(expected)))

    def _difference(self, expected: Sequence[str]) -> list[str]:
        first = f"the client should have been shown {_listed(expected)} for job {self.job_id!r}"
        lines = [f"{first}, but was shown {_listed(self.statuses)}"]
        remaining = [*self.observed]
        for status in expected:
            statuses = [sighting.status for sighting in remaining]
            if status not in statuses:
                lines.append(f"- {status}: {self._why_not(status)}")
                continue
            index = statuses.index(status)
            lines += [f"+ {_line(sighting)}" for sighting in remaining[:index]]
            lines.append(f"  {_line(remaining[index])}")
            del remaining[: index + 1]
        return lines + [f"+ {_line(sighting)}" for sighting in remaining]

    def _why_not(self, status: str) -> str:
        if status in self.statuses:
            return "not shown at this point"
        for span, later in zip(self.went_through, (*self.went_through[1:], None), strict=True):
            if span.status == status:
                lasted = ""
                if later is not None and later.at is not None and span.at is not None:
                    lasted = f" for {later.at - span.at:.3g} s"
                return f"the job had this status{lasted}, but the client did not ask in that time"
        return "the job never had this status"


def _listed(statuses: Sequence[str]) -> str:
    return ", ".join(statuses) or "nothing"


def _line(sighting: Sighting) -> str:
    if sighting.times == 1:
        return f"{sighting.status}: once (#{sighting.first})"
    return f"{sighting.status}: {sighting.times} times (#{sighting.first} to #{sighting.last})"


def sightings(entries: Sequence[Entry]) -> dict[tuple[str, str], list[Sighting]]:
    """What *entries* showed of each job that was submitted or shown, by graph and job id."""
    by_job: dict[tuple[str, str], list[Sighting]] = {}
    concerned = (entry for entry in entries if entry.job_id is not None or statuses_read(entry))
    # A list that was read repeatedly, unchanged, is one mapping: it is walked once.
    for (graph, _), group in groupby(concerned, _answer):
        answers = [*group]
        first, last, times = answers[0], answers[-1].number, len(answers)
        if first.job_id is not None:
            by_job.setdefault((graph, first.job_id), [])
        for job_id, status in statuses_read(first).items():
            observed = by_job.setdefault((graph, job_id), [])
            sighting = Sighting(status, first.number, last, times, first.at)
            if observed and observed[-1].status == status:
                before = observed.pop()
                sighting = replace(before, last=last, times=before.times + times)
            observed.append(sighting)
    return by_job


def _answer(entry: Entry) -> tuple[str, int]:
    """The key that groups answers in a row that show the same; each submission has its own."""
    return entry.args.get("graph_name", ""), id(entry.job_id or entry.statuses)
