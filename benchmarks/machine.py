"""The machine and the programs of a run."""

import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """Processors, memory, kernel, versions; nothing that names a user or a host."""
    return {
        "processors": os.cpu_count(),
        "processor": _field("/proc/cpuinfo", "model name"),
        "memory": _field("/proc/meminfo", "MemTotal"),
        "system": f"{platform.system()} {platform.release()}",
        "load_at_start": os.getloadavg()[0],
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "wrk": _first_line("wrk", "-v"),
        "curl": _first_line("curl", "--version"),
        "node": _first_line("node", "--version"),
        "java": _first_line("java", "-version"),
        "respx": _installed("respx"),
        "responses": _installed("responses"),
    }


def _field(file: str, name: str) -> str | None:
    for line in Path(file).read_text(encoding="utf-8").splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return None


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _first_line(program: str, option: str) -> str | None:
    if shutil.which(program) is None:
        return None
    ran = subprocess.run([program, option], capture_output=True, text=True, check=False)
    return (ran.stdout + ran.stderr).strip().splitlines()[0]
