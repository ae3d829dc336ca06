"""The target: a server's URL, the graph, the credentials, and the limits on requests."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import SplitResult, unquote, urlsplit

from gesmock.fake import routes
from gesmock.model.errors import InvalidInput
from gesmock.model.types import is_graph_name, is_project_id

_AUTHORITY: Final = re.compile(r"(?:[^/?#]*//)?[^/?#]*")
_FORM: Final = f"http://10.0.0.7:80{routes.graph_path('PROJECT', 'GRAPH')}"
_LOWEST_RATE: Final = 0.001

UNSENDABLE: Final = re.compile(r"[^!-~]")
"""What a header may not carry unchanged: anything but visible ASCII."""

_VARIABLES: Final = {
    "token": "GESMOCK_TARGET_TOKEN",
    "ak": "HUAWEICLOUD_SDK_AK",
    "sk": "HUAWEICLOUD_SDK_SK",
    "security_token": "HUAWEICLOUD_SDK_SECURITY_TOKEN",
}
"""The environment variable of each credential."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Credentials: a *token*, a key pair *ak* and *sk*, or nothing for anonymous requests.

    A temporary key pair has a *security_token* too. Raises InvalidInput, without showing the
    value, if a header cannot carry it.
    """

    token: str = field(default="", repr=False)
    ak: str = ""
    sk: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for name, variable in _VARIABLES.items():
            value = getattr(self, name)
            if match := UNSENDABLE.search(value):
                position = f"character {match.start() + 1} of {len(value)}"
                why = f"{position} is a space, a line break, or not visible ASCII"
                raise InvalidInput.at(variable, why)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "SignIn":
        """The credentials in *environment*; a token takes precedence. Raises InvalidInput."""
        values = {name: environment.get(variable, "") for name, variable in _VARIABLES.items()}
        if values["token"]:
            return cls(values["token"])
        for name, other in (("ak", "sk"), ("sk", "ak")):
            if values[other] and not values[name]:
                raise InvalidInput.at(_VARIABLES[name], f"is required with {_VARIABLES[other]}")
        return cls(**values)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.token, self.ak, self.sk, self.security_token)))

    @property
    def scheme(self) -> Literal["token", "AK/SK", "none"]:
        return "token" if self.token else "AK/SK" if self.ak else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The graph *graph* of *project_id* on the server at *url* (scheme, host, port, path prefix).

    *timeout_s* covers an answer as a whole. At most *per_second* requests are sent in a second; 0
    means no limit. HTTPS trusts the certificates in *cafile*; with *insecure*, any.
    """

    url: str
    project_id: str
    graph: str
    sign_in: SignIn = SignIn()
    timeout_s: float = 30.0
    per_second: float = 0.0
    cafile: str | None = None
    insecure: bool = False

    @classmethod
    def of(
        cls, url: str, project_id: str | None = None, graph: str | None = None, **limits: Any
    ) -> "Target":
        """A target from a server's URL, or from the URL of a graph or its list.

        Names that are passed replace those in the URL. Raises InvalidInput.
        """
        parts = _split(url, "--target")
        named = routes.split(parts.path)
        prefix = named.before if named else parts.path.rstrip("/")
        if routes.ROOT in prefix:
            raise InvalidInput.at("--target", f"{url!r} names no graph; expected {_FORM}")
        if named:
            project_id = project_id or unquote(named.project_id)
            graph = graph or unquote(named.graph_name)
        if not (project_id and graph):
            name = "--graph" if project_id else "--project-id"
            raise InvalidInput.at(name, f"is required unless the URL is like {_FORM}")
        if not is_project_id(project_id):
            why = f"{project_id!r} is not 1 to 64 letters or digits"
            raise InvalidInput.at("--project-id", why)
        if not is_graph_name(graph):
            raise InvalidInput.at("--graph", f"expected a graph name, got {graph!r}")
        server = f"{parts.scheme}://{parts.netloc}{prefix}"
        return _checked(cls(url=server, project_id=project_id, graph=graph, **limits))

    @classmethod
    def of_server(cls, url: str, **limits: Any) -> "Target":
        """The server at *url*, or that of the graph at *url*, for calls that name no graph.

        Raises InvalidInput.
        """
        parts = _split(url, "URL")
        prefix = parts.path.partition(routes.ROOT)[0].rstrip("/")
        server = f"{parts.scheme}://{parts.netloc}{prefix}"
        return _checked(cls(url=server, project_id="", graph="", **limits))

    @property
    def parts(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def authority(self) -> str:
        """The value of ``Host``: without the scheme's default port."""
        parts = self.parts
        host = (parts.hostname or "").encode("idna").decode()
        default = 80 if parts.scheme == "http" else 443
        port = "" if parts.port in (None, default) else f":{parts.port}"
        return f"{f'[{host}]' if ':' in host else host}{port}"

    @property
    def prefix(self) -> str:
        """What precedes the service's paths."""
        return self.parts.path

    def path(self, below: str = "", *, project_id: str = "", graph: str = "") -> str:
        """The path of *below* in the graph, or in another one."""
        return routes.graph_path(project_id or self.project_id, graph or self.graph) + below


def _checked(target: Target) -> Target:
    """*target* itself. Raises InvalidInput if its timeout or its rate is out of range."""
    if not 0.01 <= target.timeout_s <= 86_400:
        raise InvalidInput.at("--timeout-s", f"expected 0.01 to 86400, got {target.timeout_s:g}")
    rate = target.per_second
    if rate != 0 and not _LOWEST_RATE <= rate < math.inf:
        why = f"expected 0, or {_LOWEST_RATE} or more, got {rate:g}"
        raise InvalidInput.at("--per-second", why)
    return target


def _split(url: str, option: str) -> SplitResult:
    authority = _AUTHORITY.match(url)
    if authority is not None and "@" in authority[0]:  # may have a password: not to be shown
        why = (
            "names a user, which the service does not use; "
            "see GESMOCK_TARGET_TOKEN and HUAWEICLOUD_SDK_AK"
        )
        raise InvalidInput.at(option, why)
    bare = re.sub(r"[?#].*", "", url, flags=re.DOTALL)  # a query may hold a secret
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise InvalidInput.at(option, f"{bare!r}: {error}") from None
    complete = parts.scheme in ("http", "https") and parts.hostname and port != 0
    if not complete or UNSENDABLE.search(parts.path):
        raise InvalidInput.at(option, f"{bare!r} is not a URL such as http://10.0.0.7:80")
    for part, mark in (("query", "?"), ("fragment", "#")):
        if mark in url:
            raise InvalidInput.at(option, f"{bare!r} has a {part}; expected {_FORM}")
    return parts
