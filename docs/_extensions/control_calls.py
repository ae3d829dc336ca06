"""The directive ``control-calls``: every call and body of the control API, from its document."""

from collections.abc import Iterator, Mapping
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from gesmock.web.control.document import control_document

_METHODS = ("get", "post", "put", "patch", "delete")
_PREFIX = "/_gesmock/"
_PROJECT = "projects/{project_id}/"


class ControlCalls(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # it reads what no file of the documentation says
        return self.parse_text_to_nodes(markdown(), allow_section_headings=True)


def markdown() -> str:
    return "\n".join(_lines(control_document()))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    schemas = document["components"]["schemas"]
    yield "### Calls"
    yield "| call | does | query | body | answers |"
    yield "| --- | --- | --- | --- | --- |"
    for path, item in document["paths"].items():
        name = path.removeprefix(_PREFIX)
        for method in _METHODS:
            if method in item and not name.startswith(_PROJECT):
                yield _call(f"{method.upper()} {name}", item[method])
    yield ""
    yield "### Bodies and answers"
    for name, schema in schemas.items():
        if "properties" in schema:
            yield from _body(name, schema)


def _call(name: str, operation: Mapping[str, Any]) -> str:
    query = [f"`{each['name']}`" for each in operation["parameters"] if each.get("in") == "query"]
    body = operation.get("requestBody", {}).get("content", {})
    answers = [
        f"{status} {_of(answer.get('content', {}))}".strip()
        for status, answer in operation["responses"].items()
        if status.startswith("2")
    ]
    cells = [f"`{name}`", operation["summary"], ", ".join(query), _of(body), ", ".join(answers)]
    return f"| {' | '.join(cells)} |"


def _of(content: Mapping[str, Any]) -> str:
    """What the body with this *content* is."""
    return " or ".join(
        _type(each["schema"]) if "schema" in each else f"`{media_type}`"
        for media_type, each in content.items()
    )


def _body(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"(body-{name.lower()})="
    yield f"#### {name}"
    if text := schema.get("description"):
        yield _cell(text).replace("*", "`")
    yield ""
    yield "| field | type | default | |"
    yield "| --- | --- | --- | --- |"
    required = schema.get("required", ())
    for field, value in schema["properties"].items():
        default = "required" if field in required else _default(value)
        yield f"| `{field}` | {_type(value)} | {default} | {_cell(value.get('description', ''))} |"
    yield ""


def _default(schema: Mapping[str, Any]) -> str:
    value = schema.get("default")
    return "" if value in (None, "", [], {}) else f"`{value}`"


def _type(schema: Mapping[str, Any]) -> str:
    """The type of a value, in words; named ones as links."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f"[{name}](#body-{name.lower()})"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(map(_type, schema[key])))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("type", "any"))


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", r"\|")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("control-calls", ControlCalls)
    return {"parallel_read_safe": True}
