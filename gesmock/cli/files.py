"""Files that a command writes at its end, checked at its start."""

import os
from collections.abc import Mapping
from pathlib import Path
from stat import S_IMODE

from gesmock.model.errors import GesmockError, InvalidInput


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
        try:
            if target.exists():
                with target.open("ab"):
                    pass
            if not target.exists() or target.is_file():
                _create_beside(target)
        except OSError as error:
            raise InvalidInput.at(option, f"{file} cannot be written: {error.strerror}") from None


def _create_beside(target: Path) -> None:
    """Create a file, and remove it, where ``write`` puts the new one first."""
    import tempfile  # 3 ms, and most runs write no file

    with tempfile.TemporaryFile(dir=target.parent):
        pass


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
        if target.exists():  # nobody may read the new file who may not read the old one
            unfinished.touch(0o600)
        unfinished.write_bytes(text)
        if target.exists():
            unfinished.chmod(S_IMODE(target.stat().st_mode))
        unfinished.replace(target)
    except OSError as error:
        raise GesmockError(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)
