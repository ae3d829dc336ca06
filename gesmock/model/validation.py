"""JSON values as msgspec types, with *every* error of a value and its path.

msgspec stops at the first error. If there is one, we walk through the value and its type, and
collect every error: what the value is, and what would be right.
"""

import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Struct, UnsetType, inspect, structs

from gesmock.model.errors import InputError, InvalidInput, shortened

T = TypeVar("T")

REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for a text that it cannot decode; a ValidationError is a DecodeError."""

MOST_LEVELS = 64
"""How deep objects and lists may be nested in a JSON text that a client or a test sends."""

_STEPS = bytes.maketrans(b"{}[]", b"\x01\xff\x01\xff"), bytes({*range(256)} - {*b'[]{}"'})
"""Turn brackets into signed bytes, 1 and -1, and drop everything else except quotes."""

_INNERMOST = b"\x01\xff"
_PEELED = 8
"""This many levels are removed first, which is quick; in most texts, nothing remains to count."""

_TOO_LONG = re.compile(r"Expected `\w+(?: \| null)?` of length <= (\d+)")

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def read(value: object, type_: type[T], path: str = "$") -> T:
    """*value*, as a JSON decoder returns it, as a *type_*; InvalidInput names every error."""
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError as error:
        raise InvalidInput.at(
            path, f"{described(error.object)} is not valid Unicode: {error.reason}"
        ) from None
    except (ValueError, OverflowError):  # a number that JSON cannot express: reported below
        pass
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError:
        raise InvalidInput(_errors(type_, value, path)) from None


def read_python(value: object, type_: type[T], path: str) -> T:
    """*value*, a mixture of structs and plain Python values, as a *type_*."""
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
    """The JSON *text* as a *type_*; InvalidInput names every error in it."""
    check_levels(text)
    try:
        return msgspec.json.decode(text, type=type_)
    except REFUSED:
        return read(parse(text), type_, path)


def parse(text: bytes) -> Any:
    """The JSON *text* as plain Python values; InvalidInput says where it breaks."""
    check_levels(text)
    if text.startswith(BOM_UTF8):
        raise InvalidInput.at(
            "", "broken JSON: it begins with a byte order mark, which JSON does not allow"
        )
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = str(error)
    import json  # it says where; msgspec does not

    try:
        json.loads(text.decode())
    except UnicodeDecodeError as error:
        raise InvalidInput.at(f"byte {error.start}", "broken JSON: not UTF-8") from None
    except json.JSONDecodeError as error:
        position = f"line {error.lineno} column {error.colno}"
        raise InvalidInput.at(position, f"broken JSON: {error.msg}") from None
    except ValueError:  # the standard library has limits of its own
        pass
    raise InvalidInput.at("", f"broken JSON: {_reason(reason)}")


def check_keys(text: bytes) -> None:
    """Raise InvalidInput if an object in the JSON *text* has a key twice, or is too deep."""
    check_levels(text)
    import json  # its hook gets every pair; msgspec takes the last one of a key

    def check(pairs: list[tuple[str, Any]]) -> None:
        if len(dict(pairs)) < len(pairs):
            [(key, _)] = Counter(key for key, _ in pairs).most_common(1)
            raise InvalidInput.at("", f"an object has the key {shortened(key)!r} twice")

    try:
        json.loads(text.decode(), object_pairs_hook=check, parse_int=str)
    except InvalidInput:
        raise
    except ValueError:  # it is not JSON, which its reader reports
        pass


def check_levels(text: bytes) -> None:
    """Raise InvalidInput if the JSON *text* is nested deeper than ``MOST_LEVELS``."""
    if too_deep(text):
        raise InvalidInput.at("", f"nested too deeply; at most {MOST_LEVELS} levels are allowed")


def too_deep(text: bytes) -> bool:
    """Whether the JSON *text*, even if it is broken, is nested deeper than ``MOST_LEVELS``."""
    if text.count(b"{") + text.count(b"[") <= MOST_LEVELS:  # most texts
        return False
    if b"\\\\" in text:
        text = text.replace(b"\\\\", b"")
    if b'\\"' in text:
        text = text.replace(b'\\"', b"")
    without_plain_strings = text.translate(*_STEPS).replace(b'""', b"")
    steps = b"".join(without_plain_strings.split(b'"')[::2])
    outer, peeled = steps, 0
    while _INNERMOST in outer and peeled < _PEELED:
        outer, peeled = outer.replace(_INNERMOST, b""), peeled + 1
    return peeled + _levels(outer) > MOST_LEVELS and _levels(steps) > MOST_LEVELS


def _levels(steps: bytes) -> int:
    return max(accumulate(memoryview(steps).cast("b")), default=0)


def _reason(text: str) -> str:
    """The message of msgspec without its prefix and the path at its end."""
    return text.removeprefix("JSON is malformed: ").partition(" - at `$")[0]


def join(path: str, key: str | int) -> str:
    """The JSON path of *key* (a name or an index) below *path*: ``$.graphs.movies.jobs[3]``."""
    key = shortened(key) if isinstance(key, str) else key
    if isinstance(key, str) and _IDENTIFIER.fullmatch(key):
        return f"{path}.{key}"
    return f"{path}[{key!r}]"


def described(value: object) -> str:
    """*value* as messages show it: short, and in JSON's words."""
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


def unknown_key(name: str, names: list[str]) -> str:
    """The message for an unknown key *name*; *names* are the known ones.

    Only a control call's query may have none.
    """
    if not names:
        return "the call takes no query parameters"
    return f"unknown key{suggestion(name, names) or ';'} known keys: {', '.join(names)}"


def none_of(value: object, names: Sequence[str]) -> str:
    """The message for a *value* that is not one of several *names*: the closest one, or all."""
    if meant := suggestion(value, names):
        return f"{described(value)} is not valid{meant}"
    return f"{described(value)} is not one of {', '.join(names)}"


def suggestion(value: object, names: Sequence[str]) -> str:
    """The end of a message: the one of *names* that was probably meant; empty if none is close."""
    text = value[:100].lower() if isinstance(value, str) else ""
    cases = {name.lower(): name for name in names if name}
    import difflib  # 1 ms

    close = difflib.get_close_matches(text, cases, 1)
    return f"; did you mean {cases[close[0]]!r}?" if close else ""


def _errors(type_: Any, value: object, path: str) -> Iterator[InputError]:
    """The errors of *value*, JSON with lists or tuples, as a *type_*."""
    value = list(value) if isinstance(value, tuple) else value
    try:
        msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        reason = str(error)
    else:
        return
    kind, args = _kind(type_)
    if (most := _TOO_LONG.fullmatch(reason)) and isinstance(value, list | dict | str):
        unit = "characters" if isinstance(value, str) else "items"
        yield InputError(path, f"has {len(value)} {unit}, at most {most[1]} are allowed")
    elif kind is Union:
        yield from _union(type_, value, path)
    elif kind is list and isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _errors(args[0], item, join(path, index))
    elif (value == [] and kind is list) or (value == "" and kind is str):
        yield InputError(path, "must not be empty")
    elif kind is dict and isinstance(value, dict):
        for key, item in value.items():
            yield from _errors(args[0], key, join(path, key))
            yield from _errors(args[1], item, join(path, key))
    elif _is_struct(kind) and isinstance(value, dict):
        yield from _struct(kind, value, path, reason)
    elif isinstance(value, int | float) and "out of range" in reason:
        yield InputError(path, _reason(reason))
    else:
        yield InputError(path, _unexpected(value, _expected(type_)))


def _unexpected(value: object, expected: str) -> str:
    """The message for a *value* instead of what is *expected*."""
    before, one_of, names = expected.partition("one of ")
    listed = names.partition(" or ")[0].rstrip(",").split(", ")
    if (one_of and not before and " or " not in names) or suggestion(value, listed):
        return none_of(value, listed)
    return f"expected {expected}, got {described(value)}"


def _kind(type_: Any) -> tuple[Any, tuple[Any, ...]]:
    """The class of *type_*, or ``Union`` or ``Literal``, without annotations; its arguments."""
    bare = get_args(type_)[0] if get_origin(type_) is Annotated else type_
    kind = get_origin(bare) or bare
    return Union if kind is UnionType else kind, get_args(bare)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _json_type(type_: Any) -> Any:
    kind, _ = _kind(type_)
    return dict if _is_struct(kind) else kind


def _struct(
    cls: type[Struct], value: Mapping[str, object], path: str, reason: str
) -> Iterator[InputError]:
    errors = _fields(cls, value, path)
    first = next(errors, None)
    if first is not None:
        yield first
        yield from errors
    else:  # the struct's own __post_init__ has raised it
        name, _, text = reason.partition(": ")
        named = any(name == field.encode_name for field in structs.fields(cls))
        yield InputError(join(path, name), text) if named else InputError(path, reason)


def _fields(cls: type[Struct], value: Mapping[str, object], path: str) -> Iterator[InputError]:
    fields = {field.encode_name: field for field in structs.fields(cls)}
    config = cls.__struct_config__
    tags = {config.tag_field: config.tag} if config.tag_field else {}
    names = [*tags, *fields]
    for name, tag in tags.items():
        if value.get(name, tag) != tag:
            yield InputError(join(path, name), _unexpected(value[name], repr(tag)))
    for name, field in fields.items():
        if name in value:
            yield from _errors(field.type, value[name], join(path, name))
        elif field.required:
            yield InputError(join(path, name), f"missing; expected {_expected(field.type)}")
    for name in value:
        if name not in names:
            yield InputError(join(path, name), unknown_key(name, names))


def _union(type_: Any, value: object, path: str) -> Iterator[InputError]:
    """The errors for the only member of the value's JSON kind, or one error: no member fits."""
    members = _members(type_)
    container = type(value) if isinstance(value, dict | list) else None
    alike = [member for member in members if _json_type(member) is container]
    if isinstance(value, dict) and len(alike) > 1:
        yield from _tagged({cls.__struct_config__.tag: cls for cls in alike}, value, path)
    elif len(alike) == 1 or len(members) == 1:
        yield from _errors((alike or members)[0], value, path)
    else:
        yield InputError(path, _unexpected(value, _expected(type_)))


def _members(union: Any) -> list[Any]:
    return [member for member in _kind(union)[1] if member not in (NoneType, UnsetType)]


def _tagged(
    members: Mapping[Any, type[Struct]], value: Mapping[str, object], path: str
) -> Iterator[InputError]:
    """The errors of the member that the tag of *value* names, or those of the tag."""
    field = str(next(iter(members.values())).__struct_config__.tag_field)
    tags = [str(tag) for tag in members]
    tag = value.get(field)
    path_of_tag = join(path, field)
    if field not in value:
        yield InputError(path_of_tag, f"missing; expected one of {', '.join(tags)}")
    elif isinstance(tag, str) and tag in members:
        yield from _errors(members[tag], value, path)
    else:
        yield InputError(path_of_tag, none_of(tag, tags))


def _expected(type_: Any) -> str:
    """What is expected, as a phrase to follow "expected"."""
    match inspect.type_info(type_):
        case inspect.Metadata(extra_json_schema={"description": str(description)}):
            return description
        case inspect.NoneType():
            return "null"
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(map(str, values))}" if len(values) > 1 else repr(values[0])
        case inspect.IntType(ge=low, le=high):
            return f"an integer{_range(low, high)}"
        case inspect.FloatType(ge=low, le=high):
            return f"a number{_range(low, high)}"
        case inspect.StrType(min_length=least):
            return "a non-empty string" if least else "a string"
        case inspect.ListType():
            return "a list"
        case inspect.UnionType():
            phrases = [*dict.fromkeys(map(_expected, _members(type_)))]
            listed = any(phrase.startswith("one of ") for phrase in phrases)
            return (", or " if listed else " or ").join(phrases)
    return "an object"


def _range(low: float | None, high: float | None) -> str:
    if high is None:
        return "" if low is None else f" of at least {low}"
    return f" from {low} to {int(high) if high == int(high) else high}"
