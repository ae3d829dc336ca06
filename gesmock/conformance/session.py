"""Session: what is asked of a target in one run, each thing once, and what was answered."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from gesmock import documentation, validation
from gesmock.conformance.client import NO_JSON, Answer, Client, Unreachable
from gesmock.documentation import AsynchronousOperation
from gesmock.errors import GesmockError, InvalidInput, naming_file
from gesmock.statuses import MOVES, Edition

LIST: Final = "/jobs/status"
TRIES: Final = 4
"""How often a list is read that changes meanwhile."""


class NotTheService(GesmockError):
    """The target answers, but not as the service does."""


class RefusedAtOnce(GesmockError):
    """The target refuses already the plain list."""


class Broken(GesmockError):
    """What has to hold does not; the *answers* show it."""

    def __init__(self, message: str, *answers: Answer) -> None:
        super().__init__("\n".join([message, *(f"  {answer}" for answer in answers)]))


class NotApplicable(GesmockError):
    """What is to be checked cannot be seen here, and why."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list answer that is one: its *jobs*, in order, and *total* where it is told."""

    answer: Answer
    jobs: list[dict[str, Any]]
    total: object

    @property
    def ids(self) -> list[str]:
        """The ids, in order."""
        return [id_of(job) for job in self.jobs]


def id_of(job: dict[str, Any]) -> str:
    """The id of a listed job, under either name."""
    return str(job.get("jobId", job.get("job_id", "")))


def follows(was: object, status: object) -> bool:
    """Whether a job that *was* so may have this *status* later."""
    moves: Mapping[Any, tuple[str, ...]] = MOVES
    return status == was or was not in moves or status in moves[was]


def is_refusal(value: Any) -> bool:
    """Whether a body says, in the service's words, that something is refused."""
    return isinstance(value, dict) and {"errorMessage", "errorCode"} <= value.keys()


_KEEPS_DATA: Final = (
    "batch_build_index",
    "build_schema_structure",
    "create_index",
    "edge_query",
    "execute_algorithm",
    "export_edges",
    "export_graph",
    "export_vertices",
    "filtered_query",
    "path_query",
    "summary",
    "vertex_query",
)
"""Operations that leave the vertices, edges and indices that a graph has as they are."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A call that makes a job, to be tried; *wait_s* is how long the job may take to end."""

    row: AsynchronousOperation
    body: dict[str, Any] | None
    wait_s: float = 60.0

    @classmethod
    def of(cls, command: str, body: str | None, wait_s: float) -> "Submission":
        """The call with this *command*, with *body* (JSON), or the example of its page.

        Raises InvalidInput.
        """
        row = documentation.of_command(command)
        if row is None or "{job_id}" in row.path or "/graphs/" not in row.path:
            known = ", ".join(dict.fromkeys(one.command for one in documentation.operations()))
            raise InvalidInput.at("--submit", f"{command!r} is none of {known}")
        if body is None:
            return cls(row, row.request_example, wait_s)
        with naming_file("--body"):
            return cls(row, validation.decode(body.encode(), dict[str, Any]), wait_s)

    def permitted(self, *, data_loss: bool) -> "Submission":
        """Itself. Raises InvalidInput where it may lose data, and *data_loss* is not allowed."""
        if data_loss or self.row.command in _KEEPS_DATA:
            return self
        raise InvalidInput.at(
            "--submit",
            f"{self.row.command!r} can overwrite or delete what the graph holds; "
            "--allow-data-loss lets it",
        )


@dataclass(frozen=True, slots=True)
class Made:
    """A job that was submitted: its *command*, where the list has it, and its status at the *end*.

    *first* and *last* tell whether it stands there.
    """

    command: str
    first: bool
    last: bool
    end: str


class Session:
    """One run against a target; at most *most* jobs of its list are read.

    What *submit* says may be submitted; between two looks at a job, it *sleep*s.
    """

    def __init__(
        self,
        client: Client,
        most: int = 1000,
        *,
        submit: Submission | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.client = client
        self.sleep = sleep
        self.submit = submit
        self.target = client.target
        self.most = most
        self.answers: list[Answer] = []
        self.made: list[Made] = []

    def begin(self) -> Listed:
        """The first page. Raises Unreachable, NotTheService or RefusedAtOnce."""
        answer = self.get(LIST, "limit=1")
        if is_refusal(answer.value):
            told = f"{answer.value['errorCode']} {answer.value['errorMessage']}"
            raise RefusedAtOnce(f"{answer.request} is refused: {answer.status} {told}")
        if answer.value is NO_JSON or not isinstance(answer.value, dict):
            kind = answer.headers.get("content-type", "no Content-Type")
            raise NotTheService(f"this is not the service ({kind}): {answer}")
        if answer.status != 200 or not isinstance(answer.value.get("jobs"), list):
            raise NotTheService(f"this is neither a job list nor a refusal: {answer}")
        return listed(answer)

    @property
    def submission(self) -> Submission:
        """What may be submitted."""
        if self.submit is None:
            raise NotApplicable("no leave is given to submit or cancel anything")
        return self.submit

    # --- Asking ---

    def get(self, rest: str, query: str = "", **others: Any) -> Answer:
        """The answer to a GET below the graph."""
        return self._kept(self.client.get(rest, query, **others))

    def ask(self, method: str, path: str, query: str = "", **others: Any) -> Answer:
        """The answer to any request."""
        return self._kept(self.client.ask(method, path, query, **others))

    def _kept(self, answer: Answer) -> Answer:
        self.answers.append(answer)
        return answer

    def page(self, **window: int | str) -> Listed:
        """The list with this *window*. Raises Broken where it is none."""
        return listed(self.get(LIST, urlencode(window)))

    def steady(self, read: Callable[[], Any]) -> tuple[Listed, Any]:
        """The whole list, and what *read* has read while the list did not change.

        Raises NotApplicable where it goes on changing.
        """
        for _ in range(TRIES):
            before = self.page(limit=self.size)
            found = read()
            if self.page(limit=self.size).ids == before.ids:
                return before, found
        raise NotApplicable("the list changes faster than it can be read")

    # --- What is known ---

    @cached_property
    def size(self) -> int:
        """How many jobs are read as the whole: *most*, or what the target gives at most."""
        answer = self.get(LIST, f"limit={self.most}")
        if answer.status != 200:
            return len(self.page().jobs) or 1
        page = listed(answer)
        capped = isinstance(page.total, int) and len(page.jobs) < min(page.total, self.most)
        return len(page.jobs) or 1 if capped else self.most

    @cached_property
    def whole(self) -> Listed:
        """The list, or its first jobs, as it was when it was first read."""
        return self.page(limit=self.size)

    @property
    def last(self) -> int:
        """An offset near the end of the list."""
        total = self.whole.total
        return max((total if isinstance(total, int) else len(self.whole.jobs)) - 1, 0)

    @cached_property
    def edition(self) -> Edition:
        """The edition of the graph: its shape tells. Raises NotApplicable where it does not."""
        for job in self.whole.jobs:
            if "request" in job:
                return "database"
            if "taskType" in job:
                return "memory"
        if self.whole.jobs:
            raise Broken("no edition lists its jobs like this", self.whole.answer)
        return "memory" if self.whole.total is None else "database"

    def some(self, what: str, holds: Callable[[dict[str, Any]], object]) -> list[dict[str, Any]]:
        """The listed jobs for which something *holds*; NotApplicable where none does."""
        jobs = [job for job in self.whole.jobs if holds(job)]
        if not jobs:
            raise NotApplicable(f"no job is listed {what}")
        return jobs


def listed(answer: Answer) -> Listed:
    """The list that *answer* is. Raises Broken where it is none."""
    value = answer.value
    if answer.status != 200 or not isinstance(value, dict):
        raise Broken("a job list was wanted", answer)
    jobs = value.get("jobs")
    if not isinstance(jobs, list) or not all(isinstance(job, dict) for job in jobs):
        raise Broken("jobs is not a list of objects", answer)
    return Listed(answer, jobs, value.get("totalCount"))


UNUSABLE: Final = (Unreachable, NotTheService, RefusedAtOnce)
"""What ends a run: nothing can be said about such a target."""
