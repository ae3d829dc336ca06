"""Index: the id of a job -> the numbers that it may have."""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_PLACE: Final = 2**17 - 1
_HASH: Final = 2**64 - 1 - _PLACE
_TOP: Final = 1024
_GROWING: Final = 8192
_AT_ONCE: Final = 2**15  # to put these in order holds up other threads for some milliseconds


def _key(job_id: str) -> int:
    return hash(job_id) & _HASH


@dataclass(frozen=True, slots=True)
class Layer:
    """Ids of jobs whose numbers begin with *first*; never changed, 8 bytes each.

    An entry is 47 bits of the id's hash with its place above *first*, in order: a dictionary of
    the ids would take as much as half of the list.
    """

    first: int
    last: int
    entries: "array[int]"

    @classmethod
    def of(cls, first: int, last: int, numbered: Iterator[tuple[int, str]]) -> "Layer":
        """The layer of ids with numbers from *first* to *last*, which are close enough."""
        entries = sorted([_key(job_id) | number - first for number, job_id in numbered])
        return cls(first, last, array("Q", entries))

    def numbers(self, key: int) -> Iterator[int]:
        """The numbers of the ids that have this *key*: nearly always one at most."""
        at = bisect_left(self.entries, key)
        while at < len(self.entries) and self.entries[at] & _HASH == key:
            yield self.first + (self.entries[at] & _PLACE)
            at += 1

    def joined(self, newer: "Layer") -> "Layer":
        """Both in one."""
        shift = newer.first - self.first
        entries = sorted([*self.entries, *(entry + shift for entry in newer.entries)])
        return Layer(self.first, newer.last, array("Q", entries))


def layers_of(ids: Sequence[str], first: int) -> list[Layer]:
    """Layers of *ids*, oldest first, whose numbers begin with *first*."""
    found = []
    for start in range(0, len(ids), _AT_ONCE):
        some, low = ids[start : start + _AT_ONCE], first + start
        found.append(Layer.of(low, low + len(some) - 1, iter(enumerate(some, low))))
    return found


class Index:
    """Says which numbers a job with this id may have.

    It only knows where to look: nothing is taken out when a job goes, and two ids may look alike.
    Whoever asks compares the row. A copy shares the layers.
    """

    __slots__ = ("_first", "_layers", "_top")

    def __init__(self, layers: Sequence[Layer] = ()) -> None:
        self._layers = [*layers]
        self._top: dict[str, int] = {}
        self._first = 0  # the lowest number that the top may have

    def copy(self) -> "Index":
        """An index of its own with the same ids."""
        twin = Index(self._layers)
        twin._top, twin._first = self._top.copy(), self._first
        return twin

    def numbers(self, job_id: str) -> Iterator[int]:
        """The numbers that the job *job_id* may have."""
        if job_id in self._top:
            yield self._top[job_id]
        key = _key(job_id)
        for layer in self._layers:
            yield from layer.numbers(key)

    def add(self, job_id: str, number: int, there: Callable[[int], bool]) -> None:
        """Add the id of the newest job; *there* says which jobs still are."""
        if not self._top:
            self._first = number
        elif number - self._first >= _TOP:
            self._freeze(there)
            self._first = number
        self._top[job_id] = number

    def add_layers(self, layers: Sequence[Layer]) -> None:
        """Add *layers* of other jobs."""
        for layer in layers:
            self._add(layer)

    def forget_below(self, number: int) -> None:
        """The jobs below this *number* are gone."""
        if any(layer.last < number for layer in self._layers):
            self._layers = [layer for layer in self._layers if layer.last >= number]

    def _freeze(self, there: Callable[[int], bool]) -> None:
        numbered = ((number, job_id) for job_id, number in self._top.items() if there(number))
        self._add(Layer.of(self._first, self._first + _TOP - 1, numbered))
        self._top = {}

    def _add(self, layer: Layer) -> None:
        """Add *layer*, joined with those beside it that are not much larger: few are to be left."""
        place = 0
        while place < len(self._layers):
            older, newer = sorted((self._layers[place], layer), key=lambda one: one.first)
            size = len(older.entries) + len(newer.entries)
            beside = older.last == newer.first - 1 and newer.last - older.first <= _PLACE
            if beside and size <= min(_GROWING, 3 * len(layer.entries)):
                del self._layers[place]
                layer, place = older.joined(newer), 0
            else:
                place += 1
        self._layers.append(layer)
