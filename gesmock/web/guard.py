"""Which paths are the control API's, and who may call it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta

from gesmock.model import validation
from gesmock.model.errors import shortened

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug import Request

CONTROL: Final = "/_gesmock"
DEMO: Final = "/demo"  # not guarded: it holds nothing secret, and calls only the service
LARGEST_CONTROL_BODY: Final = 32 * 2**20  # bytes, by default

HostName = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9_.-]+(?![\s\S])", description="a host name such as fake.test"),
]
_PORT: Final = "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5]?[0-9]{1,4})"
_ORIGIN: Final = rf"[A-Za-z][A-Za-z0-9+.-]*://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:{_PORT})?"
Origin = Annotated[
    str,
    Meta(
        pattern=rf"^{_ORIGIN}(?![\s\S])",
        description="an origin such as http://127.0.0.1:5173, without a path",
    ),
]
_OPEN: Final = re.compile(rf"{CONTROL}/((projects/[^/]+/)?health|(panel/[^/]*)?)")
"""The paths that need no token: the health, and the files of the panel."""

_FORWARDED: Final = re.compile("forwarded|x-forwarded-.*|x-real-ip|via", re.IGNORECASE)
"""Headers that only a forwarder adds."""

_OTHER_PAGES: Final = "pages of other sites are refused"
_OTHER_SITE: Final = (
    f"{_OTHER_PAGES}; call it from outside a browser, or through your page's own "
    "server without this header"
)
_HOST: Final = re.compile(r"(?:\[(?P<address>[^\[\]]*)\]|(?P<name>[^:@\[\]]+?))\.?(?::[0-9]*)?")

_VARY: Final = (("Vary", "Origin"),)
PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "DELETE, GET, HEAD, PATCH, POST, PUT",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
    "Access-Control-Max-Age": "7200",
}
"""The headers of an answer to a preflight, besides those of ``Guard.cors``."""


def requested_path(environ: "WSGIEnvironment") -> str:
    """The path as it was sent, but decoded: Flask's own lacks leading slashes."""
    path: str = environ.get("PATH_INFO", "")
    return path.encode("latin-1").decode(errors="replace") or "/"


def is_control(path: str) -> bool:
    return path == CONTROL or path.startswith(f"{CONTROL}/")


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may call the control API, with bodies of up to *largest_body* bytes.

    With a *token*, callers must send ``Authorization: Bearer <token>``; without one, only callers
    on this machine are answered, and no forwarder, behind which anybody may be. Either way,
    requests from another site's page are refused, and so are those whose ``Host`` is not one of
    *hosts*, ``localhost``, or an IP address: an attacker may have bound any other name to our
    address (DNS rebinding). The health and the panel's files are for everybody, and pages may
    link to them. Pages of *origins*, in lower case, may call as if they were outside a browser;
    None if there is no option to name any.
    """

    token: str | None = field(default=None, repr=False)
    hosts: frozenset[str] = frozenset()
    largest_body: int = LARGEST_CONTROL_BODY
    origins: frozenset[str] | None = None

    @classmethod
    def of(
        cls,
        host: str,
        allow_hosts: Iterable[str],
        token: str | None,
        largest_body: int = LARGEST_CONTROL_BODY,
        origins: Iterable[str] | None = None,
    ) -> "Guard":
        """The guard of a server on *host*; generates a token if that is not a loopback address.

        Raises InvalidInput for a wrong host name or origin.
        """
        names = validation.read([*allow_hosts], list[HostName], "allow_hosts")
        if not token and not is_loopback(host):
            import secrets  # 2 ms that most runs need not wait for

            token = secrets.token_urlsafe(16)
        hosts = frozenset(name.lower() for name in (host, *names))
        if origins is not None:
            origins = validation.read([*origins], list[Origin], "control_origins")
            origins = frozenset(map(_without_default_port, origins))
        return cls(token or None, hosts, largest_body, origins)

    def refusal(self, request: "Request") -> tuple[int, str] | None:
        """The HTTP status and reason with which to refuse *request*; None to let it pass."""
        is_open = _is_open(request)
        if reason := self._foreign(request, may_be_linked=is_open):
            return 403, reason
        if is_open or (self.origins and self.is_preflight(request)):
            return None
        if self.token is None:
            return self._refusal_without_token(request)
        import hmac

        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        both = (text.encode(errors="surrogatepass") for text in (token, self.token))
        if hmac.compare_digest(*both) and scheme.lower() == "bearer":
            return None
        return 401, "Authorization: Bearer <control token> is missing or wrong"

    def _refusal_without_token(self, request: "Request") -> tuple[int, str] | None:
        remedy = "set one (--control-token) and send it as Authorization: Bearer <control token>"
        forwarded = next(filter(_FORWARDED.fullmatch, request.headers.keys()), None)
        if forwarded:
            return 403, (
                f"{shortened(forwarded)}: this came through a forwarder, behind which anybody may "
                f"be, and there is no control token: {remedy}"
            )
        if not is_loopback(request.remote_addr or ""):
            return 403, (
                "without a control token, only callers on this machine are answered: " + remedy
            )
        return None

    def _foreign(self, request: "Request", *, may_be_linked: bool = False) -> str | None:
        headers = request.headers
        origin = headers.get("Origin")
        is_permitted = self.origins and self.permits(origin)
        site = headers.get("Sec-Fetch-Site", "none")
        is_link = may_be_linked and headers.get("Sec-Fetch-Mode") == "navigate"
        if site not in ("same-origin", "none") and not (is_link or is_permitted):
            if origin is not None:
                return self._other_origin(origin)
            return f"Sec-Fetch-Site: {shortened(site)}: {_OTHER_SITE}"
        host = headers.get("Host", "")
        parts = _HOST.fullmatch(request.host.lower()) if host else None
        name = parts["name"] or parts["address"] if parts else ""
        if not (name == "localhost" or name in self.hosts or _address(name)):
            name = shortened(name)
            remedy = f"--allow-host {name} permits it" if name else "call it by its address"
            return f"Host: {shortened(host)!r} is not a known name of this server; {remedy}"
        if origin is None or is_permitted or origin.lower() == request.host_url.rstrip("/").lower():
            return None
        return self._other_origin(origin)

    def _other_origin(self, origin: str) -> str:
        name = shortened(origin)
        if self.origins is None or re.fullmatch(_ORIGIN, origin) is None:
            return f"Origin: {name!r}: {_OTHER_SITE}"
        return f"Origin: {name!r}: {_OTHER_PAGES}; --control-origin {name} permits it"

    # --- Pages of other origins that may call (CORS) ---

    def permits(self, origin: str | None) -> bool:
        """Whether pages of *origin* may call the control API."""
        return origin is not None and origin.lower() in (self.origins or ())

    def is_preflight(self, request: "Request") -> bool:
        """Whether this is the preflight of a page that may call; a preflight has no token."""
        return request.method == "OPTIONS" and self.permits(request.headers.get("Origin"))

    def cors(self, origin: str | None) -> Sequence[tuple[str, str]]:
        """The headers of every answer to a page of *origin*."""
        if not self.permits(origin):
            return _VARY if self.origins else ()
        return ("Access-Control-Allow-Origin", origin or ""), *_VARY

    def foreign_call(self, environ: "WSGIEnvironment") -> str | None:
        """Why a request outside Flask is refused, if it comes from another site's page."""
        from werkzeug import Request

        return self._foreign(Request(environ))


def _without_default_port(origin: str) -> str:
    """*origin* as browsers write it."""
    scheme, _, host = origin.lower().partition("://")
    return f"{scheme}://{host.removesuffix({'http': ':80', 'https': ':443'}.get(scheme, ':'))}"


def _is_open(request: "Request") -> bool:
    path = requested_path(request.environ)
    return request.method in ("GET", "HEAD") and _OPEN.fullmatch(path) is not None


def is_loopback(host: str) -> bool:
    """Whether *host* (a name or an address) can be reached from this machine only."""
    if host in ("localhost", "127.0.0.1"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def reachable(host: str) -> str:
    """The address at which this machine reaches a server that listens on *host*."""
    if host in ("", "0.0.0.0"):  # noqa: S104 asks, and binds nothing
        return "127.0.0.1"
    return "::1" if host == "::" else host


def local_url(host: str, port: int | str, *, secure: bool) -> str:
    """The URL at which this machine reaches a server that listens on *host* and *port*."""
    host = reachable(host)
    return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def _address(host: str) -> "IPv4Address | IPv6Address | None":
    import ipaddress  # takes 1 ms to import, which the usual hosts need not pay

    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
