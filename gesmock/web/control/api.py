"""How a control call is declared, and how a request becomes a call, an answer, or a refusal.

The calls themselves are in the modules beside this one.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cache
from typing import Any, Final

import flask
import msgspec
from msgspec import Struct, inspect
from werkzeug import exceptions
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from gesmock.fake.fake import Fake
from gesmock.fake.project import Project
from gesmock.model import replies, validation
from gesmock.model.errors import (
    Conflict,
    ExpectationFailed,
    GesmockError,
    InputError,
    InvalidInput,
    NotFound,
    TimedOut,
)
from gesmock.model.types import GraphName, ProjectId
from gesmock.web.guard import CONTROL, LARGEST_CONTROL_BODY, Guard

_STATUS_OF: Final[tuple[tuple[type[GesmockError], int], ...]] = (
    (InvalidInput, 400),
    (NotFound, 404),
    (Conflict, 409),
    (TimedOut, 409),
    (ExpectationFailed, 409),
)

PATH_TYPES: Final[Mapping[str, Any]] = {"project_id": ProjectId, "graph": GraphName}
"""Names in a path that must look a certain way. Ids may be any string."""

_NUMBER: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?", re.ASCII)
"""A number as JSON and Python write it."""


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Refuses every query parameter: a filter that is ignored would be dangerous here."""


class Disarmed(Struct, frozen=True, forbid_unknown_fields=True):
    """How many rules were disarmed."""

    disarmed: int


class InputErrorBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the input is wrong, what it was, and what would be right."""

    path: str
    message: str


class ErrorBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Why a call was refused; for wrong input, *errors* has every error."""

    error: str
    errors: list[InputErrorBody] = []


@dataclass(frozen=True, slots=True)
class Address:
    """The project that a call names; None: the default one."""

    fake: Fake
    project_id: str | None

    def project(self) -> Project:
        """The project. Raises NotFound."""
        return self.fake.default if self.project_id is None else self.fake.project(self.project_id)

    def open(self) -> Project:
        """The project, created if it does not exist (see ``Fake.open``). Raises InvalidInput."""
        return self.fake.default if self.project_id is None else self.fake.open(self.checked_id())

    def checked_id(self) -> str:
        """The id of the project, whether or not it exists. Raises InvalidInput."""
        if self.project_id is None:
            return self.fake.default.project_id
        return validation.read(self.project_id, ProjectId, "project_id")


@dataclass(frozen=True, slots=True)
class call:  # noqa: N801 a decorator
    """Declares that a function carries out *method* *path*, a Werkzeug rule below ``/_gesmock/``.

    The function takes the project, the names in the path, the *query* and the *body*. The project
    must exist, or is created (*opens*) once the input has been read; a function that checks more
    before that takes an ``Address`` instead. With *partial*, all fields of the body are optional,
    and come as a dict. A body that may be one of several structs comes as text.

    The document describes the answer by the struct that the function returns, or by *answer* where
    it returns a dict. *needs_jobs*: refused by a fake that has no jobs of its own. *may_miss*: may
    answer 404, as calls with an id in their path always may.
    """

    method: str
    path: str
    _: KW_ONLY
    summary: str
    body: type[Struct] | tuple[type[Struct], ...] = ()
    query: type[Struct] | None = None
    answer: type[Struct] | None = None
    status: int = 200
    opens: bool = False
    partial: bool = False
    needs_jobs: bool = False
    may_miss: bool = False
    function: Callable[..., object] = field(default=lambda: None, repr=False)

    def __call__(self, function: Callable[..., object]) -> "call":
        """The declaration of *function*."""
        returned = function.__annotations__["return"]
        answer = self.answer or (returned if isinstance(returned, type) else None)
        return replace(self, function=function, answer=answer)

    @property
    def bodies(self) -> tuple[type[Struct], ...]:
        """The structs that the body may be."""
        return self.body if isinstance(self.body, tuple) else (self.body,)

    def perform(self, address: Address, names: Mapping[str, str]) -> object:
        """Carry out the request that is being served, with these *names* in its path."""
        if self.needs_jobs:
            address.fake.check_jobs()
        inputs: list[object] = [
            validation.read(name, PATH_TYPES[key], key) if key in PATH_TYPES else name
            for key, name in names.items()
        ]
        if self.query is not None:
            inputs.append(_read_query(self.query))
        if self.body:
            inputs.append(self._read_body())
        if Address in self.function.__annotations__.values():
            return self.function(address, *inputs)
        return self.function(address.open() if self.opens else address.project(), *inputs)

    def _read_body(self) -> object:
        if not flask.request.is_json:
            flask.abort(415, "Content-Type must be application/json")
        text = flask.request.get_data(cache=False)
        if isinstance(self.body, tuple):
            return text
        return validation.decode(text, dict[str, Any] if self.partial else self.body)


def _read_query(type_: type[Struct]) -> Struct:
    """The query of the request as a *type_*; of a repeated parameter, the first counts.

    A list is separated by commas; an item of a dict is a parameter of its own: ``query.limit=10``.
    """
    kinds = _field_kinds(type_)
    values: dict[str, object] = {}
    nested: dict[str, dict[str, str]] = {}
    for name, text in flask.request.args.to_dict().items():
        prefix, dot, key = name.partition(".")
        kind = kinds.get(name)
        if dot and kinds.get(prefix) is inspect.DictType:
            nested.setdefault(prefix, {})[key] = text
        elif kind is inspect.ListType:
            values[name] = [item for item in text.split(",") if item]
        elif kind in (inspect.IntType, inspect.FloatType) and _NUMBER.fullmatch(text):
            values[name] = int(text) if text.isdecimal() else float(text)
        else:
            values[name] = text
    return validation.read({**values, **nested}, type_, "query")


@cache
def _field_kinds(type_: type[Struct]) -> dict[str, type[inspect.Type]]:
    fields = msgspec.structs.fields(type_)
    return {each.encode_name: type(_present(inspect.type_info(each.type))) for each in fields}


def _present(node: inspect.Type) -> inspect.Type:
    """*node* without its annotations, and without null."""
    if isinstance(node, inspect.Metadata):
        return _present(node.type)
    if isinstance(node, inspect.UnionType):
        return _present(next(t for t in node.types if not isinstance(t, inspect.NoneType)))
    return node


def blueprint(fake: Fake, calls: Iterable[call]) -> flask.Blueprint:
    """The *calls*, for the default project of *fake* and below ``projects/<project_id>/``."""
    control = flask.Blueprint("control", __name__, url_prefix=CONTROL)
    for number, each in enumerate(calls):
        for prefix in ("/", "/projects/<project_id>/"):
            endpoint = f"{number}{prefix.count('/')}"
            view = _view(fake, each)
            control.add_url_rule(prefix + each.path, endpoint, view, methods=[each.method])
    return control


def _view(fake: Fake, each: call) -> Callable[..., flask.Response]:
    def view(project_id: str | None = None, **names: str) -> flask.Response:
        flask.request.max_content_length = LARGEST_CONTROL_BODY
        try:
            answer = each.perform(Address(fake, project_id), names)
        except GesmockError as error:
            return _refused(error)
        return _respond(each.status, answer)

    return view


def guarded(guard: Guard) -> flask.Response | None:
    """The refusal of the request being served, if *guard* does not let it pass."""
    refusal = guard.refusal(flask.request)
    if refusal is None:
        return None
    status, reason = refusal
    response = _respond(status, ErrorBody(reason))
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def failed(error: HTTPException) -> flask.Response:
    """The answer to what Flask refuses: 404, 405, 413, 415."""
    request, reason = flask.request, error.description or error.name
    if isinstance(error, exceptions.NotFound | MethodNotAllowed):
        reason = f"no such call: {request.method} {request.path}; see {CONTROL}/openapi.json"
    response = _respond(error.code or 500, ErrorBody(reason))
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return response


def _refused(error: GesmockError) -> flask.Response:
    status = next(status for kind, status in _STATUS_OF if isinstance(error, kind))
    errors: Iterable[InputError] = getattr(error, "errors", ())
    bodies = [InputErrorBody(each.path, each.message) for each in errors]
    return _respond(status, ErrorBody(str(error), bodies))


def _respond(status: int, value: object) -> flask.Response:
    return flask.Response(replies.encode(value), status, content_type="application/json")
