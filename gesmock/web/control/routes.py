"""Every control call, and the one that describes them."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

from gesmock.fake.project import Project
from gesmock.web.control import faults, jobs, journal, state
from gesmock.web.control.api import call


@call("GET", "openapi.json", summary="Describe the control API")
def describe(_: Project) -> dict[str, Any]:
    from gesmock.web.control.document import control_document  # few ask for it

    return control_document(CALLS)


def _declared(module: ModuleType) -> Iterator[call]:
    return (value for value in vars(module).values() if isinstance(value, call))


CALLS: Final = (
    describe,
    *_declared(state),
    *_declared(jobs),
    *_declared(faults),
    *_declared(journal),
)
