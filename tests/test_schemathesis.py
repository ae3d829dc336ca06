"""Schemathesis, over the running fake: what the documents say is what it does."""

import copy
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import inf
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
import schemathesis
from schemathesis import engine
from schemathesis.engine import events
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from gesmock import GesMock
from gesmock.openapi import service_document
from gesmock.web.control_document import control_document

PHASES = ("examples", "coverage", "fuzzing", "stateful")
PROJECT = "854d9316e71d4dc599c5f27ea323d445"
GRAPH = "ges_j60071198_hdfs_fdb"
JOB = "4ae64af4226f9b91a469c7e609e00b800000382489090"
LIST = "/ges/v1.0/{project_id}/graphs/{graph_name}/jobs/status"
PLACE = re.compile(r"/ges/v1\.0/([^/]*)/(?:graphs|hyg)/([^/]*)(?:/jobs/([^/]*))?")

RULES = (
    "a refusal, not a list",
    "a plan has its own steps, or a name",
    "a script goes with operation and after only",
    "another fixture",
    "at least one weight",
    "cannot follow",
    "comes behind",
    "the database edition",
    "is the id of job",
    "stuck_pending takes neither",
)
"""What the control API says of input that is well formed, and still wrong: no schema says it."""

OURS = {
    "positive_data_acceptance": {"enabled": False},
    "negative_data_rejection": {"enabled": False},
}
"""In their place, there are checks that know what the service refuses, and how."""

OURS_TOO = {
    "positive_data_acceptance": {"enabled": False},
    "rejects_what_is_not": {"enabled": False},
}
"""The same for the control API, which needs only the first."""


@schemathesis.check
def accepts_what_is_valid(ctx: Any, response: Any, case: Any) -> bool | None:
    """positive_data_acceptance; but 400 is also for what is not there, or breaks a further rule."""
    if response.status_code == 400:
        control = case.path.startswith("/_gesmock/")
        if any(rule in response.text for rule in RULES) if control else not is_there(response):
            return None
    return positive_data_acceptance(ctx, response, case)


def is_there(response: Any) -> bool:
    """Whether the fake has what the request names: the graph; the job, and whether it goes on."""
    parts = urlsplit(response.request.url)
    place = PLACE.match(parts.path)
    assert place is not None
    project, graph, job = (unquote(name or "") for name in place.groups())
    control = f"{parts.scheme}://{parts.netloc}/_gesmock"
    graphs = requests.get(f"{control}/graphs").json()["graphs"]
    if project != PROJECT or graph not in [one["graph"] for one in graphs]:
        return False
    if not job:
        return True
    jobs = requests.get(f"{control}/jobs", params={"graph": graph}).json()["jobs"]
    statuses = [one["job"]["status"] for one in jobs if one["job"]["jobId"] == job]
    return bool(statuses) and response.request.method != "DELETE"


@schemathesis.check
def rejects_what_is_not(ctx: Any, response: Any, case: Any) -> bool | None:
    """negative_data_rejection; but the service refuses GQL with 200, too (ges_03_0567)."""
    if case.path.endswith("#execute-gql-query") and '"errors":[{"code"' in response.text:
        return None
    return negative_data_rejection(ctx, response, case)


def apart(document: dict[str, Any], edition: str) -> dict[str, Any]:
    """The *document* with each call of an *edition* as an operation of its own.

    They are told apart by what is behind ``#`` in the path, which no client sends.
    """
    made = copy.deepcopy(document)
    for path, item in list(made["paths"].items()):
        calls: dict[str, list[Any]] = defaultdict(list)
        for call in item.get("post", {}).get("x-calls", ()):
            calls[call["query"].get("action_id", "")].append(call)
        for action, found in calls.items():
            rows = [row for row in found if row["edition"] in (edition, "any")] or found
            one = copy.deepcopy(item["post"])
            one["operationId"] = f"{rows[0]['operation']}{len(made['paths'])}"
            for parameter in one["parameters"]:
                if parameter.get("name") == "action_id":
                    parameter["schema"] = {"const": action}
            if "body" in rows[0]:
                body = {"application/json": {"schema": rows[0]["body"]}}
                one["requestBody"] = {"required": rows[0]["bodyRequired"], "content": body}
            made["paths"][f"{path}#{action}"] = {"parameters": item["parameters"], "post": one}
        if calls:
            del item["post"]
        for method in ("get", "delete"):
            for call in item.get(method, {}).get("x-calls", ()):
                if call["synchronousInTheOtherEdition"] and call["edition"] != edition:
                    del item[method]  # where it makes no job, it is not served
    return made


def whole(value: Any) -> Any:
    """*value* with numbers that are whole as such, and with few jobs to generate."""
    match value:
        case dict():
            made = {name: whole(item) for name, item in value.items()}
            if isinstance(count := made.get("count"), int) and 20 < count <= 1_000_000:
                made["count"] = 20
            return made
        case list():
            return [whole(item) for item in value]
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
    return value


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Let nothing take long; and write whole numbers without a fraction, as msgspec wants them."""
    body = whole(case.body)
    if repr(body) != repr(case.body):
        case.body = body
    with suppress(ValueError, TypeError):  # what is no number is told so at once
        if float(case.query.get("wait_s", inf)) <= 60:
            case.query["wait_s"] = 0


@dataclass
class Outcome:
    """What came of a run."""

    operations: int = 0
    cases: int = 0
    phases: dict[str, str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def take(self, event: Any) -> None:
        match event:
            case events.NonFatalError() | events.FatalError():
                self.errors.append(str(getattr(event, "info", event.__dict__)))
            case events.PhaseFinished():
                self.phases[event.phase.name.value] = event.status.value
            case events.ScenarioFinished():
                self._scenario(event)

    def _scenario(self, event: Any) -> None:
        self.cases += len(event.recorder.cases)
        answers = {}
        for case, interaction in event.recorder.interactions.items():
            if interaction.response is not None:
                self.statuses[interaction.response.status_code] += 1
                answers[case] = interaction.response.text
        for case, found in event.recorder.checks.items():
            for check in found:
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    self.failures[f"{event.label} {check.name}"] = "\n".join(
                        [
                            f"{failure.title} {failure.message}",
                            check.failure_info.code_sample,
                            answers.get(case, ""),
                        ]
                    )


def run(document: dict[str, Any], config: dict[str, Any], examples: int) -> Outcome:
    """The outcome of all phases, with so many *examples* an operation, always the same ones."""
    configured = schemathesis.Config.from_dict(
        {
            "seed": 1,
            "suppress-health-check": ["all"],
            "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
            "phases": {"coverage": {"unexpected-methods": ["PATCH"]}},
            **config,
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=configured)

    outcome = Outcome(operations=schema.statistic.operations.total)
    for event in engine.from_schema(schema).execute():
        outcome.take(event)
    return outcome


@contextmanager
def served(**options: Any) -> Iterator[GesMock]:
    """The page's example, on a clock that stands still: no job ends meanwhile."""
    with GesMock(fixture="page_example", clock={"frozen": True}, **options) as ges:
        yield ges


def of_the_service(ges: GesMock, below: str = "") -> Outcome:
    """A run over the service, or what of it is *below* a path, mostly with what is there."""
    settings = ges.fake.default.settings
    known = {"project_id": PROJECT, "graph_name": GRAPH, "job_id": JOB}
    checks = {
        **OURS,
        # It takes 401 and 403 only for a refusal; this dialect has 400.
        "ignored_auth": {"enabled": settings.dialect == "page"},
    }
    config = {
        "base-url": ges.url,
        "headers": {"X-Auth-Token": "secret"},
        "checks": checks,
        "dictionaries": {name: {"values": [value]} for name, value in known.items()},
        "parameters": {f"path.{name}": {"dictionary": name, "probability": 0.8} for name in known},
    }
    document = apart(service_document(settings), settings.edition)
    paths = {path: item for path, item in document["paths"].items() if path.startswith(below)}
    document["paths"] = paths
    return run(document, config, 2)


def passed(outcome: Outcome) -> None:
    assert not outcome.errors
    assert not list(outcome.failures.items())
    assert {outcome.phases[phase] for phase in PHASES} <= {"success", "skip"}


@pytest.mark.parametrize(
    ("edition", "dialect", "operations"), [("database", "page", 36), ("memory", "error_table", 35)]
)
def test_the_service_does_what_its_document_says(
    edition: str, dialect: str, operations: int
) -> None:
    settings = {"edition": edition, "dialect": dialect}
    with served(tokens=["secret"], settings=settings) as ges:
        outcome = of_the_service(ges)

    passed(outcome)
    assert outcome.operations == operations
    assert outcome.statuses[200] > 100 < outcome.statuses[400]
    assert outcome.statuses[500] == 0


def test_the_control_api_does_what_its_document_says() -> None:
    document = copy.deepcopy(control_document())
    of_projects = [path for path in document["paths"] if "/projects/" in path]
    for path in of_projects:
        if not path.endswith(("/health", "/jobs", "/clock")):  # the same views serve them all
            del document["paths"][path]
    with served() as ges:
        outcome = run(document, {"base-url": ges.url, "checks": OURS_TOO}, 2)

    passed(outcome)
    assert outcome.statuses[200] > 100 < outcome.statuses[400]
    assert outcome.statuses[500] == 0


def test_an_injected_503_fails_the_check_for_server_errors_only() -> None:
    with served(tokens=["secret"]) as ges:
        ges.faults.arm("list_jobs", 503)
        outcome = of_the_service(ges, LIST.removesuffix("/status"))

    assert not outcome.errors
    assert f"GET {LIST} not_a_server_error" in outcome.failures
    assert {name.split()[-1] for name in outcome.failures} == {"not_a_server_error"}
