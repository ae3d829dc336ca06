"""The examples of README and docs run, and their tables name what there is."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from conftest import IMPORTED

from gesmock import __version__
from gesmock.cli import main as cli
from gesmock.fake import fixtures
from gesmock.fake.routes import ROUTES
from gesmock.faults import KINDS, PRESETS, FaultRule
from gesmock.journal.verdict.findings import RULES, VerdictConfig
from gesmock.model.plans import PlanName
from gesmock.model.settings import Settings
from gesmock.model.validation import read
from gesmock.web.control.document import CALLS

TOP = Path(__file__).parents[1]
README = (TOP / "README.md").read_text(encoding="utf-8")
PAGES = {path: path.read_text(encoding="utf-8") for path in sorted((TOP / "docs").rglob("*.md"))}
DOCS = "\n\n".join([README, *PAGES.values()])


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCS, re.DOTALL | re.MULTILINE)


def commands(block: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with the output it is to have."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


CONSOLE = [pair for block in blocks("console") for pair in commands(block)]
SERVE = next(pair for pair in CONSOLE if pair[0].startswith("gesmock serve"))


@pytest.fixture(scope="module")
def port() -> Iterator[str]:
    """The port of the README's server, started as it says, but at any free port."""
    program, *arguments = SERVE[0].split()
    with subprocess.Popen(
        [sys.executable, "-m", program, *arguments],
        env={**os.environ, "GESMOCK_PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        found = first.strip().rpartition(":")[2]
        assert (first + second).replace(found, "8080") == SERVE[1]
        yield found
        process.terminate()


@pytest.mark.parametrize(("command", "output"), [pair for pair in CONSOLE if pair != SERVE])
def test_a_command_prints_what_the_docs_say(
    command: str, output: str, port: str, tmp_path: Path
) -> None:
    movies = json.loads((TOP / "fixtures/movies.json").read_bytes())
    movies["graphs"]["movies"]["jobs"][3]["status"] = "done"
    (tmp_path / "movies.json").write_text(json.dumps(movies))

    ran = subprocess.run(
        ["bash", "-c", command.replace("8080", port)],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.stdout or ran.stderr).rstrip("\n") == output.rstrip("\n")


@pytest.mark.parametrize("code", [one for one in blocks("python") if "def test_" not in one])
def test_a_python_example_runs(code: str) -> None:
    exec(compile(code, "docs", "exec"), {})


@pytest.mark.parametrize("code", [one for one in blocks("python") if "def test_" in one])
def test_a_pytest_example_passes(code: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(code)

    pytester.runpytest_inprocess("-W", "error", *IMPORTED).assert_outcomes(
        passed=code.count("\ndef test_")
    )


def test_the_state_in_the_docs_loads() -> None:
    [text] = blocks("json")

    state = fixtures.parse(text.encode())

    assert fixtures.describe(state) == "1 graph, 1 job, 1 generator, 1 plan, 2 tokens, 2 faults"


def test_ci_runs_the_two_commands_of_the_readme() -> None:
    first, second = blocks("sh")
    script = (TOP / ".ci/run").read_text(encoding="utf-8")

    assert first.endswith("gesmock serve\n")
    assert " && .venv/bin/coverage run -m pytest" in second
    assert "command_of_the_readme 1" in script
    assert "command_of_the_readme 2" in script


def test_every_setting_is_in_the_table_of_differences() -> None:
    named = set(re.findall(r"^\|[^|]*\|[^|]*\| `(\w+)`:", DOCS, re.MULTILINE))

    assert named == set(Settings.__struct_fields__)


def test_every_plan_of_the_library_is_in_its_table() -> None:
    table = DOCS.partition("| plan | pending for |")[2].partition("\n\n")[0]

    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == [*get_args(PlanName)]


def rows(head: str) -> list[list[str]]:
    """The cells of the table that begins so."""
    table = DOCS.partition(head)[2].partition("\n\n")[0]
    return [row.strip("| ").split(" | ") for row in table.splitlines()[2:]]


def test_every_kind_of_fault_is_in_its_table_with_its_fields() -> None:
    table = rows("| kind | fields |")

    assert [row[0].strip("`") for row in table] == [*KINDS]
    for row, kind in zip(table, KINDS.values(), strict=True):
        fields = set(re.findall(r"`(\w+)`", row[1] if len(row) > 2 else ""))
        assert fields == set(kind.__struct_fields__)


def test_every_way_to_choose_is_in_its_table() -> None:
    told = {name for row in rows("| which calls |") for name in re.findall(r"`(\w+)`", row[0])}

    assert told == set(FaultRule.__struct_fields__) - {"fault", "script", "preset"}


def test_every_preset_is_in_its_table_with_its_fault_rules() -> None:
    told = {row[0].strip("`"): re.findall(r"`([^`]+)`", row[2]) for row in rows("| preset | is |")}

    assert {
        name: [read({**msgspec.json.decode(one), "preset": name}, FaultRule) for one in listed]
        for name, listed in told.items()
    } == {name: [*fault_rules] for name, fault_rules in PRESETS.items()}


def test_every_finding_is_in_its_table() -> None:
    table = DOCS.partition("| code | name | what it finds |")[2].partition("\n\n")[0]

    assert re.findall(r"^\| (GM\d+) \| `(\w+)` \| (.*) \|$", table, re.MULTILINE) == [
        (rule.code, rule.name, rule.summary) for rule in RULES
    ]


def test_every_measure_is_in_its_table_with_its_default() -> None:
    table = DOCS.partition("| measure | default | |")[2].partition("\n\n")[0]
    told: dict[str, str] = {}
    for names, defaults in re.findall(r"^\| (`.*?) \| (.*?) \|", table, re.MULTILINE):
        told |= zip(re.findall(r"`(\w+)`", names), defaults.split(", "), strict=True)

    held = msgspec.structs.asdict(VerdictConfig())
    assert told.keys() == held.keys() - {"ignore", "fail_on"}
    for name, default in told.items():
        assert default in (f"`{held[name]}`", str(held[name]).removesuffix(".0"))


def test_every_option_of_the_pytest_plugin_is_documented(pytester: pytest.Pytester) -> None:
    told = pytester.runpytest_inprocess("--help").stdout.str()
    options = set(re.findall(r"--gesmock-[a-z-]+|gesmock_[a-z_]+(?= \()", told))

    assert len(options) == 6
    assert all(option in DOCS for option in options)


def test_every_option_of_serve_is_documented() -> None:
    for parameter in cli.main.commands["serve"].params:
        if parameter.param_type_name == "option" and parameter.name != "log_level":
            assert max(parameter.opts, key=len) in DOCS


def test_every_route_of_the_control_api_is_in_its_table() -> None:
    """A cell is ``GET``, ``PUT state`` · ...: methods, the last of them with the path."""
    table = DOCS.partition("| call | does |")[2].partition("\n\n")[0]
    told: set[tuple[str, str]] = set()
    for row in table.splitlines()[2:]:
        for cell in row.split("|")[1].split("·"):
            words = re.findall(r"`([^`]+)`", cell)
            path = words[-1].split()[1]
            told |= {(word.split()[0], path) for word in words}

    routes = {(call.method, re.sub(r"<.*>", "{id}", call.path)) for call in CALLS}
    assert told == routes


def test_every_shipped_fixture_is_documented() -> None:
    for path in (TOP / "fixtures").glob("*.json"):
        assert f"`{path.stem}`" in DOCS


def test_the_changelog_has_this_version() -> None:
    assert f"## {__version__} " in (TOP / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_version_is_that_of_the_package() -> None:
    assert version("gesmock") == __version__


@pytest.mark.parametrize("command", ["verify", "record", "proxy"])
def test_every_option_that_only_a_command_for_servers_has_is_documented(command: str) -> None:
    shared = {parameter.name for parameter in cli.main.commands["serve"].params}
    for parameter in cli.main.commands[command].params:
        if parameter.name not in shared:
            assert any(name in DOCS for name in parameter.opts)


def test_the_table_of_operations_is_that_of_the_routes() -> None:
    table = DOCS.partition("| operation | call |")[2].partition("\n\n")[0]
    told = re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE)
    routes: dict[str, set[str]] = {}
    for route in ROUTES:
        path = re.sub(r"^/ges/v1\.0/\{project_id\}/(g|h)\w+/\{graph_name\}", short, route.path)
        action = f"?action_id={route.action_id}" if route.action_id else ""
        routes.setdefault(route.operation, set()).add(f"{route.method} {path}{action}")

    assert {name: set(re.findall("`(.+?)`", calls)) for name, calls in told} == routes


def short(place: re.Match[str]) -> str:
    return place[1].upper()


def test_the_readme_is_short() -> None:
    assert len(README.split()) <= 700


@pytest.mark.parametrize("page", [TOP / "README.md", *PAGES], ids=lambda page: page.name)
def test_links_lead_to_files_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)

    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]

    assert missing == []
