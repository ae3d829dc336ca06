"""Script: a fake, as a Python test scripts it, with or without a server."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import msgspec

from gesmock.fake import fixtures
from gesmock.fake import report as judging
from gesmock.fake.clock import Clock
from gesmock.fake.fake import Fake
from gesmock.fake.fixtures import GraphState
from gesmock.fake.options import StartOptions
from gesmock.fake.project import Cleared, Project
from gesmock.journal.observations import Seen
from gesmock.journal.verdict.config import Code
from gesmock.journal.verdict.findings import Finding
from gesmock.model import replies as shapes
from gesmock.model import validation
from gesmock.model.clock import Seconds
from gesmock.model.errors import InvalidInput
from gesmock.model.generators import Generator
from gesmock.model.jobs import Job, Move
from gesmock.model.names import GraphName
from gesmock.model.plans import AnyPlan
from gesmock.model.rules import PlanRules
from gesmock.model.settings import Settings
from gesmock.model.types import FINAL, Edition, JobStatus, ListedStatus
from gesmock.scripting.faults import Faults
from gesmock.scripting.jobs import id_of, job_of
from gesmock.scripting.journal import JournalView
from gesmock.scripting.verdict import VerdictView


class Script:
    """Scripts *fake*, whose URLs have this *scheme*.

    Its methods may be called from any thread, and act on the default project.
    """

    def __init__(self, fake: Fake, scheme: str = "http") -> None:
        self.fake = fake
        self._scheme = scheme

    @property
    def project_id(self) -> str:
        """The default project."""
        return self._project.project_id

    @property
    def graph_name(self) -> str:
        """The graph that is meant where none is named."""
        return self._project.graphs.default

    @property
    def _project(self) -> Project:
        return self.fake.default

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
        """Add a job as the newest of *graph*, which is made where it is missing.

        *job* is one as the service lists it; or it is made of the other arguments, by default a
        finished import with an id that no other job has and a *url* that fits *command*. With a
        *plan*, it goes on along it from the status it has (default: ``pending``); without, it
        stays as it is until it is moved. Raises InvalidInput where it is no job, Conflict where
        its id is taken, or its status is none of the graph's edition.
        """
        made_of = (status, job_id, command, url, raw_request)
        project = self._project
        name = graph or project.graphs.default
        if job is None:
            job = job_of(project, name, *made_of, planned=plan is not None)
        elif made_of != (None,) * len(made_of):
            raise TypeError("give either a job, or what it is to be made of")
        content = validation.read_python(job, dict[str, Any], "job")
        if plan is not None:
            content = {**content, "plan": plan}
        made = validation.read_python(content, Job, "job")
        return project.graphs.add(made, validation.read(name, GraphName, "graph"))[1]

    def generate(
        self,
        count: int,
        *,
        graph: str | None = None,
        seed: int | None = None,
        replace: bool = False,
        statuses: Mapping[str, float] | None = None,
        plan: AnyPlan | Mapping[str, Any] | None = None,
    ) -> int:
        """Add *count* realistic jobs to *graph*, as older ones; how many it has now.

        The same *seed* (default: the project's) makes the same jobs. *replace* empties the graph
        first. *statuses* weighs the statuses, such as ``{"success": 8, "failed": 2}``. Those that
        have not ended go on along *plan*, where one is given.
        """
        given = {
            "count": count,
            "graph": graph,
            "seed": seed,
            "replace": replace,
            "statuses": statuses,
            "plan": plan,
        }
        return self._project.generate(validation.read_python(given, Generator, "generate"))[1]

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
        """Give *job*, or the one with this id, another *status*.

        It goes on along its plan from there. *progress* is in percent, *result* what its status
        shows under ``data``. Raises Unknown
        where there is no such job; Conflict where the move is not legal, or several graphs have
        one and *graph* does not say which is meant.
        """
        given: dict[str, Any] = {"status": status, "progress": progress}
        given |= {"fail_reason": fail_reason, **({} if result is None else {"result": result})}
        move = validation.read_python(given, Move, "move")
        return self._project.graphs.move(id_of(job), move, graph)[1]

    def remove_job(self, job: str | Job, *, graph: str | None = None) -> Job:
        """Take *job*, or the one with this id, out; the same refusals as for ``job``."""
        return self._project.graphs.remove(id_of(job), graph)[1]

    def job(self, job: str | Job, *, graph: str | None = None) -> Job:
        """*job*, or the one with this id, as it is now.

        Raises NotFound where there is no such job, Conflict where several graphs have one and
        *graph* does not say which is meant.
        """
        return self._project.graphs.find(id_of(job), graph)[1]

    def wait_for_job(
        self,
        job: str | Job,
        status: JobStatus | Sequence[JobStatus] = FINAL,
        timeout_s: float = 5.0,
        *,
        graph: str | None = None,
    ) -> Job:
        """*job*, or the one with this id, as soon as it has this *status* (default: has ended).

        Raises TimedOut, which names the last status seen, after *timeout_s* real seconds, or as
        soon as it has ended otherwise; and what ``job`` does.
        """
        wanted = {"status": status} if isinstance(status, str) else dict(enumerate(status))
        statuses = validation.read_python(wanted, dict[str, ListedStatus], "wait_for_job").values()
        given = {"timeout_s": timeout_s}
        seconds = validation.read_python(given, dict[str, Seconds], "wait_for_job")["timeout_s"]
        return self._project.wait_for_job(id_of(job), statuses, seconds, graph)[1]

    def jobs(self, graph: str | None = None, *, status: JobStatus | None = None) -> list[Job]:
        """The jobs, newest first; only those of *graph*, or in *status*."""
        if status is not None:
            validation.read({"status": status}, Move, "jobs")
        return [job for _, job in self._project.graphs.jobs(graph, status)]

    def add_graph(self, name: str, edition: Edition | None = None) -> None:
        """See that there is a graph *name*, of this *edition* (default: that of the settings)."""
        given = validation.read({"edition": edition}, GraphState, "graph")
        self._project.graphs.make(validation.read(name, GraphName, "graph"), given.edition)

    @property
    def clock(self) -> Clock:
        """The time: to freeze it, to advance it, to let it run faster."""
        return self._project.clock

    @property
    def plans(self) -> PlanRules:
        """The plan rules, which say how submitted jobs progress."""
        return self._project.plans

    @property
    def faults(self) -> Faults:
        """What is made to go wrong."""
        return Faults(self.fake)

    @property
    def journal(self) -> JournalView:
        """What was asked and answered since the last reset."""
        return JournalView(self.fake, self._scheme)

    @property
    def verdict(self) -> VerdictView:
        """What the client is held to, which cells were met, and the whole report."""
        return VerdictView(self.fake)

    @property
    def settings(self) -> Settings:
        """How the documentation is read."""
        return self._project.settings

    def configure(self, **changes: Any) -> Settings:
        """Change settings by name, such as ``limit_zero="refuse"``. Raises InvalidInput."""
        return self._project.configure(
            validation.read_python(changes, dict[str, Any], "settings"), "settings"
        )

    def state(self) -> dict[str, Any]:
        """All that is there, as a project file's content."""
        content: dict[str, Any] = msgspec.to_builtins(self._project.state())
        return content

    def load(self, state: Mapping[str, Any] | str | Path) -> None:
        """Put *state* in the place of what is there.

        It is the content of a project file or list answer, or such a file. What a reset restores
        stays as it was. Raises InvalidInput, with nothing changed.
        """
        project = self._project
        if isinstance(state, Mapping):
            content = validation.read_python(state, dict[str, Any], "$")
            loaded = project.parse(shapes.encode(content))
        elif isinstance(state, str | Path):
            loaded = fixtures.read(state, project.project_id)
        else:
            raise InvalidInput.at("$", f"{validation.shown(state)} is neither a state nor a file")
        project.load(loaded)

    def reset(self) -> Cleared:
        """Everything back to what it began with, in every project: jobs, faults, journal, settings.

        Says what was cleared in the default project, and the number of the epoch that begins.
        """
        return self.fake.reset()

    def restart(self, **options: Unpack[StartOptions]) -> Cleared:
        """Begin anew with other *options*, at the same address; a reset then restores these."""
        return self.fake.restart(options)

    # --- The verdict ---

    def findings(self, *codes: str) -> list[Finding]:
        """What a test may want to hear of, in every project: what is wrong with the client, too.

        Only findings of these *codes*, or of the families that they name (``"GM1"``), where any
        are given; in no case what is ignored.
        """
        given = validation.read_python(codes, list[Code], "findings")
        return [one for project in self.fake.projects() for one in judging.findings(project, given)]

    def seen(self, job: str | Job, *, graph: str | None = None) -> Seen:
        """What *job*, or the one with this id, went through, and what the client was shown of it.

        Raises NotFound where nobody has heard of such a job; Conflict where several graphs have one
        and *graph* does not say which is meant, or what was shown is no longer known.
        """
        return judging.seen(self._project, id_of(job), graph)

    def assert_seen(self, job: str | Job, *statuses: JobStatus, graph: str | None = None) -> None:
        """Raise ExpectationFailed unless the client was shown just these *statuses*.

        In this order, each change once. Raises what ``seen`` does.
        """
        wanted = validation.read_python(statuses, list[ListedStatus], "assert_seen")
        self.seen(job, graph=graph).check(wanted)
