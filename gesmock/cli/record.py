"""``gesmock record``: read a server's job list into a fixture."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gesmock.cli.options import command, file_option, option, per_second, target_options
from gesmock.cli.output import check_writable, show_steps, write
from gesmock.fake import fixtures
from gesmock.model.errors import GesmockError, InvalidInput
from gesmock.model.types import is_graph_name, is_project_id

if TYPE_CHECKING:
    from gesmock.remote.target import Target


@command()
@target_options
@per_second
@file_option("-o", "--output", required=True, help="The fixture to write.")
@option(
    "--page",
    default=1000,
    type=click.IntRange(2, 100_000),
    help="How many jobs to read at a time.",
)
@option(
    "--most",
    type=click.IntRange(1),
    allow_from_autoenv=False,
    help="How many jobs to record, from the first on [default: all].",
)
@option(
    "--as-project", metavar="ID", allow_from_autoenv=False, help="The project's id in the fixture."
)
@option(
    "--as-graph", metavar="NAME", allow_from_autoenv=False, help="The graph's name in the fixture."
)
def record(
    target: "Target",
    output: Path,
    page: int,
    most: int | None,
    as_project: str | None,
    as_graph: str | None,
) -> None:
    """Record the job list of a server as a fixture, without secrets.

    Signs in like verify. To record what a client asks and gets, use gesmock proxy.

    Run the same command again to resume an interrupted recording. --as-project and --as-graph
    replace the names in URLs where these have them, and elsewhere as whole words.
    """
    from gesmock.remote.client import Client
    from gesmock.remote.record import Recorder

    check_writable({"--output": output})
    if as_project is not None and not is_project_id(as_project):
        raise InvalidInput.at("--as-project", f"{as_project!r} is not a valid name")
    if as_graph is not None and not is_graph_name(as_graph):
        raise InvalidInput.at("--as-graph", f"{as_graph!r} is not a valid name")
    names = {"as_project": as_project, "as_graph": as_graph}
    try:
        with closing(Client(target, retries=10)) as client:
            recorder = Recorder(client, output, page, most=most, **names)
            try:
                show_steps(recorder.read(), "reading jobs")
            except GesmockError as error:
                raise GesmockError(f"{error}{recorder.part.hint}") from None
            except KeyboardInterrupt:
                raise KeyboardInterrupt(recorder.part.hint) from None
            text = recorder.fixture()
        write(output, text)
        recorder.part.clear()
    except OSError as error:
        raise GesmockError(f"{output}: cannot be written: {error.strerror}") from None
    click.echo(f"{output}: {fixtures.describe(fixtures.parse(text))}")
    for change in recorder.notes:
        click.echo(f"while the list was read, {change}", err=True)
    if not recorder.exact:
        click.echo(
            "gesmock serves the same jobs, but in other bytes: "
            "the server writes its JSON with blanks, escapes or another order of keys",
            err=True,
        )
