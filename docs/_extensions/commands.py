"""The directive ``commands``: what ``--help`` prints of each command, as Markdown."""

import inspect
from collections.abc import Iterator
from typing import Any

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from gesmock.cli.main import COMMANDS, command


class Commands(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # it reads what no file of the documentation says
        return self.parse_text_to_nodes(markdown(), allow_section_headings=True)


def markdown() -> str:
    return "\n".join(line for name in COMMANDS for line in _lines(name))


def _lines(name: str) -> Iterator[str]:
    listed = command(name)
    context = click.Context(listed, info_name=f"gesmock {name}")
    yield f"### gesmock {name}"
    yield f"```text\n{listed.get_usage(context).removeprefix('Usage: ')}\n```"
    yield f"{inspect.cleandoc(listed.help or '')}\n"
    yield "| option | does |"
    yield "| --- | --- |"
    for parameter in listed.get_params(context):
        option, does = parameter.get_help_record(context) or ("", "")
        if does:
            yield f"| `{_cell(option)}` | {_cell(does)} |"
    yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
