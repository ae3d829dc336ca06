"""The types in the comments of the panel's scripts, checked by TypeScript."""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.deep

TOOLS = Path(os.environ.get("GESMOCK_TOOLS", Path.home() / ".cache/gesmock-tools"))
OPTIONS = (
    *("--noEmit", "--allowJs", "--checkJs", "--strict", "--skipLibCheck"),
    *("--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"),
    *("--lib", "es2023,dom,dom.iterable"),
)


def test_the_scripts_pass_the_type_checker() -> None:
    here = Path(__file__)
    scripts = sorted((here.parents[2] / "gesmock/web/panel").glob("*.js"))
    types = here.with_name("panel.d.ts")

    compiler = TOOLS / "node_modules/.bin/tsc"
    checked = subprocess.run(
        [compiler, *OPTIONS, types, *scripts], check=False, capture_output=True, text=True
    )

    assert checked.stdout == ""
    assert checked.returncode == 0
