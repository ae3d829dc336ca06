"""Flaws: what is wrong with a JSON value that is held against a msgspec type, all of it.

A walk over value and type, one function a kind of node, in a table. It says what was seen and what
would be right; msgspec itself stops at the first flaw.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import inspect

from gesmock.model import validation
from gesmock.model.errors import Flaw


def flaws(type_: Any, value: object, path: str) -> Iterator[Flaw]:
    """The flaws of *value*, as a JSON decoder returns it, as a *type_*."""
    yield from _found(inspect.type_info(type_), value, path)


def _found(node: inspect.Type, value: object, path: str) -> Iterator[Flaw]:
    yield from _WALKS.get(type(node), _leaf)(node, value, path)


def _leaf(node: inspect.Type, value: object, path: str) -> Iterator[Flaw]:
    if not _fits(node, value):
        yield _flaw(node, _wanted(node), value, path)


def _flaw(node: inspect.Type, wanted: str, value: object, path: str) -> Flaw:
    verb = "is none of" if isinstance(node, inspect.LiteralType) else "is not"
    return Flaw(path, f"{validation.shown(value)} {verb} {wanted}")


def _described(node: inspect.Metadata, value: object, path: str) -> Iterator[Flaw]:
    if list(_found(node.type, value, path)):
        wanted = _wanted(node)
        names = [name for name in wanted.partition("one of ")[2].split(", ") if name]
        yield _flaw(node.type, wanted + _meant(value, names), value, path)


def _meant(value: object, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(value)[:100], names, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _list(node: inspect.ListType, value: object, path: str) -> Iterator[Flaw]:
    if not isinstance(value, list):
        yield from _leaf(node, value, path)
        return
    if len(value) < (node.min_length or 0):
        yield Flaw(path, "an empty list is not a list with something in it")
    for index, item in enumerate(value):
        yield from _found(node.item_type, item, validation.join(path, index))


def _dict(node: inspect.DictType, value: object, path: str) -> Iterator[Flaw]:
    if not isinstance(value, dict):
        yield from _leaf(node, value, path)
        return
    for key, item in value.items():
        where = validation.join(path, key)
        yield from _found(node.key_type, key, where)
        yield from _found(node.value_type, item, where)


def _struct(node: inspect.StructType, value: object, path: str) -> Iterator[Flaw]:
    if not isinstance(value, dict):
        yield Flaw(path, f"{validation.shown(value)} is not an object")
        return
    found = list(_fields(node, value, path))
    yield from found
    if not found:
        try:
            msgspec.convert(value, node.cls)
        except msgspec.ValidationError as error:  # raised by the struct's own __post_init__
            text = str(error).split(" - at `")[0]
            name, colon, reason = text.partition(": ")
            if colon and any(name == field.encode_name for field in node.fields):
                yield Flaw(validation.join(path, name), reason)
            else:
                yield Flaw(path, text)


def _fields(node: inspect.StructType, value: Mapping[str, object], path: str) -> Iterator[Flaw]:
    fields = {field.encode_name: field for field in node.fields}
    tags = {node.tag_field: node.tag} if node.tag_field else {}
    for name, tag in tags.items():
        if value.get(name, tag) != tag:
            yield Flaw(
                validation.join(path, name), f"{validation.shown(value[name])} is none of {tag}"
            )
    for name, field in fields.items():
        if name in value:
            yield from _found(field.type, value[name], validation.join(path, name))
        elif field.required:
            yield Flaw(validation.join(path, name), f"missing; {_wanted(field.type)} is wanted")
    for name in value:
        if name in fields or name in tags:
            continue
        yield Flaw(validation.join(path, name), validation.unknown(name, [*tags, *fields]))


def _union(node: inspect.UnionType, value: object, path: str) -> Iterator[Flaw]:
    """The flaws of the one member of the value's own JSON kind, or that no member fits."""
    members = [member for member in node.types if not isinstance(member, inspect.NoneType)]
    alike = [member for member in members if _same_kind(member, value)]
    if value is None and len(members) < len(node.types):
        return
    if len(members) == 1:
        alike = members
    tagged = {one.tag: one for one in alike if isinstance(one, inspect.StructType)}
    if isinstance(value, dict) and len(tagged) > 1:
        yield from _tagged(tagged, value, path)
    elif len(alike) == 1:
        yield from _found(alike[0], value, path)
    elif all(list(_found(member, value, path)) for member in members):
        yield Flaw(path, f"{validation.shown(value)} is not {_wanted(node)}")


def _tagged(
    members: Mapping[str | int | None, inspect.StructType],
    value: Mapping[str, object],
    path: str,
) -> Iterator[Flaw]:
    """The flaws of the member that the tag of *value* names, or those of the tag."""
    field = str(next(iter(members.values())).tag_field)
    known = [str(tag) for tag in members]
    where, tag = validation.join(path, field), value.get(field)
    if field not in value:
        yield Flaw(where, f"missing; one of {', '.join(known)} is wanted")
    elif isinstance(tag, str) and tag in members:
        yield from _found(members[tag], value, path)
    else:
        shown = validation.shown(tag)
        yield Flaw(where, f"{shown} is none of {', '.join(known)}{_meant(tag, known)}")


_WALKS: dict[type[inspect.Type], Any] = {
    inspect.Metadata: _described,
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
            return any(value == one and type(value) is type(one) for one in values)
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


def _wanted(node: inspect.Type) -> str:
    """What would be right, to stand behind "is not"."""
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
            members = (_wanted(one) for one in types if not isinstance(one, inspect.NoneType))
            return " or ".join(dict.fromkeys(members))
    return "an object"


def _range(low: float | None, high: float | None) -> str:
    if high is None:
        return "" if low is None else f" of at least {low}"
    return f" from {low} to {high}"
