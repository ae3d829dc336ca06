"""The rules of the house, checked from the imports."""

import ast
from pathlib import Path

import pytest

import gesmock

HOUSE = Path(gesmock.__file__).parent

LAYERS = [
    {
        "errors",
        "exchange",
        "delivery",
        "validation",
        "flaws",
        "documentation",
        "names",
        "printable",
        "secrecy",
        "statuses",
        "clock",
    },
    {"settings", "epochs", "changes", "plans", "jobs", "tokens", "arming", "faults", "plan_rules"},
    {"raw_requests", "results", "recipes", "generators", "entries", "journal", "life"},
    {"verdict", "matching", "har"},
    {"rows", "blocks", "listing", "index", "lives", "cohort"},
    {"graph", "fixtures", "shapes", "kinds", "memory_items", "openapi"},
    {
        "population",
        "graphs",
        "start",
        "ticks",
        "world",
        "fake",
        "waiting",
        "judging",
        "provider_states",
    },
    {"operations"},
    {"httpd", "target"},
    {"web"},
    {
        "conformance",
        "recorded_jobs",
        "recording",
        "proxy",
        "redaction",
        "relayed",
        "upstream",
    },
    {
        "mock",
        "script",
        "scripting",
        "cli",
        "cli_fixtures",
        "cli_openapi",
        "cli_proxy",
        "cli_record",
        "cli_serving",
        "cli_target",
        "cli_verify",
        "cli_options",
        "environment",
        "terminal",
        "outputs",
        "stop_signals",
        "pytest_marker",
        "pytest_plugin",
        "pytest_report",
        "__init__",
        "__main__",
    },
]
"""From the bottom to the top; a module may import those of its own layer and of lower ones."""

ROOMS = [path.relative_to(HOUSE).with_suffix("").as_posix() for path in sorted(HOUSE.rglob("*.py"))]


def layer(room: str) -> int:
    return next(
        number for number, names in enumerate(LAYERS) if room.split("/", maxsplit=1)[0] in names
    )


def imported(room: str) -> set[str]:
    """The modules that a room imports, inside functions too, but not for type checkers only."""
    tree = ast.parse((HOUSE / f"{room}.py").read_text(encoding="utf-8"))
    names: set[str] = set()
    nodes: list[ast.stmt] = [*tree.body]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{room}: a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        nodes += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_looks_down_only(room: str) -> None:
    for name in imported(room):
        package, _, rest = name.partition(".")
        below = rest.split(".")[0]
        if package == "gesmock" and below and any(below in names for names in LAYERS):
            assert layer(below) <= layer(room), f"{room} imports {name}"


@pytest.mark.parametrize("room", ROOMS)
def test_flask_is_known_in_the_web_rooms_only_and_sockets_below_them_only_where_http_is_spoken(
    room: str,
) -> None:
    known = {name.split(".")[0] for name in imported(room)}
    if layer(room) < layer("web"):
        assert not known & {"flask", "werkzeug"}
    if layer(room) < layer("httpd"):
        assert not known & {"socket", "ssl", "selectors"}


@pytest.mark.parametrize("room", ROOMS)
def test_who_speaks_http_knows_nothing_of_the_service_nor_of_the_other_end(room: str) -> None:
    place = room.split("/", maxsplit=1)[0]
    if place in ("httpd", "target"):
        ours = {name for name in imported(room) if name.startswith("gesmock.")}
        known = ("clock", "errors", "delivery" if place == "httpd" else "names", place)
        assert all(name.split(".")[1] in known for name in ours)


@pytest.mark.parametrize("room", ROOMS)
def test_the_time_is_read_by_the_clock_only(room: str) -> None:
    if layer(room) < layer("web") and room != "clock":
        assert not {name.split(".")[0] for name in imported(room)} & {"time", "datetime"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_module_has_no_more_than_300_lines_and_says_what_lives_there(room: str) -> None:
    text = (HOUSE / f"{room}.py").read_text(encoding="utf-8")

    assert len(text.splitlines()) <= 300
    assert ast.get_docstring(ast.parse(text))


def test_every_shipped_fixture_loads_and_is_used() -> None:
    from gesmock import fixtures

    top = HOUSE.parent
    texts = [(top / "README.md").read_text(encoding="utf-8")]
    texts += [path.read_text(encoding="utf-8") for path in (top / "tests").rglob("*.py")]
    for path in (top / "fixtures").glob("*.json"):
        assert fixtures.read(path.stem)
        assert any(path.stem in text for text in texts), f"nobody uses {path.name}"
