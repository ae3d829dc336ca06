"""Case: what a verdict is found on: the entries of one world, and what it has noticed itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import msgspec

from gesmock.entries import Entry
from gesmock.verdict.contract import Breach, Contract
from gesmock.verdict.notes import Noticed

_SENT_BY_CLIENT: Final = ("x-auth-token", "content-length")
"""Headers in which two requests differ that are not the same call (the token, if it is known)."""


class Call(NamedTuple):
    """What makes two requests the same call of the same *client*."""

    client: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: bytes
    headers: tuple[str | None, ...]


class Case:
    """The entries of one world since its last reset, and what it has *noticed* itself.

    *read* gives the entries that the journal has, oldest first; *dropped* have made room for them.
    Who has the same value in the header *client_header* is one client. *contract* tells what is
    wrong with a request.
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

    @cached_property
    def breaches(self) -> Sequence[tuple[Entry, Breach]]:
        """What requests do that the service's document does not have, each with its entry."""
        return [(entry, breach) for entry in self._read() for breach in self._contract(entry)]

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """The requests for an operation of the service, oldest first."""
        return [entry for entry in self._read() if entry.operation is not None]

    @cached_property
    def flows(self) -> Mapping[str, Sequence[Entry]]:
        """The entries of each client."""
        flows: dict[str, list[Entry]] = {}
        for entry in self.entries:
            flows.setdefault(self._client(entry), []).append(entry)
        return flows

    @cached_property
    def calls(self) -> Mapping[Call, Sequence[Entry]]:
        """The entries of each call, which is the same request of the same client."""
        calls: dict[Call, list[Entry]] = {}
        for entry in self.entries:
            calls.setdefault(self.call(entry), []).append(entry)
        return calls

    def call(self, entry: Entry) -> Call:
        """The call that *entry* is of."""
        return Call(
            self._client(entry),
            entry.method,
            entry.path,
            tuple(sorted(entry.query.items())),
            msgspec.json.encode(entry.body),
            tuple(entry.headers.get(name) for name in _SENT_BY_CLIENT),
        )

    def _client(self, entry: Entry) -> str:
        return entry.headers.get(self._client_header, "")


def waited_s(earlier: Entry, later: Entry) -> float:
    """How long the client waited in between, by the clock of the world.

    Where that stood still, by the real one if that says more: whoever sleeps for real has waited.
    """
    waited = later.at - earlier.at
    if earlier.real_at is None or later.real_at is None:
        return waited
    return max(waited, later.real_at - earlier.real_at)


def failed(entry: Entry) -> bool:
    """Whether the service was not able to answer: to try again later is right."""
    return entry.connection is not None or entry.status == 429 or entry.status >= 500


def statuses_shown(entry: Entry) -> Mapping[str, str]:
    """The statuses that the client was shown, by job."""
    seen = entry.shown is not None and entry.connection is None and entry.method != "HEAD"
    return entry.shown or {} if seen else {}


def is_poll(entry: Entry) -> bool:
    """Whether it asks how a job is getting on, and not for a page of its result."""
    return entry.operation == "show_job" and not {"offset", "limit"} & entry.query.keys()


def streaks(entries: Sequence[Entry], belongs: Callable[[Entry], bool]) -> Iterator[list[Entry]]:
    """The longest runs of *entries* that belong together."""
    run: list[Entry] = []
    for entry in entries:
        if belongs(entry):
            run.append(entry)
        elif run:
            yield run
            run = []
    if run:
        yield run
