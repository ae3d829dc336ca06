"""MockProject: the URLs of one project, and the handles with which a test scripts it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Unpack
from urllib.parse import quote, urlencode

import msgspec

from gesmock.fake import fixtures, routes
from gesmock.fake.clock import Clock
from gesmock.fake.graphs import GraphChange
from gesmock.fake.project import Cleared, Project
from gesmock.fake.verdict import Verdict
from gesmock.faults import FaultRules
from gesmock.journal.journal import Journal
from gesmock.journal.observations import Observation
from gesmock.journal.verdict.findings import Code, Finding, failure_message, further_message
from gesmock.model import documentation, listed_requests, validation
from gesmock.model.clock import Seconds
from gesmock.model.errors import ExpectationFailed, InvalidInput
from gesmock.model.generators import Generator
from gesmock.model.jobs import Job, Move
from gesmock.model.plans import AnyPlan
from gesmock.model.queries import Queries
from gesmock.model.rules import PlanRules
from gesmock.model.settings import SettingChanges, Settings
from gesmock.model.types import FINAL, Edition, GraphName, JobStatus, ListedStatus


class MockProject(ABC):
    """One project of a ``GesMock``, as ``ges.project(project_id)`` returns it.

    A ``GesMock`` is itself its default project. Methods may be called from any thread.
    """

    @property
    @abstractmethod
    def url(self) -> str:
        """The URL of the server, such as ``http://127.0.0.1:39211``. Raises NotStarted."""

    @property
    @abstractmethod
    def _project(self) -> Project: ...

    def _content(self) -> str:
        jobs = len(self._project.graphs.jobs())
        graphs = [*self._project.graphs]
        names = graphs[0] if len(graphs) == 1 else f"{len(graphs)} graphs"
        return f"{names}, {jobs} job{'' if jobs == 1 else 's'}"

    # --- Its names and URLs ---

    @property
    def project_id(self) -> str:
        """The project's id, as the service's URLs have it."""
        return self._project.project_id

    @property
    def graph_name(self) -> str:
        """The graph of a call that names none."""
        return self._project.graphs.default

    def graph_url(self, graph: str | None = None) -> str:
        """The URL of a graph; its operations are below it (``f"{ges.graph_url()}/action"``)."""
        return self.url + routes.graph_path(self.project_id, graph or self.graph_name)

    def jobs_url(
        self, graph: str | None = None, *, limit: int | None = None, offset: int | None = None
    ) -> str:
        """The URL of the job list of a graph, with ``limit`` and ``offset`` if they are given."""
        window = {"limit": limit, "offset": offset}
        query = urlencode({name: value for name, value in window.items() if value is not None})
        url = f"{self.graph_url(graph)}/jobs/status"
        return f"{url}?{query}" if query else url

    def job_url(self, job: str | Job, graph: str | None = None) -> str:
        """The URL of the status and result of a job."""
        return f"{self.graph_url(graph)}/jobs/{quote(_id(job), safe='')}/status"

    # --- Graphs and jobs ---

    def add_graph(
        self,
        name: str,
        edition: Edition | None = None,
        *,
        labels: Sequence[Mapping[str, Any]] | None = None,
        summary: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an empty graph *name*, or change the one that exists.

        Without an *edition*, a new one has that of the settings. *labels* is its schema, such as
        ``[{"label": "movie", "type": "vertex", "properties": [{"name": "Title"}]}]``. *summary* is
        the content of its summary, such as ``{"vertexNum": 146, "edgeNum": 1659}``. Raises Conflict
        if a job of the graph has a status that the edition does not have.
        """
        fields = {"edition": edition, "labels": labels, "summary": summary}
        change = validation.read_python(fields, GraphChange, "graph")
        self._project.graphs.make(validation.read(name, GraphName, "graph"), change)

    def add_job(
        self,
        job: Mapping[str, Any] | Job | None = None,
        *,
        status: JobStatus | None = None,
        job_id: str | None = None,
        command: str | None = None,
        url: str | None = None,
        raw_request: str | None = None,
        plan: AnyPlan | Mapping[str, Any] | None = None,
        graph: str | None = None,
    ) -> Job:
        """Add a job as the newest of *graph*, which is created if it is missing.

        *job* is a job as the service lists it. Without one, the other arguments make it: by default
        a finished import with a new id, and with the documented *url* of its *command*. With a
        *plan*, it progresses from its status on (default: ``pending``); without, its status stays
        as it is. Raises InvalidInput for an invalid job, Conflict if its id is taken or the graph's
        edition does not have its status.
        """
        graphs = self._project.graphs
        name = validation.read(graph or graphs.default, GraphName, "graph")
        if job is None:
            command = "import_graph" if command is None else command
            command = validation.read(command, str, "job.request.command")
            request = {
                "command": command,
                "url": self._submission_url(command, name) if url is None else url,
                "rawRequest": "{}" if raw_request is None else raw_request,
            }
            job = {
                "jobId": job_id or graphs.new_job_id(name),
                "status": status or ("success" if plan is None else "pending"),
                "request": request,
            }
        elif (status, job_id, command, url, raw_request) != (None,) * 5:
            raise TypeError("give either a job or the fields to make it from, not both")
        content = validation.read_python(job, dict[str, Any], "job")
        if plan is not None:
            content = {**content, "plan": plan}
        added = validation.read_python(content, Job, "job")
        return graphs.add(added, name)[1]

    def _submission_url(self, command: str, graph: str) -> str:
        """The documented path and query of the call that submits *command*.

        If it is not documented, or its path names more than the graph, those of an action of that
        name.
        """
        call = documentation.by_command().get(command)
        names = {"project_id": self.project_id, "graph_name": graph}
        if call is not None:
            with suppress(KeyError):
                return listed_requests.url(call, names, call.query)
        action = command.replace("_", "-")
        return f"{routes.graph_path(**names)}/action?action_id={action}"

    def generate(
        self,
        count: int,
        *,
        graph: str | None = None,
        seed: int | None = None,
        replace: bool = False,
        statuses: Mapping[JobStatus, float] | None = None,
        plan: AnyPlan | Mapping[str, Any] | None = None,
    ) -> int:
        """Add *count* realistic jobs to *graph*, older than all others; returns how many it has.

        The same *seed* (default: the project's) makes the same jobs. *replace* empties the graph
        first. *statuses* weighs the statuses, such as ``{"success": 8, "failed": 2}``. Jobs that
        have not ended progress along *plan*, if there is one.
        """
        fields: dict[str, Any] = {"count": count, "graph": graph, "seed": seed}
        fields |= {"replace": replace, "statuses": statuses, "plan": plan}
        return self._project.generate(validation.read_python(fields, Generator, "generate"))[1]

    def job(self, job: str | Job, *, graph: str | None = None) -> Job:
        """A job as it is now; *job* is its id, or the job as it was before.

        Raises NotFound if there is no such job, Conflict if several graphs have one and *graph*
        does not say which is meant.
        """
        return self._project.graphs.find(_id(job), graph)[1]

    def jobs(self, graph: str | None = None, *, status: JobStatus | None = None) -> list[Job]:
        """The jobs, newest first; only those of *graph*, and with *status*, if they are given."""
        if status is not None:
            validation.read({"status": status}, Move, "jobs")
        return [job for _, job in self._project.graphs.jobs(graph, status)]

    def move_job(
        self,
        job: str | Job,
        status: JobStatus,
        *,
        progress: int | None = None,
        result: Mapping[str, Any] | None = None,
        fail_reason: str | None = None,
        graph: str | None = None,
    ) -> Job:
        """Give a job another *status*, from which it continues along its plan.

        *progress* is in percent, *result* is what the job's status shows under ``data``. Raises
        what ``job`` does, and Conflict if the job cannot move from its status to this one.
        """
        fields: dict[str, Any] = {"status": status, "progress": progress}
        fields |= {"fail_reason": fail_reason, **({} if result is None else {"result": result})}
        move = validation.read_python(fields, Move, "move")
        return self._project.graphs.move(_id(job), move, graph)[1]

    def remove_job(self, job: str | Job, *, graph: str | None = None) -> Job:
        """Remove a job. Raises what ``job`` does."""
        return self._project.graphs.remove(_id(job), graph)[1]

    def wait_for_job(
        self,
        job: str | Job,
        status: JobStatus | Sequence[JobStatus] = FINAL,
        timeout_s: float = 5.0,
        *,
        graph: str | None = None,
    ) -> Job:
        """Wait until a job has this *status*, or one of these (default: until it has ended).

        Raises TimedOut, with its last status, after *timeout_s* real seconds, or as soon as it has
        ended with another status; and what ``job`` does.
        """
        wait = _read_wait(status, timeout_s)
        return self._project.job_wait(_id(job), *wait, graph).finish()[1]

    async def wait_for_job_async(
        self,
        job: str | Job,
        status: JobStatus | Sequence[JobStatus] = FINAL,
        timeout_s: float = 5.0,
        *,
        graph: str | None = None,
    ) -> Job:
        """``wait_for_job`` as a coroutine: the event loop goes on; the task may be cancelled."""
        wait = _read_wait(status, timeout_s)
        return (await self._project.job_wait(_id(job), *wait, graph).finish_async())[1]

    # --- What drives and records them ---

    @property
    def clock(self) -> Clock:
        """The time: freeze it, advance it, let it run faster."""
        return self._project.clock

    @property
    def plans(self) -> PlanRules:
        """The plan rules: how submitted jobs progress."""
        return self._project.plans

    @property
    def queries(self) -> Queries:
        """What Cypher and GQL queries return."""
        return self._project.queries

    @property
    def faults(self) -> FaultRules:
        """The fault rules: what goes wrong, and when."""
        return self._project.faults

    @property
    def journal(self) -> Journal:
        """The requests and answers since the last reset."""
        return self._project.journal

    # --- The state as a whole ---

    @property
    def settings(self) -> Settings:
        """How the documentation is read where it is ambiguous."""
        return self._project.settings

    def configure(self, **changes: Unpack[SettingChanges]) -> Settings:
        """Change settings by name, such as ``limit_zero="refuse"``. Raises InvalidInput."""
        fields = validation.read_python(changes, dict[str, Any], "settings")
        return self._project.configure(fields, "settings")

    def state(self, *, secrets: bool = False) -> dict[str, Any]:
        """The project's whole state, as the content of a fixture file.

        Without *secrets*, it has no tokens, and secrets in the requests of jobs are masked.
        """
        content: dict[str, Any] = msgspec.to_builtins(self._project.state(secrets=secrets))
        return content

    def load(self, state: Mapping[str, Any] | str | Path, *, graph_name: str | None = None) -> None:
        """Replace everything but the journal with *state*; from now on a reset returns to it.

        *state* is the content of a fixture file or of a list answer, the path of such a file, or
        the name of a state that gesmock ships. It is loaded into this project, even if it names
        another; the jobs of a list answer go into the graph *graph_name*, by default into the one
        in the first job's URL. Raises InvalidInput, with nothing changed.
        """
        project, source = self._project, str(state) if isinstance(state, Path) else state
        fixture: str | dict[str, Any] = validation.read_python(source, fixtures.Fixture, "$")
        if graph_name is not None:
            validation.read(graph_name, GraphName, "graph_name")
        if isinstance(fixture, str):
            project.load(fixtures.read(fixture, project.project_id, graph_name))
        else:
            project.load(project.parse(msgspec.json.encode(fixture), graph_name))

    def reset(self) -> Cleared:
        """Return to the start: jobs, clock, plans, faults, journal and settings.

        Returns what was cleared, and the number of the new epoch.
        """
        return self._project.reset()

    # --- The verdict on the client ---

    @property
    def verdict(self) -> Verdict:
        """What is expected of the client, and the whole report on it."""
        return self._project.verdict

    def findings(self, *codes: str) -> list[Finding]:
        """What is wrong with the client or the test, except ignored findings.

        With *codes*, only the findings with one of these codes, or of one of these families
        (``"GM1"``).
        """
        names = validation.read_python(codes, list[Code], "findings")
        return [each for project in self._projects() for each in project.verdict.findings(names)]

    def check(self, *codes: str) -> None:
        """Raise ExpectationFailed if there is a finding that fails a strict test.

        By default these are crashes, unmatched requests and unused rules
        (``verdict.config.fail_on``); *codes* names other codes or families. The message lists them,
        then all other findings.
        """
        if codes:
            failing = self.findings(*codes)
        else:
            failing = [each for project in self._projects() for each in project.verdict.failing()]
        if failing:
            also = [each for each in self.findings() if each not in failing]
            messages = failure_message(failing), further_message(also)
            raise ExpectationFailed("\n".join(filter(None, messages)))

    def _projects(self) -> Sequence[Project]:
        """The projects that ``findings`` and ``check`` are about."""
        return [self._project]

    def observation(self, job: str | Job, *, graph: str | None = None) -> Observation:
        """What a job went through, and what the client was shown of it.

        Raises NotFound if nothing is known of such a job; Conflict if several graphs have one and
        *graph* does not say which is meant, or if the journal no longer has what was shown.
        """
        return self._project.verdict.observation(_id(job), graph)

    def assert_seen(self, job: str | Job, *statuses: JobStatus, graph: str | None = None) -> None:
        """Assert that the client was shown exactly these *statuses* of a job, in this order.

        Each counts once, however often it was shown. Raises ExpectationFailed, and what
        ``observation`` does.
        """
        expected = validation.read_python(statuses, list[ListedStatus], "assert_seen")
        self.observation(job, graph=graph).check(expected)


def _id(job: str | Job) -> str:
    if isinstance(job, Job):
        return job.job_id
    if not isinstance(job, str):
        raise InvalidInput.at("job", f"expected a job or its id, got {validation.described(job)}")
    return job


def _read_wait(
    status: JobStatus | Sequence[JobStatus], timeout_s: float
) -> tuple[list[JobStatus], float]:
    """The statuses to wait for, and for how long. Raises InvalidInput."""
    several = [status] if isinstance(status, str) else [*status]
    statuses = validation.read(several, list[ListedStatus], "wait_for_job.status")
    return statuses, validation.read(timeout_s, Seconds, "wait_for_job.timeout_s")
