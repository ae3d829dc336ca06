"""Checks of refusals, and of all answers.

Requests that no page documents (other URLs and methods, values that are not numbers) are sent too,
but their answers do not have to follow the documentation.
"""

from typing import Final

from gesmock.conformance import answers
from gesmock.conformance.answers import require, require_refusal, skip_if
from gesmock.conformance.checks import check
from gesmock.conformance.probes import NONEXISTENT, ProbedSession
from gesmock.model import documentation
from gesmock.remote.client import NOT_JSON, ServerReply
from gesmock.remote.session import LIST, CheckFailed

_NOT_FOUND: Final = "Not found. Please check the input parameters."
"""ges_03_0122, with 404; ges_03_0302 and ges_03_0542, with 400."""


@check("ges_03_0471: 400 GES.8005; no page says for which values", inferred=True)
def invalid_numbers_are_refused(session: ProbedSession) -> None:
    """A limit or offset that is not a number from 0 on is refused with GES.8005."""
    path = session.target.path(LIST)
    for query in ("limit=none", "limit=-1", "offset=-1", "limit=1.5", "offset=none", "limit="):
        reply = session.ask("GET", path, query, documented=False)
        require_refusal(reply, ("GES.8005",), 400)


@check("status list of ges_03_0471, or ges_03_0110; messages: ges_03_0533, ges_03_0204")
def unknown_graphs_are_refused(session: ProbedSession) -> None:
    """A graph that does not exist is refused with GES.8000, in a message that names it."""
    reply = session.ask("GET", session.target.path(LIST, graph=NONEXISTENT))
    require_refusal(reply, ("GES.8000",), 404, 400)
    message = reply.value["errorMessage"]
    named = NONEXISTENT in message or message == _NOT_FOUND
    require(named, f"{NONEXISTENT} is not named", reply)


@check("ges_03_0471: 1 to 64 letters and digits; how others are refused is inferred", inferred=True)
def invalid_projects_are_refused(session: ProbedSession) -> None:
    """A project_id with other characters than letters and digits is refused."""
    path = session.target.path(LIST, project_id="no-project")
    reply = session.ask("GET", path, documented=False)
    require_refusal(reply, ("GES.8005", "GES.8006"), 400, 403)


@check("ges_03_0122; inferred for other URLs", inferred=True)
def unknown_urls_are_refused(session: ProbedSession) -> None:
    """A URL that does not exist is refused with 404 GES.8000."""
    reply = session.ask("GET", session.target.path("/gesmock"), documented=False)
    require_refusal(reply, ("GES.8000",), 404)


@check("ges_03_0110: GES.8007, or GES.8005 by its advice; status list of ges_03_0471")
def invalid_tokens_are_refused(session: ProbedSession) -> None:
    """An invalid token is refused with GES.8007."""
    _require_refusal_of_token(session, NONEXISTENT)


@check("ges_03_0121: mandatory up to 2025-08; how they are refused is inferred", inferred=True)
def anonymous_requests_are_refused(session: ProbedSession) -> None:
    """A request without credentials is refused with GES.8007."""
    _require_refusal_of_token(session, "")


@check("ges_03_0471")
def refusals_have_documented_shape(session: ProbedSession) -> None:
    """Every refusal has errorMessage and errorCode, and no jobs; every other answer has neither."""
    for reply in _all_replies(session):
        if reply.status >= 400:
            error = session.contract.error(reply.value, "Refusal", "RefusalInErrors")
            require(not error, str(error), reply)
        elif not answers.query_failed(reply):
            refuses = reply.fields.get("errorCode") or reply.fields.get("errorMessage")
            require(not refuses, "a refusal has the status of a success", reply)


@check("ges_03_0110, and the statuses of every page")
def refusals_have_documented_statuses(session: ProbedSession) -> None:
    """Every refusal has a status that some page documents."""
    for reply in _all_replies(session):
        documented = reply.status < 400 or reply.status in (400, 401, 403, 404, 500)
        require(documented, f"{reply.status} is undocumented", reply)
        failed = reply.status >= 500
        require(not failed, "the server failed, instead of answering or refusing", reply)


@check("ges_03_0110")
def codes_match_their_statuses(session: ProbedSession) -> None:
    """A code that is documented with 500 does not come with 4xx, and vice versa."""
    servers = {row.code for row in documentation.error_codes() if row.status == 500}
    clients = {row.code for row in documentation.error_codes() if row.status < 500}
    for reply in _all_replies(session):
        mismatched = servers - clients if reply.status < 500 else clients - servers
        code = reply.code
        require(code not in mismatched, f"{code} came with {reply.status}", reply)


@check("ges_03_0121: application/json")
def answers_are_json(session: ProbedSession) -> None:
    """Every answer is JSON and says so; none is a redirect."""
    for reply in _all_replies(session):
        require(not 300 <= reply.status < 400, "it redirects", reply)
        if reply.value is NOT_JSON:
            raise CheckFailed(reply.json_error, reply)
        named = reply.media_type == "application/json"
        require(named, f"its Content-Type is {reply.media_type!r}", reply)


@check("RFC 9110, 9.3.2", inferred=True)
def head_equals_get_without_body(session: ProbedSession) -> None:
    """HEAD is answered like GET, without a body."""
    get = session.get(LIST, "limit=1")
    head = session.ask("HEAD", session.target.path(LIST), "limit=1", documented=False)
    require(head.status == get.status, f"GET is answered {get.status}", head)
    trailer = session.client.trailer_of_head(LIST, "limit=1")
    require(not trailer, f"{len(trailer)} bytes follow its head", head)


def _require_refusal_of_token(session: ProbedSession, token: str) -> None:
    skip_if(session.target.sign_in.scheme == "none", "the requests are anonymous")
    reply = session.get(LIST, "limit=1", token=token)
    require_refusal(reply, ("GES.8007", "GES.8005"), 401, 400)


def _all_replies(session: ProbedSession) -> list[ServerReply]:
    """All answers so far, some lists and refusals among them."""
    session.get(LIST, "limit=1")
    session.get(LIST, "limit=none")
    answers.show_job(session, "gesmock-no-job")
    return session.replies
