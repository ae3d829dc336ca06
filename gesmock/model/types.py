"""The words of the domain: names of projects and graphs, editions, statuses and their order."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeGuard, get_args

from msgspec import Meta

from gesmock.model.errors import Conflict, shortened

PROJECT_PATTERN: Final = "[A-Za-z0-9]{1,64}"
"""1 to 64 letters and digits (ges_03_0471, 2025-11-28)."""

ProjectId = Annotated[
    str,
    Meta(
        pattern=rf"^{PROJECT_PATTERN}(?![\s\S])",
        description="a project id: 1 to 64 letters and digits",
    ),
]
# Inferred: the list's page has no rule for graph_name, and those for creating a graph differ.
_GRAPH_PATTERN = r"[^/\x00-\x1f\x7f]{1,255}"
GraphName = Annotated[
    str,
    Meta(
        pattern=rf"^{_GRAPH_PATTERN}(?![\s\S])",
        description="a graph name: 1 to 255 characters, no '/' and no control characters",
    ),
]

DEFAULT_PROJECT: Final = "854d9316e71d4dc599c5f27ea323d445"
"""The project of the job list's own example (ges_03_0471)."""

DEFAULT_GRAPH: Final = "movie"
"""The graph of older examples of the job list (ges_03_0471, 2024-01-04)."""


LONGEST_KEY: Final = 64
"""The most characters of a client's text that a cache keeps as a key; longer ones bypass it."""


def is_project_id(text: str) -> bool:
    """Whether *text* is 1 to 64 letters and digits."""
    return re.fullmatch(PROJECT_PATTERN, text) is not None


def is_graph_name(text: str | None) -> TypeGuard[str]:
    """Whether *text* can name a graph."""
    return text is not None and re.fullmatch(_GRAPH_PATTERN, text) is not None


# --- Statuses -------------------------------------------------------------------------------------

JobStatus = Literal["pending", "running", "complete", "success", "partiallyFailed", "failed"]
"""The statuses of both editions (ges_03_0471, ges_03_0472 and ges_03_0204, 2025)."""

GoodEnd = Literal["complete", "success"]

Edition = Literal["database", "memory"]
"""The two editions of a graph: their lists share a URL, but not the shape of an item."""

STATUSES: Final[tuple[JobStatus, ...]] = get_args(JobStatus)
FINAL: Final[tuple[JobStatus, ...]] = ("complete", "success", "partiallyFailed", "failed")

EDITION_STATUSES: Final[Mapping[Edition, tuple[JobStatus, ...]]] = {
    "database": ("pending", "running", "complete", "success", "failed"),  # ges_03_0471, 2025
    "memory": STATUSES,  # ges_03_0204: complete in old copies, partiallyFailed since 2025
}

MOVES: Final[Mapping[JobStatus, tuple[JobStatus, ...]]] = {
    "pending": ("running", *FINAL),
    "running": ("running", *FINAL),  # to itself: with another progress
    **dict.fromkeys(FINAL, ()),
}
"""The statuses that may follow each; final ones stay. Inferred: no page lists them."""

# msgspec sorts a Literal's values alphabetically; messages list them in a job's order.
ListedStatus = Annotated[JobStatus, Meta(description=f"one of {', '.join(STATUSES)}")]


def by_status(counts: Mapping[JobStatus, int]) -> dict[JobStatus, int]:
    """Those of *counts* that are not 0, in the order of the statuses."""
    return {status: counts[status] for status in STATUSES if counts.get(status)}


def moves(status: JobStatus, edition: Edition) -> list[JobStatus]:
    """The statuses that a job of *edition* with this *status* can move to."""
    return [each for each in MOVES[status] if each in EDITION_STATUSES[edition]]


def check_move(job_id: str, status: JobStatus, to: JobStatus, edition: Edition) -> None:
    """Raise Conflict, with the current status and the legal ones, if the move is illegal."""
    legal = moves(status, edition)
    if to not in legal:
        reason = f"from there it can move to {', '.join(legal)}" if legal else "which is final"
        raise Conflict(f"job {shortened(job_id)!r} cannot move to {to}: it is {status}, {reason}")


def check_edition(job_id: str, status: JobStatus, edition: Edition) -> None:
    """Raise Conflict if no job of this *edition* has this *status*."""
    statuses = EDITION_STATUSES[edition]
    if status not in statuses:
        raise Conflict(
            f"job {shortened(job_id)!r} cannot be {status}: the {edition} edition has "
            f"{', '.join(statuses)}"
        )
