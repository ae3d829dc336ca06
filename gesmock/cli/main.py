"""The group of all commands, and the console script."""

import os
import sys
from errno import EADDRINUSE
from typing import Any

import click

import gesmock
from gesmock.cli.fixtures import check, generate, openapi
from gesmock.cli.output import fail
from gesmock.cli.remote import record, verify
from gesmock.cli.running import env, health, reset, wait
from gesmock.cli.serve import proxy, serve
from gesmock.model.errors import GesmockError


class _Commands(click.Group):
    """Commands that exit with 130 on Ctrl-C, and with 2 on errors, also of standard output.

    click would exit with 1, which is verify's status for a check that fails.
    """

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
    commands=[
        serve,
        generate,
        check,
        openapi,
        verify,
        record,
        proxy,
        health,
        wait,
        env,
        reset,
    ],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(gesmock.__version__, message="gesmock %(version)s")
def main() -> None:
    """A fake of the job API of Huawei Cloud GES (Graph Engine Service)."""


def run() -> None:
    """The console script: ``main``, and an error where standard output cannot be written."""
    try:
        try:
            main()
        finally:
            click.echo(nl=False)  # flushes; does nothing where it was closed before the start
    except OSError as error:  # such as a full disk
        click.echo(f"gesmock: standard output: {error.strerror}", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python flushes once more at its end
        sys.exit(2)
