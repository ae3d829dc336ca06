"""Handshake: a client that has come, before TLS is agreed upon with it."""

from collections.abc import Callable

from gesmock.httpd.channels import Tls
from gesmock.httpd.loop import READ, Loop


class Handshake:
    """The beginning of *channel*, for which *agreed* is called once it can be used.

    It has to be so by *deadline*. It is one of *pending* until then.
    """

    def __init__(
        self,
        loop: Loop,
        channel: Tls,
        deadline: float,
        pending: "set[Handshake]",
        agreed: Callable[[], None],
    ) -> None:
        self._loop, self._channel, self._agreed = loop, channel, agreed
        self.deadline = deadline
        self._pending = pending
        pending.add(self)
        loop.watch(channel.fileno(), READ, self._ready)

    def _ready(self, _events: int) -> None:
        try:
            wanted = self._channel.shake_hands()
        except OSError:  # the client has gone, or speaks no TLS
            self.close()
            return
        if wanted:
            self._loop.change(self._channel.fileno(), wanted, self._ready)
        else:
            self._leave()
            self._agreed()

    def _leave(self) -> None:
        self._pending.discard(self)
        self._loop.forget(self._channel.fileno())

    def expire(self) -> None:
        """The deadline has passed."""
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._leave()
        self._channel.close()
