"""Matching: which entries of the journal are meant, and how often there are to be any."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final
from urllib.parse import quote

from msgspec import Meta, Struct

from gesmock.journal.entries import Entry, Record
from gesmock.journal.journal import Journal, Kept
from gesmock.model.clock import real_time
from gesmock.model.errors import Conflict, ExpectationFailed, TimedOut
from gesmock.model.messages import Operation
from gesmock.model.secrets import one_line
from gesmock.model.types import GraphName

_MOST_SHOWN: Final = 3
"""How many entries a message shows."""

Count = Annotated[int, Meta(ge=0)]

Status = Annotated[int, Meta(ge=0, le=599)]


class EntryFilter(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """Which entries are meant: all that have what is given.

    *job* is one that was asked for, made or shown; *status* 0 is that of an answer that never came,
    as the connection broke. *query* has parameters with their values, None
    for one that is not there. *fault* is a receipt, the id of a fault rule, or ``*`` for any.
    Only entries after the one with the number *since* are looked at.
    """

    operation: Operation | None = None
    method: Annotated[str, Meta(pattern="^[A-Z]+$", description="a method in capitals")] | None = (
        None
    )
    graph: GraphName | None = None
    job: str | None = None
    status: Status | None = None
    query: dict[str, str | int | None] = {}
    fault: str | None = None
    since: Count = 0

    def of(self, kept: Kept) -> list[Entry]:
        """Those that are meant; Conflict where some of those after ``since`` are no longer kept.

        Or where it is not known of one whether it is meant.
        """
        if self.since and (dropped := kept.dropped_since(self.since)):
            raise Conflict(
                f"which of {self} there were is not known: {dropped} entries are no longer in the "
                "journal"
            )
        found, doubtful = self.parted(kept)
        if doubtful:
            raise Conflict(f"which of {self} there were is not known: {_doubt(doubtful)}")
        return found

    def parted(self, kept: Kept) -> tuple[list[Entry], list[Entry]]:
        """Those that are meant, and those of which that is not known, oldest first.

        A list of which it is forgotten what it showed may have shown the *job*, unless that was
        made later.
        """
        found: list[Entry] = []
        doubtful: list[Entry] = []
        for record in kept.records:
            if self._may_be(record):
                entry = record.entry
                differences = [name for name, _, _ in self._differences(entry)]
                if not differences:
                    found.append(entry)
                elif differences == ["job"] and _may_have_shown_any(entry):
                    doubtful.append(entry)
        if doubtful:
            made = self._made(kept)
            doubtful = [
                one for one in doubtful if one.number > made.get(one.args.get("graph_name"), 0)
            ]
        return found, doubtful

    def _made(self, kept: Kept) -> dict[str | None, int]:
        """The entries that have made the *job*, by graph."""
        return {
            record.request.args.get("graph_name"): record.number
            for record in kept.records
            if record.job_id is not None and record.job_id == self.job
        }

    def _may_be(self, record: Record) -> bool:
        """Whether it is worth the while to make an entry of *record*."""
        return (
            record.number > self.since
            and self.operation in (None, record.request.operation)
            and self.status in (None, record.status)
        )

    def differences(self, entry: Entry) -> Iterator[tuple[int, str]]:
        """In what *entry* differs from what is wanted, each with how much that weighs."""
        for _, weight, told in self._differences(entry):
            yield weight, told

    def _differences(self, entry: Entry) -> Iterator[tuple[str, int, str]]:
        """The same, each behind the name of the filter."""
        graph = entry.args.get("graph_name")
        seen = entry.operation, entry.method, graph, entry.status
        wanted = self.operation, self.method, self.graph, self.status
        for (name, weight), one, other in zip(_WEIGHTS, wanted, seen, strict=True):
            if one not in (None, other):
                yield name, weight, f"{name}: {other or 'none'}, not {one}"
        if self.job is not None and not _concerns(entry, self.job):
            asked = entry.args.get("job_id") or entry.job_id
            yield "job", 4, f"job: {asked or 'none'}, not {self.job}"
        for name, value in self.query.items():
            given = entry.query.get(name)
            if given != (None if value is None else str(value)):
                yield (
                    "query",
                    1,
                    f"query {name}: {one_line(_shown(given))}, not {_shown(value)}",
                )
        if not _is_receipt(entry.fault, self.fault):
            yield "fault", 1, f"fault: {entry.fault or 'none'}, not {self.fault}"

    def near_misses(self, kept: Kept) -> list[str]:
        """What comes nearest of the entries that are not meant, and in what they differ."""
        others = [record.entry for record in kept.records if record.number > self.since]
        differences = {entry.number: list(self.differences(entry)) for entry in others}
        weights = {number: sum(w for w, _ in found) for number, found in differences.items()}
        others = [entry for entry in others if differences[entry.number]]
        if not others:
            return ["nothing else was called"]
        lines = [f"nearest of {len(others)} other{'s' * (len(others) > 1)}:"]
        for entry in sorted(others, key=lambda one: weights[one.number])[:_MOST_SHOWN]:
            lines.append(f"  {told(entry)}")
            lines += [f"     {difference}" for _, difference in differences[entry.number]]
        return lines

    def __str__(self) -> str:
        names = ("method", "graph", "job", "status", "fault")
        given = [
            f"{name} {getattr(self, name)}" for name in names if getattr(self, name) is not None
        ]
        given += [f"query {name}={_shown(value)}" for name, value in self.query.items()]
        with_ = f" with {', '.join(given)}" if given else ""
        since = f", since entry #{self.since}" if self.since else ""
        return f"{self.operation or 'any operation'}{with_}{since}"


_WEIGHTS: Final = (("operation", 8), ("method", 4), ("graph", 4), ("status", 2))


class Assertion(
    EntryFilter, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """How often there are to be such entries: *times*, or *at_least* and *at_most* so often.

    Without any, at least once.
    """

    times: Count | None = None
    at_least: Count | None = None
    at_most: Count | None = None

    def __post_init__(self) -> None:
        if self.times is not None and (self.at_least, self.at_most) != (None, None):
            raise ValueError("give either times, or at_least and at_most")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least is more than at_most")

    @property
    def _limits(self) -> tuple[int, int | None]:
        if self.times is not None:
            return self.times, self.times
        if self.at_most is not None:
            return self.at_least or 0, self.at_most
        return 1 if self.at_least is None else self.at_least, None

    def check(self, kept: Kept) -> list[Entry]:
        """The entries that are meant.

        Raises ExpectationFailed, with those that come nearest, where there are too few or too many;
        Conflict where the entries that were dropped could change the answer.
        """
        least, most = self._limits
        found, doubtful = self.parted(kept)
        if most is not None and len(found) > most:
            raise ExpectationFailed(self._message(found, kept))  # however many there were before
        dropped = kept.dropped_since(self.since)
        if dropped and (most is not None or len(found) < least):
            raise Conflict(
                f"how often {self} was called is not known: {dropped} entries are no longer in the "
                f"journal, and {len(found)} of the rest are such; ask with since="
                f"{kept.records[0].number - 1} for those that are"
            )
        possible = len(found) + len(doubtful)
        if doubtful and (len(found) < least <= possible or (most is not None and possible > most)):
            raise Conflict(f"how often {self} was called is not known: {_doubt(doubtful)}")
        if len(found) < least:
            raise ExpectationFailed(self._message(found, kept))
        return found

    def _message(self, found: Sequence[Entry], kept: Kept) -> str:
        least, most = self._limits
        too_many = most is not None and len(found) > most
        wanted = f"{most if too_many else least}"
        if least != most:
            wanted = f"at {'most' if too_many else 'least'} {wanted}"
        lines = [f"{self} was called {_times(len(found))}, not {wanted}"]
        lines += [f"  {told(entry)}" for entry in found[:_MOST_SHOWN]]
        lines += [f"  and {len(found) - _MOST_SHOWN} more"] * (len(found) > _MOST_SHOWN)
        return "\n".join(lines if too_many else [*lines, *self.near_misses(kept)])


def wait_for(journal: Journal, wanted: EntryFilter, times: int, timeout_s: float) -> list[Entry]:
    """The entries that are meant, as soon as there are *times* of them.

    Raises TimedOut, with those that come nearest, where there are fewer after *timeout_s* real
    seconds, or as soon as the project is reset or the server stopped; Conflict as ``wait``.
    """
    found = wait(journal, wanted, times, timeout_s)
    if len(found) < times:
        called = f"{wanted} was called {_times(len(found))} in {timeout_s:g} s, not {times}"
        raise TimedOut("\n".join([called, *wanted.near_misses(journal.kept())]))
    return found


def wait(journal: Journal, wanted: EntryFilter, times: int, timeout_s: float) -> list[Entry]:
    """The entries that are meant: as soon as there are *times* of them, else what there are.

    Raises Conflict where there are fewer: at once, where entries that were dropped could be such;
    in the end, where it is not known of some whether they are.
    """
    until = real_time() + timeout_s
    seen, found, doubtful = wanted.since, list[Entry](), list[Entry]()
    while True:
        kept = journal.kept(seen)
        new, unsure = wanted.parted(kept)
        found, doubtful = found + new, doubtful + unsure
        if len(found) < times and (dropped := kept.dropped_since(seen)):
            raise Conflict(
                f"whether {wanted} was called {_times(times)} is not known: {dropped} entries are "
                f"no longer in the journal, and {len(found)} of the rest are such; ask with since="
                f"{kept.total} for those that are to come"
            )
        seen = max(kept.total, seen)
        if len(found) >= times:
            return found
        if not journal.await_more(kept, seen, max(until - real_time(), 0)):
            if len(found) + len(doubtful) >= times:
                raise Conflict(
                    f"whether {wanted} was called {_times(times)} is not known: {_doubt(doubtful)}"
                )
            return found


def told(entry: Entry) -> str:
    """*entry* in a line: its number, what was asked, and how it was answered."""
    query = "&".join(f"{name}={value}" for name, value in entry.query.items())
    fault = f" ({entry.fault})" if entry.fault else ""
    path = f"{quote(entry.path)}{'?' * bool(query)}{query}"
    return f"#{entry.number} {entry.method} {one_line(path)} answered {entry.status}{fault}"


def _concerns(entry: Entry, job_id: str) -> bool:
    """Whether *entry* has asked for this job, made or shown it."""
    return job_id in (entry.args.get("job_id"), entry.job_id) or job_id in (entry.shown or ())


def _may_have_shown_any(entry: Entry) -> bool:
    return entry.forgotten and "job_id" not in entry.args


def _doubt(doubtful: Sequence[Entry]) -> str:
    """Why it is not known whether these are meant: by the last."""
    last = doubtful[-1]
    others = f"; nor is it known of {len(doubtful) - 1} before it" * (len(doubtful) > 1)
    return f"entry #{last.number} {last.why_forgotten}{others}"


def _is_receipt(receipt: str | None, wanted: str | None) -> bool:
    if wanted is None or receipt is None:
        return wanted is None
    return wanted in ("*", receipt, receipt.partition("#")[0])


def _shown(value: str | int | None) -> str:
    return "none" if value is None else str(value)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
