"""``gesmock generate``, ``check`` and ``openapi``: commands that read and write JSON."""

import sys
from pathlib import Path
from typing import get_args

import click
import msgspec

from gesmock.cli import options
from gesmock.cli.options import command, file_option, option
from gesmock.cli.output import check_writable, progress, write
from gesmock.fake import fixtures
from gesmock.fake.fake import Fake
from gesmock.fake.graphs import MOST_JOBS
from gesmock.fake.options import check_editions
from gesmock.model.errors import InvalidInput, naming_file
from gesmock.model.settings import Settings
from gesmock.model.types import Edition


@command()
@click.argument("what", metavar="[GRAPH=]N")
@option("--seed", default=0, help="The seed of all random choices.")
@option("--project-id", help="The project of the fixture file.")
@option("--status", multiple=True, metavar="STATUS=WEIGHT", help="How often a status occurs.")
@file_option("-o", "--output", help="The file to write [default: standard output].")
def generate(
    what: str, seed: int, project_id: str | None, status: tuple[str, ...], output: Path | None
) -> None:
    """Write a fixture file of N realistic jobs. The same seed writes the same bytes."""
    check_writable({"--output": output})
    weights = dict(options.setting(text, "--status") for text in status)
    generator = {**options.generator(what), "statuses": weights or None}
    if generator["count"] > MOST_JOBS:
        raise InvalidInput.at("", f"{what!r}: a graph has {MOST_JOBS} jobs at most")
    fake = Fake(
        {
            "project_id": project_id,
            "seed": seed,
            "generate": generator,
            "graph_name": generator["graph"],
        },
        progress=progress,
    )
    # The seed has done its work: in a fixture file, it would clash with another file's.
    text = fixtures.dump(msgspec.structs.replace(fake.default.state(), seed=None))
    if output is None:
        click.echo(text, nl=False)
    else:
        write(output, text)


@command()
@click.argument("file", nargs=-1, required=True, metavar="FILE...")
def check(file: tuple[str, ...]) -> None:
    """Validate fixture files without serving them; report every error."""
    failed = False
    for name in file:
        try:
            state = fixtures.read(name)
            with naming_file(name):
                check_editions(state)
            click.echo(f"{name}: {fixtures.describe(state)}")
        except InvalidInput as error:
            failed = True
            click.echo(str(error), err=True)
    if failed:
        sys.exit(2)


@click.command()
@click.option("--control", is_flag=True, help="Print the document of the control API.")
@click.option("--edition", type=click.Choice(get_args(Edition)), help="Describe only this edition.")
@click.option("--set", multiple=True, metavar="NAME=VALUE", help="Change a setting.")
def openapi(control: bool, edition: Edition | None, set: tuple[str, ...]) -> None:
    """Print the OpenAPI document of the service or the control API."""
    from gesmock.contract import service_document
    from gesmock.web.control.document import control_document

    changes = dict(options.setting(text, "--set") for text in set)
    changes |= {"edition": edition} if edition else {}
    settings = Settings().changed(changes, "--set")
    document = control_document() if control else service_document(settings)
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))
