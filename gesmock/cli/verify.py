"""``gesmock verify``: hold a server against the contract."""

import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesmock.cli.options import command, file_option, option, per_second, target_options
from gesmock.cli.output import Echo, check_writable, write
from gesmock.model.errors import GesmockError

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
@option("--submit", default="vertex_query", metavar="OPERATION", help="The operation to submit.")
@option("--body", metavar="JSON", help="Its body [default: its page's example].")
@option("--wait-s", default=60.0, help="How long to wait for a submitted job to end.")
@option("--strict", is_flag=True, help="Fail on deviations from inferred behaviour too.")
@_report_option("--json", help="Write the report as JSON to this file.")
@_report_option("--junit", help="Write the report as JUnit XML to this file.")
@_report_option(
    "--write-settings",
    help="Write a fixture with the settings that make gesmock answer like the server.",
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
    """Check a server, gesmock or the real service, against the contract.

    Only reads, unless --allow-writes is given. Signs in with the token in GESMOCK_TARGET_TOKEN, or
    with the keys in HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK. Exits with 0 if no check fails, 1 if
    one does, 2 if nothing could be checked, and 130 after Ctrl-C.
    """
    from gesmock.conformance import report
    from gesmock.conformance.run import open_session, run

    echo = Echo()
    check_writable({"--json": json, "--junit": junit, "--write-settings": write_settings})
    session = open_session(target, **limits)
    with closing(session.client):
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
