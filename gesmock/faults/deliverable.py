"""Deliverable: which faults can happen with the server in use."""

from collections.abc import Callable, Iterable, Iterator

from gesmock.faults.injections import Injection
from gesmock.faults.kind import Hazard
from gesmock.model.errors import Flaw, InvalidInput

CanDeliver = Callable[[str], bool]
"""Whether a fault of this kind can happen with the server in use."""


def check(injection: Injection, can_deliver: CanDeliver, path: str) -> None:
    """Raise InvalidInput, naming the field below *path*, where a fault cannot be produced."""
    if found := list(_flaws(injection, can_deliver, path)):
        raise InvalidInput(found)


def check_all(injections: Iterable[Injection], can_deliver: CanDeliver, path: str) -> None:
    """Raise InvalidInput as ``check``, for all in a list at *path*."""
    found = [
        flaw
        for index, injection in enumerate(injections)
        for flaw in _flaws(injection, can_deliver, f"{path}[{index}]")
    ]
    if found:
        raise InvalidInput(found)


def _flaws(injection: Injection, can_deliver: CanDeliver, path: str) -> Iterator[Flaw]:
    for field, fault in injection.faults():
        if not can_deliver(fault.name):
            needs = (
                "the jobs of a fake; a proxy has none"
                if isinstance(fault, Hazard)
                else "a server that owns its sockets, as that of GesMock and of gesmock serve "
                "does; the one in use does not"
            )
            yield Flaw(f"{path}.{field}.kind", f"{fault.name!r} needs {needs}")
