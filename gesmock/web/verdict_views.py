"""What the calls of the control API about the verdict on the client do."""

from collections.abc import Callable
from typing import Any, Final

from gesmock.fake import report as judging
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.model import validation
from gesmock.web.calls import Call, Outcome
from gesmock.web.control_bodies import Nothing, WantedFindings, WantedSights


def get_findings(call: Call) -> Outcome:
    wanted = validation.read(_listed(call.given(), "codes"), WantedFindings, "query")
    project = call.project()
    found = judging.findings(project, wanted.codes)
    failing = judging.failing(project)
    return 200, {
        "findings": found,
        "total": len(found),
        "failing": sum(one in failing for one in found),
    }


def get_report(call: Call) -> Outcome:
    call.query(Nothing)
    return 200, judging.report(call.project())


def get_seen(call: Call, job_id: str) -> Outcome:
    wanted = validation.read(_listed(call.given(), "statuses"), WantedSights, "query")
    seen = judging.observation(call.project(), job_id, wanted.graph)
    if wanted.statuses is not None:
        seen.check(wanted.statuses)
    return 200, seen


def get_verdict(call: Call) -> Outcome:
    call.query(Nothing)
    return 200, judging.config_as_json(call.project().config)


def patch_verdict(call: Call) -> Outcome:
    changes = call.body(dict[str, Any])
    VerdictConfig().changed(changes)  # before a project is opened for them
    return 200, judging.config_as_json(judging.configure(call.opened_project(), changes))


def _listed(given: dict[str, Any], name: str) -> dict[str, Any]:
    """*given*, where several values of *name* stand between commas."""
    if name not in given:
        return given
    return {**given, name: [value for value in given[name].split(",") if value]}


ROUTES: Final[tuple[tuple[str, str, Callable[..., Outcome]], ...]] = (
    ("GET", "findings", get_findings),
    ("GET", "report", get_report),
    ("GET", "seen/<path:job_id>", get_seen),
    ("GET", "verdict", get_verdict),
    ("PATCH", "verdict", patch_verdict),
)
