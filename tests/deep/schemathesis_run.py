"""Runs Schemathesis as a process: reads what to run from standard input, writes the outcome as JSON.

The fake runs in the same process, without coverage, which would take three times as long.
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
URL = re.compile(r"/ges/v1\.0/([^/]*)/(?:graphs|hyg)/([^/]*)(?:/jobs/([^/]*))?")

RULES = (
    "$.state: missing",
    "$.scenario: ",
    "is not one of empty, failing",
    "$.params",
    "a refusal, not a list",
    "a plan has its own steps, or a name",
    "a delay takes one of seconds",
    "a script is played once",
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
    "but is earlier",
    "the database edition",
    "is the id of job",
    "a job that is success shows none",
    "stuck_pending takes neither",
    "give either a statement or a pattern",
    "is not a regular expression",
    "a value for each of columns",
    "an item for each of rows",
)
"""Messages of the control API about input that fits its schema, but breaks another rule."""


@schemathesis.check
def accepts_valid_input(ctx: Any, response: Any, case: Any) -> bool | None:
    """``positive_data_acceptance``, but with 400 something may not exist, or break another rule."""
    if response.status_code == 400:
        control = case.path.startswith("/_gesmock/")
        if any(rule in response.text for rule in RULES) if control else not exists(response):
            return None
        if case.path.endswith("/schema/labels#") and is_label(response, case.body):
            return None
    return positive_data_acceptance(ctx, response, case)


def exists(response: Any) -> bool:
    """Whether the graph and the job of the request exist; False for a cancel: no job can be."""
    parts = urlsplit(response.request.url)
    url = URL.match(parts.path)
    assert url is not None
    project, graph, job = (unquote(name or "") for name in url.groups())
    control = f"{parts.scheme}://{parts.netloc}/_gesmock"
    graphs = requests.get(f"{control}/graphs").json()["graphs"]
    if project != PROJECT or graph not in [it["graph"] for it in graphs]:
        return False
    if not job:
        return True
    jobs = requests.get(f"{control}/jobs", params={"graph": graph}).json()["jobs"]
    statuses = [it["job"]["status"] for it in jobs if it["job"]["jobId"] == job]
    return bool(statuses) and response.request.method != "DELETE"


def is_label(response: Any, body: Any) -> bool:
    """Whether the graph has the label that *body* adds."""
    url = response.request.url.partition("?")[0].removesuffix("/labels")
    answer = requests.get(url, headers={"X-Auth-Token": "secret"})
    if answer.status_code != 200 or not isinstance(body, dict):
        return False
    return body.get("name") in [it["label"] for it in answer.json()["data"]["schema"]]


@schemathesis.check
def rejects_invalid_input(ctx: Any, response: Any, case: Any) -> bool | None:
    """``negative_data_rejection``, but the service also refuses GQL with 200 (ges_03_0567)."""
    if case.path.endswith("#execute-gql-query") and '"errors":[{"code"' in response.text:
        return None
    return negative_data_rejection(ctx, response, case)


def whole(value: Any) -> Any:
    """*value* with whole numbers as integers, and with few jobs to generate."""
    match value:
        case dict():
            copy = {name: whole(item) for name, item in value.items()}
            if isinstance(count := copy.get("count"), int) and 20 < count <= 1_000_000:
                copy["count"] = 20
            return copy
        case list():
            return [whole(item) for item in value]
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
    return value


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Limit how long a call takes, and write whole numbers without a fraction, for msgspec."""
    body = whole(case.body)
    if repr(body) != repr(case.body):
        case.body = body
    with suppress(ValueError, TypeError):  # the call refuses what is not a number
        if float(case.query.get("wait_s", inf)) <= 60:
            case.query["wait_s"] = 0


@dataclass
class Outcome:
    """The outcome of a run."""

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
        for case, checks in event.recorder.checks.items():
            for check in checks:
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
    """Run all phases against a fake started with *options*.

    Each operation is called with the same number of *examples*, always the same ones.
    """
    with GesMock(**options) as ges:
        return outcome_of(document, {**config, "base-url": ges.url}, examples)


def outcome_of(document: dict[str, Any], config: dict[str, Any], examples: int) -> Outcome:
    configured = schemathesis.Config.from_dict(
        {
            "seed": 1,
            "suppress-health-check": ["all"],
            "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
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
