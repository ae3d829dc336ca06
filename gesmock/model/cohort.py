"""Cohort: many jobs that come into a graph together, with all done that takes long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gesmock.model import rows
from gesmock.model.blocks import SIZE, Block, Numbers, numbers_of
from gesmock.model.index import Layer, layers_of
from gesmock.model.jobs import Job
from gesmock.model.lives import Together
from gesmock.model.timeline import Life


@dataclass(frozen=True, slots=True)
class Cohort:
    """Jobs with the numbers from *first* to *last*: encoded, indexed, and their lives foreseen.

    *hidden* are those that the list does not show yet.
    """

    first: int
    last: int
    listed: Sequence[Block]
    hidden: Sequence[Block]
    layers: Sequence[Layer]
    together: Together | None

    @classmethod
    def of(
        cls,
        jobs: Sequence[Job],
        last: int = -1,
        lives: Mapping[str, Life] | None = None,
        now: int = 0,
    ) -> "Cohort":
        """The cohort of *jobs*, newest first, the newest of which gets the number *last*.

        *lives* are those of the ones that are alive, by their ids, as they are *now*.
        """
        first = last - len(jobs) + 1
        layers = layers_of([job.job_id for job in reversed(jobs)], first)
        numbers = range(last, first - 1, -1)
        if not lives:
            return cls(first, last, _encoded(jobs, numbers), (), layers, None)
        living: dict[int, Life] = {}
        shown: dict[int, Job] = {}
        hidden: dict[int, Job] = {}
        for number, job in zip(numbers, jobs, strict=True):
            life = lives.get(job.job_id)
            if life is not None:
                living[number] = life
            (hidden if life is not None and life.listed > now else shown)[number] = job
        together = Together.of(living, now)
        return cls(first, last, _sorted_out(shown), _sorted_out(hidden), layers, together)


def _sorted_out(jobs: Mapping[int, Job]) -> list[Block]:
    return _encoded([*jobs.values()], numbers_of([*jobs]))


def _encoded(jobs: Sequence[Job], numbers: Numbers) -> list[Block]:
    """Blocks of *jobs*, newest first, in one piece each; oldest first."""
    blocks = []
    for end in range(len(jobs), 0, -SIZE):
        some = slice(max(end - SIZE, 0), end)
        block = Block([rows.encode(job) for job in jobs[some]], numbers[some])
        block.whole()
        blocks.append(block)
    return blocks
