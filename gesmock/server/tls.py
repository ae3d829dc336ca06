"""TLS: its transport, and the contexts of servers. It takes 10 ms to import, and only TLS does."""

import os
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from gesmock.model import validation
from gesmock.model.errors import InvalidInput
from gesmock.server.loop import READ, WRITE, Block, Transport
from gesmock.server.parser import BadRequest

_WOULD_BLOCK: Final = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
_PLAIN_HTTP: Final = (
    "The client speaks plain HTTP; this server speaks HTTPS: the URL needs https://."
)


class TlsTransport(Transport):
    """A socket with TLS. Raises OSError if the client has gone already.

    ``handshake`` raises BadRequest if the client speaks plain HTTP, in which it is then answered.
    """

    def __init__(self, connected: socket.socket, ssl_context: ssl.SSLContext) -> None:
        connected.settimeout(0)
        connected.getpeername()  # without a peer, wrap_socket would leave a socket open
        self._tls = ssl_context.wrap_socket(
            connected, server_side=True, do_handshake_on_connect=False
        )
        super().__init__(self._tls)
        self._first_byte = b""

    def handshake(self) -> int:
        if not self._first_byte:  # peek at it without OpenSSL, which puts nothing back
            self._first_byte = socket.socket.recv(self._tls, 1, socket.MSG_PEEK)
            if self._first_byte.isalpha():  # as a method begins; TLS begins with 0x16
                self._socket = socket.socket(fileno=self._tls.detach())
                self._socket.settimeout(0)
                raise BadRequest(400, _PLAIN_HTTP, public=True)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return READ
        except ssl.SSLWantWriteError:
            return WRITE
        return 0

    def receive(self) -> bytes:
        try:
            return super().receive()
        except _WOULD_BLOCK:
            raise BlockingIOError from None

    def _send(self, block: Block) -> int:
        try:
            return self._socket.send(block)
        except _WOULD_BLOCK:
            raise BlockingIOError from None

    def _send_several(self, blocks: Sequence[Block]) -> int:
        return self._send(blocks[0])

    def write_eof(self) -> None:
        with suppress(OSError, ValueError):  # the client has not answered yet, or never will
            self._tls.unwrap()
        super().write_eof()


def load_context(cert: str, key: str | None = None) -> ssl.SSLContext:
    """A context with the certificate chain in the PEM file *cert*.

    Its key is in the file *key*, by default also in *cert*, and has no password. Raises
    InvalidInput.
    """
    ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        ssl_context.load_cert_chain(cert, key, password="")
    except OSError as error:
        files = [cert] if key is None else [cert, key]
        reason = error.strerror
        if isinstance(error, ssl.SSLError):
            reason = "no certificate with its key, both in PEM without a password"
        else:  # the error names no file
            files = [file for file in files if not os.access(file, os.R_OK)] or files
        raise InvalidInput.at("", f"{', '.join(files)}: {reason}") from None
    return ssl_context


def check_context(value: object) -> None:
    """Refuse what cannot secure a server, as the argument ``ssl_context``. Raises InvalidInput."""
    if not isinstance(value, ssl.SSLContext):
        expected = "an ssl.SSLContext, such as ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)"
        raise InvalidInput.at("ssl_context", f"{validation.described(value)} is not {expected}")
    if value.protocol == ssl.PROTOCOL_TLS_CLIENT:
        reason = "this is a client's context; a server needs PROTOCOL_TLS_SERVER"
        raise InvalidInput.at("ssl_context", reason)
