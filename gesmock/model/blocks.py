"""Blocks: the rows of a job list, some hundreds together, ready to be sent."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from operator import neg
from typing import Final, NamedTuple, TypeAlias

SIZE: Final = 256
"""How many rows a block begins with, and how many one is filled up to; it splits at twice that."""

Numbers: TypeAlias = "range | array[int]"
Piece = bytes | memoryview


class _Flat(NamedTuple):
    """Rows in one piece, each with a comma behind it; *starts* says where, and where all ends."""

    text: bytes
    starts: "array[int]"


class Block:
    """Consecutive rows of a list, newest first, with the *numbers* of their jobs; never changed.

    It is kept loose, as a list of rows, until it is sent as a whole: then, once, as one piece.
    Two threads may do that at the same time: both come to the same.
    """

    __slots__ = ("_form", "numbers")

    def __init__(self, rows: list[bytes], numbers: Numbers) -> None:
        self._form: list[bytes] | _Flat = rows
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def loose(self) -> bool:
        """Whether it has yet to be made one piece."""
        return isinstance(self._form, list)

    def rows(self) -> list[bytes]:
        """Every row; a list that nobody changes."""
        form = self._form
        if isinstance(form, list):
            return form
        return [form.text[start : end - 1] for start, end in pairwise(form.starts)]

    def row(self, place: int) -> bytes:
        """The row at this *place*."""
        form = self._form
        if isinstance(form, list):
            return form[place]
        return form.text[form.starts[place] : form.starts[place + 1] - 1]

    def place(self, number: int) -> int | None:
        """Where the job with this *number* stands; None where it is not here."""
        place = _place(number, self.numbers)
        there = 0 <= place < len(self.numbers) and self.numbers[place] == number
        return place if there else None

    def piece(self, begin: int, end: int) -> Piece:
        """The rows from *begin* up to *end*, each with a comma behind it."""
        if end - begin == len(self):
            return self.whole()
        form = self._form
        if isinstance(form, list):
            return b",".join([*form[begin:end], b""])
        return memoryview(form.text)[form.starts[begin] : form.starts[end]]

    def whole(self) -> bytes:
        """All rows, each with a comma behind it."""
        form = self._form
        if isinstance(form, list):
            starts = array("Q", accumulate((len(row) + 1 for row in form), initial=0))
            self._form = form = _Flat(b",".join([*form, b""]), starts)
        return form.text

    def holding(self, text: bytes) -> int | None:
        """The place of the newest row that holds this *text*; None where none does."""
        form = self._form
        if isinstance(form, list):
            return next((place for place, row in enumerate(form) if text in row), None)
        at = form.text.find(text)
        return None if at < 0 else bisect_right(form.starts, at) - 1

    # --- Others made of it ---

    def found(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """The rows of the jobs with these *numbers*, as far as they are here."""
        if len(numbers) == 1:
            place = self.place(numbers[0])
            return {} if place is None else {numbers[0]: self.row(place)}
        rows = dict(zip(self.numbers, self.rows(), strict=True))
        if len(numbers) == len(rows):
            return rows
        return {number: rows[number] for number in numbers if number in rows}

    def changed(self, numbers: Sequence[int], rows: Mapping[int, bytes]) -> "Block":
        """One with other *rows*, by their jobs' numbers, of the jobs with these *numbers*."""
        if len(numbers) == len(self):
            return Block([rows[number] for number in self.numbers], self.numbers)
        mine = self.rows().copy()
        for number in numbers:
            mine[_place(number, self.numbers)] = rows[number]
        return Block(mine, self.numbers)

    def with_newest(self, number: int, row: bytes) -> "Block":
        """One that has a newer row too."""
        return Block([row, *self.rows()], _joined(number, self.numbers))

    def newest(self, count: int) -> "Block":
        """One of its newest rows only."""
        return Block(self.rows()[:count], self.numbers[:count])

    def without(self, numbers: Sequence[int]) -> "list[Block]":
        """One that lacks the jobs with these *numbers*, or none where no job is left."""
        gone = frozenset(numbers)
        kept = [pair for pair in zip(self.numbers, self.rows(), strict=True) if pair[0] not in gone]
        return blocks_of([row for _, row in kept], numbers_of([number for number, _ in kept]))

    def with_rows(self, rows: Mapping[int, bytes]) -> "list[Block]":
        """Blocks that have these *rows* too, by the numbers of their jobs; oldest first."""
        both = sorted([*zip(self.numbers, self.rows(), strict=True), *rows.items()], reverse=True)
        numbers = numbers_of([number for number, _ in both])
        size = SIZE if len(both) > 2 * SIZE else 2 * SIZE
        return blocks_of([row for _, row in both], numbers, size)


def blocks_of(rows: list[bytes], numbers: Numbers, size: int = 2 * SIZE) -> list[Block]:
    """Loose blocks of *rows*, newest first, of *size* each but for the newest; oldest first."""
    ends = range(len(rows), 0, -size)
    return [
        Block(rows[max(end - size, 0) : end], numbers[max(end - size, 0) : end]) for end in ends
    ]


def _place(number: int, numbers: Numbers) -> int:
    """Where *number* stands among *numbers*, or would stand."""
    if isinstance(numbers, range):
        return numbers.start - number
    return bisect_left(numbers, -number, key=neg)


def numbers_of(numbers: list[int]) -> Numbers:
    """*numbers*, from the highest to the lowest; as a range where none is missing."""
    if numbers and numbers[0] - numbers[-1] == len(numbers) - 1:
        return range(numbers[0], numbers[-1] - 1, -1)
    return array("q", numbers)


def _joined(number: int, numbers: Numbers) -> Numbers:
    if isinstance(numbers, range) and numbers[0] == number - 1:
        return range(number, numbers[-1] - 1, -1)
    return array("q", [number, *numbers])
