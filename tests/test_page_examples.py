"""An example that does not do what its page says fails."""

from functools import partial
from pathlib import Path

import pytest
from page_examples import PageExamples, commands
from sybil.example import SybilFailure

from gesmock import InvalidInput


@pytest.fixture
def examples(pytester: pytest.Pytester) -> PageExamples:
    return PageExamples(pytester, partial(pytest.fail, "it needs the default server"))


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "page.md"


@pytest.mark.parametrize(
    "block",
    [
        "```python\ndef test_it():\n    assert False\n```",
        "<!-- fails: three -->\n```python\ndef test_it():\n    assert 1 == 2\n```",
        "<!-- fails: one -->\n```python\ndef test_it():\n    pass\n```",
        "<!-- file: test_it.py -->\n```python\ndef test_it():\n    assert False\n```",
        "```python\ndef test_it():\n    pass\n\ndef test_other():\n    assert False\n```",
        "```console\n$ echo one\ntwo\n```",
        "```console\n$ echo one two\none\n```",
        "```console\n$ false\n```",
        "```console\n$ gesmock check nothing.json\n```",
        "<!-- is: JobList -->\n```json\n{}\n```",
        "```sh\necho one\n```",
    ],
)
def test_an_example_that_does_something_else_fails(
    block: str, page: Path, examples: PageExamples
) -> None:
    page.write_text(block)

    with pytest.raises(SybilFailure):
        examples.run(page)


def test_json_that_is_no_state_or_struct_fails(page: Path, examples: PageExamples) -> None:
    for kind in ("state", "FaultRule"):
        page.write_text(f'<!-- is: {kind} -->\n```json\n{{"unknown": 1}}\n```')
        with pytest.raises(InvalidInput, match="unknown"):
            examples.run(page)


def test_examples_run_in_order_and_share_names_and_files(
    page: Path, examples: PageExamples
) -> None:
    page.write_text("""
```python
one = 1
```

<!-- file: package/client.py -->
```python
TWO = 2
```

<!-- not run: it would fail -->
```python
raise ValueError
```

```python
from package.client import TWO

assert one + TWO == 3
```

```python
from package.client import TWO

def test_it():
    assert TWO == 2
```

<!-- fails: assert 2 == 3 -->
<!-- file: test_wrong.py -->
```python
from package.client import TWO

def test_it():
    assert TWO == 3
```

```console
$ cat package/*.py | tr 2 3
TWO = 3
$ pytest -q test_wrong.py
...1 failed in ...
```
""")

    examples.run(page)


def test_each_port_of_a_page_leads_to_its_server(page: Path, examples: PageExamples) -> None:
    page.write_text("""
```console
$ gesmock serve empty
gesmock ... listening on http://127.0.0.1:8080
curl ...
panel http://127.0.0.1:8080/_gesmock/
$ gesmock proxy --port 8081 --target http://127.0.0.1:8080/ges/v1.0/p/graphs/g
gesmock ... listening on http://127.0.0.1:8081 for http://127.0.0.1:8080
curl 'http://127.0.0.1:8081/ges/v1.0/p/graphs/g/jobs/status'
panel http://127.0.0.1:8081/_gesmock/
$ curl -s http://127.0.0.1:8081/ges/v1.0/0123456789abcdef0123456789abcdef/graphs/movies/jobs/status
{"jobs":[],"totalCount":0,"result":"success"}
```
""")

    examples.run(page)


def test_a_command_may_take_several_lines() -> None:
    assert [*commands("$ one \\\n  two\nthree\nfour\n$ five\n")] == [
        ("one   two", "three\nfour\n"),
        ("five", ""),
    ]
