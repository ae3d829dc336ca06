"""Target: which server is asked, for which graph, by whom, and within which bounds."""

import math
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from gesmock.model.errors import InvalidInput
from gesmock.model.names import is_graph_name, is_project_id
from gesmock.remote.sign_in import AK, NOT_SIGNED_IN, TOKEN, UNSENDABLE, SignIn

_AUTHORITY: Final = re.compile(r"(?:[^/?#]*//)?[^/?#]*")
_PLACE: Final = re.compile(r"(?P<prefix>.*?)/ges/v1\.0/(?P<project>[^/]+)/graphs/(?P<graph>[^/]+)")

_FORM: Final = "http://10.0.0.7:80/ges/v1.0/PROJECT/graphs/GRAPH"
_LONGEST_S: Final = 86_400
_SLOWEST: Final = 0.001


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
    sign_in: SignIn = NOT_SIGNED_IN
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
        sign_in: SignIn = NOT_SIGNED_IN,
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
    if not named or UNSENDABLE.search(parts.path):
        raise InvalidInput.at("--target", f"{bare!r} is not like http://10.0.0.7:80")
    for what, mark in (("query", "?"), ("fragment", "#")):
        if mark in url:
            raise InvalidInput.at("--target", f"{bare!r} has a {what}; right is {_FORM}")
    return parts
