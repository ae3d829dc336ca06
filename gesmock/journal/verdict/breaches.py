"""Breaches: what a request does that the service's document does not have.

A pure function of a journal entry. It answers nothing: the service itself is lenient about much of
it, and gesmock answers as the service does.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import fastjsonschema

from gesmock.contract.document import service_document
from gesmock.contract.nodes import Node
from gesmock.journal.entries import LONGEST_BODY, Entry
from gesmock.journal.verdict.contract import Breach
from gesmock.model.secrets import is_storage_key


def breaches(entry: Entry) -> list[Breach]:
    """What the request of *entry* does that the service's document does not have."""
    if not entry.path.startswith("/ges/"):
        return []
    return [*_breaches(entry)]


def _breaches(entry: Entry) -> Iterator[Breach]:
    if not {"x-auth-token", "authorization"} & entry.headers.keys():
        token = "#/components/securitySchemes/token"  # noqa: S105 a pointer
        yield Breach("GM307", "neither X-Auth-Token nor a signature is sent", token)
    path = next((one for one in _paths() if one.pattern.fullmatch(entry.path)), None)
    if path is None:
        yield Breach("GM301", f"{entry.path} is no URL of the service", "#/paths")
        return
    method = "GET" if entry.method == "HEAD" else entry.method
    operation = path.item.get(method.lower())
    if operation is None:
        known = ", ".join(one.upper() for one in path.item if one != "parameters")
        yield Breach("GM302", f"{entry.method} is none of {known}", path.pointer)
        return
    pointer = f"{path.pointer}/{method.lower()}"
    match = path.pattern.fullmatch(entry.path)
    places = match.groupdict() if match else {}
    yield from _parameters(entry, path, operation, pointer, places)
    yield from _bodies(entry, operation, pointer)


# --- Parameters ---------------------------------------------------------------------------------


def _parameters(
    entry: Entry, path: "_Path", operation: Node, pointer: str, places: Mapping[str, str]
) -> Iterator[Breach]:
    known: dict[str, tuple[str, Node]] = {}
    for place, listed in (
        (path.pointer, path.item["parameters"]),
        (pointer, operation["parameters"]),
    ):
        for number, one in enumerate(listed):
            reference = one.get("$ref", f"{place}/parameters/{number}")
            parameter = _resolved(one)
            known[f"{parameter['in']} {parameter['name']}"] = reference, parameter
    for name, value in places.items():
        yield from _typed(known[f"path {name}"], value)
    for name, value in entry.query.items():
        if f"query {name}" in known:
            yield from _typed(known[f"query {name}"], value)
        else:
            yield Breach("GM304", f"{name} is no parameter of it", f"{pointer}/parameters")
    for reference, parameter in known.values():
        if parameter.get("required") and parameter["in"] == "query":
            name = parameter["name"]
            if name not in entry.query:
                yield Breach("GM303", f"{name} is missing", reference)


def _typed(found: tuple[str, Node], value: str) -> Iterator[Breach]:
    reference, parameter = found
    schema, name = parameter["schema"], parameter["name"]
    whole = schema["type"] == "integer"
    typed: Any = int(value) if whole and re.fullmatch(r"-?[0-9]{1,18}", value) else value
    try:
        _compiled(reference)(typed)
    except fastjsonschema.JsonSchemaValueException as error:
        code = "GM303" if name == "action_id" else "GM305"
        yield Breach(code, f"{name}={value} {error.message.removeprefix('data ')}", reference)


# --- Bodies -------------------------------------------------------------------------------------


def _bodies(entry: Entry, operation: Node, pointer: str) -> Iterator[Breach]:
    length = entry.headers.get("content-length", "")
    sent = entry.body is not None or length.strip("0").isdecimal()
    if sent:
        kind = entry.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            told = f"its Content-Type is {kind}" if kind else "it has no Content-Type"
            where = f"{pointer}/requestBody/content" if "requestBody" in operation else pointer
            yield Breach("GM306", told, where)
    calls = [
        call
        for call in operation.get("x-calls", ())
        if call["query"].get("action_id") in (None, entry.query.get("action_id"))
    ]
    wanted = [call for call in calls if "body" in call]
    if not wanted:
        return
    if entry.body is None:
        if "transfer-encoding" in entry.headers:  # how long it was, or whether any, is not known
            return
        if sent and int(length) <= LONGEST_BODY:
            yield Breach("GM308", "its body is no JSON", wanted[0]["body"]["$ref"])
        elif not sent and all(call["bodyRequired"] for call in wanted):
            yield Breach("GM308", "its body is missing", wanted[0]["body"]["$ref"])
        return
    errors = [(_error(call["body"]["$ref"], entry.body), call) for call in wanted]
    if all(error for error, _ in errors):
        error, call = errors[0]
        yield Breach("GM308", str(error), call["body"]["$ref"])


def _error(reference: str, body: Any) -> str | None:
    try:
        _validator(reference)(body)
    except fastjsonschema.JsonSchemaValueException as error:
        message: str = error.message
        return re.sub(r"^data\b\.?", "its body ", message).replace("  ", " ")
    return None


@cache
def _validator(reference: str) -> Any:
    schema = _without_secrets(_resolved({"$ref": reference}))
    return fastjsonschema.compile(schema, use_default=False)


@cache
def _compiled(reference: str) -> Any:
    """What holds a value against the schema of the parameter at *reference*."""
    return fastjsonschema.compile(_resolved({"$ref": reference})["schema"], use_default=False)


def _without_secrets(schema: Any) -> Any:
    """*schema* without what it wants of storage keys, which the journal does not keep."""
    match schema:
        case dict():
            made = {name: _without_secrets(item) for name, item in schema.items()}
            if isinstance(made.get("required"), list):
                made["required"] = [name for name in made["required"] if not is_storage_key(name)]
            return made
        case list():
            return [_without_secrets(item) for item in schema]
    return schema


# --- The document -------------------------------------------------------------------------------


class _Path(NamedTuple):
    """A path of the document, and the URLs that it means."""

    pattern: re.Pattern[str]
    pointer: str
    item: Node


@cache
def _paths() -> tuple[_Path, ...]:
    """Every path, those with fewer places first: ``jobs/status`` is no job."""
    found = sorted(_document()["paths"].items(), key=lambda one: one[0].count("{"))
    return tuple(
        _Path(
            re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))),
            "#/paths/" + path.replace("~", "~0").replace("/", "~1"),
            item,
        )
        for path, item in found
    )


@cache
def _document() -> Node:
    return service_document()


def _resolved(node: Node) -> Node:
    reference = node.get("$ref")
    if reference is None:
        return node
    found: Any = _document()
    for escaped in reference.removeprefix("#/").split("/"):
        name = escaped.replace("~1", "/").replace("~0", "~")
        found = found[int(name)] if isinstance(found, list) else found[name]
    resolved: Node = found
    return resolved
