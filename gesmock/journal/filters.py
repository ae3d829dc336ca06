"""Filters: which entries of the journal are meant, how many there should be, and near misses."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, TypedDict

from msgspec import Meta, Struct

from gesmock.journal.entries import Entry, Snapshot
from gesmock.model.errors import Conflict, ExpectationFailed, one_line, shortened
from gesmock.model.jobs import Job
from gesmock.model.messages import Operation
from gesmock.model.secrets import MASK, compact, is_secret, secrets_in
from gesmock.model.types import GraphName
from gesmock.model.validation import described, join

_MOST_LISTED: Final = 3
"""A message lists at most this many entries."""

_LONGEST_BODY: Final = 200
"""A message shows at most this many characters of an expected body."""

Count = Annotated[int, Meta(ge=0)]


class EntryFilters(TypedDict, total=False):
    """The keywords of an ``EntryFilter`` in Python; None counts as left out."""

    status: int | None
    method: str | None
    graph: str | None
    job: str | Job | None
    query: Mapping[str, str | int | None] | None
    headers: Mapping[str, str | int | None] | None
    body: Mapping[str, Any] | None
    fault: str | None
    since: int


class Assertions(EntryFilters, total=False):
    """The keywords of an ``Assertion``."""

    times: int | None
    at_least: int | None
    at_most: int | None


class EntryFilter(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """Selects the entries that match every field.

    *job* matches requests for a job, the one that submitted it, and answers with its status.
    *status* 0 means that no answer came, because the connection broke. *query* and *headers* map
    names to the values sent, or to None if the name must be absent; header names match in any case.
    *body* is a part of the JSON body, whose objects may have more fields. The journal masks
    secrets: ``***`` stands for any value of one. *fault* is a receipt, the id of a fault rule, or
    ``*`` for any. Only entries after number *since* match.
    """

    operation: Operation | None = None
    method: Annotated[str, Meta(pattern="^[A-Z]+$", description="a method in capitals")] | None = (
        None
    )
    graph: GraphName | None = None
    job: str | None = None
    status: Annotated[int, Meta(ge=0, le=599)] | None = None
    query: dict[str, str | int | None] = {}
    headers: dict[str, str | int | None] = {}
    body: dict[str, Any] = {}
    fault: str | None = None
    since: Count = 0

    def __post_init__(self) -> None:
        for name, value in (*self.query.items(), *self.headers.items()):
            if value not in (None, "", MASK) and is_secret(name):
                raise ValueError(
                    f"{shortened(name)!r} is secret, and masked in the journal; "
                    f"{MASK!r} stands for any value"
                )
        if any(secret != MASK for secret in secrets_in(self.body)):
            raise ValueError(
                f"the body asked for has a secret, which the journal masks; {MASK!r} stands for any"
            )

    @property
    def matches_all(self) -> bool:
        """Whether every entry matches."""
        plain, names = EntryFilter(), EntryFilter.__struct_fields__
        return all(getattr(self, name) == getattr(plain, name) for name in names)

    def select(self, snapshot: Snapshot) -> list[Entry]:
        """The entries that match, oldest first.

        Raises Conflict if there is a *since*, and entries after it were dropped.
        """
        if self.since and (dropped := snapshot.dropped_since(self.since)):
            raise Conflict(
                f"{self}: the journal dropped {dropped} of these entries; "
                f"raise journal_size, or ask with since={snapshot.oldest - 1}"
            )
        return self.matching(snapshot)

    def matching(self, snapshot: Snapshot) -> list[Entry]:
        """The entries that match and were not dropped, oldest first."""
        entries = (
            record.entry  # made only if the record may match
            for record in snapshot.records
            if record.number > self.since
            and self.operation in (None, record.exchange.request.operation)
            and self.status in (None, record.exchange.status)
        )
        return [entry for entry in entries if not any(self.differences(entry))]

    def differences(self, entry: Entry) -> Iterator[tuple[int, str]]:
        """How *entry* differs from what the filter asks for: texts, each with its weight."""
        graph, job_id = entry.args.get("graph_name"), entry.args.get("job_id")
        for name, weight, expected, actual in (
            ("operation", 8, self.operation, entry.operation),
            ("method", 4, self.method, entry.method),
            ("graph", 4, self.graph, graph),
            ("status", 2, self.status, entry.status),
        ):
            if expected not in (None, actual):
                yield weight, f"{name}: {actual or 'none'}, not {expected}"
        concerned = self.job in (None, job_id, entry.job_id)
        if not concerned and self.job not in (entry.statuses or ()):
            yield 4, f"job: {job_id or entry.job_id or 'none'}, not {_text(self.job)}"
        for noun, expected_values, sent_values in (
            ("query", self.query, entry.query),
            ("header", self.headers, entry.headers),
        ):
            for name, value in expected_values.items():
                sent = sent_values.get(name)
                if sent != (None if value is None else str(value)):
                    yield 1, f"{noun} {name}: {one_line(_text(sent))}, not {_text(value)}"
        if self.body:
            for path, part, required in _body_differences(self.body, entry.body, "body"):
                text = "none" if part is None else described(part)
                yield 1, f"{path}: {text}, not {described(required)}"
        if self.fault is not None:
            receipt = entry.fault or "none"
            if entry.fault is None or self.fault not in ("*", receipt, receipt.partition("#")[0]):
                yield 1, f"fault: {receipt}, not {self.fault}"

    def near_misses(self, snapshot: Snapshot) -> list[str]:
        """The entries that come closest to matching, and how they differ, as lines."""
        entries = [record.entry for record in snapshot.records if record.number > self.since]
        misses = [(entry, [*self.differences(entry)]) for entry in entries]
        misses = [(entry, differences) for entry, differences in misses if differences]
        if not misses:
            return ["nothing else was called"]
        lines = [f"near misses among {len(misses)} other request{'s' * (len(misses) > 1)}:"]
        misses.sort(key=lambda miss: sum(weight for weight, _ in miss[1]))
        for entry, differences in misses[:_MOST_LISTED]:
            lines.append(f"  {line(entry)}")
            lines += [f"     {difference}" for _, difference in differences]
        return lines

    def __str__(self) -> str:
        names = ("method", "graph", "job", "status", "fault")
        fields = [(name, getattr(self, name)) for name in names]
        texts = [f"{name} {_text(value)}" for name, value in fields if value is not None]
        texts += [f"query {name}={_text(value)}" for name, value in self.query.items()]
        texts += [f"header {name}={_text(value)}" for name, value in self.headers.items()]
        texts += [f"body {compact(self.body)[:_LONGEST_BODY]}"] if self.body else []
        conditions = f" with {', '.join(texts)}" if texts else ""
        since = f", since entry #{self.since}" if self.since else ""
        return f"{self.operation or 'any operation'}{conditions}{since}"


class Assertion(
    EntryFilter, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """How many entries should match: *times*, or *at_least* to *at_most*; default: at least 1."""

    times: Count | None = None
    at_least: Count | None = None
    at_most: Count | None = None

    def __post_init__(self) -> None:
        EntryFilter.__post_init__(self)
        if self.times is not None and (self.at_least, self.at_most) != (None, None):
            raise ValueError("give either times, or at_least and at_most")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least is more than at_most")

    def check(self, snapshot: Snapshot) -> list[Entry]:
        """The entries that match, if there are as many as there should be.

        Otherwise raises ExpectationFailed, with the near misses if there are too few; Conflict if
        entries that were dropped could change the outcome.
        """
        least, most = self.at_least, self.at_most
        if self.times is not None:
            least = most = self.times
        elif least is None:
            least = 1 if most is None else 0
        entries = self.matching(snapshot)
        count, dropped = len(entries), snapshot.dropped_since(self.since)
        too_many = most is not None and count > most  # dropped ones would only add to them
        if dropped and not too_many and (most is not None or count < least):
            raise Conflict(
                f"cannot tell how often {self} was called: the journal dropped "
                f"{count_of_entries(dropped)}, and {count} of the others match; raise "
                f"journal_size, or ask only about the others with since={snapshot.oldest - 1}"
            )
        if count < least or too_many:
            kind = "" if least == most else "at most " if too_many else "at least "
            expected = f"{kind}{most if too_many else least}"
            lines = [f"{self._called(count)}, expected {expected}"]
            lines += [f"  {line(entry)}" for entry in entries[:_MOST_LISTED]]
            if count > _MOST_LISTED:
                lines.append(f"  and {count - _MOST_LISTED} more")
            if not too_many:
                lines += self.near_misses(snapshot)
            raise ExpectationFailed("\n".join(lines))
        return entries

    def _called(self, count: int) -> str:
        if self.operation is not None:
            return f"{self} was called {in_words(count)}"
        requests = str(self).replace("any operation", "request" if count < 2 else "requests", 1)
        return f"{count or 'no'} {requests} {'was' if count < 2 else 'were'} made"


def line(entry: Entry) -> str:
    """*entry* on one line: its number, the request and how it was answered."""
    fault = f" ({entry.fault})" if entry.fault else ""
    return f"#{entry.number} {entry.request_line} {entry.outcome}{fault}"


def in_words(times: int) -> str:
    return "once" if times == 1 else f"{times} times"


def count_of_entries(entries: int) -> str:
    return "1 entry" if entries == 1 else f"{entries} entries"


def _text(value: str | int | None) -> str:
    return "none" if value is None else shortened(str(value))


def _body_differences(
    expected: object, sent: object, path: str
) -> Iterator[tuple[str, object, object]]:
    """The paths at which *sent* differs from *expected*, with both values.

    Objects in *sent* may have more fields; an absent field equals null.
    """
    if isinstance(expected, dict) and isinstance(sent, dict):
        for name, value in expected.items():
            yield from _body_differences(value, sent.get(name), join(path, name))
    elif isinstance(expected, list) and isinstance(sent, list) and len(expected) == len(sent):
        for index, (item, sent_item) in enumerate(zip(expected, sent, strict=True)):
            yield from _body_differences(item, sent_item, join(path, index))
    elif sent != expected or isinstance(sent, bool) != isinstance(expected, bool):
        yield path, sent, expected
