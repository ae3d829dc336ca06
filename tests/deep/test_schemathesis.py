"""Schemathesis against the running fake, for each of its documents."""

import copy
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest
from conftest import in_depth

from gesmock.contract import service_document
from gesmock.model.settings import Settings
from gesmock.web.control.document import control_document

pytestmark = pytest.mark.deep

RUN = Path(__file__).with_name("schemathesis_run.py")
PHASES = ("examples", "coverage", "fuzzing", "stateful")
FAST = ("examples", "fuzzing", "stateful")
STRIDE = in_depth(1, 10)
"""The coverage phase, which has nine of ten cases, runs for one in so many paths."""

PROJECT = "854d9316e71d4dc599c5f27ea323d445"
GRAPH = "ges_j60071198_hdfs_fdb"
JOB = "4ae64af4226f9b91a469c7e609e00b800000382489090"
JOBS = "/ges/v1.0/{project_id}/graphs/{graph_name}/jobs"
LIST = f"{JOBS}/status"

SERVICE_CHECKS = {
    "positive_data_acceptance": {"enabled": False},
    "negative_data_rejection": {"enabled": False},
}
"""Replaced by checks that know what the service refuses, and how."""

CONTROL_CHECKS = {
    "positive_data_acceptance": {"enabled": False},
    "rejects_invalid_input": {"enabled": False},
}
"""For the control API, only the first is replaced: the second is the service's replacement."""


def with_separate_calls(document: dict[str, Any]) -> dict[str, Any]:
    """The *document* with each of the calls that share a path as a separate operation.

    Their paths differ in the fragment, which no client sends.
    """
    separate = copy.deepcopy(document)
    for path, item in list(separate["paths"].items()):
        calls: dict[str, list[Any]] = defaultdict(list)
        for call in item.get("post", {}).get("x-calls", ()):
            calls[call["query"].get("action_id", "")].append(call)
        for action, [call, *_] in calls.items():
            operation = copy.deepcopy(item["post"])
            operation["operationId"] = f"{call['operation']}{len(separate['paths'])}"
            for parameter in operation["parameters"]:
                if parameter.get("name") == "action_id":
                    parameter["schema"] = {"const": action}
            if "body" in call:
                body = {"application/json": {"schema": call["body"]}}
                operation["requestBody"] = {"required": call["bodyRequired"], "content": body}
            separate["paths"][f"{path}#{action}"] = {"post": operation}
        if calls:
            del item["post"]
    return separate


def run(
    document: dict[str, Any], config: dict[str, Any], phases: Collection[str], **options: Any
) -> dict[str, Any]:
    """The outcome of a run with the page's example and a frozen clock, so that no job ends."""
    start = {"fixture": "page_example", "clock": {"frozen": True}, **options}
    enabled: dict[str, Any] = {phase: {"enabled": phase in phases} for phase in PHASES}
    enabled["coverage"]["unexpected-methods"] = ["PATCH"]
    covered = [*document["paths"]][::STRIDE]
    others = {"exclude-path": covered, "phases": {"coverage": {"enabled": False}}}
    config = {**config, "phases": enabled, "operations": [others]}
    order = {"options": start, "document": document, "config": config, "examples": 1}
    measured = ("COVERAGE_", "COV_")
    ran = subprocess.run(
        [sys.executable, str(RUN)],
        input=json.dumps(order),
        env={name: value for name, value in os.environ.items() if not name.startswith(measured)},
        capture_output=True,
        text=True,
        check=True,
    )
    outcome: dict[str, Any] = json.loads(ran.stdout)
    return outcome


def run_service(
    settings: Settings, phases: Collection[str] = PHASES, below: str = "", **options: Any
) -> dict[str, Any]:
    """A run over the paths that begin with *below*, mostly with names that exist."""
    names = {"project_id": PROJECT, "graph_name": GRAPH, "job_id": JOB}
    checks = {
        **SERVICE_CHECKS,
        # For this check, only 401 and 403 refuse a token; the dialect error_table has 400.
        "ignored_auth": {"enabled": settings.dialect == "page"},
    }
    config = {
        "headers": {"X-Auth-Token": "secret"},
        "checks": checks,
        "dictionaries": {name: {"values": [value]} for name, value in names.items()},
        "parameters": {f"path.{name}": {"dictionary": name, "probability": 0.8} for name in names},
    }
    document = with_separate_calls(service_document(settings))
    paths = document["paths"].items()
    document["paths"] = {path: item for path, item in paths if path.startswith(below)}
    chosen = {"edition": settings.edition, "dialect": settings.dialect}
    return run(document, config, phases, settings=chosen, tokens=["secret"], **options)


ALL_RAN = dict.fromkeys(PHASES, "success")


def assert_passed(
    name: str,
    outcome: dict[str, Any],
    show: Callable[[str], None],
    *,
    phases: Collection[str] = PHASES,
) -> None:
    """Assert that these phases have run, and no other, and that none has failed."""
    counts = [f"{outcome[what]} {what}" for what in ("operations", "cases")]
    failures = f"{len(outcome['failures'])} failures"
    show(f"Schemathesis, {name}: {', '.join([*counts, failures])}")
    assert not outcome["errors"]
    assert not list(outcome["failures"].items())
    ran = {phase: outcome["phases"].get(phase) for phase in PHASES}
    assert ran == {phase: "success" if phase in phases else "skip" for phase in PHASES}


def answered_well(outcome: dict[str, Any], at_least: int) -> bool:
    """Whether that many requests were accepted, as many refused, and none crashed."""
    accepted, refused, crashed = (outcome["statuses"].get(it, 0) for it in ("200", "400", "500"))
    return accepted >= at_least <= refused and not crashed


@pytest.mark.parametrize("dialect", ["page", "error_table"])
@pytest.mark.parametrize(("edition", "operations"), [("database", 26), ("memory", 27)])
def test_the_service_conforms_to_its_document(
    edition: str, dialect: str, operations: int, show: Callable[[str], None]
) -> None:
    outcome = run_service(Settings().changed({"edition": edition, "dialect": dialect}))

    assert_passed(f"the service ({edition} edition, dialect {dialect})", outcome, show)
    assert outcome["operations"] == operations
    assert answered_well(outcome, in_depth(50, 20))


def test_the_control_api_conforms_to_its_document(show: Callable[[str], None]) -> None:
    document = copy.deepcopy(control_document())
    for path in [*document["paths"]]:
        if "/projects/" in path and not path.endswith("/jobs"):  # the same views serve them all
            del document["paths"][path]
    outcome = run(document, {"checks": CONTROL_CHECKS}, PHASES)

    with_cases = [phase for phase in PHASES if phase != "examples"]  # its document has none
    assert_passed("the control API", outcome, show, phases=with_cases)
    assert answered_well(outcome, in_depth(100, 20))


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("ended", ["skip", "interrupted", None])
def test_a_run_without_one_of_its_phases_does_not_pass(phase: str, ended: str | None) -> None:
    ran = {"operations": 1, "cases": 1, "failures": {}, "errors": [], "phases": ALL_RAN}

    assert_passed("all phases", ran, lambda _: None)

    with pytest.raises(AssertionError, match=phase):
        assert_passed("some phases", {**ran, "phases": {**ALL_RAN, phase: ended}}, lambda _: None)


def test_an_injected_503_fails_the_check_for_server_errors_only() -> None:
    faults = [{"operation": "list_jobs", "fault": 503}]
    outcome = run_service(Settings(), FAST, JOBS, faults=faults)

    assert not outcome["errors"]
    assert f"GET {LIST} not_a_server_error" in outcome["failures"]
    assert {name.split()[-1] for name in outcome["failures"]} == {"not_a_server_error"}
