"""Runs Schemathesis: standard input says with what (JSON), standard output what came of it (JSON).

It is a process of its own, the fake included, which nobody measures: it would take three times as
long.
"""

import json
import re
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
import schemathesis
from schemathesis import engine
from schemathesis.engine import events
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from gesmock import GesMock

PROJECT = "854d9316e71d4dc599c5f27ea323d445"
PLACE = re.compile(r"/ges/v1\.0/([^/]*)/(?:graphs|hyg)/([^/]*)(?:/jobs/([^/]*))?")

RULES = (
    "$.state: missing",
    "is none of empty, failing",
    "$.params",
    "a refusal, not a list",
    "a plan has its own steps, or a name",
    "a delay has either seconds, or uniform",
    "a script is met once",
    "a fault rule has either a fault or a script",
    "at_least is more than at_most",
    "give either times, or at_least",
    "is above high_s",
    "is below median_s",
    "is for list_jobs, not for",
    "is not after from_s",
    "is not for ",
    "nth says which calls",
    "another fixture",
    "at least one weight",
    "cannot follow",
    "comes behind",
    "the database edition",
    "is the id of job",
    "stuck_pending takes neither",
)
"""What the control API says of input that is well formed, and still wrong: no schema says it."""


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


def run(
    options: dict[str, Any], document: dict[str, Any], config: dict[str, Any], examples: int
) -> Outcome:
    """The outcome of all phases over a fake that begins with *options*.

    With so many *examples* an operation, always the same ones.
    """
    with GesMock(**options) as ges:
        return outcome_of(document, {**config, "base-url": ges.url}, examples)


def outcome_of(document: dict[str, Any], config: dict[str, Any], examples: int) -> Outcome:
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


if __name__ == "__main__":
    order = json.load(sys.stdin)
    json.dump(vars(run(**order)), sys.stdout)
