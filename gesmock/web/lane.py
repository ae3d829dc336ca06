"""The fast lane: the plain requests that clients send most, answered ahead of Flask's dispatch.

It gives the bytes that Flask would give, through the same ``handle``, and leaves to Flask what is
unusual. Without it, nothing is different but the time that it takes.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from gesmock.fake.fake import Fake
from gesmock.fake.handle import handle
from gesmock.model.messages import ConnectionInfo, Request, is_long
from gesmock.server.answers import Answer
from gesmock.server.heads import Head
from gesmock.web import access_log
from gesmock.web.answers import answer_of

_PLAIN: Final = r"[A-Za-z0-9_.~-]+"
_PATH: Final = re.compile(
    rf"/ges/v1\.0/({_PLAIN})/graphs/({_PLAIN})/jobs/(?:(?!status/)({_PLAIN})/)?status"
)
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
        project = self._fake.known(request.args["project_id"])
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
        path = _PATH.fullmatch(head.path)
        names = [name for name, _ in head.headers]
        if (
            head.method == "GET"
            and path is not None
            and _QUERY.fullmatch(head.query)
            and len(set(names)) == len(names)
            and not any("_" in name or name in _LEFT_TO_FLASK for name in names)
        ):
            project_id, graph_name, job_id = path.groups()
            args = {"project_id": project_id, "graph_name": graph_name}
            query: dict[str, str] = {}
            for pair in filter(None, head.query.split("&")):
                query.setdefault(*pair.split("="))  # the first one counts
            request = Request(
                operation="list_jobs" if job_id is None else "show_job",
                method="GET",
                path=head.path,
                args=args if job_id is None else {**args, "job_id": job_id},
                query=query,
                headers=dict(head.headers),
                long=long,
                epoch=epoch,
            )
        if not long:
            if len(self._requests) >= _MOST_KNOWN:
                self._requests.clear()
            self._requests[head] = request
        return request
