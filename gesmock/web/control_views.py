"""What each call of the control API does: a function each, and the table of their routes."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

import gesmock
from gesmock.fake import fixtures
from gesmock.fake.graphs import Graphs
from gesmock.fake.project import Project
from gesmock.faults import check_all
from gesmock.model import validation
from gesmock.model.clock import ClockChange
from gesmock.model.errors import NotFound
from gesmock.model.generators import Generator
from gesmock.model.jobs import Move
from gesmock.model.names import GraphName
from gesmock.model.rules import PlanRule
from gesmock.model.settings import Settings
from gesmock.model.types import FINAL
from gesmock.web import fault_views, journal_views, verdict_views
from gesmock.web.calls import Call, Outcome
from gesmock.web.control_bodies import (
    GraphChange,
    InGraph,
    JobFilter,
    Nothing,
    PlacedJob,
    WantedJob,
)
from gesmock.web.provider_state_views import post_provider_state


def health(call: Call) -> Outcome:
    project = call.project()
    return 200, {
        "ready": True,
        "version": gesmock.__version__,
        "epoch": project.epoch,
        "project_id": project.project_id,
    }


def get_openapi(call: Call) -> Outcome:
    from gesmock.web.control_document import control_document  # few ask for it

    call.project()  # which has to be there
    return 200, control_document()


def reset(call: Call) -> Outcome:
    return 200, call.opened_project().reset()


def get_state(call: Call) -> Outcome:
    return 200, call.project().state()


def put_state(call: Call) -> Outcome:
    text = call.text()
    try:
        state = call.project().parse(text)
    except NotFound:  # the project: it is opened only once the state is found to be good
        state = fixtures.parse(text, call.project_id)
        check_all(state.faults, call.fake.can_deliver, "$.faults")
    call.opened_project().load(state)
    return 200, {"loaded": fixtures.describe(state)}


def get_jobs(call: Call) -> Outcome:
    wanted = call.query(JobFilter)
    jobs = call.project().graphs.jobs(wanted.graph, wanted.status)
    return 200, {"jobs": [PlacedJob(job, graph) for graph, job in jobs], "total": len(jobs)}


def post_job(call: Call) -> Outcome:
    placed = call.body(PlacedJob)
    graph, job = call.opened_project().graphs.add(placed.job, placed.graph)
    return 201, PlacedJob(job, graph)


def get_job(call: Call, job_id: str) -> Outcome:
    wanted = validation.read(call.numbers("wait_s"), WantedJob, "query")
    project = call.project()
    if wanted.status is None and not wanted.wait_s:
        graph, job = project.graphs.find(job_id, wanted.graph)
    else:
        statuses = FINAL if wanted.status is None else (wanted.status,)
        graph, job = project.wait_for_job(job_id, statuses, wanted.wait_s, wanted.graph)
    return 200, PlacedJob(project.graphs.get_or_new(graph).planned(job), graph)


def patch_job(call: Call, job_id: str) -> Outcome:
    where, move = call.query(InGraph), call.body(Move)
    graph, job = call.project().graphs.move(job_id, move, where.graph)
    return 200, PlacedJob(job, graph)


def delete_job(call: Call, job_id: str) -> Outcome:
    graph, job = call.project().graphs.remove(job_id, call.query(InGraph).graph)
    return 200, PlacedJob(job, graph)


def get_graphs(call: Call) -> Outcome:
    graphs = call.project().graphs
    return 200, {"graphs": [_described(graphs, name) for name in graphs]}


def put_graph(call: Call, graph: str) -> Outcome:
    name = validation.read(graph, GraphName, "graph")
    change = call.body(GraphChange)
    graphs = call.opened_project().graphs
    graphs.make(name, change.edition)
    return 200, _described(graphs, name)


def _described(graphs: Graphs, name: str) -> dict[str, Any]:
    graph = graphs.get_or_new(name)
    return {"graph": name, "edition": graphs.edition_of(graph), "jobs": len(graph)}


def generate(call: Call) -> Outcome:
    order = call.body(Generator)
    graph, total = call.opened_project().generate(order)
    return 200, {"graph": graph, "generated": order.count, "total": total}


def get_plans(call: Call) -> Outcome:
    return 200, {"plans": [armed.as_json() for armed in call.project().plans.armed()]}


def post_plan(call: Call) -> Outcome:
    rule = call.body(PlanRule)
    return 201, call.opened_project().plans.arm(rule).as_json()


def delete_plans(call: Call) -> Outcome:
    call.query(Nothing)
    return 200, {"disarmed": len(call.project().plans.disarm())}


def get_plan(call: Call, plan_id: str) -> Outcome:
    return 200, call.project().plans.find(plan_id).as_json()


def delete_plan(call: Call, plan_id: str) -> Outcome:
    return 200, call.project().plans.disarm(plan_id)[0].as_json()


def _told_clock(project: Project) -> dict[str, Any]:
    with project.lock:
        return msgspec.structs.asdict(project.time.timing)


def get_clock(call: Call) -> Outcome:
    return 200, _told_clock(call.project())


def patch_clock(call: Call) -> Outcome:
    change = call.body(ClockChange)
    project = call.opened_project()
    transitions = project.clock.change(change)
    return 200, {**_told_clock(project), "transitions": transitions}


def get_settings(call: Call) -> Outcome:
    return 200, call.project().settings


def patch_settings(call: Call) -> Outcome:
    changes = call.body(dict[str, Any])
    Settings().changed(changes)  # before a project is opened for them
    return 200, call.opened_project().configure(changes)


ROUTES: Final[tuple[tuple[str, str, Callable[..., Outcome]], ...]] = (
    ("GET", "health", health),
    ("GET", "openapi.json", get_openapi),
    ("POST", "reset", reset),
    ("POST", "provider-states", post_provider_state),
    ("GET", "state", get_state),
    ("PUT", "state", put_state),
    ("GET", "jobs", get_jobs),
    ("POST", "jobs", post_job),
    ("GET", "jobs/<path:job_id>", get_job),
    ("PATCH", "jobs/<path:job_id>", patch_job),
    ("DELETE", "jobs/<path:job_id>", delete_job),
    ("GET", "graphs", get_graphs),
    ("PUT", "graphs/<graph>", put_graph),
    ("POST", "generate", generate),
    ("GET", "clock", get_clock),
    ("PATCH", "clock", patch_clock),
    ("GET", "plans", get_plans),
    ("POST", "plans", post_plan),
    ("DELETE", "plans", delete_plans),
    ("GET", "plans/<plan_id>", get_plan),
    ("DELETE", "plans/<plan_id>", delete_plan),
    *fault_views.ROUTES,
    *journal_views.ROUTES,
    *verdict_views.ROUTES,
    ("GET", "settings", get_settings),
    ("PATCH", "settings", patch_settings),
)

OF_JOBS: Final = frozenset(
    {post_provider_state, put_state, post_job, patch_job, delete_job, put_graph, generate}
)
"""What makes, moves or removes jobs or graphs."""
