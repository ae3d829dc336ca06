"""Secrets: what is one, by its name or because its value is known, and how it is masked.

In parsed values, and in texts: as they stand, and with one layer of JSON or URL escapes taken off.
Also here: how a text of somebody else's is shown in one line.
"""

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

MASK: Final = "***"

_STORAGE_KEY: Final = re.compile("obsparameters|accesskey|secretkey|securitytoken")
_SECRET: Final = re.compile(
    f"{_STORAGE_KEY.pattern}|token|secret|passw|passphrase|pwd|credential|signature|authorization|"
    "cookie|apikey|privatekey|xauth"
)
_SHORT_NAMES: Final = ("ak", "sk")
_NO_LETTER: Final = re.compile(r"[\W_]")

_SHORTEST: Final = 4
"""Shorter secrets are not looked for: every word would have them."""

_SHORTEST_NUMBER: Final = 6
"""The same for numbers, which only their names make secret."""


def one_line(text: str) -> str:
    """*text* in one line that a terminal shows and does not obey."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def compact(value: Any) -> str:
    """*value* as the service writes JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# --- By name --------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def is_storage_key(name: str) -> bool:
    """Whether a value called *name*, in any spelling, is a storage key or holds one."""
    letters = _letters(name)
    return letters in _SHORT_NAMES or _STORAGE_KEY.search(letters) is not None


@lru_cache(maxsize=256)
def is_secret(name: str) -> bool:
    """Whether a value called *name*, in any spelling, is a secret of any kind."""
    letters = _letters(name)
    return letters in _SHORT_NAMES or _SECRET.search(letters) is not None


def _letters(name: str) -> str:
    plain = name if name.isascii() else unicodedata.normalize("NFKC", name)
    return _NO_LETTER.sub("", plain).casefold()


def copied(value: Any, copy: Callable[[Any], Any]) -> Any:
    """*value*, with *copy* applied to each list and object in it that is not empty."""
    # Without recursion: a body may be nested deeper than Python's stack. Empty lists are not
    # copied: a body may have millions of them.
    whole = copy([value])
    unvisited: list[dict[str, Any] | list[Any]] = [whole]
    while unvisited:
        container: Any = unvisited.pop()
        items = container.items() if isinstance(container, dict) else enumerate(container)
        for key, item in items:
            if item and isinstance(item, (dict, list)):
                container[key] = copy(item)
                unvisited.append(container[key])
    return whole[0]


def masked_by_name(value: Any) -> Any:
    """*value* with everything masked that has the name of a secret."""
    return copied(value, _masked_by_name)


def _masked_by_name(container: Any) -> Any:
    if isinstance(container, list):
        return container.copy()
    return {name: MASK if is_secret(name) else item for name, item in container.items()}


def secrets_in(value: Any) -> Iterator[str]:
    """The texts and long numbers anywhere in *value* that have the name of a secret."""
    unvisited = [(value, False)]
    while unvisited:
        item, secret = unvisited.pop()
        if isinstance(item, dict):
            unvisited += [(value, secret or is_secret(name)) for name, value in item.items()]
        elif isinstance(item, list):
            unvisited += [(value, secret) for value in item]
        elif isinstance(item, str):
            if secret:
                yield item
            unvisited.append((_parsed(item), secret))
        elif secret and len(str(item)) >= _SHORTEST_NUMBER:
            yield str(item)


# --- By value -------------------------------------------------------------------------------------


class Secrets:
    """Masks the secrets whose *values* are known, and those that have the name of a secret."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values for form in _forms(value) if len(form) >= _SHORTEST}
        self._forms = sorted(forms)

    def mask(self, text: str) -> str:
        """*text* without the known values."""
        return _masked(text, self._known_in)

    def redact(self, text: str) -> str:
        """*text* without the known values and the named secrets; it may be JSON or any text."""
        value = _parsed(text)
        if value is None:
            return _masked(text, lambda plain: [*self._known_in(plain), *_named_in(plain)])
        redacted = self.redact_value(value)
        return text if redacted == value else compact(redacted)

    def redact_value(self, value: Any) -> Any:
        """The same for a parsed *value*."""
        return copied(value, self._copy)

    def _copy(self, container: Any) -> Any:
        if isinstance(container, list):
            return [self._leaf(item) for item in container]
        return {
            self.mask(name): MASK if is_secret(name) and not _is_empty(item) else self._leaf(item)
            for name, item in container.items()
        }

    def _leaf(self, item: Any) -> Any:
        return self.redact(item) if isinstance(item, str) else item

    def _known_in(self, text: str) -> Iterator[tuple[int, int]]:
        for form in self._forms:
            start = text.find(form)
            while start >= 0:
                yield start, start + len(form)
                start = text.find(form, start + len(form))


def _is_empty(value: Any) -> bool:
    return value is None or isinstance(value, bool) or value in ("", [], {})


def _parsed(text: str) -> Any:
    """The JSON that *text* is as a whole; None if it is none, or can be read in two ways."""
    if not text.lstrip().startswith(("{", "[", '"')):
        return None
    try:
        value = json.loads(text, object_pairs_hook=_without_duplicates)
        if "\\u" in text:
            compact(value).encode()  # fails for half a pair of surrogates
    except (ValueError, RecursionError):
        return None
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("duplicate key")
    return value


# --- In texts -------------------------------------------------------------------------------------

_HEX: Final = "[0-9a-fA-F]"
_ESCAPE: Final = re.compile(
    rf"(?P<pair>\\u[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}|\\u{_HEX}{{4}})"
    rf"|\\(?P<short>[bfnrt])|\\(?P<mark>[^\w\s])"
    rf"|(?P<url>%[0-7]{_HEX}|(?:%[89a-fA-F]{_HEX})+)"
)
_SHORT_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _unescaped(escape: re.Match[str]) -> str:
    if escape["pair"]:
        return bytes.fromhex(escape["pair"].replace("\\u", "")).decode("utf-16-be", "replace")
    if escape["url"]:
        return unquote(escape["url"])
    return _SHORT_ESCAPES[escape["short"]] if escape["short"] else escape["mark"]


class _Unescaped:
    """A *text* without its escapes, which knows where each part of it was."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []
        self._escapes: list[tuple[int, int, int]] = []
        parts: list[str] = []
        end = length = 0
        for escape in _ESCAPE.finditer(text):
            plain = _unescaped(escape)
            start = length + escape.start() - end
            parts += text[end : escape.start()], plain
            length, end = start + len(plain), escape.end()
            self._starts.append(start)
            self._escapes.append((length, escape.start(), end))
        self.text = "".join([*parts, text[end:]])

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where the part from *start* to *end* was in the text with escapes."""
        return self._origin(start)[0], self._origin(end - 1)[1]

    def _origin(self, index: int) -> tuple[int, int]:
        number = bisect_right(self._starts, index) - 1
        if number < 0:
            return index, index + 1
        length, start, end = self._escapes[number]
        return (start, end) if index < length else (index - length + end, index - length + end + 1)


def _forms(secret: str) -> set[str]:
    """*secret* as it can be found in a text without escapes; it may look escaped itself."""
    return {secret, secret.replace(" ", "+"), _Unescaped(secret).text}


def _masked(text: str, find: Callable[[str], Iterable[tuple[int, int]]]) -> str:
    """*text* with the parts masked that *find* finds in it, or in it without its escapes."""
    spans = [*find(text)]
    if "\\" in text or "%" in text:
        plain = _Unescaped(text)
        spans += [plain.origin(*span) for span in find(plain.text)]
    parts: list[str] = []
    end = 0
    for start, stop in sorted(spans):
        if start >= end:
            parts += text[end:start], MASK
        end = max(end, stop)
    return "".join([*parts, text[end:]]) if parts else text


_LONGEST_NAME: Final = 64
_OF_NAMES: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."
_BEHIND_NAME: Final = re.compile(r"(?P<quote>[\"'])\s*:|=")
_STRING: Final = r"\"(?P<double>[^\"\\]*(?:\\.[^\"\\]*)*)|'(?P<single>[^'\\]*(?:\\.[^'\\]*)*)"
_VALUE: Final = {
    ":": re.compile(
        rf"\s*(?:{_STRING}|(?P<nested>[\[{{](?!\s*[\]}}]).*)|(?P<bare>[^\s,\[\]{{}}\"'\\][^\s,\[\]{{}}\"']*))",
        re.DOTALL,
    ),
    "=": re.compile(rf"\s*(?:{_STRING}|(?P<bare>[^\s&\"'<>\\][^\s&\"'<>]*))", re.DOTALL),
}
_EMPTY: Final = ("", "true", "false", "null", MASK)


def _named_in(text: str) -> Iterator[tuple[int, int]]:
    """The values with the name of a secret, in a form, a query, or JSON that is cut off."""
    separator = _BEHIND_NAME.search(text)
    while separator is not None:
        start = separator.start()
        before = text[max(start - _LONGEST_NAME, 0) : start].rstrip()
        quote = separator["quote"]
        name = before.rpartition(quote)[2] if quote else before[len(before.rstrip(_OF_NAMES)) :]
        end = separator.end()
        value = _VALUE[separator[0][-1]].match(text, end) if is_secret(name) else None
        if value is not None and value.lastgroup and value[value.lastgroup] not in _EMPTY:
            yield value.span(value.lastgroup)
            end = value.end()
        separator = _BEHIND_NAME.search(text, end)
