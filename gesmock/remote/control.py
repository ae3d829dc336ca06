"""Control calls to another gesmock: its health, and the reset of all its projects."""

from contextlib import closing
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from gesmock.model.errors import GesmockError
from gesmock.remote.http import ConnectionPool, HeaderLines, HttpReply
from gesmock.remote.target import Target
from gesmock.server.application import NAME
from gesmock.web.guard import CONTROL

Body = TypeVar("Body")


class NotAnswered(GesmockError):
    """The answer to a control call is not what was asked for."""


class ServerHealth(Struct, frozen=True):
    """What a server says of itself: nothing without a control API (``--no-control``)."""

    version: str = ""
    project_id: str = ""


class NewEpoch(Struct, frozen=True):
    """The *epoch* that a reset began."""

    epoch: int


def health(target: Target) -> ServerHealth:
    """The health of *target*. Raises NotAnswered, Unreachable."""
    reply = _ask(target, "GET", "health")
    if _is_unknown_url(reply) and not target.prefix:
        return ServerHealth()
    return _body(target, reply, ServerHealth)


def reset(target: Target, token: str | None = None) -> int:
    """Reset all projects of *target*, which may require a control *token*; returns the epoch.

    Raises NotAnswered, Unreachable.
    """
    headers = [("Authorization", f"Bearer {token}")] if token else []
    return _body(target, _ask(target, "POST", "reset?all=true", headers), NewEpoch).epoch


def _ask(target: Target, method: str, call: str, headers: HeaderLines = ()) -> HttpReply:
    with closing(ConnectionPool(target)) as pool:
        body = None if method == "GET" else b""
        return pool.exchange(method, f"{target.prefix}{CONTROL}/{call}", headers, body)


def _is_unknown_url(reply: HttpReply) -> bool:
    """Whether gesmock answers 404: it has no control API, or the target's prefix is wrong."""
    return reply.status == 404 and reply.values("server") == [NAME]


def _body(target: Target, reply: HttpReply, type_: type[Body]) -> Body:
    """The body of a 200 as a *type_*."""
    text = bytes(reply.body)
    try:
        if reply.status == 200:
            return msgspec.json.decode(text, type=type_)
        reason = msgspec.json.decode(text, type=dict[str, Any]).get("error", "")
    except (msgspec.DecodeError, UnicodeDecodeError):
        reason = ""
    if _is_unknown_url(reply):
        reason = "it serves no control API (--no-control)"
        if prefix := target.prefix:
            wrong = f"{prefix} is right only behind a proxy that strips it"
            reason = f"it serves nothing at {prefix}{CONTROL}; {wrong}"
    why = f"answered {reply.status}: {reason or 'this is not gesmock'}"
    raise NotAnswered(f"{target.url}: {why}")
