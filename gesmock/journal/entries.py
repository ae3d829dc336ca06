"""Entries: what is kept of one request, and how it is told."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import quote

import msgspec
from msgspec import Struct

from gesmock.faults import MatchedFault
from gesmock.model import listed_requests
from gesmock.model.messages import MOST_SHOWN, ConnectionInfo, Operation, Request, Shown, request_id
from gesmock.model.secrets import MASK, is_secret, masked_by_name

SECRET_HEADERS: Final = frozenset(
    (
        "api-key",
        "authorization",
        "cookie",
        "proxy-authorization",
        "x-api-key",
        "x-auth-token",
        "x-security-token",
        "x-subject-token",
    )
)

_ENDING: Final = frozenset(("reset", "close", "garbage", "truncate"))
"""The kinds of fault that end the connection."""

_ACCESS_KEY: Final = re.compile(r"\bAccess=([^,\s]+)")
"""Who has signed a request (API signing guide): the signature is another each time."""

LONGEST_BODY: Final = 4096
"""How long a body that is kept may be, in bytes of JSON."""


class Wire(Struct, frozen=True):
    """The connection of an entry: it came from *client*, its address and port.

    It was *opened_at* and *closed_at* these real times; None: it is still open.
    """

    client: str
    opened_at: float
    closed_at: float | None


class Entry(Struct, frozen=True, kw_only=True):
    """One request and its answer.

    *number* counts the requests since the last reset, from 1; *at* is the project's time in seconds
    since 1970, *real_at* the real one. *operation* is None where no route matched; *args* are the
    names in the path. Storage keys in *query* and *body* are left out, tokens and such there and in
    *headers* (names in lower case) masked. Where path, query and headers are long, only their
    beginnings are kept. A body of more than ``LONGEST_BODY`` bytes, or that is no JSON, is None.
    *digest* tells two requests apart that differ in what is left out; *token*, who has signed in.

    *reply_headers* are those particular to the answer. *job_id* is the job that was submitted.
    *shown* has the statuses that the answer told, by job; None where it told of none, of more than
    ``exchange.MOST_SHOWN``, or too long ago: then it is *forgotten* what it told. *returned* is how
    many jobs a list had, *total* out of how many, where it said so. *fault* is the receipt of the
    fault that was injected, *phase* whether it came ``before`` or ``after`` the request had its
    effect, *connection* in which manner it broke the connection, if it did. A delay took
    *virtual_s* seconds of the project's clock, which were *real_s* real ones. *wire* is the
    connection, where our own server was asked; *gave_up* tells whether the client has left it
    before it had all of the answer. *crash* is the traceback where gesmock itself failed.
    """

    number: int
    at: float
    operation: Operation | None
    method: str
    path: str
    query: Mapping[str, str]
    status: int
    epoch: int = 1
    args: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: Any = None
    reply_headers: Mapping[str, str] = {}
    job_id: str | None = None
    shown: Mapping[str, str] | None = None
    returned: int | None = None
    total: int | None = None
    forgotten: bool = False
    fault: str | None = None
    phase: Literal["before", "after"] | None = None
    connection: str | None = None
    virtual_s: float = 0.0
    real_s: float = 0.0
    crash: str | None = None
    real_at: float = 0.0
    wire: Wire | None = None
    gave_up: bool = False
    digest: str | None = None
    token: str | None = None

    @property
    def unmatched(self) -> bool:
        """Whether it asked for something below the service's paths that no operation serves."""
        return self.operation is None and self.path.lstrip("/").startswith("ges/")

    @property
    def why_forgotten(self) -> str:
        """Why it is not known what it told, where it is *forgotten*."""
        if self.returned is not None and self.returned > MOST_SHOWN:
            return f"showed more than {MOST_SHOWN:,} jobs, of which the journal keeps none"
        return "was followed by more statuses than the journal keeps over all"

    def __str__(self) -> str:
        return f"{self.method} {quote(self.path)} answered {self.status}"


class Told:
    """What was *shown*, once or several times on end; its *statuses* may be forgotten."""

    __slots__ = ("_read", "returned", "statuses", "total")

    def __init__(self, shown: Shown) -> None:
        self.returned, self.total = shown.returned, shown.total
        self.statuses = shown.statuses
        self._read: Mapping[str, str] | None = None

    def read(self) -> Mapping[str, str] | None:
        """The statuses by job, one mapping for all the entries; None where they are forgotten."""
        statuses, read = self.statuses, self._read  # somebody may forget them meanwhile
        if statuses is None or read is not None:
            return read
        self._read = read = dict(statuses)
        return read

    def forget(self) -> int:
        """Forget the statuses; how many there were."""
        count = len(self.statuses or ())
        self.statuses = self._read = None
        return count


class Record(Struct, frozen=True, gc=False):
    """What is kept of one request. Each makes one; an ``Entry`` is made where one is read."""

    number: int
    at: float
    epoch: int
    request: Request
    status: int
    headers: Mapping[str, str]
    job_id: str | None
    told: Told | None
    fired: MatchedFault | None
    crash: str | None
    real_at: float
    link: ConnectionInfo | None
    nth: int

    @property
    def gave_up(self) -> bool:
        """Whether the client has left before it had all of the answer: the last of its link.

        Where a fault has ended the connection, it had no choice.
        """
        link = self.link
        if link is None or not link.gave_up or self.connection in _ENDING:
            return False
        return link.answers == self.nth

    @property
    def connection(self) -> str | None:
        """In which manner the connection broke, if it did."""
        if self.fired is None or self.crash is not None:
            return None
        return self.fired.connection

    @property
    def entry(self) -> Entry:
        """The entry."""
        request, told, fired, link = self.request, self.told, self.fired, self.link
        shown = None if told is None else told.read()
        return Entry(
            number=self.number,
            at=self.at,
            epoch=self.epoch,
            operation=request.operation,
            method=request.method,
            path=request.path,
            args=request.args,
            query={
                name: MASK if is_secret(name) else value
                for name, value in listed_requests.query_without_secrets(request.query).items()
            },
            headers={
                name: MASK if name in SECRET_HEADERS else value
                for name, value in request.headers.items()
            },
            body=masked_by_name(msgspec.json.decode(request.body)) if request.body else None,
            status=self.status,
            reply_headers={"X-Request-Id": request_id(self.epoch, self.number), **self.headers},
            job_id=self.job_id,
            shown=shown,
            returned=None if told is None else told.returned,
            total=None if told is None else told.total,
            forgotten=told is not None and shown is None,
            fault=None if fired is None else fired.receipt,
            phase=None if fired is None or fired.fault is None else fired.phase,
            connection=self.connection,
            virtual_s=0.0 if fired is None else fired.virtual_s,
            real_s=0.0 if fired is None else fired.real_s,
            crash=self.crash,
            real_at=self.real_at,
            wire=None if link is None else _wire(link),
            gave_up=self.gave_up,
            digest=_digest(request),
            token=_token(request.headers),
        )


def digest(text: bytes) -> str:
    """What tells *text* from others, and does not tell what it says."""
    from hashlib import blake2b  # 1 ms

    return blake2b(text, digest_size=8).hexdigest()


def _digest(request: Request) -> str | None:
    """The digest of what is left out of *request*, or masked: of its body and its query."""
    secrets = {name: value for name, value in request.query.items() if is_secret(name)}
    if not secrets:
        return request.digest
    return digest(msgspec.json.encode([request.digest, secrets]))


def _token(headers: Mapping[str, str]) -> str | None:
    signed = _ACCESS_KEY.search(headers.get("authorization", ""))
    token = headers.get("x-auth-token") or (signed[1] if signed else None)
    if token is None or token.startswith(MASK):
        return token and token.removeprefix(MASK)
    return _digest_of(token)


def masked(secret: str) -> str:
    """What is kept of a *secret* where memory counts: what tells it from others."""
    return MASK + _digest_of(secret)


def _digest_of(text: str) -> str:
    return digest(text.encode(errors="surrogateescape"))


def _wire(link: ConnectionInfo) -> Wire:
    address, port = link.client
    return Wire(f"{address}:{port}", link.opened_at, link.closed_at)
