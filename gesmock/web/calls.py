"""Calls of the control API, as the functions that carry them out see them."""

import re
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import flask

from gesmock.fake.fake import Fake
from gesmock.fake.project import Project
from gesmock.model import validation
from gesmock.model.names import ProjectId

T = TypeVar("T")

_NUMBER: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?", re.ASCII)
"""A number as JSON and Python write it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the control API."""

    fake: Fake
    project_id: str | None

    def project(self) -> Project:
        """The project that is meant; NotFound where there is none."""
        return self.fake.default if self.project_id is None else self.fake.project(self.project_id)

    def opened_project(self) -> Project:
        """The project that is meant; where there is none, a new one (see ``Fake.open``)."""
        if self.project_id is None:
            return self.fake.default
        return self.fake.open(self.named_project())

    def named_project(self) -> str:
        """The project that is meant, whether it is set up or not. Raises InvalidInput."""
        if self.project_id is None:
            return self.fake.default.project_id
        return validation.read(self.project_id, ProjectId, "project_id")

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

    def numbers(self, *names: str) -> dict[str, Any]:
        """The request's query, with numbers where these *names* are spelled as one."""
        given = self.given()
        for name in names:
            if _NUMBER.fullmatch(given.get(name, "")):
                number = float(given[name])
                given[name] = int(number) if given[name].isdecimal() else number
        return given

    def query(self, type_: type[T]) -> T:
        """The request's query as a *type_*."""
        return validation.read(self.given(), type_, "query")


Outcome = tuple[int, Any]
