"""Generators: a seed and a row number -> a realistic job.

Faker makes the vocabulary of a seed; which job a row is, its id and its status are drawn from the
seed and the row number alone, so that neither more rows nor a new Faker release change them.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate, count
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Meta, Struct

from gesmock import documentation
from gesmock.documentation import AsynchronousOperation
from gesmock.jobs import GraphName, Job, JobRequest, JobStatus, ListedStatus

Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Weight = Annotated[float, Meta(ge=0)]
T = TypeVar("T")

FINISHED: Final = "finished"
_USUAL_MIX: Final[Mapping[str, float]] = {FINISHED: 85, "failed": 8, "running": 5, "pending": 2}


class Generator(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An order for *count* jobs in a graph.

    *graph* defaults to the world's first, *seed* to the world's own. The jobs follow those that are
    there, as older ones, or take their place (*replace*). *statuses* weighs the statuses, such as
    ``{"success": 8, "failed": 2}``; by default 85 % are finished (in the word for their command),
    8 % failed, 5 % running, 2 % pending.
    """

    count: Annotated[int, Meta(ge=0, le=1_000_000)]
    graph: GraphName | None = None
    seed: Seed | None = None
    replace: bool = False
    statuses: dict[ListedStatus, Weight] | None = None

    def __post_init__(self) -> None:
        if self.statuses is not None and not sum(self.statuses.values()):
            raise ValueError("statuses: at least one weight must be above 0")


def jobs(
    project_id: str, graph_name: str, seed: int, statuses: Mapping[JobStatus, float] | None = None
) -> Iterator[Job]:
    """The jobs of *seed* for this graph, without end; row *n* depends on *seed* and *n* only."""
    outcomes = _Weighted(statuses or _USUAL_MIX)
    recipes = _recipes(project_id, graph_name)
    words, instance = _vocabulary(seed), _instance(seed)

    def job(row: int) -> Job:
        draw = _Draw(f"{seed}/{row}")
        outcome, recipe = outcomes.pick(draw), recipes.pick(draw)
        status = recipe.finished if outcome == FINISHED else outcome
        name = f"{draw.below(1 << 128):032x}{instance}"
        return Job(name, status, recipe.request(draw, words))

    return map(job, count())


def job_id(seed: int, number: int) -> str:
    """The id of the *number*-th job that is not one of the rows of ``jobs``."""
    return f"{_Draw(f'{seed}+{number}').below(1 << 128):032x}{_instance(seed)}"


def _instance(seed: int) -> str:
    """The 13 digits that end every job id of one graph instance.

    Inferred from the ids on ges_03_0471 and ges_03_0553: three octets of the engine's address, to
    nine digits, and its port 9090.
    """
    draw = _Draw(f"{seed}")
    return "".join(str(1 + draw.below(254)) for _ in range(3)).rjust(9, "0") + "9090"


class _Draw:
    """A short row of random numbers that depends on its *key* only.

    They are 512 bits of a hash, used up bit by bit. A ``random.Random`` a row costs seven times as
    much to seed, most of a second in 100,000 rows.
    """

    __slots__ = ("_bits",)

    def __init__(self, key: str) -> None:
        self._bits = int.from_bytes(blake2b(key.encode()).digest())

    def below(self, bound: int) -> int:
        self._bits, drawn = divmod(self._bits, bound)
        return drawn

    def pick(self, values: Sequence[T]) -> T:
        return values[self.below(len(values))]


class _Weighted:
    """Values that are picked as often as their weights say."""

    _FINE = 1 << 20

    def __init__(self, weights: Mapping[Any, float]) -> None:
        self._values = [value for value, weight in weights.items() if weight > 0]
        bounds = list(accumulate(weight for weight in weights.values() if weight > 0))
        self._bounds = [bound / bounds[-1] * self._FINE for bound in bounds]

    def pick(self, draw: _Draw) -> Any:
        return self._values[bisect_right(self._bounds, draw.below(self._FINE))]


# --- What the jobs speak of ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    words: tuple[str, ...]
    names: tuple[str, ...]


@lru_cache(maxsize=8)
def _vocabulary(seed: int) -> _Vocabulary:
    from faker import Faker  # slow to import, and only generators need it

    fake = Faker("en_US")
    fake.seed_instance(seed)
    words = sorted({fake.word() for _ in range(300)})
    names = sorted({fake.user_name() for _ in range(100)})
    return _Vocabulary(tuple(filter(str.isalnum, words)), tuple(filter(str.isalnum, names)))


_Maker = Callable[[_Draw, _Vocabulary], str]
"""Draws the value of a field, as JSON text; the words need no escaping."""


def _file(kind: str) -> _Maker:
    return lambda draw, of: f'"/user/GES/{draw.pick(of.names)}/{draw.pick(of.words)}_{kind}"'


def _word(suffix: str = "") -> _Maker:
    return lambda draw, of: f'"{draw.pick(of.words)}{suffix}"'


def _words(draw: _Draw, of: _Vocabulary) -> str:
    return "[" + ",".join(f'"{draw.pick(of.words)}"' for _ in range(1 + draw.below(3))) + "]"


def _vertex(draw: _Draw, _of: _Vocabulary) -> str:
    return f'"{draw.below(10_000)}"'


def _one_of(*values: str) -> _Maker:
    return lambda draw, _of: draw.pick(values)


_FIELDS: Final[Mapping[str, _Maker]] = {
    "edgesetPath": _file("edge.csv"),
    "vertexsetPath": _file("vertex.csv"),
    "schemaPath": _file("schema.xml"),
    "scriptPath": _file("job.py"),
    "graphExportPath": _file("export/"),
    "exportPath": _file("result/"),
    "logDir": _file("logs/"),
    "fileName": _word(".csv"),
    "indexName": _word("_index"),
    "indexProperty": _words,
    "propertyName": _word(),
    "labels": _words,
    "label": _word(),
    "property": _words,
    "properties": _words,
    "values": _words,
    "source": _vertex,
    "target": _vertex,
    "action": _one_of('"override"', '"ignore"'),
    "ignoreLabel": _one_of("true", "false"),
    "predicate": _one_of('"="', '">="', '"<="'),
    "alpha": _one_of("0.5", "0.75", "0.85", "0.9"),
    "max_iterations": _one_of("100", "500", "1000"),
    "times": _one_of("1", "2", "3"),
}
"""How each field of a body is filled; a field that is not here keeps the documented value."""

_IMPORT_ORDER: Final = (
    "offline",
    "edgesetPath",
    "vertexsetPath",
    "delimiter",
    "schemaPath",
    "trimQuote",
    "vertexsetFormat",
    "parallelEdge",
    "edgesetFormat",
)
_INDEX_ORDER: Final = ["indexType", "indexName", "indexProperty", "hasLabel"]


# --- How a documented operation becomes a job ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Recipe:
    """One documented operation, prepared for one graph, with a ``%s`` for what is drawn."""

    command: str
    path: str
    body: str
    makers: tuple[_Maker, ...]
    finished: JobStatus

    def request(self, draw: _Draw, of: _Vocabulary) -> JobRequest:
        path = self.path
        if "{" in path:
            path = path.format(
                index_name=f"{draw.pick(of.words)}_index", job_id=f"{draw.below(1 << 128):032x}"
            )
        body = self.body % tuple([make(draw, of) for make in self.makers])
        return JobRequest(self.command, path, body)


@lru_cache(maxsize=64)
def _recipes(project_id: str, graph_name: str) -> _Weighted:
    """The database edition's operations; those that the list's page shows are likelier."""
    return _Weighted(
        {
            _prepared(row, project_id, graph_name): 5
            if row.certainty.startswith("command: documented")
            else 1
            for row in documentation.operations()
            if "(memory edition)" not in row.name
        }
    )


def _prepared(row: AsynchronousOperation, project_id: str, graph_name: str) -> _Recipe:
    query = dict(row.query)
    if row.command == "batch_build_index":  # the engine adds it (ges_03_0471)
        query["targetGraphName"] = graph_name
    path = row.path.format(
        project_id=project_id,
        graph_name=quote(graph_name, safe=""),
        index_name="{index_name}",
        job_id="{job_id}",
        commit="commit",
    )
    if query:
        path += "?" + urlencode(query)
    # Imports and indexes end as success (ges_03_0471), algorithms and HyG jobs as complete
    # (ges_03_0472, ges_03_0446, ges_03_0536); success for the rest is inferred.
    algorithm = row.command == "execute_algorithm" or row.command.startswith("hyg_")
    finished: JobStatus = "complete" if algorithm else "success"
    if row.request_example is None:
        return _Recipe(row.command, path, "", (), finished)
    makers: list[_Maker] = []
    example = _normalised(row.command, graph_name, row.request_example)
    text = msgspec.json.encode(_with_slots(example, makers)).decode()
    body = text.replace("%", "%%").replace(r'"\u0000"', "%s")
    return _Recipe(row.command, path, body, tuple(makers), finished)


_SLOT: Final = "\0"  # no graph name has it, and no documented body


def _with_slots(value: Any, makers: list[_Maker]) -> Any:
    """*value* with a slot for each field of ``_FIELDS``; adds their makers in the same order."""
    if isinstance(value, list):
        return [_with_slots(item, makers) for item in value]
    if not isinstance(value, dict):
        return value
    marked = {}
    for key, item in value.items():
        if key in _FIELDS:
            makers.append(_FIELDS[key])
        marked[key] = _SLOT if key in _FIELDS else _with_slots(item, makers)
    return marked


def _normalised(command: str, graph_name: str, body: dict[str, Any]) -> dict[str, Any]:
    """*body* as the engine lists it (ges_03_0471): its own key order, without storage keys."""
    if command == "import_graph":
        parallel = dict(sorted(body["parallelEdge"].items(), reverse=True))
        kept = {**body, "parallelEdge": parallel}
        return {"graphName": graph_name, **{key: kept[key] for key in _IMPORT_ORDER if key in kept}}
    if command == "batch_build_index":
        return {"indices": [{key: index[key] for key in _INDEX_ORDER} for index in body["indices"]]}
    return {key: value for key, value in body.items() if key != "obsParameters"}
