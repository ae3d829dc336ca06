"""Handling a request: one step that matches faults, performs the operation and journals it."""

import logging
import re
import traceback
from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from gesmock.fake import jobs, refusals, routes
from gesmock.fake.fake import Fake
from gesmock.fake.graphs import edition_of
from gesmock.fake.project import Project
from gesmock.fake.submissions import submit
from gesmock.faults import NO_STATUS, UNREADABLE, Error, ListFault, MatchedFault
from gesmock.journal import entries
from gesmock.journal.entries import Exchange, Record
from gesmock.model import documentation, errors, listed_requests, replies, tokens
from gesmock.model.clock import NANOSECONDS, http_date
from gesmock.model.errors import GesError
from gesmock.model.messages import ConnectionInfo, Encoded, Operation, Reply, Request
from gesmock.model.secrets import Secrets
from gesmock.model.timeline import NEVER
from gesmock.model.types import is_project_id

OPERATIONS: Final[Mapping[Operation, Callable[[Project, Request], Reply]]] = {
    "list_jobs": jobs.list_jobs,
    "show_job": jobs.show_job,
    "delete_job": jobs.delete_job,
    "hyg_delete_job": jobs.hyg_delete_job,
    "hyg_delete_jobs": jobs.hyg_delete_jobs,
    **{row.command: submit for row in documentation.calls()},
}

log = logging.getLogger("gesmock.fake")

_READING: Final = ("list_jobs", "show_job")
"""The operations that change nothing; calls for a summary or a schema may submit a job."""
_ABOUT_A_JOB: Final = ("show_job", "delete_job", "hyg_delete_job")
_PREFERRED_CODE: Final = re.compile(r"(?:^|[,;])\s*code\s*=\s*\"?([^\s,;\"]*)\"?", re.IGNORECASE)


def handle(fake: Fake, request: Request, connection: ConnectionInfo | None = None) -> Reply:
    """Answer *request*, which came over *connection*, in one step under the project's lock.

    A request that belongs to no project is journaled in the default one.
    """
    project_id = request.args.get("project_id", "")
    owner = fake.projects.get(project_id) or fake.open_if_allowed(project_id)
    project = owner or fake.projects.get(routes.project_in(request.path)) or fake.default
    journaled = request
    if request.body or "content-length" in request.headers:  # most have none, and each call costs
        request = listed_requests.cleaned(request)
        journaled = entries.with_short_body(request)
    if request.long:
        journaled = entries.with_short_head(journaled)
    if request.allowed:
        request = replace(request, allowed=_allowed(fake, request))
    fault: MatchedFault | None = None
    reply: Reply | None = None
    crash: str | None = None
    with project.lock:
        if request.epoch < project.epoch:
            return _overtaken(project)
        if owner is not None and project.time.ticks and request.method != "OPTIONS":
            project.tick()
        if not _is_documented(owner, project, request):
            request = replace(request, operation=None)
            journaled = replace(journaled, operation=None)
        with project.time as now:  # the request happens at one moment
            try:
                fault = _fault(project, request, owned=owner is not None)
                if fault is None or fault.phase == "after":
                    reply = _perform(fake, project, request, fault, owned=owner is not None)
            except GesError as error:
                allow = {"Allow": ", ".join(request.allowed)} if request.allowed else None
                reply = replies.refusal(error, project.settings, allow)
            except Exception:  # noqa: BLE001 whatever it is, it is reported
                crash = traceback.format_exc()
                number = {"X-Gesmock-Crash": str(project.journal.count + 1)}
                reply = replies.refusal(GesError(errors.JOB_QUERY_FAILED), project.settings, number)
            reply = _finish(project, now, request, journaled, reply, fault, crash, connection)
    if crash is not None:
        cause = Secrets().redact(f"{request.method} {request.path}\n{crash}")
        log.error("gesmock crashed on %s", cause)
    return reply


def forward(
    fake: Fake,
    request: Request,
    journaled: Request,
    ask: Callable[[], Reply],
    connection: ConnectionInfo | None = None,
) -> Reply:
    """``handle`` for a proxy: *ask* gets the real answer from the server behind it, without a lock.

    *journaled* is the request as the journal may keep it. Raises what *ask* does.
    """
    project = fake.default
    fault, reply = None, None
    with project.lock:
        if request.epoch < project.epoch:
            return _overtaken(project)
        try:
            fault = _fault(project, request, owned=True)
        except GesError as error:
            reply = replies.refusal(error, project.settings)
    if reply is None and (fault is None or fault.phase == "after"):
        reply = ask()
    with project.lock, project.time as now:
        if request.epoch < project.epoch:
            return _overtaken(project)
        reply = _finish(project, now, request, journaled, reply, fault, None, connection)
    return replace(reply, hint=None)  # the server behind it may serve more


def _is_documented(owner: Project | None, project: Project, request: Request) -> bool:
    """Whether the edition of the graph documents the call; other calls are unknown."""
    if request.operation in (None, "list_jobs", "show_job"):  # most are; both editions have them
        return True
    settings = project.graphs.settings
    graph = None if owner is None else owner.graphs.get(request.args["graph_name"])
    return refusals.documents(request, settings, edition_of(graph, settings))


def _allowed(fake: Fake, request: Request) -> tuple[str, ...]:
    """Those methods in ``request.allowed`` that the edition of the graph documents."""
    allowed = []
    for method in request.allowed:
        operation, args, _ = routes.match(method, request.path, request.query)
        owner = fake.projects.get(args.get("project_id", ""))
        project = owner or fake.default
        with project.lock:
            call = replace(request, operation=operation, args=args)
            if _is_documented(owner, project, call):
                allowed.append(method)
    return () if allowed == ["OPTIONS"] else tuple(allowed)


def _overtaken(project: Project) -> Reply:
    return replies.unjournaled(errors.OVERTAKEN, project.settings)


def _fault(project: Project, request: Request, *, owned: bool) -> MatchedFault | None:
    """The error that the request itself asks for, else what the fault rules do to it."""
    if request.operation is None:
        return None
    prefer = request.headers.get("prefer")
    if prefer and (preferred := _PREFERRED_CODE.search(prefer)):
        code = preferred[1]
        if re.fullmatch(r"[45][0-9][0-9]", code):
            return project.faults.prefer(int(code))
        if code != "200":
            raise GesError(errors.UNKNOWN_PREFERENCE, code=errors.shortened(code))
        return None
    if not (owned and project.faults):
        return None
    graph, command = project.graphs.get(request.args["graph_name"]), request.operation
    edition = edition_of(graph, project.graphs.settings)
    if command in _ABOUT_A_JOB and graph is not None and request.args["job_id"] in graph:
        command = graph.job(request.args["job_id"]).request.command
    return project.faults.match(request, command, edition)


def _perform(
    fake: Fake, project: Project, request: Request, fault: MatchedFault | None, *, owned: bool
) -> Reply:
    """Perform the operation, if URL, project and token are right."""
    if request.method == "OPTIONS":  # as a browser does before the request itself
        return replies.NO_CONTENT
    if request.operation is None:
        if plane := entries.other_plane(request.path):
            raise GesError(errors.OTHER_PLANE, plane=plane)
        raise GesError(errors.WRONG_METHOD if request.allowed else errors.UNKNOWN_URL)
    project_id = request.args["project_id"]
    if not (owned or is_project_id(project_id)):
        raise GesError(errors.PARAMETER_ERROR)
    if project.tokens:
        age_s = project.time.age() / NANOSECONDS
        tokens.check(fake.tokens(), request.headers.get("x-auth-token"), project_id, age_s)
    if not owned:
        raise refusals.unknown_graph(request, project.settings.edition)
    if fault is not None and isinstance(fault.fault, ListFault):
        return jobs.list_jobs(project, request, fault)
    return OPERATIONS[request.operation](project, request)


def _finish(
    project: Project,
    now: float,
    request: Request,
    journaled: Request,
    reply: Reply | None,
    fault: MatchedFault | None,
    crash: str | None,
    connection: ConnectionInfo | None,
) -> Reply:
    """Apply *fault* to *reply*, and journal it; *reply* is None if nothing was performed."""
    reply = reply or Reply(NO_STATUS, {})
    if fault is not None and crash is None:
        # The journal has the job that was submitted, whatever the client gets.
        job_id = reply.job_id
        if isinstance(fault.fault, Error):
            settings = project.graphs.settings
            edition = edition_of(project.graphs.get(request.args["graph_name"]), settings)
            refusal = refusals.injected_refusal(fault.fault, request, edition)
            reply = replies.refusal(refusal, settings)
        reply = replace(fault.apply(reply), job_id=job_id)
    exchange = Exchange(
        epoch=project.epoch,
        request=journaled,
        status=reply.status,
        headers=reply.headers,
        job_id=reply.job_id,
        fired=fault,
        crash=crash,
        payload=reply.payload if reply.body is None else reply.body,
    )
    real_at = project.time.real_at if connection is None else connection.heard_at
    record = project.journal.append(exchange, reply.statuses, now, real_at, connection)
    kind, coverage = None if fault is None else fault.kind, project.verdict.coverage
    broken = kind if kind in UNREADABLE else None
    coverage.met[request.operation or "", reply.status, broken].count += 1
    if kind is not None:
        coverage.faults[kind] += 1
    if crash is not None or request.operation is None:
        reply = replace(reply, hint=project.verdict.note(record))
    ids = replies.request_ids(exchange.epoch, record.number)
    ours = {**ids, "Date": http_date(int(now))}
    return replace(reply, headers={**ours, **reply.headers})


# --- Repeated requests --------------------------------------------------------------------------


class Repeat:
    """A request that gets the same *reply* again and again, as long as nothing changes.

    Each time it is journaled and counted, as if it were handled. Only its number and time are new.
    """

    __slots__ = (
        *("_acquire", "_changes", "_fake", "_faults", "_graphs", "_journal", "_met"),
        *("_release", "_time", "_tokens", "_until", "_version", "exchange", "reply"),
    )

    def __init__(self, fake: Fake, project: Project, exchange: Exchange, reply: Reply) -> None:
        self.exchange, self.reply = exchange, reply
        self._acquire, self._release = project.lock.acquire, project.lock.release
        self._fake, self._faults, self._changes = fake, project.faults, project.faults.changes
        self._time, self._graphs, self._journal = project.time, project.graphs, project.journal
        operation = exchange.request.operation or ""
        self._met = project.verdict.coverage.met[operation, reply.status, None]
        graph = project.graphs.get(exchange.request.args["graph_name"])
        self._until = NEVER if graph is None else graph.next_change()
        self._version = project.graphs.version
        self._tokens = fake.tokens() if project.tokens else None

    @classmethod
    def of(cls, fake: Fake, request: Request, reply: Reply) -> "Repeat | None":
        """A repeat of *request*, which just got *reply*; None if its next reply may differ.

        Hold the project's lock. The next reply may differ if the request changes something or moves
        the clock, if a fault rule may match it, or if a token can expire. A reply that is made or
        delivered later is not repeated either.
        """
        project = fake.projects.get(request.args.get("project_id", ""))
        if project is None or request.operation not in _READING:
            return None
        if callable(reply.payload) or reply.delivery is not None:
            return None
        if reply.body is not None and not isinstance(reply.payload, Encoded):
            return None  # the journal keeps the body of each one
        if project.time.ticks or project.faults.concern(request.operation):
            return None
        if project.tokens and any(token.expires_in_s is not None for token in fake.tokens()):
            return None
        records = project.journal.snapshot(project.journal.count - 1).records
        for record in records:  # one, unless it was dropped
            exchange = record.exchange
            ids = replies.request_ids(exchange.epoch, record.number)
            is_recorded = ids.items() <= reply.headers.items()  # not if a reset has overtaken it
            if is_recorded and exchange.fired is None and exchange.crash is None:
                return cls(fake, project, exchange, reply)
        return None

    def __call__(self, epoch: int, connection: ConnectionInfo) -> Record | None:
        """The record of the next answer; None if something may have changed."""
        if not self._acquire(blocking=False):
            return None
        try:
            exchange, reply, age = self.exchange, self.reply, self._time.age()
            if self._graphs.version != self._version or age >= self._until:
                return None
            if epoch < exchange.epoch:
                return None
            if self._faults.changes != self._changes:
                if self._faults.concern(exchange.request.operation):
                    return None
                self._changes = self._faults.changes
            if self._tokens is not None and self._tokens != self._fake.tokens():
                return None
            if reply.body is not None and not reply.body.length:  # the journal has dropped it
                return None
            self._met.count += 1
            at, heard_at = self._time.at(age), connection.heard_at
            return self._journal.append(exchange, reply.statuses, at, heard_at, connection)
        finally:
            self._release()
