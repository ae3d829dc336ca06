"""Bounds: how much a client may ask of the server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a client may ask of the server: bytes, real seconds, and connections at once.

    What goes beyond is refused: a *head* with 431, a *url* with 414; a head that is not whole
    after *head_s*, or a body of which nothing comes for *body_s*, with 408; one *connection* too
    many with 503. A connection on which nothing is asked for *idle_s*, or that takes nothing of
    its answer for *write_s*, is closed.
    """

    head: int = 64 * 2**10
    url: int = 16 * 2**10
    connections: int = 4096
    head_s: float = 20
    body_s: float = 20
    idle_s: float = 75
    write_s: float = 60

    @property
    def shortest_s(self) -> float:
        """The first of the times to run out."""
        return min(self.head_s, self.body_s, self.idle_s, self.write_s)
