"""What a fake begins with, from the options that everybody shares."""

from pathlib import Path
from typing import Any

import pytest

from gesmock.fake import options as start
from gesmock.faults import Error, FaultRule
from gesmock.model.errors import InvalidInput
from gesmock.model.generators import Generator
from gesmock.model.types import DEFAULT_PROJECT

EXAMPLE_GRAPH = "ges_j60071198_hdfs_fdb"


def states(**options: Any) -> Any:
    return start.states(options)  # type: ignore[arg-type]


def test_without_options_there_is_the_default_project_with_nothing_in_it() -> None:
    assert list(states()) == [DEFAULT_PROJECT]
    assert states()[DEFAULT_PROJECT].graphs == {}


def test_the_first_fixture_that_names_a_project_makes_it_the_default() -> None:
    actual = states(fixture=["movies", "page_example"])

    assert list(actual) == ["0123456789abcdef0123456789abcdef", DEFAULT_PROJECT]


def test_a_project_id_is_that_of_list_answers_and_of_the_options() -> None:
    actual = states(fixture="page_example", project_id="mine", generate=3)

    assert list(actual) == ["mine"]
    assert list(actual["mine"].graphs) == [EXAMPLE_GRAPH]
    assert actual["mine"].generators == [Generator(count=3)]


def test_a_project_id_is_that_of_a_project_file_whatever_it_names() -> None:
    actual = states(fixture="movies", project_id="mine")

    assert list(actual) == ["mine"]
    assert list(actual["mine"].graphs) == ["movies"]


def test_a_project_id_does_not_join_different_projects_of_fixtures(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"project_id": "other"}')

    assert list(states(fixture=["movies", "page_example"], project_id="mine")) == ["mine"]
    with pytest.raises(InvalidInput) as caught:
        states(fixture=["movies", tmp_path / "other.json"], project_id="mine")
    assert str(caught.value) == (
        "project_id: the fixture files name several projects: 0123456789abcdef0123456789abcdef, other"
    )


def test_settings_tokens_faults_and_seed_are_for_every_project() -> None:
    actual = states(
        fixture=["movies", "page_example"],
        seed=9,
        settings={"limit_zero": "refuse"},
        tokens="secret",
        faults={"script": [503]},
    )

    assert len(actual) == 2
    for state in actual.values():
        assert (state.seed, state.tokens, len(state.faults)) == (9, ["secret"], 1)
        assert state.settings.limit_zero == "refuse"


def test_a_graph_name_comes_first_and_is_that_of_a_list_answer() -> None:
    assert list(states(graph_name="films")[DEFAULT_PROJECT].graphs) == ["films"]
    named = states(fixture="page_example", graph_name="films")[DEFAULT_PROJECT]
    assert len(named.graphs["films"].jobs) == 3


def test_options_are_added_to_what_fixtures_say() -> None:
    state = states(
        fixture="movies",
        seed=9,
        generate=[4, {"graph": "movies", "count": 2}],
        settings={"limit_zero": "refuse"},
        tokens="secret",
        faults=[FaultRule(fault=Error(503)), {"script": [500]}],
    )["0123456789abcdef0123456789abcdef"]

    assert (state.seed, state.settings.limit_zero, state.tokens) == (9, "refuse", ["secret"])
    assert [order.count for order in state.generators[-2:]] == [4, 2]
    assert len(state.faults) == 2


@pytest.mark.parametrize(
    ("options", "finding"),
    [
        ({"project_id": "a-b"}, "project_id: expected a project id"),
        ({"graph_name": "a/b"}, "graph_name: expected a graph name"),
        ({"seed": -1}, "seed: expected an integer from 0"),
        (
            {"fixtures": "movies"},
            "fixtures: unknown key; did you mean 'fixture'? known keys: fixture",
        ),
        ({"generate": 2.5}, "generate[0]: expected an object or a number of jobs, got 2.5"),
        (
            {"fixture": 3},
            "fixture[0]: expected a file, the name of one that gesmock ships, or the content",
        ),
        ({"settings": [1]}, "settings: expected an object, got a list"),
        ({"tokens": [object()]}, "tokens: Encoding objects of type object is unsupported"),
        ({"generate": -1}, "generate[0].count: expected an integer from 0 to 1000000, got -1"),
        ({"generate": {"cuont": 3}}, "generate[0].cuont: unknown key; did you mean 'count'?"),
        ({"settings": {"limit_zero": 0}}, "settings.limit_zero: 0 is not one of empty, refuse"),
        (
            {"tokens": [""]},
            "tokens[0]: expected an object or a token that fits into a header, got ''",
        ),
        ({"tokens": [{"token": ""}]}, "tokens[0].token: must not be empty"),
        ({"faults": [{"fault": 3}]}, "faults[0].fault: expected an HTTP status"),
        ({"fixture": Path("/nowhere/at_all.json")}, "/nowhere/at_all.json: no such file"),
        (
            {"fixture": ["page_example", "page_example"]},
            f"page_example: $.graphs.{EXAMPLE_GRAPH}: another fixture file has this graph too",
        ),
    ],
)
def test_a_wrong_option_is_refused_by_name(options: dict[str, Any], finding: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        states(**options)

    assert str(caught.value).replace("\n", " ").find(finding) >= 0
