"""Target: which server is held against the contract, which graph, and who asks."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from gesmock.errors import InvalidInput
from gesmock.names import is_graph_name, is_project_id

TOKEN: Final = "GESMOCK_TARGET_TOKEN"  # noqa: S105 a variable's name
AK: Final = "HUAWEICLOUD_SDK_AK"
SK: Final = "HUAWEICLOUD_SDK_SK"
SECURITY_TOKEN: Final = "HUAWEICLOUD_SDK_SECURITY_TOKEN"  # noqa: S105 a variable's name

_UNSENDABLE: Final = re.compile(r"[^!-~]")
"""Of visible ASCII only, a value can stand in a header as it is, at its ends too."""

_AUTHORITY: Final = re.compile(r"(?:[^/?#]*//)?[^/?#]*")
_PLACE: Final = re.compile(r"(?P<prefix>.*?)/ges/v1\.0/(?P<project>[^/]+)/graphs/(?P<graph>[^/]+)")


_FORM: Final = "http://10.0.0.7:80/ges/v1.0/PROJECT/graphs/GRAPH"
_LONGEST_S: Final = 86_400
_SLOWEST: Final = 0.001


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who asks: by a *token*, or by the key pair *ak* and *sk*; by neither, nobody in particular.

    A temporary key pair has a *security_token* too. Raises InvalidInput, which does not show it,
    where one of them could not be sent.
    """

    token: str = field(default="", repr=False)
    ak: str = ""
    sk: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        named = ((TOKEN, self.token), (AK, self.ak), (SK, self.sk))
        for name, value in (*named, (SECURITY_TOKEN, self.security_token)):
            found = _UNSENDABLE.search(value)
            if found is not None:
                place = f"character {found.start() + 1} of {len(value)}"
                raise InvalidInput.at(
                    name, f"{place} is a space, a line break, or no visible ASCII"
                )

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "SignIn":
        """Who the *environment* says asks; a token wins. Raises InvalidInput."""
        token = environment.get(TOKEN, "")
        if token:
            return cls(token)
        ak, sk = environment.get(AK, ""), environment.get(SK, "")
        if bool(ak) != bool(sk):
            raise InvalidInput.at(SK if ak else AK, f"is wanted beside {AK if ak else SK}")
        return cls("", ak, sk, environment.get(SECURITY_TOKEN, ""))

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody is to be shown."""
        return tuple(filter(None, (self.token, self.ak, self.sk, self.security_token)))

    @property
    def how(self) -> str:
        """How it is done, in a word."""
        return "token" if self.token else "AK/SK" if self.ak else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The graph *graph* of *project_id*, on the server at *url* (scheme, host, port, prefix).

    An answer may take *timeout_s* seconds as a whole; *per_second* requests are sent at most in a
    second, as many as can be where it is 0. *cafile* holds the certificates that HTTPS trusts;
    with *insecure* it trusts any.
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
        cls,
        url: str,
        project_id: str | None = None,
        graph: str | None = None,
        *,
        sign_in: SignIn = SignIn(),
        timeout_s: float = 30.0,
        per_second: float = 0.0,
        cafile: str | None = None,
        insecure: bool = False,
    ) -> "Target":
        """The target at *url*, which may be that of a graph or of its list, and then names it.

        Raises InvalidInput where it is none, or where project or graph are missing.
        """
        parts = _split(url)
        place = _PLACE.match(parts.path)
        prefix = place["prefix"] if place else parts.path.rstrip("/")
        if "/ges/v1.0" in prefix:
            raise InvalidInput.at("--target", f"{url!r} names no graph; right is {_FORM}")
        project_id = project_id or (unquote(place["project"]) if place else "")
        graph = graph or (unquote(place["graph"]) if place else "")
        if not (project_id and graph):
            name = "--graph" if project_id else "--project-id"
            raise InvalidInput.at(name, f"is wanted where the URL is not like {_FORM}")
        if not is_project_id(project_id):
            raise InvalidInput.at(
                "--project-id", f"{project_id!r} is not 1 to 64 letters or digits"
            )
        if not is_graph_name(graph):
            raise InvalidInput.at("--graph", f"{graph!r} is not the name of a graph")
        if not 0.01 <= timeout_s <= _LONGEST_S:
            raise InvalidInput.at("--timeout-s", f"{timeout_s:g} is not 0.01 to {_LONGEST_S}")
        if not (per_second == 0 or (per_second >= _SLOWEST and math.isfinite(per_second))):
            raise InvalidInput.at(
                "--per-second", f"{per_second:g} is neither {_SLOWEST} or more, nor 0 for no limit"
            )
        return cls(
            url=f"{parts.scheme}://{parts.netloc}{prefix}",
            project_id=project_id,
            graph=graph,
            sign_in=sign_in,
            timeout_s=timeout_s,
            per_second=per_second,
            cafile=cafile,
            insecure=insecure,
        )

    @property
    def parts(self) -> SplitResult:
        """The parts of the URL."""
        return urlsplit(self.url)

    @property
    def authority(self) -> str:
        """Host and port as a client names them in ``Host``: without the usual port."""
        parts = self.parts
        host = (parts.hostname or "").encode("idna").decode()
        usual = 80 if parts.scheme == "http" else 443
        port = "" if parts.port in (None, usual) else f":{parts.port}"
        return f"{f'[{host}]' if ':' in host else host}{port}"

    @property
    def prefix(self) -> str:
        """What stands before the service's paths."""
        return self.parts.path

    def path(self, rest: str = "", *, project_id: str = "", graph: str = "") -> str:
        """The path of *rest* below the graph, or below another one."""
        project = quote(project_id or self.project_id, safe="")
        name = quote(graph or self.graph, safe="")
        return f"/ges/v1.0/{project}/graphs/{name}{rest}"


def _split(url: str) -> SplitResult:
    authority = _AUTHORITY.match(url)
    if authority is not None and "@" in authority[0]:  # with a password, which is not to be shown
        raise InvalidInput.at(
            "--target",
            f"has a user before its host, whom the service does not know; see {TOKEN} and {AK}",
        )
    bare = re.sub(r"[?#].*", "", url, flags=re.DOTALL)  # a query may hold a secret
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise InvalidInput.at("--target", f"{bare!r}: {error}") from None
    named = parts.scheme in ("http", "https") and parts.hostname and port != 0
    if not named or _UNSENDABLE.search(parts.path):
        raise InvalidInput.at("--target", f"{bare!r} is not like http://10.0.0.7:80")
    for what, mark in (("query", "?"), ("fragment", "#")):
        if mark in url:
            raise InvalidInput.at("--target", f"{bare!r} has a {what}; right is {_FORM}")
    return parts
