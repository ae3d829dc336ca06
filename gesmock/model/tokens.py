"""Tokens: who may call the service once a token is configured."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Struct

from gesmock.model.errors import GesError, InvalidAccess, InvalidToken, NoPermission
from gesmock.model.types import ProjectId

TokenText = Annotated[str, Meta(min_length=1)]


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

    Raises InvalidToken (GES.8007), InvalidAccess (GES.8006) or NoPermission (GES.8020).
    """
    refusals = [_refusal(token, project_id, age_s) for token in tokens if token.token == text] or [
        InvalidToken
    ]
    if None not in refusals:
        raise next(refusal for refusal in _WORST_LAST if refusal in refusals)


_WORST_LAST = (NoPermission, InvalidAccess, InvalidToken)


def _refusal(token: Token, project_id: str, age_s: float) -> type[GesError] | None:
    if token.expires_in_s is not None and age_s >= token.expires_in_s:
        return InvalidToken
    if token.project_id != project_id:
        return InvalidAccess
    return None if token.permission else NoPermission
