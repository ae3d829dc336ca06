"""JSON values as msgspec types, with *every* error of a value and its path.

msgspec stops at the first error. After one, value and type are walked over, and every error is
collected: what the value is, and what would be right.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from gesmock.model.errors import InputError, InvalidInput

T = TypeVar("T")

REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for a text that it cannot decode; a ValidationError is a DecodeError."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def read(value: object, type_: type[T], path: str = "$") -> T:
    """*value*, as a JSON decoder returns it, as a *type_*; InvalidInput names every error."""
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError as error:
        raise InvalidInput.at(
            path, f"{described(error.object)} is not text: {error.reason}"
        ) from None
    except (ValueError, OverflowError):  # a number that JSON has no place for: reported below
        pass
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        # What only msgspec refuses (a number beyond its range) is reported in its words.
        errors = list(_errors(inspect.type_info(type_), value, path)) or [
            InputError(path, str(error))
        ]
        raise InvalidInput(errors) from None


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
    """Line, column and reason, from the standard library: msgspec has none."""
    import json

    try:
        json.loads(text.decode())
    except UnicodeDecodeError as error:
        return f"byte {error.start}", "broken JSON: not UTF-8"
    except json.JSONDecodeError as error:
        return f"line {error.lineno} column {error.colno}", f"broken JSON: {error.msg}"
    except (RecursionError, ValueError):  # the standard library has limits of its own
        pass
    return "", f"broken JSON: {reason}"


def join(path: str, key: str | int) -> str:
    """The JSON path of *key* (a name or an index) below *path*: ``$.graphs.movies.jobs[3]``."""
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


def unknown(name: str, names: list[str]) -> str:
    """The message for an unknown key *name*; *names* are the known ones."""
    close = difflib.get_close_matches(name[:100], names, 1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"unknown key; {hint}known are {', '.join(names) or 'none'}"


def _errors(node: inspect.Type, value: object, path: str) -> Iterator[InputError]:
    """The errors of *value*, as a JSON decoder returns it, as a *node*."""
    yield from _WALKS.get(type(node), _leaf)(node, value, path)


def _leaf(node: inspect.Type, value: object, path: str) -> Iterator[InputError]:
    if not _fits(node, value):
        yield _error(node, _expected(node), value, path)


def _error(node: inspect.Type, expected: str, value: object, path: str) -> InputError:
    verb = "is none of" if isinstance(node, inspect.LiteralType) else "is not"
    return InputError(path, f"{described(value)} {verb} {expected}")


def _metadata(node: inspect.Metadata, value: object, path: str) -> Iterator[InputError]:
    if list(_errors(node.type, value, path)):
        expected = _expected(node)
        names = [name for name in expected.partition("one of ")[2].split(", ") if name]
        yield _error(node.type, expected + _meant(value, names), value, path)


def _meant(value: object, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(value)[:100], names, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _list(node: inspect.ListType, value: object, path: str) -> Iterator[InputError]:
    if not isinstance(value, list):
        yield from _leaf(node, value, path)
        return
    if len(value) < (node.min_length or 0):
        yield InputError(path, "an empty list is not a list with something in it")
    for index, item in enumerate(value):
        yield from _errors(node.item_type, item, join(path, index))


def _dict(node: inspect.DictType, value: object, path: str) -> Iterator[InputError]:
    if not isinstance(value, dict):
        yield from _leaf(node, value, path)
        return
    for key, item in value.items():
        where = join(path, key)
        yield from _errors(node.key_type, key, where)
        yield from _errors(node.value_type, item, where)


def _struct(node: inspect.StructType, value: object, path: str) -> Iterator[InputError]:
    if not isinstance(value, dict):
        yield InputError(path, f"{described(value)} is not an object")
        return
    errors = list(_fields(node, value, path))
    yield from errors
    if not errors:
        try:
            msgspec.convert(value, node.cls)
        except msgspec.ValidationError as error:  # raised by the struct's own __post_init__
            text = str(error).split(" - at `")[0]
            name, colon, reason = text.partition(": ")
            if colon and any(name == field.encode_name for field in node.fields):
                yield InputError(join(path, name), reason)
            else:
                yield InputError(path, text)


def _fields(
    node: inspect.StructType, value: Mapping[str, object], path: str
) -> Iterator[InputError]:
    fields = {field.encode_name: field for field in node.fields}
    tags = {node.tag_field: node.tag} if node.tag_field else {}
    for name, tag in tags.items():
        if value.get(name, tag) != tag:
            yield InputError(join(path, name), f"{described(value[name])} is none of {tag}")
    for name, field in fields.items():
        if name in value:
            yield from _errors(field.type, value[name], join(path, name))
        elif field.required:
            yield InputError(join(path, name), f"missing; {_expected(field.type)} is wanted")
    for name in value:
        if name in fields or name in tags:
            continue
        yield InputError(join(path, name), unknown(name, [*tags, *fields]))


def _union(node: inspect.UnionType, value: object, path: str) -> Iterator[InputError]:
    """The errors of the one member of the value's own JSON kind, or that no member fits."""
    members = [member for member in node.types if not isinstance(member, inspect.NoneType)]
    alike = [member for member in members if _same_kind(member, value)]
    if value is None and len(members) < len(node.types):
        return
    if len(members) == 1:
        alike = members
    tagged = {member.tag: member for member in alike if isinstance(member, inspect.StructType)}
    if isinstance(value, dict) and len(tagged) > 1:
        yield from _tagged(tagged, value, path)
    elif len(alike) == 1:
        yield from _errors(alike[0], value, path)
    elif all(list(_errors(member, value, path)) for member in members):
        yield InputError(path, f"{described(value)} is not {_expected(node)}")


def _tagged(
    members: Mapping[str | int | None, inspect.StructType],
    value: Mapping[str, object],
    path: str,
) -> Iterator[InputError]:
    """The errors of the member that the tag of *value* names, or those of the tag."""
    field = str(next(iter(members.values())).tag_field)
    tags = [str(tag) for tag in members]
    where, tag = join(path, field), value.get(field)
    if field not in value:
        yield InputError(where, f"missing; one of {', '.join(tags)} is wanted")
    elif isinstance(tag, str) and tag in members:
        yield from _errors(members[tag], value, path)
    else:
        yield InputError(where, f"{described(tag)} is none of {', '.join(tags)}{_meant(tag, tags)}")


_WALKS: dict[type[inspect.Type], Any] = {
    inspect.Metadata: _metadata,
    inspect.ListType: _list,
    inspect.DictType: _dict,
    inspect.StructType: _struct,
    inspect.UnionType: _union,
}


def _same_kind(node: inspect.Type, value: object) -> bool:
    match node:
        case inspect.StructType() | inspect.DictType():
            return isinstance(value, dict)
        case inspect.ListType():
            return isinstance(value, list)
    return False


def _fits(node: inspect.Type, value: object) -> bool:
    match node:
        case inspect.AnyType():
            return True
        case inspect.NoneType():
            return value is None
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.LiteralType(values=values):
            return any(value == item and type(value) is type(item) for item in values)
        case inspect.StrType():
            return isinstance(value, str) and _text_fits(node, value)
        case inspect.IntType(ge=low, le=high):
            return type(value) is int and _within(low, value, high)
        case inspect.FloatType(ge=low, gt=over, le=high) if type(value) in (int, float):
            number: Any = value
            return _within(low, number, high) and (over is None or number > over)
    return False


def _within(low: float | None, value: float, high: float | None) -> bool:
    return (low is None or low <= value) and (high is None or value <= high)


def _text_fits(node: inspect.StrType, value: str) -> bool:
    return _within(node.min_length, len(value), node.max_length) and (
        node.pattern is None or re.search(node.pattern, value) is not None
    )


def _expected(node: inspect.Type) -> str:
    """What is expected, as a phrase to follow "is not"."""
    match node:
        case inspect.Metadata(extra_json_schema={"description": str(description)}):
            return description
        case inspect.NoneType():
            return "null"
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType(values=values):
            return ", ".join(map(str, values))
        case inspect.IntType(ge=low, le=high):
            return f"an integer{_range(low, high)}"
        case inspect.FloatType(ge=low, le=high):
            return f"a number{_range(low, high)}"
        case inspect.StrType(min_length=least):
            return "a string that is not empty" if least else "a string"
        case inspect.ListType():
            return "a list"
        case inspect.UnionType(types=types):
            members = (_expected(kind) for kind in types if not isinstance(kind, inspect.NoneType))
            return " or ".join(dict.fromkeys(members))
    return "an object"


def _range(low: float | None, high: float | None) -> str:
    if high is None:
        return "" if low is None else f" of at least {low}"
    return f" from {low} to {high}"
