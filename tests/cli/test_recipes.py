"""The recipes in ``examples/`` for other test runners do what they say."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gesmock import GesMock

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(folder: Path, *command: str) -> str:
    """What *command* prints, run in *folder* beside a server; it has to end well."""
    with GesMock(fixture="empty") as ges:
        ran = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "GESMOCK_URL": ges.url, "NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


@pytest.mark.parametrize("started", [["-m", "unittest", "unittest_client"], ["unittest_client.py"]])
def test_a_client_is_tested_with_unittest(started: list[str]) -> None:
    told = run(EXAMPLES, sys.executable, "-W", "error", *started)

    assert "Ran 2 tests" in told
    assert "OK" in told


def test_a_javascript_client_is_tested_with_nodes_own_runner(tmp_path: Path) -> None:
    node = shutil.which("node")
    assert node is not None, "Node.js 20 or newer is wanted: apt-get install nodejs"

    told = run(tmp_path, node, "--test", "--test-reporter=tap", str(EXAMPLES / "client.test.mjs"))

    assert "# pass 3\n# fail 0\n" in told


def test_a_script_is_tested_with_curl(tmp_path: Path) -> None:
    told = run(tmp_path, "bash", str(EXAMPLES / "with_curl.sh"))

    assert told.splitlines() == [
        '"status":"failed"',
        '"status":"complete"',
        '{"status":"pending","result":"success"}',
        '"status":"success"',
        '{"errorMessage":"Engine service unavailable.","errorCode":"GES.8602"}',
        '"total":2,"dropped":0',
    ]
