"""``gesmock serve --state``: starts from a file if there is one, and saves to it at the end."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from gesmock.cli import output
from gesmock.fake import fixtures
from gesmock.fake.fake import Fake
from gesmock.fake.fixtures import State
from gesmock.model import validation
from gesmock.model.errors import InvalidInput, naming_file

_REPLACED: Final = frozenset(("generate", "faults", "preset", "plans"))
"""The options that the file replaces: what remains of them is in it."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock the file *path* against other servers. Raises InvalidInput."""
    if path.exists():
        with naming_file(str(path)):
            fixtures.check_regular(path)
    target = path.resolve()
    with ExitStack() as stack:
        try:  # a file of its own, as saving replaces *path*
            lock = stack.enter_context(target.with_name(f".{target.name}.lock").open("ab"))
            with suppress(ImportError):
                from fcntl import LOCK_EX, LOCK_NB, flock  # not on Windows

                flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise InvalidInput.at("--state", f"{path} is in use by another gesmock serve") from None
        except OSError as error:
            reason = f"cannot be locked: {error.strerror}"
            raise InvalidInput.at("--state", f"{path} {reason}") from None
        yield


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
    with naming_file(str(path)):
        text = fixtures.text_of(path)
        if not text.startswith(b"["):
            return [fixtures.parse(text, fallback_graph_name=path.stem)]
        items = validation.decode(text, list[msgspec.Raw])
    states = []
    for index, item in enumerate(items):
        with naming_file(f"{path}[{index}]"):
            states.append(fixtures.parse(bytes(item)))
    return states


def save(path: Path, fake: Fake) -> None:
    """Save the states of all projects of *fake*, without secrets. Raises GesmockError."""
    states = [project.state() for project in fake.projects.values()]
    if len(states) == 1:
        output.write(path, fixtures.dump(states[0]))
    else:
        output.write(path, msgspec.json.format(msgspec.json.encode(states), indent=2) + b"\n")
