"""A gateway that leaves every request to Flask."""

from collections.abc import Callable
from functools import partial

from gesmock.model.messages import ConnectionInfo
from gesmock.server.application import Answer
from gesmock.server.parser import Head
from gesmock.web.gateway import Gateway


class ThroughFlask(Gateway):
    """Leaves the service's requests, too, to the Flask app."""

    def answer(
        self, head: Head, body: bytes, epoch: int, connection: ConnectionInfo
    ) -> Callable[[], Answer]:
        return partial(self.ask_app, head, body, epoch, connection)
