"""The command line: record."""

import os
from contextlib import closing
from pathlib import Path

import click

from gesmock import fixtures
from gesmock.cli_verify import asking_options
from gesmock.environment import env
from gesmock.errors import GesmockError
from gesmock.terminal import counted, give_up, write_whole


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
@click.option("--as-project", metavar="ID", help="What the project is called in the fixture.")
@click.option("--as-graph", metavar="NAME", help="What the graph is called in the fixture.")
def record(
    target: str,
    project_id: str | None,
    graph: str | None,
    timeout_s: float,
    per_second: float,
    cafile: str | None,
    insecure: bool,
    output: Path,
    page: int,
    as_project: str | None,
    as_graph: str | None,
) -> None:
    """Read the job list of a server into a fixture, without secrets.

    It signs in like verify. An interrupted recording goes on where it was. Under another project or
    graph, the names are replaced wherever they stand as whole words.
    """
    from gesmock.conformance.client import Client
    from gesmock.conformance.target import SignIn, Target
    from gesmock.recording import Recorder, Renaming

    try:
        asked = Target.of(
            target,
            project_id,
            graph,
            sign_in=SignIn.of(os.environ),
            timeout_s=timeout_s,
            per_second=per_second,
            cafile=cafile,
            insecure=insecure,
        )
        rename = Renaming(
            (asked.project_id, as_project or asked.project_id),
            (asked.graph, as_graph or asked.graph),
        )
        with closing(Client(asked)) as client:
            recorder = Recorder(client, output, page, rename)
            counted(recorder.read(), "reading jobs")
            text = recorder.fixture()
        write_whole(output, text)
        recorder.kept.forget()
    except OSError as error:
        give_up(GesmockError(f"{output}: cannot be written: {error.strerror}"))
    except GesmockError as error:
        give_up(error)
    click.echo(f"{output}: {fixtures.describe(fixtures.parse(text))}")
    if not recorder.exact:
        click.echo(
            "gesmock serves the same jobs, but in other bytes: "
            "the server writes its JSON with blanks, escapes or another order of keys",
            err=True,
        )
