"""Recordings are complete, free of secrets, and served in the same bytes."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from liars.changes import in_jobs, in_list
from liars.liar_server import Change, LiarServer, Service
from other_server import OtherServer

from gesmock import GesMock
from gesmock.fake import fixtures
from gesmock.model.errors import InvalidInput
from gesmock.model.secrets import Secrets
from gesmock.remote.client import ServerReply
from gesmock.remote.http import Unresponsive
from gesmock.remote.record import CannotRecord, Recorder, Renaming, redacted
from gesmock.remote.session import Session
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


class Busy(Session):
    """A session that calls *meanwhile* before each request, with the number of requests so far."""

    def __init__(self, target: Target, page: int, meanwhile: Callable[[int], object]) -> None:
        super().__init__(target, page)
        self._meanwhile = meanwhile

    def send(self, *request: Any) -> ServerReply:
        self._meanwhile(self.requests - 1)
        return super().send(*request)


@contextmanager
def recording(
    ges: GesMock,
    folder: Path,
    page: int = 7,
    meanwhile: Callable[[int], object] = lambda sent: None,
) -> Iterator[Recorder]:
    with closing(Busy(Target.of(ges.jobs_url()), page, meanwhile)) as session:
        yield Recorder(session, folder / "recorded.json")


def recorded(
    ges: GesMock,
    folder: Path,
    page: int = 7,
    meanwhile: Callable[[int], object] = lambda sent: None,
) -> Path:
    """The fixture file of a recording."""
    file = folder / "recorded.json"
    with recording(ges, folder, page, meanwhile) as recorder:
        for _ in recorder.read():
            pass
        file.write_bytes(recorder.fixture())
        recorder.part.clear()
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
def test_a_recording_is_served_in_the_same_bytes(
    ges: GesMock, tmp_path: Path, page: int, settings: dict[str, Any]
) -> None:
    ges.restart(generate=50, seed=5, settings=settings)
    before = lists(ges)

    file = recorded(ges, tmp_path, page)

    changes = {name: value for name, value in settings.items() if name == "maximum_limit"}
    with GesMock(fixture=file, settings=changes) as again:
        assert lists(again) == before
    assert not (tmp_path / "recorded.json.part").exists()


def test_an_empty_list_is_recorded(ges: GesMock, tmp_path: Path) -> None:
    file = recorded(ges, tmp_path)

    assert fixtures.describe(fixtures.read(file)) == "1 graph, 0 jobs"


@pytest.mark.parametrize("count", [1, 3])
def test_jobs_that_come_while_recording_are_left_out(
    ges: GesMock, tmp_path: Path, count: int
) -> None:
    ges.restart(generate=30)
    before = [job.job_id for job in ges.jobs()]

    def add(sent: int) -> None:
        for _ in range(count if 3 < sent < 12 else 0):
            ges.add_job()

    with recording(ges, tmp_path, 5, add) as recorder:
        assert read(recorder) == before
        [note] = recorder.notes
        assert note.endswith(" appeared at its start: not recorded")


def test_the_list_is_read_again_if_many_jobs_come_at_once(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=60)

    def many(sent: int) -> None:
        for _ in range(17 if sent == 9 else 0):
            ges.add_job()

    file = recorded(ges, tmp_path, 5, many)

    [graph] = fixtures.read(file).graphs.values()
    assert [job.job_id for job in graph.jobs] == [job.job_id for job in ges.jobs()]


@pytest.mark.parametrize("when", range(1, 10))
def test_a_job_that_is_removed_while_recording_leaves_no_gap(
    ges: GesMock, tmp_path: Path, when: int
) -> None:
    ges.restart(generate=20)
    before = [job.job_id for job in ges.jobs()]

    def remove(sent: int) -> None:
        if sent == when:
            ges.remove_job(ges.jobs()[5])

    file = recorded(ges, tmp_path, 5, remove)

    [graph] = fixtures.read(file).graphs.values()
    after = [job.job_id for job in ges.jobs()]
    assert [job.job_id for job in graph.jobs] in (before, after)


def test_a_list_that_keeps_losing_jobs_cannot_be_recorded(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=200)

    with pytest.raises(CannotRecord, match="faster than it can be read"):
        recorded(ges, tmp_path, 5, lambda sent: ges.remove_job(ges.jobs()[5]))


def test_an_interrupted_recording_is_resumed(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=50, seed=5)
    with recording(ges, tmp_path) as recorder:
        steps = recorder.read()
        assert [next(steps)[0] for _ in range(4)] == [7, 13, 19, 25]
    part = tmp_path / "recorded.json.part"
    assert part.stat().st_mode & 0o077 == 0  # nobody else may read it
    part.write_text(part.read_text() + '{"jobId": "cut')
    before = [job.job_id for job in ges.jobs()]
    ges.add_job()
    sent: list[int] = []

    file = recorded(ges, tmp_path, 7, sent.append)

    [graph] = fixtures.read(file).graphs.values()
    assert [job.job_id for job in graph.jobs] == before
    assert len(sent) < 11  # of 12


@pytest.mark.parametrize("whole", [0, 1, 2, 9])
def test_a_recording_that_was_killed_in_the_middle_of_a_line_is_resumed(
    ges: GesMock, tmp_path: Path, whole: int
) -> None:
    ges.restart(generate=50, seed=5)
    part = tmp_path / "recorded.json.part"
    for killed in (True, False):
        with recording(ges, tmp_path) as recorder:
            steps = recorder.read()
            next(steps)
            next(steps)
        lines = part.read_text().splitlines(keepends=True)
        if killed:
            part.write_text("".join(lines[:whole]) + lines[whole][:20])

    file = recorded(ges, tmp_path)

    [graph] = fixtures.read(file).graphs.values()
    assert [job.job_id for job in graph.jobs] == [job.job_id for job in ges.jobs()]


def test_an_empty_part_file_is_accepted(ges: GesMock, tmp_path: Path) -> None:
    (tmp_path / "recorded.json.part").write_text("")

    assert fixtures.describe(fixtures.read(recorded(ges, tmp_path))) == "1 graph, 0 jobs"


def test_a_fixture_has_new_names_and_no_secrets(tmp_path: Path) -> None:
    with closing(Session(Target.of("http://h", "p1", "movie"))) as session:
        recorder = Recorder(session, tmp_path / "a.json", as_project="project", as_graph="films")
        other = {**JOB, "jobId": "a2", "request": {**JOB["request"], "rawRequest": "x"}}
        recorder.part.add([redacted(job, Secrets([])) for job in (JOB, other)])
        state = json.loads(recorder.fixture())

    [job, other] = state["graphs"]["films"]["jobs"]
    assert state["project_id"] == "project"
    assert job["request"] == {
        "command": "import_graph",
        "url": "/ges/v1.0/project/graphs/films/action?action_id=import-graph",
        "rawRequest": '{"graphName":"films","edgesetPath":"movies/é/films.csv"}',
    }
    assert other["request"]["rawRequest"] == "x"


def test_jobs_that_gesmock_cannot_serve_are_reported() -> None:
    with closing(Session(Target.of("http://h", "p1", "movie"))) as session:
        recorder = Recorder(session, Path("/nowhere/a.json"))
        recorder.part.jobs = [{"jobId": "a", "status": "done"}]

        with pytest.raises(InvalidInput) as error:
            recorder.fixture()

    assert [error.path for error in error.value.errors] == [
        "$.graphs.movie.jobs[0].status",
        "$.graphs.movie.jobs[0].request",
    ]


def test_percent_encoded_names_are_replaced_too_and_each_name_only_once() -> None:
    rename = Renaming(("p1", "my films"), ("my films", r"a\1b/ä"))

    assert rename.renamed("/p1/graphs/my%20films?a=my films") == (
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

    request = {"command": graph, "url": f"/ges/v1.0/p1{url}", "rawRequest": f'{{"a":"{graph}"}}'}

    assert rename.renamed_job({"jobId": "a", "request": request})["request"] == {
        "command": graph,
        "url": f"/ges/v1.0/project{renamed}",
        "rawRequest": '{"a":"films"}',
    }


@pytest.mark.parametrize(
    ("url", "renamed"), [("/v2/movie?a=p1", "/v2/films?a=project"), ("movie", "films")]
)
def test_in_another_url_names_are_replaced_as_words(url: str, renamed: str) -> None:
    rename = Renaming(("p1", "project"), ("movie", "films"))

    assert rename.renamed_job({"jobId": "a", "request": {"url": url}})["request"] == {
        "url": renamed
    }


def test_part_file_and_fixture_have_no_secrets(ges: GesMock, tmp_path: Path) -> None:
    token = "MIIF/secret=="
    request = {
        "command": "a",
        "url": f"/a?b={token}&sk=SK",
        "rawRequest": f'{{"a":"{token}","ak":1}}',
    }
    job = {"jobId": "a", "status": "success", "request": request}
    fixture = {"graphs": {"movie": {"jobs": [job]}}}
    (tmp_path / "served.json").write_text(json.dumps(fixture))
    ges.restart(fixture=tmp_path / "served.json", tokens=[token])
    target = Target.of(ges.jobs_url(), sign_in=SignIn(token))
    with closing(Session(target, 10)) as session:
        recorder = Recorder(session, tmp_path / "a.json")
        next(recorder.read())
        written = recorder.fixture()

    for text in ((tmp_path / "a.json.part").read_bytes(), written):
        assert b"MIIF" not in text
        assert b"SK" not in text
        assert b"***" in text


@pytest.mark.parametrize(
    ("raw", "redacted_raw"),
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
def test_a_raw_request_is_redacted_in_any_format(raw: str, redacted_raw: str) -> None:
    job = redacted({**JOB, "request": {**JOB["request"], "rawRequest": raw}}, Secrets(["S3CRET"]))

    assert job["request"]["rawRequest"] == redacted_raw


def test_undocumented_fields_of_a_job_are_redacted() -> None:
    body = {"edgesetPath": "b", "obsParameters": {"secretKey": "SK"}, "t": ["S3CRET"], "token": "T"}
    job = {"jobId": "a", "reason": "S3CRET has expired", "request": {"body": body}}

    assert redacted(job, Secrets(["S3CRET"])) == {
        "jobId": "a",
        "reason": "*** has expired",
        "request": {"body": {"edgesetPath": "b", "t": ["***"], "token": "***"}},
    }


@pytest.mark.parametrize("ids", [{"jobId": "{}"}, {"job_id": "{}"}, {"jobId": "a", "job_id": "{}"}])
@pytest.mark.parametrize("written", ["S3C/RET", "S3C%2fRET"])
def test_a_job_with_a_secret_in_its_id_is_refused(ids: dict[str, str], written: str) -> None:
    named = {name: value.replace("{}", f"1-{written}") for name, value in ids.items()}

    with pytest.raises(
        CannotRecord, match=r"^the id of a job \(1-\*\*\*\) contains the token or a key"
    ):
        redacted({**named, "status": "success"}, Secrets(["S3C/RET"]))


@pytest.mark.parametrize("most", [1, 2, 5, 10, 11, 49, 50, 51])
@pytest.mark.parametrize("page", [2, 10])
def test_most_limits_the_jobs_that_are_recorded(
    ges: GesMock, tmp_path: Path, most: int, page: int
) -> None:
    ges.restart(generate=50, seed=5)
    with closing(Session(Target.of(ges.jobs_url()), page)) as session:
        recorder = Recorder(session, tmp_path / "a.json", most=most)
        for _ in recorder.read():
            pass
        [graph] = json.loads(recorder.fixture())["graphs"].values()

    assert [job["jobId"] for job in graph["jobs"]] == [job.job_id for job in ges.jobs()[:most]]
    assert session.requests <= most // (page - 1) + 6


def test_a_list_that_grows_at_its_end_is_recorded(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=30, settings={"order": "oldest_first"})
    first = [job["jobId"] for job in requests.get(ges.jobs_url()).json()["jobs"]]

    def many(sent: int) -> None:
        for _ in range(5 if sent > 1 else 0):
            ges.add_job()

    with recording(ges, tmp_path, 5, many) as recorder:
        for _ in recorder.read():
            pass
        assert [job["jobId"] for job in recorder.part.jobs[:30]] == first
        assert len(recorder.part.jobs) < 50
        assert recorder.notes == []


def test_a_list_that_grows_faster_than_it_is_read_cannot_be_recorded(
    ges: GesMock, tmp_path: Path
) -> None:
    ges.restart(generate=30)

    def many(sent: int) -> None:
        for _ in range(6 if sent > 1 else 0):
            ges.add_job()

    with pytest.raises(CannotRecord, match="changes faster than it can be read, 5 jobs at a time"):
        recorded(ges, tmp_path, 5, many)


def test_a_list_that_grows_by_more_than_a_page_at_a_time_cannot_be_recorded(
    ges: GesMock, tmp_path: Path
) -> None:
    ges.restart(generate=80)

    def many(sent: int) -> None:
        for _ in range(60 if sent > 3 else 0):
            ges.add_job()

    with pytest.raises(CannotRecord, match="changes faster than it can be read, 50 jobs at a time"):
        recorded(ges, tmp_path, 50, many)


def test_a_note_says_that_the_list_was_read_again(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=30)

    def live(sent: int) -> None:
        if sent == 5:
            ges.remove_job(ges.jobs()[1])

    with recording(ges, tmp_path, 10, live) as recorder:
        for _ in recorder.read():
            pass
        assert recorder.notes == ["it changed too much, and was read again from the start"]


def test_a_page_that_times_out_is_asked_for_once_more(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=30)
    turns: list[int] = []

    def late(sent: int) -> None:
        turns.append(sent)
        if len(turns) == 4:
            raise Unresponsive(
                "http://h", "http_response_timeout", "no complete answer within 30 s"
            )

    recorded(ges, tmp_path, 10, late)
    assert len(turns) > 5

    def never(sent: int) -> None:
        if sent > 4:
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


def test_an_answer_that_is_nested_too_deeply_is_refused(ges: GesMock, tmp_path: Path) -> None:
    def deep(sent: int) -> None:
        if sent == 1:
            raise RecursionError

    with pytest.raises(CannotRecord, match="an answer is nested too deeply"):
        recorded(ges, tmp_path, 10, deep)


# --- Servers that ignore limit or offset, or report a wrong total ------------------------------


def answer(end: int, first: int = 0, **fields: Any) -> bytes:
    """An answer with the jobs from *first* up to, but not including, *end*."""
    rows = [{**JOB, "jobId": f"a{number}"} for number in range(first, end)]
    body = json.dumps({"jobs": rows, **fields, "result": "success"}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@contextmanager
def recording_of(
    folder: Path, *answers: bytes, page: int = 7, most: int | None = None
) -> Iterator[Recorder]:
    """A recorder of a server that gives these *answers*, the last one over and over."""
    with (
        OtherServer(*answers) as server,
        closing(Session(Target.of(server.url, "p1", "movie"), page)) as session,
    ):
        yield Recorder(session, folder / "recorded.json", most=most)


def read(recorder: Recorder) -> list[str]:
    """The ids of the jobs that *recorder* has read."""
    for _ in recorder.read():
        pass
    return [job["jobId"] for job in recorder.part.jobs]


@pytest.mark.parametrize("fields", [{}, {"totalCount": 30}])
@pytest.mark.parametrize("most", [None, 50])
def test_a_list_that_ignores_limit_and_offset_is_recorded_whole(
    tmp_path: Path, fields: dict[str, Any], most: int | None
) -> None:
    with recording_of(tmp_path, answer(30, **fields), most=most) as recorder:
        assert read(recorder) == [f"a{number}" for number in range(30)]
        assert recorder.notes == []


def test_recording_a_list_that_ignores_limit_and_offset_is_resumed(tmp_path: Path) -> None:
    answers = [*[answer(30)] * 4, answer(32)]
    with (
        OtherServer(*answers) as server,
        closing(Session(Target.of(server.url, "p", "g"), 7)) as session,
    ):
        next(Recorder(session, tmp_path / "recorded.json").read())
        part = tmp_path / "recorded.json.part"
        part.write_text("".join(part.read_text().splitlines(keepends=True)[:20]))

        recorder = Recorder(session, tmp_path / "recorded.json")

        assert len(recorder.part.jobs) == 19
        assert read(recorder) == [f"a{number}" for number in range(32)]


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([answer(5, totalCount=99)], "only the first 5 of 99 jobs can be read"),
        ([answer(1), answer(7)], "only the first 7 jobs can be read"),
    ],
)
def test_a_list_that_only_ever_shows_its_first_page_cannot_be_recorded(
    tmp_path: Path, answers: list[bytes], why: str
) -> None:
    with recording_of(tmp_path, *answers) as recorder, pytest.raises(CannotRecord) as error:
        read(recorder)

    assert str(error.value) == f"its answers are the same at every offset: {why}"
    assert not [*tmp_path.iterdir()]


def test_the_first_page_of_such_a_list_can_be_recorded(tmp_path: Path) -> None:
    with recording_of(tmp_path, answer(5, totalCount=99), most=5) as recorder:
        assert len(read(recorder)) == 5


def test_a_note_says_that_total_count_is_too_high(tmp_path: Path) -> None:
    first, last = answer(12, totalCount=99), answer(12, 11, totalCount=99)

    with recording_of(tmp_path, *[first] * 4, last, first) as recorder:
        assert len(read(recorder)) == 12
        assert recorder.notes == ["its totalCount was 99, but 12 jobs were read"]


def test_a_list_whose_last_page_has_only_recorded_jobs_is_read_again(tmp_path: Path) -> None:
    first, shifted, last = (answer(12, at, totalCount=12) for at in (0, 10, 11))

    with recording_of(tmp_path, *[first] * 4, shifted, first, last) as recorder:
        assert len(read(recorder)) == 12
        assert recorder.notes == ["it changed too much, and was read again from the start"]


def test_a_note_says_how_many_jobs_were_recorded_before_resuming(
    ges: GesMock, tmp_path: Path
) -> None:
    ges.restart(generate=50)
    with recording(ges, tmp_path) as recorder:
        next(recorder.read())

    with recording(ges, tmp_path) as recorder:
        assert len(read(recorder)) == 50
        assert recorder.notes == ["it was resumed after 7 jobs"]


# --- Where the list ends --------------------------------------------------------------------------


@contextmanager
def recording_from(
    folder: Path, service: Service, change: Change | None, page: int = 1000
) -> Iterator[tuple[Recorder, LiarServer]]:
    """A recorder of the liar server."""
    with (
        LiarServer(service, change) as server,
        closing(Session(Target.of(server.url), page)) as session,
    ):
        yield Recorder(session, folder / "recorded.json"), server


def total_of(value: Callable[[dict[str, Any]], object]) -> Change:
    return in_list(lambda listed, _: listed.update(totalCount=value(listed)))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(total_of(lambda listed: len(listed["jobs"])), id="of the page"),
        pytest.param(total_of(lambda _: 1000), id="always 1000"),
        pytest.param(total_of(lambda _: 0), id="always 0"),
        pytest.param(total_of(lambda _: None), id="null"),
        pytest.param(in_list(lambda listed, _: listed.pop("totalCount")), id="absent"),
        pytest.param(
            in_list(
                lambda value, request: value.update(
                    totalCount=request.integer("offset", 0) + len(value["jobs"])
                )
            ),
            id="of the jobs so far",
        ),
    ],
)
def test_a_list_is_recorded_whole_whatever_its_total_says(tmp_path: Path, change: Change) -> None:
    service = Service(2500)

    with recording_from(tmp_path, service, change) as (recorder, _):
        assert read(recorder) == [job["jobId"] for job in service.jobs]


def test_a_note_says_that_total_count_is_too_low(tmp_path: Path) -> None:
    change = total_of(lambda listed: len(listed["jobs"]))

    with recording_from(tmp_path, Service(25), change, page=10) as (recorder, _):
        assert len(read(recorder)) == 25
        assert recorder.notes == ["its totalCount was 10, but more jobs followed"]


def test_a_list_in_pages_of_one_job_cannot_be_recorded(tmp_path: Path) -> None:
    service = Service(25)
    service.maximum = 1

    with (
        recording_from(tmp_path, service, None) as (recorder, _),
        pytest.raises(CannotRecord, match="only one job at a time"),
    ):
        read(recorder)


# --- Other shapes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("written", [json.loads, str])
def test_the_items_of_2023_are_recorded_with_their_body(
    tmp_path: Path, written: Callable[[str], object]
) -> None:
    def as_in_2023(job: dict[str, Any]) -> None:
        job["request"]["body"] = written(job["request"].pop("rawRequest"))

    service = Service(30)
    with recording_from(tmp_path, service, in_jobs(as_in_2023)) as (recorder, _):
        read(recorder)
        state = json.loads(recorder.fixture())
        assert not recorder.exact

    [graph] = state["graphs"].values()
    assert graph["jobs"] == service.jobs


@pytest.mark.parametrize(
    ("change", "described"),
    [
        (lambda job: job.update(jobId=7), "7"),
        (lambda job: job.update(jobId=None), "null"),
        (lambda job: job.update(jobId=""), '""'),
        (lambda job: job.update(job_id=1.5), '"'),
        (lambda job: job.pop("jobId"), "missing"),
    ],
)
def test_ids_that_are_not_strings_are_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], described: str
) -> None:
    with (
        recording_from(tmp_path, Service(3), in_jobs(change)) as (recorder, _),
        pytest.raises(CannotRecord) as error,
    ):
        read(recorder)

    assert str(error.value).startswith(
        f"the id of a job must be a nonempty string, but is {described}"
    )


def test_a_recording_of_another_server_is_served_in_the_same_bytes(tmp_path: Path) -> None:
    service = Service(2500)
    with LiarServer(service, encode=compact_json) as server:
        target = Target.of(server.url)
        with closing(Session(target, 1000)) as session:
            recorder = Recorder(session, tmp_path / "recorded.json")
            read(recorder)
            assert recorder.exact
            (tmp_path / "a.json").write_bytes(recorder.fixture())
        queries = ("", "?limit=7&offset=2400", "?limit=0", "?offset=2499", "?offset=9999")
        with GesMock(fixture=tmp_path / "a.json") as ges:
            for query in queries:
                served = requests.get(f"{ges.url}{target.path('/jobs/status')}{query}").content
                assert served == requests.get(f"{server.url}/jobs/status{query}").content


def compact_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


# --- Stale part files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no JSON\n", "was damaged"),
        ("no JSON", "was damaged"),
        ("\n", "was damaged"),
        ("{}\n[]\n", "was damaged"),
        (
            '{"target": "http://h/ges"}\n{"jobId": "a"}\n',
            "was of another recording, of http://h/ges",
        ),
        ("{}\n", "was of another recording, of None"),
    ],
)
def test_a_stale_part_file_is_named_and_replaced(
    ges: GesMock, tmp_path: Path, text: str, why: str
) -> None:
    ges.restart(generate=20)
    part = tmp_path / "recorded.json.part"
    part.write_text(text)

    with recording(ges, tmp_path) as recorder:
        assert part.read_text() == text  # until something else has been read
        assert read(recorder) == [job.job_id for job in ges.jobs()]
        assert (recorder.part.stale, recorder.notes) == (f"{part} {why}, and is replaced", [])


def test_a_part_file_with_a_damaged_job_is_named_and_replaced(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=50)
    with recording(ges, tmp_path) as recorder:
        next(recorder.read())
    part = tmp_path / "recorded.json.part"
    part.write_text(part.read_text() + "no JSON\n")

    with recording(ges, tmp_path) as recorder:
        assert read(recorder) == [job.job_id for job in ges.jobs()]
        assert recorder.part.stale == f"{part} was damaged, and is replaced"


def test_a_part_file_of_jobs_that_are_gone_is_named_and_replaced(
    ges: GesMock, tmp_path: Path
) -> None:
    ges.restart(generate=50, seed=5)
    with recording(ges, tmp_path) as recorder:
        next(recorder.read())
    ges.restart(generate=30, seed=6)

    with recording(ges, tmp_path) as recorder:
        assert read(recorder) == [job.job_id for job in ges.jobs()]
        assert recorder.part.stale == (
            f"{recorder.part.file} was stale, and is replaced: "
            "its first job is no longer at the beginning of the list"
        )


def test_a_recording_is_resumed_with_another_page_size(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=50)
    with recording(ges, tmp_path, 7) as recorder:
        next(recorder.read())

    with recording(ges, tmp_path, 20) as recorder:
        assert len(recorder.part.jobs) == 7
        assert read(recorder) == [job.job_id for job in ges.jobs()]


def test_jobs_that_have_ended_since_are_resumed_as_they_are_now(
    ges: GesMock, tmp_path: Path
) -> None:
    ges.restart(clock={"frozen": True})
    for _ in range(30):
        ges.add_job(plan="normal")
    with recording(ges, tmp_path) as recorder:
        steps = recorder.read()
        assert [next(steps)[0] for _ in range(2)] == [7, 13]
    ges.clock.advance(3600)

    with recording(ges, tmp_path) as recorder:
        read(recorder)
        statuses = [job["status"] for job in recorder.part.jobs]
        assert recorder.notes == [
            "it was resumed after 13 jobs; 6 of them had not ended, and may have since"
        ]
    assert {*statuses[:7], *statuses[13:]} == {"success"}
    assert {*statuses[7:13]} == {"pending"}
