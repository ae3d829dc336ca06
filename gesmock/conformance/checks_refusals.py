"""What has to hold of refusals, and of answers in general.

What no page has a word for (another URL, a method, a value that is no number) is asked too, but
what comes of it is held against nothing that is documented.
"""

from typing import Final

from gesmock.conformance.answer import NO_JSON, Answer
from gesmock.conformance.checks import Checks
from gesmock.conformance.checks_jobs import query_failed
from gesmock.conformance.listed import Broken, NotApplicable, is_refusal
from gesmock.conformance.readings_of_settings import NOBODY
from gesmock.conformance.session import LIST, Session
from gesmock.contract.schemas import Contract
from gesmock.model import documentation

CHECKS: Final = Checks()

_NOT_FOUND: Final = "Not found. Please check the input parameters."
"""ges_03_0122, with 404; ges_03_0302 and ges_03_0542, with 400."""


def _refused(answer: Answer, codes: tuple[str, ...], *statuses: int) -> None:
    """Raise Broken unless *answer* refuses with one of *codes* and of *statuses*."""
    found = answer.value["errorCode"] if is_refusal(answer.value) else None
    if answer.status not in statuses or found not in codes:
        wanted = " or ".join(map(str, statuses))
        raise Broken(f"{wanted} {' or '.join(codes)} was wanted", answer)


def _answers(session: Session) -> list[Answer]:
    """All that was answered; some list and some refusals are among it."""
    session.get(LIST, "limit=1")
    session.get(LIST, "limit=none")
    session.get("/jobs/gesmock-no-job/status")
    return session.answers


@CHECKS.add("ges_03_0471: 400 GES.8005; for which values, no page says", "inferred")
def wrong_numbers_are_refused(session: Session, _: Contract) -> None:
    """A limit or offset that is no number from 0 on is refused with GES.8005."""
    path = session.target.path(LIST)
    for query in ("limit=none", "limit=-1", "offset=-1", "limit=1.5", "offset=none", "limit="):
        answer = session.ask("GET", path, query, documented=False)
        _refused(answer, ("GES.8005",), 400)


@CHECKS.add("status list of ges_03_0471, or ges_03_0110; texts: ges_03_0533, ges_03_0204")
def an_unknown_graph_is_refused(session: Session, _: Contract) -> None:
    """A graph that there is not is refused with GES.8000, in a text that names it."""
    answer = session.ask("GET", session.target.path(LIST, graph=NOBODY))
    _refused(answer, ("GES.8000",), 404, 400)
    if NOBODY not in (message := answer.value["errorMessage"]) and message != _NOT_FOUND:
        raise Broken(f"{NOBODY} is not named", answer)


@CHECKS.add("ges_03_0471: 1 to 64 letters and digits; what refuses others: inferred", "inferred")
def a_wrong_project_is_refused(session: Session, _: Contract) -> None:
    """A project_id that is not of letters and digits is refused, for itself or for the token."""
    path = session.target.path(LIST, project_id="no-project")
    answer = session.ask("GET", path, documented=False)
    _refused(answer, ("GES.8005", "GES.8006"), 400, 403)


@CHECKS.add("ges_03_0122; for other URLs inferred", "inferred")
def an_unknown_url_is_refused(session: Session, _: Contract) -> None:
    """A URL that there is not is refused with 404 GES.8000."""
    answer = session.ask("GET", session.target.path("/gesmock"), documented=False)
    _refused(answer, ("GES.8000",), 404)


@CHECKS.add("ges_03_0110: GES.8007, or GES.8005 by its advice; status list of ges_03_0471")
def a_wrong_token_is_refused(session: Session, _: Contract) -> None:
    """A token that nobody has is refused with GES.8007."""
    _signed_in(session)
    answer = session.get(LIST, "limit=1", token=NOBODY)
    _refused(answer, ("GES.8007", "GES.8005"), 401, 400)


@CHECKS.add("ges_03_0121: mandatory up to 2025-08; what refuses: inferred", "inferred")
def nobody_is_refused(session: Session, _: Contract) -> None:
    """Who does not sign in is refused with GES.8007."""
    _signed_in(session)
    _refused(session.get(LIST, "limit=1", token=""), ("GES.8007", "GES.8005"), 401, 400)


def _signed_in(session: Session) -> None:
    if session.target.sign_in.how == "none":
        raise NotApplicable("it was asked without signing in")


@CHECKS.add("ges_03_0471")
def refusals_have_their_shape(session: Session, contract: Contract) -> None:
    """Every refusal has errorMessage and errorCode, and no jobs; every other answer has neither."""
    for answer in _answers(session):
        if answer.status < 400:
            value = answer.value if isinstance(answer.value, dict) else {}
            told = value.get("errorCode") or value.get("errorMessage")
            if told and not query_failed(answer):
                raise Broken("a refusal came as a success", answer)
        elif (error := contract.error("Refusal", answer.value)) and contract.error(
            "RefusalInErrors", answer.value
        ):
            raise Broken(error, answer)


@CHECKS.add("ges_03_0110, and the statuses of every page")
def refusals_have_documented_statuses(session: Session, _: Contract) -> None:
    """No refusal has a status that no page has."""
    for answer in _answers(session):
        if answer.status >= 400 and answer.status not in (400, 401, 403, 404, 500):
            raise Broken(f"{answer.status} is none of them", answer)
        if answer.status >= 500:
            raise Broken("it failed over a request that is right, or to be refused", answer)


@CHECKS.add("ges_03_0110")
def codes_fit_their_statuses(session: Session, _: Contract) -> None:
    """A code that the table has under 500 does not come with 400, and the other way round."""
    servers = {row.code for row in documentation.error_codes() if row.status == 500}
    clients = {row.code for row in documentation.error_codes() if row.status < 500}
    for answer in _answers(session):
        if not is_refusal(answer.value):
            continue
        code = answer.value["errorCode"]
        only = servers - clients if answer.status < 500 else clients - servers
        if code in only:
            raise Broken(f"{code} came with {answer.status}", answer)


@CHECKS.add("ges_03_0121: application/json")
def answers_are_json(session: Session, _: Contract) -> None:
    """Every answer is JSON, and says so; none is a redirection."""
    for answer in _answers(session):
        if 300 <= answer.status < 400:
            raise Broken("it leads elsewhere", answer)
        if answer.value is NO_JSON:
            raise Broken(answer.why_no_json, answer)
        if answer.kind != "application/json":
            raise Broken(f"its Content-Type is {answer.kind!r}", answer)


@CHECKS.add("RFC 9110, 9.3.2", "inferred")
def head_is_a_get_without_a_body(session: Session, _: Contract) -> None:
    """HEAD is answered like GET, without a body."""
    got = session.get(LIST, "limit=1")
    head = session.ask("HEAD", session.target.path(LIST), "limit=1", documented=False)
    if head.status != got.status:
        raise Broken(f"GET is answered {got.status}", head)
    if behind := session.client.behind_head(LIST, "limit=1"):
        raise Broken(f"{len(behind)} bytes come behind its head", head)
