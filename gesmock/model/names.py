"""The names of projects and graphs: what they may be, and which are meant where none is given."""

import re
from typing import Annotated, Final, TypeGuard

from msgspec import Meta

PROJECT_PATTERN: Final = "[A-Za-z0-9]{1,64}"
"""1 to 64 letters and digits (ges_03_0471, 2025-11-28)."""

ProjectId = Annotated[
    str,
    Meta(
        pattern=rf"^{PROJECT_PATTERN}(?![\s\S])",
        description="a project id: 1 to 64 letters and digits (ges_03_0471)",
    ),
]
# Inferred: the list's page has no rule for graph_name, and those for creating a graph differ.
_GRAPH_PATTERN = r"[^/\x00-\x1f\x7f]{1,255}"
GraphName = Annotated[
    str,
    Meta(
        pattern=rf"^{_GRAPH_PATTERN}(?![\s\S])",
        description="a graph name: 1 to 255 characters, no '/' and no control characters",
    ),
]

DEFAULT_PROJECT: Final = "854d9316e71d4dc599c5f27ea323d445"
"""The project of the job list's own example (ges_03_0471)."""

DEFAULT_GRAPH: Final = "movie"
"""The graph of older examples of the job list (ges_03_0471, 2024-01-04)."""


def is_project_id(text: str) -> bool:
    """Whether *text* is 1 to 64 letters and digits."""
    return re.fullmatch(PROJECT_PATTERN, text) is not None


def is_graph_name(text: str | None) -> TypeGuard[str]:
    """Whether *text* can be the name of a graph."""
    return text is not None and re.fullmatch(_GRAPH_PATTERN, text) is not None
