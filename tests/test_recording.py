"""A list that is recorded is served again in the same bytes, whatever happens meanwhile."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from gesmock import GesMock, cli, fixtures, recording
from gesmock.conformance.client import Answer, Client
from gesmock.conformance.target import Target
from gesmock.errors import InvalidInput
from gesmock.recording import CannotRecord, Recorder, Renaming

JOB: dict[str, Any] = {
    "jobId": "a1",
    "status": "success",
    "request": {
        "command": "import_graph",
        "url": "/ges/v1.0/p1/graphs/movie/action?action_id=import-graph&accessKey=AK",
        "rawRequest": '{"graphName":"movie","edgesetPath":"movies/é/movie.csv","secretKey":"SK"}',
    },
}


class Busy(Client):
    """A client that does something before each request."""

    def __init__(self, target: Target, meanwhile: Callable[[int], object]) -> None:
        super().__init__(target)
        self._meanwhile = meanwhile

    def ask(self, *args: Any, **others: Any) -> Answer:
        self._meanwhile(self.asked)
        return super().ask(*args, **others)


def recorder(
    ges: GesMock,
    folder: Path,
    page: int = 7,
    meanwhile: Callable[[int], object] = lambda asked: None,
) -> Iterator[Recorder]:
    with closing(Busy(Target.of(ges.jobs_url()), meanwhile)) as client:
        yield Recorder(client, folder / "recorded.json", page)


def recorded(
    ges: GesMock,
    folder: Path,
    page: int = 7,
    meanwhile: Callable[[int], object] = lambda asked: None,
) -> Path:
    """The fixture that a recording has written."""
    file = folder / "recorded.json"
    for one in recorder(ges, folder, page, meanwhile):
        for _ in one.read():
            pass
        file.write_bytes(one.fixture())
        one.kept.forget()
    return file


def lists(ges: GesMock) -> list[bytes]:
    """The list as a whole, and pages of it."""
    return [
        requests.get(ges.jobs_url(limit=limit, offset=offset)).content
        for limit, offset in ((None, None), (3, 0), (3, 5), (0, 0), (5, 1000))
    ]


@pytest.mark.parametrize("page", [2, 7, 50, 1000])
@pytest.mark.parametrize(
    "settings",
    [{}, {"id_key": "job_id"}, {"id_key": "both", "order": "oldest_first"}, {"maximum_limit": 4}],
)
def test_what_is_recorded_is_served_in_the_same_bytes(
    ges: GesMock, tmp_path: Path, page: int, settings: dict[str, Any]
) -> None:
    ges.restart(generate=50, seed=5, settings=settings)
    before = lists(ges)

    file = recorded(ges, tmp_path, page)

    others = {name: value for name, value in settings.items() if name == "maximum_limit"}
    with GesMock(fixture=file, settings=others) as again:
        assert lists(again) == before
    assert not (tmp_path / "recorded.json.part").exists()


def test_an_empty_list_is_recorded_too(ges: GesMock, tmp_path: Path) -> None:
    file = recorded(ges, tmp_path)

    assert fixtures.describe(fixtures.read(file)) == "1 graph, 0 jobs"


def test_jobs_that_come_meanwhile_are_recorded(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=30)

    file = recorded(ges, tmp_path, 5, lambda asked: asked < 12 and ges.add_job())

    [graph] = fixtures.read(file).graphs.values()
    assert [job.job_id for job in graph.jobs] == [job.job_id for job in ges.jobs()]
    assert len(graph.jobs) == 42


def test_many_jobs_that_come_at_once_are_recorded(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=60)

    def many(asked: int) -> None:
        for _ in range(17 if asked == 9 else 0):
            ges.add_job()

    file = recorded(ges, tmp_path, 5, many)

    [graph] = fixtures.read(file).graphs.values()
    assert [job.job_id for job in graph.jobs] == [job.job_id for job in ges.jobs()]


@pytest.mark.parametrize("when", range(1, 10))
def test_where_a_job_goes_the_list_is_read_anew(ges: GesMock, tmp_path: Path, when: int) -> None:
    ges.restart(generate=20)

    def remove(asked: int) -> None:
        if asked == when:
            ges.remove_job(ges.jobs()[5])

    file = recorded(ges, tmp_path, 5, remove)

    [graph] = fixtures.read(file).graphs.values()
    assert [job.job_id for job in graph.jobs] == [job.job_id for job in ges.jobs()]


def test_a_list_from_which_jobs_always_go_cannot_be_recorded(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=200)

    with pytest.raises(CannotRecord, match="faster than it can be read"):
        recorded(ges, tmp_path, 5, lambda asked: ges.remove_job(ges.jobs()[5]))


def test_an_interrupted_recording_goes_on_where_it_was(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=50, seed=5)
    for one in recorder(ges, tmp_path):
        steps = one.read()
        assert [next(steps)[0] for _ in range(4)] == [7, 13, 19, 25]
    part = tmp_path / "recorded.json.part"
    part.write_text(part.read_text() + '{"jobId": "cut')
    ges.add_job()
    asked: list[int] = []

    file = recorded(ges, tmp_path, 7, asked.append)

    [graph] = fixtures.read(file).graphs.values()
    assert [job.job_id for job in graph.jobs] == [job.job_id for job in ges.jobs()]
    assert len(asked) < 11  # of 12


@pytest.mark.parametrize("text", ["{}\n", "no JSON\n", ""])
def test_what_is_left_of_another_recording_is_not_gone_on_with(
    ges: GesMock, tmp_path: Path, text: str
) -> None:
    (tmp_path / "recorded.json.part").write_text(text)

    with pytest.raises(CannotRecord, match="is of another recording; remove it to begin anew"):
        recorded(ges, tmp_path)


def test_secrets_are_left_out_and_names_replaced_where_they_are_whole_words() -> None:
    rename = Renaming(("p1", "project"), ("movie", "films"))

    with closing(Client(Target.of("http://h", "p1", "movie"))) as client:
        one = Recorder(client, Path("/nowhere/a.json"), 10, rename)
        one.kept.jobs = [
            JOB,
            {**JOB, "jobId": "a2", "request": {**JOB["request"], "rawRequest": "x"}},
        ]
        told = json.loads(one.fixture())

    [job, other] = told["graphs"]["films"]["jobs"]
    assert told["project_id"] == "project"
    assert job["request"] == {
        "command": "import_graph",
        "url": "/ges/v1.0/project/graphs/films/action?action_id=import-graph",
        "rawRequest": '{"graphName":"films","edgesetPath":"movies/é/films.csv"}',
    }
    assert other["request"]["rawRequest"] == "x"


def test_a_job_that_gesmock_cannot_serve_is_told() -> None:
    with closing(Client(Target.of("http://h", "p1", "movie"))) as client:
        one = Recorder(client, Path("/nowhere/a.json"), 10)
        one.kept.jobs = [{"jobId": "a", "status": "done"}]

        with pytest.raises(InvalidInput) as error:
            one.fixture()

    assert [flaw.path for flaw in error.value.flaws] == [
        "$.graphs.movie.jobs[0].status",
        "$.graphs.movie.jobs[0].request",
    ]


# --- The command line ---------------------------------------------------------------------------


def run(ges: GesMock, file: Path, *options: str) -> Result:
    arguments = ["record", "--target", ges.jobs_url(), "--per-second", "0", "-o", str(file)]
    return CliRunner().invoke(cli.main, [*arguments, *options])


def test_a_recording_is_told_in_a_line(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=50)
    file = tmp_path / "a.json"

    ran = run(ges, file, "--page", "20", "--as-project", "anybody", "--as-graph", "films")

    assert (ran.exit_code, ran.output) == (0, f"{file}: 1 graph, 50 jobs\n")
    state = fixtures.read(file)
    assert (state.project_id, [*state.graphs]) == ("anybody", ["films"])
    assert ges.project_id not in file.read_text()


def test_on_a_terminal_there_is_a_bar(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    ges.restart(generate=50)
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)

    cli.main(
        ["record", "--target", ges.jobs_url(), "--page", "20", "-o", str(tmp_path / "a.json")],
        standalone_mode=False,
    )

    assert "reading jobs" in shown.getvalue()
    assert "50/50" in shown.getvalue()


def test_json_that_is_written_otherwise_is_told(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ges.restart(generate=5)
    monkeypatch.setattr(recording, "_in_order", lambda job: False)

    ran = run(ges, tmp_path / "a.json")

    assert ran.exit_code == 0
    assert ran.stderr.startswith("gesmock serves the same jobs, but in other bytes: ")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"settings": {"edition": "memory"}, "generate": 3},
            "gesmock: a list of the memory edition",
        ),
        ({"tokens": ["secret"]}, "gesmock: GET "),
    ],
)
def test_what_cannot_be_recorded_is_told(
    ges: GesMock, tmp_path: Path, options: dict[str, Any], told: str
) -> None:
    ges.restart(**options)

    ran = run(ges, tmp_path / "a.json")

    assert ran.exit_code == 2
    assert ran.stderr.startswith(told)


def test_a_fixture_that_cannot_be_written_is_told(ges: GesMock) -> None:
    ran = run(ges, Path("/nowhere/a.json"))

    assert ran.exit_code == 2
    assert ran.stderr == "gesmock: /nowhere/a.json: cannot be written: No such file or directory\n"
