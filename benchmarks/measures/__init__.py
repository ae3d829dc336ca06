"""The measures: each is a function that runs works and notes samples of them in the bench.

Its docstring names the works.
"""

from collections.abc import Callable, Mapping
from typing import Final

from benchmarks.bench import Bench
from benchmarks.measures.beside import beside
from benchmarks.measures.busy import busy
from benchmarks.measures.endurance import endurance
from benchmarks.measures.large import large
from benchmarks.measures.memory import memory
from benchmarks.measures.python import python
from benchmarks.measures.start import start
from benchmarks.measures.throughput import failing, throughput

MEASURES: Final[Mapping[str, Callable[[Bench], None]]] = {
    "throughput": throughput,
    "failing": failing,
    "large": large,
    "memory": memory,
    "start": start,
    "python": python,
    "beside": beside,
    "busy": busy,
    "endurance": endurance,
}
"""By the names for ``--only``, in the order in which they run."""
