"""The examples of a Markdown page, run in order in one folder, as CONTRIBUTING.md says."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, chdir, contextmanager, redirect_stdout
from io import StringIO
from itertools import groupby
from pathlib import Path
from threading import Event, Thread
from typing import Final, NamedTuple
from unittest.mock import patch

import pytest
import requests
from click.testing import CliRunner
from conftest import IMPORTED
from sybil import Document, Example, Region
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

import gesmock
from gesmock.cli import main as cli
from gesmock.contract.schemas import Contract
from gesmock.fake import fixtures
from gesmock.model.settings import Settings
from gesmock.model.validation import read

LANGUAGES: Final = ("python", "console", "json", "sh")
"""Blocks in these languages run, or a mark says why one does not."""

SERVE: Final = "gesmock serve movies --generate 1000 --fault list_jobs=503,every=10"
"""The server of every page that does not start another one on port 8080."""

_FENCED: Final = RawFencedCodeBlockLexer(re.compile(r"(?P<language>[^\n]*)\n"))
_MARKS: Final = re.compile(r"(?:^<!-- .+ -->\n+)*\Z", re.MULTILINE)
_MARK: Final = re.compile(r"<!-- (file|fails|is|not run): (.+) -->")
_SHELL: Final = re.compile(r"[|&;<>$`=*]")


class Block(NamedTuple):
    """A fenced block, with the marks above it."""

    language: str
    text: str
    marks: dict[str, str]

    @property
    def runs(self) -> bool:
        return "not run" not in self.marks and (self.language in LANGUAGES or "file" in self.marks)


def parse(page: Path) -> Document:
    """*page* with its blocks as examples."""
    return Document.parse(str(page), _regions)


def _regions(document: Document) -> Iterator[Region]:
    for region in _FENCED(document):
        above = _MARKS.search(document.text, 0, region.start)
        assert above is not None
        region.parsed = region.lexemes["source"]
        region.lexemes["block"] = Block(
            region.lexemes["language"].strip(), region.parsed, dict(_MARK.findall(above[0]))
        )
        yield region


def block_of(example: Example) -> Block:
    block: Block = example.region.lexemes["block"]
    return block


def _file_of(example: Example) -> str:
    """The file that a block is written to; empty if there is none."""
    block = block_of(example)
    tests = block.language == "python" and "def test_" in block.text
    return block.marks.get("file", f"test_line_{example.line}.py" if tests else "")


def _has_tests(example: Example) -> bool:
    return Path(_file_of(example)).name.startswith("test_")


class Reports:
    """A plugin that keeps what pytest reports of each file."""

    def __init__(self) -> None:
        self.by_file: defaultdict[str, list[pytest.TestReport]] = defaultdict(list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.by_file[report.nodeid.partition("::")[0]].append(report)


class Served(NamedTuple):
    port: str
    printed: str


@contextmanager
def serving(command: str, folder: Path) -> Iterator[Served]:
    """Run this ``gesmock`` command during the block, at a free port.

    It runs in a thread: a process would take longer to start than most examples.
    """
    listening, stopped, printed = Event(), Event(), StringIO()

    def wait() -> None:
        listening.set()
        stopped.wait()

    def run() -> None:
        try:
            cli.main(shlex.split(command)[1:], standalone_mode=False)
        finally:
            listening.set()

    with (
        patch("gesmock.cli.serve.stop_signals", lambda: wait),
        patch("gesmock.cli.serve._catch"),  # only the main thread may catch signals
        patch.dict(os.environ, GESMOCK_PORT="0"),
        chdir(folder),
        redirect_stdout(printed),
    ):
        thread = Thread(target=run)
        thread.start()
        listening.wait()
    try:
        port = re.findall(r"listening on \w+://[^:]+:(\d+)", printed.getvalue())[0]
        yield Served(port, printed.getvalue())
    finally:
        stopped.set()
        thread.join()


class PageExamples:
    """The examples of a page, which run in the folder of *pytester*."""

    def __init__(self, pytester: pytest.Pytester, default_server: Callable[[], Served]) -> None:
        self._pytester = pytester
        self._folder = pytester.path
        self._default_server = default_server
        self._ports: dict[str, str] = {}
        self._evaluate_python = PythonEvaluator()
        pytester.syspathinsert()

    def run(self, page: Path) -> None:
        examples = [example for example in parse(page) if block_of(example).runs]
        with ExitStack() as self._servers:
            for are_tests, group in groupby(examples, _has_tests):
                together = [*group]
                if are_tests:
                    self._test(together)
                for example in together:
                    example.region.evaluator = self._evaluate
                    example.evaluate()

    def _evaluate(self, example: Example) -> str | None:
        """Run an example. Returns what was wrong with it, or None."""
        block, name = block_of(example), _file_of(example)
        if _has_tests(example):
            return self._result(name, block.marks.get("fails"))
        if name:
            self._write(name, block.text)
        if block.language == "json":
            return self._check_json(block)
        if name:
            return None
        if block.language == "console":
            return self._converse(block.text)
        if block.language == "python":
            self._evaluate_python(example)
            return None
        return f"say why this {block.language} block does not run: <!-- not run: why -->"

    def _write(self, name: str, text: str) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def _test(self, examples: Sequence[Example]) -> None:
        """Run the tests of *examples* all at once: starting pytest takes longer than one of them."""
        for example in examples:
            self._write(_file_of(example), block_of(example).text)
        self._reports = Reports()
        self._output = self._pytest("-q", *map(_file_of, examples), plugins=[self._reports])

    def _result(self, name: str, fails: str | None) -> str | None:
        """What was wrong with the tests in a file, which must pass, or fail with the text *fails*."""
        reports = self._reports.by_file.get(name, [])
        failures = [report.longreprtext for report in reports if not report.passed]
        if fails is None:
            as_said = reports and not failures
        else:
            as_said = any(fails in failure for failure in failures)
        return None if as_said else "\n".join(failures) or self._output

    def _pytest(self, *arguments: str, plugins: Sequence[object] = ()) -> str:
        """What pytest prints, with no plugin but gesmock's: the many others would take longer."""
        plugin = ("-p", "gesmock.pytest_plugin", "-W", "error", *IMPORTED)
        environ = patch.dict(os.environ, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
        with environ, patch.dict(sys.modules):
            for file in self._folder.glob("test_*.py"):  # one of the suite may have its name
                sys.modules.pop(file.stem, None)
            ran = self._pytester.runpytest_inprocess(*arguments, *plugin, plugins=plugins)
        return "\n".join(ran.outlines + ran.errlines)

    def _check_json(self, block: Block) -> str | None:
        """Read JSON as what the page says it is: a state, a struct or an answer of the service."""
        value = json.loads(block.text)
        kind = block.marks.get("is")
        if kind == "state":
            fixtures.parse(block.text.encode())
        elif kind is not None and hasattr(gesmock, kind):
            read(value, getattr(gesmock, kind))
        elif kind is not None:
            return Contract(Settings()).error(value, kind)
        return None

    def _converse(self, text: str) -> str | None:
        """Run the commands of a console. Returns the first that does not print what it should."""
        for command, expected in commands(text):
            output, status = self._command(command)
            pattern = ".*".join(map(re.escape, expected.strip().split("...")))
            if expected and not re.fullmatch(pattern, output.strip(), re.DOTALL):
                return f"$ {command}\n{output}"
            if not expected and status != 0:
                return f"$ {command}\n{output}exit status {status}"
        return None

    def _command(self, command: str) -> tuple[str, int]:
        """Run a command. Returns what it prints, with the ports of the page, and its exit status."""
        if re.match("gesmock (serve|proxy) ", command):
            return self._serve(command), 0
        output, status = self._execute(self._with_real_ports(command))
        return self._with_named_ports(output), status

    def _serve(self, command: str) -> str:
        """Start a server for the port that the page names. Returns what it prints."""
        port = re.search(r" --port (\d+)", command)
        if command == SERVE:
            served = self._begin()
        else:
            words = self._with_real_ports(command.replace(port[0], "") if port else command)
            served = self._servers.enter_context(serving(words, self._folder))
            self._ports[port[1] if port else "8080"] = served.port
        return self._with_named_ports(served.printed)

    def _with_real_ports(self, text: str) -> str:
        if re.search(r"\b8080\b", text) and "8080" not in self._ports:
            self._begin()
        for port, found in self._ports.items():
            text = re.sub(rf"\b{port}\b", found, text)
        return text

    def _with_named_ports(self, text: str) -> str:
        for port, found in self._ports.items():
            text = re.sub(rf"\b{found}\b", port, text)
        return text

    def _begin(self) -> Served:
        """Reset the default server, and return it."""
        served = self._default_server()
        self._ports["8080"] = served.port
        requests.post(f"http://127.0.0.1:{served.port}/_gesmock/reset", timeout=10)
        return served

    def _execute(self, command: str) -> tuple[str, int]:
        """Run a command, in this process if possible: starting another one takes time."""
        program, *arguments = shlex.split(command)
        if program == "pytest":
            output = self._pytest(*arguments)
            return output, 0
        if program == "gesmock" and not _SHELL.search(command):
            result = CliRunner().invoke(cli.main, arguments)
            return result.output, result.exit_code
        ran = subprocess.run(
            ["bash", "-c", command],
            cwd=self._folder,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return ran.stdout, ran.returncode


def commands(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console, each with the output that follows it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command = re.match(r"(?:.*\\\n)*.*\n?", part)
        assert command is not None
        yield command[0].rstrip("\n").replace("\\\n", ""), part[command.end() :]
