"""Secrets: what is one, by its name or because its value is known, and how it is masked.

Secrets are masked in parsed values and in text, where they may be plain, JSON-escaped or
percent-encoded. Also here: how text from outside is shown in one line.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

MASK: Final = "***"

_STORAGE_KEY: Final = re.compile("^[as]k$|obsparameters|accesskey|secretkey|securitytoken")
_SECRET: Final = re.compile(
    f"{_STORAGE_KEY.pattern}|token|secret|passw|passphrase|pwd|credential|signature|authorization|"
    "cookie|apikey|privatekey|xauth"
)
_NO_LETTER: Final = re.compile(r"[\W_]")

_SHORTEST: Final = 4  # every word would have shorter secrets
_EMPTY: Final[Sequence[Any]] = (None, False, True, "", [], {}, "null", "false", "true", MASK)
_SHORTEST_NUMBER: Final = 6  # the same for numbers, which only their names make secret


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
    return _STORAGE_KEY.search(_letters(name)) is not None


@lru_cache(maxsize=256)
def is_secret(name: str) -> bool:
    """Whether a value called *name*, in any spelling, is a secret of any kind."""
    return _SECRET.search(_letters(name)) is not None


def _letters(name: str) -> str:
    plain = name if name.isascii() else unicodedata.normalize("NFKC", name)
    return _NO_LETTER.sub("", plain).casefold()


def copied(
    value: Any,
    copy_object: Callable[[dict[str, Any]], dict[str, Any]],
    copy_list: Callable[[list[Any]], list[Any]] = list.copy,
) -> Any:
    """*value*, with each object and list in it that is not empty copied by these functions."""
    # Without recursion: a body may be nested deeper than Python's stack. Empty lists are not
    # copied: a body may have millions of them.
    whole = copy_list([value])
    unvisited: list[Any] = [whole]
    while unvisited:
        container = unvisited.pop()
        items = container.items() if isinstance(container, dict) else enumerate(container)
        for key, item in items:
            if item and isinstance(item, (dict, list)):
                copy = copy_object(item) if isinstance(item, dict) else copy_list(item)
                container[key] = copy
                unvisited.append(copy)
    return whole[0]


def masked_by_name(value: Any) -> Any:
    """*value* with everything masked that has the name of a secret."""
    return copied(value, lambda item: {key: MASK if is_secret(key) else item[key] for key in item})


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


_SPECIAL: Final = re.compile("[^0-9A-Za-z]")
_ESCAPES: Final[Mapping[str, Sequence[str]]] = {"/": ["\\/"], " ": ["+"]}  # PHP's, and a form's


class Secrets:
    """Masks the secrets whose *values* are known, and those that have the name of a secret."""

    def __init__(self, values: Iterable[str]) -> None:
        self._patterns = [_pattern(value) for value in {*values} if len(value) >= _SHORTEST]

    def mask(self, text: str) -> str:
        """*text* without the known values."""
        return _masked(text, self._known_in(text))

    def redact(self, text: str) -> str:
        """*text* without the known values and the named secrets; it may be JSON or any text."""
        value = _parsed(text)
        if value is None:
            return _masked(text, [*self._known_in(text), *_named_in(text)])
        redacted = self.redact_value(value)
        return text if redacted == value else compact(redacted)

    def redact_value(self, value: Any) -> Any:
        """The same for a parsed *value*."""
        return copied(value, self._object, lambda items: [self._leaf(item) for item in items])

    def _object(self, value: dict[str, Any]) -> dict[str, Any]:
        return {
            self.mask(name): MASK if is_secret(name) and item not in _EMPTY else self._leaf(item)
            for name, item in value.items()
        }

    def _leaf(self, item: Any) -> Any:
        return self.redact(item) if isinstance(item, str) else item

    def _known_in(self, text: str) -> Iterator[tuple[int, int]]:
        for pattern in self._patterns:
            yield from (match.span() for match in pattern.finditer(text))


def _pattern(secret: str) -> re.Pattern[str]:
    """What matches *secret*, each character as it is, or as JSON or a URL may write it."""
    return re.compile(_SPECIAL.sub(_written, secret))


def _written(special: re.Match[str]) -> str:
    char = special[0]
    octets = "".join(f"%{octet:02x}" for octet in char.encode(errors="replace"))
    escapes = [json.dumps(char)[1:-1], f"\\u{ord(char):04x}", octets, *_ESCAPES.get(char, ())]
    return f"(?:{re.escape(char)}|(?i:{'|'.join(map(re.escape, escapes))}))"


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

_QUOTE: Final = r"""(?:\\?["']|%22)"""
_NAME: Final = re.compile(
    r"(?<![\w.-])(?:(?<=%)[0-9a-f]{2}|(?<=\\)(?:u[0-9a-f]{4}|[nr]))?(?P<name>[\w.-]++)"
    rf"(?:{_QUOTE}\s*(?=:|%3A)|\s*(?==|%3D|\\u003d))(?P<separator>:|=|%3A|%3D|\\u003d)",
    re.IGNORECASE,
)
"""A name, perhaps behind an escape, and the separator between it and its value."""

_QUOTED: Final = rf"(?P<quote>{_QUOTE})(?P<text>(?:[^\\]|\\.?)*?)(?:(?P=quote)|\Z)"
_VALUES: Final = {
    separator: re.compile(rf"\s*(?:{_QUOTED}|(?P<bare>{bare}))", re.DOTALL | re.IGNORECASE)
    for separator, bare in {
        ":": r"""[\[{](?!\s*[\]}]).*|[^\s,\[\]{}"'\\]+""",
        "=": r"""[^\s&"'<>\\]+""",
        "\\": r"""[^\s&"'<>\\]+""",
        "%": r"""(?:(?!%26|%22|%2C)[^\s&"'<>\\])+""",
    }.items()
}
"""The value behind each kind of separator; a list or an object is taken to go on to the end."""


def _named_in(text: str) -> Iterator[tuple[int, int]]:
    """The values with the name of a secret, in a form, a query, or JSON that is cut off."""
    end = 0
    for match in _NAME.finditer(text):
        if match.start() >= end and is_secret(match["name"]):
            value = _VALUES[match["separator"][0]].match(text, match.end())
            if value is not None and value[value.lastgroup or 0] not in _EMPTY:
                yield value.span(value.lastgroup or 0)
                end = value.end()


def _masked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """*text* with these parts masked; they may overlap."""
    parts: list[str] = []
    end = 0
    for start, stop in sorted(spans):
        if start >= end:
            parts += text[end:start], MASK
        end = max(end, stop)
    return "".join([*parts, text[end:]])
