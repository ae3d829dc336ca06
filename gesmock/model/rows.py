"""The rows of a job list: jobs as the service lists them, in blocks, and pages of them.

Where a job is in the list, and how it changes, is up to ``job_store``.
"""

from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from gesmock.model.jobs import Job
from gesmock.model.messages import Reply, ShownStatuses
from gesmock.model.types import JobStatus

Part = tuple["Block", int, int]
T = TypeVar("T")

SIZE: Final = 256
"""How many rows a block is filled with; one that grows is split at twice that."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Job).decode
_decode_all = msgspec.json.Decoder(list[Job]).decode


def encode(job: Job) -> bytes:
    return _encode(job) + b","  # every row has one


def decode(row: bytes) -> Job:
    return _decode(row[:-1])


def in_status(status: JobStatus) -> bytes:
    """What only rows of jobs in this *status* contain; quotes inside a JSON string are escaped."""
    return b',"status":"%b","request":{' % status.encode()


def with_command(command: str, status: JobStatus | None = None) -> bytes:
    """What only rows of jobs with this *command*, and in this *status*, contain."""
    start = b',"request":{' if status is None else in_status(status)
    return start + b'"command":%b,' % msgspec.json.encode(command)


class Block(Struct, frozen=True, eq=False):
    """Consecutive rows of the list as one *text*, newest first, a comma after each.

    Row *i*, of the job with the number ``numbers[i]``, reaches from ``starts[i]`` to
    ``starts[i + 1]``, counted from ``starts[0]``, so that a new row at the beginning changes no
    other start.
    """

    numbers: tuple[int, ...]
    text: bytes
    starts: "array[int]"

    @classmethod
    def of(cls, rows: Sequence[tuple[int, bytes]]) -> "Block":
        numbers, texts = zip(*rows, strict=True)
        return cls(numbers, b"".join(texts), array("q", accumulate(map(len, texts), initial=0)))

    def part(self, begin: int, end: int) -> "Block":
        text = bytes(self.piece(begin, end))
        return Block(self.numbers[begin:end], text, self.starts[begin : end + 1])

    def with_newest(self, number: int, row: bytes) -> "Block":
        starts = array("q", [self.starts[0] - len(row)]) + self.starts
        return Block((number, *self.numbers), row + self.text, starts)

    def piece(self, begin: int, end: int) -> bytes | memoryview:
        """The rows from *begin* up to *end*, not copied."""
        if end - begin == len(self.numbers):
            return self.text
        zero = self.starts[0]
        return memoryview(self.text)[self.starts[begin] - zero : self.starts[end] - zero]

    def rows(self) -> Iterator[tuple[int, bytes]]:
        """Every row, with its number and its comma."""
        text, zero = self.text, self.starts[0]
        rows = [text[start - zero : end - zero] for start, end in pairwise(self.starts)]
        return zip(self.numbers, rows, strict=True)

    def matching(self, texts: Sequence[bytes]) -> Sequence[int]:
        """The numbers of the rows that have all of *texts*."""
        if not texts:
            return self.numbers
        first, *more = texts
        find, position = self.text.find, self.text.find(first)
        if position < 0:
            return ()
        numbers, begin, zero = list[int](), 0, self.starts[0]
        for number, start in zip(self.numbers, self.starts[1:], strict=True):
            end = start - zero
            if 0 <= position < end:
                if position + len(first) <= end:
                    for text in more:
                        if find(text, begin, end) < 0:
                            break
                    else:
                        numbers.append(number)
                position = find(first, end)
            begin = end
        return numbers

    def jobs(self, begin: int, end: int) -> list[Job]:
        rows = memoryview(self.piece(begin, end))[:-1]
        return _decode_all(b"".join([b"[", rows, b"]"]))

    def row(self, number: int) -> bytes:
        index = self.numbers.index(number)
        return bytes(self.piece(index, index + 1))

    def with_row(self, number: int, row: bytes) -> "Block":
        """A block with another *row* of the job with this *number*."""
        index, text, zero = self.numbers.index(number), memoryview(self.text), self.starts[0]
        begin, end = self.starts[index] - zero, self.starts[index + 1] - zero
        shift = len(row) - (end - begin)
        later = array("q", [start + shift for start in self.starts[index + 1 :]])
        changed = b"".join([text[:begin], row, text[end:]])
        return Block(self.numbers, changed, self.starts[: index + 1] + later)


class Page(Struct, eq=False):
    """Consecutive rows of the list, as they were when the page was taken.

    *parts* are blocks, each from one index up to another; *total* is the length of the whole list.
    Until something changes, the same page is returned again, so *reply* and *statuses* keep what
    was made of it.
    """

    parts: Sequence[Part]
    total: int
    oldest_first: bool
    reply: Reply | None = None
    statuses: ShownStatuses | None = None

    def __len__(self) -> int:
        return sum(end - begin for _, begin, end in self.parts)

    def __iter__(self) -> Iterator[Job]:
        return (job for _, job in self.numbered())

    def numbered(self) -> Iterator[tuple[int, Job]]:
        step = -1 if self.oldest_first else 1
        for block, begin, end in self.parts:
            numbers, jobs = block.numbers[begin:end], block.jobs(begin, end)
            yield from zip(numbers[::step], jobs[::step], strict=True)

    def pieces(self) -> list[bytes | memoryview]:
        """The rows, with commas between them, in a few large pieces; reversed ones are copies."""
        pieces = [
            b"".join([row for _, row in block.rows()][begin:end][::-1])
            if self.oldest_first
            else block.piece(begin, end)
            for block, begin, end in self.parts
        ]
        if pieces:
            pieces[-1] = memoryview(pieces[-1])[:-1]
        return pieces


def parts(rows: Sequence[tuple[int, T]]) -> list[Sequence[tuple[int, T]]]:
    """*rows*, which are newest first, split into those of each block; the oldest block first.

    Up to twice ``SIZE`` stay in one.
    """
    size = SIZE if len(rows) > 2 * SIZE else 2 * SIZE
    return [rows[max(end - size, 0) : end] for end in range(len(rows), 0, -size)]
