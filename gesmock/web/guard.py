"""Which paths are the control API's, and who may call it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta

from gesmock.model import validation

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug import Request

CONTROL: Final = "/_gesmock"
LARGEST_CONTROL_BODY: Final = 256 * 2**20  # bytes; a state of 100,000 jobs has about 57 MB

HostName = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9_.-]+(?![\s\S])", description="a host name such as fake.test"),
]
_HOST: Final = re.compile(r"(?:\[(?P<address>[^\[\]]*)\]|(?P<name>[^:@\[\]]+?))\.?(?::[0-9]*)?")


def requested_path(environ: "WSGIEnvironment") -> str:
    """The path as it was sent, but decoded: Flask's own lacks leading slashes."""
    path: str = environ.get("PATH_INFO", "")
    return path.encode("latin-1").decode(errors="replace") or "/"


def is_control(path: str) -> bool:
    return path == CONTROL or path.startswith(f"{CONTROL}/")


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may call the control API.

    With a *token*, callers must send ``Authorization: Bearer <token>``; without one, only callers
    on this machine are answered. Either way, requests from another site's page are refused, and so
    are those whose ``Host`` is none of *hosts*, ``localhost``, or an IP address: an attacker may
    have bound any other name to our address (DNS rebinding).
    """

    token: str | None = field(default=None, repr=False)
    hosts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, host: str, allow_hosts: Iterable[str], token: str | None) -> "Guard":
        """The guard of a server on *host*; generates a token if that is no loopback address.

        Raises InvalidInput for what is no host name.
        """
        names = validation.read([*allow_hosts], list[HostName], "allow_hosts")
        if not token and not is_loopback(host):
            import secrets  # 2 ms that most runs need not wait for

            token = secrets.token_urlsafe(16)
        return cls(token or None, frozenset(name.lower() for name in (host, *names)))

    def refusal(self, request: "Request") -> tuple[int, str] | None:
        """The HTTP status and reason with which to refuse *request*; None: let it pass."""
        if reason := self._foreign(request):
            return 403, reason
        if self.token is None:
            if is_loopback(request.remote_addr or ""):
                return None
            return 403, "without a control token, only callers on this machine are answered"
        import hmac

        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        both = (text.encode(errors="surrogatepass") for text in (token, self.token))
        if hmac.compare_digest(*both) and scheme.lower() == "bearer":
            return None
        return 401, "Authorization: Bearer <control token> is missing or wrong"

    def _foreign(self, request: "Request") -> str | None:
        site = request.headers.get("Sec-Fetch-Site", "none")
        if site not in ("same-origin", "none"):
            return f"Sec-Fetch-Site: {site}: pages of other sites are refused"
        host = request.headers.get("Host", "")
        parts = _HOST.fullmatch(request.host.lower()) if host else None
        name = parts["name"] or parts["address"] if parts else ""
        if not (name == "localhost" or name in self.hosts or _address(name)):
            return f"Host: {host!r} is not a known name of this server (see --allow-host)"
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() != request.host_url.rstrip("/").lower():
            return f"Origin: {origin!r}: pages of other sites are refused"
        return None

    def foreign_call(self, environ: "WSGIEnvironment") -> str | None:
        """Why a request outside Flask is refused, if it comes from another site's page."""
        from werkzeug import Request

        return self._foreign(Request(environ))


def is_loopback(host: str) -> bool:
    """Whether *host* (a name or an address) can be reached from this machine only."""
    if host in ("localhost", "127.0.0.1"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _address(host: str) -> "IPv4Address | IPv6Address | None":
    import ipaddress  # takes 1 ms to import, which the usual hosts need not pay

    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
