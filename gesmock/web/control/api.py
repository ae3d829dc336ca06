"""How a control call is declared, and how a request becomes a call, an answer, or a refusal.

The calls themselves are in the modules beside this one.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cache
from operator import itemgetter
from typing import Annotated, Any, Final, TypeVar

import flask
import msgspec
from msgspec import Meta, Struct, inspect
from werkzeug import exceptions
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, MapAdapter, PathConverter, Rule

from gesmock.fake.fake import Fake
from gesmock.fake.project import Project
from gesmock.model import validation
from gesmock.model.errors import GesmockError, InputError, InvalidInput, NotFound, shortened
from gesmock.model.rules import Rules
from gesmock.model.types import GraphName, ProjectId
from gesmock.web.guard import CONTROL, PREFLIGHT, Guard

Item = TypeVar("Item")

PATH_TYPES: Final[Mapping[str, Any]] = {"project_id": ProjectId, "graph": GraphName}
"""The names in a path that have a form of their own. Ids may be any string."""

LONGEST_CHECKED: Final = 2**20
"""In a body of more bytes, repeated keys are not looked for: that takes time."""

_NUMBER: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?", re.ASCII)
"""A number as JSON and Python write it."""


LARGEST_PAGE: Final = 1_000
"""The most items of a list in an answer."""

LONGEST_WAIT_S: Final = 60

Limit = Annotated[int, Meta(ge=1, le=LARGEST_PAGE)]

Cursor = Annotated[int, Meta(ge=0, le=2**53)]
"""Where a page of a list begins: the ``next`` of the page before."""

LIMIT: Final = 100
"""How many items of a list an answer has, if the request does not say."""

_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
"""The version is that of Prometheus's text format: nothing else is answered as text."""


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The query of a call that takes none: ignoring a parameter would be dangerous here."""


class PageQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """At most *limit* items of the list, those from *cursor* on: the *next* of the page before."""

    limit: Limit = LIMIT
    cursor: Cursor | None = None


class Disarmed(Struct, frozen=True, forbid_unknown_fields=True):
    """How many rules were disarmed."""

    disarmed: int


class InputErrorBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the input is wrong, what it was, and what would be right."""

    path: str
    message: str


class ErrorBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Why a call was refused; for wrong input, the first *errors*, and how many *more* it has."""

    error: str
    errors: list[InputErrorBody] = []
    more: int = 0


@dataclass(frozen=True, slots=True)
class Address:
    """The project that a call names; the default one for None."""

    fake: Fake
    project_id: str | None

    def project(self) -> Project:
        """Raises NotFound."""
        return self.fake.default if self.project_id is None else self.fake.project(self.project_id)

    def open(self) -> Project:
        """The project, created if it does not exist (see ``Fake.open``). Raises InvalidInput."""
        project_id = self.checked_id()
        return self.fake.default if project_id is None else self.fake.open(project_id)

    def checked_id(self) -> str | None:
        """The id that the call names, whether or not there is such a project.

        Raises InvalidInput.
        """
        name = self.project_id
        return None if name is None else validation.read(name, ProjectId, "project_id")


@dataclass(frozen=True, slots=True)
class call:  # noqa: N801 a decorator
    """Declares that a function carries out *method* *path*, a Werkzeug rule below ``/_gesmock/``.

    The annotations of the function say the rest. It takes the project, the names in the path, and a
    ``query`` and a ``body`` if it has them. The project must exist, or is created (*opens*) once
    the input has been read; a function that checks more before that takes an ``Address`` instead.
    The structs of a body and of an answer may stand behind another type: ``Annotated[dict[str,
    Any], Settings]`` is a body whose fields are all optional, or an answer that comes as a dict;
    ``Annotated[bytes, State, ListAnswer]`` is the text of either.

    *needs_jobs*: refused by a fake that has no jobs of its own. *may_miss*: may answer 404, as
    calls with an id in their path always may. *of_fake*: is about all projects, and not repeated
    below each.
    """

    method: str
    path: str
    _: KW_ONLY
    summary: str
    status: int = 200
    opens: bool = False
    needs_jobs: bool = False
    may_miss: bool = False
    of_fake: bool = False
    function: Callable[..., object] = field(default=lambda: None, repr=False)

    def __call__(self, function: Callable[..., object]) -> "call":
        return replace(self, function=function)

    @property
    def query(self) -> type[Struct]:
        query: type[Struct] = self.function.__annotations__.get("query", NoQuery)
        return query

    @property
    def rules(self) -> list[str]:
        """The Werkzeug rules of its paths."""
        return [self.path] if self.of_fake else [self.path, f"projects/<project_id>/{self.path}"]

    @property
    def is_text(self) -> bool:
        """Whether the answer is a text instead of JSON."""
        return self.function.__annotations__["return"] is str

    @property
    def is_stream(self) -> bool:
        """Whether the answer is a stream of events."""
        return self.function.__annotations__["return"] is flask.Response

    @property
    def bodies(self) -> tuple[type[Struct], ...]:
        """The structs that the body may be."""
        return _structs(self.function.__annotations__.get("body"))

    @property
    def answer(self) -> type[Struct] | None:
        return next(iter(_structs(self.function.__annotations__["return"])), None)

    def perform(self, address: Address, names: Mapping[str, str]) -> object:
        """Carry out the request that is being served, with these *names* in its path."""
        if self.needs_jobs:
            address.fake.check_jobs()
        types = self.function.__annotations__
        path = [
            validation.read(name, PATH_TYPES[key], key) if key in PATH_TYPES else name
            for key, name in names.items()
        ]
        inputs: dict[str, object] = {}
        query = _read_query(self.query)
        if "query" in types:
            inputs["query"] = query
        if "body" in types:
            inputs["body"] = _read_body(types["body"])
        elif flask.request.get_data(cache=False).strip() not in (b"", b"{}"):
            raise InvalidInput.at("", "the call takes no body")
        if "address" in types:
            return self.function(address, *path, **inputs)
        return self.function(address.open() if self.opens else address.project(), *path, **inputs)


def page_of(
    items: Sequence[Item], limit: int, cursor: int | None, key: Callable[[Item], int]
) -> tuple[Sequence[Item], int | None]:
    """At most *limit* of *items* behind *cursor*, and the cursor of the next page, if there is one.

    The *key* of an item, which grows along the list, is the cursor of those behind it.
    """
    begin = 0 if cursor is None else bisect_right(items, cursor, key=key)
    page = items[begin : begin + limit]
    return page, key(page[-1]) if begin + limit < len(items) else None


def numbered_page(items: Iterable[Item], query: PageQuery) -> tuple[list[Item], int, int | None]:
    """The page of *items* that *query* asks for, how many items there are, and the next cursor.

    The cursor is an item's place in the list.
    """
    numbered = [*enumerate(items)]
    page, following = page_of(numbered, query.limit, query.cursor, itemgetter(0))
    return [item for _, item in page], len(numbered), following


def rule_page(name: str, rules: Rules[Any], query: PageQuery) -> dict[str, Any]:
    """The page of *rules* that *query* asks for, under *name*; the cursor is a rule's number."""
    armed = rules.armed()
    page, following = page_of(armed, query.limit, query.cursor, lambda each: int(each.id[1:]))
    return {name: [each.as_json() for each in page], "total": len(armed), "next": following}


def _structs(annotation: Any) -> tuple[type[Struct], ...]:
    types = getattr(annotation, "__metadata__", (annotation,))
    return tuple(each for each in types if isinstance(each, type) and issubclass(each, Struct))


def _read_body(annotation: Any) -> object:
    if not flask.request.is_json:
        flask.abort(415, "Content-Type must be application/json")
    text = flask.request.get_data(cache=False)
    if len(text) <= LONGEST_CHECKED:
        validation.check_keys(text)
    type_ = getattr(annotation, "__origin__", annotation)  # of what is Annotated
    return text if type_ is bytes else validation.decode(text, type_)


def _read_query(type_: type[Struct]) -> Struct:
    """The query of the request as a *type_*; of a repeated parameter, the first counts."""
    if not flask.request.args:
        return type_()
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
        elif kind is inspect.DictType:
            values[name] = validation.parse(text.encode())
        elif kind in (inspect.IntType, inspect.FloatType) and _NUMBER.fullmatch(text):
            values[name] = int(text) if text.isdecimal() else float(text)
        elif kind is inspect.BoolType and text in ("true", "false"):
            values[name] = text == "true"
        else:
            values[name] = text
    return validation.read({**values, **nested}, type_, "query")


@cache
def _field_kinds(type_: type[Struct]) -> dict[str, type[inspect.Type]]:
    """The types of the fields, without annotations and null."""
    kinds = {}
    for each in msgspec.structs.fields(type_):
        node = inspect.type_info(each.type)
        while isinstance(node, inspect.Metadata | inspect.UnionType):
            types = [node.type] if isinstance(node, inspect.Metadata) else node.types
            node = next(each for each in types if not isinstance(each, inspect.NoneType))
        kinds[each.encode_name] = type(node)
    return kinds


class MatchingRule(Rule):
    """Matches paths, but builds no URLs: nobody asks for them, and compiling that takes 15 ms."""

    def _compile_builder(self, *_: bool) -> Callable[..., tuple[str, str]]:
        return lambda *_: ("", "")


class AnyPath(PathConverter):
    """A path that may have line breaks: the id of a job may be any string."""

    regex = r"(?s:[^/].*?)"
    part_isolating = False


@cache
def routes(calls: tuple[call, ...]) -> Map:
    """The paths of *calls*, compiled once for all apps: it takes longer than most tests."""
    rules = [
        MatchingRule(f"/{rule}", endpoint=each, methods=[each.method, "OPTIONS"])
        for each in calls
        for rule in each.rules
    ]
    return Map(rules, merge_slashes=False, converters={"path": AnyPath})


def answer(fake: Fake, calls: MapAdapter, path: str) -> flask.Response:
    """Answer the current request with the one of *calls* that is at *path*."""
    path = f"/{path}"
    each, matched = calls.match(path, flask.request.method)
    if flask.request.method == "OPTIONS":
        response = flask.Response()
        response.allow.update(calls.allowed_methods(path))
        return response
    names = {**matched}
    address = Address(fake, names.pop("project_id", None))
    try:
        return _respond(each.status, each.perform(address, names))
    except GesmockError as error:
        return _refusal(error)


def guard_answer(guard: Guard) -> flask.Response | None:
    """The answer to a request that *guard* does not let pass, or to a preflight."""
    flask.request.max_content_length = guard.largest_body
    refusal = guard.refusal(flask.request)
    if refusal is None:
        is_preflight = guard.origins and guard.is_preflight(flask.request)
        return flask.Response(status=204, headers=PREFLIGHT) if is_preflight else None
    status, reason = refusal
    response = _respond(status, ErrorBody(reason))
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def refuse(error: HTTPException) -> flask.Response:
    """The answer to what Flask refuses: 404, 405, 413, 415."""
    request, reason = flask.request, error.description or error.name
    if isinstance(error, exceptions.NotFound | MethodNotAllowed):
        path = shortened(request.path)
        reason = f"no such call: {request.method} {path}; see {CONTROL}/openapi.json"
    elif isinstance(error, exceptions.RequestEntityTooLarge):
        most = request.max_content_length
        reason = f"the body is longer than {most} bytes; --max-control-body allows more"
    response = _respond(error.code or 500, ErrorBody(reason))
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return response


def _refusal(error: GesmockError) -> flask.Response:
    status = 409
    if isinstance(error, InvalidInput):
        status = 400
    elif isinstance(error, NotFound):
        status = 404
    errors: Iterable[InputError] = getattr(error, "errors", ())
    bodies = [InputErrorBody(each.path, each.message) for each in errors]
    return _respond(status, ErrorBody(str(error), bodies, getattr(error, "more", 0)))


def _respond(status: int, value: object) -> flask.Response:
    if isinstance(value, flask.Response):
        return value
    if isinstance(value, str):
        return flask.Response(value, status, content_type=_TEXT)
    return flask.Response(msgspec.json.encode(value), status, content_type="application/json")
