"""Why there is no answer is told, also where the system says little."""

import ssl

import pytest

from gesmock.remote.failures import ASKING, CONNECTING, SECURING, Attempt, reason

NO_REASON = "it does not speak TLS (EOF occurred); did you mean http://?"


@pytest.mark.parametrize(
    ("error", "step", "kind", "why"),
    [
        (OSError(113, "No way"), CONNECTING, "destination_ip_unroutable", "No way"),
        (OSError(), CONNECTING, "destination_ip_unroutable", "OSError"),
        (ssl.SSLEOFError(8, "EOF occurred"), SECURING, "tls_protocol_error", NO_REASON),
        (
            ssl.SSLError(1, "certificate wanted"),
            ASKING,
            "connection_terminated",
            "certificate wanted",
        ),
    ],
)
def test_what_goes_wrong_is_told(error: OSError, step: Attempt, kind: str, why: str) -> None:
    assert reason(error, step) == (kind, why)
