"""The server that a proxy stands in front of: requests are signed in and sent on."""

from typing import Final

from gesmock.remote.http import ConnectionPool, Headers, HttpReply
from gesmock.remote.sign_in import Signer
from gesmock.remote.target import Target

_SIGNATURE: Final = ("x-sdk-date", "x-sdk-content-sha256", "x-security-token")
"""What comes with a signature, beside ``Authorization``."""


class Upstream:
    """Sends requests on to *target*, from any thread. Raises NotInstalled and InvalidInput."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._signer = Signer(target.sign_in)
        self._pool = ConnectionPool(target)

    @property
    def closed(self) -> bool:
        """Whether nobody waits for answers any more."""
        return self._pool.closed

    def ask(self, method: str, url: str, headers: Headers, body: bytes | None) -> HttpReply:
        """Send a request for *url* (path and query); a *body* of None is no body.

        Requests without credentials are signed in as the target says. Raises Unreachable.
        """
        url = url if url == "*" else self._target.prefix + url
        return self._pool.exchange(method, url, self._signed(method, url, headers, body), body)

    def close(self) -> None:
        """Close all connections; requests in progress fail."""
        self._pool.close()

    def _signed(self, method: str, url: str, headers: Headers, body: bytes | None) -> Headers:
        """*headers* with credentials.

        A token stays. A signature is replaced, since it was made for the proxy's own host.
        """
        sign_in = self._target.sign_in
        if sign_in.scheme == "none" or any(name.lower() == "x-auth-token" for name, _ in headers):
            return headers
        unsigned = [
            (name, value)
            for name, value in headers
            if not (name.lower() in _SIGNATURE or _is_signature(name, value, sign_in.ak))
        ]
        path, _, query = url.partition("?")
        added = self._signer.headers(
            method, self._target.authority, path, query, dict(unsigned), body or b""
        )
        return [*unsigned, *added.items()]


def _is_signature(name: str, value: str, ak: str) -> bool:
    """Whether a header signs the request, or takes the place of a signature with *ak*."""
    return name.lower() == "authorization" and bool(ak or value.startswith("SDK-"))
