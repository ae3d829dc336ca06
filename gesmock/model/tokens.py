"""Tokens: who may call the service once a token is configured."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Struct

from gesmock.model.errors import INVALID_ACCESS, INVALID_TOKEN, NO_PERMISSION, GesError
from gesmock.model.types import ProjectId

TokenText = Annotated[
    str,
    Meta(
        pattern=r"^[!-~\xa0-\xff]([\t -~\xa0-\xff]*[!-~\xa0-\xff])?(?![\s\S])",
        description="a token that fits into a header",
    ),
]


class Token(Struct, frozen=True, forbid_unknown_fields=True):
    """A value of ``X-Auth-Token`` that gesmock knows.

    *project_id* is the project it is scoped to (default: the project it is configured in).
    It expires *expires_in_s* seconds after the project's start or reset (default: never; the
    service's own live for 24 hours, iam_30_0001). With *permission* false it may do nothing.
    """

    token: TokenText
    project_id: ProjectId | None = None
    expires_in_s: Annotated[float, Meta(ge=0)] | None = None
    permission: bool = True


def check(tokens: Iterable[Token], text: str | None, project_id: str, age_s: float) -> None:
    """Refuse a request to *project_id* unless its token, *text*, is valid *age_s* after the start.

    Raises GesError: GES.8007, GES.8006 or GES.8020.
    """
    valid = [
        token
        for token in tokens
        if token.token == text and (token.expires_in_s is None or age_s < token.expires_in_s)
    ]
    if not valid:
        raise GesError(INVALID_TOKEN)
    scoped = [token for token in valid if token.project_id == project_id]
    if not scoped:
        raise GesError(INVALID_ACCESS)
    if not any(token.permission for token in scoped):
        raise GesError(NO_PERMISSION)
