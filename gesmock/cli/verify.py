"""``gesmock verify``: hold a server against the contract."""

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gesmock.cli import files
from gesmock.cli.options import command, option, per_second, target_options
from gesmock.cli.terminal import Echo, fail
from gesmock.model.errors import GesmockError

if TYPE_CHECKING:
    from gesmock.remote.target import Target


@command()
@target_options
@per_second
@option("--most", default=1000, show_default=True, type=int, help="How many jobs to read.")
@option("--allow-writes", is_flag=True, help="Submit and cancel jobs too.")
@option(
    "--allow-data-loss",
    is_flag=True,
    help="Let --submit name an operation that can overwrite or delete the graph's content.",
)
@option(
    "--submit",
    default="vertex_query",
    show_default=True,
    metavar="OPERATION",
    help="The operation to submit.",
)
@option("--body", metavar="JSON", help="Its body [default: its page's example].")
@option(
    "--wait-s",
    default=60.0,
    show_default=True,
    type=float,
    help="How long to wait for a submitted job to end.",
)
@option("--strict", is_flag=True, help="Fail on deviations from inferred behaviour too.")
@option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path),
    allow_from_autoenv=False,
    help="Write the report as JSON to this file.",
)
@option(
    "--junit",
    type=click.Path(path_type=Path),
    allow_from_autoenv=False,
    help="Write the report as JUnit XML to this file.",
)
@option(
    "--write-settings",
    type=click.Path(path_type=Path),
    allow_from_autoenv=False,
    help="Write a fixture with the settings that make gesmock answer like the server.",
)
def verify(
    target: "Target",
    most: int,
    allow_writes: bool,
    allow_data_loss: bool,
    submit: str,
    body: str | None,
    wait_s: float,
    strict: bool,
    json_file: Path | None,
    junit: Path | None,
    write_settings: Path | None,
) -> None:
    """Check a server, gesmock or the real service, against the contract.

    Only reads, unless --allow-writes is given. Signs in with the token in GESMOCK_TARGET_TOKEN, or
    with the keys in HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK. Exits with 0 if no check fails, 1 if
    one does, 2 if nothing could be checked, and 130 after Ctrl-C.
    """
    from gesmock.conformance import report
    from gesmock.conformance.run import run
    from gesmock.remote.client import Client
    from gesmock.remote.session import Session, Submission

    echo = Echo()
    try:
        files.check_writable(
            {"--json": json_file, "--junit": junit, "--write-settings": write_settings}
        )
        submission = Submission.of(submit, body, wait_s)
        if allow_writes:
            submission = submission.permitted(data_loss=allow_data_loss)
        with closing(Client(target)) as client:
            session = Session(client, most, submit=submission if allow_writes else None)
            result = run(session, lambda outcome: echo(report.line(outcome)))
        echo(report.text(result))
        if json_file is not None:
            files.write(json_file, report.as_json(result).encode())
        if junit is not None:
            files.write(junit, report.as_junit(result, strict=strict).encode())
        if write_settings is not None and result.settings and not result.empty:
            files.write(write_settings, report.as_fixture(result).encode())
        elif write_settings is not None and not result.empty:
            click.echo(
                f"{write_settings}: not written, as no setting could be determined", err=True
            )
    except GesmockError as error:
        fail(error)
    echo.raise_failure()
    if result.empty:
        fail(GesmockError(f"{result.target}: no check could be carried out"))
    sys.exit(0 if result.passed(strict=strict) else 1)
