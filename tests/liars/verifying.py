"""Runs ``gesmock verify`` against the liar server."""

import json
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from gesmock.cli import main as cli
from liars.liar_server import LiarServer


@dataclass
class Verified:
    """How a run ended; *failed* and *deviations* are names of checks."""

    exit_status: int
    output: str
    failed: list[str]
    deviations: list[str]
    passed: list[str]


def verify(server: LiarServer, folder: Path, *options: str, token: str = "") -> Verified:
    """Verify *server*; its report goes to *folder*."""
    report = folder / "report.json"
    arguments = ["verify", "--target", server.url, "--per-second", "0", "--json", str(report)]
    environment = {"GESMOCK_TARGET_TOKEN": token}
    result = CliRunner(env=environment).invoke(cli.main, [*arguments, *options])
    checks = json.loads(report.read_text())["checks"] if report.exists() else []
    states: dict[str, list[str]] = {}
    for check in checks:
        states.setdefault(check["outcome"], []).append(check["name"])
    deviations = states.get("deviation", [])
    failed = states.get("failed", []) + (deviations if "--strict" in options else [])
    return Verified(result.exit_code, result.output, failed, deviations, states.get("passed", []))
