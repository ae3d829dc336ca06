"""Request and Reply: the values that travel between the edge (``web/``) and the core."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Operation = Literal["list_jobs"]
"""The operations that gesmock serves, by name; ``web/service.py`` has a route for each."""


NO_ENTRY: Final = "0" * 32
"""The ``X-Request-Id`` of an answer that no journal entry stands behind."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request below the service's paths, as the core sees it.

    *operation* is None where no route matches; *allowed* then lists the methods that the path does
    have, if any. *query* holds the first value of each parameter. Header names are lower case.
    *epoch* is the fake's epoch when the request arrived: a world that was reset since must not
    see it.
    """

    operation: Operation | None
    method: str
    path: str
    epoch: int
    args: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back; the edge encodes *payload* as JSON, outside the world's lock."""

    status: int
    payload: Any
    headers: Mapping[str, str] = field(default_factory=dict)
