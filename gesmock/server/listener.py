"""Listener: the socket on which a server listens, and how many clients the system has room for."""

import socket
import sys
from contextlib import suppress
from typing import Final

from gesmock.model.errors import GesmockError

_BACKLOG: Final = 1024
_OTHER_FILES: Final = 128  # open besides connections; streams are among them


class CannotListen(GesmockError, OSError):
    """The address cannot be bound; the message names it and the system's reason."""


def open_listener(host: str, port: int) -> socket.socket:
    """A socket that listens at *host* and *port*. Raises CannotListen."""
    listener = None
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind)
        listener.settimeout(0)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # With Nagle's algorithm, a head and a body in two segments cost 44 ms a request. Accepted
        # sockets inherit this option.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except (OSError, UnicodeError) as error:
        if listener is not None:
            listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        refused = CannotListen(f"cannot listen on {host}:{port}: {reason}")
        refused.errno = getattr(error, "errno", None)
        raise refused from None
    return listener


def room() -> int:
    """How many connections the process may have open, besides other files."""
    with suppress(ImportError):
        import resource  # not on Windows

        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if files != resource.RLIM_INFINITY:
            return max(files - _OTHER_FILES, 1)
    return sys.maxsize
