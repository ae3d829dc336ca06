"""Changes to the answers of the liar server, which can be combined."""

import re
from collections.abc import Callable
from typing import Any

from liars.liar_server import Answer, Change, Json, Request, Service

Job = Callable[[Json], object]


def in_list(change: Callable[[Json, Request], object]) -> Change:
    """Change each job list."""

    def changed(_: Service, request: Request, answer: Answer) -> None:
        if request.lists and answer.status == 200:
            change(answer.value, request)

    return changed


def in_jobs(change: Job) -> Change:
    """Change each listed job."""
    return in_list(lambda value, _: [change(job) for job in value["jobs"]])


def in_job(change: Callable[[Json, Request], object]) -> Change:
    """Change each answer about a job."""

    def changed(_: Service, request: Request, answer: Answer) -> None:
        if request.job_id is not None and answer.status == 200:
            change(answer.value, request)

    return changed


def in_outputs(change: Callable[[Json, Request], object]) -> Change:
    """Change each result that has rows."""
    return in_job(
        lambda value, request: change(value["data"]["outputs"], request) if "data" in value else 0
    )


def in_refusals(change: Callable[[Answer], object], code: str = "GES") -> Change:
    """Change each refusal with *code*."""

    def changed(_: Service, request: Request, answer: Answer) -> None:
        if answer.status >= 400 and code in answer.value["errorCode"]:
            change(answer)

    return changed


def answer_if(
    applies: Callable[[Request], object], status: int, value: Any, **headers: str
) -> Change:
    """Give another answer to some requests."""
    headers = {"Content-Type": "application/json", **headers}
    return lambda _, request, __: Answer(status, value, headers) if applies(request) else None


def rewritten(change: Callable[[dict[str, str]], object]) -> Change:
    """Answer each request for the list as if another query had been sent."""

    def changed(service: Service, request: Request, _: Answer) -> Answer | None:
        if not request.lists:
            return None
        change(request.query)
        return service.answer(request)

    return changed


def both(*changes: Change) -> Change:
    """Make several changes, one after the other."""

    def changed(service: Service, request: Request, answer: Answer) -> Answer:
        for change in changes:
            answer = change(service, request, answer) or answer
        return answer

    return changed


def number(query: dict[str, str], name: str) -> int | None:
    """A parameter as a number; None if it is not one."""
    text = query.get(name, "")
    return int(text) if re.fullmatch("[0-9]+", text) else None
