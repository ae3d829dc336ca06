"""Quirks: ways in which a server differs from the fake behind it, which is called directly."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import msgspec
import pytest

from gesmock import GesMock
from gesmock.conformance import report
from gesmock.conformance import run as conformance_run
from gesmock.conformance.checks import Outcome, run_check
from gesmock.conformance.probes import ProbedSession
from gesmock.conformance.run import CHECKS, Report
from gesmock.fake.fake import Fake
from gesmock.fake.handle import handle
from gesmock.model import replies
from gesmock.remote.client import ServerReply, json_value
from gesmock.remote.http import Unreachable
from gesmock.remote.session import Submission
from gesmock.remote.target import SignIn, Target
from gesmock.web.gateway import headers_of, read_request

READS = Submission.of(None, None, 60)

PARAMETER_ERROR = {"errorMessage": "Parameter error!", "errorCode": "GES.8005"}
EMPTY_LIST = {"jobs": [], "totalCount": 0, "result": "success"}
MEMORY: dict[str, Any] = {"settings": {"edition": "memory"}}

_START: dict[str, Any] = {"generate": 30, "seed": 3, "clock": {"frozen": True, "now": 1767225600}}


@dataclass
class Request:
    """A request, which a quirk may change; *number* counts all requests of the session."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    number: int

    @property
    def lists_jobs(self) -> bool:
        return self.method == "GET" and self.path.endswith("/jobs/status")


@dataclass
class Answer:
    """An answer, which a quirk may change; *raw* replaces the encoded value."""

    status: int
    value: Any
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


class Disconnect(Exception):
    """Raised by a quirk in place of an answer."""


Change = Callable[[Request, Answer], Answer | None]
"""Changes an answer in place, or returns another one."""


@dataclass
class Quirk:
    """How a server that was started with *options* changes each request and *answer*."""

    answer: Change = lambda request, answer: None
    request: Callable[[Request], object] = lambda request: None
    options: Mapping[str, Any] = field(default_factory=dict)


NO_QUIRK = Quirk()


# --- Changes --------------------------------------------------------------------------------------


def job_list(change: Callable[[dict[str, Any], Request], object]) -> Change:
    """Change each job list."""

    def changed(request: Request, answer: Answer) -> None:
        if request.lists_jobs and answer.status == 200:
            change(answer.value, request)

    return changed


def each_job(change: Callable[[dict[str, Any]], object]) -> Change:
    """Change each listed job."""
    return job_list(lambda value, _: [change(job) for job in value["jobs"]])


def job_status(change: Callable[[dict[str, Any], int], object]) -> Change:
    """Change each status of a job, by the number of the request."""

    def changed(request: Request, answer: Answer) -> None:
        if re.search(r"/jobs/[^/]+/status$", request.path) and answer.status == 200:
            change(answer.value, request.number)

    return changed


def each_refusal(change: Callable[[Answer], object]) -> Change:
    """Change each refusal."""

    def changed(request: Request, answer: Answer) -> None:
        if answer.status >= 400:
            change(answer)

    return changed


def answer_if(
    applies: Callable[[Request], object], status: int, value: Any, **headers: str
) -> Change:
    """Give another answer to some requests."""
    return lambda request, _: Answer(status, value, headers) if applies(request) else None


def all_of(*changes: Change) -> Change:
    """Make several changes, one after the other."""

    def changed(request: Request, answer: Answer) -> Answer | None:
        for change in changes:
            answer = change(request, answer) or answer
        return answer

    return changed


def lost(applies: Callable[[Request], object]) -> Callable[[Request], None]:
    """Keep some requests from the service."""

    def changed(request: Request) -> None:
        if applies(request):
            request.path = "/"

    return changed


def list_query(change: Callable[[dict[str, str]], object]) -> Callable[[Request], object]:
    """Change the query of each request for the list."""
    return lambda request: request.lists_jobs and change(request.query)


def number(text: str | None) -> int:
    """A limit or offset; 0 if it is not a number."""
    return int(text) if text and text.isdecimal() else 0


# --- Sessions -------------------------------------------------------------------------------------


class QuirkySession(ProbedSession):
    """Asks *fake* as a server would, with *quirk* in between."""

    def __init__(self, target: Target, fake: Fake, quirk: Quirk, **options: Any) -> None:
        super().__init__(target, **options)
        self.slept: list[float] = []
        self._sleep = self.slept.append
        self._fake, self._quirk = fake, quirk
        self._number = 0
        self.changed_anything = False

    def send(
        self, method: str, url: str, content: bytes, headers: Sequence[tuple[str, str]]
    ) -> ServerReply:
        answer = self._ask(method, url, content, headers)
        body = msgspec.json.encode(answer.value) if answer.raw is None else answer.raw
        if method == "HEAD":
            body = b""
        by_name = {"content-type": "application/json"}
        by_name |= {name.lower(): value for name, value in answer.headers.items()}
        value = json_value(body)
        return ServerReply(f"{method} {url}", answer.status, by_name, body, value, self.secrets)

    def trailer_of_head(self, path: str, query: str) -> bytes:
        return self._ask("HEAD", f"{self.target.path(path)}?{query}", b"", ()).raw or b""

    def _ask(
        self, method: str, url: str, content: bytes, headers: Sequence[tuple[str, str]]
    ) -> Answer:
        self._number += 1
        path, _, text = url.partition("?")
        by_name = {"content-type": "application/json"}
        by_name |= {name.lower(): value for name, value in headers}
        query = dict(parse_qsl(text, keep_blank_values=True))
        request = Request(method, unquote(path), query, by_name, content, self._number)
        if self._quirk is NO_QUIRK:
            return self._answer(request)
        before = self._text_of(request)
        self._quirk.request(request)
        self.changed_anything |= self._text_of(request) != before
        answer = self._answer(request)
        before = self._text_of(answer)
        try:
            answer = self._quirk.answer(request, answer) or answer
        except Disconnect:
            raise Unreachable("http://h", "connection_terminated", "it hung up") from None
        self.changed_anything |= self._text_of(answer) != before
        return answer

    def _text_of(self, value: Request | Answer) -> str:
        """A text in which a change shows; after the first change, nobody looks."""
        return "" if self.changed_anything else repr(value)

    def _answer(self, request: Request) -> Answer:
        method, query, epoch = request.method, urlencode(request.query), self._fake.epochs.current
        read = read_request(method, request.path, query, request.headers, epoch, request.body)
        reply = handle(self._fake, read)
        body = b"".join(replies.blocks(reply))
        headers = dict(headers_of(reply, len(body)))
        if self._quirk is not NO_QUIRK:
            headers.pop("Content-Length")  # the quirk may change the body
        if method == "HEAD":
            return Answer(reply.status, {}, headers)
        if self._quirk is NO_QUIRK:
            return Answer(reply.status, None, headers, body)
        return Answer(reply.status, msgspec.json.decode(body), headers)


def session_with(
    ges: GesMock, quirk: Quirk = NO_QUIRK, *, submit: bool = True, **options: Any
) -> QuirkySession:
    """A session with *ges*, restarted with *options*, behind a *quirk*."""
    options = {**_START, **quirk.options, **options}
    ges.restart(**options)
    token = (options.get("tokens") or [""])[0]
    target = Target.of(ges.jobs_url(), sign_in=SignIn(token))
    submission = READS if submit else None
    return QuirkySession(target, ges.fake, quirk, submit=submission, sleep=ges.clock.advance)


# --- Outcomes -------------------------------------------------------------------------------------


def outcome_of(name: str, session: ProbedSession) -> Outcome:
    """How the check *name* ends."""
    [check] = [check for check in CHECKS if check.name == name]
    return run_check(check, session)


def check_up_to(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """End runs with the check *name*: those that follow cannot change its outcome."""
    names = [check.name for check in CHECKS]
    monkeypatch.setattr(conformance_run, "CHECKS", CHECKS[: names.index(name) + 1])


def state_and_detail(name: str, session: ProbedSession) -> tuple[str, str]:
    """The state of the check *name*, and the first line of its detail."""
    outcome = outcome_of(name, session)
    return outcome.state, outcome.detail.partition("\n")[0]


def failures(result: Report, *states: str) -> list[str]:
    """The outcomes that failed or deviate, or those in other *states*, as they are printed."""
    states = states or ("failed", "deviation")
    return [report.line(outcome) for outcome in result.outcomes if outcome.state in states]


def failed_checks(result: Report) -> list[str]:
    """The names of the checks that failed or deviate."""
    return [it.check.name for it in result.outcomes if it.state in ("failed", "deviation")]
