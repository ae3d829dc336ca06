"""What all measures share: the targets, the lists, a folder for files, and the rounds."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import click

from benchmarks import lists
from benchmarks.figures import Sample
from benchmarks.lists import JobList
from benchmarks.load import NotUnderstood
from benchmarks.processes import Running, StartFailed
from benchmarks.targets import Target
from benchmarks.targets.base import WrongAnswer

T = TypeVar("T")

FAILURES: Final = (StartFailed, WrongAnswer, NotUnderstood, OSError, subprocess.SubprocessError)
"""Errors of a target or of a measure that do not end the run."""

Check = Callable[[Target, Running], None]
"""Raises WrongAnswer if a started target does not answer as it should."""


@dataclass(slots=True)
class Bench:
    """One run. *absent* says why a target is not measured, *failed* what went wrong."""

    room: Path
    targets: list[Target]
    rounds: int
    seconds: int
    quick: bool
    absent: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    samples: dict[str, dict[str, list[Sample]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    commands: dict[str, list[str]] = field(default_factory=dict)
    starts: int = 0
    job_lists: dict[int, JobList] = field(default_factory=dict)

    def list_of(self, count: int) -> JobList:
        """The list of *count* jobs, made on first use."""
        if count not in self.job_lists:
            self.job_lists[count] = lists.make(self.room, count)
        return self.job_lists[count]

    def note(self, work: str, target: str, sample: Sample) -> None:
        self.samples[work][target].append(sample)

    def present(self) -> list[Target]:
        """The targets that can be measured."""
        return [target for target in self.targets if target.name not in self.absent]

    def gesmock(self) -> list[Target]:
        """gesmock, if it is measured at all."""
        return [target for target in self.present() if target.kind == "gesmock"]

    def fresh_room(self) -> Path:
        """An empty folder for one start of a target."""
        self.starts += 1
        room = self.room / f"start{self.starts}"
        room.mkdir()
        return room

    @contextmanager
    def all_serving(
        self, targets: Sequence[Target], served: Sequence[JobList], check: Check
    ) -> Iterator[list[tuple[Target, Running]]]:
        """The *targets* that start and pass *check*; ``failed`` says why others do not."""
        with ExitStack() as stack:
            running: list[tuple[Target, Running]] = []
            for target in progress("starting", targets):
                with ExitStack() as own:
                    try:
                        server = own.enter_context(target.serving(served, self.fresh_room()))
                        check(target, server)
                    except FAILURES as error:
                        self.failed[target.name] = str(error)
                        continue
                    stack.push(own.pop_all())
                    self.commands.setdefault(target.name, self._placeless(server.command))
                    running.append((target, server))
            yield running

    def _placeless(self, command: Sequence[str]) -> list[str]:
        """*command* without the folders of this run and this machine."""
        return [
            part.replace(f"{self.room}/", "").rpartition("/node_modules/")[2]
            if "=/" not in part
            else f"{part.partition('=/')[0]}={Path(part).name}"
            for part in (Path(command[0]).name, *command[1:])
        ]


def progress(label: str, items: Sequence[T]) -> Iterator[T]:
    """*items*, with a bar on standard error; if that is no terminal, with the label only."""
    with click.progressbar(items, label=label, file=sys.stderr) as bar:
        yield from bar


def interleaved(rounds: int, items: Iterable[T]) -> list[T]:
    """*items*, once for each round, so that what disturbs the machine disturbs all of them.

    Every other round is backwards, so that no item always follows the same one.
    """
    order = list(items)
    return [item for number in range(rounds) for item in (order, order[::-1])[number % 2]]
