"""The control API below ``/_gesmock/``: what a test in another process may do.

JSON in, JSON out. The bodies are the structs of the fixture format; an error names the field.
"""

from collections.abc import Callable, Iterable
from typing import Final

import flask
from werkzeug import exceptions
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from gesmock.fake.fake import Fake
from gesmock.model import replies as shapes
from gesmock.model.errors import (
    Conflict,
    ExpectationFailed,
    GesmockError,
    InputError,
    InvalidInput,
    NotFound,
    TimedOut,
)
from gesmock.web import paths
from gesmock.web.calls import Call, Outcome
from gesmock.web.control_views import OF_JOBS, ROUTES
from gesmock.web.guard import Guard

_STATUS_OF: Final[tuple[tuple[type[GesmockError], int], ...]] = (
    (InvalidInput, 400),
    (NotFound, 404),
    (Conflict, 409),
    (TimedOut, 409),
    (ExpectationFailed, 409),
)


def blueprint(fake: Fake) -> flask.Blueprint:
    """The control API of *fake*, for the default project and below ``projects/<project_id>/``."""
    control = flask.Blueprint("control", __name__, url_prefix=paths.CONTROL)
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
        flask.request.max_content_length = paths.LARGEST_CONTROL_BODY
        try:
            if view in OF_JOBS:
                fake.check_jobs()
            status, value = view(Call(fake, project_id), **args)
        except GesmockError as error:
            return refused(error)
        return respond(status, value)

    return answered


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
    errors: Iterable[InputError] = getattr(error, "errors", ())
    listed = [{"path": one.path, "message": one.message} for one in errors]
    return respond(status, {"error": str(error), **({"errors": listed} if listed else {})})


def failed(error: HTTPException) -> flask.Response:
    """The answer where Flask refuses: 404, 405, 413, 415."""
    request, told = flask.request, error.description or error.name
    if isinstance(error, exceptions.NotFound | MethodNotAllowed):
        told = f"no call is {request.method} {request.path}; {paths.CONTROL}/openapi.json has them"
    response = respond(error.code or 500, {"error": told})
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return response


def respond(status: int, value: object) -> flask.Response:
    """*value* as JSON."""
    return flask.Response(shapes.encode(value), status, content_type="application/json")
