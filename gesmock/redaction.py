"""Redaction: what is kept of an exchange with another server has no secrets in it.

They are known by the name of what holds them, or because somebody signs in with them: those may
come back in any place.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec

from gesmock.entries import MASK, SECRET_HEADERS
from gesmock.exchange import Request

_SECRET: Final = re.compile(
    r"token|secret|passw|credential|signature|authorization|cookie|api[-_]?key|^[as]k$",
    re.IGNORECASE,
)
"""Names of headers, parameters and fields that hold secrets."""

_IN_BODY: Final = re.compile(
    r'("[^"]*(?:token|secret|passw|credential|signature|api[-_]?key)[^"]*":)"(?:[^"\\]|\\.)*"',
    re.IGNORECASE,
)
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_PARTS: Final = re.compile(r"(?:Access|Signature|Credential)=([^\s,;]+)|^\w+ ([^\s,;=]+=*)$")
"""What is secret in an ``Authorization``: of a signature, or behind a scheme."""

_COOKIE: Final = re.compile(r"=\s*\"?([^\s,;\"]+)")
_SHORTEST: Final = 6  # what is shorter may be any word


def is_secret(name: str) -> bool:
    """Whether what is called *name* holds a secret."""
    return _SECRET.search(name) is not None


def secrets_of(headers: Mapping[str, str]) -> set[str]:
    """The secrets in *headers*, whose names are in lower case."""
    found: set[str] = set()
    for name, value in headers.items():
        if is_secret(name):
            found.add(value)
            pattern = _COOKIE if "cookie" in name else _PARTS
            found |= {part for parts in pattern.findall(value) for part in _several(parts)}
    return found


def _several(parts: str | tuple[str, ...]) -> Iterable[str]:
    return (parts,) if isinstance(parts, str) else filter(None, parts)


class Redaction:
    """Takes *secrets* out, wherever they stand."""

    def __init__(self, secrets: Collection[str]) -> None:
        known = sorted({one for one in secrets if len(one) >= _SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, text: str) -> str:
        """*text* without them."""
        return text if self._known is None else self._known.sub(MASK, text)

    def named(self, values: Mapping[str, str]) -> dict[str, str]:
        """*values* without them, nor those whose name says that they are secret."""
        return {
            self.text(name): MASK if is_secret(name) else self.text(value)
            for name, value in values.items()
        }

    def request(self, request: Request) -> Request:
        """*request*, whose body is what is kept of it, without them."""
        body = request.body
        if isinstance(body, bytes):
            masked = _IN_BODY.sub(rf'\1"{MASK}"', body.decode())
            body = _STRING.sub(lambda found: self.text(found[0]), masked).encode()
        return msgspec.structs.replace(
            request,
            path=self.text(request.path),
            args={name: self.text(value) for name, value in request.args.items()},
            query=self.named(request.query),
            headers={
                **self.named(request.headers),
                # An entry masks these itself; whose they are may have to be told apart before.
                **{name: request.headers[name] for name in SECRET_HEADERS & request.headers.keys()},
            },
            body=body,
        )
