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
    """What *command* prints, run in *folder* beside a server; it must succeed."""
    with GesMock(fixture="empty") as ges:
        result = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "GESMOCK_URL": ges.url, "NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


@pytest.mark.parametrize(
    "arguments", [["-m", "unittest", "unittest_client"], ["unittest_client.py"]]
)
def test_the_unittest_recipe_runs(arguments: list[str]) -> None:
    output = run(EXAMPLES, sys.executable, "-W", "error", *arguments)

    assert "Ran 2 tests" in output
    assert "OK" in output


def test_the_node_recipe_runs(tmp_path: Path) -> None:
    node = shutil.which("node")
    assert node is not None, "Node.js 20 or newer is required: apt-get install nodejs"

    output = run(tmp_path, node, "--test", "--test-reporter=tap", str(EXAMPLES / "client.test.mjs"))

    assert "# pass 3\n# fail 0\n" in output


def test_the_curl_recipe_runs(tmp_path: Path) -> None:
    output = run(tmp_path, "bash", str(EXAMPLES / "with_curl.sh"))

    assert output.splitlines() == [
        '"status":"failed"',
        '"status":"complete"',
        '{"status":"pending","result":"success"}',
        '"status":"success"',
        '{"errorMessage":"Engine service unavailable.","errorCode":"GES.8602"}',
        '"total":2,"dropped":0',
    ]
