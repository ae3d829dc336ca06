"""Schemathesis, over the running fake: what the documents say is what it does."""

import copy
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gesmock.contract import service_document
from gesmock.model.settings import Settings
from gesmock.web.control.document import control_document

RUN = Path(__file__).parents[1] / "schemathesis_run.py"
PHASES = ("examples", "coverage", "fuzzing", "stateful")
PROJECT = "854d9316e71d4dc599c5f27ea323d445"
GRAPH = "ges_j60071198_hdfs_fdb"
JOB = "4ae64af4226f9b91a469c7e609e00b800000382489090"
JOBS = "/ges/v1.0/{project_id}/graphs/{graph_name}/jobs"
LIST = f"{JOBS}/status"

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


def run(document: dict[str, Any], config: dict[str, Any], **options: Any) -> dict[str, Any]:
    """What came of a run over the page's example, on a clock that stands still: no job ends."""
    begins = {"fixture": "page_example", "clock": {"frozen": True}, **options}
    order = {"options": begins, "document": document, "config": config, "examples": 1}
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


def of_the_service(
    settings: Settings, wanted: Callable[[str, Any], object], **options: Any
) -> dict[str, Any]:
    """A run over what of the service is *wanted*, mostly with what is there."""
    known = {"project_id": PROJECT, "graph_name": GRAPH, "job_id": JOB}
    checks = {
        **OURS,
        # It takes 401 and 403 only for a refusal; this dialect has 400.
        "ignored_auth": {"enabled": settings.dialect == "page"},
    }
    config = {
        "headers": {"X-Auth-Token": "secret"},
        "checks": checks,
        "dictionaries": {name: {"values": [value]} for name, value in known.items()},
        "parameters": {f"path.{name}": {"dictionary": name, "probability": 0.8} for name in known},
    }
    document = apart(service_document(settings), settings.edition)
    paths = document["paths"].items()
    document["paths"] = {path: item for path, item in paths if wanted(path, item)}
    read = {"edition": settings.edition, "dialect": settings.dialect}
    return run(document, config, settings=read, tokens=["secret"], **options)


ALL_RAN = dict.fromkeys(PHASES, "success")


def passed(
    name: str, outcome: dict[str, Any], show: Callable[[str], None], *, without: str = ""
) -> None:
    """Every phase has run, but for the one that it is *without*, and none has found anything."""
    counts = [f"{outcome[what]} {what}" for what in ("operations", "cases")]
    failures = f"{len(outcome['failures'])} failures"
    show(f"Schemathesis, {name}: {', '.join([*counts, failures])}")
    assert not outcome["errors"]
    assert not list(outcome["failures"].items())
    ran = {phase: outcome["phases"].get(phase) for phase in PHASES}
    assert ran == {**ALL_RAN, **({without: "skip"} if without else {})}


def of_an_edition(path: str, item: Any) -> bool:
    """Whether an operation is another one in the other edition: those on jobs are, too."""
    calls = [
        call
        for one in item.values()
        for call in (one.get("x-calls", ()) if isinstance(one, dict) else ())
    ]
    return "/jobs" in path or not all(call["edition"] == "any" for call in calls)


@pytest.mark.parametrize("dialect", ["page", "error_table"])
@pytest.mark.parametrize(
    ("edition", "wanted", "operations"),
    [("database", lambda path, item: True, 36), ("memory", of_an_edition, 21)],
    ids=["database", "memory"],
)
def test_the_service_does_what_its_document_says(
    edition: str,
    dialect: str,
    wanted: Callable[[str, Any], object],
    operations: int,
    show: Callable[[str], None],
) -> None:
    settings = Settings().changed({"edition": edition, "dialect": dialect})
    outcome = of_the_service(settings, wanted)

    passed(f"the service ({edition} edition, dialect {dialect})", outcome, show)
    assert outcome["operations"] == operations
    assert outcome["statuses"].get("200", 0) > 50 < outcome["statuses"].get("400", 0)
    assert outcome["statuses"].get("500", 0) == 0


def test_the_control_api_does_what_its_document_says(show: Callable[[str], None]) -> None:
    document = copy.deepcopy(control_document())
    for path in [*document["paths"]]:
        if "/projects/" in path and not path.endswith("/jobs"):  # the same views serve them all
            del document["paths"][path]
    outcome = run(document, {"checks": OURS_TOO})

    passed("the control API", outcome, show, without="examples")  # its document has none
    assert outcome["statuses"].get("200", 0) > 100 < outcome["statuses"].get("400", 0)
    assert outcome["statuses"].get("500", 0) == 0


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("ended", ["skip", "interrupted", None])
def test_a_run_in_which_a_phase_did_not_run_has_not_passed(phase: str, ended: str | None) -> None:
    ran = {"operations": 1, "cases": 1, "failures": {}, "errors": [], "phases": ALL_RAN}

    passed("all", ran, lambda _: None)

    with pytest.raises(AssertionError, match=phase):
        passed("some", {**ran, "phases": {**ALL_RAN, phase: ended}}, lambda _: None)


def test_an_injected_503_fails_the_check_for_server_errors_only() -> None:
    faults = [{"operation": "list_jobs", "fault": 503}]
    outcome = of_the_service(Settings(), lambda path, _: path.startswith(JOBS), faults=faults)

    assert not outcome["errors"]
    assert f"GET {LIST} not_a_server_error" in outcome["failures"]
    assert {name.split()[-1] for name in outcome["failures"]} == {"not_a_server_error"}
