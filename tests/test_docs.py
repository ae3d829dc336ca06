"""The tables of README and docs agree with the code, and their links lead somewhere."""

import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, get_args, get_type_hints

import msgspec
import pytest
from conftest import PROJECT, Service

import gesmock
from gesmock import __version__
from gesmock.fake import fake, feed, graphs
from gesmock.fake import verdict as fake_verdict
from gesmock.fake.graphs import MOST_JOBS
from gesmock.fake.options import OPTION_NAMES
from gesmock.fake.routes import ROUTES
from gesmock.faults import KINDS, PRESETS, FaultRule, fault_rules
from gesmock.journal import entries, journal, verdict
from gesmock.journal.verdict import findings
from gesmock.journal.verdict.findings import RULES, VerdictConfig
from gesmock.model import documentation, errors, messages, queries, rules, types, validation
from gesmock.model.jobs import MOST_CHANGED
from gesmock.model.plans import PlanName
from gesmock.model.settings import Settings
from gesmock.model.types import Edition
from gesmock.model.validation import read
from gesmock.server import parser, protocol
from gesmock.web import gateway
from gesmock.web.control import api
from gesmock.web.control import jobs as control_jobs
from gesmock.web.control import journal as control_journal
from gesmock.web.control.document import control_document
from gesmock.web.guard import LARGEST_CONTROL_BODY

TOP = Path(__file__).parents[1]
README = (TOP / "README.md").read_text(encoding="utf-8")
PAGES = {path: path.read_text(encoding="utf-8") for path in sorted((TOP / "docs").rglob("*.md"))}
DOCS = "\n\n".join([README, *PAGES.values()])


def test_ci_runs_the_two_commands_of_the_readme() -> None:
    first, second = re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    script = (TOP / ".ci/run").read_text(encoding="utf-8")

    assert first.endswith("gesmock serve\n")
    assert second.endswith(" && .venv/bin/pytest -n 3\n")
    assert "command_of_the_readme 1" in script
    assert "command_of_the_readme 2" in script


# --- Differences from the real service ------------------------------------------------------------


class Difference(NamedTuple):
    answer: str
    setting: str
    mark: str
    page: str

    @property
    def names(self) -> set[str]:
        """The words of the answer in code font."""
        return set(re.findall("`(.+?)`", self.answer))


def _differences() -> dict[str, Difference]:
    """The rows of the table of differences, by question. Rows with a question only are headings."""
    table = DOCS.partition("| question | in gesmock | setting | mark | page |")[2]
    rows = table.partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row[1:-1].split("|")] for row in rows]
    return {question: Difference(*others) for question, *others in cells if any(others)}


DIFFERENCES = _differences()


def test_every_difference_is_marked_and_has_a_page_that_the_package_names_too() -> None:
    package = "".join(
        path.read_text(encoding="utf-8")
        for path in (TOP / "gesmock").rglob("*.*")
        if path.suffix in (".py", ".json")
    )

    assert len(DIFFERENCES) > 60
    for question, row in DIFFERENCES.items():
        pages = re.findall(r"ges_\d\d_\d{4}", row.page)
        assert [page for page in pages if page not in package] == [], question
        assert row.mark in ("documented", "inferred", "seen in a public client"), question
        if row.mark == "documented":
            assert pages or "returned values, 2021" in row.page, question
        if row.mark == "seen in a public client":
            assert re.search("ges_graph_skill|huaweicloudsdkcore", row.page), question


def test_every_setting_is_in_its_table_its_default_first_and_in_a_row_of_the_differences() -> None:
    listed = {
        row[0].strip("`"): re.findall("`(.+?)`", row[1])
        for row in rows("| setting | values, the default first |")
    }
    types = get_type_hints(Settings)

    assert [*listed] == [*Settings.__struct_fields__]
    assert {row.setting.strip("`") for row in DIFFERENCES.values()} == {"", *listed}
    assert listed.pop("maximum_limit") == ["100000"]
    for name, values in listed.items():
        literal = get_args(types[name])[0] if type(None) in get_args(types[name]) else types[name]
        choices = get_args(literal) or (False, True)
        assert {*values} == {json.dumps(choice).strip('"') for choice in choices}, name
        assert values[0] == json.dumps(getattr(Settings(), name)).strip('"'), name


@pytest.fixture
def editions_by_operation(service: Service) -> dict[str, set[str]]:
    """The editions that know each operation."""
    editions: dict[str, set[str]] = {}
    for edition in get_args(Edition):
        service.begin(settings={"edition": edition})
        for route in ROUTES:
            path = re.sub(r"\{(project_id|graph_name)\}", lambda slot: NAMES[slot[1]], route.path)
            query = {"action_id": route.action_id} if route.action_id else None
            service.client.open(path, method=route.method, query_string=query, json={})
            [entry] = service.fake.default.journal
            service.fake.default.journal.clear()
            if entry.operation is not None:
                editions.setdefault(entry.operation, set()).add(edition)
    return editions


def test_the_calls_of_one_edition_alone_are_those_that_the_other_does_not_know(
    editions_by_operation: dict[str, set[str]],
) -> None:
    for edition in get_args(Edition):
        alone = DIFFERENCES[f"calls of the {edition} edition alone"].names
        assert alone == {
            operation for operation, known in editions_by_operation.items() if known == {edition}
        }


NAMES = {"project_id": PROJECT, "graph_name": "movie"}


def test_the_table_of_differences_says_the_same_of_calls_as_the_data() -> None:
    calls = documentation.submissions()
    database = [call for call in calls if call.edition != "memory"]
    complete = {call.command for call in database if call.finished == "complete"}
    queries = {"execute_cypher_query", "execute_gql_query"}
    [algorithms] = [
        condition.schema["properties"]["algorithmName"]["enum"]
        for call in database
        if call.command == "execute_algorithm"
        for condition in call.body
        if "enum" in condition.schema["properties"].get("algorithmName", {})
    ]
    [cancellable] = {
        tuple(call.cancellable) for call in calls if isinstance(call.cancellable, list)
    }
    certainty = {call.command: call.command_certainty for call in calls}

    assert {
        "commands that a page shows": {
            name for name, sure in certainty.items() if sure == "documented"
        },
        "commands guessed from other names": {
            name for name, sure in certainty.items() if sure == "guess"
        },
        "algorithms of the database edition": {*algorithms},
        "jobs of the database edition that end as `complete`": complete - queries,
        "queries that end as `complete` there": complete & queries,
        "jobs that can be cancelled": {call.command for call in calls if call.cancellable is True},
        "algorithms that can be cancelled": {*cancellable},
    }.items() <= {question: row.names for question, row in DIFFERENCES.items()}.items()
    assert DIFFERENCES["task types that a page shows"].names <= {call.task_type for call in calls}


def test_the_texts_in_the_table_of_differences_are_those_of_the_package() -> None:
    texts = documentation.table_texts()
    without_stop = "the texts of GES.8603, GES.8604 and GES.8605"
    codes = set(re.findall(r"GES\.\d+", without_stop))

    assert DIFFERENCES[without_stop].answer == "without a full stop"
    assert not [text for text in map(texts.__getitem__, codes) if text.endswith(".")]
    for question, refusal in {
        "an unknown graph": errors.UNKNOWN_GRAPH,
        "a bad token": errors.INVALID_TOKEN,
        "an unknown URL": errors.UNKNOWN_URL,
        "a wrong `limit` or `offset`": errors.PARAMETER_ERROR,
        "an unknown job to cancel": errors.UNKNOWN_JOB_TO_CANCEL,
        "a job that cannot be cancelled": errors.NOT_CANCELLABLE,
    }.items():
        answer = DIFFERENCES[question].answer
        filled = {"project_id": "<project>", "graph_name": "<graph>", "job_id": "<id>"}
        assert f"{refusal.code} `{refusal.message.format_map(filled)}`" in answer
    assert str(MOST_JOBS) in DIFFERENCES[f"more than {MOST_JOBS} jobs"].answer


def test_every_plan_of_the_library_is_in_its_table() -> None:
    table = DOCS.partition("| plan | pending for |")[2].partition("\n\n")[0]

    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == [*get_args(PlanName)]


def rows(head: str) -> list[list[str]]:
    """The cells of the table that begins with *head*."""
    table = DOCS.partition(head)[2].partition("\n\n")[0]
    return [row.strip("| ").split(" | ") for row in table.splitlines()[2:]]


def test_every_kind_of_fault_is_in_its_table_with_its_fields() -> None:
    table = rows("| kind | fields |")

    assert [row[0].strip("`") for row in table] == [*KINDS]
    for row, kind in zip(table, KINDS.values(), strict=True):
        fields = set(re.findall(r"`(\w+)`", row[1] if len(row) > 2 else ""))
        assert fields == set(kind.__struct_fields__)


def test_every_way_to_choose_is_in_its_table() -> None:
    documented = {
        name for row in rows("| which calls |") for name in re.findall(r"`(\w+)`", row[0])
    }

    assert documented == set(FaultRule.__struct_fields__) - {"fault", "script", "preset"}


def test_every_preset_is_in_its_table_with_its_fault_rules() -> None:
    documented = {
        row[0].strip("`"): re.findall(r"`([^`]+)`", row[2]) for row in rows("| preset | is |")
    }

    assert {
        name: [read({**msgspec.json.decode(one), "preset": name}, FaultRule) for one in listed]
        for name, listed in documented.items()
    } == {name: [*fault_rules] for name, fault_rules in PRESETS.items()}


def test_every_finding_is_in_its_table_and_has_a_section_with_two_clients_and_a_remedy() -> None:
    page = PAGES[TOP / "docs/reference/findings.md"]
    table = re.findall(r"^\| \[(GM\d+)\]\(#\S+\) \| `(\w+)` \| (.*) \|$", page, re.MULTILINE)
    sections = re.split(r"^### (GM\d+) `(\w+)`$", page, flags=re.MULTILINE)[1:]
    codes, names, texts = sections[::3], sections[1::3], sections[2::3]

    assert table == [(rule.code, rule.name, rule.summary) for rule in RULES]
    assert [*zip(codes, names, strict=True)] == [(rule.code, rule.name) for rule in RULES]
    for code, text in zip(codes[1:], texts[1:], strict=True):  # a crash is no client's fault
        careless = f"<!-- fails: gesmock found 1 finding: {code} -->\n```python\n"
        assert text.count("<!-- fails: ") == text.count(careless) == 1, code
        assert text.count("def test_careless(") == text.count("def test_corrected(") == 1, code
        assert text.count("\nRemedy: ") == 1, code


def test_every_measure_is_in_its_table_with_its_default() -> None:
    table = DOCS.partition("| measure | default | |")[2].partition("\n\n")[0]
    documented: dict[str, str] = {}
    for names, defaults in re.findall(r"^\| (`.*?) \| (.*?) \|", table, re.MULTILINE):
        documented |= zip(re.findall(r"`(\w+)`", names), defaults.split(", "), strict=True)

    held = msgspec.structs.asdict(VerdictConfig())
    assert documented.keys() == held.keys() - {"ignore", "fail_on"}
    for name, default in documented.items():
        assert default in (f"`{held[name]}`", str(held[name]).removesuffix(".0"))


def test_every_option_of_the_pytest_plugin_is_documented(pytester: pytest.Pytester) -> None:
    documented = pytester.runpytest_inprocess("--help").stdout.str()
    options = set(re.findall(r"--gesmock-[a-z-]+|gesmock_[a-z_]+(?= \()", documented))

    assert len(options) == 6
    assert all(option in DOCS for option in options)


def test_every_argument_of_the_marker_is_in_its_table() -> None:
    listed = {name for row in rows("| argument | is |") for name in re.findall(r"`(\w+)`", row[0])}

    assert listed == {*OPTION_NAMES, "fail_on", "ignore", "strict"}


def test_every_query_parameter_of_the_control_api_is_in_its_table() -> None:
    documented = {
        name for row in rows("| parameter | of |") for name in re.findall(r"`(\w+)`", row[0])
    }

    assert documented == {
        parameter["name"]
        for item in control_document()["paths"].values()
        for call in item.values()
        if isinstance(call, dict)
        for parameter in call["parameters"]
        if parameter.get("in") == "query"
    }


def test_every_public_name_is_on_the_page_of_the_python_api() -> None:
    page = PAGES[TOP / "docs/reference/python-api.md"]
    documented = set(re.findall(r"auto\w+:: gesmock\.(\w+)\b(?!\.)", page))
    [kinds] = re.findall(r"automodule:: gesmock\.faults\.kinds\n   :members: (.+)", page)

    types_of_arguments = {"JobStatus", "SettingChanges", "StartOptions"}
    documented |= types_of_arguments | {*kinds.split(", "), "__version__"}
    assert documented == set(dir(gesmock))


def test_every_shipped_fixture_is_documented() -> None:
    for path in (TOP / "fixtures").glob("*.json"):
        assert f"`{path.stem}`" in DOCS


def test_the_changelog_has_this_version() -> None:
    assert f"## {__version__} " in (TOP / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_page_of_performance_says_when_its_figures_were_measured() -> None:
    measured = (TOP / "benchmarks/measured.md").read_text(encoding="utf-8")
    [day] = re.findall(r"^# Measured on (\S+)$", measured, re.MULTILINE)

    assert f"## Measured on {day}\n" in PAGES[TOP / "docs/explanation/performance.md"]


def test_the_version_is_that_of_the_package() -> None:
    assert version("gesmock") == __version__


def test_the_table_of_operations_is_that_of_the_routes(
    editions_by_operation: dict[str, set[str]],
) -> None:
    table = DOCS.partition("| operation | call | edition |")[2].partition("\n\n")[0]
    documented = re.findall(r"^\| `(\w+)` \| (.+) \| (\w+) \|$", table, re.MULTILINE)
    routes: dict[str, set[str]] = {}
    for route in ROUTES:
        path = re.sub(r"^/ges/v1\.0/\{project_id\}/(g|h)\w+/\{graph_name\}", short, route.path)
        action = f"?action_id={route.action_id}" if route.action_id else ""
        routes.setdefault(route.operation, set()).add(f"{route.method} {path}{action}")

    assert {name: set(re.findall("`(.+?)`", calls)) for name, calls, _ in documented} == routes
    assert {
        name: {"database", "memory"} if edition == "both" else {edition}
        for name, _, edition in documented
    } == editions_by_operation


def short(place: re.Match[str]) -> str:
    return place[1].upper()


def test_the_readme_is_short() -> None:
    assert len(README.split()) <= 700


def anchors(page: Path) -> set[str]:
    """The fragments with which links lead to the headings of *page*."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "page",
    [*TOP.glob("*.md"), *PAGES, *(TOP / "skills").rglob("*.md")],
    ids=lambda page: str(page.relative_to(TOP)),
)
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    text = re.sub(
        r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    links = re.findall(r"\]\(([^)\s]+)[^)]*\)", text)

    for name, _, anchor in (link.partition("#") for link in links if "://" not in link):
        target = page.parent / name if name else page
        assert target.exists(), name
        assert not anchor or anchor in anchors(target), f"{name}#{anchor}"


@pytest.mark.parametrize("folder", ["tutorials", "how-to"])
def test_every_guide_is_listed_by_its_title(folder: str) -> None:
    listed = dict(
        re.findall(r"^- \[(.+)\]\((.+)\.md\)", PAGES[TOP / f"docs/{folder}/index.md"], re.MULTILINE)
    )

    assert {name: title for title, name in listed.items()} == {
        path.stem: text.partition("\n")[0].removeprefix("# ")
        for path, text in PAGES.items()
        if path.parent.name == folder and path.stem != "index"
    }


# --- Bounds -------------------------------------------------------------------------------------


def test_the_table_of_bounds_has_the_values_of_the_code() -> None:
    page = PAGES[TOP / "docs/reference/bounds.md"].partition("| what | at most |")[2]
    rows = [row[1:-1].split("|") for row in page.partition("\n\n")[0].splitlines()[2:]]
    jobs, limits = graphs.MOST_JOBS, parser.Limits()

    assert [int(value) for _, value, *_ in rows] == [
        limits.url,
        limits.head,
        messages.LARGEST_BODY,
        LARGEST_CONTROL_BODY,
        parser.LONGEST_FRAMING,
        parser.MOST_DIGITS,
        limits.head_s,
        limits.body_s,
        limits.body_rate,
        limits.in_flight,
        limits.connections,
        limits.reserve,
        protocol.MOST_UNREAD,
        limits.idle_s,
        limits.write_s,
        parser.LONGEST_CACHED,
        parser.MOST_CACHED,
        gateway.LARGEST_PREPARED,
        gateway.MOST_PREPARED,
        validation.MOST_LEVELS,
        api.LONGEST_CHECKED,
        errors.MOST_ERRORS,
        errors.MOST_COUNTED,
        errors.LONGEST_VALUE,
        types.LONGEST_KEY,
        fake.MOST_PROJECTS,
        graphs.MOST_GRAPHS,
        jobs,
        graphs.MOST_MEMORY_JOBS,
        jobs,
        graphs.MOST_SUBMITTED,
        rules.MOST_RULES,
        fault_rules.LONGEST_SCRIPT,
        fault_rules.MOST_NUMBERS,
        queries.MOST_RESULTS,
        queries.LONGEST_RESULT,
        queries.LONGEST_PATTERN,
        journal.SIZE,
        journal.LARGEST,
        entries.LONGEST_BODY,
        messages.LONGEST_HEAD,
        messages.LONGEST_REPLY,
        entries.MOST_REPLIED,
        messages.MOST_SHOWN,
        journal.MOST_STATUSES,
        verdict.MOST_FINDINGS,
        fake_verdict.MOST_URLS,
        fake_verdict.MOST_CRASHES,
        findings.MOST_ENTRIES,
        api.LIMIT,
        api.LARGEST_PAGE,
        control_jobs.MOST_TRANSITIONS,
        api.LONGEST_WAIT_S,
        control_journal.MOST_STREAMS,
        MOST_CHANGED,
        feed.LARGEST_BATCH,
        feed.MOST_REQUESTS,
        feed.LARGEST_LOG,
    ]
    assert all(answer.strip() for _, _, answer, *_ in rows)
