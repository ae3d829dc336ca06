"""Load: ``wrk`` for many requests, ``curl`` for one long answer; and what they say of it."""

import re
import subprocess
from dataclasses import dataclass
from typing import Final

from benchmarks.processes import Running

_UNITS_MS: Final = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0, "h": 3_600_000.0}


class NotUnderstood(ValueError):
    """A tool's output is not what its known versions print."""


@dataclass(frozen=True, slots=True)
class Wrk:
    """What one run of wrk tells. *errors* counts socket errors and answers other than 2xx, 3xx."""

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
    found = re.search(pattern, output, re.MULTILINE)
    if found is None:
        raise NotUnderstood(f"wrk said nothing like {pattern!r}: {output[-300:]}")
    return found


def _milliseconds(found: re.Match[str]) -> float:
    return float(found[1]) * _UNITS_MS[found[2]]


def command(url: str, clients: int, seconds: int) -> list[str]:
    """The command that loads *url*. One thread: on few cores a second one takes from the server."""
    return ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "10s", "--latency", url]


def run(url: str, clients: int, seconds: int) -> Wrk:
    """Load *url* with so many *clients*, each sending one request after the other."""
    ran = subprocess.run(
        command(url, clients, seconds),
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    )
    return parse(ran.stdout)


def sample(server: Running, path: str, clients: int, seconds: int) -> dict[str, float]:
    """The figures of one run against *server*, and the processor time that it took a request."""
    before = server.cpu_s()
    told = run(server.url + path, clients, seconds)
    cpu_us = (server.cpu_s() - before) * 1e6 / max(told.requests, 1)
    return {
        "rps": told.rps,
        "requests": told.requests,
        "p50_ms": told.p50_ms,
        "p99_ms": told.p99_ms,
        "max_ms": told.max_ms,
        "errors": told.errors,
        "cpu_us": round(cpu_us, 3),
    }


def reader(url: str) -> "subprocess.Popen[str]":
    """A curl that reads *url* and keeps nothing; prints the seconds and bytes it took."""
    told = "%{time_total} %{size_download}"
    command = ["curl", "-sS", "--fail", "--max-time", "120", "-o", "/dev/null", "-w", told, url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def read(url: str) -> tuple[float, int]:
    """The seconds that it takes to read *url*, and how many bytes came."""
    with reader(url) as curl:
        output, _ = curl.communicate(timeout=150)
    if curl.returncode:
        raise NotUnderstood(f"curl ended with status {curl.returncode} over {url}")
    seconds, size = output.split()
    return float(seconds), int(size)
