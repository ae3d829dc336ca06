"""A list that is recorded is served again in the same bytes, whatever happens meanwhile."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result
from other_server import OtherServer

from gesmock import GesMock
from gesmock.cli import main as cli
from gesmock.cli import remote as cli_remote
from gesmock.fake import fixtures
from gesmock.model.errors import InvalidInput
from gesmock.model.secrets import Secrets
from gesmock.remote import record as recording
from gesmock.remote.client import Client, ServerReply
from gesmock.remote.http import Unresponsive
from gesmock.remote.record import CannotRecord, Recorder, Renaming, redacted
from gesmock.remote.target import SignIn, Target

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

    def ask(self, *args: Any, **others: Any) -> ServerReply:
        self._meanwhile(self.requests)
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
        one.part.clear()
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


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_is_recorded_as_it_was_when_the_recording_began(
    ges: GesMock, tmp_path: Path, count: int
) -> None:
    ges.restart(generate=30)
    before = [job.job_id for job in ges.jobs()]

    def add(asked: int) -> None:
        for _ in range(count if 3 < asked < 12 else 0):
            ges.add_job()

    for one in recorder(ges, tmp_path, 5, add):
        assert read(one) == before
        [note] = one.notes
        assert note.endswith(" jobs came at its beginning: they are not recorded")


def test_where_many_jobs_come_at_once_the_list_is_read_anew(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=60)

    def many(asked: int) -> None:
        for _ in range(17 if asked == 9 else 0):
            ges.add_job()

    file = recorded(ges, tmp_path, 5, many)

    [graph] = fixtures.read(file).graphs.values()
    assert [job.job_id for job in graph.jobs] == [job.job_id for job in ges.jobs()]


@pytest.mark.parametrize("when", range(1, 10))
def test_a_list_is_recorded_without_a_gap_where_a_job_goes(
    ges: GesMock, tmp_path: Path, when: int
) -> None:
    ges.restart(generate=20)
    before = [job.job_id for job in ges.jobs()]

    def remove(asked: int) -> None:
        if asked == when:
            ges.remove_job(ges.jobs()[5])

    file = recorded(ges, tmp_path, 5, remove)

    [graph] = fixtures.read(file).graphs.values()
    after = [job.job_id for job in ges.jobs()]
    assert [job.job_id for job in graph.jobs] in (before, after)


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
    assert part.stat().st_mode & 0o077 == 0  # nobody else may read it
    part.write_text(part.read_text() + '{"jobId": "cut')
    before = [job.job_id for job in ges.jobs()]
    ges.add_job()
    asked: list[int] = []

    file = recorded(ges, tmp_path, 7, asked.append)

    [graph] = fixtures.read(file).graphs.values()
    assert [job.job_id for job in graph.jobs] == before
    assert len(asked) < 11  # of 12


@pytest.mark.parametrize("whole", [0, 1, 2, 9])
def test_a_recording_that_was_killed_in_the_middle_of_a_line_goes_on_twice(
    ges: GesMock, tmp_path: Path, whole: int
) -> None:
    ges.restart(generate=50, seed=5)
    part = tmp_path / "recorded.json.part"
    for killed in (True, False):
        for one in recorder(ges, tmp_path):
            steps = one.read()
            next(steps)
            next(steps)
        lines = part.read_text().splitlines(keepends=True)
        if killed:
            part.write_text("".join(lines[:whole]) + lines[whole][:20])

    file = recorded(ges, tmp_path)

    [graph] = fixtures.read(file).graphs.values()
    assert [job.job_id for job in graph.jobs] == [job.job_id for job in ges.jobs()]


def test_an_empty_file_is_the_beginning_of_a_recording(ges: GesMock, tmp_path: Path) -> None:
    (tmp_path / "recorded.json.part").write_text("")

    assert fixtures.describe(fixtures.read(recorded(ges, tmp_path))) == "1 graph, 0 jobs"


def test_a_part_file_that_was_edited_is_not_resumed(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=50)
    for one in recorder(ges, tmp_path):
        next(one.read())
    with (tmp_path / "recorded.json.part").open("a") as part:
        part.write("no JSON\n")

    with pytest.raises(CannotRecord, match="is of another recording; remove it to start over"):
        recorded(ges, tmp_path)


@pytest.mark.parametrize("text", ["{}\n", "no JSON\n", "no JSON", "\n", "{}\n[]\n"])
def test_what_is_left_of_another_recording_is_not_gone_on_with(
    ges: GesMock, tmp_path: Path, text: str
) -> None:
    (tmp_path / "recorded.json.part").write_text(text)

    with pytest.raises(CannotRecord, match="is of another recording; remove it to start over"):
        recorded(ges, tmp_path)


def test_secrets_are_left_out_and_names_replaced_where_they_are_whole_words(tmp_path: Path) -> None:
    with closing(Client(Target.of("http://h", "p1", "movie"))) as client:
        recorder = Recorder(client, tmp_path / "a.json", 10, as_project="project", as_graph="films")
        other = {**JOB, "jobId": "a2", "request": {**JOB["request"], "rawRequest": "x"}}
        recorder.part.add([redacted(job, Secrets([])) for job in (JOB, other)])
        told = json.loads(recorder.fixture())

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
        one.part.jobs = [{"jobId": "a", "status": "done"}]

        with pytest.raises(InvalidInput) as error:
            one.fixture()

    assert [error.path for error in error.value.errors] == [
        "$.graphs.movie.jobs[0].status",
        "$.graphs.movie.jobs[0].request",
    ]


def test_names_are_replaced_as_urls_write_them_too_and_each_once() -> None:
    rename = Renaming(("p1", "my films"), ("my films", r"a\1b/ä"))

    assert rename.of("/p1/graphs/my%20films?a=my films") == (
        r"/my films/graphs/a%5C1b%2F%C3%A4?a=a\1b/ä"
    )


@pytest.mark.parametrize(
    ("graph", "url", "renamed"),
    [
        ("graphs", "/graphs/graphs/action", "/graphs/films/action"),
        ("action", "/graphs/action/action?action_id=a", "/graphs/films/action?action_id=a"),
        ("copy", "/graphs/copy/action?action_id=copy", "/graphs/films/action?action_id=copy"),
        ("hyg", "/hyg/hyg/import-graph", "/hyg/films/import-graph"),
        ("my films", "/graphs/my%20films/action", "/graphs/films/action"),
        ("p1", "/graphs/p1/p1/action?of=p1", "/graphs/films/p1/action?of=films"),
        (
            "movie",
            "/graphs/movies/a?b=movie.csv&movie=1&c",
            "/graphs/movies/a?b=films.csv&movie=1&c",
        ),
    ],
)
def test_a_url_names_project_and_graph_by_position(graph: str, url: str, renamed: str) -> None:
    rename = Renaming(("p1", "project"), (graph, "films"))

    told = {"command": graph, "url": f"/ges/v1.0/p1{url}", "rawRequest": f'{{"a":"{graph}"}}'}

    assert rename.of_job({"jobId": "a", "request": told})["request"] == {
        "command": graph,
        "url": f"/ges/v1.0/project{renamed}",
        "rawRequest": '{"a":"films"}',
    }


@pytest.mark.parametrize(
    ("url", "renamed"), [("/v2/movie?a=p1", "/v2/films?a=project"), ("movie", "films")]
)
def test_in_a_url_that_is_none_of_the_service_names_are_words(url: str, renamed: str) -> None:
    rename = Renaming(("p1", "project"), ("movie", "films"))

    assert rename.of_job({"jobId": "a", "request": {"url": url}})["request"] == {"url": renamed}


@pytest.mark.parametrize(
    ("options", "project", "graph", "word"),
    [
        (("--as-graph", "films"), "demo", "films", "films"),
        (("--as-project", "p1"), "p1", "demo", "p1"),
        (("--as-graph", "films", "--as-project", "p1"), "p1", "films", "films"),
    ],
)
def test_project_and_graph_may_have_one_name(
    ges: GesMock,
    tmp_path: Path,
    options: tuple[str, ...],
    project: str,
    graph: str,
    word: str,
) -> None:
    told = {"command": "a", "url": "/ges/v1.0/demo/graphs/demo/a", "rawRequest": "demo"}
    job = {"jobId": "a", "status": "success", "request": told}
    ges.restart(fixture={"project_id": "demo", "graphs": {"demo": {"jobs": [job]}}})
    file = tmp_path / "a.json"

    assert run(ges, file, *options).exit_code == 0

    state = fixtures.read(file)
    assert (state.project_id, [*state.graphs]) == (project, [graph])
    [kept] = state.graphs[graph].jobs
    assert kept.request.url == f"/ges/v1.0/{project}/graphs/{graph}/a"
    assert kept.request.raw_request == word


def test_what_is_kept_meanwhile_has_no_secrets(ges: GesMock, tmp_path: Path) -> None:
    token = "MIIF/secret=="
    told = {"command": "a", "url": f"/a?b={token}&sk=SK", "rawRequest": f'{{"a":"{token}","ak":1}}'}
    job = {"jobId": "a", "status": "success", "request": told}
    fixture = {"graphs": {"movie": {"jobs": [job]}}}
    (tmp_path / "served.json").write_text(json.dumps(fixture))
    ges.restart(fixture=tmp_path / "served.json", tokens=[token])
    target = Target.of(ges.jobs_url(), sign_in=SignIn(token))
    with closing(Client(target)) as client:
        one = Recorder(client, tmp_path / "a.json", 10)
        next(one.read())
        written = one.fixture()

    for text in ((tmp_path / "a.json.part").read_bytes(), written):
        assert b"MIIF" not in text
        assert b"SK" not in text
        assert b"***" in text


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ('{"a":"b","secretKey":"K3Y","c":"d...', '{"a":"b","secretKey":"***","c":"d...'),
        ('{"a":1,"obsParameters":{"secretKey":"K3', '{"a":1,"obsParameters":***'),
        ("a=b&secretKey=K3Y&c=d", "a=b&secretKey=***&c=d"),
        (json.dumps({"a": '{"sk":"K3Y","b":1}'}), '{"a":"{\\"sk\\":\\"***\\",\\"b\\":1}"}'),
        ('{"a":"\\u0053\\u0033CRET","b":1}', '{"a":"***","b":1}'),
        ('{"password":"K3Y","b":1}', '{"password":"***","b":1}'),
        ('{ "a" : "\\u0041", "b" : 1.0 }', '{ "a" : "\\u0041", "b" : 1.0 }'),
    ],
)
def test_secrets_leave_a_raw_request_however_it_is_written(raw: str, kept: str) -> None:
    told = redacted({**JOB, "request": {**JOB["request"], "rawRequest": raw}}, Secrets(["S3CRET"]))

    assert told["request"]["rawRequest"] == kept


def test_secrets_leave_what_no_page_tells_of_a_job() -> None:
    body = {"edgesetPath": "b", "obsParameters": {"secretKey": "SK"}, "t": ["S3CRET"], "token": "T"}
    job = {"jobId": "a", "reason": "S3CRET has expired", "request": {"body": body}}

    assert redacted(job, Secrets(["S3CRET"])) == {
        "jobId": "a",
        "reason": "*** has expired",
        "request": {"body": {"edgesetPath": "b", "t": ["***"], "token": "***"}},
    }


@pytest.mark.parametrize("ids", [{"jobId": "{}"}, {"job_id": "{}"}, {"jobId": "a", "job_id": "{}"}])
@pytest.mark.parametrize("written", ["S3C/RET", "S3C%2fRET"])
def test_a_job_whose_id_has_a_secret_in_it_is_not_kept(ids: dict[str, str], written: str) -> None:
    named = {name: one.replace("{}", f"1-{written}") for name, one in ids.items()}

    with pytest.raises(
        CannotRecord, match=r"^the id of a job \(1-\*\*\*\) contains the token or a key"
    ):
        redacted({**named, "status": "success"}, Secrets(["S3C/RET"]))


@pytest.mark.parametrize("most", [1, 2, 5, 10, 11, 49, 50, 51])
@pytest.mark.parametrize("page", [2, 10])
def test_no_more_are_recorded_than_are_wanted(
    ges: GesMock, tmp_path: Path, most: int, page: int
) -> None:
    ges.restart(generate=50, seed=5)
    with closing(Client(Target.of(ges.jobs_url()))) as client:
        one = Recorder(client, tmp_path / "a.json", page, most=most)
        for _ in one.read():
            pass
        [graph] = json.loads(one.fixture())["graphs"].values()

    assert [job["jobId"] for job in graph["jobs"]] == [job.job_id for job in ges.jobs()[:most]]
    assert client.requests <= most // (page - 1) + 6


def test_a_list_that_grows_at_its_end_is_recorded_as_it_began(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=30, settings={"order": "oldest_first"})
    first = [job["jobId"] for job in requests.get(ges.jobs_url()).json()["jobs"]]

    def many(asked: int) -> None:
        for _ in range(5 if asked > 1 else 0):
            ges.add_job()

    for one in recorder(ges, tmp_path, 5, many):
        for _ in one.read():
            pass
        assert [job["jobId"] for job in one.part.jobs[:30]] == first
        assert len(one.part.jobs) < 50
        assert one.notes == []


def test_a_list_that_grows_faster_than_it_is_read_cannot_be_recorded(
    ges: GesMock, tmp_path: Path
) -> None:
    ges.restart(generate=30)

    def many(asked: int) -> None:
        for _ in range(6 if asked > 1 else 0):
            ges.add_job()

    with pytest.raises(CannotRecord, match="changes faster than it can be read 5 jobs at a time"):
        recorded(ges, tmp_path, 5, many)


def test_a_list_to_which_always_more_come_than_a_page_holds_cannot_be_recorded(
    ges: GesMock, tmp_path: Path
) -> None:
    ges.restart(generate=80)

    def many(asked: int) -> None:
        for _ in range(60 if asked > 3 else 0):
            ges.add_job()

    with pytest.raises(CannotRecord, match="changes faster than it can be read 50 jobs at a time"):
        recorded(ges, tmp_path, 50, many)


def test_what_has_moved_is_told(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=30)

    def live(asked: int) -> None:
        if asked == 5:
            ges.remove_job(ges.jobs()[1])

    for one in recorder(ges, tmp_path, 10, live):
        for _ in one.read():
            pass
        assert one.notes == ["it changed too much, and was read anew"]


def test_an_answer_that_does_not_come_is_asked_for_again_and_the_second_time_it_is_given_up(
    ges: GesMock, tmp_path: Path
) -> None:
    ges.restart(generate=30)
    turns: list[int] = []

    def late(asked: int) -> None:
        turns.append(asked)
        if len(turns) == 4:
            raise Unresponsive(
                "http://h", "http_response_timeout", "no complete answer within 30 s"
            )

    recorded(ges, tmp_path, 10, late)
    assert len(turns) > 5

    def never(asked: int) -> None:
        if asked > 4:
            raise Unresponsive(
                "http://h", "http_response_timeout", "no complete answer within 30 s"
            )

    with pytest.raises(Unresponsive):
        recorded(ges, tmp_path, 10, never)

    part = tmp_path / "recorded.json.part"
    assert len(part.read_text().splitlines()) > 10
    [graph] = fixtures.read(recorded(ges, tmp_path, 10)).graphs.values()
    assert len(graph.jobs) == 30
    assert not part.exists()


def test_an_answer_that_is_nested_too_deeply_is_told(ges: GesMock, tmp_path: Path) -> None:
    def deep(asked: int) -> None:
        if asked == 1:
            raise RecursionError

    with pytest.raises(CannotRecord, match="an answer is nested too deeply"):
        recorded(ges, tmp_path, 10, deep)


# --- Lists that heed no limit or no offset, or tell a wrong total -------------------------------


def answer(end: int, first: int = 0, **others: Any) -> bytes:
    """An answer with the jobs from *first* to before *end*."""
    rows = [{**JOB, "jobId": f"a{number}"} for number in range(first, end)]
    body = json.dumps({"jobs": rows, **others, "result": "success"}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@contextmanager
def recording_of(
    folder: Path, *answers: bytes, page: int = 7, most: int | None = None
) -> Iterator[Recorder]:
    """A recorder of a server that gives these *answers*, the last one over and over."""
    with (
        OtherServer(*answers) as server,
        closing(Client(Target.of(server.url, "p1", "movie"))) as client,
    ):
        yield Recorder(client, folder / "recorded.json", page, most=most)


def read(one: Recorder) -> list[str]:
    """The ids of what *one* has read."""
    for _ in one.read():
        pass
    return [job["jobId"] for job in one.part.jobs]


@pytest.mark.parametrize("others", [{}, {"totalCount": 30}])
@pytest.mark.parametrize("most", [None, 50])
def test_a_list_that_heeds_neither_limit_nor_offset_is_taken_as_it_is(
    tmp_path: Path, others: dict[str, Any], most: int | None
) -> None:
    with recording_of(tmp_path, answer(30, **others), most=most) as one:
        assert read(one) == [f"a{number}" for number in range(30)]
        assert one.notes == []


def test_so_is_one_that_grows_at_its_end_and_one_that_was_broken_off(tmp_path: Path) -> None:
    answers = [*[answer(30)] * 4, answer(32)]
    with (
        OtherServer(*answers) as server,
        closing(Client(Target.of(server.url, "p", "g"))) as client,
    ):
        next(Recorder(client, tmp_path / "recorded.json", 7).read())
        part = tmp_path / "recorded.json.part"
        part.write_text("".join(part.read_text().splitlines(keepends=True)[:20]))

        one = Recorder(client, tmp_path / "recorded.json", 7)

        assert len(one.part.jobs) == 19
        assert read(one) == [f"a{number}" for number in range(32)]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([answer(5, totalCount=99)], "only the first 5 of 99 jobs can be read"),
        ([answer(1), answer(7)], "only the first 7 jobs can be read"),
    ],
)
def test_a_list_of_which_only_the_first_page_is_given_cannot_be_recorded(
    tmp_path: Path, answers: list[bytes], told: str
) -> None:
    with recording_of(tmp_path, *answers) as one, pytest.raises(CannotRecord) as error:
        read(one)

    assert str(error.value) == f"its answers are the same at every offset: {told}"
    assert not [*tmp_path.iterdir()]


def test_of_such_a_list_the_first_page_may_be_all_that_is_wanted(tmp_path: Path) -> None:
    with recording_of(tmp_path, answer(5, totalCount=99), most=5) as one:
        assert len(read(one)) == 5


def test_a_total_that_is_too_high_is_told_as_such(tmp_path: Path) -> None:
    first, last = answer(12, totalCount=99), answer(12, 11, totalCount=99)

    with recording_of(tmp_path, *[first] * 4, last, first) as one:
        assert len(read(one)) == 12
        assert one.notes == ["its totalCount was 99, but 12 jobs were read"]


def test_of_a_recording_that_went_on_it_is_told_which_jobs_are_older(
    ges: GesMock, tmp_path: Path
) -> None:
    ges.restart(generate=50)
    for one in recorder(ges, tmp_path):
        next(one.read())

    for one in recorder(ges, tmp_path):
        assert len(read(one)) == 50
        assert one.notes == ["it was resumed: 7 jobs have the statuses of before"]

    for one in recorder(
        ges, tmp_path, 7, lambda asked: asked == 3 and ges.remove_job(ges.jobs()[0])
    ):
        read(one)
        assert one.notes == ["it changed too much, and was read anew"]


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
    monkeypatch.setattr(recording, "is_exact", lambda page: False)

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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "."), "--output: . is a directory, not a file"),
        (("--as-graph", "a/b"), "--as-graph: 'a/b' is not a valid name"),
        (("--as-project", "a-b"), "--as-project: 'a-b' is not a valid name"),
        (("--timeout-s", "nan"), "--timeout-s: nan is not "),
    ],
)
def test_an_option_is_refused_before_anything_is_asked(
    ges: GesMock, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    ran = run(ges, tmp_path / "a.json", *options)

    assert ran.exit_code == 2
    assert ran.stderr.startswith(message)
    assert not [*ges.journal]


def test_a_name_may_look_like_an_escape(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=5)

    ran = run(ges, tmp_path / "a.json", "--as-graph", r"a\1b\g<0>")

    assert ran.exit_code == 0, ran.output
    assert [*fixtures.read(tmp_path / "a.json").graphs] == [r"a\1b\g<0>"]


def test_a_recording_that_is_broken_off_says_where_it_goes_on(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=50)
    ges.faults.arm("list_jobs", 500, after=5, times=1)
    file = tmp_path / "a.json"

    ran = run(ges, file, "--page", "10", "--most", "45")

    assert ran.exit_code == 2
    assert ran.stderr.endswith(
        f"; 19 jobs are stored in {file}.part: the same command resumes there\n"
    )
    again = run(ges, file, "--page", "10", "--most", "45")
    assert again.stdout == f"{file}: 1 graph, 45 jobs\n"
    assert again.stderr == (
        "while the list was read, it was resumed: 19 jobs have the statuses of before\n"
    )


def test_ctrl_c_ends_it_with_130_and_says_where_it_goes_on(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ges.restart(generate=50)
    file = tmp_path / "a.json"

    def interrupted(steps: Iterator[Any], label: str) -> None:
        next(steps)
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_remote, "show_steps", interrupted)

    ran = run(ges, file, "--page", "10")

    assert ran.exit_code == 130
    assert ran.stderr == (
        f"gesmock: interrupted; 10 jobs are stored in {file}.part: the same command resumes there\n"
    )


def test_what_moved_is_told_beside_the_recording(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=50)
    ges.faults.arm("list_jobs", fault={"kind": "insert_jobs"}, after=5, times=1)

    ran = run(ges, tmp_path / "a.json", "--page", "10")

    assert ran.exit_code == 0
    assert ran.stderr == (
        "while the list was read, 1 jobs came at its beginning: they are not recorded\n"
    )


def test_a_server_that_is_busy_is_waited_for(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ges.restart(generate=50)
    ges.faults.arm("list_jobs", 429, after=3, times=4, headers={"Retry-After": "20"})
    slept: list[float] = []
    monkeypatch.setattr(Client.__init__, "__defaults__", (slept.append,))

    ran = run(ges, tmp_path / "a.json", "--page", "10")

    assert ran.exit_code == 0, ran.output
    assert slept == [20.0] * 4


def test_a_disk_that_is_full_at_the_end_is_told(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)

    ran = run(ges, tmp_path / "a.json")

    assert ran.exit_code == 2
    assert ran.stderr.endswith("/a.json: cannot be written: No space left on device\n")


def test_a_disk_that_is_full_meanwhile_is_told(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "touch", full)

    ran = run(ges, tmp_path / "a.json")

    assert ran.exit_code == 2
    assert ran.stderr.endswith("/a.json: cannot be written: No space left on device\n")


def test_the_help_names_the_proxy() -> None:
    told = CliRunner().invoke(cli.main, ["record", "--help"]).output

    assert "gesmock proxy" in " ".join(told.split())


def test_a_fixture_that_cannot_be_written_is_told(ges: GesMock) -> None:
    ran = run(ges, Path("/nowhere/a.json"))

    assert ran.exit_code == 2
    assert ran.stderr == "--output: /nowhere/a.json cannot be written: No such file or directory\n"
