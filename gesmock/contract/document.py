"""The service's OpenAPI document: ``openapi.json``, the submissions, and what settings change.

``openapi.json`` has the operations on jobs, read with the default settings, and what submissions
share. Responses and examples that operations share stand below its ``components`` and are copied
to where they are referred to, so that each operation of the finished document is complete.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from gesmock.contract import submissions
from gesmock.contract.submissions import Node
from gesmock.model.replies import ID_KEYS
from gesmock.model.settings import Settings

_FILE: Final = Path(__file__).with_name("openapi.json")
_COPIED: Final = ("#/components/responses/", "#/components/examples/")


def service_document(settings: Settings | None = None, *, signed_in: bool = True) -> Node:
    """The whole document, read as *settings* say; each call returns a new one.

    *signed_in* says whether the server requires a token, as the service does.
    """
    settings = settings or Settings()
    document: Node = msgspec.json.decode(_encoded())
    _apply_limits(document["components"], settings)
    _apply_id_keys(document, settings)
    _apply_refusal_keys(document, settings)
    if not signed_in:
        document["security"].append({})
    return document


@cache
def _encoded() -> bytes:
    """The document for the default settings, encoded: each reader decodes its own copy."""
    file = msgspec.json.decode(_FILE.read_bytes())
    document = _inlined(file, file)
    for path, item in submissions.paths(document.pop("submission")).items():
        document["paths"].setdefault(path, {}).update(item)
    document["paths"] = dict(sorted(document["paths"].items()))
    components = document["components"]
    components["schemas"] |= submissions.schemas()
    del components["responses"], components["examples"]
    return msgspec.json.encode(document)


def _inlined(node: Any, document: Node) -> Any:
    """*node* with a copy of each response and example that it refers to."""
    if isinstance(node, list):
        return [_inlined(item, document) for item in node]
    if not isinstance(node, dict):
        return node
    pointer = node.get("$ref", "")
    if pointer.startswith(_COPIED):
        _, _, kind, name = pointer.split("/")
        return _inlined(document["components"][kind][name], document)
    return {name: _inlined(item, document) for name, item in node.items()}


# --- What settings change -------------------------------------------------------------------------


def _apply_limits(components: Node, settings: Settings) -> None:
    """What ``limit`` may be, and how many jobs come back at most.

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
    """The keys under which a listed job has its id."""
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
                response["links"]["show_job"]["parameters"]["job_id"] = job_id


def _renamed(job: Node, keys: Sequence[str]) -> Node:
    """*job* with the value of ``jobId``, its first key, under these *keys*."""
    identity = job.pop("jobId")
    return {**dict.fromkeys(keys, identity), **job}


def _apply_refusal_keys(document: Node, settings: Settings) -> None:
    """The further keys of a refusal."""
    schema = document["components"]["schemas"]["Refusal"]
    refusals = [
        body for it in _responses(document) for body in _examples(it) if "errorCode" in body
    ]
    if settings.failed_result:
        schema["required"].append("result")
        for refusal in refusals:
            refusal["result"] = "failed"
    if settings.sdk_error_keys:
        schema["required"] += ["error_code", "error_msg"]
        source = "not the service's: the keys that the vendor's SDK core reads"
        key = {"type": "string", "x-source": source, "x-fidelity": "inferred"}
        schema["properties"] |= {"error_code": key, "error_msg": key}
        for refusal in refusals:
            refusal["error_code"] = refusal["errorCode"]
            refusal["error_msg"] = refusal["errorMessage"]


def _responses(document: Node) -> Iterator[Node]:
    for path in document["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                yield from operation["responses"].values()


def _examples(response: Node) -> list[Node]:
    examples = response["content"]["application/json"].get("examples", {})
    return [example["value"] for example in examples.values()]
