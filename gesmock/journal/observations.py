"""Seen: for a job, what it went through and what the client was shown of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.traffic import read_whole, statuses_shown
from gesmock.model.errors import Conflict, ExpectationFailed

Place = tuple[str, str | None]
"""A graph, and a job of it, or None for any."""


class Stretch(Struct, frozen=True):
    """A job had this *status* from the time *at* on, in seconds since 1970; None: ever since."""

    status: str
    at: float | None


class Sight(Struct, frozen=True):
    """The client was shown this *status*, *times* times on end.

    *first* and *last* are the numbers of the entries, *at* is the time of the first.
    """

    status: str
    first: int
    last: int
    times: int
    at: float


class Seen(Struct, frozen=True, omit_defaults=True):
    """What the job *job_id* of *graph* *went_through* until now, and what the client was *shown*.

    *doubt* is why it may have been shown more than is known.
    """

    job_id: str
    graph: str
    went_through: tuple[Stretch, ...]
    shown: tuple[Sight, ...]
    doubt: str | None = None

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses that the client was shown, each change once."""
        return tuple(sight.status for sight in self.shown)

    def check(self, wanted: Sequence[str]) -> None:
        """Raise ExpectationFailed, with the difference, unless the client saw just *wanted*."""
        if self.statuses != tuple(wanted):
            raise ExpectationFailed("\n".join(self._difference(wanted)))

    def _difference(self, wanted: Sequence[str]) -> list[str]:
        first = f"the client was to be shown {_listed(wanted)} of job {self.job_id!r}"
        lines = [f"{first}, but was shown {_listed(self.statuses)}"]
        left = [*self.shown]
        for status in wanted:
            place = next((n for n, one in enumerate(left) if one.status == status), None)
            if place is None:
                lines.append(f"- {status}: {self._why_not(status)}")
                continue
            lines += [f"+ {_told(sight)}" for sight in left[:place]]
            lines.append(f"  {_told(left[place])}")
            del left[: place + 1]
        return lines + [f"+ {_told(sight)}" for sight in left]

    def _why_not(self, status: str) -> str:
        """Why the client was not shown *status* where it was wanted."""
        if status in self.statuses:
            return "not shown in this place"
        for stretch, later in zip(self.went_through, (*self.went_through[1:], None), strict=True):
            if stretch.status == status:
                if later is None or later.at is None or stretch.at is None:
                    return "the job was so, but nobody asked for it then"
                lasted = later.at - stretch.at
                return f"the job was so for {lasted:.3g} s, but nobody asked for it then"
        return "the job never was so"


def _listed(statuses: Sequence[str]) -> str:
    return ", ".join(statuses) or "nothing"


def _told(sight: Sight) -> str:
    if sight.times == 1:
        return f"{sight.status}: once (#{sight.first})"
    return f"{sight.status}: {sight.times} times (#{sight.first} to #{sight.last})"


class Look(NamedTuple):
    """So many *times* on end, the client was shown these *statuses* of jobs of *graph*.

    *first* and *last* are the numbers of the entries, *at* is the time of the first.
    """

    graph: str
    statuses: Mapping[str, str]
    first: int
    last: int
    times: int
    at: float


def looks(entries: Iterable[Entry]) -> Iterator[Look]:
    """What *entries* showed. Those that have the very same mapping on end are one look.

    So what a long list showed again and again is not walked through each time.
    """
    look: Look | None = None
    for entry in entries:
        statuses = statuses_shown(entry)
        if not statuses:
            continue
        graph = entry.args.get("graph_name", "")
        if look is not None and look.statuses is statuses and look.graph == graph:
            look = look._replace(last=entry.number, times=look.times + 1)
            continue
        if look is not None:
            yield look
        look = Look(graph, statuses, entry.number, entry.number, 1, entry.at)
    if look is not None:
        yield look


class Sights:
    """What *entries* have shown of all jobs; *dropped* entries before them may have shown more."""

    def __init__(self, entries: Iterable[Entry], dropped: int) -> None:
        self._dropped = dropped
        self._found: dict[Place, list[Sight]] = {}
        self._made: dict[Place, int] = {}
        self._unknown: dict[Place, Entry] = {}  # by graph, or by job: the last that is forgotten
        for look in looks(self._noted(entries)):
            self._add(look)

    def _noted(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """*entries*, each once it is noted what else there is to know from it."""
        for entry in entries:
            graph = entry.args.get("graph_name", "")
            if entry.job_id is not None:
                self._made[graph, entry.job_id] = entry.number
            if entry.forgotten and read_whole(entry):
                self._unknown[graph, entry.args.get("job_id")] = entry
            yield entry

    def _add(self, look: Look) -> None:
        for job_id, status in look.statuses.items():
            found = self._found.setdefault((look.graph, job_id), [])
            last = found[-1] if found else None
            if last is not None and last.status == status:
                times = last.times + look.times
                found[-1] = Sight(status, last.first, look.last, times, last.at)
            else:
                found.append(Sight(status, look.first, look.last, look.times, look.at))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """The graph and id of each job that was made or shown."""
        for graph, job_id in dict.fromkeys((*self._made, *self._found)):
            yield graph, job_id or ""

    def of(self, graph: str, job_id: str) -> tuple[Sight, ...]:
        """What was shown of the job *job_id* of *graph*; Conflict where that is not known."""
        reason = self.doubt(graph, job_id)
        if reason is not None:
            raise Conflict(f"what was shown of job {job_id!r} is not known: {reason}")
        return self.known_of(graph, job_id)

    def known_of(self, graph: str, job_id: str) -> tuple[Sight, ...]:
        """What is known of it."""
        return tuple(self._found.get((graph, job_id), ()))

    def doubt(self, graph: str, job_id: str) -> str | None:
        """Why more may have been shown of it than is known; None where that cannot be."""
        made = self._made.get((graph, job_id))
        if made is None and self._dropped:
            return f"{self._dropped} entries are no longer in the journal"
        for unknown in (self._unknown.get((graph, one)) for one in (None, job_id)):
            if unknown is not None and unknown.number > (made or 0):
                return f"entry #{unknown.number} {unknown.why_forgotten}"
        return None
