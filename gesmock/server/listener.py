"""Listener: the socket that clients come to."""

import socket
from typing import Final

from gesmock.model.errors import GesmockError

_BACKLOG: Final = 1024


class CannotListen(GesmockError, OSError):
    """The address cannot be bound; the message names it and the system's reason."""


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind)
    except (OSError, UnicodeError) as error:
        raise CannotListen(f"cannot listen on {host}:{port}: {_reason(error)}") from None
    try:
        made.settimeout(0)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # With Nagle's algorithm, head and body in two segments cost 44 ms a request.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted sockets inherit it
        made.bind(address)
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        raise CannotListen(f"cannot listen on {host}:{port}: {_reason(error)}") from None
    return made


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
