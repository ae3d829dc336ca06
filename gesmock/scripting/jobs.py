"""The jobs that a test names or makes of a few words."""

from typing import Any
from urllib.parse import quote

from gesmock.fake.project import Project
from gesmock.model.jobs import Job


def job_of(
    project: Project,
    graph: str,
    status: str | None,
    job_id: str | None,
    command: str | None,
    url: str | None,
    raw_request: str | None,
    *,
    planned: bool,
) -> dict[str, Any]:
    """A job of what is given, as the service lists it; the rest fits."""
    command = "import_graph" if command is None else command
    action = f"{command}".replace("_", "-")
    default = f"/ges/v1.0/{project.project_id}/graphs/{quote(graph, safe='')}/action"
    return {
        "jobId": job_id or project.graphs.new_job_id(graph),
        "status": status or ("pending" if planned else "success"),
        "request": {
            "command": command,
            "url": f"{default}?action_id={action}" if url is None else url,
            "rawRequest": "{}" if raw_request is None else raw_request,
        },
    }


def id_of(job: str | Job) -> str:
    """The id of *job*, or *job*, where it is one."""
    return job.job_id if isinstance(job, Job) else job
