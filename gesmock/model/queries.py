"""What queries return: the results of statements, and the labels of a graph."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import RLock
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from gesmock.model import validation
from gesmock.model.errors import Conflict, shortened
from gesmock.model.types import GraphName

MOST_RESULTS: Final = 1_000
"""How many results for queries a project may have."""

LONGEST_PATTERN: Final = 1_000  # characters; Python caches the last few hundred patterns
LONGEST_RESULT: Final = 100_000  # rows

LabelType = Literal["vertex", "edge", "all"]


class LabelProperty(Struct, frozen=True, forbid_unknown_fields=True):
    """A property of a label, spelled as the schema of a graph spells it (ges_03_0435)."""

    name: str
    type: str = "string"
    cardinality: str = "single"


class Label(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A label of vertices or edges, and its *properties*."""

    label: str
    type: LabelType = "all"
    properties: list[LabelProperty] = []


class QueryResult(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """The *rows* that a Cypher or GQL statement returns, with a value for each of *columns*.

    The result is for one *statement*, however it is spaced, or for all in which the regular
    expression *pattern* matches somewhere; in any graph, or only in *graph*. *meta* is what the
    service says about the values of each row (default: null for each).
    """

    statement: str | None = None
    pattern: Annotated[str, Meta(max_length=LONGEST_PATTERN)] | None = None
    graph: GraphName | None = None
    columns: list[str] = []
    rows: Annotated[list[list[Any]], Meta(max_length=LONGEST_RESULT)] = []
    meta: list[list[Any]] = []

    def __post_init__(self) -> None:
        if (self.statement is None) == (self.pattern is None):
            raise ValueError("give either a statement or a pattern")
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except (re.error, RecursionError, OverflowError) as error:
                pattern = shortened(self.pattern)
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("each of rows must have a value for each of columns")
        if self.meta and len(self.meta) != len(self.rows):
            raise ValueError("meta must have an item for each of rows")

    def matches(self, statement: str, graph: str) -> bool:
        if self.graph not in (None, graph):
            return False
        if self.pattern is not None:
            return re.search(self.pattern, statement) is not None
        return (self.statement or "").split() == statement.split()


class Queries:
    """The results that a test has set for queries: ``ges.queries``.

    Of several that match a statement, the one set last counts; without any, a query returns no
    rows. Methods may be called from any thread; *lock* is the project's.
    """

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._results: list[QueryResult] = []

    def __repr__(self) -> str:
        return f"<Queries: {len(self)} results>"

    def __len__(self) -> int:
        return len(self._results)

    def __iter__(self) -> Iterator[QueryResult]:
        return iter([*self._results])

    def set(
        self,
        statement: str | None = None,
        rows: Sequence[Sequence[Any]] = (),
        *,
        pattern: str | None = None,
        columns: Sequence[str] = (),
        graph: str | None = None,
        meta: Sequence[Sequence[Any]] = (),
    ) -> QueryResult:
        """Let a statement, or each that *pattern* matches, return *rows*.

        Raises InvalidInput, or Conflict if there are ``MOST_RESULTS`` already.
        """
        fields: Mapping[str, Any] = {
            "statement": statement,
            "pattern": pattern,
            "graph": graph,
            "columns": columns,
            "rows": rows,
            "meta": meta,
        }
        return self.add(validation.read_python(fields, QueryResult, "query result"))

    def add(self, result: QueryResult) -> QueryResult:
        """Put *result* before the others; raises Conflict if there are ``MOST_RESULTS`` already."""
        with self._lock:
            if len(self._results) >= MOST_RESULTS:
                raise Conflict(
                    f"{MOST_RESULTS} results are set, the most a project may have; forget some"
                )
            self._results.append(result)
        return result

    def clear(self) -> int:
        """Forget every result; returns how many there were."""
        with self._lock:
            count = len(self._results)
            self._results.clear()
            return count

    def reset(self, results: Iterable[QueryResult]) -> None:
        with self._lock:
            self._results[:] = results

    def find(self, statement: str, graph: str) -> QueryResult:
        with self._lock:
            results = reversed(self._results)
            matching = (result for result in results if result.matches(statement, graph))
            return next(matching, QueryResult(statement=statement))
