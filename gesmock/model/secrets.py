"""Secrecy: what is a secret, by its name or because it is known; and how it is taken out.

Out of parsed values, by one walk; out of texts, however they write it: plain, or escaped as JSON,
URLs and HTML do, also within one another.
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
"""Shorter secrets are not looked for: they would be found in every word."""

_SHORTEST_NUMBER: Final = 6
"""The same of numbers, which are secret by their name only."""

_ROUNDS: Final = 8
"""How often a text is escaped, and escaped again, at most."""

_HEX: Final = "[0-9a-fA-F]"
_ESCAPE: Final = re.compile(
    rf"(?P<json>\\u[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}|\\u{_HEX}{{4}})"
    rf"|(?P<hex>\\x{_HEX}{{2}})|(?P<short>\\[bfnrt])|(?P<mark>\\[^\w\s])"
    rf"|(?P<url>%[0-7]{_HEX}|(?:%[89a-fA-F]{_HEX})+)"
    rf"|(?P<html>&(?:\#[0-9]{{1,7}}|\#[xX]{_HEX}{{1,6}}|[A-Za-z]{{2,31}});)"
)


def _of_html(escape: str) -> str:
    import html  # 2 ms, and few texts have such escapes

    return html.unescape(escape)


_UNESCAPED: Final[dict[str, Callable[[str], str]]] = {
    "json": lambda one: bytes.fromhex(one.replace("\\u", "")).decode("utf-16-be", "replace"),
    "hex": lambda one: chr(bytes.fromhex(one[2:])[0]),
    "short": lambda one: {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}[one[1]],
    "mark": lambda one: one[1],
    "url": unquote,
    "html": _of_html,
}

_LONGEST_NAME: Final = 64
_OF_NAMES: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."
_BEHIND_NAME: Final = re.compile(r"(?P<quote>[\"'])\s*:|=")
_STRING: Final = r"\"(?P<twice>[^\"\\]*(?:\\.[^\"\\]*)*)|'(?P<once>[^'\\]*(?:\\.[^'\\]*)*)"
_VALUE: Final = {
    ":": re.compile(
        rf"\s*(?:{_STRING}|(?P<rest>[\[{{](?!\s*[\]}}]).*)|(?P<bare>[^\s,\[\]{{}}\"'\\][^\s,\[\]{{}}\"']*))",
        re.DOTALL,
    ),
    "=": re.compile(rf"\s*(?:{_STRING}|(?P<bare>[^\s&\"'<>\\][^\s&\"'<>]*))", re.DOTALL),
}
_NOTHING: Final = ("", "true", "false", "null", MASK)


@lru_cache(maxsize=256)
def is_storage_key(name: str) -> bool:
    """Whether what is called *name*, however it is spelled, is a storage key, or holds one."""
    letters = _letters(name)
    return letters in _SHORT_NAMES or _STORAGE_KEY.search(letters) is not None


@lru_cache(maxsize=256)
def is_secret(name: str) -> bool:
    """Whether what is called *name*, however it is spelled, is a secret of any kind."""
    letters = _letters(name)
    return letters in _SHORT_NAMES or _SECRET.search(letters) is not None


def _letters(name: str) -> str:
    plain = name if name.isascii() else unicodedata.normalize("NFKC", name)
    return _NO_LETTER.sub("", plain).casefold()


def copied(value: Any, copy: Callable[[Any], Any]) -> Any:
    """*value*, in which *copy* makes each list and object that has something in it anew."""
    # Not by recursion: a body may be nested as deep as Python's stack is. And only what has
    # something in it is copied, and looked at again: a body may have millions of empty lists.
    whole = copy([value])
    left: list[dict[str, Any] | list[Any]] = [whole]
    while left:
        place: Any = left.pop()
        for key, item in place.items() if isinstance(place, dict) else enumerate(place):
            if item and isinstance(item, (dict, list)):
                place[key] = made = copy(item)
                left.append(made)
    return whole[0]


def masked_by_name(value: Any) -> Any:
    """*value* with what has the name of a secret masked."""
    return copied(value, _masked_by_name)


def _masked_by_name(place: Any) -> Any:
    if isinstance(place, list):
        return place.copy()
    return {name: MASK if is_secret(name) else item for name, item in place.items()}


def secrets_in(value: Any) -> Iterator[str]:
    """The texts and long numbers that have, somewhere in *value*, the name of a secret."""
    left = [(value, False)]
    while left:
        item, secret = left.pop()
        if isinstance(item, dict):
            left += [(one, secret or is_secret(name)) for name, one in item.items()]
        elif isinstance(item, list):
            left += [(one, secret) for one in item]
        elif isinstance(item, str):
            if secret:
                yield item
            left.append((_parsed(item), secret))
        elif secret and len(str(item)) >= _SHORTEST_NUMBER:
            yield str(item)


class Secrets:
    """Those that are *known*, and those that their names tell."""

    def __init__(self, known: Iterable[str]) -> None:
        forms = {form for one in known for form in _forms(one) if len(form) >= _SHORTEST}
        self._known = sorted(forms)

    def hidden(self, text: str) -> str:
        """*text* without those that are known."""
        return _masked(text, self._known_in)

    def told(self, text: str) -> str:
        """*text* without them, nor those whose name says it: as JSON, or as it stands."""
        value = _parsed(text)
        if value is None:
            return _masked(text, lambda found: [*self._known_in(found), *_named_in(found)])
        clean = self.cleaned(value)
        return text if clean == value else compact(clean)

    def cleaned(self, value: Any) -> Any:
        """The same of a parsed *value*: its names and texts, and what has such a name."""
        return copied(value, self._copy)

    def _copy(self, place: Any) -> Any:
        if isinstance(place, list):
            return [self._leaf(item) for item in place]
        return {
            self.hidden(name): MASK if is_secret(name) and _is_something(item) else self._leaf(item)
            for name, item in place.items()
        }

    def _leaf(self, item: Any) -> Any:
        return self.told(item) if isinstance(item, str) else item

    def _known_in(self, text: str) -> Iterator[tuple[int, int]]:
        for one in self._known:
            at = text.find(one)
            while at >= 0:
                yield at, at + len(one)
                at = text.find(one, at + len(one))


def compact(value: Any) -> str:
    """*value* as the service writes JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _is_something(value: Any) -> bool:
    return value is not None and not isinstance(value, bool) and value not in ("", [], {})


def _parsed(text: str) -> Any:
    """The JSON that *text* is as a whole; None where it is none, or can be read in two ways."""
    if not text.lstrip().startswith(("{", "[", '"')):
        return None
    try:
        value = json.loads(text, object_pairs_hook=_once)
        if "\\u" in text:
            compact(value).encode()  # half a pair of surrogates cannot be written
    except (ValueError, RecursionError):
        return None
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a name stands twice")
    return value


# --- Texts --------------------------------------------------------------------------------------


class _Unescaped:
    """The *text* with one round of escapes less; where in it something stands, and stood before."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []
        self._places: list[tuple[int, int, int]] = []
        parts: list[str] = []
        end = length = 0
        for found in _ESCAPE.finditer(text):
            plain = _UNESCAPED[str(found.lastgroup)](found[0])
            start = length + found.start() - end
            parts += text[end : found.start()], plain
            length, end = start + len(plain), found.end()
            self._starts.append(start)
            self._places.append((length, found.start(), end))
        self.text = "".join([*parts, text[end:]])

    def before(self, start: int, end: int) -> tuple[int, int]:
        """Where that stood before what now stands from *start* to *end*."""
        return self._before(start)[0], self._before(end - 1)[1]

    def _before(self, at: int) -> tuple[int, int]:
        place = bisect_right(self._starts, at) - 1
        if place < 0:
            return at, at + 1
        length, start, end = self._places[place]
        return (start, end) if at < length else (at - length + end, at - length + end + 1)


def _forms(secret: str) -> set[str]:
    """The *secret* as it is found in texts whose escapes were taken off, its own among them."""
    forms = {secret, secret.replace(" ", "+")}
    now = secret
    for _ in range(_ROUNDS):
        if not _has_escapes(now):
            break
        now = _Unescaped(now).text
        forms.add(now)
    return forms


def _has_escapes(text: str) -> bool:
    # Most texts have none of these, and that is found out much faster.
    if "\\" not in text and "%" not in text and "&" not in text:
        return False
    return _ESCAPE.search(text) is not None


def _masked(text: str, found_in: Callable[[str], Iterable[tuple[int, int]]]) -> str:
    """*text*, in which what is *found_in* it, or in it with fewer escapes, is masked."""
    spans = [*found_in(text)]
    rounds: list[_Unescaped] = []
    now = text
    while len(rounds) < _ROUNDS and _has_escapes(now):
        rounds.append(_Unescaped(now))
        now = rounds[-1].text
        for span in found_in(now):
            place = span
            for one in reversed(rounds):
                place = one.before(*place)
            spans.append(place)
    parts: list[str] = []
    end = 0
    for start, stop in sorted(spans):
        if start >= end:
            parts += text[end:start], MASK
        end = max(end, stop)
    return "".join([*parts, text[end:]]) if parts else text


def _named_in(text: str) -> Iterator[tuple[int, int]]:
    """Where there is what has the name of a secret, in JSON that is cut off, a form, or a query."""
    found = _BEHIND_NAME.search(text)
    while found is not None:
        before = text[max(found.start() - _LONGEST_NAME, 0) : found.start()].rstrip()
        quote = found["quote"]
        name = before.rpartition(quote)[2] if quote else before[len(before.rstrip(_OF_NAMES)) :]
        end = found.end()
        value = _VALUE[found[0][-1]].match(text, end) if is_secret(name) else None
        if value is not None and value.lastgroup and value[value.lastgroup] not in _NOTHING:
            yield value.span(value.lastgroup)
            end = value.end()
        found = _BEHIND_NAME.search(text, end)
