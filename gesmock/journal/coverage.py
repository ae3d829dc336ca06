"""Coverage: which documented answers of which operations were met, and how connections broke."""

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
    """*operation* was answered with *status* *count* times; *connection* says how it broke.

    *operation* is empty for requests that none serves.
    """

    operation: str
    status: int
    connection: str | None = None
    count: int = 0


class Table(NamedTuple):
    """The documented cells of some operations, of which *met* out of *all* were met.

    *rows* has for each operation how often each of ``COLUMNS`` was met.
    """

    rows: Mapping[str, Sequence[int]]
    met: int
    all: int

    @property
    def percent(self) -> float:
        return 100 * self.met / self.all if self.all else 0.0

    @property
    def rounded_percent(self) -> float:
        """The same, rounded down to one decimal, so that 80.0 is never less than 80."""
        return 1000 * self.met // self.all / 10 if self.all else 0.0


class _Cells(dict[tuple[str, int, str | None], Cell]):
    """Cells by their operation, status and connection; new ones count from 0."""

    def __missing__(self, key: tuple[str, int, str | None]) -> Cell:
        self[key] = cell = Cell(*key)
        return cell


class Coverage:
    """How often each cell was met: by operation, status, and how the connection broke.

    Whoever answers counts up the cells of *met*, and *faults*, how many requests each kind hit.
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
        """What was met, by operation; requests that no operation serves are left out."""
        return [cell for cell in self.all_cells() if cell.operation]

    def all_cells(self) -> list[Cell]:
        """What was met, by operation."""
        met = [copy(cell) for cell in [*self.met.values()]]
        return sorted(met, key=lambda cell: (cell.operation, cell.status, cell.connection or ""))

    def table(self, operations: Collection[str] = ()) -> Table:
        """The documented cells of *operations* (default: those that were called)."""
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
        """The table of *operations* and all cells, as JSON."""
        table = self.table(operations)
        return {
            "percent": table.rounded_percent,
            "met": table.met,
            "all": table.all,
            "columns": COLUMNS,
            "rows": table.rows,
            "cells": self.cells(),
        }
