"""Entries: what the journal records of a request and its answer."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote

import msgspec
from msgspec import Struct

from gesmock.faults import MatchedFault, Truncate
from gesmock.model import listed_requests, replies
from gesmock.model.errors import one_line
from gesmock.model.messages import (
    LONGEST_HEAD,
    ConnectionInfo,
    Operation,
    Reply,
    ReplyBody,
    Request,
    ShownStatuses,
)
from gesmock.model.secrets import MASK, Secrets, is_secret

LONGEST_BODY: Final = 4096
"""The longest body that is recorded, in bytes of JSON."""

MOST_REPLIED: Final = 2**25
"""At most this many bytes of answers' bodies are kept."""

_ENDING: Final = frozenset(("reset", "close", "garbage", "truncate"))
"""The kinds of fault that end the connection."""

_ACCESS_KEY: Final = re.compile(r"\bAccess=([^,\s]+)")
"""The access key that signed a request (API signing guide); signatures differ each time."""

_OTHER_PLANES: Final[Mapping[str, str]] = {
    "v1.0": "the management plane (v1)",
    "v2": "the management plane (v2)",
    "v3": "IAM",
}
"""The planes whose paths begin with these segments; the service plane's begin with ``ges``."""

_MOST_NAMES: Final = 64
"""At most this many parameters of a long head are recorded, and as many headers."""

_DIGEST_KEY: Final = os.urandom(16)
"""Random in each process, so that nobody can find the secret behind a digest by trial."""

_LONGEST_SECRET: Final = 512
"""Of a longer secret, only the digest is recorded; signatures are shorter."""

_LONGEST_TARGET: Final = 500
"""A message shows at most this many characters of a path and query."""


class Wire(Struct, frozen=True):
    """The connection of an entry: the *client*'s address and port, and when it was open.

    Times are real ones, in seconds since 1970; *closed_at* is None while it is open.
    """

    client: str
    opened_at: float
    closed_at: float | None


class Headers(dict[str, str]):
    """Headers by name; looking one up ignores case."""

    def __missing__(self, name: str) -> str:
        lower = name.lower()
        for key, value in self.items():
            if key.lower() == lower:
                return value
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return self.get(str(name)) is not None

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default


class Entry(Struct, frozen=True, kw_only=True):
    """A request and its answer.

    *number* counts the requests since the last reset, from 1; *at* is the project's time in seconds
    since 1970, *real_at* the real time. *operation* is None if no route matched; *args* are the
    names in the path. Storage keys are left out of *query* and *body*; tokens are masked there and
    in *headers*, which are stored in lower case and looked up in any. A long path, query or header
    is cut. *body* is None if it was not JSON, or longer than ``LONGEST_BODY`` bytes. *digest*
    distinguishes requests that differ only in what was left out; *token* is the same for requests
    with the same token or access key.

    *reply_headers* are those particular to the answer. *job_id* is the job that was submitted.
    *statuses* has the statuses in the answer, by job id; None if it had none, if it was a list of
    more than ``messages.MOST_SHOWN`` jobs, or if they were dropped to save memory. A list has
    *returned* that many jobs out of *total*. *fault* is the receipt of the fault, *phase* whether
    it came ``before`` or ``after`` the request took effect, *connection* its kind, if it left the
    client without an answer that it can read. A delay took *virtual_s* seconds of the project's
    clock, and *real_s* real ones. The answer was ready *took_s* real seconds after the request:
    that includes any delay, but not the encoding of a long list. *wire* is the connection, under
    our own server; *gave_up* says that the client left before it had the whole answer. *crash* is
    the traceback, if gesmock itself failed.
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
    statuses: Mapping[str, str] | None = None
    returned: int | None = None
    total: int | None = None
    fault: str | None = None
    phase: Literal["before", "after"] | None = None
    connection: str | None = None
    virtual_s: float = 0.0
    real_s: float = 0.0
    crash: str | None = None
    real_at: float = 0.0
    took_s: float = 0.0
    wire: Wire | None = None
    gave_up: bool = False
    digest: str | None = None
    token: str | None = None

    @property
    def unmatched(self) -> bool:
        """Whether this is a call of the service that no operation serves, or of another plane."""
        if self.operation is not None or self.method == "OPTIONS":
            return False
        return self.path.lstrip("/").startswith("ges/") or other_plane(self.path) is not None

    @property
    def request_line(self) -> str:
        """The method, path and query, on one line, cut if they are long."""
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        target = one_line(f"{quote(self.path)}{'?' * bool(query)}{query}")
        return f"{self.method} {_cut(target, _LONGEST_TARGET)}"

    @property
    def outcome(self) -> str:
        """``answered 503``, or that it was not answered."""
        return f"answered {self.status}" if self.status else "not answered"

    def __str__(self) -> str:
        return f"{self.method} {quote(self.path)} {self.outcome}"


class AnsweredEntry(Entry, frozen=True, kw_only=True):
    """An entry with the body of the answer, as it was sent, without secrets.

    *reply_body* is the first ``LONGEST_REPLY`` bytes out of *reply_bytes*; None if nothing was
    sent, or if it is no longer kept.
    """

    reply_body: str | None
    reply_bytes: int | None


def other_plane(path: str) -> str | None:
    """The plane of Huawei Cloud that *path* belongs to; None for the service's own paths."""
    return _OTHER_PLANES.get(path.lstrip("/").partition("/")[0])


class Reported:
    """What an answer, or several equal ones in a row, showed of jobs.

    *statuses* may be dropped later, to save memory.
    """

    __slots__ = ("returned", "statuses", "total")

    def __init__(self, source: ShownStatuses) -> None:
        self.statuses: Mapping[str, str] | None = source.statuses
        self.returned, self.total = source.returned, source.total


class Exchange(Struct, frozen=True, gc=False):
    """What stays the same in a request and its answer each time that they are repeated."""

    epoch: int
    request: Request
    status: int
    headers: Mapping[str, str]
    job_id: str | None
    fired: MatchedFault | None
    crash: str | None
    payload: Any


class Record(Struct, frozen=True, gc=False):
    """What the journal keeps of a request; the ``Entry`` is made when it is read.

    The answer was the *nth* on its connection, *link*.
    """

    number: int
    at: float
    exchange: Exchange
    reported: Reported | None
    real_at: float
    answered_at: float
    link: ConnectionInfo | None
    nth: int

    @property
    def gave_up(self) -> bool:
        """Whether the client left before it had all of this answer, the last on its connection."""
        link = self.link
        if link is None or self.connection in _ENDING:  # then the client had no choice
            return False
        return link.gave_up and link.answers == self.nth

    @property
    def connection(self) -> str | None:
        fired = self.exchange.fired
        return None if fired is None or self.exchange.crash is not None else fired.connection

    @property
    def sent(self) -> bytes:
        """The beginning of the body that was sent, with its secrets; empty if it is not kept."""
        exchange, payload = self.exchange, self.exchange.payload
        if exchange.request.method == "HEAD" or not exchange.status:
            return b""
        if isinstance(payload, ReplyBody):
            text = payload.text
        else:
            text = b"".join(replies.blocks(Reply(exchange.status, payload)))
        fault = None if exchange.fired is None else exchange.fired.fault
        return text[: fault.after_bytes] if isinstance(fault, Truncate) else text

    @property
    def entry(self) -> Entry:
        return self.entry_with(_redacted(self.exchange.request))

    def entry_with(self, redacted: Mapping[str, Any]) -> Entry:
        """The entry; *redacted* are its fields that come from the request."""
        exchange, reported, link = self.exchange, self.reported, self.link
        request, fired = exchange.request, exchange.fired
        wire = None
        if link is not None:
            wire = Wire("{}:{}".format(*link.client), link.opened_at, link.closed_at)
        real_s = 0.0 if fired is None else fired.real_s
        reply_headers, crash = dict(exchange.headers), exchange.crash
        if reply_headers or crash:
            reply_headers, crash = Secrets().redact_value([reply_headers, crash])
        return Entry(
            number=self.number,
            at=self.at,
            epoch=exchange.epoch,
            operation=request.operation,
            method=request.method,
            **redacted,
            reply_headers=Headers(replies.request_ids(exchange.epoch, self.number) | reply_headers),
            crash=crash,
            status=exchange.status,
            job_id=exchange.job_id,
            statuses=None if reported is None else reported.statuses,
            returned=None if reported is None else reported.returned,
            total=None if reported is None else reported.total,
            fault=None if fired is None else fired.receipt,
            phase=None if fired is None or fired.fault is None else fired.phase,
            connection=self.connection,
            virtual_s=0.0 if fired is None else fired.virtual_s,
            real_s=real_s,
            real_at=self.real_at,
            took_s=max(self.answered_at - self.real_at, 0.0) + real_s,
            wire=wire,
            gave_up=self.gave_up,
        )


def _redacted(request: Request) -> dict[str, Any]:
    """The fields of an entry that come from the *request*, without secrets."""
    redacted: dict[str, Any] = Secrets().redact_value(
        {
            "path": request.path,
            "args": dict(request.args),
            "query": listed_requests.query_without_secrets(request.query),
            "headers": dict(request.headers),
            "body": msgspec.json.decode(request.body) if request.body else None,
        }
    )
    digest = request.digest
    if secrets := {name: value for name, value in request.query.items() if is_secret(name)}:
        digest = _digest([digest, secrets])
    headers = Headers(redacted.pop("headers"))
    return {**redacted, "headers": headers, "digest": digest, "token": _token(request.headers)}


def entries_of(records: Iterable[Record]) -> Iterator[Entry]:
    """The entries of *records*, only to be read: entries of the same request share fields."""
    redacted: dict[int, dict[str, Any]] = {}
    for record in records:
        request = record.exchange.request
        key = id(request)  # unique, as the record keeps the request alive
        if key not in redacted:
            redacted[key] = _redacted(request)
        yield record.entry_with(redacted[key])


def with_reply_bodies(listed: Sequence[tuple[Entry, Record | None]]) -> list[AnsweredEntry]:
    """The entries, oldest first, with the bodies of their answers, if their records keep these.

    At most ``MOST_REPLIED`` bytes in all, those of the newest: many records may share a body.
    """
    redact = cache(lambda secrets, sent: Secrets(secrets).redact(sent.decode(errors="replace")))
    room, entries = MOST_REPLIED, []
    for entry, record in reversed(listed):
        text, length = None, None
        if record is not None and (sent := record.sent):
            payload = record.exchange.payload
            body = payload if isinstance(payload, ReplyBody) else ReplyBody()
            length = body.length or len(sent)
            room -= len(sent)
            text = redact(body.secrets, sent) if room >= 0 else None
        fields = msgspec.structs.asdict(entry)
        entries.append(AnsweredEntry(**fields, reply_body=text, reply_bytes=length))
    return entries[::-1]


class Snapshot(NamedTuple):
    """The journal at one moment: the last *records* of *total* requests.

    *dropped* earlier records made room for later ones; *resets* counts the resets of the journal.
    """

    records: Sequence[Record]
    total: int
    dropped: int
    resets: int = 0

    @property
    def oldest(self) -> int:
        """The number of the oldest entry that is kept; without any, of the next one."""
        return self.records[0].number if self.records else self.total + 1

    def dropped_since(self, number: int) -> int:
        """How many of the dropped entries came after the one with this *number*."""
        return max(min(self.dropped, self.oldest - 1 - number), 0)


# --- What is recorded of a request, made before the project's lock is taken ---


def with_short_body(request: Request) -> Request:
    """*request* with its body as JSON without secrets; empty if it has none, or a long one.

    Its digest distinguishes it from requests that differ only in what is left out.
    """
    empty = not request.headers.get("content-length", "0").strip("0")  # or sent in chunks
    if request.body is None or (request.body == {} and empty):
        return request
    body = msgspec.json.encode(request.clean if request.body else request.body)
    short = body if len(body) <= LONGEST_BODY else b""
    digest = _digest(request.body)
    return msgspec.structs.replace(request, body=short, clean=None, digest=digest)


def is_long(path: str, query: str, headers: Mapping[str, str]) -> bool:
    """Whether path, query and headers together are longer than ``LONGEST_HEAD``."""
    texts = (path, query, *headers, *headers.values())
    return sum(map(len, texts)) > LONGEST_HEAD


def with_short_head(request: Request) -> Request:
    """*request*, which is ``long``, with path, query and headers cut to ``LONGEST_HEAD``."""
    room = LONGEST_HEAD // (1 + 2 * min(len(request.query) + len(request.headers), _MOST_NAMES))
    digest = _digest([request.digest, request.path, request.query])
    return msgspec.structs.replace(
        request,
        path=_cut(request.path, room),
        args={name: _cut(value, room) for name, value in request.args.items()},
        query=_cut_all(request.query, room),
        headers=_cut_all(request.headers, room),
        digest=digest,
    )


def _cut_all(values: Mapping[str, str], room: int) -> dict[str, str]:
    return {
        _cut(name, room): _short_secret(value) if is_secret(name) else _cut(value, room)
        for name, value in islice(values.items(), _MOST_NAMES)
    }


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[:room]}..."


def _short_secret(text: str) -> str:
    return text if len(text) <= _LONGEST_SECRET else MASK + _digest(text)


def _digest(value: object) -> str:
    from hashlib import blake2b  # 1 ms

    return blake2b(msgspec.json.encode(value), digest_size=8, key=_DIGEST_KEY).hexdigest()


def _token(headers: Mapping[str, str]) -> str | None:
    signed = _ACCESS_KEY.search(headers.get("authorization", ""))
    token = headers.get("x-auth-token") or (signed[1] if signed else None)
    if token is None or token.startswith(MASK):
        return token and token.removeprefix(MASK)
    return _digest(token)
