"""What has to hold of each listed job in itself."""

import re
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from gesmock.conformance.answer import NO_JSON, json_of
from gesmock.conformance.checks import Checks
from gesmock.conformance.listed import Broken, NotApplicable, id_of, request_of
from gesmock.conformance.session import Session
from gesmock.contract.schemas import Contract
from gesmock.model.secrets import is_storage_key
from gesmock.model.types import EDITION_STATUSES, FINAL

CHECKS: Final = Checks()
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


@CHECKS.add("ges_03_0471, ges_03_0204, 2025")
def statuses_are_of_the_list(session: Session, _: Contract) -> None:
    """Each status is one that the edition has."""
    known = EDITION_STATUSES[session.edition]
    session.some("", lambda _: True)
    for answer in session.answers:
        jobs = answer.value.get("jobs") if isinstance(answer.value, dict) else None
        for job in jobs if isinstance(jobs, list) else ():
            if not isinstance(job, dict) or job.get("status") not in known:
                raise Broken(f"a status is none of {', '.join(known)}: {session.shown(job)}")


@CHECKS.add("ges_03_0471: rawRequest is JSON in a string")
def raw_requests_are_json(session: Session, _: Contract) -> None:
    """Each rawRequest is JSON in a string, or empty."""
    for job in session.some("with a rawRequest", _raw_request):
        if _parsed(job) is NO_JSON:
            raise Broken(f"it is no JSON: {session.shown(_raw_request(job))}")


@CHECKS.add("examples of ges_03_0471 and ges_03_0204", "inferred")
def raw_requests_are_compact(session: Session, _: Contract) -> None:
    """No rawRequest has a blank between its parts."""
    for job in session.some("with a rawRequest", _raw_request):
        if re.search(r"\s", _STRING.sub('""', str(_raw_request(job)))):
            raise Broken(f"it is not compact: {session.shown(_raw_request(job))}")


def _parsed(job: dict[str, Any]) -> Any:
    text = _raw_request(job)
    return json_of(text.encode()) if isinstance(text, str) else NO_JSON


def _raw_request(job: dict[str, Any]) -> Any:
    return (request_of(job) or job).get("rawRequest")


@CHECKS.add("examples of ges_03_0471 have no obsParameters", "inferred")
def raw_requests_have_no_secrets(session: Session, _: Contract) -> None:
    """No url, no rawRequest and no body shows storage keys."""
    for job in session.some("with its request", lambda job: request_of(job) or _raw_request(job)):
        url = str(request_of(job).get("url"))
        names = [name for name, _value in parse_qsl(url.partition("?")[2], keep_blank_values=True)]
        shows = any(map(is_storage_key, names))
        if shows or any(map(_has_keys, (_raw_request(job), _body(job)))):
            raise Broken(f"the job {id_of(job)} shows storage keys")


def _has_keys(value: Any) -> bool:
    """Whether storage keys stand in *value*, or in JSON that is a string there."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str) and "{" in one:
            one = json_of(one.encode())
        if isinstance(one, dict):
            if any(map(is_storage_key, one)):
                return True
            left += one.values()
        elif isinstance(one, list):
            left += one
    return False


def _body(job: dict[str, Any]) -> Any:
    return request_of(job).get("body")


@CHECKS.add("ges_03_0471: path and query")
def urls_are_paths(session: Session, _: Contract) -> None:
    """The url of a listed request is path and query, without scheme and host."""
    for job in session.some("with its request", request_of):
        url = request_of(job).get("url")
        if not isinstance(url, str) or not url.startswith("/") or url.startswith("//"):
            raise Broken(f"it is no path: {session.shown(url)}")


@CHECKS.add("examples of ges_03_0471", "inferred")
def urls_are_of_this_graph(session: Session, _: Contract) -> None:
    """The url of a listed request is one of this project and graph."""
    target = session.target
    places = [f"/ges/v1.0/{target.project_id}/{kind}/{target.graph}" for kind in ("graphs", "hyg")]
    for job in session.some("with its request", request_of):
        path = unquote(str(request_of(job).get("url")).partition("?")[0])
        if not any(f"{path}/".startswith(f"{place}/") for place in places):
            raise Broken(f"it is of another graph: {session.shown(path)}")


@CHECKS.add("ges_03_0204, 2025-11-28")
def memory_items_are_in_themselves_right(session: Session, _: Contract) -> None:
    """Progress is 0 to 100; a reason has who failed, files has an import, canStop who goes on."""
    if session.edition == "database":
        raise NotApplicable("it is of the memory edition's list")
    for job in session.some("", lambda _: True):
        progress = str(job.get("progress"))
        began, ended = (str(job.get(key) or "") for key in ("startTime", "endTime"))
        rules = {
            f"progress {progress} is not 0 to 100": re.fullmatch("100|[1-9]?[0-9]", progress),
            "a job that has not failed has a failReason": not job.get("failReason")
            or job.get("status") == "failed",
            "a job that is no import has files": not job.get("files")
            or job.get("taskType") == "ImportGraph",
            "a job that has ended can be stopped": not (
                job.get("canStop") and job.get("status") in FINAL
            ),
            "it has ended before it began": not _precedes(ended, began),
        }
        for wrong, right in rules.items():
            if not right:
                raise Broken(f"{wrong}: {session.shown(job)}")


def _precedes(one: str, other: str) -> bool:
    """Whether of two times, written alike (dates, or timestamps), *one* is before the *other*."""
    return len(one) == len(other) and one < other
