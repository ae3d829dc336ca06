"""The command line: proxy."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

import gesmock
from gesmock.cli import options as cli_options
from gesmock.cli import outputs
from gesmock.cli import serving as cli_serving
from gesmock.cli.environment import env
from gesmock.cli.stop_signals import StopSignals, exit_on_signals
from gesmock.cli.target import target_options
from gesmock.cli.terminal import give_up, log_to_stderr
from gesmock.faults import PresetName
from gesmock.model.errors import GesmockError

if TYPE_CHECKING:
    from gesmock.remote.target import Target


@click.command()
@target_options
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Where it listens; what other machines reach needs --allow-others.",
    **env("HOST"),
)
@cli_serving.port
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="A host name under which it may be called, beside localhost and addresses.",
    **env("ALLOW_HOST"),
)
@click.option(
    "--allow-others",
    is_flag=True,
    help="Let other machines ask, in your name, where --host lets them reach it.",
    **env("ALLOW_OTHERS"),
)
@cli_serving.control_token
@cli_serving.faults
@cli_serving.preset
@click.option("--seed", type=int, help="What chances are drawn from [default: 0].", **env("SEED"))
@click.option(
    "--har",
    type=click.Path(path_type=Path),
    help="Write the journal as an HTTP archive at the end.",
    **env("HAR"),
)
@cli_serving.log_level
def proxy(
    target: "Target",
    host: str,
    port: int,
    allow_hosts: tuple[str, ...],
    allow_others: bool,
    control_token: str | None,
    faults: tuple[str, ...],
    preset: PresetName | None,
    seed: int | None,
    har: Path | None,
    log_level: str,
) -> None:
    """Stand in front of a server: pass requests on, keep a journal, and make things go wrong.

    Who does not sign in is signed in, with the token in GESMOCK_TARGET_TOKEN, or with the keys in
    HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK (and HUAWEICLOUD_SDK_SECURITY_TOKEN, if they are
    temporary; the extra "cloud" signs). The journal, the verdict and the faults are in the control
    API, below /_gesmock/. SIGINT (Ctrl-C) and SIGTERM end it with 0; then it tells what it has
    found of the client. It ends with 2 where it cannot begin.
    """
    from gesmock.fake import report as judging
    from gesmock.journal import har as archives
    from gesmock.remote.proxy import ProxyServer
    from gesmock.web import access_log

    exit_on_signals()
    log_to_stderr(log_level)
    try:
        outputs.check({"--har": har})
        signals = StopSignals()  # before it listens: from then on there is something to tell
        server = ProxyServer(
            target,
            host=host,
            port=port,
            control_token=control_token,
            allow_hosts=allow_hosts,
            allow_others=allow_others,
            faults=[cli_options.fault_rule(text) for text in faults],
            preset=preset,
            seed=seed,
        )
    except GesmockError as error:
        give_up(error)
    with server, access_log.together():
        click.echo(f"gesmock {gesmock.__version__} listening on {server.url} for {target.url}")
        click.echo(f"curl '{server.url}{target.path('/jobs/status')}'")
        if server.control_token and not control_token:
            click.echo(f"control token: {server.control_token}")
        signals.wait()
    project, unwritten = server.fake.default, None
    if har is not None:  # before anything is told: perhaps nobody listens
        archive = archives.archive(project.journal.entries(), gesmock.__version__)
        try:
            outputs.write(har, msgspec.json.encode(archive))
        except GesmockError as error:
            unwritten = error
    for finding in judging.findings(project):
        click.echo(str(finding))
    if unwritten is not None:
        give_up(unwritten)
