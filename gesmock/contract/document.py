"""The service's OpenAPI document: ``openapi.json``, the other calls, and what settings change.

``openapi.json`` has the operations on jobs, read with the default settings, and what all operations
share. A part with an ``x-edition`` is only in the documents of that edition.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from gesmock.contract import submissions
from gesmock.contract.parts import Node, RefusalResponses, ref
from gesmock.model.replies import ID_KEYS
from gesmock.model.settings import Settings
from gesmock.model.types import Edition

_FILE: Final = Path(__file__).with_name("openapi.json")


def service_document(
    settings: Settings | None = None,
    *,
    signed_in: bool = True,
    editions: Collection[Edition] = (),
    names: Mapping[str, str] | None = None,
) -> Node:
    """The whole document, read as *settings* say; each call returns a new one.

    It covers graphs of these *editions* (default: that of the settings). If the settings are not
    strict about editions, it also has the calls that only the other edition documents. *signed_in*
    says whether the server requires a token, as the service does. *names* replace the page's
    examples of the names in paths, by parameter.
    """
    settings = settings or Settings()
    chosen = frozenset(editions or (settings.edition,))
    document: Node = msgspec.json.decode(_encoded(settings, chosen))
    if not signed_in:
        document["security"].append({})
    for name, example in (names or {}).items():
        document["components"]["parameters"][name]["example"] = example
    return document


@lru_cache(8)
def _encoded(settings: Settings, editions: Collection[Edition]) -> bytes:
    """The document for *settings* and *editions*, encoded: each reader decodes its own copy."""
    document: Node = msgspec.json.decode(_FILE.read_bytes())
    components = document["components"]
    refused = RefusalResponses(components.pop("responses"), document.pop("refusals"), settings)
    for operation in _operations(document):
        examples = refused.examples(operation.pop("refusals"))
        operation["responses"] |= refused.responses(examples)
        if not settings.strict_edition:
            operation.pop("x-edition", None)
    calls = submissions.served_calls(editions, strict=settings.strict_edition)
    answers, link = document.pop("answers"), document.pop("link")
    for path, item in submissions.paths(calls, answers, link, refused).items():
        document["paths"].setdefault(path, {}).update(item)
    components["schemas"] |= submissions.schemas(calls)
    _apply_limits(components, settings)
    _apply_id_keys(document, settings)
    _apply_refusal_keys(components["schemas"]["Refusal"], settings)
    return msgspec.json.encode(_finished(_of_editions(document, editions, components["schemas"])))


def _finished(document: Node) -> Node:
    """*document* with headers in each response, and without unused components and links."""
    components = document["components"]
    document["paths"] = {path: item for path, item in sorted(document["paths"].items()) if item}
    operations = {operation["operationId"] for operation in _operations(document)}
    for response in _responses(document):
        response["headers"] = {name: ref("headers", name) for name in components["headers"]}
        links = response.pop("links", {}).items()
        if served := {name: it for name, it in links if it["operationId"] in operations}:
            response["links"] = served
    unused: Iterable[tuple[str, str]] | None = None
    while unused is None or unused:
        text = msgspec.json.encode(document).decode()
        unused = [
            (kind, name)
            for kind in ("schemas", "parameters")
            for name in components[kind]
            if f'"#/components/{kind}/{name}"' not in text
        ]
        for kind, name in unused:
            del components[kind][name]
    return document


# --- What editions change -------------------------------------------------------------------------


def _of_editions(node: Any, editions: Collection[Edition], schemas: Node) -> Any:
    """*node* without what none of *editions* has, and without references to such *schemas*."""
    if isinstance(node, list):
        return [
            _of_editions(item, editions, schemas)
            for item in node
            if _is_of(item, editions, schemas)
        ]
    if not isinstance(node, dict):
        return node
    part = {
        name: _of_editions(item, editions, schemas)
        for name, item in node.items()
        if _is_of(item, editions, schemas)
    }
    if len(part.get("anyOf", ())) == 1 < len(node["anyOf"]):
        return part["anyOf"][0]
    return part


def _is_of(node: Any, editions: Collection[Edition], schemas: Node) -> bool:
    if not isinstance(node, dict):
        return True
    target = schemas.get(str(node.get("$ref")).rpartition("/")[2], {})
    edition = node.get("x-edition") or target.get("x-edition")
    return edition is None or edition in editions


# --- What settings change -------------------------------------------------------------------------


def _apply_limits(components: Node, settings: Settings) -> None:
    """Set what ``limit`` may be, and how many jobs are returned at most.

    The page has one number, 100000, for the default and the maximum; any other is inferred.
    """
    limit = components["parameters"]["limit"]["schema"]
    if settings.limit_zero == "refuse":
        limit["minimum"] = 1
    if settings.limit_over_maximum == "refuse":
        limit["maximum"] = settings.maximum_limit
        limit["x-inferred"].remove("maximum")
    if settings.maximum_limit != limit["default"]:
        limit["default"] = settings.maximum_limit
        limit["x-inferred"] = ["default", "maximum", "minimum"]
        for name in ("JobList", "MemoryJobList"):
            jobs = components["schemas"][name]["properties"]["jobs"]
            jobs |= {"maxItems": settings.maximum_limit, "x-inferred": ["maxItems"]}


def _apply_id_keys(document: Node, settings: Settings) -> None:
    """Put the id of listed jobs under the keys that *settings* name."""
    keys = ID_KEYS[settings.id_key]
    for name in ("Job", "MemoryJob"):
        schema = document["components"]["schemas"][name]
        schema["required"][:1] = keys
        schema["properties"] = _renamed(schema["properties"], keys)
    for response in _responses(document):
        for body in _examples(response):
            if "jobs" in body:
                body["jobs"] = [_renamed(job, keys) for job in body["jobs"]]
                job_id = f"$response.body#/jobs/0/{keys[0]}"
                for link in response["links"].values():
                    link["parameters"]["job_id"] = job_id


def _renamed(job: Node, keys: Sequence[str]) -> Node:
    """*job* with the value of ``jobId``, its first key, under these *keys*."""
    fields = {name: value for name, value in job.items() if name != "jobId"}
    return {**dict.fromkeys(keys, job["jobId"]), **fields}


def _apply_refusal_keys(schema: Node, settings: Settings) -> None:
    """Require the further keys of a refusal that *settings* name."""
    if settings.failed_result:
        schema["required"].append("result")
    if settings.sdk_error_keys:
        schema["required"] += ["error_code", "error_msg"]
        source = "not the service's: the keys that the vendor's SDK core reads"
        key = {"type": "string", "x-source": source, "x-fidelity": "inferred"}
        schema["properties"] |= {"error_code": key, "error_msg": key}


def _operations(document: Node) -> Iterator[Node]:
    for path in document["paths"].values():
        yield from path.values()


def _responses(document: Node) -> Iterator[Node]:
    for operation in _operations(document):
        yield from operation["responses"].values()


def _examples(response: Node) -> list[Node]:
    examples = response["content"]["application/json"].get("examples", {})
    return [example["value"] for example in examples.values()]
