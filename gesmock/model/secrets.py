"""Secrets: what is one, by its name or because its value is known, and how it is masked.

Secrets are masked in parsed values and in texts: JSON, URLs, forms, lines, and any of them inside
another.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, wraps
from typing import Any, Final
from urllib.parse import quote, unquote, unquote_plus

from gesmock.model.types import LONGEST_KEY

MASK: Final = "***"

_SHORTEST: Final = 4  # characters; shorter values are parts of many words
_EMPTY: Final[Sequence[Any]] = (None, False, True, "", [], {}, "null", "false", "true", MASK)
_SHORTEST_NUMBER: Final = 6  # digits


def compact(value: Any) -> str:
    """*value* as the service writes JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# --- By name --------------------------------------------------------------------------------------

_WORDS: Final = (
    "token secret password passwd passphrase passcode pass pwd auth oauth authorization "
    "authorisation signature sig session jsession sess cookie credential cred jwt otp totp pin"
)
"""The words that mark the name of a secret."""

_COMPANIONS: Final = (
    "access account admin api app aws bearer client code csrf current data db device google hash "
    "header http iam id jdbc key ldap login master my mysql name new obs old parameter php private "
    "proxy refresh root rsa security server service share ssh sso subject text type user value web "
    "x xsrf"
)
"""Words that stand beside them in names without gaps: ``dbpassword``, ``accesskeyid``."""

_LONGEST_NAME: Final = 256  # characters; the others are ignored

# Patterns that take a millisecond are compiled, and remembered, by ``re`` when they are first used.
_PART: Final = re.compile("[A-Z]{2,}s?(?![a-z])|[A-Z](?![a-z])|[A-Z]?[a-z]+")
_KNOWN: Final = "|".join(sorted(f"{_WORDS} {_COMPANIONS}".split(), key=len, reverse=True))
_GAPLESS: Final = rf"(?:{_KNOWN})(?:s(?=\Z|{_KNOWN}))?"
_TAIL: Final = (
    "(?:token|secret|passw(?:or)?d|passphrase|credential|cookie|signature|"
    r"(?:access|api|private|secret)key)s?\Z"
)
"""Endings that no other English word has."""

_STORAGE_KEY: Final = r"^[as] ?k$|\b(?:access key|secret key|security token|obs parameter)s?\b"
_SECRET: Final = (
    rf"\b(?:{_WORDS.replace(' ', '|')}|(?:access|api|private)\b.*\bkey)s?\b|\b[as]k\b|"
    + _STORAGE_KEY
)


def _remembered(decide: Callable[[str], bool]) -> Callable[[str], bool]:
    """*decide* with a cache for short names; long ones, which must not fill it, are cut off."""
    remembered = lru_cache(maxsize=256)(decide)

    @wraps(decide)
    def decided(name: str) -> bool:
        if len(name) <= LONGEST_KEY:
            return remembered(name)
        return decide(name[:_LONGEST_NAME])

    return decided


@_remembered
def is_storage_key(name: str) -> bool:
    """Whether a value called *name*, in any spelling, is a storage key or holds one."""
    return re.search(_STORAGE_KEY, _in_words(name)) is not None


@_remembered
def is_secret(name: str) -> bool:
    """Whether a value called *name*, in any spelling, is a secret of any kind.

    Whole words decide: ``userToken``, ``USER_TOKEN`` and ``usertoken`` are, ``tokenizer`` is not.
    """
    return re.search(_SECRET, _in_words(name)) is not None


def _in_words(name: str) -> str:
    """*name* in lower case, with a space between its words."""
    if "%" in name:
        name = unquote(unquote(name))
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name)
    words: list[str] = []
    for part in _PART.findall(name):
        word = part.lower()
        parts = re.findall(_GAPLESS, word)
        if "".join(parts) != word:
            tail = re.search(_TAIL, word)
            parts = re.findall(_GAPLESS, tail[0]) if tail else [word]
        words += parts
    return " ".join(words)


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


def secrets_in(value: Any) -> Iterator[str]:
    """The texts and long numbers anywhere in *value* that are named like a secret."""
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
_MOST_LEVELS: Final = 5
_PAIRS: Final = [
    (case(name), case(value))
    for case in (str.lower, str.title, str.upper)
    for name, value in (("name", "value"), ("key", "value"))
]
_ESCAPES: Final[Mapping[str, Sequence[str]]] = {"/": ["\\/"], " ": ["+"]}  # PHP's, and a form's


class Secrets:
    """Masks the secrets whose *values* are known, and the values that are named like a secret."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._patterns = [_pattern(value) for value in {*values} if len(value) >= _SHORTEST]

    def mask(self, text: str) -> str:
        """*text* without the known values."""
        return _masked(
            text, (match.span() for pattern in self._patterns for match in pattern.finditer(text))
        )

    def redact(self, text: str, levels: int = _MOST_LEVELS) -> str:
        """*text*, JSON or any other, without the known values and the named secrets.

        A text around an escaped secret loses its escapes; one that is inside more than *levels*
        others is masked whole.
        """
        if not self._patterns and _is_plain(text):
            return text
        if not levels:
            return MASK
        value = _parsed(text)
        if value is None:
            return self._redact_text(self.mask(text), levels)
        redacted = self.redact_value(value, levels)
        return text if redacted == value else compact(redacted)

    def redact_value(self, value: Any, levels: int = _MOST_LEVELS) -> Any:
        """*value*, parsed JSON, without the known values and the named secrets."""

        def leaf(item: Any) -> Any:
            return self.redact(item, levels - 1) if isinstance(item, str) else item

        def copy(fields: dict[str, Any]) -> dict[str, Any]:
            secret = _secret_fields(fields)
            return {
                leaf(name): MASK if name in secret and item not in _EMPTY else leaf(item)
                for name, item in fields.items()
            }

        return copied(value, copy, lambda items: [leaf(item) for item in items])

    def _redact_text(self, text: str, levels: int) -> str:
        def decoded(match: re.Match[str]) -> str:
            plain = unquote_plus(_ENCODED_AGAIN.sub("%", match[0]))
            redacted = plain if plain == match[0] else self.redact(plain, levels - 1)
            return match[0] if redacted == plain else quote(redacted, safe="*")

        text = _URL_PASSWORD.sub(rf"\1{MASK}", text)
        text = _masked(text, _named_in(text))
        if "%" in text:
            text = _SEGMENT.sub(decoded, text)
        if "\\" in text:
            plain = _ESCAPED.sub(lambda escape: _unescaped(*escape.groups()), text)
            redacted = self.redact(plain, levels - 1)
            text = text if redacted == plain else redacted
        return text


def _secret_fields(fields: Mapping[str, Any]) -> set[str]:
    """The names of secrets, and ``value`` beside ``"name": "password"``."""
    secret = {name for name in fields if is_secret(name)}
    for name, value in _PAIRS:
        if value in fields and isinstance(text := fields.get(name), str) and is_secret(text):
            secret.add(value)
    return secret


def _pattern(secret: str) -> re.Pattern[str]:
    """A pattern for *secret*, with each character as it is, or as JSON or a URL may write it."""
    return re.compile(_SPECIAL.sub(_written, secret))


def _written(special: re.Match[str]) -> str:
    char = special[0]
    octets = "".join(f"%{octet:02x}" for octet in char.encode(errors="replace"))
    escapes = [json.dumps(char)[1:-1], f"\\u{ord(char):04x}", octets, *_ESCAPES.get(char, ())]
    return f"(?:{re.escape(char)}|(?i:{'|'.join(map(re.escape, escapes))}))"


def _parsed(text: str) -> Any:
    """The object, list or string of a JSON *text*; None if it is none, or has two readings."""
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

_SEPARATOR: Final = re.compile(r"[=:%\\]")
_STEMS: Final = (
    *("token", "secret", "pass", "pwd", "auth", "sig", "sess", "cook", "cred", "jwt", "otp", "pin"),
    *("ak", "sk", "key", "obs", "@", "%", "\\u"),
)


def _is_plain(text: str) -> bool:
    """Whether *text* certainly has no named secret, like most texts; quick to answer."""
    if not _SEPARATOR.search(text):
        return True
    lower = text.lower()
    for stem in _STEMS:  # any() would take twice as long, and a pattern three times
        if stem in lower:
            return False
    return text.isascii()


_URL_PASSWORD: Final = re.compile(r"""(?<=://)([^\s/?#"'<>:@]*:)[^\s/?#"'<>]+(?=@)""")
_SEGMENT: Final = re.compile(r"""[^\s&=;,"'<>]+""")
_ENCODED_AGAIN: Final = re.compile("%(?:25)+(?=[0-9a-f]{2})", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\+(?:u00([0-7][0-9a-f])|(.?))", re.DOTALL | re.IGNORECASE)

_QUOTED: Final = """["'][^"'\\\\]{1,256}["']"""
_NAME: Final = (
    rf"""["'](?:name|key)["']\s*:\s*(?P<named>{_QUOTED})\s*,\s*["']value["']\s*(?=:)"""
    rf"|(?P<quoted>{_QUOTED})\s*(?=[:=])"
    r"|(?<![\w.$%\[\]-])(?P<bare>[\w.$%\[\]-]++)(?:\s*(?==)|(?=:\s))"
)
"""A name before the separator of its value, or the beginning of ``{"name": ..., "value":``."""

_TEXT: Final = r"""(?P<quote>["'])(?P<text>(?:[^\\]|\\.?)*?)(?:(?P=quote)|\Z)"""
_IN_JSON, _IN_FORM, _IN_LINE = (
    rf"\s*(?:{_TEXT}|(?P<bare>{bare}))"
    for bare in (r"""[\[{](?!\s*[\]}]).*|[^\s,\[\]{}"']+""", r"""[^\s&"'<>]+""", r"[^\r\n]+")
)
"""The value after each separator; a list or an object is taken to reach to the end."""


def _unescaped(octet: str | None, char: str) -> str:
    return chr(int(octet, 16)) if octet else "\n" if char in ("n", "r", "t") else char


def _named_in(text: str) -> Iterator[tuple[int, int]]:
    """Where the named secrets are in a form, a query, a line, or JSON that is cut off."""
    end = 0
    for match in re.finditer(_NAME, text, re.IGNORECASE):
        kind = match.lastgroup or ""
        if match.start() >= end and is_secret(match[kind]):
            behind = _IN_LINE if kind == "bare" else _IN_JSON
            behind = _IN_FORM if text[match.end()] == "=" else behind
            value = re.compile(behind, re.DOTALL).match(text, match.end() + 1)
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
