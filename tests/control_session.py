"""A session of control calls, from which a golden file is made, and the state it begins with."""

from typing import Any, Final, NamedTuple

from goldens import CLOCK, PROJECT

G: Final = f"/ges/v1.0/{PROJECT}/graphs/movies"
CYPHER: Final = "/action?action_id=execute-cypher-query"
IMPORT: Final = {"edgesetPath": "b/edges/", "obsParameters": {"accessKey": "A", "secretKey": "S"}}


URLS: Final = {
    "batch_build_index": f"{G}/indices/action?action_id=batch-build&targetGraphName=movies",
    "hyg_algorithm": f"/ges/v1.0/{PROJECT}/hyg/movies/algorithm",
}
"""The documented URLs of commands that are no actions of the graph itself."""


def job(name: str, status: str, command: str = "import_graph", **more: Any) -> dict[str, Any]:
    url = URLS.get(command, f"{G}/action?action_id={command.replace('_', '-')}")
    request = {"command": command, "url": url, "rawRequest": "{}"}
    return {"jobId": name, "status": status, "request": request, **more}


JOBS: Final = [
    job("pending", "pending", "execute_algorithm", plan="normal"),
    job("running", "running", plan="normal"),
    job("failed", "failed"),
    job("algorithm", "complete", "execute_algorithm"),
    job("failed-algorithm", "failed", "execute_algorithm"),
    job("index", "running", "batch_build_index"),
    job("query", "running", "path_query"),
    job("cypher", "complete", "execute_cypher_query"),
    job("hyg", "running", "hyg_algorithm"),
    job("success", "success"),
]
HERE: Final = {"project_id": PROJECT}
STATE: Final = {"project_id": PROJECT, "graphs": {"movies": {"jobs": JOBS}}}


class Step(NamedTuple):
    """A call of the control API as its document has it; without a *template*, of the service."""

    method: str
    template: str
    target: str
    body: Any = None


def call(method: str, template: str, body: Any = None, query: str = "", **names: str) -> Step:
    return Step(method, template, template.format(**names) + query, body)


def service_call(method: str, target: str, body: Any = None) -> Step:
    return Step(method, "", G + target, body)


SESSION: Final = (
    call("PUT", "/state", {**STATE, "seed": 7, "clock": CLOCK}),
    call("PUT", "/state", {**STATE, "seed": "x", "project_id": "-"}),
    call("GET", "/state"),
    call("GET", "/health"),
    call("GET", "/jobs"),
    call("GET", "/jobs", query="?status=failed&graph=movies"),
    call("GET", "/jobs", query="?status=done&graph=none&limit=1"),
    call("POST", "/jobs", {"job": job("new", "pending", plan="slow"), "graph": "movies"}),
    call("POST", "/jobs", {"job": job("new", "pending"), "graph": "movies"}),
    call("POST", "/jobs", {"job": job("new", "done")}),
    call("POST", "/jobs", {"job": job("lone", "pending", plan="stuck_pending"), "graph": "films"}),
    call("GET", "/jobs/{job_id}", job_id="new"),
    call("GET", "/jobs/{job_id}", job_id="success", query="?status=success&wait_s=30"),
    call("GET", "/jobs/{job_id}", job_id="success", query="?status=failed&wait_s=30"),
    call("GET", "/jobs/{job_id}", job_id="success", query="?wait_s=61"),
    call("PATCH", "/jobs/{job_id}", {"status": "running", "progress": 40}, job_id="new"),
    call("PATCH", "/jobs/{job_id}", {"status": "pending"}, job_id="new"),
    call("PATCH", "/jobs/{job_id}", {"status": "failed", "fail_reason": "full"}, job_id="new"),
    call("DELETE", "/jobs/{job_id}", job_id="new", query="?graph=films"),
    call("DELETE", "/jobs/{job_id}", job_id="new", query="?graph=movies"),
    call("PUT", "/graphs/{graph}", {"edition": "memory"}, graph="films"),
    call("PUT", "/graphs/{graph}", {}, graph="new"),
    call("PUT", "/graphs/{graph}", {"edition": "none"}, graph="new"),
    call("GET", "/graphs"),
    call(
        "POST", "/generate", {"graph": "films", "count": 2, "seed": 7, "statuses": {"success": 1}}
    ),
    call("POST", "/generate", {"count": 2, "replace": True, "graph": "new", "plan": "slow"}),
    call("POST", "/generate", {"count": -1, "statuses": {"done": 1}}),
    call("GET", "/jobs", query="?graph=films"),
    call("POST", "/plans", {"command": "import_graph", "plan": {"name": "slow", "running_s": 60}}),
    call("POST", "/plans", {"plan": "fails_late", "times": 1, "graph": "movies"}),
    call("POST", "/plans", {"plan": "never", "command": "import"}),
    call("GET", "/plans"),
    call("GET", "/plans/{plan_id}", plan_id="p1"),
    call("DELETE", "/plans/{plan_id}", plan_id="p1"),
    call("POST", "/queries", {"statement": "RETURN 1", "columns": ["1"], "rows": [[1]]}),
    call("POST", "/queries", {"pattern": "(", "columns": [1]}),
    call("GET", "/queries"),
    service_call("POST", CYPHER, {"statements": [{"statement": "RETURN  1"}, {"statement": "q"}]}),
    call("DELETE", "/queries"),
    call("GET", "/clock"),
    call("PATCH", "/clock", {"advance_s": 2}),
    call("PATCH", "/clock", {"rate": 60, "tick_s": 1, "frozen": True}),
    call("PATCH", "/clock", {"rate": -1, "advance_s": -1}),
    call("PATCH", "/settings", {"dialect": "error_table", "limit_zero": "refuse"}),
    call("PATCH", "/settings", {"dialect": "none", "limit_zeros": 1}),
    call("GET", "/settings"),
    call("POST", "/faults", {"operation": "list_jobs", "fault": 503, "times": 2}),
    call("POST", "/faults", {"operation": "show_job", "script": [401, "ok", "malformed"]}),
    call("POST", "/faults", {"operation": "list_job", "fault": 200, "time": 2}),
    call("GET", "/faults/{fault_id}", fault_id="f1"),
    service_call("GET", "/jobs/status?limit=2"),
    call("PATCH", "/faults/{fault_id}", {"paused": True}, fault_id="f1"),
    call("PATCH", "/faults/{fault_id}", {"times": 0, "phases": "after"}, fault_id="f1"),
    call("GET", "/faults"),
    call("DELETE", "/faults/{fault_id}", fault_id="f1"),
    call("PUT", "/preset", {"preset": "down"}),
    call("PUT", "/preset", {"preset": "rain"}),
    call("GET", "/preset"),
    service_call("GET", "/jobs/status?limit=2"),
    call("DELETE", "/faults"),
    service_call("GET", "/jobs/status?limit=2"),
    service_call("GET", "/jobs/running/status"),
    service_call("GET", "/jobs/running/status"),
    service_call("GET", "/jobs/none/status"),
    service_call("GET", "/jobs/status?limit=x"),
    service_call("POST", "/action?action_id=import-graph", IMPORT),
    call("PATCH", "/clock", {"advance_s": 20}),
    service_call("GET", "/jobs/running/status"),
    call("GET", "/journal"),
    call("GET", "/journal", query="?operation=list_jobs&status=503&query.limit=2&since=1"),
    call("GET", "/journal", query="?operation=list_jobs&wait_s=5&times=2"),
    call("PUT", "/scenario", {"scenario": "moives"}),
    call("GET", "/journal", query="?operation=none&status=x&colour=red"),
    call("GET", "/journal/har"),
    call("GET", "/journal/har", query="?status=503"),
    call("POST", "/journal/assert_called", {"operation": "show_job", "at_least": 2, "status": 401}),
    call("POST", "/journal/assert_called", {"operation": "list_jobs", "times": 1, "status": 400}),
    call("POST", "/journal/assert_called", {"operation": "list_jobs", "time": 1}),
    call("GET", "/seen/{job_id}", job_id="running"),
    call("GET", "/seen/{job_id}", job_id="running", query="?statuses=running,success&graph=movies"),
    call("GET", "/seen/{job_id}", job_id="running", query="?statuses=pending,failed"),
    call("GET", "/seen/{job_id}", job_id="running", query="?statuses=done"),
    call("GET", "/verdict"),
    call("PATCH", "/verdict", {"fail_on": ["GM0", "GM3"], "poll_s": 2, "contract": "all"}),
    call("PATCH", "/verdict", {"fail_on": ["GM9999"], "polls_s": 2}),
    call("GET", "/findings"),
    call("GET", "/findings", query="?codes=GM0,GM307"),
    call("GET", "/findings", query="?codes=X"),
    call("GET", "/report"),
    call("GET", "/state"),
    call("DELETE", "/journal"),
    call("DELETE", "/plans"),
    call("POST", "/provider-states", {"state": "movies", "consumer": "front end", "params": HERE}),
    call("POST", "/provider-states", {"state": "one job", "params": {"generate": 1, "seed": 3}}),
    call("POST", "/provider-states", {"state": "movie"}),
    call("POST", "/provider-states", {"action": "teardown", "state": "movies", "params": HERE}),
    call("POST", "/provider-states", {"state": "any", "params": {"seeds": 3, "preset": "rain"}}),
    call("GET", "/jobs"),
    call("POST", "/reset"),
    call("PUT", "/scenario", {"scenario": "empty"}),
    call("GET", "/scenario"),
)
