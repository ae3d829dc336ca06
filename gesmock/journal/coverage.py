"""Coverage: which documented answers each operation has given, and how connections broke."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from typing import Any, Final, NamedTuple

from msgspec import Struct

from gesmock.faults import UNREADABLE
from gesmock.model.messages import OPERATION_NAMES

STATUSES: Final = (200, 400, 401, 403, 404, 500, 503)
"""The statuses that every page of the service documents (API reference, status lists)."""

COLUMNS: Final = (*map(str, STATUSES), *UNREADABLE)


class Cell(Struct):
    """How often (*count*) requests for *operation* were answered with *status*.

    *connection* is the kind of the fault, if it left the client without an answer that it can read.
    *operation* is empty for requests that no operation serves.
    """

    operation: str
    status: int
    connection: str | None = None
    count: int = 0


class Table(NamedTuple):
    """How often some operations gave each documented answer.

    *rows* has the counts of each operation, in the order of ``COLUMNS``; *met* out of *all* counts
    are not 0.
    """

    rows: Mapping[str, Sequence[int]]
    met: int
    all: int

    @property
    def percent(self) -> float:
        return 100 * self.met / self.all if self.all else 0.0

    @property
    def rounded_percent(self) -> float:
        """``percent``, rounded down to one decimal: 79.99 becomes 79.9, so 80.0 is at least 80."""
        return 1000 * self.met // self.all / 10 if self.all else 0.0


class _Cells(dict[tuple[str, int, str | None], Cell]):
    """Cells by their operation, status and connection; new ones count from 0."""

    def __missing__(self, key: tuple[str, int, str | None]) -> Cell:
        self[key] = cell = Cell(*key)
        return cell


class Coverage:
    """How often each answer was given: by operation, status, and how the connection broke.

    The code that answers increments the cells of *met*, and in *faults* how many requests each kind
    of fault hit.
    """

    def __init__(self, cells: Iterable[Cell] = ()) -> None:
        self.met = _Cells()
        self.faults: defaultdict[str, int] = defaultdict(int)
        self.add(cells)

    def add(self, cells: Iterable[Cell]) -> None:
        for cell in cells:
            self.met[cell.operation, cell.status, cell.connection].count += cell.count

    def merge(self, other: "Coverage") -> None:
        """Add all that *other* counted."""
        self.add(other.all_cells())
        for kind, count in other.faults.copy().items():
            self.faults[kind] += count

    def cells(self) -> list[Cell]:
        """The cells in order of operation, without those of requests that no operation serves."""
        return [cell for cell in self.all_cells() if cell.operation]

    def all_cells(self) -> list[Cell]:
        """All cells, in order of operation."""
        met = [copy(cell) for cell in [*self.met.values()]]
        return sorted(met, key=lambda cell: (cell.operation, cell.status, cell.connection or ""))

    def table(self, operations: Collection[str] = ()) -> Table:
        """The documented answers of *operations* (default: those that were called)."""
        cells = self.cells()
        selected = operations or {cell.operation for cell in cells}
        names = [name for name in OPERATION_NAMES if name in selected]
        rows = {name: dict.fromkeys(COLUMNS, 0) for name in names}
        for cell in cells:
            column = cell.connection if cell.connection in UNREADABLE else str(cell.status)
            if cell.operation in rows and column in COLUMNS:
                rows[cell.operation][column] += cell.count
        counts = {name: tuple(row.values()) for name, row in rows.items()}
        met = sum(count > 0 for row in counts.values() for count in row)
        return Table(counts, met, len(rows) * len(COLUMNS))

    def report(self, operations: Collection[str] = ()) -> dict[str, Any]:
        """The table of *operations*, and the cells, by the names that they have in JSON."""
        table = self.table(operations)
        return {
            "percent": table.rounded_percent,
            "met": table.met,
            "all": table.all,
            "columns": COLUMNS,
            "rows": table.rows,
            "cells": self.cells(),
        }
