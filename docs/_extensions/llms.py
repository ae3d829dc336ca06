"""Writes ``llms.txt`` and ``llms-full.txt`` (llmstxt.org) beside the pages, for coding assistants.

Pages are Markdown already; that of the Python API, which Sphinx generates, becomes plain text.
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import commands
import control_calls
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.text import TextTranslator

_DIRECTIVE = re.compile(
    r"^(?:% [^\n]*\n)?```\{([\w-]+)\} ?([^\n]*)\n.*?^```\n", re.MULTILINE | re.DOTALL
)


def write(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        names = [*_in_order(app, app.config.root_doc)]
        full = "\n\n".join(_text(app, name) for name in names)
        (Path(app.outdir) / "llms.txt").write_text("\n".join(_index(app, names)), encoding="utf-8")
        (Path(app.outdir) / "llms-full.txt").write_text(full, encoding="utf-8")


def _in_order(app: Sphinx, name: str) -> Iterator[str]:
    """The page, and those below it in the table of contents."""
    yield name
    for below in app.env.toctree_includes.get(name, ()):
        yield from _in_order(app, below)


def _index(app: Sphinx, names: list[str]) -> Iterator[str]:
    """A section for each part of the documentation, and a line for each page."""
    root, *others = names
    yield f"# {app.env.titles[root].astext()}"
    yield ""
    yield f"> {_summary(app, root)}"
    for name in others:
        if name.endswith("/index"):
            yield f"\n## {app.env.titles[name].astext()}\n"
        elif "/" not in name and "/" in others[others.index(name) - 1]:
            yield "\n## Optional\n"
        if not name.endswith("/index"):
            title = app.env.titles[name].astext()
            source = app.env.doc2path(name, base=False)
            yield f"- [{title}](_sources/{source}): {_summary(app, name)}"
    yield ""


def _summary(app: Sphinx, name: str) -> str:
    """The first sentence of a page."""
    for paragraph in app.env.get_doctree(name).findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        return re.split(r"(?<=\.) ", text)[0].rstrip(":")
    return ""


def _text(app: Sphinx, name: str) -> str:
    path = Path(app.env.doc2path(name))
    source = path.read_text(encoding="utf-8")
    if "```{eval-rst}" in source:
        doctree = app.env.get_and_resolve_doctree(name, app.builder)
        translator = TextTranslator(doctree, app.builder)
        doctree.walkabout(translator)
        return translator.body.strip()
    return _DIRECTIVE.sub(partial(_replaced, path), source).strip()


def _replaced(page: Path, directive: re.Match[str]) -> str:
    match directive[1]:
        case "include":
            return (page.parent / directive[2]).read_text(encoding="utf-8")
        case "commands":
            return commands.markdown()
        case "control-calls":
            return control_calls.markdown()
    return ""


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
