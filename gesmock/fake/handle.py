"""The service's operations, and ``handle``, which every request passes through."""

import logging
import re
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from gesmock.fake.fake import Fake
from gesmock.fake.hits import Hit, RequestCall
from gesmock.fake.hyg import hyg_delete_job, hyg_delete_jobs
from gesmock.fake.jobs import delete_job, list_jobs, show_job
from gesmock.fake.project import Project
from gesmock.fake.refusals import UNKNOWN_GRAPH
from gesmock.fake.submissions import submit
from gesmock.faults import Fired
from gesmock.journal import journal
from gesmock.model import documentation, tokens
from gesmock.model import listed_requests as raw_requests
from gesmock.model import replies as shapes
from gesmock.model.clock import NANOSECONDS, http_date
from gesmock.model.errors import (
    GesError,
    JobQueryFailed,
    Overtaken,
    ParameterError,
    UnknownPreference,
    UnknownUrl,
    WrongMethod,
)
from gesmock.model.messages import NO_ENTRY, ConnectionInfo, Operation, Reply, Request, request_id
from gesmock.model.names import is_project_id
from gesmock.model.tokens import Token

OPERATIONS: Final[Mapping[Operation, Callable[[Project, Request], Reply]]] = {
    "list_jobs": list_jobs,
    "show_job": show_job,
    "delete_job": delete_job,
    "hyg_delete_job": hyg_delete_job,
    "hyg_delete_jobs": hyg_delete_jobs,
    **{row.command: submit for row in documentation.operations()},
}

log = logging.getLogger("gesmock.fake")

_PREFERRED_CODE = re.compile(r"(?:^|[,;])\s*code\s*=\s*\"?([^\s,;\"]*)\"?", re.IGNORECASE)


def handle(fake: Fake, request: Request, link: ConnectionInfo | None = None) -> Reply:
    """The answer to *request*, which is judged, carried out and journaled in one step.

    It came over *link*, where that is known. A request that no project's project answers is
    journaled in the default project's.
    """
    owner = fake.serving(request.args.get("project_id", ""))
    project = owner or fake.default
    known_tokens = fake.tokens() if project.tokens else []
    told = request
    if request.body or "content-length" in request.headers:  # most have none, and each call costs
        request = raw_requests.cleaned(request)
        told = journal.kept(request)
    if request.long:
        told = journal.shortened(told)
    fired: Fired | None = None
    crash: str | None = None
    with project.lock:
        if request.epoch < project.epoch:
            return shapes.refusal(Overtaken(), project.settings, {"X-Request-Id": NO_ENTRY})
        if owner is not None:
            project.tick()
        with project.time as now:  # the request happens at one moment
            number = project.journal.count + 1
            headers = {"X-Request-Id": request_id(project.epoch, number), "Date": http_date(now)}
            try:
                fired = fault_of(project, request, owned=owner is not None)
                if fired is None:
                    operation = _permitted(project, request, known_tokens, owned=owner is not None)
                    reply = operation(project, request)
                else:
                    owned = owner is not None
                    permit = partial(_permitted, project, request, known_tokens, owned=owned)
                    reply = Hit(project, request, fired, permit).reply()
            except GesError as error:
                reply = shapes.refusal(error, project.settings, _allowed(request))
            except Exception:  # noqa: BLE001 whatever it is, it is kept and told
                crash = traceback.format_exc()
                headers["X-Gesmock-Crash"] = str(number)
                reply = shapes.refusal(JobQueryFailed(), project.settings)
            project.record(now, told, reply, fired, crash, link)
    if crash is not None:
        log.error("gesmock crashed over %s %s\n%s", request.method, request.path, crash)
    return Reply(reply.status, reply.payload, {**headers, **reply.headers}, delivery=reply.delivery)


def fault_of(project: Project, request: Request, *, owned: bool) -> Fired | None:
    """The fault that the request meets: the one it prefers itself, else the first that is armed."""
    if request.operation is None:
        return None
    prefer = request.headers.get("prefer")
    preferred = _PREFERRED_CODE.search(prefer) if prefer else None
    if preferred is None:
        return (
            project.faults.take(RequestCall(project, request)) if owned and project.faults else None
        )
    code = preferred[1]
    if re.fullmatch(r"[45][0-9][0-9]", code):
        return project.faults.prefer(int(code))
    if code != "200":
        raise UnknownPreference(code=code)
    return None


def _permitted(
    project: Project, request: Request, known_tokens: list[Token], *, owned: bool
) -> Callable[[Project, Request], Reply]:
    """The operation to carry out, once URL, project and token are found to be good."""
    if request.operation is None:
        raise WrongMethod if request.allowed else UnknownUrl
    project_id = request.args["project_id"]
    if not (owned or is_project_id(project_id)):
        raise ParameterError
    if project.tokens:
        age_s = project.time.age() / NANOSECONDS
        tokens.check(known_tokens, request.headers.get("x-auth-token"), project_id, age_s)
    if not owned:
        raise UNKNOWN_GRAPH[request.operation](project.settings, request)
    return OPERATIONS[request.operation]


def _allowed(request: Request) -> dict[str, str]:
    return {"Allow": ", ".join(request.allowed)} if request.allowed else {}
