"""Why the target gave no complete answer: a kind of RFC 9209, and a plain sentence."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from gesmock.model.errors import GesmockError
from gesmock.remote.target import Target


class Unreachable(GesmockError):
    """The server at *where* gave no complete HTTP answer; *kind* is an error type of RFC 9209."""

    def __init__(self, where: str, kind: str, why: str) -> None:
        super().__init__(where, kind, why)
        self.kind = kind

    def __str__(self) -> str:
        where, _, why = self.args
        return f"{where}: {why}"


class Unresponsive(Unreachable):
    """The answer did not arrive in time."""


class HungUp(Unreachable):
    """The connection ended before an answer began."""


class Attempt(NamedTuple):
    """What is *missing* when an attempt takes too long; its kinds when it is *late* or *broken*."""

    missing: str
    late: str
    broken: str


CONNECTING: Final = Attempt("no connection", "connection_timeout", "destination_ip_unroutable")
SECURING: Final = Attempt("no TLS handshake", "connection_timeout", "tls_protocol_error")
ASKING: Final = Attempt("no complete answer", "http_response_timeout", "connection_terminated")


@contextmanager
def reporting_failures(target: Target, attempt: Attempt) -> Iterator[None]:
    """Turn every OSError into Unreachable, and a timeout into Unresponsive."""
    try:
        yield
    except TimeoutError:
        why = f"{attempt.missing} within {target.timeout_s:g} s"
        raise Unresponsive(target.url, attempt.late, why) from None
    except OSError as error:
        raise Unreachable(target.url, *reason(error, attempt)) from None


def reason(error: OSError, attempt: Attempt) -> tuple[str, str]:
    """The kind of *error*, and a sentence for it."""
    match error:
        case socket.gaierror():
            return "dns_error", "the host name cannot be resolved"
        case ConnectionRefusedError():
            return "connection_refused", "nothing listens there (connection refused)"
        case ConnectionError():
            return attempt.broken, "it broke off the connection"
        case ssl.SSLCertVerificationError():
            return "tls_certificate_error", (
                f"its certificate is not trusted: {error.verify_message} "
                "(--cafile FILE names the certificates to trust, --insecure trusts any)"
            )
        case ssl.SSLError() if attempt is SECURING:
            detail = getattr(error, "reason", None) or error.strerror  # some lack a reason
            return attempt.broken, f"it does not speak TLS ({detail}); did you mean http://?"
    return attempt.broken, error.strerror or type(error).__name__
