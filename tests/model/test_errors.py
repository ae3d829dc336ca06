"""How messages show text from outside."""

import pytest

from gesmock.model.errors import one_line


@pytest.mark.parametrize(("text", "line"), [("a b", "a b"), ("a\x1b[2J\nb", r"a\x1b[2J\nb")])
def test_a_terminal_obeys_nothing_in_one_line(text: str, line: str) -> None:
    assert one_line(text) == line
