"""The command line: proxy."""

import os
import sys
from pathlib import Path
from typing import get_args

import click
import msgspec

import gesmock
from gesmock import cli_options, outputs
from gesmock.cli_verify import target_options
from gesmock.environment import Line, env
from gesmock.errors import GesmockError
from gesmock.faults import WeatherName
from gesmock.stop_signals import StopSignals, exit_on_signals
from gesmock.terminal import give_up, log_to_stderr, write_whole


@click.command()
@target_options
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Where it listens; what other machines reach needs --allow-others.",
    **env("HOST"),
)
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="0: any free port.",
    **env("PORT"),
)
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
@click.option(
    "--control-token",
    metavar="TOKEN",
    help="What a caller of the control API has to show [default: nothing on this machine, else "
    "one that is made and printed].",
    **env("CONTROL_TOKEN"),
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    type=Line(),
    metavar="[OPERATION=]FAULT[,...]",
    help="Make things go wrong: list_jobs=503,times=2 or delay,seconds=2 or 503,reset,ok or an "
    "injection as JSON. Several in the environment are a line each.",
    **env("FAULT"),
)
@click.option(
    "--weather",
    type=click.Choice(get_args(WeatherName)),
    help="A named list of faults.",
    **env("WEATHER"),
)
@click.option("--seed", type=int, help="What chances are drawn from [default: 0].", **env("SEED"))
@click.option(
    "--har",
    type=click.Path(path_type=Path),
    help="Write the journal as an HTTP archive at the end.",
    **env("HAR"),
)
@click.option(
    "--log-level",
    default="info",
    show_default=True,
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="What is logged on standard error; info: a line a request.",
    **env("LOG_LEVEL"),
)
def proxy(
    target: str,
    project_id: str | None,
    graph: str | None,
    timeout_s: float,
    cafile: str | None,
    insecure: bool,
    host: str,
    port: int,
    allow_hosts: tuple[str, ...],
    allow_others: bool,
    control_token: str | None,
    faults: tuple[str, ...],
    weather: WeatherName | None,
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
    from gesmock import har as archives
    from gesmock import judging
    from gesmock.proxy import ProxyServer
    from gesmock.target.sign_in import SignIn
    from gesmock.target.target import Target
    from gesmock.web import access_log

    exit_on_signals()
    log_to_stderr(log_level)
    try:
        outputs.check({"--har": har})
        asked = Target.of(
            target,
            project_id,
            graph,
            sign_in=SignIn.of(os.environ),
            timeout_s=timeout_s,
            cafile=cafile,
            insecure=insecure,
        )
        server = ProxyServer(
            asked,
            host=host,
            port=port,
            control_token=control_token,
            allow_hosts=allow_hosts,
            allow_others=allow_others,
            faults=[cli_options.injection(text) for text in faults],
            weather=weather,
            seed=seed,
        )
    except GesmockError as error:
        give_up(error)
    signals = StopSignals()
    with server, access_log.together():
        click.echo(f"gesmock {gesmock.__version__} listening on {server.url} for {asked.url}")
        click.echo(f"curl '{server.url}{asked.path('/jobs/status')}'")
        if server.control_token and not control_token:
            click.echo(f"control token: {server.control_token}")
        sys.stdout.flush()
        signals.wait()
    world, unwritten = server.fake.default, None
    if har is not None:  # before anything is told: perhaps nobody listens
        archive = archives.archive(world.journal.entries(), gesmock.__version__)
        try:
            write_whole(har, msgspec.json.encode(archive))
        except OSError as error:
            unwritten = GesmockError(f"{har}: cannot be written: {error.strerror}")
    for finding in judging.problems(world):
        click.echo(str(finding))
    if unwritten is not None:
        give_up(unwritten)
