"""A prepared answer is, byte for byte, the one that the request would get without it."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import pytest
from conftest import PROJECT
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    rule,
    run_state_machine_as_test,
)
from msgspec import json
from msgspec.structs import replace

from gesmock.fake import handle as handling
from gesmock.fake.fake import Fake
from gesmock.fake.graphs import GraphChange
from gesmock.fake.options import StartOptions
from gesmock.fake.project import Project
from gesmock.faults import BELOW_HTTP
from gesmock.journal.entries import AnsweredEntry, with_reply_bodies
from gesmock.model.clock import ClockChange
from gesmock.model.errors import GesmockError
from gesmock.model.generators import Generator
from gesmock.model.jobs import Job, JobRequest, Move
from gesmock.model.messages import ConnectionInfo
from gesmock.model.replies import NO_ENTRY
from gesmock.model.rules import PlanRule
from gesmock.server.application import Answer
from gesmock.server.parser import Head, Limits, parse
from gesmock.web import create_app, gateway, logs
from gesmock.web.gateway import Gateway

OTHER: Final = "b" * 32
G: Final = f"/ges/v1.0/{PROJECT}/graphs/movie"
LIST: Final = f"{G}/jobs/status"
FIRST: Final = f"{G}/jobs/first/status"
TOKEN: Final = "X-Auth-Token: let me in"

REQUESTS: Final = (
    *[(LIST, ())] * 3,
    (f"{LIST}?limit=2&offset=1", ()),
    (f"{LIST}?limit=none&token=a", ()),
    (FIRST, ()),
    (LIST, (TOKEN,)),
    (LIST, ("Origin: http://100%.example",)),
    (FIRST, ("Prefer: code=200", TOKEN)),
    (FIRST, ("Prefer: code=500",)),
    (f"{G}/schema", ()),
    (f"{G}/summary", ()),
    (LIST.replace("movie", "other"), ()),
    (LIST.replace(PROJECT, OTHER), ()),
    (f"{LIST}s", ()),
)
SUBMISSIONS: Final = (
    (f"{G}/action?action_id=clear-graph", b'{"clearMetadata": true}'),
    (f"{G}/schema/labels", b'{"name": "person", "properties": []}'),
)
FAULTS: Final = (
    {"operation": "list_jobs", "fault": 503, "times": 1},
    {"operation": "list_jobs", "fault": 500, "probability": 0.5},
    {"operation": "list_jobs", "fault": 500, "from_s": 5, "until_s": 10},
    {"operation": "list_jobs", "fault": {"kind": "insert_jobs", "count": 1}, "times": 2},
    {"operation": "list_jobs", "script": ["ok", 503, "ok"]},
    {"operation": "show_job", "fault": {"kind": "delay", "seconds": 1}, "every": 2},
    {"fault": 502, "paused": True},
    {"graph": "other", "fault": 503},
)
JOB: Final = {"command": "execute_algorithm", "url": "/", "rawRequest": "{}"}
SETTINGS: Final = (
    {"id_key": "both"},
    {"order": "oldest_first"},
    {"edition": "memory"},
    {"edition": "database"},
    {"dialect": "error_table"},
    {"limit_zero": "refuse", "maximum_limit": 1},
    {"unknown_graph_status": 404, "failed_result": True},
    {"open_projects": True},
    {"strict_edition": False},
)
MOVIE: Final = {
    "jobs": [
        {
            "jobId": "first",
            "status": "running",
            "request": JOB,
            "plan": {"name": "normal", "running_s": 2},
        }
    ]
}
STATE: Final = {"project_id": PROJECT, "graphs": {"movie": MOVIE}}
STATES: Final = (
    STATE,
    {"graphs": {"movie": {"jobs": []}}, "tokens": ["let me in"]},
    {
        "graphs": {"movie": MOVIE},
        "tokens": [{"token": "let me in", "expires_in_s": 5}],
        "clock": {"rate": 2},
    },
    {"tokens": [{"token": "let me in", "permission": False}], "settings": {"edition": "memory"}},
    {"tokens": [{"token": "let me in", "project_id": PROJECT}]},
)
FASTER: Final = ClockChange(rate=3.0)
FAILED: Final = Move("failed")
START: Final[StartOptions] = {
    "fixture": STATE,
    "clock": {"now": 1_800_000_000},
}


Change = Callable[["Side"], object]


class Side:
    """A fake behind a gateway, at a time that the test sets, and what its access log says."""

    def __init__(self, start: StartOptions, *, remembers: bool) -> None:
        self.now = 100.0
        self.fake = Fake(deliverable=BELOW_HTTP)
        new = self.fake._new

        def timed(*args: Any, **options: Any) -> Any:
            return new(*args, source=lambda: self.now, **options)

        self.fake._new = timed  # type: ignore[assignment]
        self.fake.projects = {}
        self.fake.restart({**START, **start})
        self.gateway = Gateway(self.fake, partial(create_app, self.fake), remembers=remembers)
        self.connection = ConnectionInfo(("127.0.0.1", 1), self.now)
        self.log: list[str] = []

    @property
    def project(self) -> Project:
        return self.fake.default

    def do(self, action: Change) -> object:
        """What *action* returns, or the error that it raises."""
        with self.logging():
            try:
                return action(self)
            except GesmockError as error:
                return repr(error)

    def answer(self, head: Head, body: bytes = b"", ago: int = 0) -> tuple[object, ...]:
        """The answer to a request that began to come *ago* epochs ago.

        Its date is left out if it is the real one, as it is without a journal entry.
        """
        self.connection.heard_at = self.now
        epoch = self.gateway.epoch() - ago
        answer = self.gateway.answer(head, body, epoch, self.connection)
        if not isinstance(answer, Answer):
            answer = answer()
        headers = answer.headers
        if NO_ENTRY["X-Request-Id"].encode() in headers:
            headers = re.sub(rb"Date: .*\r\n", b"", headers)
        return answer.status, headers, b"".join(answer.blocks), answer.delivery

    @contextmanager
    def logging(self) -> Iterator[None]:
        handler = logging.Handler()
        handler.emit = lambda record: self.log.append(  # type: ignore[method-assign]
            re.sub(r"[0-9.]+ ms", "", record.getMessage())
        )
        logs.ACCESS.addHandler(handler)
        logs.ACCESS.setLevel(logging.INFO)
        logs.ACCESS.propagate = False
        try:
            yield
        finally:
            logs.ACCESS.propagate = True
            logs.ACCESS.removeHandler(handler)
            logs.ACCESS.setLevel(logging.NOTSET)


def head(target: str, *headers: str, method: str = "GET", length: int = 0) -> Head:
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
    if length:
        lines.append(f"Content-Length: {length}")
    return parse("\r\n".join([*lines, "", ""]).encode(), Limits())


HEADS: Final = [
    *(head(target, *headers) for target, headers in REQUESTS),
    head(LIST, method="HEAD"),
    head(LIST, method="PUT"),
    head(f"{G}/jobs/first", method="DELETE"),
    head(G, method="DELETE"),
]
"""The heads that are sent. As in a server, the same bytes are the same object."""


def bodies(project: Project, most: int = 0) -> list[AnsweredEntry]:
    """The entries of the journal, or *most* of the latest, with the bodies of the answers.

    How long an answer took is left out.
    """
    records = project.journal.snapshot().records[-most:]
    entries = with_reply_bodies([(record.entry, record) for record in records])
    return [replace(entry, took_s=0.0) for entry in entries]


class Both:
    """A side that remembers, and one that does not; both get the same requests and changes."""

    def __init__(self, start: StartOptions | None = None) -> None:
        self.sides = [Side(start or {}, remembers=remembers) for remembers in (True, False)]

    def do(self, action: Change) -> None:
        first, second = [side.do(action) for side in self.sides]
        assert first == second
        self.compare()

    def ask(self, head: Head, times: int = 1, ago: int = 0) -> None:
        for _ in range(times):
            self.do(lambda side: side.answer(head, ago=ago))

    def compare(self) -> None:
        """Compare what was logged since, and the latest entries of the journals."""
        first, second = self.sides
        assert [*first.fake.projects] == [*second.fake.projects]
        for name, project in first.fake.projects.items():
            assert bodies(project, 2) == bodies(second.fake.projects[name], 2)
        assert first.log == second.log
        for side in self.sides:
            side.log.clear()

    def compare_all(self) -> None:
        """Compare everything that the fakes know of their clients."""
        first, second = self.sides
        assert first.fake.coverage().cells() == second.fake.coverage().cells()
        for name, project in first.fake.projects.items():
            other = second.fake.projects[name]
            assert bodies(project) == bodies(other)
            assert project.verdict.report() == other.verdict.report()
            assert project.state(secrets=True) == other.state(secrets=True)
            calls = [[(each.calls, each.fires) for each in p.faults] for p in (project, other)]
            assert calls[0] == calls[1]


# --- One change -----------------------------------------------------------------------------------


def wait(seconds: float) -> Change:
    def let_pass(side: Side) -> None:
        side.now += seconds

    return let_pass


def load(state: Any, project_id: str = PROJECT) -> Change:
    def load_it(side: Side) -> None:
        project = side.fake.open(project_id)
        project.load(project.parse(json.encode(state)))

    return load_it


def drop_the_project_while_it_is_asked(side: Side) -> None:
    """Between its last reset and its end, a project goes on answering."""

    def ask() -> None:
        for _ in range(3):
            side.answer(HEADS[0])

    side.fake.epochs.watchers.append(ask)
    side.fake.restart({"project_id": OTHER})
    side.fake.epochs.watchers.clear()


def nothing(side: Side) -> None:
    pass


FINISHED: Final = head(FIRST)
SIGNED_IN: Final = head(LIST, TOKEN)
CHANGES: Final[dict[str, tuple[Head, StartOptions, Change]]] = {
    "time passes": (HEADS[0], {}, wait(3)),
    "each request moves the clock": (HEADS[0], {"clock": {"frozen": True, "tick_s": 1}}, nothing),
    "the clock is moved": (HEADS[0], {}, lambda side: side.project.clock.advance(3)),
    "the clock runs faster": (HEADS[0], {}, lambda side: side.project.clock.change(FASTER)),
    "a setting": (HEADS[0], {}, lambda side: side.project.configure({"id_key": "both"})),
    "a job is moved": (HEADS[0], {}, lambda side: side.project.graphs.move("first", FAILED)),
    "a job is removed": (HEADS[0], {}, lambda side: side.project.graphs.remove("first")),
    "a job is cancelled": (
        HEADS[0],
        {"settings": {"edition": "memory"}},
        lambda side: side.answer(head(f"{G}/jobs/first", method="DELETE")),
    ),
    "jobs are generated": (
        HEADS[0],
        {},
        lambda side: side.project.generate(Generator(count=2, graph="movie")),
    ),
    "a graph is new": (
        head(LIST.replace("movie", "other")),
        {},
        lambda side: side.project.graphs.make("other", GraphChange()),
    ),
    "a graph changes its edition": (
        head(FIRST.replace("first", "none")),
        {},
        lambda side: side.project.graphs.make("movie", GraphChange("memory")),
    ),
    "a rule for it": (
        HEADS[0],
        {},
        lambda side: side.project.faults.arm({"operation": "list_jobs", "fault": 503}).id,
    ),
    "a rule becomes one for it": (
        HEADS[0],
        {"faults": {"operation": "show_job", "fault": 503}},
        lambda side: side.project.faults.change("f1", operation=None).id,
    ),
    "a rule for it that seldom fires": (HEADS[0], {"faults": FAULTS[1]}, nothing),
    "a rule for it that fires later": (HEADS[0], {"faults": FAULTS[2]}, wait(6)),
    "a reset": (HEADS[0], {}, lambda side: side.project.reset().entries),
    "another start": (HEADS[0], {}, lambda side: side.fake.restart({"generate": 2}).entries),
    "a state": (HEADS[0], {}, load({"graphs": {"movie": {"jobs": []}}})),
    "the project is gone": (HEADS[0], {}, lambda side: side.fake.restart({"project_id": OTHER})),
    "the project is asked until it is gone": (HEADS[0], {}, drop_the_project_while_it_is_asked),
    "tokens": (HEADS[0], {}, load({"tokens": ["let me in"]})),
    "tokens of another project": (
        SIGNED_IN,
        {"tokens": ["another"], "fixture": [STATE, {"project_id": OTHER}]},
        load({"tokens": [{"token": "let me in", "project_id": PROJECT}]}, OTHER),
    ),
    "a token expires": (
        SIGNED_IN,
        {"tokens": {"token": "let me in", "expires_in_s": 1}},
        wait(1.5),
    ),
    "the body of its answer is dropped": (
        HEADS[0],
        {"journal_size": 1},
        lambda side: side.answer(HEADS[3]),
    ),
    "a refusal": (head(FIRST.replace("first", "none")), {}, nothing),
    "an error that it asks for": (head(LIST, "Prefer: code=500"), {}, nothing),
    "what it changes itself": (head(f"{G}/summary"), {}, nothing),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_prepared_answer_is_repeated_until(change: str) -> None:
    asked, start, action = CHANGES[change]
    both = Both(start)

    both.ask(asked, times=4)
    both.do(action)
    both.ask(asked, times=3)

    both.compare_all()


def test_a_request_from_before_a_reset_is_refused_whatever_was_prepared() -> None:
    both = Both()

    both.ask(HEADS[0])
    both.do(lambda side: side.project.reset().epoch)
    both.ask(HEADS[0], ago=1)
    both.ask(HEADS[0], times=3)
    both.ask(HEADS[0], times=3, ago=1)
    both.ask(HEADS[0], times=3)

    both.compare_all()


def test_the_journal_keeps_as_many_bodies_as_without_prepared_answers() -> None:
    both = Both({"journal_size": 3})
    both.do(wait(3))  # the job has a result, and each answer with it a body of its own

    for asked in (HEADS[0], FINISHED, FINISHED, HEADS[0], FINISHED):
        both.ask(asked)


def test_the_third_request_with_a_head_is_answered_without_being_handled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handled: list[Any] = []

    def handle(*args: Any) -> Any:
        handled.append(args)
        return handling.handle(*args)

    monkeypatch.setattr(gateway, "handle", handle)
    side = Side({"faults": {"operation": "show_job", "fault": 503}}, remembers=True)

    answers = {side.answer(HEADS[0]) for _ in range(10)}

    assert len(handled) == 2
    assert len(answers) == len(side.project.journal) == 10


def test_a_long_answer_is_not_remembered() -> None:
    side = Side({"generate": 3_000}, remembers=True)
    long, short = HEADS[0], HEADS[3]

    for _ in range(3):
        side.answer(long)
        side.answer(short)

    assert [*side.gateway._prepared] == [short]


def test_prepared_answers_are_kept_up_to_a_bound_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "MOST_PREPARED", 100_000)
    side = Side({"generate": 100}, remembers=True)

    for offset in range(20):
        page = head(f"{LIST}?offset={offset}")
        for _ in range(3):
            side.answer(page)

    answers = side.gateway._prepared.values()
    assert 0 < sum(len(block) for each in answers for block in each._blocks) <= 100_000


# --- Many changes ---------------------------------------------------------------------------------


class BothWays(RuleBasedStateMachine):
    """A gateway that remembers beside one that does not: whatever happens, nobody can tell."""

    def __init__(self) -> None:
        super().__init__()
        self._both = Both()
        self.do, self.ask_both = self._both.do, self._both.ask

    # --- Requests ---

    @rule(head=st.sampled_from(HEADS), times=st.integers(1, 4))
    def ask(self, head: Head, times: int) -> None:
        self.ask_both(head, times)

    @rule(head=st.sampled_from(HEADS[:8]))
    def ask_too_late(self, head: Head) -> None:
        self.ask_both(head, ago=1)

    @rule(submission=st.sampled_from(SUBMISSIONS))
    def submit(self, submission: tuple[str, bytes]) -> None:
        target, body = submission
        post = head(target, method="POST", length=len(body))
        self.do(lambda side: side.answer(post, body))

    # --- Time ---

    @rule(seconds=st.sampled_from([0.25, 1, 2, 5]))
    def pass_time(self, seconds: float) -> None:
        self.do(wait(seconds))

    @rule(
        change=st.sampled_from(
            [
                ClockChange(advance_s=0.5),
                ClockChange(advance_s=3),
                ClockChange(frozen=True),
                ClockChange(frozen=False),
                ClockChange(rate=3.0),
                ClockChange(tick_s=1),
                ClockChange(tick_s=0),
            ]
        )
    )
    def change_clock(self, change: ClockChange) -> None:
        self.do(lambda side: side.project.clock.change(change))

    # --- Rules and settings ---

    @rule(fault=st.sampled_from(FAULTS))
    def arm(self, fault: Any) -> None:
        self.do(lambda side: side.project.faults.arm(fault).id)

    @rule(change=st.sampled_from([{"paused": False}, {"operation": "list_jobs"}, {"after": 1}]))
    def change_rule(self, change: Any) -> None:
        self.do(lambda side: str(side.project.faults.update("f1", change)))

    @rule()
    def disarm(self) -> None:
        self.do(lambda side: len(side.project.faults.disarm()))

    @rule(plan=st.sampled_from(["instant", "fails_early", "never_listed_for_s"]))
    def plan(self, plan: Any) -> None:
        self.do(lambda side: side.project.plans.arm(PlanRule(plan=plan, times=1)).id)

    @rule(change=st.sampled_from(SETTINGS))
    def configure(self, change: Any) -> None:
        self.do(lambda side: side.project.configure(change))

    # --- Jobs ---

    @rule(status=st.sampled_from(["running", "success", "failed"]))
    def move(self, status: Any) -> None:
        self.do(lambda side: side.project.graphs.move("first", Move(status), "movie"))

    @rule()
    def remove(self) -> None:
        self.do(lambda side: side.project.graphs.remove("first", "movie"))

    @rule(graph=st.sampled_from(["movie", "other"]))
    def add(self, graph: str) -> None:
        job = Job("first", "pending", JobRequest("clear_graph", "/", "{}"))
        self.do(lambda side: side.project.graphs.add(job, graph))

    @rule(
        change=st.sampled_from(
            [GraphChange("memory"), GraphChange(labels=[]), GraphChange(summary={"vertexNum": 3})]
        )
    )
    def change_graph(self, change: GraphChange) -> None:
        self.do(lambda side: side.project.graphs.make("movie", change))

    @rule(replace=st.booleans())
    def generate(self, replace: bool) -> None:
        order = Generator(count=2, graph="movie", replace=replace)
        self.do(lambda side: side.project.generate(order))

    # --- Everything ---

    @rule(state=st.sampled_from(STATES), project=st.sampled_from([PROJECT, PROJECT, OTHER]))
    def load_state(self, state: Any, project: str) -> None:
        self.do(load(state, project))

    @rule(everything=st.booleans())
    def reset(self, everything: bool) -> None:
        self.do(lambda side: (side.fake if everything else side.project).reset())

    @rule(clears=st.booleans())
    def shorten_journal(self, clears: bool) -> None:
        self.do(
            lambda side: side.project.journal.clear() if clears else side.project.journal.resize(3)
        )

    def teardown(self) -> None:
        self._both.compare_all()


@pytest.mark.hypothesis
def test_remembering_changes_no_byte() -> None:
    run_state_machine_as_test(BothWays, settings=settings(stateful_step_count=30))
