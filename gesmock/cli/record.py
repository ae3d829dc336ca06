"""The command line: record."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gesmock.cli import outputs
from gesmock.cli.environment import env
from gesmock.cli.target import asking_options
from gesmock.cli.terminal import counted, give_up
from gesmock.fake import fixtures
from gesmock.model.errors import GesmockError, InvalidInput
from gesmock.model.names import is_graph_name, is_project_id

if TYPE_CHECKING:
    from gesmock.remote.target import Target


@click.command()
@asking_options
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="The fixture to write.",
    **env("OUTPUT"),
)
@click.option(
    "--page",
    default=1000,
    show_default=True,
    type=click.IntRange(2, 100_000),
    help="How many jobs are read at a time.",
    **env("PAGE"),
)
@click.option(
    "--most",
    type=click.IntRange(1),
    help="How many jobs are recorded, the first ones [default: all].",
)
@click.option("--as-project", metavar="ID", help="What the project is called in the fixture.")
@click.option("--as-graph", metavar="NAME", help="What the graph is called in the fixture.")
def record(
    target: "Target",
    output: Path,
    page: int,
    most: int | None,
    as_project: str | None,
    as_graph: str | None,
) -> None:
    """Read the job list of a server into a fixture, without secrets.

    It signs in like verify. To keep what a client asks and is answered, see gesmock proxy.

    An interrupted recording goes on where it was. Under another project or
    graph, the names are replaced: in URLs in their places, elsewhere as whole words.
    """
    from gesmock.conformance.client import Client
    from gesmock.remote.record import AGAIN, Recorder
    from gesmock.remote.recorded_jobs import Renaming

    try:
        outputs.check({"--output": output})
        for option, name, right in (
            ("--as-project", as_project, is_project_id),
            ("--as-graph", as_graph, is_graph_name),
        ):
            if name is not None and not right(name):
                raise InvalidInput.at(option, f"{name!r} can be no name of one")
        rename = Renaming(
            (target.project_id, as_project or target.project_id),
            (target.graph, as_graph or target.graph),
        )
        with closing(Client(target, again=AGAIN)) as client:
            recorder = Recorder(client, output, page, rename, most)
            try:
                counted(recorder.read(), "reading jobs")
            except GesmockError as error:
                raise GesmockError(f"{error}{recorder.left()}") from None
            except KeyboardInterrupt:
                raise KeyboardInterrupt(recorder.left()) from None
            text = recorder.fixture()
        outputs.write(output, text)
        recorder.kept.forget()
    except OSError as error:
        give_up(GesmockError(f"{output}: cannot be written: {error.strerror}"))
    except GesmockError as error:
        give_up(error)
    click.echo(f"{output}: {fixtures.describe(fixtures.parse(text))}")
    for told in recorder.moved:
        click.echo(f"while the list was read, {told}", err=True)
    if not recorder.exact:
        click.echo(
            "gesmock serves the same jobs, but in other bytes: "
            "the server writes its JSON with blanks, escapes or another order of keys",
            err=True,
        )
