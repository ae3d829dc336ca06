"""The document as a whole."""

from gesmock.contract import calls as submissions
from gesmock.contract import jobs, lists, refusals
from gesmock.contract.facts import VERSION, Node, documented, inferred
from gesmock.model.settings import Settings


def service_document(settings: Settings | None = None, *, signed_in: bool = True) -> Node:
    """The operations on jobs and the calls that make one, read as *settings* say.

    *signed_in* tells whether a token is wanted, as the service wants one; else it may be absent.
    """
    settings = settings or Settings()
    paths = jobs.paths(settings)
    for path, item in submissions.paths(settings).items():
        paths[path] = {**paths.get(path, {}), **item}
    token = documented("ges_03_0121, ges_03_0112", type="apiKey", name="X-Auth-Token")
    return {
        "openapi": VERSION,
        "info": {
            "title": "Huawei Cloud GES: the jobs of a graph",
            "version": "1.0",
            "summary": "The job list of the Graph Engine Service, and the calls that make jobs.",
            "description": _DESCRIPTION,
        },
        "servers": [
            inferred(
                "ges_03_0139: the graph's own address",
                url="/",
                description="Where this document came from.",
            )
        ],
        "security": [{"token": []}] if signed_in else [{"token": []}, {}],
        "tags": [
            {"name": "jobs", "description": "The jobs of a graph."},
            {"name": "submissions", "description": "Calls that make a job."},
        ],
        "paths": dict(sorted(paths.items())),
        "components": {
            "parameters": jobs.parameters(settings),
            "schemas": {
                **lists.schemas(settings),
                **refusals.schemas(settings),
                **submissions.schemas(),
            },
            "securitySchemes": {"token": {**token, "in": "header"}},
        },
    }


_DESCRIPTION = """\
What the public documentation of the service plane says of jobs. Each part names its page
(`x-source`) and whether that page says so, or it has been concluded (`x-fidelity`: documented,
inferred). Where pages contradict each other, this document follows the settings of gesmock.

A request carries `Content-Type: application/json` and `X-Auth-Token` (ges_03_0121). Repeated
parameters count once, the first; unknown ones are ignored (inferred). Calls that share a method and
a path are told apart by `action_id`: `x-calls` lists them.
"""
