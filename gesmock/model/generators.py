"""Generators: a seed and a row number -> a realistic job.

Faker makes the vocabulary of a seed; which job a row is, its id and its status are drawn from the
seed and the row number alone, so that neither more rows nor a new Faker release change them.
"""

from collections.abc import Container, Iterator, Mapping
from itertools import count, islice
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct

from gesmock.model.jobs import Job
from gesmock.model.names import GraphName
from gesmock.model.plans import AnyPlan
from gesmock.model.templates import Weighted, drawn, recipes, vocabulary
from gesmock.model.types import Edition, JobStatus, ListedStatus

Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Weight = Annotated[float, Meta(ge=0, le=1e9)]

FINISHED: Final = "finished"
_USUAL_MIX: Final[Mapping[str, float]] = {FINISHED: 85, "failed": 8, "running": 5, "pending": 2}


class Generator(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An order for *count* jobs in a graph.

    *graph* defaults to the project's first, *seed* to the project's own. The jobs follow those that
    are there, as older ones, or take their place (*replace*). *statuses* weighs the statuses, such
    as ``{"success": 8, "failed": 2}``; by default 85 % are finished (in the word for their
    command), 8 % failed, 5 % running, 2 % pending. Those that have not ended go on along *plan*,
    where there is one, from the status they have.
    """

    count: Annotated[int, Meta(ge=0, le=1_000_000)]
    graph: GraphName | None = None
    seed: Seed | None = None
    replace: bool = False
    statuses: dict[ListedStatus, Weight] | None = None
    plan: AnyPlan | None = None

    def __post_init__(self) -> None:
        if self.statuses is not None and not sum(self.statuses.values()):
            raise ValueError("statuses: at least one weight must be above 0")


def jobs(
    project_id: str,
    graph_name: str,
    seed: int,
    statuses: Mapping[JobStatus, float] | None = None,
    *,
    first_row: int = 0,
) -> Iterator[Job]:
    """The jobs of *seed* for this graph, from *first_row* on, without end.

    Row *n* depends on *seed* and *n* only, but for the names in its URL and body.
    """
    outcomes = Weighted(statuses or _USUAL_MIX)
    operations = recipes(project_id, graph_name)
    words, instance = vocabulary(seed), _instance(seed)

    def job(row: int) -> Job:
        digits, draw = drawn(f"{seed}/{row}")
        outcome, recipe = outcomes.pick(draw), operations.pick(draw)
        status = recipe.finished if outcome == FINISHED else outcome
        return Job(digits + instance, status, recipe.request(draw, words))

    return map(job, count(first_row))


def job_id(seed: int, number: int, edition: Edition = "database") -> str:
    """The id of the *number*-th job that is none of the rows of ``jobs``, as *edition* has it."""
    digits, instance = drawn(f"{seed}+{number}")[0], _instance(seed)
    if edition == "database":
        return digits + instance
    return f"{UUID(digits, version=4)}{instance[:9]}"


def _instance(seed: int) -> str:
    """The 13 digits that end every job id of one graph instance.

    Inferred from the ids on ges_03_0471 and ges_03_0553: three octets of the engine's address, to
    nine digits, and its port 9090.
    """
    _, draw = drawn(f"{seed}")
    return "".join(str(1 + draw() % 254) for _ in range(3)).rjust(9, "0") + "9090"


def unknown_jobs(
    project_id: str,
    graph_name: str,
    order: Generator,
    seed: int,
    known: Container[str],
    first_row: int = 0,
) -> Iterator[tuple[int, Job]]:
    """The jobs of *order* whose ids are not *known*, each with the row that follows it."""
    rows = jobs(project_id, graph_name, seed, order.statuses, first_row=first_row)
    new = (row for row in enumerate(rows, first_row + 1) if row[1].job_id not in known)
    return islice(new, order.count)
