"""Liars: servers that say something else than the fake behind them, asked without a socket."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from gesmock import GesMock
from gesmock.conformance.probes import ProbedSession
from gesmock.remote.client import Client, ServerReply, json_value
from gesmock.remote.http import Unreachable
from gesmock.remote.session import Submission
from gesmock.remote.target import SignIn, Target

SUBMIT = Submission.of("vertex_query", None, 60)

SOME: dict[str, Any] = {"generate": 30, "seed": 3, "clock": {"frozen": True, "now": 1767225600}}


@dataclass
class Asked:
    """A request, which a liar may change."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    turn: int

    @property
    def listed(self) -> bool:
        return self.method == "GET" and self.path.endswith("/jobs/status")


@dataclass
class Said:
    """An answer, which a liar may change. *raw* is sent in the place of the value."""

    status: int
    value: Any
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


class HangsUp(Exception):
    """Raised by a lie that is no answer."""


@dataclass
class Lie:
    """Which check catches it, as the first one; what it makes of a request and of an answer."""

    check: str
    of_answer: Callable[[Asked, Said], Said | None] = lambda asked, said: None
    of_request: Callable[[Asked], object] = lambda asked: None
    options: Mapping[str, Any] = field(default_factory=dict)
    first: bool = True


TRUTH = Lie("none")


def jobs(change: Callable[[dict[str, Any]], object]) -> Callable[[Asked, Said], None]:
    """A lie about each listed job."""

    def lie(asked: Asked, said: Said) -> None:
        if asked.listed and said.status == 200:
            for job in said.value["jobs"]:
                change(job)

    return lie


def shown(change: Callable[[dict[str, Any], int], object]) -> Callable[[Asked, Said], None]:
    """A lie about the status of a job."""

    def lie(asked: Asked, said: Said) -> None:
        if re.search(r"/jobs/[^/]+/status$", asked.path) and said.status == 200:
            change(said.value, asked.turn)

    return lie


def listed(change: Callable[[dict[str, Any], Asked], object]) -> Callable[[Asked, Said], None]:
    """A lie about the list."""

    def lie(asked: Asked, said: Said) -> None:
        if asked.listed and said.status == 200:
            change(said.value, asked)

    return lie


def where(
    holds: Callable[[Asked], object], status: int, value: Any, **headers: str
) -> Callable[[Asked, Said], Said | None]:
    """Another answer altogether."""
    return lambda asked, said: Said(status, value, headers) if holds(asked) else None


def asks(change: Callable[[dict[str, str]], object]) -> Callable[[Asked], object]:
    """A misunderstood query of the list."""

    return lambda asked: asked.listed and change(asked.query)


def refused(change: Callable[[Said], object]) -> Callable[[Asked, Said], None]:
    """A lie about each refusal."""

    def lie(asked: Asked, said: Said) -> None:
        if said.status >= 400:
            change(said)

    return lie


def number(text: str | None) -> int:
    """What a limit or offset may be meant to be."""
    return int(text) if text and text.isdecimal() else 0


def both(*lies: Callable[[Asked, Said], Said | None]) -> Callable[[Asked, Said], Said | None]:
    """Several lies in one."""

    def lie(asked: Asked, said: Said) -> Said | None:
        for one in lies:
            said = one(asked, said) or said
        return said

    return lie


class Liar(Client):
    """A client of an *app* that lies, which it calls as a server would."""

    def __init__(self, target: Target, app: Any, lie: Lie) -> None:
        self.slept: list[float] = []
        super().__init__(target, self.slept.append)
        self._app, self._lie = app, lie
        self.turn = 0
        self.lied = False

    def send(
        self, method: str, url: str, content: bytes, headers: Sequence[tuple[str, str]]
    ) -> ServerReply:
        said = self._said(method, url, content, headers)
        body = b"" if method == "HEAD" else _body(said)
        named = {"content-type": "application/json"}
        named |= {name.lower(): value for name, value in said.headers.items()}
        return ServerReply(
            f"{method} {url}", said.status, named, body, json_value(body), self.secrets
        )

    def trailer_of_head(self, rest: str, query: str) -> bytes:
        return self._said("HEAD", f"{self.target.path(rest)}?{query}", b"", ()).raw or b""

    def _said(
        self, method: str, url: str, content: bytes, headers: Sequence[tuple[str, str]]
    ) -> Said:
        self.turn += 1
        path, _, query = url.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": unquote(path, "latin-1"),
            "RAW_URI": url,
            "SERVER_NAME": "h",
            "SERVER_PORT": "80",
            "CONTENT_LENGTH": str(len(content)),
            "CONTENT_TYPE": "application/json",
            "wsgi.input": BytesIO(content),
            "wsgi.url_scheme": "http",
            **{f"HTTP_{name.upper().replace('-', '_')}": one for name, one in headers},
        }
        query_of = dict(parse_qsl(query, keep_blank_values=True))
        asked = Asked(method, environ["PATH_INFO"], query_of, environ, self.turn)
        meant = repr(asked)
        self._lie.of_request(asked)
        self.lied = self.lied or repr(asked) != meant
        environ["QUERY_STRING"] = urlencode(query_of)
        kept: list[Any] = []
        told = b"".join(self._app(environ, lambda status, named, *_: kept.extend((status, named))))
        said = Said(int(kept[0].split()[0]), json.loads(told or b"{}"), dict(kept[1]))
        honest = repr(said)
        try:
            said = self._lie.of_answer(asked, said) or said
        except HangsUp:
            raise Unreachable("http://h", "connection_terminated", "it hung up") from None
        self.lied = self.lied or repr(said) != honest
        return said


def _body(said: Said) -> bytes:
    return json.dumps(said.value).encode() if said.raw is None else said.raw


def lying(ges: GesMock, lie: Lie = TRUTH, *, submit: bool = True, **options: Any) -> ProbedSession:
    """A session against what a liar makes of *ges*, which begins with these options."""
    begins = {**SOME, **lie.options, **options}
    ges.restart(**begins)
    token = (begins.get("tokens") or [""])[0]
    client = Liar(Target.of(ges.jobs_url(), sign_in=SignIn(token)), ges.app, lie)
    return ProbedSession(client, submit=SUBMIT if submit else None, sleep=ges.clock.advance)
