"""Guard: who may reach the control API."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug import Request

_HOST = re.compile(r"(?:\[(?P<address>[^\[\]]*)\]|(?P<name>[^:@\[\]]+?))\.?(?::[0-9]*)?")


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may reach the control API.

    *token*, where there is one, must come as ``Authorization: Bearer <token>``. Without one, only
    a caller on this machine may. In both cases, a request that a browser sends for another site
    is refused, and so is one for a host name that is not ours: *hosts*, ``localhost``, or an
    address (a name that an attacker has bound to our address would be theirs: DNS rebinding).
    """

    token: str | None = field(default=None, repr=False)
    hosts: frozenset[str] = frozenset()

    def refusal(self, request: "Request") -> tuple[int, str] | None:
        """Why *request* may not pass, as HTTP status and reason; None where it may."""
        return self.foreign(request) or self._unknown(request)

    def foreign(self, request: "Request") -> tuple[int, str] | None:
        """Why *request* may not pass, where it is another site's page that sends it."""
        site = request.headers.get("Sec-Fetch-Site", "none")
        if site not in ("same-origin", "none"):
            return 403, f"Sec-Fetch-Site: {site}: no other site's pages are answered"
        if "Host" not in request.headers or not self._is_ours(request.host):
            host = request.headers.get("Host", "")
            return 403, f"Host: {host!r} is not a known name of this server (see --allow-host)"
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() != request.host_url.rstrip("/").lower():
            return 403, f"Origin: {origin!r}: no other site's pages are answered"
        return None

    def foreign_call(self, environ: "WSGIEnvironment") -> str | None:
        """The same for a request that no Flask app has seen: only the reason."""
        from werkzeug import Request

        refusal = self.foreign(Request(environ))
        return None if refusal is None else refusal[1]

    def _unknown(self, request: "Request") -> tuple[int, str] | None:
        if self.token is not None:
            scheme, _, given = request.headers.get("Authorization", "").partition(" ")
            import hmac

            same = hmac.compare_digest(_bytes(given), _bytes(self.token))
            if scheme.lower() != "bearer" or not same:
                return 401, "Authorization: Bearer <control token> is missing or wrong"
        elif not is_loopback(request.remote_addr or ""):
            return 403, "without a control token, only callers on this machine are answered"
        return None

    def _is_ours(self, host: str) -> bool:
        parts = _HOST.fullmatch(host.lower())
        name = parts["name"] or parts["address"] if parts else ""
        return name == "localhost" or name in self.hosts or _address(name) is not None


def is_loopback(host: str) -> bool:
    """Whether *host* (a name or an address) can be reached from this machine only."""
    if host in ("localhost", "127.0.0.1"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _address(host: str) -> "IPv4Address | IPv6Address | None":
    import ipaddress  # 1 ms that only other hosts should cost

    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
