"""Changes of what the liar server says, to be combined."""

import re
from collections.abc import Callable
from typing import Any

from liars.liar_server import Asked, Change, Json, Said, Service

Job = Callable[[Json], object]


def in_list(change: Callable[[Json, Asked], object]) -> Change:
    """Change each job list."""

    def changed(_: Service, asked: Asked, said: Said) -> None:
        if asked.lists and said.status == 200:
            change(said.value, asked)

    return changed


def in_jobs(change: Job) -> Change:
    """Change each listed job."""
    return in_list(lambda value, _: [change(job) for job in value["jobs"]])


def in_job(change: Callable[[Json, Asked], object]) -> Change:
    """Change each answer about a job."""

    def changed(_: Service, asked: Asked, said: Said) -> None:
        if asked.job_id is not None and said.status == 200:
            change(said.value, asked)

    return changed


def in_outputs(change: Callable[[Json, Asked], object]) -> Change:
    """Change each result that has rows."""
    return in_job(
        lambda value, asked: change(value["data"]["outputs"], asked) if "data" in value else 0
    )


def in_refusals(change: Callable[[Said], object], code: str = "GES") -> Change:
    """Change each refusal with *code*."""

    def changed(_: Service, asked: Asked, said: Said) -> None:
        if said.status >= 400 and code in said.value["errorCode"]:
            change(said)

    return changed


def if_asked(applies: Callable[[Asked], object], status: int, value: Any, **headers: str) -> Change:
    """Give another answer to some requests."""
    headers = {"Content-Type": "application/json", **headers}
    return lambda _, asked, __: Said(status, value, headers) if applies(asked) else None


def rewritten(change: Callable[[dict[str, str]], object]) -> Change:
    """Answer each request for the list as if another query had been sent."""

    def changed(service: Service, asked: Asked, _: Said) -> Said | None:
        if not asked.lists:
            return None
        change(asked.query)
        return service.answer(asked)

    return changed


def both(*changes: Change) -> Change:
    """Make several changes, one after the other."""

    def changed(service: Service, asked: Asked, said: Said) -> Said:
        for change in changes:
            said = change(service, asked, said) or said
        return said

    return changed


def number(query: dict[str, str], name: str) -> int | None:
    """A parameter as a number; None where it is none."""
    text = query.get(name, "")
    return int(text) if re.fullmatch("[0-9]+", text) else None
