"""Puts load on a server: ``wrk`` for many requests, ``curl`` for long answers."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from benchmarks.processes import Running

_UNITS_MS: Final = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0, "h": 3_600_000.0}


class NotUnderstood(ValueError):
    """A tool's output is not what its known versions print."""


@dataclass(frozen=True)
class Wrk:
    """The figures of one run of wrk. *errors* counts socket errors and answers but 2xx and 3xx."""

    rps: float
    requests: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    errors: int


def parse(output: str) -> Wrk:
    """The figures of ``wrk --latency``. Raises NotUnderstood."""
    latency = _found(r"^ +Latency +\S+ +\S+ +([\d.]+)(\w+)", output)
    errors = re.search(
        r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output
    )
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    return Wrk(
        rps=float(_found(r"^Requests/sec: +([\d.]+)", output)[1]),
        requests=int(_found(r"^ +(\d+) requests in", output)[1]),
        p50_ms=_milliseconds(_found(r"^ +50% +([\d.]+)(\w+)", output)),
        p99_ms=_milliseconds(_found(r"^ +99% +([\d.]+)(\w+)", output)),
        max_ms=_milliseconds(latency),
        errors=sum(map(int, errors.groups() if errors else ())) + int(refused[1] if refused else 0),
    )


def _found(pattern: str, output: str) -> re.Match[str]:
    match = re.search(pattern, output, re.MULTILINE)
    if match is None:
        raise NotUnderstood(f"the output of wrk does not match {pattern!r}: {output[-300:]}")
    return match


def _milliseconds(match: re.Match[str]) -> float:
    return float(match[1]) * _UNITS_MS[match[2]]


def run(url: str, clients: int, seconds: int) -> Wrk:
    """Load *url* with this many *clients*, each sending one request after the other.

    wrk gets one thread: on few cores, a second one would take time from the server.
    """
    load = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "10s", "--latency", url]
    ran = subprocess.run(load, capture_output=True, text=True, check=True, timeout=seconds + 60)
    return parse(ran.stdout)


def sample(server: Running, path: str, clients: int, seconds: int) -> dict[str, float]:
    """The figures of one run against *server*, and its processor time per request."""
    before = server.cpu_s()
    figures = run(server.url + path, clients, seconds)
    cpu_us = (server.cpu_s() - before) * 1e6 / max(figures.requests, 1)
    return asdict(figures) | {"cpu_us": round(cpu_us, 3)}


def reader(urls: Sequence[str], *, patience_s: int = 300) -> "subprocess.Popen[str]":
    """A curl that reads *urls* in turn on one connection, and discards them.

    It prints a line for each: seconds and bytes.
    """
    line = r"%{time_total} %{size_download}\n"
    curl = ["curl", "-sS", "--fail-early", "--fail", "--max-time", str(patience_s), "-w", line]
    for url in urls:
        curl += ["-o", "/dev/null", url]
    return subprocess.Popen(curl, stdout=subprocess.PIPE, text=True)


def read(*urls: str) -> dict[str, float]:
    """The seconds and bytes that *urls* take, read in turn; *rps* is how often in a second."""
    with reader(urls) as curl:
        output, _ = curl.communicate(timeout=330)
    if curl.returncode:
        raise NotUnderstood(f"curl ended with status {curl.returncode} over {urls[0]}")
    lines = [line.split() for line in output.splitlines()]
    seconds = sum(float(seconds) for seconds, _ in lines)
    return {"rps": 1 / seconds, "seconds": seconds, "bytes": sum(int(size) for _, size in lines)}
