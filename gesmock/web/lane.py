"""The fast lane: the plain requests that clients send most, answered ahead of Flask's dispatch.

It gives the bytes that Flask would give, through the same ``handle``, and leaves to Flask what is
unusual. Without it, nothing is different but the time that it takes.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from gesmock.fake import routes
from gesmock.fake.fake import Fake
from gesmock.fake.handle import handle
from gesmock.model.messages import ConnectionInfo, Request, is_long
from gesmock.server.application import Answer
from gesmock.server.parser import Head
from gesmock.web import access_log
from gesmock.web.answers import answer_of

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~/-]+")
_OPERATIONS: Final = {"list_jobs", "show_job"}
_QUERY: Final = re.compile(r"(?:(?:limit|offset)=[0-9]{1,12}(?:&|\Z))*(?<!&)")
_LEFT_TO_FLASK: Final = {"origin", "prefer"}
_MOST_KNOWN: Final = 512


class Lane:
    """Answers plain GETs of the job list and of a job's status from *fake*."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake
        self._requests: dict[Head, Request | None] = {}

    def answer(
        self, head: Head, epoch: int, link: ConnectionInfo | None = None
    ) -> Answer | Callable[[], Answer] | None:
        """The answer to *head*, or what makes it where that takes long; None: Flask answers."""
        try:
            request = self._requests[head]
        except KeyError:
            request = self._read(head, epoch)
        if request is not None and request.epoch != epoch:
            request = self._read(head, epoch)
        if request is None:
            return None
        project = self._fake.find(request.args["project_id"])
        # Somebody is at work in this project, or there is much to do: a worker may take its time,
        # this loop may not.
        if project is None or not project.lock.acquire(blocking=False):
            return None
        try:
            if project.graphs.takes_long(request.args["graph_name"]):
                return None
            reply = handle(self._fake, request, link)
        finally:
            project.lock.release()
        access_log.tell(request, reply)
        if callable(reply.payload):
            return partial(answer_of, reply)
        return answer_of(reply)

    def _read(self, head: Head, epoch: int) -> Request | None:
        """What *head* asks for in this *epoch*, if it is plain; a short one is remembered."""
        request, long = None, is_long([head.target], *head.headers)
        names = [name for name, _ in head.headers]
        if (
            head.method == "GET"
            and _PLAIN.fullmatch(head.path)
            and _QUERY.fullmatch(head.query)
            and len(set(names)) == len(names)
            and not any("_" in name or name in _LEFT_TO_FLASK for name in names)
        ):
            query: dict[str, str] = {}
            for pair in filter(None, head.query.split("&")):
                query.setdefault(*pair.split("="))  # the first one counts
            match = routes.match("GET", head.path, query)
            if match.operation not in _OPERATIONS:
                return self._remember(head, None, long=long)
            request = Request(
                operation=match.operation,
                method="GET",
                path=head.path,
                args=match.args,
                query=query,
                headers=dict(head.headers),
                long=long,
                epoch=epoch,
            )
        return self._remember(head, request, long=long)

    def _remember(self, head: Head, request: Request | None, *, long: bool) -> Request | None:
        if not long:
            if len(self._requests) >= _MOST_KNOWN:
                self._requests.clear()
            self._requests[head] = request
        return request
