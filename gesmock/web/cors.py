"""CORS (the Fetch standard): a page of any site may call the service, and read its answers.

Not the control API. The lane and the server write these lines without Flask, which is why they
stand here, and not in an extension of Flask's (whose work was an eighth of an answer besides).
"""

from typing import Final

HEADERS: Final = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "Allow, Retry-After, X-Gesmock-Fault, X-Request-Id"),
)
"""What each answer has."""

LINES: Final = "".join(f"{name}: {value}\r\n" for name, value in HEADERS)

METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def preflight(method: str | None, headers: str | None) -> dict[str, str]:
    """What the answer to an OPTIONS request has besides.

    *method* and *headers* are what it asks for in ``Access-Control-Request-Method`` and
    ``-Headers``.
    """
    if method not in METHODS:
        return {}
    allowed = {"Access-Control-Allow-Methods": ", ".join(METHODS)}
    return {**allowed, "Access-Control-Allow-Headers": headers} if headers else allowed
