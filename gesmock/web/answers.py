"""Answers: a reply as our own server sends it: without Flask, in the bytes that come with it."""

from typing import Final

from gesmock.model import replies
from gesmock.model.clock import http_date, real_time
from gesmock.model.messages import Reply
from gesmock.server.application import NAME, SERVER, Answer
from gesmock.web import cors

_KIND: Final = "Content-Type: application/json\r\n"
_REST: Final = cors.LINES + SERVER.decode()
_OURS: Final = 2  # headers that each reply of an operation has


def answer_of(reply: Reply) -> Answer:
    """*reply*, with what each answer has besides, unless the reply itself has it."""
    blocks = replies.blocks(reply.payload() if callable(reply.payload) else reply.payload)
    length = len(blocks[0]) if len(blocks) == 1 else sum(map(len, blocks))
    headers, kind, rest = reply.headers, _KIND, _REST
    if len(headers) != _OURS:  # a fault has brought some, of any name; or there is no date
        named = {name.lower(): (name, value) for name, value in headers.items()}
        each = (*cors.HEADERS, ("Date", http_date(real_time())), ("Server", NAME))
        rest = "".join(f"{name}: {value}\r\n" for name, value in each if name.lower() not in named)
        if "content-type" in named:
            kind = "{}: {}\r\n".format(*named.pop("content-type"))
        headers = dict(named.values())
    lines = ""
    for name, value in headers.items():
        lines += f"{name}: {value}\r\n"
    text = f"{kind}Content-Length: {length}\r\n{lines}{rest}"
    status = reply.status or 200  # one that never comes has none
    return Answer(status, text.encode("latin-1"), blocks, reply.delivery)
