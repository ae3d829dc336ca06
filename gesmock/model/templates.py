"""Recipes: how a documented operation becomes the request of a generated job.

Which commands, URLs and bodies there are is documented, most names of commands inferred
(``documented/operations.json`` says which).
"""

import struct
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, cycle
from typing import Any, Final

import msgspec

from gesmock.model import documentation
from gesmock.model import listed_requests as raw_requests
from gesmock.model.documentation import AsynchronousOperation
from gesmock.model.jobs import JobRequest
from gesmock.model.types import GoodEnd

Draw = Callable[[], int]
"""Draws 16 random bits; the 24 draws of a row begin anew where they are not enough."""

_SIXTEENS: Final = struct.Struct("<24H")


def drawn(key: str) -> tuple[str, Draw]:
    """32 hexadecimal digits and a row of draws, both from *key* only.

    They are the 512 bits of a hash: a ``random.Random`` a row would take seven times as long to
    seed, most of a second in 100,000 rows.
    """
    from hashlib import blake2b  # 2 ms that only drawing should cost

    digest = blake2b(key.encode()).digest()
    return digest[:16].hex(), cycle(_SIXTEENS.unpack_from(digest, 16)).__next__


class Weighted:
    """Values that are picked as often as their weights say."""

    def __init__(self, weights: Mapping[Any, float]) -> None:
        self._values = [value for value, weight in weights.items() if weight > 0]
        limits = list(accumulate(weight for weight in weights.values() if weight > 0))
        self._limits = [bound / limits[-1] * 2**16 for bound in limits]

    def pick(self, draw: Draw) -> Any:
        """One of the values."""
        return self._values[bisect_right(self._limits, draw())]


# --- What the jobs speak of ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the jobs of a seed speak of: words and the names of people."""

    words: tuple[str, ...]
    names: tuple[str, ...]

    def word(self, draw: Draw) -> str:
        """One of the words."""
        return self.words[draw() % len(self.words)]

    def name(self, draw: Draw) -> str:
        """One of the names."""
        return self.names[draw() % len(self.names)]


@lru_cache(maxsize=8)
def vocabulary(seed: int) -> Vocabulary:
    from faker import Faker  # slow to import, and only generators need it

    fake = Faker("en_US")
    fake.seed_instance(seed)
    words = sorted({fake.word() for _ in range(300)})
    names = sorted({fake.user_name() for _ in range(100)})
    return Vocabulary(tuple(filter(str.isalnum, words)), tuple(filter(str.isalnum, names)))


_Maker = Callable[[Draw, Vocabulary], str]
"""Draws the value of a field, as JSON text; the words need no escaping."""


def _file(kind: str) -> _Maker:
    return lambda draw, of: f'"/user/GES/{of.name(draw)}/{of.word(draw)}_{kind}"'


def _word(suffix: str = "") -> _Maker:
    return lambda draw, of: f'"{of.word(draw)}{suffix}"'


def _words(draw: Draw, of: Vocabulary) -> str:
    return "[" + ",".join(f'"{of.word(draw)}"' for _ in range(1 + draw() % 3)) + "]"


def _vertex(draw: Draw, _of: Vocabulary) -> str:
    return f'"{draw() % 10_000}"'


def _one_of(*values: str) -> _Maker:
    return lambda draw, _of: values[draw() % len(values)]


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

# --- How a documented operation becomes a job ---------------------------------------------------


_INDEX: Final = "~index~"
_JOB: Final = "~job~"
"""Where a path has what is drawn."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    """One documented operation, prepared for one graph, with a ``%s`` for what is drawn."""

    command: str
    path: str
    body: str
    makers: tuple[_Maker, ...]
    finished: GoodEnd

    def request(self, draw: Draw, of: Vocabulary) -> JobRequest:
        path = self.path
        if _INDEX in path or _JOB in path:
            digits, _ = drawn(f"{draw()}{draw()}")
            path = path.replace(_INDEX, f"{of.word(draw)}_index").replace(_JOB, digits)
        body = self.body % tuple([make(draw, of) for make in self.makers])
        return JobRequest(self.command, path, body)


@lru_cache(maxsize=64)
def recipes(project_id: str, graph_name: str) -> Weighted:
    """The database edition's operations; those that the list's page shows are likelier."""
    return Weighted(
        {
            _prepared(row, project_id, graph_name): 5
            if row.command_certainty == "documented"
            else 1
            for row in documentation.operations()
            if row.edition != "memory"
        }
    )


def _prepared(row: AsynchronousOperation, project_id: str, graph_name: str) -> _Recipe:
    names = {
        "project_id": project_id,
        "graph_name": graph_name,
        "index_name": _INDEX,
        "job_id": _JOB,
        "commit": "commit",  # a composed value: no page shows one
    }
    path = raw_requests.url(row, names, row.query)
    if row.request_example is None:
        # Inferred: a call without a body is listed with an empty one, as on ges_03_0204 (2024-12).
        return _Recipe(row.command, path, "", (), row.finished)
    makers: list[_Maker] = []
    example = raw_requests.normalised(
        row.command, graph_name, raw_requests.without_secrets(row.request_example)
    )
    text = msgspec.json.encode(_with_slots(example, makers)).decode()
    body = text.replace("%", "%%").replace(r'"\u0000"', "%s")
    return _Recipe(row.command, path, body, tuple(makers), row.finished)


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
