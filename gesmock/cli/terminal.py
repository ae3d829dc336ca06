"""What is seen on the terminal."""

import sys
from collections.abc import Iterable
from logging import StreamHandler, getLogger
from typing import NoReturn

import click

from gesmock.fake.population import Rows
from gesmock.model.errors import GesmockError, InvalidInput


class Telling:
    """Tells lines on standard output. Where they cannot be, the work goes on, until ``end``."""

    def __init__(self) -> None:
        self._failed: OSError | None = None

    def __call__(self, line: str) -> None:
        """Tell *line*."""
        if self._failed is None:
            try:
                click.echo(line)
            except OSError as error:
                self._failed = error

    def end(self) -> None:
        """Raise what has kept a line from being told."""
        if self._failed is not None:
            raise self._failed


def progress(rows: Rows, total: int) -> Rows:
    """*rows*, with a bar on standard error where that is a terminal."""
    if total < 5_000 or not sys.stderr.isatty():
        yield from rows
        return
    with click.progressbar(rows, length=total, label="generating jobs", file=sys.stderr) as bar:
        yield from bar


def counted(steps: Iterable[tuple[int, int | None]], label: str) -> None:
    """Go through *steps*, each of which says how far it is, and of how much, if that is known.

    With a bar on standard error where that is a terminal.
    """
    if not sys.stderr.isatty():
        for _ in steps:
            pass
        return
    with click.progressbar(length=1, label=label, file=sys.stderr, show_pos=True) as bar:
        for done, total in steps:
            bar.length = max(total or 0, done, 1)
            bar.update(done - bar.pos)


def log_to_stderr(level: str) -> None:
    log = getLogger("gesmock")
    log.addHandler(StreamHandler())
    log.setLevel(level.upper())


def give_up(error: GesmockError) -> NoReturn:
    click.echo(str(error) if isinstance(error, InvalidInput) else f"gesmock: {error}", err=True)
    sys.exit(2)
