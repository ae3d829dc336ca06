"""The rules of the house (docs/explanation/architecture.md), checked from the imports and the names."""

import ast
import inspect
from collections import Counter
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import gesmock
from gesmock.fake import fixtures

HOUSE = Path(gesmock.__file__).parent

FLOORS = {
    "model": 1,
    "faults": 2,
    "contract": 2,
    "server": 2,
    "journal": 3,
    "fake": 4,
    "web": 5,
    "mock_project": 5,
    "mock": 6,
    "remote": 6,
    "pytest_plugin": 7,
    "pytest_report": 6,
    "conformance": 7,
    "cli": 8,
    "__main__": 9,
}
"""Each room with its floor. A room imports lower floors only; ``gesmock`` itself imports nothing
until a name is asked for, so every room may read its ``__version__``."""

LIBRARIES = {
    "flask": {"web"},
    "werkzeug": {"web"},
    "socket": {"server", "remote"},
    "ssl": {"server", "remote"},
    "selectors": {"server", "remote"},
    "httptools": {"server", "remote"},
    "click": {"cli"},
    "faker": {"model"},
}
"""Libraries that only these rooms import. Type checkers may see them anywhere."""

EMPTY_NAMES = {
    *("told", "tell", "kept", "seen", "shown", "found", "given", "made", "wanted", "known", "left"),
    *("one", "place", "rest", "others", "twin", "thing", "manager", "handler", "helper", "util"),
    *("utils", "helpers", "data", "info", "context"),
}
"""Names that say nothing about what they stand for."""

LONGEST_MODULE = 500


def dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


class Module(NamedTuple):
    """What the rules look at; *imported* are dotted names, also those that functions import."""

    docstring: str | None
    imported: set[str]
    imported_when_run: set[str]
    texts: list[str]
    classes: list[str]
    bound: list[tuple[str, int]]

    @classmethod
    def of(cls, source: str) -> "Module":
        tree = ast.parse(source)
        nodes = [*ast.walk(tree)]
        constants = [node.value for node in nodes if isinstance(node, ast.Constant)]
        return cls(
            ast.get_docstring(tree),
            imports(nodes),
            imports(nodes_when_run(tree)),
            [value for value in constants if isinstance(value, str)],
            [node.name for node in nodes if isinstance(node, ast.ClassDef)],
            [*bound_names(nodes)],
        )


Modules = dict[str, Module]


@pytest.fixture(scope="module")
def modules() -> Modules:
    """Every module of the package, by its dotted name without ``gesmock.``."""
    return {
        dotted(path.relative_to(HOUSE)): Module.of(path.read_text(encoding="utf-8"))
        for path in sorted(HOUSE.rglob("*.py"))
    }


def room_of(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def is_for_type_checkers(node: ast.AST) -> bool:
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
    return False


def nodes_when_run(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node below *tree*, except those that only type checkers read."""
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        if not is_for_type_checkers(node):
            yield node
            nodes += ast.iter_child_nodes(node)


def imports(nodes: Iterable[ast.AST]) -> set[str]:
    """The dotted names that *nodes* import."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{'.' * node.level}{node.module}.{alias.name}" for alias in node.names}
    return names


def arrows(modules: Modules) -> dict[str, set[str]]:
    """Which modules each module imports, without the package's own ``__init__``."""
    graph: dict[str, set[str]] = {}
    for name, module in modules.items():
        if name == "__init__":
            continue
        graph[name] = set()
        for imported in module.imported:
            inside = imported.removeprefix("gesmock.")
            if inside == imported:
                continue
            target = inside if inside in modules else inside.rpartition(".")[0]
            if target in modules and target not in (name, "__init__"):
                graph[name].add(target)
    return graph


def looks_up(graph: dict[str, set[str]]) -> list[str]:
    """The imports that do not lead to a lower floor."""
    return sorted(
        f"{name} imports {target}"
        for name, targets in graph.items()
        for target in targets
        if room_of(name) != room_of(target) and FLOORS[room_of(target)] >= FLOORS[room_of(name)]
    )


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of a circle of imports, if there is one.

    A package's ``__init__`` may import its own modules, although Python imports it before them.
    """
    inner = {
        name: {target for target in targets if not name.startswith(f"{target}.")}
        for name, targets in graph.items()
    }
    try:
        TopologicalSorter(inner).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def bound_names(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, int]]:
    """The names that *nodes* give to values, functions, classes, parameters and attributes."""
    for node in nodes:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case ast.Name(ctx=ast.Store()):
                yield node.id, node.lineno
            case ast.Attribute(ctx=ast.Store()):
                yield node.attr, node.lineno
            case ast.arg():
                yield node.arg, node.lineno


def test_a_room_imports_lower_floors_only_and_no_imports_form_a_circle(modules: Modules) -> None:
    graph = arrows(modules)

    assert looks_up(graph) == []
    assert circle(graph) == []


@pytest.mark.parametrize(
    "line", ["from gesmock.fake.project import Project", "import gesmock.web.app"]
)
def test_an_import_of_a_higher_floor_is_noticed(modules: Modules, line: str) -> None:
    clock = (HOUSE / "model" / "clock.py").read_text(encoding="utf-8")

    graph = arrows({**modules, "model.clock": Module.of(f"{clock}\n{line}\n")})

    assert [found.split(" imports ")[0] for found in looks_up(graph)] == ["model.clock"]
    assert "model.clock" in circle(graph)


def test_every_module_has_a_room_and_says_what_lives_there(modules: Modules) -> None:
    for name, module in modules.items():
        assert name == "__init__" or room_of(name) in FLOORS, name
        assert module.docstring, name


def test_libraries_are_imported_in_their_rooms_only(modules: Modules) -> None:
    strays = [
        f"{name} imports {imported}"
        for name, module in modules.items()
        for imported in module.imported_when_run
        if room_of(name) not in LIBRARIES.get(imported.split(".")[0], {room_of(name)})
    ]
    assert strays == []


def test_imports_are_absolute(modules: Modules) -> None:
    relative = [
        name
        for name, module in modules.items()
        if any(imported.startswith(".") for imported in module.imported)
    ]
    assert relative == []


def test_the_service_s_paths_stand_in_the_routes_only(modules: Modules) -> None:
    spelled = [
        name
        for name, module in modules.items()
        if any("/ges/v1" in text for text in module.texts) and name != "fake.routes"
    ]
    assert spelled == []


def test_no_class_name_stands_for_two_classes(modules: Modules) -> None:
    names = Counter(name for module in modules.values() for name in module.classes)
    assert [name for name, count in names.items() if count > 1] == []


def test_names_say_what_they_stand_for(modules: Modules) -> None:
    empty = [
        f"{name}:{line} {bound}"
        for name, module in modules.items()
        for bound, line in module.bound
        if bound.strip("_") in EMPTY_NAMES
    ]
    assert empty == []


def test_no_module_is_too_long_to_read_at_once() -> None:
    lengths = {
        path.relative_to(HOUSE).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in HOUSE.rglob("*.py")
    }
    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_the_public_api_is_documented() -> None:
    undocumented = [
        name
        for name in dir(gesmock)
        if not name.startswith("_")
        for value in [getattr(gesmock, name)]
        if isinstance(value, type) or inspect.isfunction(value)
        if not inspect.getdoc(value)
    ]
    assert undocumented == []


def test_every_shipped_state_loads_and_is_used() -> None:
    top = HOUSE.parent
    texts = [path.read_text(encoding="utf-8") for path in (top / "docs").rglob("*.md")]
    texts += [path.read_text(encoding="utf-8") for path in (top / "tests").rglob("*.py")]
    for name in fixtures.shipped_names():
        assert fixtures.read(name)
        assert any(name in text for text in texts), f"nobody uses {name}"
