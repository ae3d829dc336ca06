"""Every example of README, docs and skills runs."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from page_examples import SERVE, PageExamples, Served, block_of, parse, serving

TOP = Path(__file__).parents[1]
PAGES = [
    TOP / "README.md",
    *sorted((TOP / "docs").rglob("*.md")),
    *sorted((TOP / "skills").rglob("*.md")),
]


@pytest.fixture(scope="session")
def default_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(SERVE, tmp_path_factory.mktemp("server")) as served:
        yield served


@pytest.fixture
def examples(pytester: pytest.Pytester, request: pytest.FixtureRequest) -> PageExamples:
    return PageExamples(pytester, lambda: request.getfixturevalue("default_server"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_the_examples_of_a_page_run(page: Path, examples: PageExamples) -> None:
    examples.run(page)


def test_few_examples_do_not_run(show: Callable[[str], None]) -> None:
    blocks = [block_of(example) for page in PAGES for example in parse(page)]
    run = Counter(block.language for block in blocks if block.runs)
    reasons = [block.marks["not run"] for block in blocks if "not run" in block.marks]

    show(
        f"{run.total()} examples ran on {len(PAGES)} pages: "
        f"{', '.join(f'{count} {language}' for language, count in run.most_common())}; "
        f"{len(reasons)} are marked as not run: {'; '.join(reasons)}"
    )
    assert run["python"] > 10
    assert len(reasons) < run.total() / 5
