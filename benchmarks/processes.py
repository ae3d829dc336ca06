"""Runs a target in a process group of its own, and measures the group."""

import http.client
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")


class StartFailed(Exception):
    """A target did not answer; the message has the last that it printed."""


class Running:
    """A started target, with all its processes."""

    def __init__(self, process: "subprocess.Popen[bytes]", command: list[str], port: int) -> None:
        self._process = process
        self.command = command
        self.port = port
        self.started_in_s = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def pids(self) -> list[int]:
        """The processes of the group."""
        return [pid for pid in _all_pids() if _group(pid) == self._process.pid]

    def cpu_s(self) -> float:
        """The processor time that the group has used."""
        return sum(_cpu_s(pid) for pid in self.pids())

    def memory_kb(self) -> int:
        """What the group holds in memory (VmRSS)."""
        return sum(_status_kb(pid, "VmRSS") for pid in self.pids())

    def peak_kb(self) -> int:
        """The most that it has held since its start, or since ``forget_peak`` (VmHWM)."""
        return sum(_status_kb(pid, "VmHWM") for pid in self.pids())

    def forget_peak(self) -> None:
        for pid in self.pids():
            Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")

    def stop(self) -> None:
        """End the group: with SIGTERM, then with SIGKILL."""
        for number, patience_s in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_s)
            if not self.pids():
                return


@contextmanager
def started(
    command: list[str],
    port: int,
    ready: Callable[[int], bool],
    *,
    room: Path,
    environment: Mapping[str, str] | None = None,
    patience_s: float = 60,
) -> Iterator[Running]:
    """Run *command* in the folder *room*; wait until it is *ready*. Raises StartFailed."""
    log = room / "log"
    began = time.perf_counter()
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(
                command,
                cwd=room,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise StartFailed(str(error)) from None
    running = Running(process, command, port)
    try:
        while not ready(port):
            if process.poll() is not None or time.perf_counter() - began > patience_s:
                last = log.read_text(encoding="utf-8", errors="replace").strip()[-300:]
                raise StartFailed(f"no answer from {Path(command[0]).name}: {last or 'silence'}")
            time.sleep(0.001)
        running.started_in_s = time.perf_counter() - began
        yield running
    finally:
        running.stop()


def get(port: int, path: str, *, timeout_s: float = 60) -> tuple[int, bytes]:
    """The status and the body at *path*."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def send(
    port: int, method: str, path: str, body: bytes, headers: Mapping[str, str] | None = None
) -> int:
    """Send *body*, which is JSON; returns the status of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        own = {"Content-Type": "application/json", **(headers or {})}
        connection.request(method, path, body, own)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def answers(path: str) -> Callable[[int], bool]:
    """Whether *path* is answered with 200."""

    def ready(port: int) -> bool:
        with suppress(OSError, http.client.HTTPException):
            return get(port, path)[0] == 200
        return False

    return ready


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def allow_many_files() -> int:
    """Raise the limit on open files to the hard limit, for children too; returns it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _stat(pid: int) -> list[str]:
    """The fields of a process after its name (proc(5)), the state first; empty if it has gone."""
    with suppress(OSError):
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return text.rpartition(")")[2].split()
    return []


def _group(pid: int) -> int:
    """The process group; 0 if the process has gone, or waits to be reaped."""
    fields = _stat(pid)
    return int(fields[2]) if fields and fields[0] not in "ZX" else 0


def _cpu_s(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _status_kb(pid: int, name: str) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    return 0
