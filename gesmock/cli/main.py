"""The command line: serve, generate, check."""

import os
import sys
from typing import Any, NoReturn

import click

import gesmock
from gesmock.cli import options as cli_options
from gesmock.cli import serving as cli_serving
from gesmock.cli.environment import Line, env
from gesmock.cli.fixtures import check, generate
from gesmock.cli.openapi import openapi
from gesmock.cli.proxy import proxy
from gesmock.cli.record import record
from gesmock.cli.stop_signals import StopSignals, exit_on_signals
from gesmock.cli.terminal import give_up, log_to_stderr, progress
from gesmock.cli.verify import verify
from gesmock.faults import PresetName
from gesmock.model.errors import GesmockError
from gesmock.model.settings import Dialect

EXAMPLE = "page_example"

_SWITCH_S = 0.0005
"""How long a thread may keep the interpreter while others wait for it.

While a worker generates jobs, the loop has to ask for it with each system call: at Python's 5 ms,
sixteen clients would wait 160 ms.
"""


class _Commands(click.Group):
    """Commands that end with 130 where Ctrl-C ends them, and with 2 where nobody reads on.

    click would end both with 1, which is verify's word for a check that fails.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that is called."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:  # it says what is left, if anything is
            click.echo(f"gesmock: interrupted{error}", err=True)
            sys.exit(130)
        except BrokenPipeError as error:
            give_up(GesmockError(f"standard output: {error.strerror}"))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(gesmock.__version__, message="gesmock %(version)s")
def main() -> None:
    """A fake of the job API of Huawei Cloud GES (Graph Engine Service)."""


@main.command()
@click.argument("fixture", nargs=-1)
@click.option("--host", default="127.0.0.1", show_default=True, **env("HOST"))
@cli_serving.port
@click.option("--project-id", help="The default project.", **env("PROJECT_ID"))
@click.option(
    "--generate",
    multiple=True,
    metavar="[GRAPH=]N",
    help="Add N realistic jobs.",
    **env("GENERATE"),
)
@click.option(
    "--seed",
    type=int,
    help="What jobs and chances are drawn from [default: the fixture's, else 0].",
    **env("SEED"),
)
@cli_serving.faults
@cli_serving.preset
@click.option(
    "--plan",
    "plans",
    multiple=True,
    type=Line(),
    metavar="[COMMAND=]PLAN[,...]",
    help="What becomes of submitted jobs: slow or import_graph=fails_late,times=1 or a plan rule "
    "as JSON. Several in the environment are a line each.",
    **env("PLAN"),
)
@click.option("--frozen", is_flag=True, help="Begin with a frozen clock.", **env("FROZEN"))
@click.option(
    "--rate", type=float, help="The clock's seconds in a real one [default: 1].", **env("RATE")
)
@click.option(
    "--tick-s",
    type=float,
    help="The clock's seconds with each request to the service [default: 0].",
    **env("TICK_S"),
)
@click.option(
    "--token",
    "tokens",
    multiple=True,
    help="Require an X-Auth-Token, this one.",
    **env("TOKEN"),
)
@click.option(
    "--dialect",
    type=click.Choice(["page", "error_table"]),
    help="Which status list is followed.",
    **env("DIALECT"),
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a setting.",
    **env("SET"),
)
@click.option(
    "--journal-size",
    type=int,
    help="How many of the last requests the journal keeps [default: 10000].",
    **env("JOURNAL_SIZE"),
)
@cli_serving.control_token
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    help="A host name under which the control API may be called.",
    **env("ALLOW_HOST"),
)
@click.option(
    "--cert",
    metavar="FILE",
    help="Serve HTTPS, with this certificate chain (PEM).",
    **env("CERT"),
)
@click.option(
    "--key",
    metavar="FILE",
    help="The certificate's key [default: in the same file].",
    **env("KEY"),
)
@click.option("--no-control", is_flag=True, help="Serve no control API.", **env("NO_CONTROL"))
@cli_serving.log_level
def serve(
    fixture: tuple[str, ...],
    host: str,
    port: int,
    project_id: str | None,
    generate: tuple[str, ...],
    seed: int | None,
    faults: tuple[str, ...],
    preset: PresetName | None,
    plans: tuple[str, ...],
    frozen: bool,
    rate: float | None,
    tick_s: float | None,
    tokens: tuple[str, ...],
    dialect: Dialect | None,
    settings: tuple[str, ...],
    journal_size: int | None,
    control_token: str | None,
    allow_hosts: tuple[str, ...],
    cert: str | None,
    key: str | None,
    no_control: bool,
    log_level: str,
) -> None:
    """Serve the FIXTUREs: JSON files, or names of starting states that gesmock ships.

    With neither a fixture nor --generate: the example of the service's own page.
    """
    from gesmock.mock import GesMock
    from gesmock.web import access_log

    exit_on_signals()
    log_to_stderr(log_level)
    sys.setswitchinterval(_SWITCH_S)
    changes: dict[str, Any] = {} if dialect is None else {"dialect": dialect}
    try:
        ges = GesMock(
            fixture=fixture or (() if generate else EXAMPLE),
            host=host,
            port=port,
            project_id=project_id,
            generate=[cli_options.generator(text, "--generate") for text in generate],
            seed=seed,
            faults=[cli_options.fault_rule(text) for text in faults],
            preset=preset,
            plans=[cli_options.plan_rule(text) for text in plans],
            clock=cli_options.timing(frozen=frozen, rate=rate, tick_s=tick_s),
            tokens=tokens,
            settings=changes | dict(cli_options.setting(text, "--set") for text in settings),
            journal_size=journal_size,
            control=not no_control,
            control_token=control_token,
            allow_hosts=allow_hosts,
            ssl_context=cli_options.tls(cert, key),
            progress=progress,
        ).start()
    except GesmockError as error:
        give_up(error)
    signals = StopSignals()
    with ges, access_log.together():
        click.echo(f"gesmock {gesmock.__version__} listening on {ges.url}")
        header = " -H 'X-Auth-Token: <token>'" if ges.fake.default.tokens else ""
        click.echo(f"curl{header} '{ges.jobs_url()}'")
        if not (no_control or control_token) and ges.control_token:
            click.echo(f"control token: {ges.control_token}")
        signals.wait()


for command in (generate, check, openapi, verify, record, proxy):
    main.add_command(command)


def run() -> NoReturn:
    """The console script: ``main``, and then the end at once.

    To tear the interpreter down takes some 100 ms, longer than all that stopping has to do.
    """
    status: str | int | None = None
    try:
        try:
            main()
        except SystemExit as ended:
            status = ended.code
        if sys.stdout is not None:  # as it is where it was closed before the start
            sys.stdout.flush()
    except OSError as error:  # such as a full disk behind standard output
        click.echo(f"gesmock: standard output: {error.strerror}", err=True)
        status = 2
    os._exit(int(status or 0))
