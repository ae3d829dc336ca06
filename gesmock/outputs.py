"""Outputs: files that are written at the end, of which is seen at the start that they can be."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile

from gesmock.errors import InvalidInput


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
                with TemporaryFile(dir=target.parent):  # beside it, the new one is written first
                    pass
        except OSError as error:
            raise InvalidInput.at(option, f"{file} cannot be written: {error.strerror}") from None
