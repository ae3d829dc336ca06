"""Coverage: which documented answers of which operations were met, and how connections broke."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct

from gesmock.faults import UNREADABLE
from gesmock.model.messages import OPERATION_NAMES

STATUSES: Final = (200, 400, 401, 403, 404, 500, 503)
"""What every page of the service plane documents (API reference, status lists)."""

COLUMNS: Final = (*map(str, STATUSES), *UNREADABLE)


class Cell(Struct, frozen=True):
    """So many times, *operation* was answered with *status*; or *connection* says how it broke."""

    operation: str
    status: int
    connection: str | None
    count: int


class Row(NamedTuple):
    """How often each cell of *operation* was met, in the order of ``COLUMNS``."""

    operation: str
    counts: Sequence[int]


class Table(Struct, frozen=True):
    """The documented cells of some operations: *met* ones out of *all*."""

    columns: Sequence[str]
    rows: Sequence[Row]
    met: int
    all: int

    @property
    def percent(self) -> float:
        """How many of the cells were met, in percent; 0 where there are none."""
        return 100 * self.met / self.all if self.all else 0.0

    @property
    def told_percent(self) -> float:
        """The same with one decimal, never more than it is: what is told as 80.0 is not below."""
        return 1000 * self.met // self.all / 10 if self.all else 0.0


class Coverage:
    """Which cells have been met, and how often; as many as there can be, whatever comes.

    *met* is counted up by whoever answers: by operation, status, and how the connection broke.
    """

    def __init__(self, cells: Iterable[Cell] = ()) -> None:
        self.met: defaultdict[tuple[str | None, int, str | None], int] = defaultdict(int)
        self.add(cells)

    def add(self, cells: Iterable[Cell]) -> None:
        """Count what another has met, too."""
        for one in cells:
            self.met[one.operation, one.status, one.connection] += one.count

    def cells(self) -> list[Cell]:
        """What was met, by operation; requests for none are left out."""
        met = [
            Cell(operation, status, connection, count)
            for (operation, status, connection), count in self.met.copy().items()
            if operation is not None
        ]
        return sorted(met, key=lambda one: (one.operation, one.status, one.connection or ""))

    def table(self, operations: Collection[str] = ()) -> Table:
        """The documented cells of *operations* (default: those that were called)."""
        cells = self.cells()
        called = {cell.operation for cell in cells}
        wanted = [one for one in OPERATION_NAMES if one in (operations or called)]
        rows = {name: dict.fromkeys(COLUMNS, 0) for name in wanted}
        for cell in cells:
            column = cell.connection if cell.connection in UNREADABLE else str(cell.status)
            if cell.operation in rows and column in COLUMNS:
                rows[cell.operation][column] += cell.count
        counted = [Row(name, tuple(row.values())) for name, row in rows.items()]
        met = sum(count > 0 for row in counted for count in row.counts)
        return Table(COLUMNS, counted, met, len(rows) * len(COLUMNS))

    def told(self, operations: Collection[str] = ()) -> dict[str, Any]:
        """The table of *operations* and the cells, for a report."""
        table = self.table(operations)
        return {
            "percent": table.told_percent,
            "met": table.met,
            "all": table.all,
            "columns": table.columns,
            "rows": {row.operation: row.counts for row in table.rows},
            "cells": self.cells(),
        }
