"""Checks of refusals, and of all answers.

Requests that no page documents (other URLs and methods, values that are not numbers) are sent too,
but their answers do not have to follow the documentation.
"""

from typing import Final

from gesmock.conformance.checks_jobs import query_failed, status_path
from gesmock.conformance.probes import NONEXISTENT
from gesmock.contract.schemas import Contract
from gesmock.model import documentation
from gesmock.remote.client import NOT_JSON, ServerReply
from gesmock.remote.session import LIST, CheckFailed, Session, Skipped, is_refusal

_NOT_FOUND: Final = "Not found. Please check the input parameters."
"""ges_03_0122, with 404; ges_03_0302 and ges_03_0542, with 400."""


def invalid_numbers_are_refused(session: Session, _: Contract) -> None:
    """A limit or offset that is not a number from 0 on is refused with GES.8005."""
    path = session.target.path(LIST)
    for query in ("limit=none", "limit=-1", "offset=-1", "limit=1.5", "offset=none", "limit="):
        reply = session.ask("GET", path, query, documented=False)
        _require_refusal(reply, ("GES.8005",), 400)


def unknown_graphs_are_refused(session: Session, _: Contract) -> None:
    """A graph that does not exist is refused with GES.8000, in a message that names it."""
    reply = session.ask("GET", session.target.path(LIST, graph=NONEXISTENT))
    _require_refusal(reply, ("GES.8000",), 404, 400)
    if NONEXISTENT not in (message := reply.value["errorMessage"]) and message != _NOT_FOUND:
        raise CheckFailed(f"{NONEXISTENT} is not named", reply)


def invalid_projects_are_refused(session: Session, _: Contract) -> None:
    """A project_id with other characters than letters and digits is refused."""
    path = session.target.path(LIST, project_id="no-project")
    reply = session.ask("GET", path, documented=False)
    _require_refusal(reply, ("GES.8005", "GES.8006"), 400, 403)


def unknown_urls_are_refused(session: Session, _: Contract) -> None:
    """A URL that does not exist is refused with 404 GES.8000."""
    reply = session.ask("GET", session.target.path("/gesmock"), documented=False)
    _require_refusal(reply, ("GES.8000",), 404)


def invalid_tokens_are_refused(session: Session, _: Contract) -> None:
    """An invalid token is refused with GES.8007."""
    _require_credentials(session)
    reply = session.get(LIST, "limit=1", token=NONEXISTENT)
    _require_refusal(reply, ("GES.8007", "GES.8005"), 401, 400)


def anonymous_requests_are_refused(session: Session, _: Contract) -> None:
    """A request without credentials is refused with GES.8007."""
    _require_credentials(session)
    reply = session.get(LIST, "limit=1", token="")
    _require_refusal(reply, ("GES.8007", "GES.8005"), 401, 400)


def refusals_have_documented_shape(session: Session, contract: Contract) -> None:
    """Every refusal has errorMessage and errorCode, and no jobs; every other answer has neither."""
    for reply in _all_replies(session):
        if reply.status < 400:
            value = reply.value if isinstance(reply.value, dict) else {}
            refuses = value.get("errorCode") or value.get("errorMessage")
            if refuses and not query_failed(reply):
                raise CheckFailed("a refusal has the status of a success", reply)
        elif (error := contract.error("Refusal", reply.value)) and contract.error(
            "RefusalInErrors", reply.value
        ):
            raise CheckFailed(error, reply)


def refusals_have_documented_statuses(session: Session, _: Contract) -> None:
    """Every refusal has a status that some page documents."""
    for reply in _all_replies(session):
        if reply.status >= 400 and reply.status not in (400, 401, 403, 404, 500):
            raise CheckFailed(f"{reply.status} is undocumented", reply)
        if reply.status >= 500:
            raise CheckFailed("the server failed, instead of answering or refusing", reply)


def codes_match_their_statuses(session: Session, _: Contract) -> None:
    """A code that is documented with 500 does not come with 4xx, and vice versa."""
    servers = {row.code for row in documentation.error_codes() if row.status == 500}
    clients = {row.code for row in documentation.error_codes() if row.status < 500}
    for reply in _all_replies(session):
        if not is_refusal(reply.value):
            continue
        code = reply.value["errorCode"]
        if code in (servers - clients if reply.status < 500 else clients - servers):
            raise CheckFailed(f"{code} came with {reply.status}", reply)


def answers_are_json(session: Session, _: Contract) -> None:
    """Every answer is JSON and says so; none is a redirect."""
    for reply in _all_replies(session):
        if 300 <= reply.status < 400:
            raise CheckFailed("it redirects", reply)
        if reply.value is NOT_JSON:
            raise CheckFailed(reply.json_error, reply)
        if reply.media_type != "application/json":
            raise CheckFailed(f"its Content-Type is {reply.media_type!r}", reply)


def head_equals_get_without_body(session: Session, _: Contract) -> None:
    """HEAD is answered like GET, without a body."""
    get = session.get(LIST, "limit=1")
    head = session.ask("HEAD", session.target.path(LIST), "limit=1", documented=False)
    if head.status != get.status:
        raise CheckFailed(f"GET is answered {get.status}", head)
    if trailer := session.client.trailer_of_head(LIST, "limit=1"):
        raise CheckFailed(f"{len(trailer)} bytes follow its head", head)


def _require_refusal(reply: ServerReply, codes: tuple[str, ...], *statuses: int) -> None:
    """Raise CheckFailed unless *reply* refuses with one of *codes* and of *statuses*."""
    code = reply.value["errorCode"] if is_refusal(reply.value) else None
    if reply.status not in statuses or code not in codes:
        expected = " or ".join(map(str, statuses))
        raise CheckFailed(f"expected {expected} {' or '.join(codes)}", reply)


def _require_credentials(session: Session) -> None:
    if session.target.sign_in.scheme == "none":
        raise Skipped("the requests are anonymous")


def _all_replies(session: Session) -> list[ServerReply]:
    """All answers so far, some lists and refusals among them."""
    session.get(LIST, "limit=1")
    session.get(LIST, "limit=none")
    session.get(status_path("gesmock-no-job"))
    return session.replies
