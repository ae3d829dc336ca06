"""Fixtures: JSON files, and the state of a project that they hold.

A file is either a list answer as the service returns it, or a project file. All of it is loaded or
nothing; every error is reported with file, JSON path, the value seen and what would be right.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from gesmock.faults import FaultRule
from gesmock.journal.journal import Size
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.model import validation
from gesmock.model.clock import Timing
from gesmock.model.errors import InputError, InvalidInput, naming_file
from gesmock.model.generators import Generator, Seed
from gesmock.model.jobs import Job
from gesmock.model.rules import PlanRule
from gesmock.model.settings import Settings
from gesmock.model.tokens import Token, TokenText
from gesmock.model.types import (
    DEFAULT_GRAPH,
    PROJECT_PATTERN,
    Edition,
    GraphName,
    ProjectId,
    is_graph_name,
)

_JOB_URL = re.compile(
    rf"/ges/v1\.0/(?P<project>{PROJECT_PATTERN})/(?:graphs|hyg)/(?P<graph>[^/?]+)"
)

_NAME = re.compile(r"\w{1,100}")


class GraphState(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The *jobs* of one graph, newest first, as the service lists them; each may have a ``plan``.

    *edition* defaults to that of the settings.
    """

    jobs: list[Job] = []
    edition: Edition | None = None


class State(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One project as a file: what it begins with, or what it held when it was exported.

    *graphs* maps names to jobs; *generators* then add theirs, made from *seed* unless they name
    their own (default: 0). A token may be given as a plain string. *clock* is how the time begins
    and runs, *plans* say what becomes of submitted jobs, *verdict* what the client is held to.
    *journal_size* is how many of the last requests the journal keeps. *description* is for the
    reader.
    """

    description: str | None = None
    project_id: ProjectId | None = None
    seed: Seed | None = None
    graphs: dict[GraphName, GraphState] = {}
    generators: list[Generator] = []
    settings: Settings | None = None
    clock: Timing | None = None
    verdict: VerdictConfig | None = None
    journal_size: Size | None = None
    plans: list[PlanRule] = []
    tokens: list[Token | TokenText] = []
    faults: list[FaultRule] = []

    def tokens_of(self, project_id: str) -> tuple[Token, ...]:
        """The tokens, each with its project: the one it names, else *project_id*."""
        tokens = (Token(one) if isinstance(one, str) else one for one in self.tokens)
        return tuple(
            one if one.project_id else msgspec.structs.replace(one, project_id=project_id)
            for one in tokens
        )

    def merged(self, other: "State") -> "State":
        """One state of both, of one project; InvalidInput where they contradict each other."""
        twice = self.graphs.keys() & other.graphs.keys()
        if twice:
            raise InvalidInput(
                InputError(validation.join("$.graphs", name), "another fixture has this graph too")
                for name in sorted(twice)
            )
        if self.seed not in (None, other.seed) and other.seed is not None:
            raise InvalidInput.at(
                "$.seed", f"{other.seed} here, but {self.seed} in another fixture"
            )
        for name in ("settings", "clock", "verdict", "journal_size"):
            mine, others = getattr(self, name), getattr(other, name)
            if None not in (mine, others) and mine != others:
                raise InvalidInput.at(f"$.{name}", "another fixture of this project has others")
        return State(
            description=self.description or other.description,
            project_id=self.project_id,
            seed=other.seed if self.seed is None else self.seed,
            graphs={**self.graphs, **other.graphs},
            generators=[*self.generators, *other.generators],
            settings=self.settings or other.settings,
            clock=self.clock or other.clock,
            verdict=self.verdict or other.verdict,
            journal_size=self.journal_size or other.journal_size,
            plans=[*self.plans, *other.plans],
            tokens=[*self.tokens, *other.tokens],
            faults=[*self.faults, *other.faults],
        )


class ListAnswer(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A list answer, whose error fields are blank or absent on success (ges_03_0471)."""

    jobs: list[Job]
    total_count: int | None = None
    result: str | None = None
    error_message: str | None = None
    error_code: str | None = None


def find(fixture: str | Path) -> Path:
    """The file that *fixture* means: a path, or the name of a starting state that gesmock ships."""
    path = Path(fixture)
    if not _NAME.fullmatch(str(fixture)) or path.is_file():
        return path
    shipped = _shipped()
    named = shipped / f"{fixture}.json"
    if path.exists() and not named.is_file():
        return path
    if not named.is_file():
        known = ", ".join(shipped_names())
        raise InvalidInput.at("", f"no such file, and none of gesmock's own fixtures ({known})")
    return named


def shipped_names() -> list[str]:
    """The names of the starting states that gesmock ships."""
    return sorted(file.stem for file in _shipped().glob("*.json"))


def _shipped() -> Path:
    """The folder of named starting states: in the package once installed, else in the checkout."""
    package = Path(__file__).parents[1]
    installed = package / "named_fixtures"
    return installed if installed.is_dir() else package.parent / "fixtures"


def read(
    fixture: str | Path, project_id: str | None = None, graph_name: str | None = None
) -> State:
    """The state in the file *fixture* (a path, or a name that gesmock ships).

    *project_id* and *graph_name* name those of a list answer, which names neither itself; without
    them they come from the URL of its first job, or the graph from the name of the file.
    Raises InvalidInput with every error, each with the file's name.
    """
    with naming_file(str(fixture)):
        path = find(fixture)
        return parse(_bytes(path), project_id, graph_name, path.stem)


def _bytes(path: Path) -> bytes:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise InvalidInput.at("", "no such file") from None
    except IsADirectoryError:
        raise InvalidInput.at("", "is a folder; a fixture is a JSON file") from None
    except OSError as error:
        raise InvalidInput.at("", f"cannot be read: {error.strerror}") from None
    return text.removeprefix(b"\xef\xbb\xbf")  # the mark that Windows tools put first


def parse(
    text: bytes,
    project_id: str | None = None,
    graph_name: str | None = None,
    spare_graph_name: str = DEFAULT_GRAPH,
) -> State:
    """The state in the JSON *text*, a project file or a list answer; see ``read``."""
    if not text or text.isspace():
        raise InvalidInput.at("", "is empty; a fixture is a list answer or a project file")
    try:
        keys = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).keys()
    except validation.REFUSED:
        seen = validation.described(validation.parse(text))
        raise InvalidInput.at("$", f"{seen} is not a list answer or a project file") from None
    if "errorCode" in keys and "jobs" not in keys:
        raise InvalidInput.at("$", "a refusal, not a list of jobs")
    if keys & {"jobs", "totalCount"}:
        return _from_list_answer(text, project_id, graph_name, spare_graph_name)
    try:
        state = validation.decode(text, State)
    except InvalidInput as error:
        graphs = validation.parse(text).get("graphs")
        lists = {
            name: graph.get("jobs") if isinstance(graph, dict) else None
            for name, graph in (graphs.items() if isinstance(graphs, dict) else ())
        }
        raise InvalidInput([*error.errors, *_twice_in_graphs(lists)]) from None
    twice = list(_twice_in_graphs({name: graph.jobs for name, graph in state.graphs.items()}))
    if twice:
        raise InvalidInput(twice)
    return state


def _from_list_answer(
    text: bytes, project_id: str | None, graph_name: str | None, spare_graph_name: str
) -> State:
    try:
        answer = msgspec.json.decode(text, type=ListAnswer)
    except validation.REFUSED:
        value = _with_job_ids(validation.parse(text))
        try:
            answer = validation.read(value, ListAnswer)
        except InvalidInput as error:
            raise InvalidInput([*error.errors, *_twice(value.get("jobs"), "$.jobs")]) from None
    if answer.error_code or answer.error_message or answer.result not in (None, "", "success"):
        raise InvalidInput.at("$", "a refusal, not a list of jobs")
    if twice := list(_twice(answer.jobs, "$.jobs")):
        raise InvalidInput(twice)
    url = _JOB_URL.match(answer.jobs[0].request.url) if answer.jobs else None
    names = [graph_name, unquote(url["graph"]) if url else None, spare_graph_name, DEFAULT_GRAPH]
    return State(
        project_id=project_id or (url["project"] if url else None),
        graphs={next(name for name in names if is_graph_name(name)): GraphState(answer.jobs)},
    )


def _with_job_ids(answer: Any) -> Any:
    """*answer* with each ``job_id`` (the table's name for it) as ``jobId`` (the example's)."""
    jobs = answer.get("jobs")
    for job in jobs if isinstance(jobs, list) else ():
        if isinstance(job, dict) and "job_id" in job:
            job.setdefault("jobId", job.pop("job_id"))
    return answer


def _twice_in_graphs(lists: Mapping[str, object]) -> Iterator[InputError]:
    for name, jobs in lists.items():
        yield from _twice(jobs, validation.join("$.graphs", name) + ".jobs")


def _twice(jobs: object, path: str) -> Iterator[InputError]:
    """A error for each job whose id an earlier one has; none where *jobs* is no list."""
    first: dict[str, int] = {}
    for index, job in enumerate(jobs if isinstance(jobs, list) else ()):
        job_id = job.job_id if isinstance(job, Job) else _raw_id(job)
        if job_id is not None and (earlier := first.setdefault(job_id, index)) != index:
            where = validation.join(validation.join(path, index), "jobId")
            yield InputError(where, f"{job_id!r} is the id of job {earlier} too")


def _raw_id(job: object) -> str | None:
    job_id = job.get("jobId") if isinstance(job, dict) else None
    return job_id if isinstance(job_id, str) else None


def describe(state: State) -> str:
    """What *state* holds, in a line: ``2 graphs, 14 jobs``."""
    counts = {
        "graph": len(state.graphs),
        "job": sum(len(graph.jobs) for graph in state.graphs.values()),
        "generator": len(state.generators),
        "plan": len(state.plans),
        "token": len(state.tokens),
        "fault": len(state.faults),
    }
    return ", ".join(
        f"{count} {noun}{'' if count == 1 else 's'}"
        for noun, count in counts.items()
        if count or noun in ("graph", "job")
    )


def dump(state: State) -> bytes:
    """*state* as the text of a project file, indented."""
    return msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n"
