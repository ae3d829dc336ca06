"""What stands in the place of the real answer: an error, or none that HTTP knows."""

from abc import abstractmethod
from typing import Annotated, Final

from msgspec import Meta, field

from gesmock.faults.kind import Case, ErrorStatus, Mishap, Phase
from gesmock.model.messages import Delivery, Reply

NO_STATUS: Final = 0
"""The status of an answer that never comes."""

HeaderName = Annotated[
    str,
    Meta(
        pattern=r"^(?i:(?!(?:content-length|transfer-encoding|connection|x-request-id)$|x-gesmock-))"
        r"[A-Za-z0-9!#$%&'*+.^_`|~-]+(?![\s\S])",
        description="a header name that a fault may set: those of framing, X-Request-Id and those "
        "that begin with X-Gesmock- are not",
    ),
]
HeaderValue = Annotated[
    str,
    Meta(pattern=r"^[\t\x20-\x7e\xa0-\xff]*(?![\s\S])", description="one line of Latin-1 text"),
]


class StandIn(Mishap, frozen=True):
    """Something else than the real answer, whether the operation is carried out or not."""

    phases = ("before", "after")

    def answer(self, case: Case, phase: Phase) -> Reply:
        """What it is; in the phase ``after``, the operation is carried out all the same."""
        if phase == "after":
            case.carry_out()
        return self.reply(case)

    @abstractmethod
    def reply(self, case: Case) -> Reply:
        """What stands in."""


class Error(StandIn, frozen=True, tag="error"):
    """Answer with an HTTP error instead of the real reply.

    *status* is any of 400-599. *code* and *message* default to what the documentation has for this
    status and operation, in the dialect; for a status that it does not know, to those of 400 or
    500, as HTTP clients are to read such a one (RFC 9110, 15). *headers* are added to the answer,
    or take the place of those that it has.
    """

    status: ErrorStatus
    code: str | None = None
    message: str | None = None
    headers: dict[HeaderName, HeaderValue] = field(default_factory=dict)

    def reply(self, case: Case) -> Reply:
        """The refusal."""
        return case.refuse(self.status, self.code, self.message, self.headers)


class _Silence(StandIn, frozen=True):
    """No answer that HTTP knows."""

    def reply(self, case: Case) -> Reply:
        """An answer that is none."""
        del case
        return Reply(NO_STATUS, {}, delivery=self.delivery())

    @abstractmethod
    def delivery(self) -> Delivery:
        """What the client sees of it."""


class Reset(_Silence, frozen=True, tag="reset"):
    """Reset the connection (TCP RST) instead of answering."""

    def delivery(self) -> Delivery:
        """A reset."""
        return Delivery(end="reset")


class Close(_Silence, frozen=True, tag="close"):
    """Close the connection (TCP FIN) without a byte of an answer."""

    def delivery(self) -> Delivery:
        """An end."""
        return Delivery(end="close")


class Hang(_Silence, frozen=True, tag="hang"):
    """Never answer: the connection stays open until the client gives up."""

    def delivery(self) -> Delivery:
        """Nothing."""
        return Delivery(end="hang")


class Garbage(_Silence, frozen=True, tag="garbage"):
    """Send *text*, in UTF-8, which is not HTTP, and close the connection."""

    text: Annotated[str, Meta(min_length=1)] = "This is not HTTP.\r\n"

    def delivery(self) -> Delivery:
        """The text."""
        return Delivery(raw=self.text.encode())
