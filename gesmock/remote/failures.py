"""Failures: why the target has given no whole answer, in a plain sentence each."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from gesmock.model.errors import GesmockError
from gesmock.remote.target import Target


class Unreachable(GesmockError):
    """The server at *where* does not answer, or not in HTTP: a *kind* of RFC 9209, 2.3, and why."""

    def __init__(self, where: str, kind: str, why: str) -> None:
        super().__init__(where, kind, why)
        self.kind = kind

    def __str__(self) -> str:
        where, _, why = self.args
        return f"{where}: {why}"


class Silent(Unreachable):
    """It does not answer in time."""


class Ended(Unreachable):
    """A connection has ended before anything was answered on it."""


class Step(NamedTuple):
    """What is *missing* where it takes too long, and the kinds of what is *late* or *broken*."""

    missing: str
    late: str
    broken: str


CONNECTING: Final = Step(
    "no connection came about", "connection_timeout", "destination_ip_unroutable"
)
SECURING: Final = Step("no TLS came about", "connection_timeout", "tls_protocol_error")
ASKING: Final = Step("no whole answer came", "http_response_timeout", "connection_terminated")


@contextmanager
def told(target: Target, step: Step) -> Iterator[None]:
    """Whatever goes wrong with *target* inside is told as Unreachable."""
    try:
        yield
    except TimeoutError:
        why = f"{step.missing} in {target.timeout_s:g} s"
        raise Silent(target.url, step.late, why) from None
    except OSError as error:
        raise Unreachable(target.url, *reason(error, step)) from None


def reason(error: OSError, step: Step) -> tuple[str, str]:
    """The kind of *error*, and why there is no answer."""
    match error:
        case socket.gaierror():
            return "dns_error", "there is no host of this name, as far as can be told here"
        case ConnectionRefusedError():
            return "connection_refused", "nobody listens there (connection refused)"
        case ConnectionError():
            return step.broken, "it broke the connection off"
        case ssl.SSLCertVerificationError():
            return "tls_certificate_error", (
                f"its certificate is not trusted: {error.verify_message} "
                "(--cafile FILE names those to trust, --insecure trusts any)"
            )
        case ssl.SSLError() if step is SECURING:
            seen = getattr(error, "reason", None) or error.strerror  # not all have one
            return step.broken, f"it does not speak TLS ({seen}); is it meant to be http://?"
    return step.broken, error.strerror or type(error).__name__
