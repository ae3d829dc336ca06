"""Site: the fake, as our own server has to be told of it."""

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Final

import msgspec

from gesmock.fake import routes
from gesmock.fake.fake import Fake
from gesmock.model import replies
from gesmock.model.errors import NotUnderstood, ParameterError
from gesmock.model.messages import LARGEST_BODY, NO_ENTRY, ConnectionInfo
from gesmock.model.settings import Settings
from gesmock.server import wsgi
from gesmock.server.application import Answer
from gesmock.server.parser import Head
from gesmock.web.answers import answer_of
from gesmock.web.guard import LARGEST_CONTROL_BODY, Guard, is_control
from gesmock.web.lane import Lane

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

EPOCH: Final = "gesmock.epoch"
"""Where the environ says in which epoch a request began to come in."""


class Site:
    """The *fake*, as our own server has to be told of it.

    What is usual is answered in the lane, the rest by the Flask app: *make_app* makes it with the
    first request that needs it, for to import Flask takes longer than most tests. *guard* is that
    of its control API, if it has one.
    """

    def __init__(
        self,
        fake: Fake,
        make_app: "Callable[[], WSGIApplication]",
        guard: Guard | None,
        *,
        with_lane: bool = True,
    ) -> None:
        self._fake = fake
        self._guard = guard
        self._make_app = make_app
        self._app: WSGIApplication | None = None
        self._making = Lock()
        self._lane = Lane(fake) if with_lane else None

    def epoch(self) -> int:
        """The fake's epoch."""
        return self._fake.epochs.current

    def answer(
        self, head: Head, body: bytes, epoch: int, connection: ConnectionInfo
    ) -> Answer | Callable[[], Answer] | None:
        """What the lane answers; it leaves requests with a body to the Flask app."""
        if body or self._lane is None:
            return None
        return self._lane.answer(head, epoch, connection)

    def respond(self, head: Head, body: bytes, epoch: int, connection: ConnectionInfo) -> Answer:
        """What the Flask app answers."""
        with self._making:
            if self._app is None:
                self._app = self._make_app()
        environ = wsgi.environ_of(head, body, connection)
        return wsgi.respond(self._app, {**environ, EPOCH: epoch}, head)

    def overtaken(self, head: Head, epoch: int) -> bool:
        """Whether the project that the path names was reset since."""
        return self._fake.overtaken(routes.project_of(head.path), epoch)

    def refuse(self, status: int, reason: str) -> Answer:
        """In the service's shape. The body is inferred."""
        error = NotUnderstood(reason=reason) if reason else ParameterError()
        reply = replies.refusal(error, Settings(), {"X-Request-Id": NO_ENTRY})
        return answer_of(msgspec.structs.replace(reply, status=status))

    def largest_body(self, head: Head, connection: ConnectionInfo) -> int | None:
        """More, where the control API is called by one who may; nothing, by one who may not.

        Who sends no more than anybody may is not looked at before.
        """
        guard, is_short = self._guard, 0 <= head.length <= LARGEST_BODY
        if guard is None or is_short or not is_control(head.path):
            return LARGEST_BODY
        import flask  # see above

        refusal = guard.refusal(flask.Request(wsgi.environ_of(head, b"", connection)))
        return LARGEST_CONTROL_BODY if refusal is None else None
