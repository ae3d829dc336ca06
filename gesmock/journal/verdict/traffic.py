"""Case: what a verdict is found on: the entries of one project, and what it has noticed itself."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import msgspec

from gesmock.journal.entries import Entry
from gesmock.journal.verdict.contract import Breach, Contract
from gesmock.journal.verdict.incidents import Noticed
from gesmock.journal.verdict.order import has_order

T = TypeVar("T")


class Client(NamedTuple):
    """Who has the same value in the *header* that tells clients apart, and the same *token*."""

    header: str
    token: str | None


class Call(NamedTuple):
    """What makes two requests of a client the same call."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: bytes
    digest: str | None
    length: str | None


class Case:
    """The entries of one project since its last reset, and what it has *noticed* itself.

    *read* gives the entries that the journal has, oldest first; *dropped* have made room for them.
    Who has the same token, and the same value in the header *client_header*, is one client.
    *contract* tells what is wrong with a request.
    """

    def __init__(
        self,
        read: Callable[[], Sequence[Entry]] = tuple,
        *,
        dropped: int = 0,
        noticed: Noticed | None = None,
        client_header: str = "user-agent",
        contract: Contract = lambda _: (),
    ) -> None:
        self._read = read
        self._contract = contract
        self.dropped = dropped
        self.noticed = noticed or Noticed()
        self._client_header = client_header
        self._made: dict[Callable[[Case], Any], Any] = {}

    def once(self, make: Callable[["Case"], T]) -> T:
        """What *make* makes of it, for all the rules that ask for that."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made

    @cached_property
    def breaches(self) -> Sequence[tuple[Entry, Breach]]:
        """What requests do that the service's document does not have, each with its entry."""
        return [(entry, breach) for entry in self._read() for breach in self._contract(entry)]

    def breaches_of(self, entry: Entry) -> Iterable[Breach]:
        """What *entry* does that the service's document does not have."""
        return self._contract(entry)

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """The requests for an operation of the service, oldest first."""
        return [entry for entry in self._read() if entry.operation is not None]

    @cached_property
    def flows(self) -> Mapping[Client, Sequence[Entry]]:
        """The entries of each client."""
        flows: dict[Client, list[Entry]] = {}
        for entry in self.entries:
            flows.setdefault(self.client(entry), []).append(entry)
        return flows

    def client(self, entry: Entry) -> Client:
        """Whose request it is."""
        return Client(entry.headers.get(self._client_header, ""), entry.token)

    @cached_property
    def orderly(self) -> Sequence[Sequence[Entry]]:
        """The entries of each client of which it is known what it knew when it asked.

        With a new token, it still is the same one that may use several connections at once.
        """
        whole: dict[str, list[Entry]] = {}
        for entry in self.entries:
            whole.setdefault(self.client(entry).header, []).append(entry)
        known = {header for header, entries in whole.items() if has_order(entries)}
        return [flow for client, flow in self.flows.items() if client.header in known]

    @cached_property
    def disorderly(self) -> Sequence[Sequence[Entry]]:
        """The entries of each other client."""
        known = {id(flow) for flow in self.orderly}
        return [flow for flow in self.flows.values() if id(flow) not in known]

    @cached_property
    def calls(self) -> Sequence[Sequence[Entry]]:
        """The entries of each call of each client of which it is known what it knew."""
        return [entries for flow in self.orderly for entries in calls_of(flow)]


def calls_of(flow: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """The entries of each call of *flow*."""
    calls: dict[Call, list[Entry]] = {}
    for entry in flow:
        call = Call(
            entry.method,
            entry.path,
            tuple(sorted(entry.query.items())),
            msgspec.json.encode(entry.body),
            entry.digest,
            entry.headers.get("content-length"),
        )
        calls.setdefault(call, []).append(entry)
    yield from calls.values()


def waited_s(earlier: Entry, later: Entry) -> float:
    """How long after the one request the other came.

    By the clock that says more: a real second is one whatever the project's clock does, and where
    that runs faster, or is advanced in the place of a sleep, its seconds are those that count.
    """
    return max(later.at - earlier.at, later.real_at - earlier.real_at)


def paused_s(earlier: Entry, later: Entry) -> float:
    """How long the client waited in between: from the end of the one answer, where that was late.

    A frozen clock does not go on for a delay.
    """
    late_s = earlier.virtual_s if earlier.real_s else 0.0
    return max(
        later.at - earlier.at - late_s, later.real_at - earlier.real_at - earlier.real_s, 0.0
    )


def read_whole(entry: Entry) -> bool:
    """Whether the client has had all of the answer, and such as can be read."""
    return entry.connection is None and not entry.gave_up


def was_answered(entry: Entry) -> bool:
    """Whether the client has had an answer to what it asked."""
    return read_whole(entry) and not failed(entry)


def failed(entry: Entry) -> bool:
    """Whether the service was not able to answer: to try again later is right.

    That a client has not waited for the answer is its own affair.
    """
    unable = entry.connection is not None or entry.status == 429 or entry.status >= 500
    return unable and not entry.gave_up


def statuses_shown(entry: Entry) -> Mapping[str, str]:
    """The statuses that the client was shown, by job."""
    return entry.shown or {} if read_whole(entry) and entry.method != "HEAD" else {}


def is_poll(entry: Entry) -> bool:
    """Whether it asks how a job is getting on, and not for a page of its result."""
    return entry.operation == "show_job" and not {"offset", "limit"} & entry.query.keys()


def streaks(entries: Sequence[Entry], belongs: Callable[[Entry], bool]) -> Iterator[list[Entry]]:
    """The longest runs of *entries* that belong together.

    What failed in between, or was not read, neither belongs to a run nor ends it.
    """
    run: list[Entry] = []
    for entry in entries:
        if belongs(entry):
            run.append(entry)
        elif run and was_answered(entry):
            yield run
            run = []
    if run:
        yield run
