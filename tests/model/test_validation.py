"""Every error of an input is reported, with its path and what is expected."""

import re
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from gesmock.fake.fixtures import State
from gesmock.journal.verdict.findings import Code
from gesmock.model import validation
from gesmock.model.errors import InvalidInput
from gesmock.model.plans import Plan, PlanName
from gesmock.model.types import Edition, JobStatus


class Wheel(Struct, forbid_unknown_fields=True):
    size: Annotated[int, Meta(ge=1, le=9)]
    colour: Literal["red", "green"] = "red"


class Engine(Struct, forbid_unknown_fields=True, tag_field="kind", tag="diesel"):
    power: Annotated[float, Meta(ge=0)]


class Cart(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1)]
    wheels: list[Wheel] = []
    loads: dict[Annotated[str, Meta(max_length=3)], bool] = {}
    engine: Engine | None = None
    plate: Annotated[str, Meta(pattern="^[A-Z]+$", description="a plate: capital letters")] = "A"
    parts: list[int | Literal["spare"] | Engine] = []
    anything: Any = None
    nothing: None = None

    def __post_init__(self) -> None:
        if self.name == "unlucky":
            raise ValueError("name: 'unlucky' is taken")


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([], "$: expected an object, got a list"),
        ({}, "$.name: missing; expected a non-empty string"),
        ({"name": ""}, "$.name: must not be empty"),
        ({"name": 3}, "$.name: expected a non-empty string, got 3"),
        ({"name": "unlucky"}, "$.name: 'unlucky' is taken"),
        ({"name": "a", "wheels": {}}, "$.wheels: expected a list, got an object"),
        ({"name": "a", "wheels": [{}]}, "$.wheels[0].size: missing; expected an integer from 1 to 9"),
        ({"name": "a", "wheels": [{"size": 0}]}, "$.wheels[0].size: expected an integer from 1 to 9, got 0"),
        ({"name": "a", "wheels": [{"size": True}]}, "$.wheels[0].size: expected an integer from 1 to 9, got true"),
        ({"name": "a", "wheels": [{"size": 10**30}]}, f"$.wheels[0].size: expected an integer from 1 to 9, got {10**30}"),
        ({"name": "a", "wheels": [{"size": 1, "colour": "blue"}]}, "$.wheels[0].colour: 'blue' is not one of green, red"),
        ({"name": "a", "loads": []}, "$.loads: expected an object, got a list"),
        ({"name": "a", "loads": {"b c": 1}}, "$.loads['b c']: expected true or false, got 1"),
        ({"name": "a", "loads": {"long": True}}, "$.loads.long: has 4 characters, at most 3 are allowed"),
        ({"name": "a", "engine": {"kind": "steam", "power": 1}}, "$.engine.kind: expected 'diesel', got 'steam'"),
        ({"name": "a", "engine": {"kind": "diesel", "power": -1}}, "$.engine.power: expected a number of at least 0, got -1"),
        ({"name": "a", "engine": 3}, "$.engine: expected an object, got 3"),
        ({"name": "a", "plate": "x" * 70}, f"$.plate: expected a plate: capital letters, got '{'x' * 60}...'"),
        ({"name": "a", "parts": ["wheel"]}, "$.parts[0]: expected an integer or 'spare' or an object, got 'wheel'"),
        ({"name": "a", "parts": [{"kind": "diesel"}]}, "$.parts[0].power: missing; expected a number of at least 0"),
        ({"name": "a", "nothing": 1}, "$.nothing: expected null, got 1"),
        ({"name": "a", "wheel": []}, "$.wheel: unknown key; did you mean 'wheels'? known keys: name, wheels, loads, engine, plate, parts, anything, nothing"),
    ],
)  # fmt: skip
def test_an_error_names_the_path_the_value_and_what_is_expected(value: object, error: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        validation.read(value, Cart)

    assert str(caught.value) == error


@pytest.mark.parametrize(
    ("value", "type_", "meant"),
    [
        ("runing", JobStatus, "running"),
        ("memry", Edition, "memory"),
        ("gm1", Code, "GM1"),
        ("fails_lat", PlanName | Plan, "fails_late"),
    ],
)
def test_an_error_suggests_the_name_that_was_meant_instead_of_all(
    value: str, type_: Any, meant: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        validation.read(value, type_)

    assert str(caught.value) == f"$: {value!r} is not valid; did you mean {meant!r}?"


def test_all_errors_are_reported_at_once() -> None:
    value = {
        "anything": [],
        "name": 3,
        "wheels": [{"size": 0, "colour": "blue"}, {"size": 4}, "x"],
        "y": 1,
    }

    with pytest.raises(InvalidInput) as caught:
        validation.read(value, Cart)

    assert {error.path for error in caught.value.errors} == {
        "$.name",
        "$.wheels[0].size",
        "$.wheels[0].colour",
        "$.wheels[2]",
        "$.y",
    }


def test_valid_input_is_read() -> None:
    cart = validation.decode(b'{"name": "a", "parts": [1, "spare"], "anything": {"x": []}}', Cart)

    assert (cart.parts, cart.anything) == ([1, "spare"], {"x": []})


def test_a_number_out_of_range_is_refused() -> None:
    with pytest.raises(InvalidInput, match="out of range"):
        validation.read(10**400, float)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"{", "line 1 column 2: broken JSON: Expecting property name"),
        (b'{\n "a" 1\n}', "line 2 column 6: broken JSON: Expecting ':' delimiter"),
        (b'{"a": "\xff"}', "byte 7: broken JSON: not UTF-8"),
        (b"[" * 65, "nested too deeply; at most 64 levels are allowed"),
        (
            b"\xef\xbb\xbf{}",
            "broken JSON: it begins with a byte order mark, which JSON does not allow",
        ),
        (b"NaN", "broken JSON: invalid character"),
        (b"1" * 5000, "broken JSON: Integer value out of range"),
        (b"[1e999]", "broken JSON: Number out of range"),
        (b'{"a": 1} x', "line 1 column 10: broken JSON: Extra data"),
    ],
)
def test_broken_json_says_where_it_breaks(text: bytes, error: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        validation.decode(text, Cart)

    assert str(caught.value).startswith(error)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="`"), max_size=5)
"""Without what is around the names of types in msgspec's own messages."""

SCALARS = st.none() | st.booleans() | st.integers(-5, 700) | st.floats(0, 9) | TEXTS
KEYS = st.sampled_from(["graphs", "jobs", "seed", "tokens", "faults", "fault", "status", "m"])


def containers(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)


json_values = st.recursive(SCALARS, containers, max_leaves=12)


@given(json_values)
def test_there_are_errors_exactly_where_msgspec_refuses(value: object) -> None:
    try:
        expected = msgspec.convert(value, State)
    except msgspec.ValidationError:
        with pytest.raises(InvalidInput) as caught:
            validation.read(value, State)
        assert caught.value.errors
        assert not re.search("`|did you mean ''", str(caught.value))
        assert all(error.path.startswith("$") for error in caught.value.errors)
    else:
        assert validation.read(value, State) == expected


def test_a_tuple_counts_as_a_list_and_any_mapping_as_an_object() -> None:
    value = MappingProxyType({"name": "a", "wheels": ({"size": 1},)})

    assert validation.read_python(value, Cart, "cart") == Cart("a", [Wheel(1)])
    with pytest.raises(InvalidInput, match=r"cart\[1\]: expected a string, got 2"):
        validation.read_python(("a", 2), list[str], "cart")
