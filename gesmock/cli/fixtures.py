"""The command line: generate, check."""

import sys
from pathlib import Path

import click
import msgspec

from gesmock.cli import options as cli_options
from gesmock.cli import outputs
from gesmock.cli.environment import env
from gesmock.cli.terminal import give_up, progress
from gesmock.fake import fixtures, population
from gesmock.fake.fake import Fake
from gesmock.model.errors import GesmockError, InvalidInput, naming_file


@click.command()
@click.argument("what", metavar="[GRAPH=]N")
@click.option("--seed", default=0, show_default=True, type=int, **env("SEED"))
@click.option("--project-id", help="The project of the fixture.", **env("PROJECT_ID"))
@click.option(
    "--status",
    "statuses",
    multiple=True,
    metavar="STATUS=WEIGHT",
    help="How often a status comes.",
    **env("STATUS"),
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The file to write [default: standard output].",
    **env("OUTPUT"),
)
def generate(
    what: str,
    seed: int,
    project_id: str | None,
    statuses: tuple[str, ...],
    output: Path | None,
) -> None:
    """Write a fixture of N realistic jobs; the same seed writes the same bytes."""
    try:
        order = {**cli_options.generator(what), "statuses": cli_options.statuses(statuses)}
        if order["count"] > population.MOST_JOBS:
            raise InvalidInput.at(
                "", f"{what!r}: a graph keeps {population.MOST_JOBS} jobs at most (ges_03_0471)"
            )
        fake = Fake(
            {
                "project_id": project_id,
                "seed": seed,
                "generate": order,
                "graph_name": order["graph"],
            },
            progress=progress,
        )
    except GesmockError as error:
        give_up(error)
    # The jobs are made: the seed has done its work, and must not clash with another fixture's.
    text = fixtures.dump(msgspec.structs.replace(fake.default.state(), seed=None))
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        outputs.write(output, text)
    except GesmockError as error:
        give_up(error)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def check(files: tuple[str, ...]) -> None:
    """Validate fixtures without serving them; every error is reported."""
    failed = False
    for file in files:
        try:
            state = fixtures.read(file)
            with naming_file(file):
                population.check_editions(state)
            click.echo(f"{file}: {fixtures.describe(state)}")
        except InvalidInput as error:
            failed = True
            click.echo(str(error), err=True)
    if failed:
        sys.exit(2)
