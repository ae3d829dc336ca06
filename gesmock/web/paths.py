"""Which paths are the control API's, and how long the body of a request to one may be."""

from typing import Final

CONTROL: Final = "/_gesmock"
LARGEST_CONTROL_BODY: Final = 256 * 2**20  # a state of 100,000 jobs is some 57 MB


def is_control(path: str) -> bool:
    """Whether *path* belongs to the control API."""
    return path == CONTROL or path.startswith(f"{CONTROL}/")
