"""A session with the target: its job list, read a page at a time, and what may be submitted."""

import json
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeGuard, TypeVar
from urllib.parse import urlencode

from gesmock.model import documentation, validation
from gesmock.model.documentation import DocumentedCall
from gesmock.model.errors import GesmockError, InvalidInput, naming_file, one_line
from gesmock.model.secrets import Secrets, secrets_in
from gesmock.model.types import Edition
from gesmock.remote.client import EXCERPT, NOT_JSON, Client, ServerReply
from gesmock.remote.http import Unresponsive
from gesmock.remote.target import Target

LIST: Final = "/jobs/status"
MOST_JOBS: Final = 100_000
"""The most jobs in one answer (ges_03_0471)."""

TRIES: Final = 4
"""How often to try while the list keeps changing, or a submitted job does not appear."""

ListedJob = dict[str, Any]
"""A job, as the list has it."""

_LIST_KEYS: Final = {"jobs", "totalCount", "result"}  # two of them make a list, though a wrong one
_LARGEST_STORED: Final = 4 * 2**20  # bytes: a dozen longer lists would fill the memory
_LONGEST_LINE: Final = 600  # characters
_TIMEOUTS: Final = 2  # so many in a row end the session
_BUSY: Final = (429, 502, 503, 504)
"""Statuses that say nothing about the request: too many requests, or no server there."""

_READ_ONLY: Final = re.compile(
    "batch_build_index|build_schema_structure|create_index|edge_query|execute_algorithm|"
    "export_edges|export_graph|export_vertices|filtered_query|path_query|summary|vertex_query"
)
"""Operations that leave a graph's existing vertices, edges and indices as they are."""

_SUBMITTED: Final[Mapping[Edition, str]] = {
    "database": "execute_algorithm",
    "memory": "vertex_query",
}
"""The operation to submit unless another is named: one that only reads, and makes a job."""

_CREDENTIAL_CODES: Final = ("GES.8006", "GES.8007", "GES.8020")
_CREDENTIAL_HINTS: Final[Mapping[str, str]] = {
    "none": "the request was anonymous: set GESMOCK_TARGET_TOKEN, or HUAWEICLOUD_SDK_AK and _SK",
    "token": "the token in GESMOCK_TARGET_TOKEN may be over 24 hours old, or of another project",
    "AK/SK": "the keys may be wrong, or this machine's clock off by more than 15 minutes",
}

T = TypeVar("T")


class NoJobList(GesmockError):
    """The target refuses even the plain list, or does not answer as the service does."""


class CheckFailed(GesmockError):
    """The target does not do what it should; the *replies* show it."""

    def __init__(self, message: str, *replies: ServerReply) -> None:
        super().__init__("\n".join([one_line(message), *(f"  {reply}" for reply in replies)]))


class Skipped(GesmockError):
    """A check or probe does not apply here; the *message* says why."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


# --- The job list -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListedJobs:
    """The *jobs* of a list answer, in order; *total* is its totalCount, None if it has none."""

    reply: ServerReply
    jobs: list[ListedJob]
    total: object

    @property
    def ids(self) -> list[str]:
        return [id_of(job) for job in self.jobs]

    @property
    def state(self) -> list[tuple[str, object]]:
        """What can change in a list between two requests."""
        return [("", self.total), *((id_of(job), job.get("status")) for job in self.jobs)]


def listed_jobs(reply: ServerReply) -> ListedJobs:
    """*reply* as a list. Raises CheckFailed if it is none, Skipped for ``jobs: {}``."""
    value = reply.value
    if reply.status != 200 or not isinstance(value, dict):
        raise CheckFailed("expected a job list", reply)
    jobs = value.get("jobs")
    if isinstance(jobs, dict):
        raise Skipped("jobs is an object, as in the table; no page says which jobs it holds")
    if not isinstance(jobs, list) or not all(isinstance(job, dict) for job in jobs):
        raise CheckFailed("jobs is not a list of objects", reply)
    return ListedJobs(reply, jobs, value.get("totalCount"))


def id_of(job: ListedJob) -> str:
    return str(job.get("jobId", job.get("job_id", "")))


def is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


# --- Submissions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submission:
    """A call that makes a job; *wait_s* is how long the job may take to end."""

    row: DocumentedCall
    body: dict[str, Any] | None
    wait_s: float = 60.0

    @classmethod
    def of(
        cls, command: str | None, body: str | None, wait_s: float, *, data_loss: bool = True
    ) -> "dict[Edition, Submission]":
        """The call of *command* in each edition, with *body* (JSON) or the example of its page.

        Without a command, it is a call that only reads. Raises InvalidInput, also for a call that
        may lose data unless *data_loss* permits it.
        """
        rows = [
            row
            for row in documentation.submissions()
            if "/graphs/" in row.path and "{job_id}" not in row.path
        ]
        if command is not None and command not in {row.command for row in rows}:
            names = [*dict.fromkeys(row.command for row in rows)]
            raise InvalidInput.at("--submit", validation.none_of(command, names))
        if not (math.isfinite(wait_s) and wait_s >= 0):
            raise InvalidInput.at("--wait-s", f"expected 0 or more seconds, got {wait_s:g}")
        with naming_file("--body"):
            value = validation.decode(body.encode(), dict[str, Any]) if body else None
        if command is not None and not (data_loss or _READ_ONLY.fullmatch(command)):
            why = "can overwrite or delete what the graph holds; --allow-data-loss permits it"
            raise InvalidInput.at("--submit", f"{command!r} {why}")
        submissions = {}
        for edition, default in _SUBMITTED.items():
            named = [row for row in rows if row.command == (command or default)]
            of_edition = [row for row in named if row.edition in (edition, "any")]
            row = (of_edition or named)[0]
            submissions[edition] = cls(row, row.request_example if value is None else value, wait_s)
        return submissions


@dataclass(frozen=True, slots=True)
class SubmittedJob:
    """A job that was submitted: its *command*, whether it is listed first or last, its *status*."""

    command: str
    is_first: bool
    is_last: bool
    status: str


# --- The session --------------------------------------------------------------------------------


class Session(Client):
    """A client that reads the target's list, *most* jobs at a time, and may submit jobs.

    *submit* has the call for each edition; without it, nothing may be submitted. *sleep* is called
    to wait for submitted jobs. Raises InvalidInput for a *most* out of range, and what `Client`
    raises.
    """

    def __init__(
        self,
        target: Target,
        most: int = 1000,
        *,
        submit: Mapping[Edition, Submission] | None = None,
        sleep: Callable[[float], object] = time.sleep,
        retries: int = 1,
    ) -> None:
        if not 1 <= most <= MOST_JOBS:
            raise InvalidInput.at("--most", f"expected 1 to {MOST_JOBS}, got {most}")
        super().__init__(target, retries=retries)
        for submission in (submit or {}).values():
            self.secrets += tuple(secrets_in(submission.body))
        self.most, self.submit, self.sleep = most, submit, sleep
        self.replies: list[ServerReply] = []
        """The documented answers so far."""
        self.submitted: list[SubmittedJob] = []
        self.accepted = 0
        """How many submissions were answered with an id."""
        self._timeouts = 0

    def begin(self) -> ListedJobs | None:
        """The list with limit=1; None if ``jobs`` is an object, as in the table of ges_03_0471.

        Raises Unreachable and NoJobList.
        """
        reply = super().ask("GET", self.target.path(LIST), "limit=1")
        self.replies.append(reply)
        value, code = reply.value, reply.code
        denied = reply.status in (401, 403) or code in _CREDENTIAL_CODES
        hint = f" ({_CREDENTIAL_HINTS[self.target.sign_in.scheme]})" if denied else ""
        if code is not None and not (reply.status == 200 and "jobs" in value):
            why = one_line(f"{reply.status} {code} {value['errorMessage']}")
            raise NoJobList(f"{reply.request} is refused: {self.redact(why)}{hint}")
        if 300 <= reply.status < 400:
            raise NoJobList(f"it redirects: {reply}")
        if not isinstance(value, dict):
            kind = one_line(reply.headers.get("content-type", "no Content-Type"))
            if value is NOT_JSON and reply.media_type == "application/json":
                kind += f"; {one_line(reply.json_error)}"
            raise NoJobList(f"this is not the service ({self.redact(kind)}): {reply}{hint}")
        listed = reply.status == 200 and isinstance(value.get("jobs"), list)
        if not listed and (reply.status != 200 or len(_LIST_KEYS & value.keys()) < 2):
            raise NoJobList(f"this is neither a job list nor a refusal: {reply}{hint}")
        return listed_jobs(reply) if listed else None

    def redact(self, text: object) -> str:
        """*text* without the secrets of the requests, its lines cut to a readable length."""
        lines = Secrets(self.secrets).mask(str(text)).split("\n")
        return "\n".join(one_line(line[:_LONGEST_LINE]) for line in lines)

    def excerpt(self, value: object) -> str:
        """*value*, which the target sent, as JSON without secrets, cut short."""
        return self.redact(json.dumps(value, ensure_ascii=False))[:EXCERPT]

    @property
    def submission(self) -> Submission:
        """What may be submitted. Raises Skipped if nothing may."""
        if self.submit is None:
            raise Skipped("submitting and cancelling jobs is not allowed")
        try:
            return self.submit[self.edition]
        except (Skipped, CheckFailed):  # which other checks report
            total = any("totalCount" in reply.fields for reply in self.replies)
            return self.submit["database" if total else "memory"]

    # --- Asking ---

    def ask(
        self, method: str, path: str, query: str = "", *, documented: bool = True, **sent: Any
    ) -> ServerReply:
        """``Client.ask``; *documented* says whether the answer must follow the documentation.

        Raises Unreachable, and Skipped if the target is busy or no longer answers.
        """
        if self._timeouts >= _TIMEOUTS:
            raise Skipped(f"gave up after {_TIMEOUTS} consecutive timeouts")
        try:
            reply = super().ask(method, path, query, **sent)
        except Unresponsive:
            self._timeouts += 1
            raise
        self._timeouts = 0
        if reply.status in _BUSY:
            raise Skipped(f"it is busy: {reply}")
        if documented and (reply.status != 200 or len(reply.body) <= _LARGEST_STORED):
            self.replies.append(reply)
        return reply

    def page(self, **window: int | str) -> ListedJobs:
        """The list with these parameters. Raises CheckFailed if the answer is no list."""
        return listed_jobs(self.get(LIST, urlencode(window)))

    def page_at(self, limit: int, offset: int) -> ListedJobs:
        """The list from *offset* on, which may be past its end.

        No page says what happens there; a refusal counts as an empty list. Raises CheckFailed.
        """
        reply = self.get(LIST, f"limit={limit}&offset={offset}")
        if offset and (reply.status, reply.code) == (400, "GES.8005"):
            return ListedJobs(reply, [], None)
        return listed_jobs(reply)

    def continues_after(self, page: ListedJobs) -> bool:
        """Whether more jobs follow *page*, the beginning of the list."""
        if is_count(page.total):
            return len(page.jobs) < page.total
        return not {*self.page_at(1, len(page.jobs)).ids} <= {*page.ids}

    def while_unchanged(self, read: Callable[[], T]) -> tuple[ListedJobs, T]:
        """The list, and what *read* returned while the list stayed the same.

        Raises Skipped if it keeps changing, and CheckFailed if *read* does without a change.
        """
        for _ in range(TRIES):
            before = self.page(limit=self.page_size)
            failure = None
            try:
                result = read()
            except CheckFailed as error:
                failure = error
            if self.page(limit=self.page_size).state != before.state:
                continue
            if failure is not None:
                raise failure
            return before, result
        raise Skipped("the list changes faster than it can be read")

    # --- The list as it was first read ---

    @cached_property
    def page_size(self) -> int:
        """How many jobs are read at once: *most*, or as many as the target returns at most."""
        reply = self.get(LIST, f"limit={self.most}")
        if reply.status == 400 and reply.code is not None:
            return len(self.page().jobs) or 1
        page = listed_jobs(reply)
        if len(page.jobs) < self.most and self.continues_after(page):
            return len(page.jobs) or 1
        return self.most

    @cached_property
    def whole(self) -> ListedJobs:
        """The list, or its first ``page_size`` jobs, as first read."""
        return self.page(limit=self.page_size)

    @property
    def last_offset(self) -> int:
        """An offset near the end of the list."""
        total = self.whole.total
        return max((total if is_count(total) else len(self.whole.jobs)) - 1, 0)

    @cached_property
    def edition(self) -> Edition:
        """The edition whose list looks like this; ``database`` for an empty list with a totalCount.

        The memory edition's old list looks like the database edition's. Raises Skipped for an empty
        list without a totalCount, CheckFailed if no edition lists jobs like this.
        """
        for job in self.whole.jobs or self.page(limit=1).jobs:
            if "request" in job:
                return "database"
            if "taskType" in job:
                return "memory"
        if self.whole.jobs:
            raise CheckFailed("no edition lists its jobs like this", self.whole.reply)
        if self.whole.total is None:
            raise Skipped("no job is listed, and no totalCount: it could be either edition")
        return "database"

    @property
    def is_pre_2025(self) -> bool:
        """Whether the list is like that of the pages before 2025: without totalCount."""
        return self.edition == "database" and self.whole.total is None

    def jobs_with(
        self, what: str = "", holds: Callable[[ListedJob], object] = lambda _: True
    ) -> list[ListedJob]:
        """The listed jobs for which *holds* is true; *what* describes them.

        Raises Skipped if there are none.
        """
        jobs = [job for job in self.whole.jobs if holds(job)]
        if not jobs:
            raise Skipped(f"no job is listed {what}".rstrip())
        return jobs
