"""What becomes of the real answer on its way: the operation is carried out in any case."""

from abc import abstractmethod
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gesmock.faults.kind import Case, Mishap, Phase
from gesmock.model.clock import Seconds
from gesmock.model.messages import Delivery, Encoded, Reply


class Alteration(Mishap, frozen=True):
    """The real answer, but not as it was."""

    phases = ("after",)
    why = "it alters the real answer: the operation is always carried out"

    def answer(self, case: Case, phase: Phase) -> Reply:
        """The real answer, altered."""
        del phase
        return self.alter(case.carry_out(), case)

    @abstractmethod
    def alter(self, reply: Reply, case: Case) -> Reply:
        """*reply*, altered."""


class Malformed(Alteration, frozen=True, tag="malformed"):
    """Send the answer with broken JSON of the right length: its last byte is another."""

    def alter(self, reply: Reply, case: Case) -> Reply:
        """*reply* with a comma where its last brace would be."""
        del case
        payload = reply.payload
        broken = (lambda: _broken(payload())) if callable(payload) else _broken(payload)
        return msgspec.structs.replace(reply, payload=broken, shown=None)


def _broken(payload: Any) -> Encoded:
    encoded = isinstance(payload, Encoded)
    *whole, last = payload.blocks if encoded else [msgspec.json.encode(payload)]
    return Encoded.of([*whole, b"%b," % last[:-1]])


class Truncate(Alteration, frozen=True, tag="truncate"):
    """Send the head, with the full Content-Length, and *after_bytes* of the body; then close."""

    after_bytes: Annotated[int, Meta(ge=0)]

    def alter(self, reply: Reply, case: Case) -> Reply:
        """*reply*, cut off."""
        del case
        cut = Delivery(after_bytes=self.after_bytes)
        return msgspec.structs.replace(reply, delivery=cut, shown=None)


class Drip(Alteration, frozen=True, tag="drip"):
    """Send the body in so many *parts*, spread over *seconds* of the project's clock."""

    parts: Annotated[int, Meta(ge=2, le=100_000)]
    seconds: Seconds

    def lasts_s(self) -> float:
        """Its seconds."""
        return self.seconds

    def alter(self, reply: Reply, case: Case) -> Reply:
        """*reply*, bit by bit."""
        drip = Delivery(parts=self.parts, spread_s=case.real_s(self.seconds))
        return msgspec.structs.replace(reply, delivery=drip)
