"""A pytest plugin for ``.ci/interpreters``: ``--one-of 8`` runs an eighth of the tests.

pytest-randomly has shuffled them: another seed is another eighth, of each file.
"""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--one-of", type=int, default=1, help="run one test of so many")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    one_of = config.getoption("one_of")
    config.hook.pytest_deselected(items=[each for n, each in enumerate(items) if n % one_of])
    items[:] = items[::one_of]
