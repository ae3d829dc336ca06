"""Listing: the rows of a graph's jobs in blocks, and pages of them."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from gesmock.model import rows
from gesmock.model.blocks import SIZE, Block, Piece
from gesmock.model.jobs import Job
from gesmock.model.types import JobStatus

_MOST_PAGES: Final = 16


@dataclass(slots=True, eq=False)
class Page:
    """Consecutive rows of a list as they were when it was taken, whatever becomes of the list.

    *parts* are blocks, each from a place up to another; *total* is how many rows the list had.
    *answer* and *shown* are for whoever makes them of it, and need not do so again: as long as
    nothing changes, the same page is given.
    """

    parts: Sequence[tuple[Block, int, int]]
    total: int
    oldest_first: bool
    answer: Any = None
    shown: Any = None

    def __len__(self) -> int:
        return sum(end - begin for _, begin, end in self.parts)

    def __iter__(self) -> Iterator[Job]:
        return (job for _, job in self.numbered())

    def numbered(self) -> Iterator[tuple[int, Job]]:
        """The jobs, each with its number."""
        for block, begin, end in self.parts:
            jobs = rows.decode_all(b"".join([b"[", memoryview(block.piece(begin, end))[:-1], b"]"]))
            step = -1 if self.oldest_first else 1
            yield from zip(block.numbers[begin:end][::step], jobs[::step], strict=True)

    def statuses(self) -> Iterator[tuple[str, JobStatus]]:
        """The ids and statuses of the jobs, newest first."""
        for block, begin, end in self.parts:
            for place in range(begin, end):
                row = rows.opened(block.row(place))
                yield row.job_id, row.status

    def numbers(self) -> Iterator[int]:
        """The numbers of the jobs, newest first."""
        for block, begin, end in self.parts:
            yield from block.numbers[begin:end]

    @property
    def costly(self) -> bool:
        """Whether it takes long to make the pieces."""
        loose = sum(block.loose for block, _, _ in self.parts)
        return loose > 4 or (self.oldest_first and len(self.parts) > 4)

    def pieces(self) -> list[Piece]:
        """The rows, joined by commas, in some large pieces; those of whole blocks are shared."""
        if self.oldest_first:
            pieces = [_reversed(*part) for part in self.parts]
        else:
            pieces = [block.piece(begin, end) for block, begin, end in self.parts]
        if pieces:
            pieces[-1] = memoryview(pieces[-1])[:-1]  # a comma is behind each row
        return pieces


def _reversed(block: Block, begin: int, end: int) -> Piece:
    return b",".join([*block.rows()[begin:end][::-1], b""])


class Listing:
    """Rows in the order of the numbers of their jobs, in blocks.

    What is done to it takes the time of the blocks that are touched, and at most a glance at each
    of the others. A copy shares the blocks.
    """

    __slots__ = ("_blocks", "_pages", "_starts")

    def __init__(self, blocks: Sequence[Block] = ()) -> None:
        self._blocks = [*blocks]  # oldest first: the newest are appended
        # How many rows are older than each block, and than what comes next; from any zero, so that
        # neither end moves the rest.
        self._starts = [0]
        self._pages: dict[tuple[int, int, bool], Page] = {}
        self._count()

    def _count(self) -> None:
        self._starts = [*accumulate((len(block.numbers) for block in self._blocks), initial=0)]

    def __len__(self) -> int:
        return self._starts[-1] - self._starts[0]

    def copy(self) -> "Listing":
        """A listing of its own with the same rows."""
        twin = Listing()
        twin._blocks, twin._starts = self._blocks.copy(), self._starts.copy()
        return twin

    def page(self, offset: int, limit: int, *, oldest_first: bool = False) -> Page:
        """At most *limit* rows from position *offset* on, newest first or the other way."""
        asked = offset, limit, oldest_first
        page = self._pages.get(asked)
        if page is None:
            if len(self._pages) >= _MOST_PAGES:
                self._pages.clear()
            page = self._pages[asked] = self._cut(*asked)
        return page

    def _cut(self, offset: int, limit: int, oldest_first: bool) -> Page:  # noqa: FBT001 private
        zero, total = self._starts[0], len(self)
        low, high = min(offset, total), min(offset + limit, total)
        if not oldest_first:
            low, high = total - high, total - low
        if low == high:
            return Page((), total, oldest_first)
        first = bisect_right(self._starts, zero + low) - 1
        last = bisect_left(self._starts, zero + high) - 1
        parts = [(block, 0, len(block)) for block in self._blocks[first : last + 1]]
        block, begin, end = parts[-1]  # places in a block count from its newest
        parts[-1] = block, begin + self._starts[last + 1] - zero - high, end
        block, begin, end = parts[0]
        parts[0] = block, begin, end - (zero + low - self._starts[first])
        return Page(parts if oldest_first else parts[::-1], total, oldest_first)

    def row(self, number: int) -> bytes | None:
        """The row of the job with this *number*; None where there is none."""
        block = self._blocks[self._index(number)] if self._blocks else None
        place = None if block is None else block.place(number)
        return None if block is None or place is None else block.row(place)

    def rows(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """The rows of the jobs with these *numbers*, as far as they are here."""
        found: dict[int, bytes] = {}
        for index, some in self._by_block(numbers):
            found |= self._blocks[index].found(some)
        return found

    def holding(self, text: bytes) -> int | None:
        """The number of the newest job whose row holds this *text*; None where none does."""
        for block in reversed(self._blocks):
            if (place := block.holding(text)) is not None:
                return block.numbers[place]
        return None

    @property
    def oldest(self) -> int | None:
        """The number of the oldest job; None where there is none."""
        return self._blocks[0].numbers[-1] if self._blocks else None

    def _index(self, number: int) -> int:
        """Which block has the job with this *number*, or would take it."""
        return max(bisect_right(self._blocks, number, key=_lowest) - 1, 0)

    def _by_block(self, numbers: Sequence[int]) -> list[tuple[int, Sequence[int]]]:
        """*numbers*, which rise, by the block that has them, or would take them."""
        found: list[tuple[int, Sequence[int]]] = []
        begin = 0
        while begin < len(numbers) and self._blocks:
            index = self._index(numbers[begin])
            later = self._blocks[index + 1 : index + 2]
            end = bisect_left(numbers, _lowest(later[0]), begin) if later else len(numbers)
            found.append((index, numbers[begin:end]))
            begin = end
        return found

    # --- What changes it ---

    def append(self, number: int, row: bytes) -> None:
        """Add the *row* of a job that is newer than all."""
        self._pages.clear()
        if self._blocks and len(self._blocks[-1]) < SIZE:
            self._blocks[-1] = self._blocks[-1].with_newest(number, row)
            self._starts[-1] += 1
        else:
            self._blocks.append(Block([row], range(number, number - 1, -1)))
            self._starts.append(self._starts[-1] + 1)

    def add_older(self, blocks: Sequence[Block]) -> None:
        """Add *blocks*, oldest first, of jobs that are older than all."""
        self._pages.clear()
        counts = [len(block) for block in blocks]
        self._starts[:1] = accumulate(counts, initial=self._starts[0] - sum(counts))
        self._blocks[:0] = blocks

    def change(self, changed: Mapping[int, bytes]) -> None:
        """Put these rows in the places of those of the same jobs, by their numbers."""
        self._pages.clear()
        for index, some in self._by_block(sorted(changed)):
            self._blocks[index] = self._blocks[index].changed(some, changed)

    def insert(self, new: Mapping[int, bytes]) -> None:
        """Add these rows where they belong, by the numbers of their jobs."""
        self._pages.clear()
        if not self._blocks:
            self._blocks = Block([], range(0)).with_rows(new)
            self._count()
            return
        self._edit(sorted(new), lambda block, some: block.with_rows({n: new[n] for n in some}))

    def remove(self, numbers: Collection[int]) -> None:
        """Take the rows of the jobs with these *numbers* out."""
        self._pages.clear()
        self._edit(sorted(numbers), Block.without)

    def _edit(
        self, numbers: Sequence[int], edit: Callable[[Block, Sequence[int]], list[Block]]
    ) -> None:
        for index, some in reversed(self._by_block(numbers)):
            self._blocks[index : index + 1] = edit(self._blocks[index], some)
        self._count()

    def drop_oldest(self, count: int) -> list[int]:
        """Take the oldest *count* rows out; the numbers of their jobs."""
        self._pages.clear()
        dropped: list[int] = []
        whole = bisect_right(self._starts, self._starts[0] + count) - 1
        for block in self._blocks[:whole]:
            dropped += block.numbers
        del self._blocks[:whole], self._starts[:whole]
        rest = count - len(dropped)
        if rest:
            block = self._blocks[0]
            dropped += block.numbers[len(block) - rest :]
            self._blocks[0] = block.newest(len(block) - rest)
            self._starts[0] += rest
        return dropped


def _lowest(block: Block) -> int:
    return block.numbers[-1]
