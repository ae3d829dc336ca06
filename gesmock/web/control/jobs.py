"""Control calls about graphs and jobs, how they are planned, and the clock that moves them."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from gesmock.fake import clock
from gesmock.fake.graphs import DescribedJob, DescribedJobs, GraphChange, Graphs, edition_of
from gesmock.fake.project import Project
from gesmock.model.clock import ClockChange, Timing
from gesmock.model.generators import Generator
from gesmock.model.jobs import Job, Move
from gesmock.model.queries import QueryResult
from gesmock.model.rows import in_status, with_command
from gesmock.model.rules import PlanRule
from gesmock.model.timeline import Transition
from gesmock.model.types import FINAL, Edition, GraphName, ListedStatus
from gesmock.web.control.api import (
    LONGEST_WAIT_S,
    Disarmed,
    PageQuery,
    call,
    numbered_page,
    rule_page,
)

MOST_TRANSITIONS: Final = 100
"""The most transitions in the answer to a change of the clock."""


class PlacedJob(Struct, frozen=True, forbid_unknown_fields=True):
    """A *job*, and the *graph* that it is in (default: the project's first)."""

    job: Job
    graph: GraphName | None = None


class JobFilter(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Only jobs of *graph*, in *status*, with this *command*, and with the text *q* in their row.

    At most *limit* of them, those from *cursor* on: the *next* of the page before; or those after
    the first *offset*, to jump to a place in the list.
    """

    graph: GraphName | None = None
    status: ListedStatus | None = None
    command: str | None = None
    q: str | None = None
    offset: Annotated[int, Meta(ge=0, le=2**53)] = 0


class GraphQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The *graph* of the job, needed if several graphs have a job with its id."""

    graph: GraphName | None = None


class JobQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The *graph* of the job, and what to wait for.

    With a *status* or *wait_s* (seconds, at most 60), waits until the job has this status
    (default: has ended).
    """

    graph: GraphName | None = None
    status: ListedStatus | None = None
    wait_s: Annotated[float, Meta(ge=0, le=LONGEST_WAIT_S)] = 0


class DescribedGraph(Struct, frozen=True, forbid_unknown_fields=True):
    """A *graph*, its edition, and the number of its *jobs*."""

    graph: str
    edition: Edition
    jobs: int


class DescribedGraphs(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the graphs of a project, how many there are, and the cursor of the *next* page."""

    graphs: list[DescribedGraph]
    total: int
    next: int | None


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
    """A page of the plan rules in force, spent ones included.

    *total* is how many there are, *next* the cursor of the next page.
    """

    plans: list[ArmedPlanBody]
    total: int
    next: int | None


class QueryResults(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the results that are set for queries; of several that match, the last counts.

    *total* is how many there are, *next* the cursor of the next page.
    """

    queries: list[QueryResult]
    total: int
    next: int | None


class Forgotten(Struct, frozen=True, forbid_unknown_fields=True):
    """How many results were *forgotten*."""

    forgotten: int


class MovedClock(Timing, frozen=True, kw_only=True, omit_defaults=False):
    """The clock, and the first *transitions* of jobs that the change caused, out of *count*."""

    transitions: Annotated[list[Transition], Meta(max_length=MOST_TRANSITIONS)]
    count: int


@call("GET", "jobs", may_miss=True, summary="List jobs")
def list_jobs(project: Project, query: JobFilter) -> DescribedJobs:
    texts = []  # the rarest first: the others are looked for in its rows only
    if query.command is not None:
        texts.append(with_command(query.command, query.status))
    if query.q:
        texts.append(msgspec.json.encode(query.q)[1:-1])
    if query.status is not None and query.command is None:
        texts.append(in_status(query.status))
    return project.graphs.search(query.graph, texts, query.limit, query.cursor, query.offset)


@call("POST", "jobs", status=201, opens=True, needs_jobs=True, may_miss=True, summary="Add a job")
def add_job(project: Project, body: PlacedJob) -> PlacedJob:
    graph, job = project.graphs.add(body.job, body.graph)
    return PlacedJob(job, graph)


@call("GET", "jobs/<path:job_id>", summary="Show a job, or wait for it")
def show_job(project: Project, job_id: str, query: JobQuery) -> DescribedJob:
    if query.status is None and not query.wait_s:
        graph, job = project.graphs.find(job_id, query.graph)
    else:
        statuses = FINAL if query.status is None else (query.status,)
        graph, job = project.job_wait(job_id, statuses, query.wait_s, query.graph).finish()
    described = project.graphs.describe(job, graph)
    return replace(described, job=project.graphs.planned(job, graph))


@call("PATCH", "jobs/<path:job_id>", needs_jobs=True, summary="Move a job to another status")
def move_job(project: Project, job_id: str, query: GraphQuery, body: Move) -> PlacedJob:
    graph, job = project.graphs.move(job_id, body, query.graph)
    return PlacedJob(job, graph)


@call("DELETE", "jobs/<path:job_id>", needs_jobs=True, summary="Remove a job")
def remove_job(project: Project, job_id: str, query: GraphQuery) -> PlacedJob:
    graph, job = project.graphs.remove(job_id, query.graph)
    return PlacedJob(job, graph)


@call("GET", "graphs", summary="List graphs")
def list_graphs(project: Project, query: PageQuery) -> DescribedGraphs:
    graphs = project.graphs
    names, total, following = numbered_page(graphs, query)
    return DescribedGraphs([_describe(graphs, name) for name in names], total, following)


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
def read_clock(project: Project) -> clock.ReadClock:
    with project.lock:
        return clock.read_clock(project.graphs)


@call("PATCH", "clock", opens=True, summary="Change the clock")
def change_clock(project: Project, body: ClockChange) -> MovedClock:
    transitions = project.clock.change(body)
    with project.lock:
        timing = msgspec.structs.asdict(project.time.timing)
    return MovedClock(**timing, transitions=transitions[:MOST_TRANSITIONS], count=len(transitions))


@call("GET", "queries", summary="List the results that are set for queries")
def list_query_results(project: Project, query: PageQuery) -> QueryResults:
    return QueryResults(*numbered_page(project.queries, query))


@call("POST", "queries", status=201, opens=True, summary="Set what a query returns")
def set_query_result(project: Project, body: QueryResult) -> QueryResult:
    return project.queries.add(body)


@call("DELETE", "queries", summary="Forget the results that are set for queries")
def forget_query_results(project: Project) -> Forgotten:
    return Forgotten(project.queries.clear())


@call("GET", "plans", summary="List plan rules")
def list_plan_rules(
    project: Project, query: PageQuery
) -> Annotated[dict[str, Any], ArmedPlanBodies]:
    return rule_page("plans", project.plans, query)


@call("POST", "plans", status=201, opens=True, summary="Arm a plan rule")
def arm_plan_rule(project: Project, body: PlanRule) -> ArmedPlan:
    return project.plans.arm(body).as_json()


@call("DELETE", "plans", summary="Disarm every plan rule")
def disarm_plan_rules(project: Project) -> Disarmed:
    return Disarmed(len(project.plans.disarm()))


@call("GET", "plans/<plan_id>", summary="Show a plan rule")
def show_plan_rule(project: Project, plan_id: str) -> ArmedPlan:
    return project.plans.find(plan_id).as_json()


@call("DELETE", "plans/<plan_id>", summary="Disarm a plan rule")
def disarm_plan_rule(project: Project, plan_id: str) -> ArmedPlan:
    return project.plans.disarm(plan_id)[0].as_json()
