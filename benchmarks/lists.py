"""The job lists that every target serves, made once by ``gesmock generate``."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PROJECT: Final = "0123456789abcdef0123456789abcdef"
SEED: Final = 7
SMALL: Final = (10, 1_000)
LARGE: Final = 100_000


@dataclass(frozen=True, slots=True)
class JobList:
    """*count* jobs: the *fixture* that gesmock loads, and the *body* that every target returns.

    *failing* is the probability of a 503 instead.
    """

    count: int
    fixture: Path
    body: Path
    failing: float = 0.0

    @property
    def graph(self) -> str:
        return f"jobs{self.count}"

    @property
    def path(self) -> str:
        """The path of the list in the service."""
        return f"/ges/v1.0/{PROJECT}/graphs/{self.graph}/jobs/status"

    @property
    def size(self) -> int:
        """The length of the list in bytes."""
        return self.body.stat().st_size

    def bytes(self) -> bytes:
        return self.body.read_bytes()

    def jobs(self) -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = json.loads(self.bytes())["jobs"]
        return jobs


def make(room: Path, count: int) -> JobList:
    """The list of *count* jobs, as files in *room*.

    The standard library encodes the body, so that gesmock's encoder has no say in the bytes.
    """
    graph = f"jobs{count}"
    job_list = JobList(count, room / f"{graph}.fixture.json", room / f"{graph}.json")
    generate = [sys.executable, "-m", "gesmock", "generate", f"{graph}={count}"]
    options = ["--seed", str(SEED), "--project-id", PROJECT, "-o", str(job_list.fixture)]
    subprocess.run([*generate, *options], check=True, timeout=300)
    jobs = json.loads(job_list.fixture.read_bytes())["graphs"][graph]["jobs"]
    job_list.body.write_bytes(encoded(jobs))
    return job_list


def encoded(jobs: list[dict[str, Any]]) -> bytes:
    """The answer that lists all of *jobs*, as the service writes it."""
    answer = {"jobs": jobs, "totalCount": len(jobs), "result": "success"}
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()


def make_moving(room: Path, count: int, seconds: float) -> Path:
    """A fixture of *count* running jobs, which end one after the other over *seconds*.

    The first ends after one second, to leave time to start the load.
    """
    fixture = room / "moving.fixture.json"
    generate = [sys.executable, "-m", "gesmock", "generate", f"moving={count}"]
    options = ["--seed", str(SEED), "--project-id", PROJECT, "--status", "running=1"]
    subprocess.run([*generate, *options, "-o", str(fixture)], check=True, timeout=300)
    state = json.loads(fixture.read_bytes())
    for number, job in enumerate(state["graphs"]["moving"]["jobs"]):
        after_s = round(1 + seconds * number / count, 6)
        steps = [
            {"after_s": 0, "status": "running"},
            {"after_s": after_s, "status": "finished"},
        ]
        job["plan"] = {"steps": steps}
    fixture.write_text(json.dumps(state), encoding="utf-8")
    return fixture
