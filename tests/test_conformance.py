"""The conformance kit tells the truth: of gesmock, of liars, and of what is no service at all."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gesmock import GesMock
from gesmock.conformance import readings, report
from gesmock.conformance.client import Answer, Client
from gesmock.conformance.contract import Contract
from gesmock.conformance.run import CHECKS, Report, hold, run
from gesmock.conformance.session import Session, Submission
from gesmock.conformance.target import SignIn, Target
from gesmock.errors import GesmockError
from gesmock.settings import Settings
from gesmock.web.server import Server

SUBMIT = Submission.of("vertex_query", None, 60)


def session_at(url: str, *, token: str = "", submit: bool = False, **options: Any) -> Session:
    """A session that asks the list at *url*; where it may *submit*, the fake's clock moves on."""
    target = Target.of(url, sign_in=SignIn(token), timeout_s=5)
    return Session(Client(target), submit=SUBMIT if submit else None, **options)


def verified(ges: GesMock, *, token: str = "", submit: bool = False) -> Report:
    session = session_at(ges.jobs_url(), token=token, submit=submit, sleep=ges.clock.advance)
    try:
        return run(session)
    finally:
        session.client.close()


def failures(found: Report) -> list[str]:
    return [report.line(one) for one in found.outcomes if one.state in ("failed", "differs")]


SOME: dict[str, Any] = {"generate": 30, "seed": 3, "clock": {"frozen": True, "now": 1767225600}}


# --- The truth ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"dialect": "page"},
        {"dialect": "error_table"},
        {"dialect": "error_table", "edition": "memory"},
        {"dialect": "page", "edition": "memory", "id_key": "both"},
        {"limit_over_maximum": "refuse", "limit_zero": "refuse", "maximum_limit": 7},
        {"maximum_limit": 7, "id_key": "job_id", "order": "oldest_first"},
        {"failed_result": True, "sdk_error_keys": True, "open_projects": True},
        {"unknown_graph_status": 400},
    ],
)
@pytest.mark.parametrize("token", ["", "secret"])
def test_the_fake_passes_and_is_read_as_it_is_set(
    ges: GesMock, settings: dict[str, Any], token: str
) -> None:
    ges.restart(**SOME, settings=settings, tokens=[token] if token else [])

    found = verified(ges, token=token, submit=True)

    assert failures(found) == []
    in_force = {name: getattr(ges.settings, name) for name in Settings.__struct_fields__}
    seen = readings.settings_of([*found.readings])
    assert seen.items() <= in_force.items()
    assert set(in_force) - set(seen) == unseen(settings, token)


def unseen(settings: dict[str, Any], token: str) -> set[str]:
    """The settings that no answer tells."""
    hidden = {"open_projects"} if token else {"invalid_token_status", "forbidden_status"}
    if token and settings.get("open_projects"):
        hidden = {"forbidden_status", "dialect"}  # the token opens every project
    memory = settings.get("edition") == "memory"
    if "maximum_limit" not in settings and "limit_over_maximum" not in settings:
        hidden.add("maximum_limit")  # there are not so many jobs
    if memory:
        hidden |= {"unknown_graph_status", "finished_status", "maximum_limit"}
    if not token or memory or "unknown_graph_status" in settings:
        hidden.add("dialect")  # it takes three statuses, and those of one dialect
    return hidden


def test_settings_that_were_seen_make_a_fake_that_is_seen_the_same(ges: GesMock) -> None:
    ges.restart(
        **SOME, settings={"limit_zero": "refuse", "id_key": "both", "order": "oldest_first"}
    )
    seen = readings.settings_of([*verified(ges, submit=True).readings])

    ges.restart(**SOME, settings=seen)

    assert readings.settings_of([*verified(ges, submit=True).readings]) == seen


@pytest.mark.parametrize(
    ("command", "finished"), [("vertex_query", "complete"), ("execute_algorithm", "success")]
)
def test_the_word_for_a_good_end_is_read_from_what_was_submitted(
    ges: GesMock, command: str, finished: str
) -> None:
    ges.restart(settings={"finished_status": finished}, clock={"frozen": True})
    session = session_at(ges.jobs_url(), sleep=ges.clock.advance)
    session.submit = Submission.of(command, None, 60)

    with closing(session.client):
        seen = readings.settings_of([*run(session).readings])

    assert seen["finished_status"] == finished


def test_without_leave_nothing_is_written(ges: GesMock) -> None:
    ges.restart(**SOME)

    verified(ges)

    assert {entry.method for entry in ges.journal} == {"GET", "HEAD"}
    assert len(ges.jobs()) == 30


# --- Lies ---------------------------------------------------------------------------------------


@dataclass
class Asked:
    """A request, which a liar may change."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    turn: int

    @property
    def listed(self) -> bool:
        return self.path.endswith("/jobs/status")


@dataclass
class Said:
    """An answer, which a liar may change."""

    status: int
    value: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Lie:
    """Which check catches it, what it makes of a request and of an answer."""

    check: str
    of_answer: Callable[[Asked, Said], Said | None] = lambda asked, said: None
    of_request: Callable[[Asked], object] = lambda asked: None
    options: Mapping[str, Any] = field(default_factory=dict)


def jobs(change: Callable[[dict[str, Any]], None]) -> Callable[[Asked, Said], None]:
    """A lie about each listed job."""

    def lie(asked: Asked, said: Said) -> None:
        if asked.listed and said.status == 200:
            for job in said.value["jobs"]:
                change(job)

    return lie


def shown(change: Callable[[dict[str, Any], int], object]) -> Callable[[Asked, Said], None]:
    """A lie about the status of a job."""

    def lie(asked: Asked, said: Said) -> None:
        if re.search(r"/jobs/[^/]+/status$", asked.path) and said.status == 200:
            change(said.value, asked.turn)

    return lie


def listed(change: Callable[[dict[str, Any], Asked], object]) -> Callable[[Asked, Said], None]:
    """A lie about the list."""

    def lie(asked: Asked, said: Said) -> None:
        if asked.listed and said.status == 200:
            change(said.value, asked)

    return lie


def where(
    holds: Callable[[Asked], object], status: int, value: Any
) -> Callable[[Asked, Said], Said | None]:
    """Another answer altogether."""
    return lambda asked, said: Said(status, value) if holds(asked) else None


def asks(change: Callable[[dict[str, str]], object]) -> Callable[[Asked], object]:
    """A misunderstood query of the list."""

    return lambda asked: asked.listed and change(asked.query)


def refused(change: Callable[[Said], object]) -> Callable[[Asked, Said], None]:
    """A lie about each refusal."""

    def lie(asked: Asked, said: Said) -> None:
        if said.status >= 400:
            change(said)

    return lie


EMPTY = {"jobs": [], "totalCount": 0, "result": "success"}
MEMORY = {"settings": {"edition": "memory"}}


def _flip(value: dict[str, Any], asked: Asked) -> None:
    if asked.turn % 2:
        value["jobs"].reverse()


def _unfinish(value: dict[str, Any], asked: Asked) -> None:
    if asked.turn > 2:
        for job in value["jobs"]:
            job["status"] = "running"


def _twice(value: dict[str, Any], asked: Asked) -> None:
    for job in value["jobs"][1:2]:
        job["jobId"] = value["jobs"][0]["jobId"]


def _sizes(value: dict[str, Any], turn: int) -> None:
    outputs = value.get("data", {}).get("outputs", {})
    if "data_total_size" in outputs:
        outputs["data_total_size"] = outputs["data_return_size"]


LIES = {
    "another key": Lie("list_has_its_shape", listed(lambda value, _: value.update(count=1))),
    "another order of keys": Lie(
        "list_has_its_shape", listed(lambda value, _: value.update(jobs=value.pop("jobs")))
    ),
    "a job without a request": Lie("list_has_its_shape", jobs(lambda job: job.update(request={}))),
    "one id twice": Lie("ids_are_unique", listed(_twice)),
    "another order each time": Lie("ids_are_stable", listed(_flip)),
    "a status of its own": Lie(
        "statuses_are_of_the_list", jobs(lambda job: job.update(status="done"))
    ),
    "pages overlap": Lie(
        "pages_join_to_the_whole",
        of_request=asks(lambda query: query.update(offset=str(int(query.get("offset", 0)) // 2))),
    ),
    "one more than limit": Lie(
        "limit_is_kept",
        of_request=asks(lambda query: query.update(limit=str(int(query.get("limit", 99)) + 1))),
    ),
    "offset counts from 1": Lie(
        "offset_leaves_out_the_first",
        of_request=asks(
            lambda query: query.update(offset=str(max(int(query.get("offset", 0)) - 1, 0)))
        ),
    ),
    "offset is 1 by default": Lie(
        "offset_is_0_by_default", of_request=asks(lambda query: query.setdefault("offset", "1"))
    ),
    "limit is 10 by default": Lie(
        "limit_has_a_default", of_request=asks(lambda query: query.setdefault("limit", "10"))
    ),
    "one too many": Lie(
        "total_counts_the_jobs",
        listed(lambda value, _: value.update(totalCount=value["totalCount"] + 1)),
    ),
    "a total in words": Lie(
        "total_counts_the_jobs", listed(lambda value, _: value.update(totalCount="30"))
    ),
    "the total of the page": Lie(
        "total_does_not_depend_on_the_page",
        listed(lambda value, _: value.update(totalCount=len(value["jobs"]))),
    ),
    "begins again behind the end": Lie(
        "behind_the_end_there_is_nothing",
        of_request=asks(lambda query: query.get("offset") == "2000000000" and query.pop("offset")),
    ),
    "minds what it does not know": Lie(
        "unknown_parameters_are_ignored",
        where(lambda asked: "gesmock" in asked.query, 400, {"errorMessage": "?", "errorCode": "?"}),
    ),
    "a request as Python writes it": Lie(
        "raw_requests_are_json", jobs(lambda job: job["request"].update(rawRequest="{'a': 1}"))
    ),
    "keys are listed": Lie(
        "raw_requests_have_no_secrets",
        jobs(lambda job: job["request"].update(rawRequest='{"accessKey":"AK"}')),
    ),
    "a URL with its host": Lie(
        "urls_are_paths", jobs(lambda job: job["request"].update(url="http://10.0.0.1/ges"))
    ),
    "what had ended goes on": Lie("what_is_final_stays", listed(_unfinish)),
    "more than all": Lie(
        "memory_items_are_in_themselves_right",
        jobs(lambda job: job.update(progress="150")),
        options=MEMORY,
    ),
    "a reason without a failure": Lie(
        "memory_items_are_in_themselves_right",
        jobs(lambda job: job.update(failReason="none")),
        options=MEMORY,
    ),
    "shown otherwise than listed": Lie(
        "a_job_is_as_the_list_says", shown(lambda value, _: value.update(status="pending"))
    ),
    "a job with its id": Lie(
        "a_job_has_its_shape", shown(lambda value, _: value.update(jobId="a"))
    ),
    "a result before the end": Lie(
        "only_a_good_end_has_a_result", shown(lambda value, _: value.update(data={"outputs": {}}))
    ),
    "sizes of the page": Lie("results_are_paged", shown(_sizes)),
    "another result each time": Lie(
        "a_result_stays", shown(lambda value, turn: value.update(data={"outputs": {"n": turn}}))
    ),
    "every job is known": Lie(
        "an_unknown_job_is_refused",
        where(lambda asked: "no-job" in asked.path, 200, {"status": "failed", "result": "success"}),
    ),
    "another text": Lie(
        "an_unknown_job_is_refused", refused(lambda said: said.value.update(errorMessage="No job!"))
    ),
    "anything is a number": Lie(
        "wrong_numbers_are_refused", where(lambda asked: "none" in asked.query.values(), 200, EMPTY)
    ),
    "every graph is known": Lie(
        "an_unknown_graph_is_refused",
        where(lambda asked: "gesmockNobody" in asked.path, 200, EMPTY),
    ),
    "no graph is named": Lie(
        "an_unknown_graph_is_refused",
        refused(lambda said: said.value.update(errorMessage="No such graph.")),
    ),
    "every project is known": Lie(
        "a_wrong_project_is_refused", where(lambda asked: "no-project" in asked.path, 200, EMPTY)
    ),
    "every URL is known": Lie(
        "an_unknown_url_is_refused", where(lambda asked: asked.path.endswith("/gesmock"), 200, {})
    ),
    "every token is good": Lie(
        "a_wrong_token_is_refused",
        of_request=lambda asked: asked.headers.update(HTTP_X_AUTH_TOKEN="secret"),
        options={"tokens": ["secret"]},
    ),
    "keys of another plane": Lie(
        "refusals_have_their_shape",
        refused(lambda said: said.value.update(error_code=said.value.pop("errorCode"))),
    ),
    "a refusal that is a success": Lie(
        "refusals_have_their_shape", refused(lambda said: setattr(said, "status", 200))
    ),
    "a status of another plane": Lie(
        "refusals_have_documented_statuses", refused(lambda said: setattr(said, "status", 422))
    ),
    "fails over a wrong number": Lie(
        "refusals_have_documented_statuses",
        where(
            lambda asked: "none" in asked.query.values(),
            500,
            {"errorMessage": "a", "errorCode": "b"},
        ),
    ),
    "a code of its own failures": Lie(
        "codes_fit_their_statuses", refused(lambda said: said.value.update(errorCode="GES.8302"))
    ),
    "JSON that is called HTML": Lie(
        "answers_are_json", lambda asked, said: said.headers.update({"Content-Type": "text/html"})
    ),
    "a detour": Lie("answers_are_json", lambda asked, said: Said(302, {}, {"Location": "/"})),
    "HEAD is unknown": Lie(
        "head_is_a_get_without_a_body", where(lambda asked: asked.method == "HEAD", 404, {})
    ),
    "an id under another name": Lie(
        "a_submitted_job_is_there",
        lambda asked, said: (
            said.value.update(job_id=said.value.pop("jobId")) if asked.method == "POST" else None
        ),
    ),
    "submitted, and never seen again": Lie(
        "a_submitted_job_is_there",
        where(lambda asked: asked.method == "POST", 200, {"jobId": "a", "jobType": 1}),
    ),
    "submitted, and not shown": Lie(
        "a_submitted_job_is_there", shown(lambda value, _: value.update(status="none"))
    ),
    "submitted, and goes back": Lie(
        "a_submitted_job_is_there",
        shown(lambda value, turn: value.update(status="running" if turn % 2 == 0 else "pending")),
    ),
    "shown, and never listed": Lie(
        "a_submitted_job_is_there", listed(lambda value, _: value.update(jobs=value["jobs"][1:]))
    ),
    "cancelled in other words": Lie(
        "a_cancelled_job_ends",
        where(lambda asked: asked.method == "DELETE", 200, {"result": "success"}),
    ),
    "cancelled, and goes on": Lie(
        "a_cancelled_job_ends",
        where(lambda asked: asked.method == "DELETE", 200, {}),
        lambda asked: asked.method == "DELETE" and asked.headers.update(REQUEST_METHOD="GET"),
    ),
    "anything can be cancelled": Lie(
        "to_cancel_an_unknown_job_is_refused",
        where(lambda asked: asked.method == "DELETE", 200, {}),
    ),
    "any body makes a job": Lie(
        "a_wrong_body_is_refused",
        where(lambda asked: asked.method == "POST", 200, {"jobId": "a", "jobType": 1}),
    ),
    "any method will do": Lie(
        "a_wrong_method_is_refused", where(lambda asked: asked.method == "PATCH", 200, EMPTY)
    ),
}
"""Each breaks one rule."""


class Liar:
    """A WSGI app that lies about what another one says."""

    def __init__(self, app: Any, lie: Lie) -> None:
        self._app, self._lie = app, lie
        self._turn = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self._turn += 1
        query = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
        asked = Asked(environ["REQUEST_METHOD"], environ["PATH_INFO"], query, environ, self._turn)
        self._lie.of_request(asked)
        kept: list[Any] = []
        told = b"".join(
            self._app(
                {**environ, "QUERY_STRING": urlencode(query)},
                lambda status, headers, *_: kept.extend((status, headers)),
            )
        )
        headers = {n: v for n, v in kept[1] if n.lower() != "content-length"}
        said = Said(int(kept[0].split()[0]), json.loads(told or b"{}"), headers)
        said = self._lie.of_answer(asked, said) or said
        headers = {**headers, **said.headers}
        body = b"" if asked.method == "HEAD" else json.dumps(said.value).encode()
        headers["Content-Length"] = str(len(body))
        start_response(f"{said.status} -", [*headers.items()])
        return [body]


@contextmanager
def lying(lie: Lie) -> Iterator[tuple[GesMock, str]]:
    """A fake, and the URL of its list as a liar serves it."""
    ges = GesMock(**{**SOME, **lie.options})
    server = Server(ges.fake, lambda: Liar(ges.app, lie), "127.0.0.1", 0, lane=False)
    server.start()
    try:
        path = f"/ges/v1.0/{ges.project_id}/graphs/{ges.graph_name}/jobs/status"
        yield ges, server.url + path
    finally:
        server.stop()


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_caught_by_the_check_named_for_it(name: str) -> None:
    lie = LIES[name]
    [check] = [one for one in CHECKS if one.name == lie.check]
    token = "secret" if "tokens" in lie.options else ""
    with lying(lie) as (ges, url):
        session = session_at(url, token=token, submit=True, sleep=ges.clock.advance)
        with closing(session.client):
            outcome = hold(check, session, Contract(Settings()))

    assert outcome.state == ("failed" if check.fidelity == "documented" else "differs"), (
        outcome.told
    )
    assert outcome.told


def test_every_check_has_caught_a_lie() -> None:
    assert {lie.check for lie in LIES.values()} == {check.name for check in CHECKS}


def test_an_honest_fake_behind_the_same_app_passes() -> None:
    with lying(Lie("none")) as (ges, url):
        session = session_at(url, submit=True, sleep=ges.clock.advance)
        with closing(session.client):
            assert failures(run(session)) == []


# --- What is hard to read -----------------------------------------------------------------------


def read(lie: Lie, setting: str, **options: Any) -> tuple[Any, str]:
    """What the liar makes of a *setting*, and what is told of it."""
    with lying(replace(lie, options={**lie.options, **options})) as (_, url):
        token = "secret" if "tokens" in lie.options else ""
        session = session_at(url, token=token)
        with closing(session.client):
            found = {one.setting: one for one in readings.readings(session)}
    return found[setting].value, found[setting].told


NO_LIE = Lie("none")


def test_the_maximum_is_found_by_what_is_refused() -> None:
    refuses = {"limit_over_maximum": "refuse", "maximum_limit": 7}

    assert read(NO_LIE, "maximum_limit", generate=3, settings=refuses)[0] == 7
    assert (
        read(NO_LIE, "maximum_limit", generate=3, settings={"limit_over_maximum": "refuse"})[0]
        == 100_000
    )


@pytest.mark.parametrize("order", ["newest_first", "oldest_first"])
def test_the_order_is_read_from_the_times_of_the_memory_edition(order: str) -> None:
    assert read(NO_LIE, "order", settings={"edition": "memory", "order": order})[0] == order


def test_jobs_in_no_order_have_none() -> None:
    shuffled = Lie(
        "none",
        listed(lambda value, _: value["jobs"].insert(0, value["jobs"].pop(10))),
        options=MEMORY,
    )

    assert read(shuffled, "order") == (None, "the jobs stand in no order of their times")


def test_another_project_that_is_refused_for_something_else_tells_nothing() -> None:
    other = Lie(
        "none",
        where(
            lambda asked: "/00000000" in asked.path, 400, {"errorMessage": "a", "errorCode": "b"}
        ),
        options={"tokens": ["secret"]},
    )

    assert read(other, "forbidden_status")[1].startswith("another project is not refused for")


def test_where_nothing_is_refused_no_shape_of_refusals_is_read() -> None:
    accepts = Lie("none", where(lambda asked: "none" in asked.query.values(), 200, EMPTY))

    assert read(accepts, "failed_result")[1].startswith("no refusal: GET ")


def test_an_edition_that_nobody_knows_is_told() -> None:
    assert read(Lie("none", jobs(lambda job: job.pop("request"))), "edition") == (
        None,
        "no edition lists its jobs like this",
    )


def test_a_job_that_ends_at_once_cannot_be_cancelled(ges: GesMock) -> None:
    ges.restart(plans=[{"plan": "instant"}])
    [check] = [one for one in CHECKS if one.name == "a_cancelled_job_ends"]
    session = session_at(ges.jobs_url(), submit=True)

    with closing(session.client):
        outcome = hold(check, session, Contract(Settings()))

    assert (outcome.state, outcome.told) == (
        "not seen",
        "it had ended before it could be cancelled",
    )


@pytest.mark.parametrize(
    ("command", "plan"), [("execute_algorithm", "fails_late"), ("execute_cypher_query", "normal")]
)
def test_other_jobs_are_submitted_and_awaited_too(ges: GesMock, command: str, plan: str) -> None:
    ges.restart(clock={"frozen": True}, plans=[{"plan": plan}])
    session = session_at(ges.jobs_url(), sleep=ges.clock.advance)
    session.submit = Submission.of(command, None, 60)

    with closing(session.client):
        assert failures(run(session)) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["jobs", "jobId", "request", "status", "totalCount", "data", "outputs"])
            | st.sampled_from(
                ["errorCode", "errorMessage", "rawRequest", "url", "progress", "results"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(values=st.lists(JSON, min_size=1, max_size=5), jobs=st.lists(JSON, max_size=3))
@hypothesis_settings(max_examples=10, deadline=None)
def test_whatever_a_server_answers_is_told_without_a_traceback(
    values: list[Any], jobs: list[Any]
) -> None:
    first = {"jobs": [one for one in jobs if isinstance(one, dict)]}
    turns = cycle([(200, first), *((200 if n % 2 else 400, one) for n, one in enumerate(values))])

    class Odd(Client):
        def send(self, method: str, url: str, *_: Any) -> Answer:
            status, value = next(turns)
            return Answer(f"{method} {url}", status, {}, b"", value)

    session = Session(Odd(Target.of("http://h", "p", "g")), submit=SUBMIT, sleep=lambda _: None)

    with suppress(GesmockError):
        found = run(session)
        assert report.as_junit(found)
        assert report.text(found)
        assert json.loads(report.as_json(found))


def test_an_answer_that_no_check_expects_is_a_failure_and_no_traceback() -> None:
    lie = Lie("results_are_paged", shown(lambda value, _: value.update(data="none")))
    [check] = [one for one in CHECKS if one.name == lie.check]
    with lying(lie) as (_, url):
        session = session_at(url)
        with closing(session.client):
            outcome = hold(check, session, Contract(Settings()))

    assert outcome.state == "failed"
    assert outcome.told.startswith("the answers are not as any check expects them: AttributeError(")
