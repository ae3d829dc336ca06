"""What a release uploads: complete, in order, and enough for the README's first example."""

import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.deep

TOP = Path(__file__).parents[2]
FORGE = TOP / ".github"


class Distributions(NamedTuple):
    source: Path
    wheel: Path


def run(*command: str | Path, folder: Path = TOP) -> str:
    """What *command* prints, run in *folder*; it must succeed."""
    ran = subprocess.run(
        [*map(str, command)], cwd=folder, check=False, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def module(name: str, *arguments: str | Path, folder: Path = TOP) -> str:
    """What ``python -m name`` prints; the extra ``package`` installs the modules used here."""
    return run(sys.executable, "-m", name, *arguments, folder=folder)


@pytest.fixture(scope="module")
def files() -> set[str]:
    """The files of the repository."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    return {name for name in listed.split("\0") if (TOP / name).is_file()}


@pytest.fixture(scope="module")
def built(files: set[str], tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Both distributions, from a copy, without the leftovers of earlier builds."""
    copy = tmp_path_factory.mktemp("copy")
    for name in files:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / name, copy / name)
    module("build", folder=copy)
    (source,) = copy.glob("dist/*.tar.gz")
    (wheel,) = copy.glob("dist/*.whl")
    return Distributions(source, wheel)


def test_the_source_distribution_has_every_file(built: Distributions, files: set[str]) -> None:
    with tarfile.open(built.source) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}

    assert files - packed == set()


def test_the_wheel_has_every_file_of_the_package(built: Distributions, files: set[str]) -> None:
    fixtures = {f"gesmock/named_{name}" for name in files if name.startswith("fixtures/")}
    package = {name for name in files if name.startswith("gesmock/")}
    package |= {f"gesmock/{name}" for name in files if name.startswith("demo/")}
    with zipfile.ZipFile(built.wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert packed == package | fixtures


def test_linters_of_packages_find_nothing(built: Distributions) -> None:
    module("twine", "check", "--strict", *built)
    module("check_wheel_contents", built.wheel)
    # The project has no website and no mail address.
    module("pyroma", "--min", "10", "--skip-tests", "AuthorEmail,Url", built.source)


def test_the_wheel_alone_runs_the_first_example_of_the_readme(
    built: Distributions, tmp_path: Path
) -> None:
    example = re.search(
        r"^```python\n(.*?)^```", (TOP / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert example
    (tmp_path / "test_readme.py").write_text(example[1], encoding="utf-8")
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv/bin"
    run(programs / "pip", "install", "--quiet", built.wheel, "pytest", "requests")

    assert "2 passed" in run(programs / "pytest", "-q", folder=tmp_path)


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        ("github-workflows", "workflows/*.yml"),
        ("github-issue-forms", "ISSUE_TEMPLATE/[!c]*.yml"),
        ("github-issue-config", "ISSUE_TEMPLATE/config.yml"),
        ("dependabot", "dependabot.yml"),
    ],
)
def test_files_for_the_forge_follow_their_schema(schema: str, pattern: str) -> None:
    module("check_jsonschema", "--builtin-schema", f"vendor.{schema}", *sorted(FORGE.glob(pattern)))
