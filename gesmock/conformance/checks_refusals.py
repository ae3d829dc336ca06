"""Checks of refusals, and of all answers.

Requests that no page documents (other URLs and methods, values that are not numbers) are sent too,
but their answers do not have to follow the documentation.
"""

from typing import Final

from gesmock.conformance import answers
from gesmock.conformance.answers import require, require_refusal, skip_if
from gesmock.conformance.probes import NONEXISTENT, ProbedSession
from gesmock.model import documentation
from gesmock.remote.client import NOT_JSON, ServerReply
from gesmock.remote.session import LIST, CheckFailed

_NOT_FOUND: Final = "Not found. Please check the input parameters."
"""ges_03_0122, with 404; ges_03_0302 and ges_03_0542, with 400."""


def invalid_numbers_are_refused(session: ProbedSession) -> None:
    path = session.target.path(LIST)
    for query in ("limit=none", "limit=-1", "offset=-1", "limit=1.5", "offset=none", "limit="):
        reply = session.ask("GET", path, query, documented=False)
        require_refusal(reply, ("GES.8005",), 400)


def unknown_graphs_are_refused(session: ProbedSession) -> None:
    reply = session.ask("GET", session.target.path(LIST, graph=NONEXISTENT))
    require_refusal(reply, ("GES.8000",), 404, 400)
    message = reply.value["errorMessage"]
    named = NONEXISTENT in message or message in (_NOT_FOUND, answers.NO_GRAPH)
    require(named, f"the message does not name {NONEXISTENT}", reply)


def invalid_projects_are_refused(session: ProbedSession) -> None:
    path = session.target.path(LIST, project_id="no-project")
    reply = session.ask("GET", path, documented=False)
    require_refusal(reply, ("GES.8005", "GES.8006"), 400, 403)


def unknown_urls_are_refused(session: ProbedSession) -> None:
    reply = session.ask("GET", session.target.path("/gesmock"), documented=False)
    require_refusal(reply, ("GES.8000",), 404)


def invalid_tokens_are_refused(session: ProbedSession) -> None:
    _require_refusal_of_token(session, NONEXISTENT)


def anonymous_requests_are_refused(session: ProbedSession) -> None:
    _require_refusal_of_token(session, "")


def refusals_have_documented_shape(session: ProbedSession) -> None:
    for reply in _all_replies(session):
        if reply.status >= 400:
            error = session.contract.error(reply.value, "Refusal", "RefusalInErrors")
            require(not error, str(error), reply)
        elif not answers.query_failed(reply):
            refuses = reply.fields.get("errorCode") or reply.fields.get("errorMessage")
            require(not refuses, "a refusal has the status of a success", reply)


def refusals_have_documented_statuses(session: ProbedSession) -> None:
    for reply in _all_replies(session):
        documented = reply.status < 400 or reply.status in (400, 401, 403, 404, 500)
        require(documented, f"{reply.status} is undocumented", reply)
        failed = reply.status >= 500
        require(not failed, "the server failed, instead of answering or refusing", reply)


def codes_match_their_statuses(session: ProbedSession) -> None:
    with_500 = {row.code for row in documentation.error_codes() if row.status == 500}
    with_4xx = {row.code for row in documentation.error_codes() if row.status < 500}
    for reply in _all_replies(session):
        mismatched = with_500 - with_4xx if reply.status < 500 else with_4xx - with_500
        code = reply.code
        require(code not in mismatched, f"{code} came with {reply.status}", reply)


def answers_are_json(session: ProbedSession) -> None:
    for reply in _all_replies(session):
        require(not 300 <= reply.status < 400, "it redirects", reply)
        if reply.value is NOT_JSON:
            raise CheckFailed(reply.json_error, reply)
        named = reply.media_type == "application/json"
        require(named, f"its Content-Type is {reply.media_type!r}", reply)


def head_equals_get_without_body(session: ProbedSession) -> None:
    def read() -> tuple[ServerReply, ServerReply]:
        path = session.target.path(LIST)
        get = session.ask("GET", path, "limit=1")
        return get, session.ask("HEAD", path, "limit=1", documented=False)

    _whole, (get, head) = session.while_unchanged(read)
    require(head.status == get.status, f"GET is answered {get.status}", head)
    same_type = head.media_type == get.media_type
    why = f"its Content-Type is {head.media_type!r}, and that of GET is {get.media_type!r}"
    require(same_type, why, head)
    size = str(len(get.body))
    length = head.headers.get("content-length", size)  # it may be left out
    require(length == size, f"its Content-Length is {length}, and GET has {size} bytes", head)
    trailer = session.trailer_of_head(LIST, "limit=1")
    require(not trailer, f"{len(trailer)} bytes follow its head", head)


def _require_refusal_of_token(session: ProbedSession, token: str) -> None:
    skip_if(session.target.sign_in.scheme == "none", "the requests are anonymous")
    reply = session.get(LIST, "limit=1", token=token)
    require_refusal(reply, ("GES.8007", "GES.8005"), 401, 400)


def _all_replies(session: ProbedSession) -> list[ServerReply]:
    """All answers so far; a list and two refusals are asked for, to be among them."""
    session.get(LIST, "limit=1")
    session.get(LIST, "limit=none")
    answers.show_job(session, "gesmock-no-job")
    return session.replies
