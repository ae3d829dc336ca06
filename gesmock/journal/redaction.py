"""Redaction: takes the secrets out of an exchange with another server before it is recorded.

Secrets are recognised by the name of what holds them. Those that a client signs in with may come
back anywhere, and are taken out there too.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from gesmock.model.messages import Request
from gesmock.model.secrets import Secrets, is_secret

_PARTS: Final = re.compile(r"(?:Access|Signature|Credential)=([^\s,;]+)|^\w+ ([^\s,;=]+=*)$")
"""The secrets in an ``Authorization``: parts of a signature, or the text after a scheme."""

_COOKIE: Final = re.compile(r"=\s*\"?([^\s,;\"]+)")
_SHORTEST: Final = 6  # anything shorter may be an ordinary word


def secrets_of(headers: Mapping[str, str]) -> set[str]:
    """The secrets in *headers*, whose names are in lower case."""
    secrets: set[str] = set()
    for name, value in headers.items():
        if is_secret(name):
            secrets.add(value)
            for match in (_COOKIE if "cookie" in name else _PARTS).finditer(value):
                secrets.update(filter(None, match.groups()))
    return secrets


class Redaction:
    """Takes *secrets* out, wherever they are."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = frozenset(secret for secret in secrets if len(secret) >= _SHORTEST)
        self._secrets = Secrets(self.secrets)

    def text(self, text: str) -> str:
        return self._secrets.redact(text)

    def named(self, values: Mapping[str, str]) -> dict[str, str]:
        redacted: dict[str, str] = self._secrets.redact_value(dict(values))
        return redacted

    def request(self, request: Request) -> Request:
        """*request* without secrets; its body is shortened already."""
        body = request.body
        if body and isinstance(body, bytes):
            body = msgspec.json.encode(self._secrets.redact_value(msgspec.json.decode(body)))
        return msgspec.structs.replace(
            request,
            path=self.text(request.path),
            args={name: self.text(value) for name, value in request.args.items()},
            query=self.named(request.query),
            headers={
                # Entries mask secrets themselves, and need them to tell clients apart.
                self.text(name): value if is_secret(name) else self.text(value)
                for name, value in request.headers.items()
            },
            body=body,
        )
