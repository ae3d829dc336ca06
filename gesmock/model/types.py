"""The statuses of a job: which there are, in which edition, and which may follow which."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, get_args

from msgspec import Meta

from gesmock.model.errors import Conflict

JobStatus = Literal["pending", "running", "complete", "success", "partiallyFailed", "failed"]
"""Those of both editions (ges_03_0471, ges_03_0472 and ges_03_0204, 2025)."""

FinalStatus = Literal["complete", "success", "partiallyFailed", "failed"]

GoodEnd = Literal["complete", "success"]

Edition = Literal["database", "memory"]
"""The two editions of a graph: their lists share a URL, but not the shape of an item."""

STATUSES: Final[tuple[JobStatus, ...]] = get_args(JobStatus)
FINAL: Final[tuple[FinalStatus, ...]] = get_args(FinalStatus)

EDITION_STATUSES: Final[Mapping[Edition, tuple[JobStatus, ...]]] = {
    "database": ("pending", "running", "complete", "success", "failed"),  # ges_03_0471, 2025
    "memory": STATUSES,  # ges_03_0204: complete in old copies, partiallyFailed since 2025
}

MOVES: Final[Mapping[JobStatus, tuple[JobStatus, ...]]] = {
    "pending": ("running", *FINAL),
    "running": ("running", *FINAL),  # to itself: with another progress
    **dict.fromkeys(FINAL, ()),
}
"""The statuses that may follow each; what is final stays. Inferred: no page draws them."""

# msgspec knows a Literal's values in alphabetical order only; a message has them in a job's.
ListedStatus = Annotated[JobStatus, Meta(description=", ".join(STATUSES))]


def moves(status: JobStatus, edition: Edition) -> list[JobStatus]:
    """The statuses that a job with *status* may be moved to, in a graph of this *edition*."""
    return [one for one in MOVES[status] if one in EDITION_STATUSES[edition]]


def check_move(job_id: str, status: JobStatus, to: JobStatus, edition: Edition) -> None:
    """Refuse an illegal move, naming the current status and the legal ones, with a Conflict."""
    legal = moves(status, edition)
    if to not in legal:
        others = f"from there it can move to {', '.join(legal)}" if legal else "which is final"
        raise Conflict(f"job {job_id!r} cannot move to {to}: it is {status}, {others}")


def check_edition(job_id: str, status: JobStatus, edition: Edition) -> None:
    """Refuse, with a Conflict, a status that no job of this *edition* has."""
    known = EDITION_STATUSES[edition]
    if status not in known:
        raise Conflict(
            f"job {job_id!r} cannot be {status}: the {edition} edition has {', '.join(known)}"
        )
