"""Redaction: what is kept of an exchange with another server has no secrets in it.

They are known by the name of what holds them, or because somebody signs in with them: those may
come back in any place.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from gesmock.journal.entries import SECRET_HEADERS
from gesmock.model.messages import Request
from gesmock.model.secrets import MASK, Secrets, is_secret

_PARTS: Final = re.compile(r"(?:Access|Signature|Credential)=([^\s,;]+)|^\w+ ([^\s,;=]+=*)$")
"""What is secret in an ``Authorization``: of a signature, or behind a scheme."""

_COOKIE: Final = re.compile(r"=\s*\"?([^\s,;\"]+)")
_SHORTEST: Final = 6  # what is shorter may be any word


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

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = Secrets(one for one in secrets if len(one) >= _SHORTEST)

    def text(self, text: str) -> str:
        """*text* without them, nor what it calls a secret."""
        return self._secrets.redact(text)

    def named(self, values: Mapping[str, str]) -> dict[str, str]:
        """*values* without them, nor those whose name says that they are secret."""
        return {
            self.text(name): MASK if is_secret(name) else self.text(value)
            for name, value in values.items()
        }

    def request(self, request: Request) -> Request:
        """*request*, whose body is what is kept of it, without them."""
        body = request.body
        if body and isinstance(body, bytes):
            body = msgspec.json.encode(self._secrets.redact_value(msgspec.json.decode(body)))
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
