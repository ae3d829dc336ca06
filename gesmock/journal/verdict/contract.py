"""Contract: what requests do that the service's OpenAPI document does not have.

The service is lenient about some of it, and gesmock answers as the service does.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from gesmock.journal.entries import LONGEST_BODY, Entry
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.findings import Finding, finding
from gesmock.journal.verdict.traffic import Traffic
from gesmock.model.secrets import is_storage_key

if TYPE_CHECKING:
    from gesmock.contract.nodes import Node


class Breach(NamedTuple):
    """What is wrong with a request; *pointer* leads to the part of the document it breaks."""

    code: str
    message: str
    pointer: str


def check(traffic: Traffic, _config: VerdictConfig) -> Iterator[Finding]:
    """A finding for each breach, whatever the number of requests that have it."""
    grouped: dict[tuple[str | None, Breach], list[Entry]] = {}
    for entry in traffic.all_entries:
        for breach in breaches(entry):
            grouped.setdefault((entry.operation or entry.path, breach), []).append(entry)
    for (_, breach), entries in grouped.items():
        message = f"{breach.message}: {entries[0]}; see {breach.pointer} of /openapi.json"
        yield finding(breach.code, message, entries)


def breaches(entry: Entry) -> list[Breach]:
    """What is wrong with the request of *entry*; nothing, if it is not for the service."""
    return [*_breaches(entry)] if entry.path.startswith("/ges/") else []


def _breaches(entry: Entry) -> Iterator[Breach]:
    if not {"x-auth-token", "authorization"} & entry.headers.keys():
        token = "#/components/securitySchemes/token"  # noqa: S105 a pointer
        yield Breach("GM307", "the request has neither an X-Auth-Token nor a signature", token)
    path = next((path for path in _paths() if path.pattern.fullmatch(entry.path)), None)
    if path is None:
        yield Breach("GM301", f"{entry.path} is not a URL of the service", "#/paths")
        return
    method = "GET" if entry.method == "HEAD" else entry.method
    operation = path.item.get(method.lower())
    if operation is None:
        methods = ", ".join(name.upper() for name in path.item if name != "parameters")
        yield Breach("GM302", f"{entry.method} is none of {methods}", path.pointer)
        return
    pointer = f"{path.pointer}/{method.lower()}"
    match = path.pattern.fullmatch(entry.path)
    yield from _parameters(entry, path, operation, pointer, match.groupdict() if match else {})
    yield from _bodies(entry, operation, pointer)


# --- Parameters ---------------------------------------------------------------------------------


def _parameters(
    entry: Entry, path: "_Path", operation: "Node", pointer: str, args: Mapping[str, str]
) -> Iterator[Breach]:
    parameters: dict[str, tuple[str, Node]] = {}
    for parent, listed in (
        (path.pointer, path.item["parameters"]),
        (pointer, operation["parameters"]),
    ):
        for number, node in enumerate(listed):
            reference = node.get("$ref", f"{parent}/parameters/{number}")
            parameter = _resolved(node)
            parameters[f"{parameter['in']} {parameter['name']}"] = reference, parameter
    for name, value in args.items():
        yield from _typed(*parameters[f"path {name}"], value)
    for name, value in entry.query.items():
        if f"query {name}" in parameters:
            yield from _typed(*parameters[f"query {name}"], value)
        else:
            message = f"{name} is not a parameter of this call"
            yield Breach("GM304", message, f"{pointer}/parameters")
    for reference, parameter in parameters.values():
        if parameter.get("required") and parameter["in"] == "query":
            name = parameter["name"]
            if name not in entry.query:
                yield Breach("GM303", f"{name} is missing", reference)


def _typed(reference: str, parameter: "Node", value: str) -> Iterator[Breach]:
    schema, name = parameter["schema"], parameter["name"]
    whole = schema["type"] == "integer"
    typed: Any = int(value) if whole and re.fullmatch(r"-?[0-9]{1,18}", value) else value
    if error := _errors(f"{reference}/schema")(typed):
        code = "GM303" if name == "action_id" else "GM305"
        yield Breach(code, f"{name}={value} {error.removeprefix('data ')}", reference)


# --- Bodies -------------------------------------------------------------------------------------


def _bodies(entry: Entry, operation: "Node", pointer: str) -> Iterator[Breach]:
    length = entry.headers.get("content-length", "")
    sent = entry.body is not None or length.strip("0").isdecimal()
    if sent:
        kind = entry.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            message = f"the Content-Type is {kind}" if kind else "the body has no Content-Type"
            where = f"{pointer}/requestBody/content" if "requestBody" in operation else pointer
            yield Breach("GM306", message, where)
    calls = [
        call
        for call in operation.get("x-calls", ())
        if "body" in call and call["query"].get("action_id") in (None, entry.query.get("action_id"))
    ]
    if not calls:
        return
    references = [call["body"]["$ref"] for call in calls]
    if entry.body is None:
        if "transfer-encoding" in entry.headers:  # there is no telling whether it had a body
            return
        if sent and int(length) <= LONGEST_BODY:
            yield Breach("GM308", "the body is not JSON", references[0])
        elif not sent and all(call["bodyRequired"] for call in calls):
            yield Breach("GM308", "the body is missing", references[0])
        return
    errors = [_errors(reference)(entry.body) for reference in references]
    if all(errors):
        message = re.sub(r"^data\b\.?", "the body ", f"{errors[0]}").replace("  ", " ")
        yield Breach("GM308", message, references[0])


@cache
def _errors(reference: str) -> Callable[[Any], str | None]:
    """A function that says why a value breaks the schema at *reference*."""
    import fastjsonschema  # most runs never check a contract

    schema = _without_secrets(_resolved({"$ref": reference}))
    validate = fastjsonschema.compile(schema, use_default=False)

    def error(value: Any) -> str | None:
        try:
            validate(value)
        except fastjsonschema.JsonSchemaValueException as error:
            return str(error.message)
        return None

    return error


def _without_secrets(schema: Any) -> Any:
    """*schema* without a demand for storage keys, which the journal does not record."""
    match schema:
        case dict():
            copy = {name: _without_secrets(item) for name, item in schema.items()}
            if isinstance(copy.get("required"), list):
                copy["required"] = [name for name in copy["required"] if not is_storage_key(name)]
            return copy
        case list():
            return [_without_secrets(item) for item in schema]
    return schema


# --- The document -------------------------------------------------------------------------------


class _Path(NamedTuple):
    """A path of the document, and the URLs that it stands for."""

    pattern: re.Pattern[str]
    pointer: str
    item: "Node"


@cache
def _paths() -> tuple[_Path, ...]:
    """Every path, those with fewer names in braces first: ``jobs/status`` is not a job."""
    paths = sorted(_document()["paths"].items(), key=lambda path: path[0].count("{"))
    return tuple(
        _Path(
            re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))),
            "#/paths/" + path.replace("~", "~0").replace("/", "~1"),
            item,
        )
        for path, item in paths
    )


@cache
def _document() -> "Node":
    from gesmock.contract.document import service_document

    return service_document()


def _resolved(node: "Node") -> "Node":
    reference = node.get("$ref")
    if reference is None:
        return node
    target: Any = _document()
    for escaped in reference.removeprefix("#/").split("/"):
        name = escaped.replace("~1", "/").replace("~0", "~")
        target = target[int(name)] if isinstance(target, list) else target[name]
    resolved: Node = target
    return resolved
