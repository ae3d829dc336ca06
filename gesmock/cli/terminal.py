"""The terminal: lines, progress bars, the log, errors, and the signals that stop a command."""

import os
import signal
import sys
from collections.abc import Iterable
from logging import StreamHandler, getLogger
from typing import NoReturn

import click

from gesmock.fake.options import Rows
from gesmock.model.errors import GesmockError, InvalidInput


class Echo:
    """Prints lines. When standard output fails, the work goes on until ``raise_failure``."""

    def __init__(self) -> None:
        self._failure: OSError | None = None

    def __call__(self, line: str) -> None:
        """Print *line*, unless printing has failed before."""
        if self._failure is None:
            try:
                click.echo(line)
            except OSError as error:
                self._failure = error

    def raise_failure(self) -> None:
        """Raise the error that a line was lost to, if one was."""
        if self._failure is not None:
            raise self._failure


def progress(rows: Rows, total: int) -> Rows:
    """*rows*, with a progress bar if there are many and standard error is a terminal."""
    if total < 5_000 or not sys.stderr.isatty():
        yield from rows
        return
    with click.progressbar(rows, length=total, label="generating jobs", file=sys.stderr) as bar:
        yield from bar


def show_steps(steps: Iterable[tuple[int, int | None]], label: str) -> None:
    """Exhaust *steps*, with a progress bar if standard error is a terminal.

    Each step is how many are done, and of how many, or None while that is unknown.
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


def fail(error: GesmockError) -> NoReturn:
    """Print *error* and exit with status 2."""
    click.echo(str(error) if isinstance(error, InvalidInput) else f"gesmock: {error}", err=True)
    sys.exit(2)


_STOPS = signal.SIGINT, signal.SIGTERM


def exit_on_signals() -> None:
    """Let SIGINT and SIGTERM end the process with status 0, until it begins to serve."""
    for number in _STOPS:
        signal.signal(number, lambda *_: sys.exit(0))


class StopSignals:
    """Catches SIGINT and SIGTERM from its creation on; ``wait`` returns once one has arrived.

    The interpreter writes each to a pipe. A handler that set an Event could deadlock: it runs in
    the thread that waits for it, which may hold the Event's lock.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        signal.set_wakeup_fd(self._writer)
        for number in _STOPS:
            signal.signal(number, lambda *_: None)

    def wait(self) -> None:
        """Return once a signal has arrived, at once if one has already."""
        os.read(self._reader, 1)
        signal.set_wakeup_fd(-1)
        os.close(self._reader)
        os.close(self._writer)
