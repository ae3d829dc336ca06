"""A pytest plugin for ``.ci/interpreters``: ``--sample 8`` runs one test in eight.

pytest-randomly has shuffled them, so that another seed draws other tests, of each file.
"""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sample", type=int, default=1, metavar="N", help="run one test in N")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    step = config.getoption("sample")
    config.hook.pytest_deselected(items=[each for n, each in enumerate(items) if n % step])
    items[:] = items[::step]
