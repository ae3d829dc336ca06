"""``gesmock verify`` and ``record``: commands that send requests to another server."""

import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesmock.cli.options import command, file_option, option, per_second, target_options
from gesmock.cli.output import Echo, check_writable, show_steps, write
from gesmock.fake import fixtures
from gesmock.model.errors import GesmockError, InvalidInput
from gesmock.model.types import is_graph_name, is_project_id

if TYPE_CHECKING:
    from gesmock.remote.target import Target

_report_option = partial(file_option, allow_from_autoenv=False)


@command()
@target_options
@per_second
@option("--most", default=1000, help="How many jobs to read.")
@option("--allow-writes", is_flag=True, help="Submit and cancel jobs too.")
@option(
    "--allow-data-loss",
    is_flag=True,
    help="Let --submit name an operation that can overwrite or delete the graph's content.",
)
@option(
    "--submit",
    metavar="OPERATION",
    help="The operation to submit "
    "[default: execute_algorithm, or vertex_query if the graph is of the memory edition].",
)
@option(
    "--body",
    metavar="JSON",
    help="The body to submit it with [default: the example of the operation's page].",
)
@option("--wait-s", default=60.0, help="How long to wait for a submitted job to end.")
@option("--strict", is_flag=True, help="Fail on deviations from inferred behaviour too.")
@_report_option("--json", help="Write the report as JSON to this file.")
@_report_option("--junit", help="Write the report as JUnit XML to this file.")
@_report_option(
    "--write-settings",
    help="Write a fixture file with the settings that make gesmock answer like the server.",
)
def verify(
    *,
    target: "Target",
    strict: bool,
    json: Path | None,
    junit: Path | None,
    write_settings: Path | None,
    **limits: Any,
) -> None:
    """Check gesmock or the real service against the contract.

    Only reads, unless --allow-writes is given. Signs in with the token in GESMOCK_TARGET_TOKEN, or
    with the keys in HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK. Exits with 0 if no check fails, 1 if
    one does, 2 if nothing could be checked, and 130 after Ctrl-C.
    """
    from gesmock.conformance import report
    from gesmock.conformance.run import open_session, run

    echo = Echo()
    check_writable({"--json": json, "--junit": junit, "--write-settings": write_settings})
    session = open_session(target, **limits)
    with closing(session):
        result = run(session, lambda outcome: echo(report.line(outcome)))
    echo(report.text(result))
    if json is not None:
        write(json, report.as_json(result).encode())
    if junit is not None:
        write(junit, report.as_junit(result, strict=strict).encode())
    if write_settings is not None and not result.empty:
        if result.settings:
            write(write_settings, report.as_fixture(result).encode())
        else:
            unwritten = f"{write_settings}: not written, as no setting could be determined"
            click.echo(unwritten, err=True)
    if echo.failure is not None:
        raise echo.failure
    if result.empty:
        raise GesmockError(f"{result.target}: no check could be carried out")
    sys.exit(0 if result.passed(strict=strict) else 1)


@command()
@target_options
@per_second
@file_option("-o", "--output", required=True, help="The fixture file to write.")
@option(
    "--page", default=1000, type=click.IntRange(2, 100_000), help="How many jobs to read at a time."
)
@option(
    "--most",
    type=click.IntRange(1),
    allow_from_autoenv=False,
    help="How many jobs to record, from the first on [default: all].",
)
@option(
    "--as-project", metavar="ID", allow_from_autoenv=False, help="The project's id in the file."
)
@option(
    "--as-graph", metavar="NAME", allow_from_autoenv=False, help="The graph's name in the file."
)
def record(
    target: "Target",
    output: Path,
    page: int,
    most: int | None,
    as_project: str | None,
    as_graph: str | None,
) -> None:
    """Record a server's job list as a fixture file, without secrets.

    Signs in like verify. To record what a client asks and gets, use gesmock proxy.

    Run the same command again to resume an interrupted recording. --as-project and --as-graph
    replace the names in URLs, and elsewhere as whole words.
    """
    from gesmock.remote.record import Recorder
    from gesmock.remote.session import Session

    check_writable({"--output": output})
    if as_project is not None and not is_project_id(as_project):
        raise InvalidInput.at("--as-project", f"expected a project id, got {as_project!r}")
    if as_graph is not None and not is_graph_name(as_graph):
        raise InvalidInput.at("--as-graph", f"expected a graph name, got {as_graph!r}")
    names = {"as_project": as_project, "as_graph": as_graph}
    try:
        with closing(Session(target, page, retries=10)) as session:
            recorder = Recorder(session, output, most=most, **names)
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
    if recorder.part.stale:
        click.echo(recorder.part.stale, err=True)
    for change in recorder.notes:
        click.echo(f"while the list was read, {change}", err=True)
    if not recorder.exact:
        click.echo(
            "gesmock serves the same jobs, but not the same bytes: "
            "the server writes its JSON with blanks, escapes or another order of keys, "
            "or as in 2023",
            err=True,
        )
