"""``gesmock serve --state``: starts from a file if there is one, and saves to it at the end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from gesmock.cli import output
from gesmock.fake import fixtures
from gesmock.fake.fake import Fake
from gesmock.fake.fixtures import State
from gesmock.model import validation
from gesmock.model.errors import naming_file

_REPLACED: Final = frozenset(("generate", "faults", "preset", "plans"))
"""The options that the file stands for: what remains of them is in it."""


def options_from(path: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """The *options* of a ``GesMock``, with the states in the file *path* as its fixtures.

    Tokens, which the file lacks, are those of *options*. Raises InvalidInput.
    """
    states = _read(path)
    named = [state.project_id for state in states]
    replaced = {*_REPLACED, *(["clock"] if any(state.clock for state in states) else [])}
    if len(named) > 1 and options["project_id"] == named[0]:  # states() would merge them all
        replaced.add("project_id")
    remaining = {name: value for name, value in options.items() if name not in replaced}
    return {**remaining, "fixture": [msgspec.to_builtins(state) for state in states]}


def _read(path: Path) -> list[State]:
    """The states of all projects; a file with one project need not be a list."""
    text = path.read_bytes()
    if not text.startswith(b"["):
        return [fixtures.read(path)]
    with naming_file(str(path)):
        items = validation.decode(text, list[msgspec.Raw])
    states = []
    for index, item in enumerate(items):
        with naming_file(f"{path}[{index}]"):
            states.append(fixtures.parse(bytes(item)))
    return states


def save(path: Path, fake: Fake) -> None:
    """Save what the projects of *fake* hold, without secrets. Raises GesmockError."""
    states = [project.state() for project in fake.projects.values()]
    if len(states) == 1:
        output.write(path, fixtures.dump(states[0]))
    else:
        output.write(path, msgspec.json.format(msgspec.json.encode(states), indent=2) + b"\n")
