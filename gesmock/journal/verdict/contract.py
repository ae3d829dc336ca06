"""Contract: how requests breach the service's OpenAPI document.

The service accepts some breaches, and so does gesmock.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

from gesmock.journal.entries import LONGEST_BODY, Entry
from gesmock.journal.verdict.findings import Evidence, VerdictConfig
from gesmock.journal.verdict.traffic import Traffic
from gesmock.model import validation
from gesmock.model.secrets import copied, is_storage_key
from gesmock.model.types import Edition

if TYPE_CHECKING:
    from gesmock.contract.parts import Node


_REFUSED: Final = 400
"""The status with which the service refuses a parameter or a body."""


class Breach(NamedTuple):
    """What is wrong with a request; *pointer* leads to the part of the document that it breaches.

    *accepted*: the service accepts it anyway. Other breaches are refused, which the client learns
    from the answer: they are reported only under ``contract="all"``.
    """

    code: str
    message: str
    pointer: str
    accepted: bool = False


def check(code: str, traffic: Traffic, config: VerdictConfig) -> Iterator[Evidence]:
    """One finding for each breach with this *code*, however many requests have it."""
    for breach, entries in traffic.once(_by_breach):
        if breach.code == code and (breach.accepted or config.contract == "all"):
            message = f"{breach.message}: {entries[0]}; see {breach.pointer} in /openapi.json"
            yield Evidence(message, entries)


def _by_breach(traffic: Traffic) -> Iterable[tuple[Breach, list[Entry]]]:
    grouped: dict[tuple[str, Breach], list[Entry]] = {}
    for entry in traffic.all_entries:
        for breach in breaches(entry):
            grouped.setdefault((entry.operation or entry.path, breach), []).append(entry)
    return ((breach, entries) for (_, breach), entries in grouped.items())


def breaches(entry: Entry) -> Iterator[Breach]:
    """What is wrong with the request of *entry*; nothing if it is not for the service."""
    if not entry.path.startswith("/ges/"):
        return
    if not {"x-auth-token", "authorization"} & entry.headers.keys():
        token = "#/components/securitySchemes/token"  # noqa: S105 a pointer
        yield Breach("GM307", "the request has neither an X-Auth-Token nor a signature", token)
    paths = ((pattern.fullmatch(entry.path), path, item) for pattern, path, item in _paths())
    match, path, item = next((row for row in paths if row[0]), (None, "", {}))
    if match is None:
        yield Breach("GM301", f"{entry.path} is not a URL of the service", "#/paths")
        return
    method = "get" if entry.method == "HEAD" else entry.method.lower()
    if method not in item:
        methods = ", ".join(map(str.upper, item))
        yield Breach("GM302", f"the method is {entry.method}, expected {methods}", path)
        return
    pointer = f"{path}/{method}"
    parameters = _parameters(pointer)
    for name, value in match.groupdict().items():
        yield from _typed(*parameters[f"path {name}"], value)
    for name, value in entry.query.items():
        if f"query {name}" in parameters:
            reference, parameter = parameters[f"query {name}"]
            yield from _typed(reference, parameter, value) or _large(reference, parameter, entry)
        else:
            message = f"{name} is not a parameter of this call"
            yield Breach("GM304", message, f"{pointer}/parameters", accepted=True)
    for reference, parameter in parameters.values():
        name = parameter["name"]
        if parameter.get("required") and parameter["in"] == "query" and name not in entry.query:
            yield Breach("GM303", f"{name} is missing", reference)
    yield from _bodies(entry, item[method], pointer)


def _typed(reference: str, parameter: "Node", value: str) -> list[Breach]:
    name, whole = parameter["name"], parameter["schema"]["type"] == "integer"
    typed: Any = int(value) if whole and re.fullmatch(r"-?[0-9]{1,18}", value) else value
    if error := _error(f"{reference}/schema", typed):
        code = "GM303" if name == "action_id" else "GM305"
        return [Breach(code, f"{name}={value} {error.removeprefix('data ')}", reference)]
    return []


def _large(reference: str, parameter: "Node", entry: Entry) -> Iterator[Breach]:
    """A breach if this is a ``limit`` above its default, which the page has as the maximum too."""
    name = parameter["name"]
    if name == "limit" and int(entry.query[name]) > (most := parameter["schema"]["default"]):
        message = f"{name}={entry.query[name]} is above {most}, the documented maximum"
        yield Breach("GM305", message, reference, accepted=entry.status != _REFUSED)


def _bodies(entry: Entry, operation: "Node", pointer: str) -> Iterator[Breach]:
    length = entry.headers.get("content-length", "")
    sent = entry.body is not None or length.strip("0").isdecimal()
    kind = entry.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent and kind != "application/json":
        message = f"the Content-Type is {kind}" if kind else "the body has no Content-Type"
        message += ", expected application/json"
        where = f"{pointer}/requestBody/content" if "requestBody" in operation else pointer
        yield Breach("GM306", message, where, accepted=True)
    calls = [
        call
        for call in operation.get("x-calls", ())
        if "body" in call and call["query"].get("action_id") in (None, entry.query.get("action_id"))
    ]
    if not calls:
        return
    references = [call["body"]["$ref"] for call in calls]
    if entry.body is not None:
        errors = [_error(reference, entry.body) for reference in references]
        if all(errors):
            message = re.sub(r"^data\b\.?", "the body ", f"{errors[0]}").replace("  ", " ")
            yield Breach("GM308", message, references[0])
        for key, names in _unknown_keys(entry.body, calls):
            message = f"{key} in the body: {validation.unknown_key(key.rpartition('.')[2], names)}"
            yield Breach("GM308", message, references[0], accepted=entry.status != _REFUSED)
    elif "transfer-encoding" in entry.headers:
        return  # there is no telling whether it had a body
    elif sent and int(length) <= LONGEST_BODY:
        yield Breach("GM308", "the body is not JSON", references[0])
    elif not sent and all(call["bodyRequired"] for call in calls):
        yield Breach("GM308", "the body is missing", references[0])


def _unknown_keys(body: Any, calls: Iterable["Node"]) -> Iterator[tuple[str, list[str]]]:
    """Each key of *body* that none of *calls* has, and the known ones at its level.

    Nothing if not all keys of each call are documented; see ``DocumentedCall.keys``.
    """
    levels: dict[str, list[str]] = {}
    for call in calls:
        if not call["keys"]:
            return
        for key in call["keys"]:
            level, dot, name = key.rpartition(".")
            names = levels.setdefault(f"{level}{dot}", [])
            if name not in names:
                names.append(name)
    values = [("", body)]
    for level, value in values:  # grows meanwhile
        for name, item in value.items() if isinstance(value, dict) else ():
            if name not in levels[level]:
                yield f"{level}{name}", levels[level]
            several = isinstance(item, list)
            if (below := f"{level}{name}{'[]' * several}.") in levels:
                values += [(below, each) for each in (item if several else [item])]


def _error(reference: str, value: Any) -> str | None:
    """How *value* breaks the schema at *reference*; None if it does not."""
    try:
        _validator(reference)(value)
    except ValueError as error:  # fastjsonschema's own class would have to be imported
        return str(error)
    return None


@cache
def _validator(reference: str) -> Callable[[Any], Any]:
    import fastjsonschema  # most runs never check a contract

    schema = copied(_at(reference), _with_optional_storage_keys)
    validator: Callable[[Any], Any] = fastjsonschema.compile(schema, use_default=False)
    return validator


def _with_optional_storage_keys(schema: "Node") -> "Node":
    """*schema*, requiring no storage keys: the journal does not record them."""
    required = schema.get("required")
    if not isinstance(required, list):
        return schema.copy()
    return {**schema, "required": [name for name in required if not is_storage_key(name)]}


# --- The document ---


@cache
def _paths() -> list[tuple[re.Pattern[str], str, "Node"]]:
    """The pattern of each path's URLs, a pointer to the path, and its operations.

    Paths with fewer names in braces come first: ``jobs/status`` is not a job.
    """
    paths = sorted(_document()["paths"].items(), key=lambda path: path[0].count("{"))
    return [
        (
            re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))),
            "#/paths/" + path.replace("~", "~0").replace("/", "~1"),
            item,
        )
        for path, item in paths
    ]


@cache
def _parameters(pointer: str) -> Mapping[str, tuple[str, "Node"]]:
    """The parameters of an operation, as ``query limit``, each with a pointer to it."""
    return {
        f"{parameter['in']} {parameter['name']}": (reference, parameter)
        for number, node in enumerate(_at(pointer)["parameters"])
        for reference in [node.get("$ref", f"{pointer}/parameters/{number}")]
        for parameter in [_at(reference)]
    }


@cache
def _document() -> "Node":
    from gesmock.contract.document import service_document

    return service_document(editions=get_args(Edition))


def _at(pointer: str) -> Any:
    target: Any = _document()
    for escaped in pointer.removeprefix("#/").split("/"):
        name = escaped.replace("~1", "/").replace("~0", "~")
        target = target[int(name)] if isinstance(target, list) else target[name]
    return target
