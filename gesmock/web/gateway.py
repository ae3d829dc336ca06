"""Gateway: what our own server calls for each request.

It answers the service's requests itself, and leaves the control API, the documents and the panel to
the Flask app. The Flask app reads and answers the service's requests with the same functions, for
other servers.
"""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, unquote, unquote_plus, unquote_to_bytes

import msgspec
from msgspec.structs import replace

from gesmock.fake import routes
from gesmock.fake.fake import Fake
from gesmock.fake.handle import Repeat, handle
from gesmock.journal import entries
from gesmock.journal.entries import Record
from gesmock.model import replies, validation
from gesmock.model.clock import http_date, real_time
from gesmock.model.errors import (
    ENGINE_UNAVAILABLE,
    JOB_QUERY_FAILED,
    PARAMETER_ERROR,
    Refusal,
    one_line,
)
from gesmock.model.messages import LARGEST_BODY, ConnectionInfo, Reply, Request
from gesmock.model.secrets import MASK, Secrets, is_secret
from gesmock.model.settings import Settings
from gesmock.server import wsgi
from gesmock.server.application import NAME, SERVER, Answer
from gesmock.server.parser import Head
from gesmock.web import logs
from gesmock.web.guard import Guard, is_control

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logs.ACCESS

EPOCH: Final = "gesmock.epoch"
"""The environ's key for the epoch in which the request began to come in."""

_LARGEST_IN_LOOP: Final = 2**15  # bytes of a body; a larger one is decoded in a worker
_MOST_REMEMBERED: Final = 512
LARGEST_PREPARED: Final = 2**20  # bytes of a body
MOST_PREPARED: Final = 2**24  # bytes of all prepared answers, outdated ones included

METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_EXPOSED: Final = "Allow, Retry-After, TraceID, X-Gesmock-Crash, X-Gesmock-Fault, X-Request-Id"
_CORS: Final = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", _EXPOSED),
    ("Vary", "Origin"),
)
_PREFLIGHT_MAX_AGE_S: Final = 7200  # browsers remember an answer for no longer

_REFUSALS: Final = {500: JOB_QUERY_FAILED, 503: ENGINE_UNAVAILABLE}
"""The refusals for which the client is not to blame, by status."""

_CONTENT_TYPE: Final = ("Content-Type", "application/json")
_FIRST_LINE: Final = "{}: {}\r\n".format(*_CONTENT_TYPE)
_LAST_LINES: Final = "".join(f"{name}: {value}\r\n" for name, value in _CORS) + SERVER.decode()


class Gateway:
    """The application of our own server: answers requests to *fake*.

    *make_app* makes the Flask app for the first request that needs it: importing Flask takes longer
    than most tests. *guard* is that of the control API, if there is one. Heads, and answers to them
    that stay the same, are remembered, unless *remembers* is False; no byte depends on it.
    """

    def __init__(
        self,
        fake: Fake,
        make_app: "Callable[[], WSGIApplication]",
        guard: Guard | None = None,
        *,
        remembers: bool = True,
    ) -> None:
        self.fake = fake
        self._make_app, self._guard = make_app, guard
        self._app: WSGIApplication | None = None
        self._making = Lock()
        self._remembers = remembers
        self._requests: dict[Head, Request] = {}
        self._prepared: dict[Head, PreparedAnswer] = {}
        self._prepared_bytes = 0  # since they were forgotten
        self._projects = fake.projects  # for which these are remembered

    def epoch(self) -> int:
        return self.fake.epochs.current

    def answer(
        self, head: Head, body: bytes, epoch: int, connection: ConnectionInfo
    ) -> Answer | Callable[[], Answer]:
        if self._projects is not self.fake.projects:  # what is remembered may be of dropped ones
            self._forget()
        if prepared := self._prepared.get(head):
            answer = prepared.answer(epoch, connection)
            if answer is not None:
                return answer
        request = self._requests.get(head)
        if request is not None and request.epoch == epoch:
            return self._handle(head, request, connection, prepare=True)
        path = unquote_to_bytes(head.path).decode(errors="replace")
        if not path.startswith(routes.BELOW):
            return partial(self.ask_app, head, body, epoch, connection)
        headers = head.combined_headers()
        read = partial(read_request, head.method, path, head.query, headers, epoch)
        if len(body) > _LARGEST_IN_LOOP:
            return lambda: self._respond(read(body), head.query, connection)
        request = read(body)
        if self._remembers and head.length == 0 and not request.long:
            if len(self._requests) >= _MOST_REMEMBERED:
                self._forget()
            self._requests[head] = request
        return self._handle(head, request, connection)

    def _forget(self) -> None:
        self._requests.clear()
        self._prepared.clear()
        self._prepared_bytes = 0
        self._projects = self.fake.projects

    def _handle(
        self, head: Head, request: Request, connection: ConnectionInfo, *, prepare: bool = False
    ) -> Answer | Callable[[], Answer]:
        """Answer *request* in the loop, unless that may take long; *prepare* the next answer."""
        args = request.args
        later = partial(self._respond, request, head.query, connection)
        project = self.fake.projects.get(args.get("project_id", ""))
        if project is None:
            project = self.fake.default
            if project.settings.open_projects:  # a new project may take long to fill
                return later
        if not project.lock.acquire(blocking=False):
            return later
        try:
            if project.graphs.takes_long(args.get("graph_name", "")):
                return later
            reply = handle(self.fake, request, connection)
            prepare = prepare and (reply.body is None or reply.body.length <= LARGEST_PREPARED)
            repeat = Repeat.of(self.fake, request, reply) if prepare else None
        finally:
            project.lock.release()
        if callable(reply.payload):
            return partial(_finish, reply, request, head.query, connection)
        answer = _finish(reply, request, head.query, connection)
        length = sum(map(len, answer.blocks))
        if repeat is not None and length <= LARGEST_PREPARED:
            if self._prepared_bytes + length > MOST_PREPARED:
                self._forget()
            self._prepared_bytes += length
            self._prepared[head] = PreparedAnswer(repeat, answer, reply, head.query)
        return answer

    def _respond(self, request: Request, query: str, connection: ConnectionInfo) -> Answer:
        return _finish(handle(self.fake, request, connection), request, query, connection)

    def ask_app(self, head: Head, body: bytes, epoch: int, connection: ConnectionInfo) -> Answer:
        with self._making:
            if self._app is None:
                self._app = self._make_app()
        environ = wsgi.environ_of(head, body, connection)
        return wsgi.respond(self._app, {**environ, EPOCH: epoch}, head)

    def overtaken(self, head: Head, epoch: int) -> bool:
        if is_control(head.path):  # a stream tells of a reset
            return False
        url = routes.split(head.path)
        return self.fake.overtaken(unquote(url.project_id) if url else "", epoch)

    def has_priority(self, head: Head) -> bool:
        """Control calls have it, so that no client can lock a tester out."""
        return self._guard is not None and is_control(head.path)

    def refuse(self, status: int, reason: str, head: Head | None) -> Answer:
        """The refusal in the shape of the control API or of the service, whose body is inferred."""
        refusal = _REFUSALS.get(status, PARAMETER_ERROR)
        if reason:
            refusal = Refusal(refusal.code, reason)
        reply = replace(replies.unjournaled(refusal, Settings()), status=status)
        if self._guard is not None and head is not None and is_control(head.path):
            more = " --max-control-body allows more." if status == 413 else ""
            reply = replace(reply, payload={"error": refusal.message + more})
            headers = head.combined_headers()
            permitted = self._guard.permits(headers.get("origin"))
            return answer_of(reply, headers=headers if permitted else {})
        return answer_of(reply)

    def largest_body(self, head: Head, connection: ConnectionInfo) -> int | None:
        """``LARGEST_BODY``, or more for those who may call the control API.

        None for a longer body from those who may not.
        """
        guard, is_short = self._guard, 0 <= head.length <= LARGEST_BODY
        if guard is None or is_short or not is_control(head.path):
            return LARGEST_BODY
        import flask  # not before it is needed: see the class

        refusal = guard.refusal(flask.Request(wsgi.environ_of(head, b"", connection)))
        return guard.largest_body if refusal is None else None


def _finish(reply: Reply, request: Request, query: str, connection: ConnectionInfo) -> Answer:
    answer = answer_of(reply, request.method, request.headers)
    log_request(request.method, request.path, query, reply, connection.heard_at)
    return answer


# --- Requests -----------------------------------------------------------------------------------


def read_request(
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    epoch: int,
    body: bytes | None,
    allowed: tuple[str, ...] = (),
) -> Request:
    """An HTTP request as the fake takes it; *allowed* are methods of a path outside the service.

    *path* is decoded, *query* as sent. *body* is None if it was too long or cut off.
    """
    first: dict[str, str] = {}
    text = query.encode("latin-1").decode(errors="replace")
    for name, value in parse_qsl(text, keep_blank_values=True):
        first.setdefault(name, value)
    operation, args, of_the_service = routes.match(method, path, first)
    return Request(
        operation=operation,
        method=method,
        path=path,
        args=args,
        query=first,
        headers=headers,
        long=entries.is_long(path, query, headers),
        body={} if operation is None or body == b"" else json_value(body),
        allowed=of_the_service or allowed,
        epoch=epoch,
    )


def json_value(text: bytes | None) -> Any:
    """The JSON value of *text*; None if it is none, too deep, or cannot be encoded again."""
    if text is None or validation.too_deep(text):
        return None
    try:
        value = msgspec.json.decode(text)
        msgspec.json.encode(value)
    except (*validation.REFUSED, ValueError, OverflowError):
        return None
    return value


def cors(headers: Mapping[str, str], method: str = "GET") -> Sequence[tuple[str, str]]:
    """The Fetch standard's headers that let the pages of any site call the service.

    They are in each answer to a request with these *headers*. They name the page's origin, or a
    browser would let it send no cookies or credentials. The answer to OPTIONS says which request
    may follow.
    """
    answer = [*_CORS]
    if origin := headers.get("origin"):
        answer[:1] = (_CORS[0][0], origin), ("Access-Control-Allow-Credentials", "true")
    if method == "OPTIONS" and headers.get("access-control-request-method") in METHODS:
        answer.append(("Access-Control-Allow-Methods", ", ".join(METHODS)))
        answer.append(("Access-Control-Max-Age", str(_PREFLIGHT_MAX_AGE_S)))
        if names := headers.get("access-control-request-headers"):
            answer.append(("Access-Control-Allow-Headers", names))
    return answer


# --- The access log -----------------------------------------------------------------------------

_SECRETS: Final = Secrets(())  # knows them by their names only
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./~-]*|\*").fullmatch
"""Matches what ``quote`` would leave alone, in half its time."""
_PAGE: Final = re.compile(r"(?:(?:limit|offset)=[0-9]{1,20}(?:&|\Z))*").fullmatch
"""Matches the query of a page, which most queries are; it holds no secrets."""


def log_request(
    method: str,
    path: str,
    query: str,
    reply: Reply,
    since: float,
    redact: Callable[[str], str] = _SECRETS.redact,
) -> None:
    """Log a request that came at *since*, and its *reply*; *redact* takes secrets out.

    *path* is decoded, *query* as sent. The time for which a fault delays the reply is included.
    """
    if not log.isEnabledFor(logging.INFO):
        return
    taken_s = real_time() - since
    if reply.delivery is not None:
        taken_s += reply.delivery.delay_s + reply.delivery.spread_s
    logged = _logged_answer(method, path, query, reply, redact)
    _log_answer(logged, taken_s)
    if reply.hint is not None:
        log.info("no operation serves this: %s %s; %s", method, logged.url, reply.hint)


def _logged_answer(
    method: str, path: str, query: str, reply: Reply, redact: Callable[[str], str] = _SECRETS.redact
) -> logs.LoggedAnswer:
    url = path if _PLAIN(path) else quote(redact(path))
    if query:
        url += f"?{query if _PAGE(query) else _redacted_query(query, redact)}"
    return logs.LoggedAnswer(method, url, reply.status, reply.headers.get("X-Gesmock-Fault", ""))


def _log_answer(logged: logs.LoggedAnswer, taken_s: float) -> None:
    first = log.handlers[0] if log.handlers else None
    if isinstance(first, logs.LogHandler):
        first.hold(first.line(logged, taken_s))
    else:
        log.info(logged.line(taken_s))


def _redacted_query(query: str, redact: Callable[[str], str]) -> str:
    """*query* on one line, without secrets."""
    parts = []
    for part in query.encode("latin-1").decode(errors="replace").split("&"):
        name, equals, value = part.partition("=")
        secret = value and is_secret(unquote_plus(name))
        parts.append(f"{name}{equals}{MASK}" if secret else redact(part))
    return one_line("&".join(parts))


# --- Answers ------------------------------------------------------------------------------------


class PreparedAnswer:
    """The answer to a request while *repeat* repeats *reply*; *first* is the first such answer."""

    __slots__ = (
        "_after",
        "_before",
        "_blocks",
        "_lines",
        "_logged",
        "_repeat",
        "_second",
        "_status",
    )

    def __init__(self, repeat: Repeat, first: Answer, reply: Reply, query: str) -> None:
        self._repeat, self._status, self._blocks = repeat, first.status, first.blocks
        request = repeat.exchange.request
        self._logged = _logged_answer(request.method, request.path, query, repeat.reply)
        own = ((name, reply.headers[name]) for name in (*replies.NO_ENTRY, "Date"))
        self._before, self._after = first.headers.split(_encoded(own), 1)
        self._second, self._lines = -1, list[bytes]()  # the second that the lines name

    def answer(self, epoch: int, connection: ConnectionInfo) -> Answer | None:
        """The next answer; None if the request has to be handled."""
        record = self._repeat(epoch, connection)
        if record is None:
            return None
        second = int(record.at)
        if second != self._second:
            self._make_lines(second, record)
        if log.isEnabledFor(logging.INFO):
            taken_s = record.answered_at - record.real_at
            _log_answer(self._logged, taken_s)
        return Answer(self._status, (b"%024x" % record.number).join(self._lines), self._blocks)

    def _make_lines(self, second: int, record: Record) -> None:
        """Make the lines of this *second*, in pieces between which the request's number goes."""
        ids = replies.request_ids(record.exchange.epoch, record.number)
        own = _encoded((*ids.items(), ("Date", http_date(second))))
        begin, *between, end = own.split(b"%024x" % record.number)
        self._second, self._lines = second, [self._before + begin, *between, end + self._after]


def answer_of(reply: Reply, method: str = "GET", headers: Mapping[str, str] = {}) -> Answer:
    """*reply* to a request with this *method* and *headers*, as our own server sends it."""
    blocks = replies.blocks(reply)
    length = len(blocks[0]) if len(blocks) == 1 else sum(map(len, blocks))
    own = reply.headers
    plain = len(own) == len(replies.NO_ENTRY) + 1 and "Date" in own  # no fault, no Allow
    if plain and length and "origin" not in headers:
        lines = f"{_FIRST_LINE}Content-Length: {length}\r\n"
        for name, value in own.items():
            lines += f"{name}: {value}\r\n"
        text = (lines + _LAST_LINES).encode("latin-1")
    else:
        more = *cors(headers, method), ("Server", NAME)
        text = _encoded(headers_of(reply, length, *more))
    status = reply.status or 200  # a fault that sends no answer has none
    return Answer(status, text, () if method == "HEAD" else blocks, reply.delivery)


def headers_of(reply: Reply, length: int, *last: tuple[str, str]) -> list[tuple[str, str]]:
    """The headers of the answer with a body of *length* bytes, each name once.

    Those of *reply* replace ours, in whichever case a fault spells them.
    """
    headers = {}
    ours = (_CONTENT_TYPE, ("Content-Length", str(length))) if reply.status != 204 else ()
    for name, value in (*ours, *reply.headers.items()):
        headers[name.lower()] = name, value
    for name, value in last:
        headers.setdefault(name.lower(), (name, value))
    return [*headers.values()]


def _encoded(headers: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("latin-1")
