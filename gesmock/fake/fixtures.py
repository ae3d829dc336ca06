"""Fixture files: the state of a project as JSON; reading one reports every error in it.

A file is a list answer as the service returns it, or a state. It is loaded as a whole or not at
all.
"""

import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import unquote

import msgspec
from msgspec import Meta, Struct

from gesmock.fake import routes
from gesmock.fake.graphs import MOST_GRAPHS
from gesmock.faults import FaultRule
from gesmock.journal.journal import Size
from gesmock.journal.verdict.findings import VerdictConfig
from gesmock.model import validation
from gesmock.model.clock import Timing
from gesmock.model.errors import InputError, InvalidInput, naming_file, shortened
from gesmock.model.generators import Generator, Seed
from gesmock.model.jobs import Job
from gesmock.model.queries import MOST_RESULTS, Label, QueryResult
from gesmock.model.rules import MOST_RULES, PlanRule
from gesmock.model.settings import Settings
from gesmock.model.tokens import Token, TokenText
from gesmock.model.types import (
    DEFAULT_GRAPH,
    Edition,
    GraphName,
    ProjectId,
    is_graph_name,
    is_project_id,
)

_NAME: Final = re.compile(r"\w{1,100}")


Fixture: Any = Annotated[
    str | dict[str, Any],
    Meta(description="a file, the name of one that gesmock ships, or the content of one"),
]


class GraphState(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The *jobs* of one graph, newest first, as the service lists them; each may have a ``plan``.

    *edition* defaults to that of the settings. *labels* are its schema, *summary* the numbers of
    its vertices and edges, as the service gives them.
    """

    jobs: list[Job] = []
    edition: Edition | None = None
    labels: list[Label] = []
    summary: dict[str, Any] | None = None


class State(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A project as a file: what it starts with, or what it held when it was exported.

    *graphs* has graphs by name. *generators* add jobs to them, from *seed* unless they have their
    own (default: 0). A token may be a plain string. *clock* says how the time starts and runs,
    *plans* how submitted jobs progress, *queries* what queries return, *verdict* what is expected
    of the client, *journal_size* how many requests the journal keeps. *description* is for the
    reader.
    """

    description: str | None = None
    project_id: ProjectId | None = None
    seed: Seed | None = None
    graphs: Annotated[dict[GraphName, GraphState], Meta(max_length=MOST_GRAPHS)] = {}
    generators: list[Generator] = []
    settings: Settings | None = None
    clock: Timing | None = None
    verdict: VerdictConfig | None = None
    journal_size: Size | None = None
    plans: Annotated[list[PlanRule], Meta(max_length=MOST_RULES)] = []
    queries: Annotated[list[QueryResult], Meta(max_length=MOST_RESULTS)] = []
    tokens: list[Token | TokenText] = []
    faults: Annotated[list[FaultRule], Meta(max_length=MOST_RULES)] = []

    def tokens_of(self, project_id: str) -> tuple[Token, ...]:
        """The tokens; those that name no project belong to *project_id*."""
        tokens = (Token(each) if isinstance(each, str) else each for each in self.tokens)
        return tuple(
            token if token.project_id else msgspec.structs.replace(token, project_id=project_id)
            for token in tokens
        )

    def merged(self, other: "State") -> "State":
        """One state of both; raises InvalidInput if they contradict each other."""
        if twice := self.graphs.keys() & other.graphs.keys():
            raise InvalidInput(
                InputError(
                    validation.join("$.graphs", name), "another fixture file has this graph too"
                )
                for name in sorted(twice)
            )
        merged: dict[str, Any] = {"graphs": {**self.graphs, **other.graphs}}
        for name in ("generators", "plans", "queries", "tokens", "faults"):
            merged[name] = [*getattr(self, name), *getattr(other, name)]
        for name in ("seed", "settings", "clock", "verdict", "journal_size"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if None not in (mine, theirs) and mine != theirs:
                raise InvalidInput.at(
                    f"$.{name}", "another fixture file of this project has a different one"
                )
            merged[name] = theirs if mine is None else mine
        description = self.description or other.description
        return msgspec.structs.replace(self, description=description, **merged)


class ListAnswer(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A list answer, whose error fields are blank or absent on success (ges_03_0471)."""

    jobs: list[Job]
    total_count: int | None = None
    result: str | None = None
    error_message: str | None = None
    error_code: str | None = None


class _Described(Struct):
    description: str | None = None
    jobs: msgspec.Raw = msgspec.Raw()


Content = TypeVar("Content", bound=State | ListAnswer)


# --- Files --------------------------------------------------------------------------------------


def find(fixture: str | Path) -> Path:
    """The file *fixture*: a path, or else the name of a state that gesmock ships."""
    path = Path(fixture)
    if not _NAME.fullmatch(str(fixture)) or path.is_file():
        return path
    shipped = _shipped() / f"{fixture}.json"
    if shipped.is_file():
        return shipped
    if path.exists():
        return path
    names = shipped_names()
    hint = validation.suggestion(str(fixture), names)
    own = f"none of gesmock's own fixture files ({', '.join(names)}){hint}"
    raise InvalidInput.at("", f"no such file, and {own}")


def shipped_names() -> list[str]:
    """The names of the states that gesmock ships."""
    return sorted(file.stem for file in _shipped().glob("*.json"))


def title(fixture: str) -> str:
    """The description in *fixture*; for a list answer, what it is; for any other file, its name."""
    try:
        described = msgspec.json.decode(text_of(find(fixture)), type=_Described)
    except (InvalidInput, *validation.REFUSED):
        return fixture
    listed = "The jobs of a list answer." if bytes(described.jobs) else fixture
    return described.description or listed


def names_by_description() -> dict[str, str]:
    """Maps the name and the description of each state that gesmock ships to its name."""
    names = {name: name for name in shipped_names()}
    return names | {title(name): name for name in names}


def _shipped() -> Path:
    """The folder of the states that gesmock ships: inside an installed package, or its checkout."""
    package = Path(__file__).parents[1]
    installed = package / "named_fixtures"
    return installed if installed.is_dir() else package.parent / "fixtures"


def read(
    fixture: str | Path, project_id: str | None = None, graph_name: str | None = None
) -> State:
    """The state in the file *fixture*, a path or the name of a state that gesmock ships.

    A list answer names no project and graph. The project is *project_id*, else the only one in the
    URLs of its jobs; the graph is *graph_name*, else the one in the URL of its first job, else it
    has the name of the file. Raises InvalidInput with every error, each with the name of the file.
    """
    with naming_file(str(fixture)):
        path = find(fixture)
        return parse(text_of(path), project_id, graph_name, path.stem)


def text_of(path: Path) -> bytes:
    """The text of *path*; raises InvalidInput unless it is a regular file that can be read."""
    try:
        check_regular(path)
        text = path.read_bytes()
    except FileNotFoundError:
        raise InvalidInput.at("", "no such file") from None
    except OSError as error:
        raise InvalidInput.at("", f"cannot be read: {error.strerror}") from None
    return text.removeprefix(b"\xef\xbb\xbf")  # a byte order mark, which Windows tools write


def check_regular(path: Path) -> None:
    """Raise InvalidInput unless *path* is a regular file: reading others may never end."""
    mode = path.stat().st_mode
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a FIFO",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
        stat.S_IFSOCK: "a socket",
    }
    if kind := kinds.get(stat.S_IFMT(mode)):
        raise InvalidInput.at("", f"is {kind}; a fixture file is a JSON file")


# --- JSON ---------------------------------------------------------------------------------------


def parse(
    text: bytes,
    project_id: str | None = None,
    graph_name: str | None = None,
    fallback_graph_name: str = DEFAULT_GRAPH,
) -> State:
    """The state in the JSON *text*, a state or a list answer; see ``read``."""
    if not text or text.isspace():
        raise InvalidInput.at("", "is empty; expected a list answer or a state, as JSON")
    validation.check_levels(text)
    try:
        keys = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).keys()
    except validation.REFUSED:
        value = validation.described(validation.parse(text))
        raise InvalidInput.at("$", f"expected a list answer or a state, got {value}") from None
    if "errorCode" in keys and "jobs" not in keys:
        raise InvalidInput.at("$", "a refusal, not a list of jobs")
    if not keys & {"jobs", "totalCount"}:
        return _decode(text, State)
    answer = _decode(text, ListAnswer)
    if answer.error_code or answer.error_message or answer.result not in (None, "", "success"):
        raise InvalidInput.at("$", "a refusal, not a list of jobs")
    url = next((_url(job) for job in answer.jobs), None)
    names = [graph_name, unquote(url.graph_name) if url else None, fallback_graph_name]
    name = next((each for each in names if is_graph_name(each)), DEFAULT_GRAPH)
    state = State(project_id=project_id, graphs={name: GraphState(answer.jobs)})
    return msgspec.structs.replace(state, project_id=project_of(state))


def project_of(state: State) -> str | None:
    """The project that *state* names, else the only one in the URLs of its jobs."""
    if state.project_id is not None:
        return state.project_id
    jobs = (job for graph in state.graphs.values() for job in graph.jobs)
    named = {url.project_id for url in map(_url, jobs) if url is not None}
    return named.pop() if len(named) == 1 else None


def _url(job: Job) -> routes.GraphUrl | None:
    """The URL of the call that submitted *job*, if it is one of the service."""
    url = routes.split(job.request.url)
    return url if url and not url.before and is_project_id(url.project_id) else None


def _decode(text: bytes, type_: type[Content]) -> Content:
    """*text* as a *type_*; raises InvalidInput with every error, repeated job ids included."""
    try:
        content = msgspec.json.decode(text, type=type_)
    except validation.REFUSED:
        pass
    else:
        graphs = [content] if isinstance(content, ListAnswer) else content.graphs.values()
        if all(len({job.job_id for job in graph.jobs}) == len(graph.jobs) for graph in graphs):
            return content
    value = _with_camel_ids(validation.parse(text))
    repeated = [*_repeated(value.get("jobs"), "$.jobs")]
    described = value.get("graphs")
    for name, graph in described.items() if isinstance(described, dict) else ():
        if isinstance(graph, dict):
            repeated += _repeated(graph.get("jobs"), validation.join("$.graphs", name) + ".jobs")
    try:
        content = validation.read(value, type_)
    except InvalidInput as error:
        raise InvalidInput([*error.errors, *repeated], error.more) from None
    if repeated:
        raise InvalidInput(repeated)
    return content


def _with_camel_ids(answer: dict[str, Any]) -> dict[str, Any]:
    """*answer* with ``jobId`` (the example's key) in place of ``job_id`` (the table's)."""
    jobs = answer.get("jobs")
    for job in jobs if isinstance(jobs, list) else ():
        if isinstance(job, dict) and "job_id" in job:
            job.setdefault("jobId", job.pop("job_id"))
    return answer


def _repeated(jobs: object, path: str) -> Iterator[InputError]:
    """An error for each job whose id an earlier one has; none if *jobs* is not a list."""
    first: dict[str, int] = {}
    for index, job in enumerate(jobs if isinstance(jobs, list) else ()):
        job_id = job.get("jobId") if isinstance(job, dict) else None
        if isinstance(job_id, str) and (earlier := first.setdefault(job_id, index)) != index:
            where = validation.join(validation.join(path, index), "jobId")
            yield InputError(where, f"{shortened(job_id)!r} is the id of job {earlier} too")


def describe(state: State) -> str:
    """What *state* holds, such as ``2 graphs, 14 jobs``."""
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
    """*state* as the text of a fixture file, indented."""
    return msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n"
