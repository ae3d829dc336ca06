"""Reads JSON values as msgspec types, and reports *every* flaw of one, each with its path.

msgspec stops at the first flaw; where there is one, ``flaws`` finds the rest.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from gesmock.model.errors import Flaw, InvalidInput

T = TypeVar("T")

REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises over a text that it does not take; a ValidationError is a DecodeError."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def read(value: object, type_: type[T], path: str = "$") -> T:
    """*value*, as a JSON decoder returns it, as a *type_*; InvalidInput names every flaw."""
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError as error:
        raise InvalidInput.at(path, f"{shown(error.object)} is not text: {error.reason}") from None
    except (ValueError, OverflowError):  # a number that JSON has no place for: told below
        pass
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        from gesmock.model import flaws  # 1 ms that only flaws should cost

        found = list(flaws.flaws(type_, value, path))
        # What only msgspec minds (a number beyond its range) is reported in its words.
        raise InvalidInput(found or [Flaw(path, str(error))]) from None


def read_python(value: object, type_: type[T], path: str) -> T:
    """*value*, in which structs and plain Python values may be mixed, as a *type_*."""
    try:
        plain = msgspec.to_builtins(_plain(value), str_keys=True)
    except (TypeError, RecursionError) as error:
        raise InvalidInput.at(path, str(error)) from None
    return read(plain, type_, path)


def _plain(value: object) -> object:
    """*value* with every mapping as a dict and every tuple as a list."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def decode(text: bytes, type_: type[T], path: str = "$") -> T:
    """The JSON *text* as a *type_*; InvalidInput names every flaw in it."""
    try:
        return msgspec.json.decode(text, type=type_)
    except REFUSED:
        return read(parse(text), type_, path)


def parse(text: bytes) -> Any:
    """The JSON *text* as plain Python values; InvalidInput says where it breaks."""
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        raise InvalidInput.at("", "broken JSON: nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput.at(*_where_it_breaks(text, str(error))) from None


def _where_it_breaks(text: bytes, reason: str) -> tuple[str, str]:
    """Line, column and reason, which the standard library has, as msgspec has not."""
    import json

    try:
        json.loads(text.decode())
    except UnicodeDecodeError as error:
        return f"byte {error.start}", "broken JSON: not UTF-8"
    except json.JSONDecodeError as error:
        return f"line {error.lineno} column {error.colno}", f"broken JSON: {error.msg}"
    except (RecursionError, ValueError):  # what only the standard library minds
        pass
    return "", f"broken JSON: {reason}"


def join(path: str, key: str | int) -> str:
    """The JSON path of *key* (a name or an index) below *path*: ``$.graphs.movies.jobs[3]``."""
    if isinstance(key, str) and _IDENTIFIER.fullmatch(key):
        return f"{path}.{key}"
    return f"{path}[{key!r}]"


def shown(value: object) -> str:
    """*value* as a message shows it: short, and in JSON's words."""
    match value:
        case None | True | False:
            return msgspec.json.encode(value).decode()
        case dict():
            return "an object"
        case list():
            return "a list"
        case str() if len(value) > 60:
            return repr(value[:60] + "...")
    try:
        return repr(value)[:80]
    except ValueError:  # thousands of digits
        return "a huge number"


def unknown(name: str, known: list[str]) -> str:
    """Why the key *name* is refused, where *known* are the ones there are."""
    import difflib

    close = difflib.get_close_matches(name[:100], known, 1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"unknown key; {hint}known are {', '.join(known) or 'none'}"
