"""The command line: verify."""

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gesmock.cli import outputs
from gesmock.cli.environment import env
from gesmock.cli.target import asking_options
from gesmock.cli.terminal import Telling, give_up
from gesmock.model.errors import GesmockError

if TYPE_CHECKING:
    from gesmock.remote.target import Target


@click.command()
@asking_options
@click.option(
    "--most",
    default=1000,
    show_default=True,
    type=int,
    help="How many jobs of the list are read.",
    **env("MOST"),
)
@click.option(
    "--allow-writes", is_flag=True, help="Submit and cancel jobs too.", **env("ALLOW_WRITES")
)
@click.option(
    "--allow-data-loss",
    is_flag=True,
    help="Let --submit name what can overwrite or delete what the graph holds.",
    **env("ALLOW_DATA_LOSS"),
)
@click.option(
    "--submit",
    default="vertex_query",
    show_default=True,
    metavar="OPERATION",
    help="What is submitted.",
    **env("SUBMIT"),
)
@click.option("--body", metavar="JSON", help="Its body [default: its page's].", **env("BODY"))
@click.option(
    "--wait-s",
    default=60.0,
    show_default=True,
    type=float,
    help="How long a submitted job may take to end.",
    **env("WAIT_S"),
)
@click.option(
    "--strict", is_flag=True, help="Fail over what differs from what was inferred.", **env("STRICT")
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write it as JSON too.")
@click.option("--junit", type=click.Path(path_type=Path), help="Write it as JUnit XML too.")
@click.option(
    "--write-settings",
    type=click.Path(path_type=Path),
    help="Write a fixture with the settings that make gesmock answer alike.",
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
    """Hold a server against the contract: gesmock, or the real service.

    It only reads, unless --allow-writes is given. It signs in with the token in
    GESMOCK_TARGET_TOKEN, or with the keys in HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK. Ends with 0
    where all is well, 1 where a check fails, 2 where nothing can be said, 130 after Ctrl-C.
    """
    from gesmock.conformance import report
    from gesmock.conformance.client import Client
    from gesmock.conformance.run import run
    from gesmock.conformance.session import Session
    from gesmock.conformance.submission import Submission

    tell = Telling()
    try:
        outputs.check({"--json": json_file, "--junit": junit, "--write-settings": write_settings})
        submission = Submission.of(submit, body, wait_s)
        if allow_writes:
            submission = submission.permitted(data_loss=allow_data_loss)
        with closing(Client(target)) as client:
            session = Session(client, most, submit=submission if allow_writes else None)
            found = run(session, lambda outcome: tell(report.line(outcome)))
        tell(report.text(found))
        if json_file is not None:
            outputs.write(json_file, report.as_json(found).encode())
        if junit is not None:
            outputs.write(junit, report.as_junit(found, strict=strict).encode())
        if write_settings is not None and found.settings and not found.empty:
            outputs.write(write_settings, report.as_fixture(found).encode())
        elif write_settings is not None and not found.empty:
            click.echo(f"{write_settings}: not written, as no setting could be seen", err=True)
    except GesmockError as error:
        give_up(error)
    tell.end()
    if found.empty:
        give_up(GesmockError(f"{found.target}: no check could be seen to hold, or not to"))
    sys.exit(0 if found.good(strict=strict) else 1)
