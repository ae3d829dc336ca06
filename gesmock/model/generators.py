"""Generators and templates: a seed and a row number -> a realistic job.

Faker makes the words of a seed; which job a row is, its id and its status are random bits from the
seed and the row number alone, so that neither more rows nor a new Faker release change them. Which
commands, URLs and bodies there are is documented, most names of commands are inferred
(``documented/operations.json`` says which).
"""

import re
import struct
from bisect import bisect_right
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, count, cycle, islice
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from gesmock.model import documentation, listed_requests
from gesmock.model.documentation import AsynchronousOperation
from gesmock.model.jobs import Job, JobRequest
from gesmock.model.plans import AnyPlan
from gesmock.model.secrets import copied
from gesmock.model.types import Edition, GoodEnd, GraphName, ListedStatus

Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]

FINISHED: Final = "finished"
_USUAL_MIX: Final[Mapping[str, float]] = {FINISHED: 85, "failed": 8, "running": 5, "pending": 2}


class Generator(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Generates *count* jobs for a graph.

    *graph* defaults to the project's first, *seed* to the project's own. The jobs come after the
    existing ones, as older jobs, or instead of them (*replace*). *statuses* are weights, such as
    ``{"success": 8, "failed": 2}``; by default 85 % are finished (with the status of their
    command), 8 % failed, 5 % running, 2 % pending. Jobs that have not ended follow *plan*, if
    there is one, from their status on.
    """

    count: Annotated[int, Meta(ge=0, le=1_000_000)]
    graph: GraphName | None = None
    seed: Seed | None = None
    replace: bool = False
    statuses: dict[ListedStatus, Annotated[float, Meta(ge=0, le=1e9)]] | None = None
    plan: AnyPlan | None = None

    def __post_init__(self) -> None:
        if self.statuses is not None and not sum(self.statuses.values()):
            raise ValueError("statuses: at least one weight must be above 0")


def jobs(
    project_id: str,
    graph_name: str,
    generator: Generator,
    seed: int,
    taken: Container[str] = (),
    first_row: int = 0,
) -> Iterator[tuple[int, Job]]:
    """The jobs of *generator* whose ids are not *taken*, each with the number of the next row.

    Row *n* depends on *seed* and *n* only, except for the names in its URL and body.
    """
    pick_outcome = _weighted(generator.statuses or _USUAL_MIX)
    pick_template = _templates(project_id, graph_name)
    vocabulary, instance = _vocabulary(seed), _instance(seed)

    def row(number: int) -> tuple[int, Job]:
        digits, rng = random_bits(f"{seed}/{number}")
        outcome, template = pick_outcome(rng), pick_template(rng)
        status = template.finished if outcome == FINISHED else outcome
        return number + 1, Job(digits + instance, status, template.request(rng, vocabulary))

    new = (pair for pair in map(row, count(first_row)) if pair[1].job_id not in taken)
    return islice(new, generator.count)


def job_id(seed: int, number: int, edition: Edition = "database") -> str:
    """The id of the *number*-th submitted job, which no row of ``jobs`` has, in this *edition*."""
    digits, instance = random_bits(f"{seed}+{number}")[0], _instance(seed)
    if edition == "database":
        return digits + instance
    return f"{UUID(digits, version=4)}{instance[:9]}"


@lru_cache(maxsize=8)
def _instance(seed: int) -> str:
    """The 13 digits that end every job id of one graph instance.

    Inferred from the ids on ges_03_0471 and ges_03_0553: three octets of the engine's address, to
    nine digits, and its port 9090.
    """
    _, rng = random_bits(f"{seed}")
    return "".join(str(1 + rng() % 254) for _ in range(3)).rjust(9, "0") + "9090"


# --- Random bits ----------------------------------------------------------------------------------

Rng = Callable[[], int]
"""Returns 16 random bits. A row has 24 of these numbers; then they repeat."""

_SIXTEENS: Final = struct.Struct("<24H")


def random_bits(key: str) -> tuple[str, Rng]:
    """32 hexadecimal digits and random numbers, both from *key* only.

    They are the 512 bits of a hash: to seed a ``random.Random`` for each row would take seven times
    as long, most of a second for 100,000 rows.
    """
    from hashlib import blake2b  # 2 ms that only generators should cost

    digest = blake2b(key.encode()).digest()
    return digest[:16].hex(), cycle(_SIXTEENS.unpack_from(digest, 16)).__next__


def _weighted(weights: Mapping[Any, float]) -> Callable[[Rng], Any]:
    """Picks from the keys of *weights*, each as often as its weight says."""
    values = [value for value, weight in weights.items() if weight > 0]
    limits = list(accumulate(weight for weight in weights.values() if weight > 0))
    limits = [limit / limits[-1] * 2**16 for limit in limits]
    return lambda rng: values[bisect_right(limits, rng())]


# --- Words ---------------------------------------------------------------------


class Vocabulary(NamedTuple):
    """The words and user names that a seed's jobs are made of."""

    words: Sequence[str]
    names: Sequence[str]


def _any(rng: Rng, values: Sequence[str]) -> str:
    return values[rng() % len(values)]


@lru_cache(maxsize=8)
def _vocabulary(seed: int) -> Vocabulary:
    from faker import Faker  # slow to import, and only generators need it

    fake = Faker("en_US")
    fake.seed_instance(seed)
    words = sorted({fake.word() for _ in range(300)})
    names = sorted({fake.user_name() for _ in range(100)})
    return Vocabulary([*filter(str.isalnum, words)], [*filter(str.isalnum, names)])


class _Draws:
    """Draws a value each time that a ``%(kind)s`` is filled in; the words need no escaping."""

    def __init__(self, rng: Rng, vocabulary: Vocabulary) -> None:
        self._rng, self._vocabulary = rng, vocabulary

    def __getitem__(self, kind: str) -> str:
        match kind:
            case "word":
                return _any(self._rng, self._vocabulary.words)
            case "name":
                return _any(self._rng, self._vocabulary.names)
            case "words":
                return '","'.join([self["word"] for _ in range(1 + self._rng() % 3)])
            case "number":
                return str(self._rng() % 10_000)
        return _any(self._rng, kind.split("|"))


_FIELDS: Final[Mapping[str, str]] = {
    "edgesetPath": '"/user/GES/%(name)s/%(word)s_edge.csv"',
    "vertexsetPath": '"/user/GES/%(name)s/%(word)s_vertex.csv"',
    "schemaPath": '"/user/GES/%(name)s/%(word)s_schema.xml"',
    "scriptPath": '"/user/GES/%(name)s/%(word)s_job.py"',
    "graphExportPath": '"/user/GES/%(name)s/%(word)s_export/"',
    "exportPath": '"/user/GES/%(name)s/%(word)s_result/"',
    "logDir": '"/user/GES/%(name)s/%(word)s_logs/"',
    "fileName": '"%(word)s.csv"',
    "indexName": '"%(word)s_index"',
    "indexProperty": '["%(words)s"]',
    "propertyName": '"%(word)s"',
    "labels": '["%(words)s"]',
    "label": '"%(word)s"',
    "property": '["%(words)s"]',
    "properties": '["%(words)s"]',
    "values": '["%(words)s"]',
    "source": '"%(number)s"',
    "target": '"%(number)s"',
    "action": '"%(override|ignore)s"',
    "ignoreLabel": "%(true|false)s",
    "predicate": '"%(=|>=|<=)s"',
    "alpha": "%(0.5|0.75|0.85|0.9)s",
    "max_iterations": "%(100|500|1000)s",
    "times": "%(1|2|3)s",
}
"""How to fill the fields of a body, as JSON; others keep the documented value."""


# --- How a documented operation becomes a job ---------------------------------------------------

_INDEX: Final = "~index~"
_JOB: Final = "~job~"
"""The random parts of a path."""


class _Template(NamedTuple):
    """A documented operation, prepared for a graph; ``_Draws`` fill its body."""

    command: str
    path: str
    body: str
    finished: GoodEnd

    def request(self, rng: Rng, vocabulary: Vocabulary) -> JobRequest:
        path = self.path
        if _INDEX in path or _JOB in path:
            digits, _ = random_bits(f"{rng()}{rng()}")
            path = path.replace(_INDEX, f"{_any(rng, vocabulary.words)}_index").replace(
                _JOB, digits
            )
        return JobRequest(self.command, path, self.body % _Draws(rng, vocabulary))


@lru_cache(maxsize=64)
def _templates(project_id: str, graph_name: str) -> Callable[[Rng], _Template]:
    """Picks database-edition operations; the two that the list's page shows more often."""
    names = {
        "project_id": project_id,
        "graph_name": graph_name,
        "index_name": _INDEX,
        "job_id": _JOB,
        "commit": "commit",  # a composed value: no page shows one
    }
    return _weighted(
        {
            _template(row, names): 5 if row.command_certainty == "documented" else 1
            for row in documentation.operations()
            if row.edition != "memory"
        }
    )


_SLOT: Final = re.compile(r'"\\u0000(\w+)"')  # no graph name has it, and no documented body


def _template(row: AsynchronousOperation, names: Mapping[str, str]) -> _Template:
    # Inferred: a call without a body is listed with an empty one, as on ges_03_0204 (2024-12).
    text = ""
    if row.request_example is not None:
        example = listed_requests.without_secrets(row.request_example)
        listed = listed_requests.normalised(row.command, names["graph_name"], example)
        slotted = copied(
            listed,
            lambda item: {key: f"\0{key}" if key in _FIELDS else item[key] for key in item},
        )
        text = msgspec.json.encode(slotted).decode().replace("%", "%%")
    path = listed_requests.url(row, names, row.query)
    body = _SLOT.sub(lambda slot: _FIELDS[slot[1]], text)
    return _Template(row.command, path, body, row.finished)
