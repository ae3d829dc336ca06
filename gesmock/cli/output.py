"""What commands print, and the files they write."""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from stat import S_IMODE
from typing import TYPE_CHECKING, NoReturn

import click

from gesmock.model.errors import GesmockError, InvalidInput

if TYPE_CHECKING:
    from gesmock.fake.options import Rows


class Echo:
    """Prints lines. When standard output fails, the work goes on, and *failure* is the error."""

    failure: OSError | None = None

    def __call__(self, line: str) -> None:
        try:
            if self.failure is None:
                click.echo(line)
        except OSError as error:
            self.failure = error


def fail(error: GesmockError, status: int = 2) -> NoReturn:
    """Print *error* and exit."""
    click.echo(str(error) if isinstance(error, InvalidInput) else f"gesmock: {error}", err=True)
    sys.exit(status)


# --- Progress bars --------------------------------------------------------------------------------


def progress(rows: "Rows", total: int) -> "Rows":
    """*rows*, with a progress bar if there are many and standard error is a terminal."""
    if total < 5_000 or not sys.stderr.isatty():
        yield from rows
        return
    with click.progressbar(rows, length=total, label="generating jobs", file=sys.stderr) as bar:
        yield from bar


def show_steps(steps: Iterable[tuple[int, int | None]], label: str) -> None:
    """Exhaust *steps*, with a progress bar if standard error is a terminal.

    Each step says how many are done, and how many there are, or None while that is unknown.
    """
    if not sys.stderr.isatty():
        for _ in steps:
            pass
        return
    with click.progressbar(length=1, label=label, file=sys.stderr, show_pos=True) as bar:
        for done, total in steps:
            bar.length = max(total or 0, done, 1)
            bar.update(done - bar.pos)


# --- Files, checked when a command starts and written when it ends --------------------------------


def check_writable(files: Mapping[str, Path | None]) -> None:
    """Raise InvalidInput unless each of the *files*, by option, can be written."""
    options: dict[Path, str] = {}
    for option, file in files.items():
        if file is None:
            continue
        target = file.resolve()
        if target in options:
            raise InvalidInput.at(option, f"{file} is also the file of {options[target]}")
        options[target] = option
        if target.is_dir():
            raise InvalidInput.at(option, f"{file} is a directory, not a file")
        if target.is_fifo():  # to open it would wait for a reader
            raise InvalidInput.at(option, f"{file} is a FIFO, not a file")
        try:
            if target.exists():
                with target.open("ab"):
                    pass
            if not target.exists() or target.is_file():
                import tempfile  # 3 ms, and most runs write no file

                with tempfile.TemporaryFile(dir=target.parent):  # ``write`` creates one there too
                    pass
        except OSError as error:
            raise InvalidInput.at(option, f"{file} cannot be written: {error.strerror}") from None


def write(path: Path, text: bytes) -> None:
    """Write *text* to *path*, all of it or, with a GesmockError, none.

    ``click.File(atomic=True)`` would replace a device, such as /dev/null, with a file, and leave
    an unfinished file behind when the disk is full.
    """
    target = path.resolve()
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(text)
            return
        if target.exists():  # only those who may read the old file may read the new one
            unfinished.touch(0o600)
        unfinished.write_bytes(text)
        if target.exists():
            unfinished.chmod(S_IMODE(target.stat().st_mode))
        unfinished.replace(target)
    except OSError as error:
        raise GesmockError(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)
