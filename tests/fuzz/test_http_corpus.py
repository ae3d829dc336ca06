"""Every input of the corpus gets the expected answer, wherever its bytes are cut."""

import re
import socket
from collections.abc import Iterator

import pytest
from http_corpus import CORPUS, LIMITS, Answers
from pages import LARGEST_BODY, serving
from raw_client import connect, read_all

from gesmock.server.parser import BadRequest, Parser
from gesmock.server.protocol import HttpServer

pytestmark = pytest.mark.deep

Read = list[tuple[object, ...]]


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with serving(limits=LIMITS) as started:
        yield started


def answers_to(server: HttpServer, *parts: bytes) -> Answers:
    """The statuses of all answers to *parts*, after which the client half-closes."""
    with connect(server) as client:
        try:
            for part in parts:
                client.sendall(part)
            client.shutdown(socket.SHUT_WR)
        except OSError:  # it has been refused already
            pass
        statuses = re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", read_all(client))
    return tuple(int(status) for status in statuses if status != b"100")


def read(*parts: bytes) -> Read:
    """The requests in *parts*; the last item is the status of a refusal, or what remains unread."""
    parser = Parser({}, LIMITS, lambda _: LARGEST_BODY)
    requests: Read = []
    try:
        for part in parts:
            parser.received += part
            while (request := parser.next_request()) is not None:
                head, body = request
                requests.append((head.method, head.target, head.headers, head.keep_alive, body))
    except BadRequest as error:
        return [*requests, (error.status,)]
    return [*requests, (bytes(parser.received), parser.head is None)]


def test_there_are_at_least_150_inputs() -> None:
    assert len(CORPUS) >= 150
    assert len({sent for sent, _ in CORPUS.values()}) == len(CORPUS)


@pytest.mark.parametrize(("sent", "expected"), CORPUS.values(), ids=CORPUS)
def test_an_input_gets_the_expected_answers(
    server: HttpServer, sent: bytes, expected: Answers
) -> None:
    assert answers_to(server, sent) == expected


@pytest.mark.parametrize("sent", [sent for sent, _ in CORPUS.values()], ids=CORPUS)
def test_an_input_is_read_the_same_way_wherever_it_is_cut(sent: bytes) -> None:
    whole = read(sent)

    cut = {index: read(sent[:index], sent[index:]) for index in range(1, len(sent))}

    assert {index: requests for index, requests in cut.items() if requests != whole} == {}
    assert read(*(sent[index : index + 1] for index in range(len(sent)))) == whole


@pytest.mark.parametrize("name", [*CORPUS][::5])
def test_an_input_that_comes_byte_by_byte_gets_the_same_answers(
    server: HttpServer, name: str
) -> None:
    sent, expected = CORPUS[name]

    assert answers_to(server, *(bytes([byte]) for byte in sent)) == expected
