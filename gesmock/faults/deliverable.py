"""Deliverable: which faults can happen with the server in use."""

from collections.abc import Callable, Iterable, Iterator

from gesmock.faults.fault_rules import FaultRule
from gesmock.faults.kind import ListFault
from gesmock.model.errors import InputError, InvalidInput

CanDeliver = Callable[[str], bool]
"""Whether a fault of this kind can happen with the server in use."""


def check(fault_rule: FaultRule, can_deliver: CanDeliver, path: str) -> None:
    """Raise InvalidInput, naming the field below *path*, where a fault cannot be produced."""
    if found := list(_errors(fault_rule, can_deliver, path)):
        raise InvalidInput(found)


def check_all(fault_rules: Iterable[FaultRule], can_deliver: CanDeliver, path: str) -> None:
    """Raise InvalidInput as ``check``, for all in a list at *path*."""
    found = [
        error
        for index, fault_rule in enumerate(fault_rules)
        for error in _errors(fault_rule, can_deliver, f"{path}[{index}]")
    ]
    if found:
        raise InvalidInput(found)


def _errors(fault_rule: FaultRule, can_deliver: CanDeliver, path: str) -> Iterator[InputError]:
    for field, fault in fault_rule.faults():
        if not can_deliver(fault.name):
            needs = (
                "the jobs of a fake; a proxy has none"
                if isinstance(fault, ListFault)
                else "a server that owns its sockets, as that of GesMock and of gesmock serve "
                "does; the one in use does not"
            )
            yield InputError(f"{path}.{field}.kind", f"{fault.name!r} needs {needs}")
