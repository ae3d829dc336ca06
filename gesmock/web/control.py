"""The control API below ``/_gesmock/``: what a test in another process may do.

JSON in, JSON out. The bodies are the structs of the fixture format; an error names the field.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed

import gesmock
from gesmock import fixtures, shapes, validation
from gesmock.errors import Conflict, Flaw, GesmockError, InvalidInput, Unknown
from gesmock.fake import Fake
from gesmock.faults import Injection
from gesmock.generators import Generator
from gesmock.jobs import Move
from gesmock.names import ProjectId
from gesmock.settings import Settings
from gesmock.web.control_bodies import EntryFilter, InGraph, JobFilter, Nothing, PlacedJob
from gesmock.web.guard import Guard
from gesmock.world import World

T = TypeVar("T")

PREFIX: Final = "/_gesmock"
LARGEST_BODY: Final = 256 * 2**20  # a state of 100,000 jobs is some 57 MB

_STATUS_OF: Final[tuple[tuple[type[GesmockError], int], ...]] = (
    (InvalidInput, 400),
    (Unknown, 404),
    (Conflict, 409),
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the control API."""

    fake: Fake
    project_id: str | None

    def world(self) -> World:
        """The world that is meant; Unknown where there is none."""
        return self.fake.default if self.project_id is None else self.fake.world(self.project_id)

    def opened_world(self) -> World:
        """The world that is meant; where there is none, a new one (see ``Fake.open``)."""
        if self.project_id is None:
            return self.fake.default
        return self.fake.open(validation.read(self.project_id, ProjectId, "project_id"))

    def body(self, type_: type[T]) -> T:
        """The request's body as a *type_*."""
        return validation.decode(self.text(), type_)

    def text(self) -> bytes:
        """The request's body, which has to be JSON."""
        if not flask.request.is_json:
            flask.abort(415, "Content-Type: application/json is wanted")
        return flask.request.get_data(cache=False)

    def given(self) -> dict[str, Any]:
        """The request's query as it was given; the first of a repeated parameter."""
        return flask.request.args.to_dict()

    def query(self, type_: type[T]) -> T:
        """The request's query as a *type_*."""
        return validation.read(self.given(), type_, "query")


Outcome = tuple[int, Any]


def health(call: Call) -> Outcome:
    world = call.world()
    return 200, {
        "ready": True,
        "version": gesmock.__version__,
        "epoch": world.epoch,
        "project_id": world.project_id,
    }


def reset(call: Call) -> Outcome:
    return 200, call.opened_world().reset()


def get_state(call: Call) -> Outcome:
    return 200, call.world().state()


def put_state(call: Call) -> Outcome:
    text = call.text()
    try:
        state = call.world().parse(text)
    except Unknown:  # the project: it is opened only once the state is found to be good
        state = fixtures.parse(text, call.project_id)
    call.opened_world().load(state)
    return 200, {"loaded": fixtures.describe(state)}


def get_jobs(call: Call) -> Outcome:
    wanted = call.query(JobFilter)
    jobs = call.world().jobs(wanted.graph, wanted.status)
    return 200, {"jobs": [PlacedJob(job, graph) for graph, job in jobs], "total": len(jobs)}


def post_job(call: Call) -> Outcome:
    placed = call.body(PlacedJob)
    graph = call.opened_world().add_job(placed.job, placed.graph)
    return 201, PlacedJob(placed.job, graph)


def patch_job(call: Call, job_id: str) -> Outcome:
    where, move = call.query(InGraph), call.body(Move)
    graph, job = call.world().move_job(job_id, move.status, where.graph)
    return 200, PlacedJob(job, graph)


def delete_job(call: Call, job_id: str) -> Outcome:
    graph, job = call.world().remove_job(job_id, call.query(InGraph).graph)
    return 200, PlacedJob(job, graph)


def generate(call: Call) -> Outcome:
    order = call.body(Generator)
    graph, total = call.opened_world().generate(order)
    return 200, {"graph": graph, "generated": order.count, "total": total}


def get_faults(call: Call) -> Outcome:
    return 200, {"faults": [armed.as_json() for armed in call.world().faults.armed()]}


def post_fault(call: Call) -> Outcome:
    injection = call.body(Injection)
    return 201, call.opened_world().faults.arm(injection).as_json()


def delete_faults(call: Call) -> Outcome:
    call.query(Nothing)
    return 200, {"disarmed": call.world().faults.disarm_all()}


def get_fault(call: Call, fault_id: str) -> Outcome:
    return 200, call.world().faults.find(fault_id).as_json()


def delete_fault(call: Call, fault_id: str) -> Outcome:
    return 200, call.world().faults.disarm(fault_id).as_json()


def get_journal(call: Call) -> Outcome:
    given = call.given()
    for name in ("status", "wait_s"):
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", given.get(name, "")):
            given[name] = float(given[name]) if "." in given[name] else int(given[name])
    wanted = validation.read(given, EntryFilter, "query")
    journal = call.world().journal
    entries = journal.wait(wanted.wait_s, wanted.operation, wanted.status)
    return 200, {"entries": entries, "total": len(entries), "dropped": journal.dropped}


def delete_journal(call: Call) -> Outcome:
    call.query(Nothing)
    return 200, {"cleared": call.world().journal.clear()}


def get_settings(call: Call) -> Outcome:
    return 200, call.world().settings


def patch_settings(call: Call) -> Outcome:
    changes = call.body(dict[str, Any])
    Settings().changed(changes)  # before a world is opened for them
    return 200, call.opened_world().configure(changes)


ROUTES: Final[tuple[tuple[str, str, Callable[..., Outcome]], ...]] = (
    ("GET", "health", health),
    ("POST", "reset", reset),
    ("GET", "state", get_state),
    ("PUT", "state", put_state),
    ("GET", "jobs", get_jobs),
    ("POST", "jobs", post_job),
    ("PATCH", "jobs/<path:job_id>", patch_job),
    ("DELETE", "jobs/<path:job_id>", delete_job),
    ("POST", "generate", generate),
    ("GET", "faults", get_faults),
    ("POST", "faults", post_fault),
    ("DELETE", "faults", delete_faults),
    ("GET", "faults/<fault_id>", get_fault),
    ("DELETE", "faults/<fault_id>", delete_fault),
    ("GET", "journal", get_journal),
    ("DELETE", "journal", delete_journal),
    ("GET", "settings", get_settings),
    ("PATCH", "settings", patch_settings),
)


def blueprint(fake: Fake) -> flask.Blueprint:
    """The control API of *fake*, for the default project and below ``projects/<project_id>/``."""
    control = flask.Blueprint("control", __name__, url_prefix=PREFIX)
    for method, rule, view in ROUTES:
        for prefix in ("/", "/projects/<project_id>/"):
            control.add_url_rule(
                prefix + rule,
                f"{view.__name__}{prefix.count('/')}",
                _view(fake, view),
                methods=[method],
            )
    return control


def _view(fake: Fake, view: Callable[..., Outcome]) -> Callable[..., flask.Response]:
    def answered(project_id: str | None = None, **args: str) -> flask.Response:
        flask.request.max_content_length = LARGEST_BODY
        try:
            status, value = view(Call(fake, project_id), **args)
        except GesmockError as error:
            return refused(error)
        return respond(status, value)

    return answered


def is_below(path: str) -> bool:
    """Whether *path* belongs to the control API."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def guarded(guard: Guard) -> flask.Response | None:
    """The refusal of a request that *guard* does not let pass."""
    refusal = guard.refusal(flask.request)
    if refusal is None:
        return None
    status, reason = refusal
    response = respond(status, {"error": reason})
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def refused(error: GesmockError) -> flask.Response:
    """The answer to input that the core refuses."""
    status = next(status for kind, status in _STATUS_OF if isinstance(error, kind))
    flaws: Iterable[Flaw] = getattr(error, "flaws", ())
    listed = [{"path": one.path, "message": one.message} for one in flaws]
    return respond(status, {"error": str(error), **({"flaws": listed} if listed else {})})


def failed(error: HTTPException) -> flask.Response:
    """The answer where Flask refuses: 404, 405, 413, 415."""
    response = respond(error.code or 500, {"error": error.description or error.name})
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return response


def respond(status: int, value: object) -> flask.Response:
    """*value* as JSON."""
    return flask.Response(shapes.encode(value), status, content_type="application/json")
