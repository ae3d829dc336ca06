"""Handshake: a client that has come, before TLS is agreed upon with it."""

from collections.abc import Callable

from gesmock.server.channels import Tls
from gesmock.server.loop import Loop, Watch


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
        self._channel, self._agreed = channel, agreed
        self.deadline = deadline
        self._pending = pending
        pending.add(self)
        self._watch = Watch(loop, channel.fileno(), self._ready)

    def _ready(self, _events: int) -> None:
        try:
            wanted = self._channel.shake_hands()
        except OSError:  # the client has gone, or speaks no TLS
            self.close()
            return
        if wanted:
            self._watch.listen(wanted)
        else:
            self._leave()
            self._agreed()

    def _leave(self) -> None:
        self._pending.discard(self)
        self._watch.end()

    def expire(self) -> None:
        """The deadline has passed."""
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._leave()
        self._channel.close()
