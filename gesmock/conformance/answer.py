"""Answer: what a server has answered, as it was; and how that is shown: in a line, without secrets.

What a server sends may hold anything: what ends a line, moves a terminal's cursor, or repeats the
token that it was asked with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from gesmock.model import validation
from gesmock.model.errors import InvalidInput
from gesmock.model.secrets import Secrets

MOST_SHOWN: Final = 200  # characters of a body
_SEARCHED: Final = 100_000  # bytes of a body that may be shown

NO_JSON: Final = object()
"""Stands for a body that is no JSON."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to *request* (method, path and query, as it was sent).

    Header names are lower case. *value* is the body as JSON, ``NO_JSON`` where it is none. The
    *secrets* are not shown.
    """

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    value: Any = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        secrets = Secrets(self.secrets)
        text = secrets.hidden(self.body[:_SEARCHED].decode(errors="replace"))
        shown = text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "..."
        location = secrets.hidden(self.headers.get("location", ""))[:MOST_SHOWN]
        to = f", to {location!r}," if location else ""
        return f"{self.request} was answered {self.status}{to} {shown!r}"

    @property
    def kind(self) -> str:
        """The media type, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def why_no_json(self) -> str:
        """Where the body breaks, of one that is no JSON; nothing of another one."""
        try:
            validation.parse(self.body)
        except InvalidInput as error:
            return str(error)
        return ""


def json_of(body: bytes) -> Any:
    """The value of *body*, or NO_JSON: JSON is UTF-8 (RFC 8259, 8.1), and has no NaN."""
    try:
        return msgspec.json.decode(body)
    except validation.REFUSED:
        return NO_JSON
