"""``gesmock serve``, and the group of all commands."""

import os
import sys
from typing import Any

import click

import gesmock
from gesmock.cli import options
from gesmock.cli.fixtures import check, generate, openapi
from gesmock.cli.options import LineParamType, command, option
from gesmock.cli.proxy import proxy
from gesmock.cli.record import record
from gesmock.cli.terminal import StopSignals, exit_on_signals, fail, log_to_stderr, progress
from gesmock.cli.verify import verify
from gesmock.faults import PresetName
from gesmock.model.errors import GesmockError
from gesmock.model.settings import Dialect

_SWITCH_S = 0.0005
"""How long a thread may keep the interpreter while others wait for it.

While a worker generates jobs, the loop has to ask for the interpreter with each system call: at
Python's default of 5 ms, sixteen clients would wait 160 ms.
"""


class _Commands(click.Group):
    """Commands that exit with 130 on Ctrl-C, and with 2 when standard output is closed.

    click would exit with 1 in both cases, which is verify's status for a check that fails.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:  # its text says what remains to be done
            click.echo(f"gesmock: interrupted{error}", err=True)
            sys.exit(130)
        except BrokenPipeError as error:
            fail(GesmockError(f"standard output: {error.strerror}"))


@command()
@click.argument("fixture", nargs=-1)
@option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@options.port
@option("--project-id", help="The default project.")
@option("--generate", multiple=True, metavar="[GRAPH=]N", help="Add N realistic jobs.")
@option(
    "--seed",
    type=int,
    help="The seed of all random choices [default: the fixture's, else 0].",
)
@options.faults
@options.preset
@option(
    "--plan",
    multiple=True,
    type=LineParamType(),
    metavar="[COMMAND=]PLAN[,...]",
    help="What becomes of submitted jobs: slow or import_graph=fails_late,times=1 or a plan rule "
    "as JSON. In the environment, one per line.",
)
@option("--frozen", is_flag=True, help="Start with a frozen clock.")
@option("--rate", type=float, help="The clock's seconds per real second [default: 1].")
@option(
    "--tick-s",
    type=float,
    help="The seconds that each request to the service advances the clock by [default: 0].",
)
@option("--token", multiple=True, help="Require an X-Auth-Token: this one.")
@option(
    "--dialect",
    type=click.Choice(["page", "error_table"]),
    help="Whose statuses to answer with: the page's own, or the error-code table's.",
)
@option("--set", multiple=True, metavar="NAME=VALUE", help="Change a setting.")
@option(
    "--journal-size",
    type=int,
    help="How many requests the journal keeps, the latest [default: 10000].",
)
@options.control_token
@option("--allow-host", multiple=True, help="A host name to answer control calls under.")
@option("--cert", metavar="FILE", help="Serve HTTPS with this certificate chain (PEM).")
@option("--key", metavar="FILE", help="The certificate's key [default: in the same file].")
@option("--no-control", is_flag=True, help="Do not serve the control API.")
@options.log_level
def serve(
    fixture: tuple[str, ...],
    host: str,
    port: int,
    project_id: str | None,
    generate: tuple[str, ...],
    seed: int | None,
    fault: tuple[str, ...],
    preset: PresetName | None,
    plan: tuple[str, ...],
    frozen: bool,
    rate: float | None,
    tick_s: float | None,
    token: tuple[str, ...],
    dialect: Dialect | None,
    set: tuple[str, ...],
    journal_size: int | None,
    control_token: str | None,
    allow_host: tuple[str, ...],
    cert: str | None,
    key: str | None,
    no_control: bool,
    log_level: str,
) -> None:
    """Serve FIXTUREs: JSON files, or names of those that gesmock ships.

    Without a fixture and without --generate, serves the example of the service's own page.
    """
    from gesmock.mock import GesMock

    exit_on_signals()
    log_to_stderr(log_level)
    sys.setswitchinterval(_SWITCH_S)
    changes: dict[str, Any] = {} if dialect is None else {"dialect": dialect}
    try:
        ges = GesMock(
            fixture=fixture or (() if generate else "page_example"),
            host=host,
            port=port,
            project_id=project_id,
            generate=[options.generator(text, "--generate") for text in generate],
            seed=seed,
            faults=[options.fault_rule(text) for text in fault],
            preset=preset,
            plans=[options.plan_rule(text) for text in plan],
            clock=options.timing(frozen=frozen, rate=rate, tick_s=tick_s),
            tokens=token,
            settings=changes | dict(options.setting(text, "--set") for text in set),
            journal_size=journal_size,
            control=not no_control,
            control_token=control_token,
            allow_hosts=allow_host,
            ssl_context=options.tls(cert, key),
            progress=progress,
        ).start()
    except GesmockError as error:
        fail(error)
    signals = StopSignals()
    with ges:
        click.echo(f"gesmock {gesmock.__version__} listening on {ges.url}")
        header = " -H 'X-Auth-Token: <token>'" if ges.fake.default.tokens else ""
        click.echo(f"curl{header} '{ges.jobs_url()}'")
        if not (no_control or control_token) and ges.control_token:
            click.echo(f"control token: {ges.control_token}")
        signals.wait()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(gesmock.__version__, message="gesmock %(version)s")
def main() -> None:
    """A fake of the job API of Huawei Cloud GES (Graph Engine Service)."""


for _command in (serve, generate, check, openapi, verify, record, proxy):
    main.add_command(_command)


def run() -> None:
    """The console script: ``main``, and an error where standard output cannot be written."""
    try:
        try:
            main()
        finally:
            if sys.stdout is not None:  # it is None where it was closed before the start
                sys.stdout.flush()
    except OSError as error:  # such as a full disk
        click.echo(f"gesmock: standard output: {error.strerror}", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python flushes once more at its end
        sys.exit(2)
