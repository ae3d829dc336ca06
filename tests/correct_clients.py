"""Correct clients of every kind, and ways to make one incorrect."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Self

import requests

BODY = {"edgesetPath": "e", "obsParameters": {"accessKey": "A", "secretKey": "S"}}
ENDED = ("success", "complete", "partiallyFailed", "failed")

Answer = tuple[int, dict[str, Any]]


class GivenUpError(Exception):
    """The client has run out of attempts, or of tokens."""


@dataclass(frozen=True)
class Ways:
    """How a client behaves; the defaults are correct, and so are the ways that tests vary."""

    pauses: Callable[[int, Random], float] = lambda attempt, _draw: 0.5 * (1 << attempt)
    heeds_retry_after: bool = True
    attempts: int = 7
    poll_s: float = 2.0
    looks: int = 0
    fresh: bool = False
    counts_twice: bool = True
    looks_before_it_cancels: bool = True
    looks_before_it_repeats: bool = True
    renews: bool = True
    retries_refusals: int = 0
    next_offset: Callable[[int, int, int], int] = lambda offset, _limit, returned: offset + returned
    ends: Callable[[int, int, int, int | None], bool] = lambda end, _limit, returned, total: (
        returned == 0 or (total is not None and end >= total)
    )


def jitter(attempt: int, draw: Random) -> float:
    return draw.uniform(0.5, 1) * (1 << attempt) / 2


def constant(_attempt: int, _draw: Random) -> float:
    return 1.5


@dataclass
class Client:
    """A client of the graph at *url*; *sleep* is how it waits, *tokens* are those it may use.

    *patience_s* is in real time: a delay on a slow machine must not look like a hang.
    """

    url: str
    sleep: Callable[[float], object]
    ways: Ways = Ways()
    seed: int = 0
    tokens: list[str] = field(default_factory=lambda: ["good"])
    patience_s: float = 20

    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.draw = Random(self.seed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def send(self, method: str, path: str, json: Any = None) -> tuple[Answer | None, float | None]:
        """One attempt: the answer, if there is one, and its ``Retry-After``."""
        if not self.tokens:
            raise GivenUpError
        token = self.tokens[0]
        headers = {"X-Auth-Token": token}
        try:
            response = self.session.request(
                method, self.url + path, json=json, headers=headers, timeout=(20, self.patience_s)
            )
            answer = response.status_code, response.json()
        except (requests.RequestException, ValueError):
            return None, None
        finally:
            if self.ways.fresh:
                self.session.close()
        if answer[0] == 401 and self.ways.renews:
            self._renew(token)
        after = response.headers.get("Retry-After") if self.ways.heeds_retry_after else None
        return answer, None if after is None else float(after)

    def ask(self, method: str, path: str) -> Answer:
        """Retry an idempotent request until there is an answer."""
        refused = 0
        for attempt in range(self.ways.attempts):
            answer, retry_after_s = self.send(method, path)
            if answer is not None and answer[0] == 401:
                continue
            if answer is not None and answer[0] in (400, 403) and method == "GET":
                if refused == self.ways.retries_refusals:
                    raise GivenUpError
                refused += 1
                continue
            if answer is not None and answer[0] != 429 and answer[0] < 500:
                return answer
            self.sleep(
                self.ways.pauses(attempt, self.draw) if retry_after_s is None else retry_after_s
            )
        raise GivenUpError

    def _renew(self, refused: str) -> None:
        """Take the next token, unless another thread has."""
        if self.tokens and self.tokens[0] == refused:
            del self.tokens[0]

    def pages(self, limit: int | None) -> Iterator[list[dict[str, Any]]]:
        """The pages of the list, read as they are asked for."""
        offset, read = 0, set[str]()
        for _ in range(60):
            query = f"?offset={offset}" if limit is None else f"?offset={offset}&limit={limit}"
            status, page = self.ask("GET", f"/jobs/status{query}")
            if status != 200:
                return
            jobs = page["jobs"]
            yield jobs
            fresh = {job["jobId"] for job in jobs} - read
            read |= fresh
            returned = len(jobs) if self.ways.counts_twice else len(fresh) or len(jobs)
            after = self.ways.next_offset(offset, limit or 100_000, returned)
            if self.ways.ends(after, limit or 100_000, len(jobs), page.get("totalCount")):
                return
            if after == offset:
                return
            offset = after

    def jobs(self, limit: int | None) -> set[str]:
        return {job["jobId"] for page in self.pages(limit) for job in page}

    def first_page(self, limit: int | None) -> None:
        next(self.pages(limit), None)

    def find(self, limit: int | None, number: int) -> None:
        """Find a job in the list, and ask for its status."""
        job_id = f"job-{number % 16}"
        for page in self.pages(limit):
            if job_id in [job["jobId"] for job in page]:
                self.status(job_id)
                return

    def status(self, job_id: str) -> str:
        """The status of a job; ``failed`` if it no longer exists."""
        status, answer = self.ask("GET", f"/jobs/{job_id}/status")
        return str(answer["status"]) if status == 200 else "failed"

    def wait(self, job_id: str) -> None:
        for _ in range(12):
            if self.status(job_id) in ENDED:
                break
            self.sleep(self.ways.poll_s * self.draw.uniform(1, 1.2))
        for _ in range(self.ways.looks):
            self.status(job_id)

    def submit(self, limit: int | None, number: int) -> str | None:
        """Submit a job and return its id; None if the service refuses it."""
        looks = self.ways.looks_before_it_repeats
        before = self.jobs(limit) if looks else set()
        for attempt in range(self.ways.attempts):
            path = "/action?action_id=import-graph"
            answer, retry_after_s = self.send("POST", path, {**BODY, "edgesetPath": f"{number}"})
            if answer is not None and answer[0] == 401:
                continue
            if answer is not None and answer[0] != 429 and answer[0] < 500:
                return answer[1].get("jobId")
            self.sleep(
                self.ways.pauses(attempt, self.draw) if retry_after_s is None else retry_after_s
            )
            created = self.jobs(limit) - before if looks else None
            if created:
                return min(created)
        raise GivenUpError

    def submit_and_wait(self, limit: int | None, number: int) -> None:
        if job_id := self.submit(limit, number):
            self.wait(job_id)

    def cancel(self, job_id: str) -> None:
        if not self.ways.looks_before_it_cancels or self.status(job_id) not in ENDED:
            self.ask("DELETE", f"/jobs/{job_id}")

    def submit_and_cancel(self, limit: int | None, number: int) -> None:
        if job_id := self.submit(limit, number):
            self.cancel(job_id)
