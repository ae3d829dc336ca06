"""The marker ``gesmock``: what a test says of the fake, with the ini file in one.

Imports the standard library and pytest only, as the plugin.
"""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gesmock.mock import GesMock

_KEYWORDS = (
    "fixture",
    "project_id",
    "graph_name",
    "generate",
    "seed",
    "tokens",
    "settings",
    "clock",
    "plans",
    "faults",
    "preset",
    "verdict",
    "journal_size",
    "ignore",
    "fail_on",
    "strict",
)


def marked(node: pytest.Item) -> dict[str, Any]:
    """The keywords of the markers ``gesmock``, those closest to the test winning."""
    options: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("gesmock"))):
        wrong = [repr(value) for value in marker.args]
        wrong += [name for name in marker.kwargs if name not in _KEYWORDS]
        if wrong:
            raise pytest.UsageError(
                f"@pytest.mark.gesmock: unknown {', '.join(wrong)}; known are "
                + ", ".join(f"{name}=..." for name in _KEYWORDS)
            )
        if not isinstance(marker.kwargs.get("strict", True), bool):
            raise pytest.UsageError("@pytest.mark.gesmock: strict is True or False")
        ignored = [*_several(options.get("ignore")), *_several(marker.kwargs.get("ignore"))]
        options |= marker.kwargs
        if ignored:
            options["ignore"] = ignored
    return options


def restart(ges: "GesMock", options: dict[str, Any], config: pytest.Config) -> None:
    """Let *ges* begin with what it began with, and *options* of the marker."""
    from gesmock.model.errors import InvalidInput

    __tracebackhide__ = True
    began: dict[str, Any] = {**ges.options}
    try:
        ges.start().restart(**_judged(began | options, config))
    except InvalidInput as error:
        raise pytest.UsageError(f"@pytest.mark.gesmock: {error}") from None


def _judged(options: dict[str, Any], config: pytest.Config) -> dict[str, Any]:
    """*options* with what they and the ini file say of the verdict in one."""
    from gesmock.model import validation

    ignore = [*config.getini("gesmock_ignore"), *_several(options.pop("ignore", None))]
    fail_on = _several(options.pop("fail_on", None), config.getini("gesmock_fail_on"))
    given = options.pop("verdict", None)
    verdict = validation.read_python({} if given is None else given, dict[str, Any], "verdict")
    if ignore:
        verdict["ignore"] = [*ignore, *_several(verdict.get("ignore"))]
    if fail_on:
        verdict.setdefault("fail_on", fail_on)
    return {**options, "verdict": verdict} if verdict else options


def _several(value: Any, default: Any = ()) -> Any:
    """*value*, where a single one may be given as it is."""
    if value is None:
        return default
    return value if isinstance(value, list | tuple | set | frozenset) else [value]
