"""The group of all commands, and the console script."""

import os
import sys
from collections.abc import Mapping
from errno import EADDRINUSE
from importlib import import_module
from typing import Any, Final

import click

import gesmock
from gesmock.cli.output import fail
from gesmock.model.errors import GesmockError

COMMANDS: Final[Mapping[str, str]] = {
    "serve": "serve",
    "generate": "fixtures",
    "check": "fixtures",
    "openapi": "fixtures",
    "verify": "remote",
    "record": "remote",
    "proxy": "serve",
    "health": "running",
    "wait": "running",
    "env": "running",
    "reset": "running",
}
"""The module of each command; only that of the one that runs is imported."""


def command(name: str) -> click.Command:
    imported: click.Command = getattr(import_module(f"gesmock.cli.{COMMANDS[name]}"), name)
    return imported


class _Commands(click.Group):
    """Commands that exit with 130 on Ctrl-C, and with 2 on errors, also of standard output.

    click would exit with 1, which is verify's status for a check that fails.
    """

    def list_commands(self, _: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        return command(name) if name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:  # click suggests loaded commands only
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GesmockError as error:
            if isinstance(error, OSError) and error.errno == EADDRINUSE:
                error = GesmockError(f"{error}; --port 0 takes any free port")
            fail(error)
        except KeyboardInterrupt as error:  # its text says what remains to be done
            click.echo(f"gesmock: interrupted{error}", err=True)
            sys.exit(130)
        except BrokenPipeError as error:  # click would exit with 1; ``run`` reports it
            raise OSError(0, error.strerror) from None


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(gesmock.__version__, message="gesmock %(version)s")
def main() -> None:
    """A fake of the job API of Huawei Cloud GES (Graph Engine Service)."""


def run() -> None:
    """The console script: ``main``, and an error if standard output cannot be written."""
    try:
        try:
            main()
        finally:
            click.echo(nl=False)  # flushes; does nothing if it was closed before the start
    except OSError as error:  # such as a full disk
        click.echo(f"gesmock: standard output: {error.strerror}", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python flushes once more at its end
        sys.exit(2)
