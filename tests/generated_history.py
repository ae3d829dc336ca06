"""Prints statistics of 200 generated jobs of each edition: ``python tests/generated_history.py``."""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from gesmock import GesMock

COUNT, SEED = 200, 7
AGES = ("1-5", "6-20", "21-200")
"""Places in the list, from the newest job on."""


def history(edition: str, generate: Any = COUNT, seed: int = SEED, **options: Any) -> list[Any]:
    """The generated jobs of a graph of *edition*, newest first, as its state has them."""
    ges = GesMock(generate=generate, seed=seed, settings={"edition": edition}, **options)
    jobs: list[Any] = ges.state()["graphs"][ges.graph_name].get("jobs", [])
    return jobs


def references(jobs: list[Any]) -> Iterator[tuple[int, str]]:
    """The ids of jobs in URLs, each with the index of the job that has the URL."""
    for index, job in enumerate(jobs):
        for job_id in re.findall(r"/jobs/([^/]+)/", job["request"]["url"]):
            yield index, job_id


def counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def report(edition: str) -> str:
    jobs = history(edition)
    commands = Counter(job["request"]["command"] for job in jobs)
    lines = [f"{edition}: {len(jobs)} jobs", f"  commands: {counted(dict(commands.most_common()))}"]
    for age in AGES:
        first, last = map(int, age.split("-"))
        statuses = Counter(job["status"] for job in jobs[first - 1 : last])
        lines.append(f"  statuses of rows {age}: {counted(statuses)}")
    ids = [job["jobId"] for job in jobs]
    named = [*references(jobs)]
    older = [job_id for index, job_id in named if job_id in ids[index + 1 :]]
    lines.append(f"  ids of jobs in URLs: {len(named)}, of older jobs in the list: {len(older)}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write("\n".join([*map(report, ("database", "memory")), ""]))
