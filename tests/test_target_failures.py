"""Why there is no answer is told in a plain sentence, and by a kind of RFC 9209."""

import socket
import ssl

import pytest

from gesmock.target.failures import ASKING, CONNECTING, SECURING, Step, Unreachable, reason


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("error", "step", "kind", "why"),
    [
        (
            socket.gaierror(-2, "Name or service not known"),
            CONNECTING,
            "dns_error",
            "there is no host of this name, as far as can be told here",
        ),
        (
            ConnectionRefusedError(111, "Connection refused"),
            CONNECTING,
            "connection_refused",
            "nobody listens there (connection refused)",
        ),
        (
            OSError(113, "No route to host"),
            CONNECTING,
            "destination_ip_unroutable",
            "No route to host",
        ),
        (OSError(), CONNECTING, "destination_ip_unroutable", "OSError"),
        (
            untrusted(),
            SECURING,
            "tls_certificate_error",
            "its certificate is not trusted: self-signed certificate "
            "(--cafile FILE names those to trust, --insecure trusts any)",
        ),
        (
            ssl.SSLEOFError(8, "EOF occurred"),
            SECURING,
            "tls_protocol_error",
            "it does not speak TLS (EOF occurred); is it meant to be http://?",
        ),
        (ConnectionResetError(), SECURING, "tls_protocol_error", "it broke the connection off"),
        (ConnectionResetError(), ASKING, "connection_terminated", "it broke the connection off"),
        (
            ssl.SSLError(1, "certificate required"),
            ASKING,
            "connection_terminated",
            "certificate required",
        ),
    ],
)
def test_what_goes_wrong_is_told(error: OSError, step: Step, kind: str, why: str) -> None:
    assert reason(error, step) == (kind, why)


def test_it_is_told_of_whom() -> None:
    assert str(Unreachable("http://h", "dns_error", "no host")) == "http://h: no host"
