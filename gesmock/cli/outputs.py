"""Outputs: files that are written at the end; that they can be is seen at the start."""

import os
from collections.abc import Mapping
from pathlib import Path
from stat import S_IMODE

from gesmock.model.errors import GesmockError, InvalidInput


def check(files: Mapping[str, Path | None]) -> None:
    """Raise InvalidInput unless each of the *files*, by their options, can be written."""
    seen: dict[Path, str] = {}
    for option, file in files.items():
        if file is None:
            continue
        target = file.resolve()
        if target in seen:
            raise InvalidInput.at(option, f"{file} is the file of {seen[target]} too")
        seen[target] = option
        if target.is_dir():
            raise InvalidInput.at(option, f"{file} is a folder; the name of a file is wanted")
        try:
            if target.exists():
                with target.open("ab"):
                    pass
            if not target.exists() or target.is_file():
                _try_beside(target)
        except OSError as error:
            raise InvalidInput.at(option, f"{file} cannot be written: {error.strerror}") from None


def _try_beside(target: Path) -> None:
    """Make a file where the new one is written first; it leaves no trace."""
    import tempfile  # 3 ms, and most runs write no file

    with tempfile.TemporaryFile(dir=target.parent):
        pass


def write(path: Path, text: bytes) -> None:
    """Write *text* to *path*, or leave the file that is there as it was.

    Raises GesmockError where it cannot be written.
    """
    try:
        _write(path.resolve(), text)
    except OSError as error:
        raise GesmockError(f"{path}: cannot be written: {error.strerror}") from None


def _write(target: Path, text: bytes) -> None:
    if target.exists() and not target.is_file():  # such as /dev/null: nothing to keep
        target.write_bytes(text)
        return
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if target.exists():  # what only its owner may read is never open to others
            unfinished.touch(0o600)
            unfinished.write_bytes(text)
            unfinished.chmod(S_IMODE(target.stat().st_mode))
        else:
            unfinished.write_bytes(text)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
