"""Generators and templates: a seed and a row number -> a realistic job.

Faker makes the words of a seed. Which job a row is, its id and its outcome follow from the seed,
the row number and the edition, so neither more rows nor a new Faker release changes them. The
commands, URLs and bodies are documented; most names of commands are inferred
(``documented/operations.json`` says which).
"""

import re
import struct
from bisect import bisect_right
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache, partial
from itertools import accumulate, cycle
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from gesmock.model import documentation, listed_requests
from gesmock.model.documentation import DocumentedCall
from gesmock.model.jobs import Job, JobRequest
from gesmock.model.plans import AnyPlan
from gesmock.model.settings import Settings
from gesmock.model.types import LONGEST_KEY, Edition, GraphName, ListedStatus

Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]

FINISHED: Final = "finished"
_ENDS: Final[Mapping[str, float]] = {FINISHED: 92, "failed": 8}
_MOST_ALIVE: Final = 5
"""At most this many of the newest rows have not ended."""

_EXPORTS_EVERY: Final = 32
_EXPORT: Final = 12
"""Row 12 of every 32 exports the result of the next row, an older job."""

_EXPORTED: Final = (FINISHED, "complete", "success")
"""The outcomes of a job whose result is exported."""


class Generator(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Generates *count* jobs for a graph.

    *graph* defaults to the project's first, *seed* to the project's own. The jobs come after the
    existing ones, as older jobs, or *replace* them. *statuses* are weights, such as
    ``{"success": 8, "failed": 2}``. By default the newest few are pending or running; 92 % of the
    others have finished (with the status of their command), and 8 % have failed. Jobs that have not
    ended follow *plan*, if there is one, from their status on.
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
    taken: Container[str],
    first_row: int,
    edition: Edition,
    settings: Settings,
    *,
    after_ended: bool,
) -> Iterator[tuple[int, Job]]:
    """The jobs of *generator* whose ids are not *taken*, each with the number of the next row.

    Row *n* depends only on *seed*, *edition*, *n*, the weights and the *settings*, except for the
    names in its URL and body. With *after_ended*, they follow a job that has ended: by default, so
    have they. A row that would export the result of a job beyond the last is left out.
    """
    pick_outcome = _weighted(generator.statuses or _ENDS)
    remembered = _remembered if len(graph_name) <= LONGEST_KEY else _templates
    templates, words = remembered(project_id, graph_name, edition), _vocabulary(seed)
    alive = [] if generator.statuses or after_ended else _alive(seed)
    finished = lru_cache(lambda command: settings.finished(command, edition))

    def job(row: int) -> Job:
        digits, rng = random_bits(f"{seed}/{row}")
        outcome = pick_outcome(rng)
        template = templates.pick(rng)
        exported = ""
        if row < len(alive):
            outcome = alive[row]
        elif row % _EXPORTS_EVERY == _EXPORT:
            older, older_rng = random_bits(f"{seed}/{row + 1}")
            if pick_outcome(older_rng) in _EXPORTED:
                template, exported = templates.export, _form(older, seed, edition)
        elif row % _EXPORTS_EVERY == _EXPORT + 1 and outcome in _EXPORTED:
            template = templates.exported
        status = finished(template.command) if outcome == FINISHED else outcome
        return Job(_form(digits, seed, edition), status, template.request(rng, words, exported))

    missing, row = generator.count, first_row
    while missing:
        if missing > 1 or row % _EXPORTS_EVERY != _EXPORT:
            new = job(row)
            if new.job_id not in taken:
                missing -= 1
                yield row + 1, new
        row += 1


def _alive(seed: int) -> list[str]:
    """The statuses of the newest rows, those that have not ended."""
    _, rng = random_bits(f"{seed}/alive")
    pending, running = rng() % 2, 1 + rng() % (_MOST_ALIVE - 1)
    return ["pending"] * pending + ["running"] * running


def job_id(seed: int, number: int, edition: Edition = "database") -> str:
    """The id of the *number*-th job submitted in *edition*; no row of ``jobs`` has it."""
    return _form(random_bits(f"{seed}+{number}")[0], seed, edition)


def _form(digits: str, seed: int, edition: Edition) -> str:
    """The 32 *digits* as the id of a job of *edition*."""
    instance = _instance(seed)
    if edition == "database":
        return digits + instance
    variant = "89ab"[int(digits[16], 16) % 4]  # as uuid.UUID(version=4) does, three times as fast
    middle = f"{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}"
    return f"{digits[:8]}-{middle}-{digits[20:]}{instance[:9]}"


@lru_cache(maxsize=8)
def _instance(seed: int) -> str:
    """The 13 digits that end every job id of one graph instance.

    Inferred from the ids on ges_03_0471 and ges_03_0553: three octets of the engine's address,
    padded to nine digits, and its port 9090.
    """
    _, rng = random_bits(f"{seed}")
    return "".join(str(1 + rng() % 254) for _ in range(3)).rjust(9, "0") + "9090"


# --- Random bits ----------------------------------------------------------------------------------

Rng = Callable[[], int]
"""Returns 16 random bits. A row has 24 of these numbers; then they repeat."""

_SIXTEENS: Final = struct.Struct("<24H")


def random_bits(key: str) -> tuple[str, Rng]:
    """32 hexadecimal digits and random numbers, both from *key* only.

    They are the 512 bits of a hash: seeding a ``random.Random`` for each row would take seven
    times as long, most of a second for 100,000 rows.
    """
    from hashlib import blake2b  # 2 ms that only generators should cost

    digest = blake2b(key.encode()).digest()
    return digest[:16].hex(), cycle(_SIXTEENS.unpack_from(digest, 16)).__next__


def _weighted(weights: Mapping[Any, float]) -> Callable[[Rng], Any]:
    """A function that picks a key of *weights*, each as often as its weight says."""
    values = [value for value, weight in weights.items() if weight > 0]
    limits = list(accumulate(weight for weight in weights.values() if weight > 0))
    limits = [limit / limits[-1] * 2**16 for limit in limits]
    return lambda rng: values[bisect_right(limits, rng())]


# --- Words ------------------------------------------------------------------------------------

Vocabulary = Mapping[str, Sequence[str]]
"""The values of each slot of a template, none of which needs escaping in JSON or Cypher."""

_FIXED: Final[Vocabulary] = {
    "year": [*map(str, range(1950, 2025))],
    "score": ["1", "2", "3", "4", "5"],
    "limit": ["10", "20", "50", "100", "1000"],
    "property": ["title", "year", "genres", "name", "age", "gender", "occupation", "city"],
    "vertex": [*map(str, range(1, 10_000))],
}

_DAYS: Final = date(2019, 1, 1), date(2025, 8, 22)
"""The first and the last day, which are fixed: the jobs of a seed never change."""


@lru_cache(maxsize=8)
def _vocabulary(seed: int) -> Vocabulary:
    """The people, films, cities and days of a seed: those of a graph of users who rate films."""
    from faker import Faker  # slow to import, and only generators need it

    fake = Faker("en_US")
    fake.seed_instance(seed)
    noun = partial(fake.word, part_of_speech="noun")
    words = {
        "user": [fake.user_name() for _ in range(8)],
        "name": [f"{fake.first_name()} {fake.last_name()}" for _ in range(60)],
        "title": [f"The {fake.safe_color_name()} {noun()}".title() for _ in range(60)],
        "city": [fake.city() for _ in range(40)],
        "date": [fake.date_between(*_DAYS).isoformat() for _ in range(60)],
    }
    plain = {
        slot: sorted(filter(re.compile(r"[\w -]+").fullmatch, values))
        for slot, values in words.items()
    }
    return {**_FIXED, **plain}


# --- How a documented call becomes a job ----------------------------------------------------------

_INDEX: Final = "\0index"
_JOB: Final = "\0job"
"""The names of an index and a job in the path of a template, which has them as ``%00index`` and
``%00job``. No graph name has a NUL."""


class _Template(NamedTuple):
    """A call, prepared for a graph, with a ``%(slot)s`` in its body for each of *slots*."""

    command: str
    path: str
    body: str
    slots: Sequence[str]

    def request(self, rng: Rng, words: Vocabulary, job_id: str) -> JobRequest:
        path = self.path
        if "%00" in path:
            index = f"{_any(rng, words['property'])}_index"
            path = path.replace("%00index", index).replace("%00job", job_id)
        # vertex2 and vertex3 are other vertices
        body = self.body % {slot: _any(rng, words[slot.rstrip("23")]) for slot in self.slots}
        return JobRequest(self.command, path, body)


class _Templates(NamedTuple):
    """The templates of an edition; *export* exports the result of *exported*."""

    pick: Callable[[Rng], _Template]
    export: _Template
    exported: _Template


def _any(rng: Rng, values: Sequence[str]) -> str:
    return values[rng() % len(values)]


def _templates(project_id: str, graph_name: str, edition: Edition) -> _Templates:
    names = {
        "project_id": project_id,
        "graph_name": graph_name,
        "index_name": _INDEX,
        "job_id": _JOB,
    }
    weights: dict[_Template, float] = {}
    by_command: dict[str, _Template] = {}
    for call in documentation.generated_calls():
        if call.edition not in (edition, "any"):
            continue
        row = next(
            row
            for row in documentation.submissions()
            if row.command == call.command and row.edition in (edition, "any")
        )
        for body in call.bodies:
            template = by_command[call.command] = _template(row, body, names)
            if "export_result" not in call.command:
                weights[template] = call.weight / len(call.bodies)
    export, exported = _EXPORTS[edition]
    return _Templates(_weighted(weights), by_command[export], by_command[exported])


_remembered: Final = lru_cache(maxsize=64)(_templates)

_EXPORTS: Final[Mapping[Edition, tuple[str, str]]] = {
    "database": ("hyg_export_result", "hyg_algorithm"),
    "memory": ("export_result", "execute_algorithm"),
}
"""The call that exports a result, and the one whose result it exports."""

_SLOT: Final = re.compile(r"<(\w+)>")


def _template(
    row: DocumentedCall, body: dict[str, Any] | None, names: Mapping[str, str]
) -> _Template:
    # Inferred: a call without a body is listed with an empty one, as on ges_03_0204 (2024-12).
    text, slots = "", []
    if body is not None:
        listed = listed_requests.normalised(row.command, "\0", body)
        text = msgspec.json.encode(listed).decode().replace("%", "%%")
        slots = [*dict.fromkeys(_SLOT.findall(text))]
        name = msgspec.json.encode(names["graph_name"]).decode()[1:-1].replace("%", "%%")
        text = _SLOT.sub(r"%(\1)s", text).replace("\\u0000", name)
    path = listed_requests.url(row, names, row.query)
    return _Template(row.command, path, text, tuple(slots))
