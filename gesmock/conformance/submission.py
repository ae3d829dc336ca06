"""Submission: a call that makes a job, which may be tried, and what came of it."""

import math
from dataclasses import dataclass
from typing import Any, Final

from gesmock.model import documentation, validation
from gesmock.model.documentation import AsynchronousOperation
from gesmock.model.errors import InvalidInput, naming_file

_KEEPS_DATA: Final = (
    "batch_build_index",
    "build_schema_structure",
    "create_index",
    "edge_query",
    "execute_algorithm",
    "export_edges",
    "export_graph",
    "export_vertices",
    "filtered_query",
    "path_query",
    "summary",
    "vertex_query",
)
"""Operations that leave the vertices, edges and indices that a graph has as they are."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A call that makes a job, to be tried; *wait_s* is how long the job may take to end."""

    row: AsynchronousOperation
    body: dict[str, Any] | None
    wait_s: float = 60.0

    @classmethod
    def of(cls, command: str, body: str | None, wait_s: float) -> "Submission":
        """The call with this *command*, with *body* (JSON), or the example of its page.

        Raises InvalidInput.
        """
        known = {
            row.command: row
            for row in reversed(documentation.operations())  # the first one counts
            if "/graphs/" in row.path and "{job_id}" not in row.path
        }
        if command not in known:
            raise InvalidInput.at(
                "--submit", f"{command!r} is none of {', '.join(reversed(known))}"
            )
        row = known[command]
        if not (math.isfinite(wait_s) and wait_s >= 0):
            raise InvalidInput.at("--wait-s", f"{wait_s:g} is no number of seconds from 0 on")
        if body is None:
            return cls(row, row.request_example, wait_s)
        with naming_file("--body"):
            return cls(row, validation.decode(body.encode(), dict[str, Any]), wait_s)

    def permitted(self, *, data_loss: bool) -> "Submission":
        """Itself. Raises InvalidInput where it may lose data, and *data_loss* is not allowed."""
        if data_loss or self.row.command in _KEEPS_DATA:
            return self
        raise InvalidInput.at(
            "--submit",
            f"{self.row.command!r} can overwrite or delete what the graph holds; "
            "--allow-data-loss lets it",
        )


@dataclass(frozen=True, slots=True)
class Made:
    """A job that was submitted: its *command*, where the list has it, and its status at the *end*.

    *first* and *last* tell whether it stands there.
    """

    command: str
    first: bool
    last: bool
    end: str
