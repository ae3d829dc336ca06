"""What a test scripts through ``GesMock``: faults, plans and clock; and the journal to read."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import quote

from gesmock import validation
from gesmock.clock import ClockChange, Timing
from gesmock.exchange import Operation
from gesmock.fake import Fake
from gesmock.faults import Armed, Fault, FaultPlan, Injection
from gesmock.jobs import Job
from gesmock.journal import Entry, Journal
from gesmock.lives import Transition
from gesmock.plan_rules import ArmedPlan, PlanRule, PlanRules
from gesmock.plans import AnyPlan
from gesmock.world import World

Entries = int | Literal["ok"] | Fault | Mapping[str, Any] | list[Any]


class Faults:
    """The injections of the default project, whichever that is when it is used."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    @property
    def _plan(self) -> FaultPlan:
        return self._fake.default.faults

    def arm(
        self,
        operation: Operation | Injection | Mapping[str, Any] | None = None,
        status: int | None = None,
        *,
        code: str | None = None,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
        fault: Fault | Mapping[str, Any] | None = None,
        times: int | None = None,
        after: int = 0,
        every: int = 1,
        probability: float = 1.0,
    ) -> Armed:
        """Answer *operation* (default: any) with the error *status*, or with *fault*.

        After *after* calls, at each *every*-th one, with *probability*, *times* times at most
        (default: without end). *code* and *message* default to what the documentation has for the
        status. A whole injection, as in a fixture, may stand in the place of *operation*.
        Raises InvalidInput, with nothing armed.
        """
        if isinstance(operation, Injection | Mapping):
            return self._plan.arm(validation.read_python(operation, Injection, "injection"))
        if fault is None:
            fault = {
                "kind": "error",
                "status": status,
                "code": code,
                "message": message,
                "headers": headers or {},
            }
        elif (status, code, message, headers) != (None, None, None, None):
            raise TypeError("give either a fault, or a status with its code, message and headers")
        return self._arm(
            operation=operation,
            fault=fault,
            times=times,
            after=after,
            every=every,
            probability=probability,
        )

    def script(
        self,
        operation: Operation | None,
        *entries: Entries,
        after: int = 0,
    ) -> Armed:
        """Answer the next calls one by one as *entries* say: a status, a fault, or "ok".

        They may also be given as one list.
        """
        script = entries[0] if len(entries) == 1 and isinstance(entries[0], list) else entries
        return self._arm(operation=operation, script=script, after=after)

    def _arm(self, **fields: Any) -> Armed:
        injection = validation.read_python(fields, Injection, "injection")
        return self._plan.arm(injection)

    def disarm(self, injection: Armed | str | None = None) -> None:
        """Take *injection* (what ``arm`` returned, or its id), or else all, out of force."""
        if injection is None:
            self._plan.disarm_all()
        else:
            self._plan.disarm(injection)

    def __iter__(self) -> Iterator[Armed]:
        return iter(self._plan.armed())

    def __len__(self) -> int:
        return len(self._plan)


class Plans:
    """The plan rules of the default project, whichever that is when it is used."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    @property
    def _rules(self) -> PlanRules:
        return self._fake.default.plans

    def arm(
        self,
        rule: PlanRule | Mapping[str, Any] | None = None,
        *,
        plan: AnyPlan | Mapping[str, Any] | None = None,
        command: str | None = None,
        graph: str | None = None,
        times: int | None = None,
        **fields: Any,
    ) -> ArmedPlan:
        """Let the next *times* submitted jobs (default: all) live by *plan*.

        Only those with this *command*, or of this *graph*, where they are given. *plan* is the name
        of one (default: ``normal``), with other *fields* if given (``running_s=60``), or a whole
        ``Plan``. A whole rule, as in a fixture, may stand in the place of the rest. Raises
        InvalidInput, with nothing armed.
        """
        if rule is not None:
            if (plan, command, graph, times, fields) != (None, None, None, None, {}):
                raise TypeError("give either a rule, or what it is to be made of")
            return self._rules.arm(validation.read_python(rule, PlanRule, "plan rule"))
        given = {
            "plan": planned(plan or "normal", fields),
            "command": command,
            "graph": graph,
            "times": times,
        }
        return self._rules.arm(validation.read_python(given, PlanRule, "plan rule"))

    def disarm(self, rule: ArmedPlan | str | None = None) -> None:
        """Take *rule* (what ``arm`` returned, or its id), or else all, out of force."""
        if rule is None:
            self._rules.disarm_all()
        else:
            self._rules.disarm(rule)

    def __iter__(self) -> Iterator[ArmedPlan]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)


def planned(plan: AnyPlan | Mapping[str, Any], fields: Mapping[str, Any]) -> Any:
    """*plan*, with other *fields* where there are any, as a fixture has it."""
    if not fields:
        return plan
    if isinstance(plan, str):
        return {"name": plan, **fields}
    return {**validation.read_python(plan, dict[str, Any], "plan"), **fields}


class ClockView:
    """The clock of the default project, whichever that is when it is used.

    ``frozen``, ``rate`` (its seconds in a real one) and ``tick_s`` (its seconds with each request
    to the service) can be set.
    """

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    def _change(self, **fields: Any) -> list[Transition]:
        change = validation.read_python(fields, ClockChange, "clock")
        return self._fake.default.change_clock(change)

    @property
    def _timing(self) -> Timing:
        return self._fake.default.clock.timing

    @property
    def now(self) -> float:
        """What it says, in seconds since 1970."""
        return self._fake.default.clock.now()

    def advance(self, seconds: float) -> list[Transition]:
        """Let *seconds* go by at once; the transitions of jobs that this causes, in their order."""
        return self._change(advance_s=seconds)

    def freeze(self) -> None:
        """Stop it: from now on it only moves when it is advanced, or ticks."""
        self._change(frozen=True)

    def resume(self) -> None:
        """Let it run on from where it was frozen."""
        self._change(frozen=False)

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self._timing.frozen

    @frozen.setter
    def frozen(self, frozen: bool) -> None:
        self._change(frozen=frozen)

    @property
    def rate(self) -> float:
        """How many of its seconds go by in a real one; 60: a minute a second."""
        return self._timing.rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self._change(rate=rate)

    @property
    def tick_s(self) -> float:
        """How many of its seconds go by with each request to the service."""
        return self._timing.tick_s

    @tick_s.setter
    def tick_s(self, tick_s: float) -> None:
        self._change(tick_s=tick_s)


class JournalView:
    """The journal of the default project, whichever that is when it is used."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    @property
    def _journal(self) -> Journal:
        return self._fake.default.journal

    def entries(
        self, operation: Operation | None = None, *, status: int | None = None
    ) -> list[Entry]:
        """The entries, oldest first; only those of *operation*, or answered with *status*."""
        return self._journal.entries(operation, status)

    def wait(
        self,
        timeout_s: float,
        operation: Operation | None = None,
        *,
        status: int | None = None,
    ) -> list[Entry]:
        """The ``entries``, as soon as there is one: an empty list after *timeout_s* seconds."""
        return self._journal.wait(timeout_s, operation, status)

    def __getitem__(self, index: int) -> Entry:
        return self.entries()[index]

    def clear(self) -> None:
        """Forget every entry."""
        self._journal.clear()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self._journal)


def job_of(
    world: World,
    graph: str,
    status: str | None,
    job_id: str | None,
    command: str | None,
    url: str | None,
    raw_request: str | None,
    *,
    planned: bool,
) -> dict[str, Any]:
    """A job of what is given, as the service lists it; the rest fits."""
    command = "import_graph" if command is None else command
    action = f"{command}".replace("_", "-")
    default = f"/ges/v1.0/{world.project_id}/graphs/{quote(graph, safe='')}/action"
    return {
        "jobId": job_id or world.graphs.new_job_id(graph),
        "status": status or ("pending" if planned else "success"),
        "request": {
            "command": command,
            "url": f"{default}?action_id={action}" if url is None else url,
            "rawRequest": "{}" if raw_request is None else raw_request,
        },
    }


def id_of(job: str | Job) -> str:
    """The id of *job*, or *job*, where it is one."""
    return job.job_id if isinstance(job, Job) else job
