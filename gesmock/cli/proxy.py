"""``gesmock proxy``: stand in front of a server."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

import gesmock
from gesmock.cli import files, options
from gesmock.cli.options import command, option
from gesmock.cli.terminal import StopSignals, exit_on_signals, fail, log_to_stderr
from gesmock.faults import PresetName
from gesmock.model.errors import GesmockError

if TYPE_CHECKING:
    from gesmock.remote.target import Target


@command()
@options.target_options
@option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on; one that other machines reach needs --allow-others.",
)
@options.port
@option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help="A host name to answer to, besides localhost and addresses.",
)
@option(
    "--allow-others",
    is_flag=True,
    help="Let other machines send requests, in your name, if --host lets them reach the proxy.",
)
@options.control_token
@options.faults
@options.preset
@option("--seed", type=int, help="The seed of all random choices [default: 0].")
@option(
    "--har",
    type=click.Path(path_type=Path),
    help="Write the journal as an HTTP archive to this file at the end.",
)
@options.log_level
def proxy(
    target: "Target",
    host: str,
    port: int,
    allow_host: tuple[str, ...],
    allow_others: bool,
    control_token: str | None,
    fault: tuple[str, ...],
    preset: PresetName | None,
    seed: int | None,
    har: Path | None,
    log_level: str,
) -> None:
    """Forward requests to a server, keep a journal of them, and inject faults.

    Signs requests in that carry no credentials, with the token in GESMOCK_TARGET_TOKEN, or with the
    keys in HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK (and HUAWEICLOUD_SDK_SECURITY_TOKEN, if they
    are temporary; signing needs the extra "cloud"). The control API, below /_gesmock/, has the
    journal, the verdict and the faults. On SIGINT (Ctrl-C) or SIGTERM it prints its findings about
    the client and exits with 0; it exits with 2 if it cannot start.
    """
    from gesmock.remote.proxy import ProxyServer

    exit_on_signals()
    log_to_stderr(log_level)
    try:
        files.check_writable({"--har": har})
        signals = StopSignals()  # before it listens: from then on, there are findings
        server = ProxyServer(
            target,
            host=host,
            port=port,
            control_token=control_token,
            allow_hosts=allow_host,
            allow_others=allow_others,
            faults=[options.fault_rule(text) for text in fault],
            preset=preset,
            seed=seed,
        )
    except GesmockError as error:
        fail(error)
    with server:
        click.echo(f"gesmock {gesmock.__version__} listening on {server.url} for {target.url}")
        click.echo(f"curl '{server.url}{target.path('/jobs/status')}'")
        if server.control_token and not control_token:
            click.echo(f"control token: {server.control_token}")
        signals.wait()
    project = server.fake.default
    failure = None
    if har is not None:  # first: standard output may be closed
        try:
            files.write(har, msgspec.json.encode(project.journal.har()))
        except GesmockError as error:
            failure = error
    for finding in project.verdict.findings():
        click.echo(str(finding))
    if failure is not None:
        fail(failure)
