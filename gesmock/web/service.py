"""The service's routes: which method and path means which operation."""

from collections.abc import Mapping
from typing import Any

import flask
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed
from werkzeug.routing import BaseConverter

from gesmock.fake.fake import Fake
from gesmock.fake.handle import ROUTES, handle
from gesmock.model import replies as shapes
from gesmock.model.errors import JobQueryFailed
from gesmock.model.messages import NO_ENTRY, Operation, Request
from gesmock.server.wsgi import LINK
from gesmock.web import access_log, cors, deliveries, wire

log = access_log.log


class JobIdConverter(BaseConverter):
    """A job's id in a path. It is never ``status``: ``jobs/status`` is the list."""

    regex = r"(?!status$)[^/]+"


def blueprint(fake: Fake) -> flask.Blueprint:
    """The service's operations, answered by *fake*."""
    service = flask.Blueprint("service", __name__)
    service.record(lambda state: state.app.url_map.converters.update(job_id=JobIdConverter))
    actions: dict[tuple[str, str], dict[str | None, Operation]] = {}
    for route in ROUTES:
        actions.setdefault((route.method, route.path), {})[route.action_id] = route.operation
    for number, ((method, path), operations) in enumerate(actions.items()):
        rule = path.replace("{job_id}", "<job_id:job_id>").replace("{", "<").replace("}", ">")
        service.add_url_rule(rule, f"{number}", _view(fake, operations), methods=[method])
    return service


def _view(fake: Fake, operations: Mapping[str | None, Operation]) -> Any:
    """Answers the *operations* of a method and path, which are told apart by ``action_id``."""

    def view(**args: str) -> flask.Response:
        operation = operations.get(flask.request.args.get("action_id"), operations.get(None))
        if operation is None:
            return _answer(fake, wire.request_from(fake, flask.request, None))
        return _answer(fake, wire.request_from(fake, flask.request, operation, args))

    return view


def refused(fake: Fake, error: HTTPException) -> flask.Response:
    """The answer where Flask refuses: no route matches (404, 405), or a bug is outside the core."""
    if isinstance(error, InternalServerError):
        log.error("gesmock crashed over %s %s", flask.request.method, flask.request.path)
        settings = fake.default.settings
        headers = {"X-Request-Id": NO_ENTRY, "X-Gesmock-Crash": "0"}
        return wire.response_to(shapes.refusal(JobQueryFailed(), settings, headers))
    allowed: tuple[str, ...] = ()
    if isinstance(error, MethodNotAllowed):
        allowed = tuple(sorted(error.valid_methods or ()))
    return _answer(fake, wire.request_from(fake, flask.request, None, None, allowed))


def preflight() -> flask.Response:
    """The answer to any OPTIONS of the service."""
    asked = [
        flask.request.headers.get(f"Access-Control-Request-{what}")
        for what in ("Method", "Headers")
    ]
    headers = {"X-Request-Id": NO_ENTRY, **cors.preflight(*asked)}
    response = flask.Response(status=204, headers=headers)
    del response.headers["Content-Type"]
    return response


def _answer(fake: Fake, request: Request) -> flask.Response:
    reply = handle(fake, request, flask.request.environ.get(LINK))
    access_log.tell(request, reply)
    return deliveries.response_to(fake, request, reply)
