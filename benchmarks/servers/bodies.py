"""The arguments of these servers: a port, and the body for each path."""

import sys
from pathlib import Path


def port_and_bodies() -> tuple[int, dict[str, bytes]]:
    """From ``PORT PATH=FILE...``."""
    port, *arguments = sys.argv[1:]
    pairs = (argument.split("=", 1) for argument in arguments)
    return int(port), {path: Path(file).read_bytes() for path, file in pairs}
