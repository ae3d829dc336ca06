"""Control calls about graphs and jobs, how they are planned, and the clock that moves them."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from gesmock.fake.graphs import GraphChange, Graphs, edition_of
from gesmock.fake.project import Project
from gesmock.model.clock import ClockChange, Timing
from gesmock.model.generators import Generator
from gesmock.model.jobs import Job, Move
from gesmock.model.queries import QueryResult
from gesmock.model.rules import PlanRule
from gesmock.model.timeline import Transition
from gesmock.model.types import FINAL, Edition, GraphName, ListedStatus
from gesmock.web.control.api import Disarmed, call


class PlacedJob(Struct, frozen=True, forbid_unknown_fields=True):
    """A *job* and the *graph* it is in (default: the project's first)."""

    job: Job
    graph: GraphName | None = None


class PlacedJobs(Struct, frozen=True, forbid_unknown_fields=True):
    """Jobs with their graphs, and how many there are."""

    jobs: list[PlacedJob]
    total: int


class JobFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Only jobs of *graph*, and in *status*."""

    graph: GraphName | None = None
    status: ListedStatus | None = None


class GraphQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The *graph* of the job, needed where several graphs have a job with its id."""

    graph: GraphName | None = None


class JobQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The *graph* of the job, and what to wait for.

    With a *status* or *wait_s* (seconds, at most 60), waits until the job has this status
    (default: has ended).
    """

    graph: GraphName | None = None
    status: ListedStatus | None = None
    wait_s: Annotated[float, Meta(ge=0, le=60)] = 0


class DescribedGraph(Struct, frozen=True, forbid_unknown_fields=True):
    """A *graph*, its edition, and the number of its *jobs*."""

    graph: str
    edition: Edition
    jobs: int


class DescribedGraphs(Struct, frozen=True, forbid_unknown_fields=True):
    """Every graph of a project."""

    graphs: list[DescribedGraph]


class Generated(Struct, frozen=True, forbid_unknown_fields=True):
    """How many jobs were *generated* in *graph*, and how many it has now."""

    graph: str
    generated: int
    total: int


class ArmedPlanBody(PlanRule, frozen=True, kw_only=True):
    """An armed plan rule: its *uses*, and how many are *remaining* (null: no limit)."""

    id: str
    uses: int
    remaining: int | None


ArmedPlan = Annotated[dict[str, Any], ArmedPlanBody]


class ArmedPlanBodies(Struct, frozen=True, forbid_unknown_fields=True):
    """Every plan rule in force, spent ones included."""

    plans: list[ArmedPlanBody]


class QueryResults(Struct, frozen=True, forbid_unknown_fields=True):
    """The results that are set for queries; of several that match, the last counts."""

    queries: list[QueryResult]


class Forgotten(Struct, frozen=True, forbid_unknown_fields=True):
    """How many results were *forgotten*."""

    forgotten: int


class MovedClock(Timing, frozen=True, kw_only=True, omit_defaults=False):
    """The clock, and the *transitions* of jobs that the change caused."""

    transitions: list[Transition]


@call("GET", "jobs", may_miss=True, summary="List jobs")
def list_jobs(project: Project, query: JobFilter) -> PlacedJobs:
    jobs = project.graphs.jobs(query.graph, query.status)
    return PlacedJobs([PlacedJob(job, graph) for graph, job in jobs], len(jobs))


@call("POST", "jobs", status=201, opens=True, needs_jobs=True, may_miss=True, summary="Add a job")
def add_job(project: Project, body: PlacedJob) -> PlacedJob:
    graph, job = project.graphs.add(body.job, body.graph)
    return PlacedJob(job, graph)


@call("GET", "jobs/<path:job_id>", summary="Show a job, or wait for it")
def show_job(project: Project, job_id: str, query: JobQuery) -> PlacedJob:
    if query.status is None and not query.wait_s:
        graph, job = project.graphs.find(job_id, query.graph)
    else:
        statuses = FINAL if query.status is None else (query.status,)
        graph, job = project.graphs.wait_for_job(job_id, statuses, query.wait_s, query.graph)
    return PlacedJob(project.graphs.planned(job, graph), graph)


@call("PATCH", "jobs/<path:job_id>", needs_jobs=True, summary="Move a job to another status")
def move_job(project: Project, job_id: str, query: GraphQuery, body: Move) -> PlacedJob:
    graph, job = project.graphs.move(job_id, body, query.graph)
    return PlacedJob(job, graph)


@call("DELETE", "jobs/<path:job_id>", needs_jobs=True, summary="Remove a job")
def remove_job(project: Project, job_id: str, query: GraphQuery) -> PlacedJob:
    graph, job = project.graphs.remove(job_id, query.graph)
    return PlacedJob(job, graph)


@call("GET", "graphs", summary="List graphs")
def list_graphs(project: Project) -> DescribedGraphs:
    graphs = project.graphs
    return DescribedGraphs([_describe(graphs, name) for name in graphs])


@call(
    "PUT",
    "graphs/<graph>",
    opens=True,
    needs_jobs=True,
    summary="Create a graph, or change its edition, labels or summary",
)
def put_graph(project: Project, name: str, body: GraphChange) -> DescribedGraph:
    project.graphs.make(name, body)
    return _describe(project.graphs, name)


def _describe(graphs: Graphs, name: str) -> DescribedGraph:
    graph = graphs.get_or_new(name)
    return DescribedGraph(name, edition_of(graph, graphs.settings), len(graph))


@call("POST", "generate", opens=True, needs_jobs=True, summary="Generate jobs")
def generate(project: Project, body: Generator) -> Generated:
    graph, total = project.generate(body)
    return Generated(graph, body.count, total)


@call("GET", "clock", summary="Read the clock")
def read_clock(project: Project) -> Annotated[dict[str, Any], Timing]:
    with project.lock:
        return msgspec.structs.asdict(project.time.timing)


@call("PATCH", "clock", opens=True, summary="Change the clock")
def change_clock(project: Project, body: ClockChange) -> MovedClock:
    transitions = project.clock.change(body)
    with project.lock:
        return MovedClock(**msgspec.structs.asdict(project.time.timing), transitions=transitions)


@call("GET", "queries", summary="List the results that are set for queries")
def list_query_results(project: Project) -> QueryResults:
    return QueryResults([*project.queries])


@call("POST", "queries", status=201, opens=True, summary="Set what a query returns")
def set_query_result(project: Project, body: QueryResult) -> QueryResult:
    return project.queries.add(body)


@call("DELETE", "queries", no_query=True, summary="Forget the results that are set for queries")
def forget_query_results(project: Project) -> Forgotten:
    return Forgotten(project.queries.clear())


@call("GET", "plans", summary="List plan rules")
def list_plan_rules(project: Project) -> Annotated[dict[str, Any], ArmedPlanBodies]:
    return {"plans": [armed.as_json() for armed in project.plans.armed()]}


@call("POST", "plans", status=201, opens=True, summary="Arm a plan rule")
def arm_plan_rule(project: Project, body: PlanRule) -> ArmedPlan:
    return project.plans.arm(body).as_json()


@call("DELETE", "plans", no_query=True, summary="Disarm every plan rule")
def disarm_plan_rules(project: Project) -> Disarmed:
    return Disarmed(len(project.plans.disarm()))


@call("GET", "plans/<plan_id>", summary="Show a plan rule")
def show_plan_rule(project: Project, plan_id: str) -> ArmedPlan:
    return project.plans.find(plan_id).as_json()


@call("DELETE", "plans/<plan_id>", summary="Disarm a plan rule")
def disarm_plan_rule(project: Project, plan_id: str) -> ArmedPlan:
    return project.plans.disarm(plan_id)[0].as_json()
