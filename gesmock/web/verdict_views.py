"""What the calls of the control API about the verdict on the client do."""

from collections.abc import Callable
from typing import Any, Final

from gesmock.fake import report as judging
from gesmock.journal.verdict.config import Standard
from gesmock.model import validation
from gesmock.web.calls import Call, Outcome
from gesmock.web.control_bodies import Nothing, WantedFindings, WantedSights


def get_problems(call: Call) -> Outcome:
    wanted = validation.read(_listed(call.given(), "codes"), WantedFindings, "query")
    world = call.world()
    found = judging.problems(world, wanted.codes)
    failing = judging.failing(world)
    return 200, {
        "problems": found,
        "total": len(found),
        "failing": sum(one in failing for one in found),
    }


def get_report(call: Call) -> Outcome:
    call.query(Nothing)
    return 200, judging.report(call.world())


def get_seen(call: Call, job_id: str) -> Outcome:
    wanted = validation.read(_listed(call.given(), "statuses"), WantedSights, "query")
    seen = judging.seen(call.world(), job_id, wanted.graph)
    if wanted.statuses is not None:
        seen.check(wanted.statuses)
    return 200, seen


def get_verdict(call: Call) -> Outcome:
    call.query(Nothing)
    return 200, judging.told_standard(call.world().standard)


def patch_verdict(call: Call) -> Outcome:
    changes = call.body(dict[str, Any])
    Standard().changed(changes)  # before a world is opened for them
    return 200, judging.told_standard(judging.hold_to(call.opened_world(), changes))


def _listed(given: dict[str, Any], name: str) -> dict[str, Any]:
    """*given*, where several values of *name* stand between commas."""
    if name not in given:
        return given
    return {**given, name: [value for value in given[name].split(",") if value]}


ROUTES: Final[tuple[tuple[str, str, Callable[..., Outcome]], ...]] = (
    ("GET", "problems", get_problems),
    ("GET", "report", get_report),
    ("GET", "seen/<path:job_id>", get_seen),
    ("GET", "verdict", get_verdict),
    ("PATCH", "verdict", patch_verdict),
)
