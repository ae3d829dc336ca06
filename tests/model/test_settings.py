"""Settings: their defaults, their dialects, and how they are changed."""

import msgspec
import pytest

from gesmock.model.errors import InvalidInput
from gesmock.model.settings import Settings


def test_the_page_is_the_default_dialect() -> None:
    settings = Settings()

    assert settings.dialect == "page"
    assert (settings.unknown_graph_status, settings.invalid_token_status) == (400, 401)


def test_a_dialect_brings_its_statuses_and_each_can_be_overridden() -> None:
    settings = Settings(dialect="error_table", forbidden_status=403)

    assert settings.invalid_token_status == 400
    assert settings.forbidden_status == 403


def test_a_new_dialect_brings_its_statuses() -> None:
    changed = Settings(invalid_token_status=400).changed({"dialect": "page"})

    assert changed.invalid_token_status == 401


def test_an_unknown_graph_is_400_in_each_dialect_unless_the_setting_says_404() -> None:
    settings = Settings(unknown_graph_status=404).changed({"dialect": "error_table"})

    assert Settings(dialect="error_table").unknown_graph_status == 400
    assert settings.unknown_graph_status == 404


def test_a_change_of_one_setting_leaves_the_others() -> None:
    before = Settings(dialect="error_table", invalid_token_status=401)

    after = before.changed({"limit_zero": "refuse"})

    assert after == msgspec.structs.replace(before, limit_zero="refuse")


def test_every_wrong_setting_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput) as caught:
        Settings().changed({"limit_zer": "refuse", "order": "random", "maximum_limit": 0})

    assert [str(error) for error in caught.value.errors] == [
        "$.maximum_limit: expected an integer from 1 to 100000, got 0",
        "$.order: 'random' is not one of newest_first, oldest_first",
        "$.limit_zer: unknown key; did you mean 'limit_zero'? known keys: "
        + ", ".join(Settings.__struct_fields__),
    ]
