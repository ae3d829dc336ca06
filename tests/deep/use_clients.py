"""Uses the generated Python clients of both editions and of the control API."""

import importlib
import json
import pkgutil
import sys
from typing import Any


def client(name: str, **options: Any) -> tuple[Any, Any]:
    """The package *name*, after an import of all its modules, and a client of the fake."""
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        importlib.import_module(module.name)
    return package, package.ApiClient(package.Configuration(**options))


def main(url: str, project: str) -> None:
    ids = {}
    for edition in ("database", "memory"):
        package, connection = client(edition, host=url, api_key={"token": "secret"})
        jobs = package.JobsApi(connection)
        ids[edition] = [job.job_id for job in jobs.list_jobs(project, edition).jobs]
        try:
            jobs.list_jobs(project, "nobody")
        except package.ApiException as refusal:
            ids[f"{edition} nobody"] = [refusal.data.error_code.value]
    package, connection = client("control", host=url)
    listed = package.JobsApi(connection).get_jobs(graph="database").jobs
    ids["control"] = [each.job.job_id for each in listed]
    json.dump(ids, sys.stdout)


main(*sys.argv[1:])
