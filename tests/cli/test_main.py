"""Each command imports what it uses, and nothing else: each start pays for every import."""

import subprocess
import sys

import pytest
from conftest import free_port

SERVE = """
from contextlib import suppress
from urllib.request import urlopen
from gesmock.cli import main, serve

def ask():
    urlopen(f"http://127.0.0.1:{sys.argv[1]}/ges/v1.0/854d9316e71d4dc599c5f27ea323d445/"
            "graphs/ges_j60071198_hdfs_fdb/jobs/status").close()

serve.stop_signals = lambda: ask
with suppress(SystemExit):
    main.main(["serve", "page_example", "--port", sys.argv[1]])
"""
HEALTH = """
from contextlib import suppress
from gesmock.cli import main

with suppress(SystemExit):
    main.main(["health", f"http://127.0.0.1:{sys.argv[1]}"])
"""
NOT_IMPORTED = {
    SERVE: "faker flask gesmock.cli.remote gesmock.cli.running gesmock.conformance gesmock.contract"
    " gesmock.journal.har gesmock.journal.verdict.paging gesmock.remote difflib asyncio",
    HEALTH: "faker flask gesmock.fake.fake gesmock.journal gesmock.server.protocol gesmock.mock",
}


@pytest.mark.parametrize("code", [SERVE, HEALTH], ids=["serve", "health"])
def test_a_command_imports_only_what_it_uses(code: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)", str(free_port())],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    imported = ran.stdout.splitlines()[-1].split()
    assert "gesmock.cli.options" in imported
    assert set(imported) & set(NOT_IMPORTED[code].split()) == set()
