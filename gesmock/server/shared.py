"""Shared: what the connections of one server have in common."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gesmock.server.application import Application
from gesmock.server.deliveries import Deliveries
from gesmock.server.heads import Heads
from gesmock.server.limits import Limits
from gesmock.server.loop import Loop

if TYPE_CHECKING:
    from gesmock.server.connection import Connection


@dataclass(eq=False, slots=True)
class Shared:
    """What the connections of one server share."""

    application: Application
    loop: Loop
    limits: Limits
    heads: Heads
    submit: Callable[[Callable[[], None]], None]
    call: Callable[..., None]
    """Calls back in the loop, from a worker."""
    deliveries: Deliveries
    connections: "set[Connection]" = field(default_factory=set)
