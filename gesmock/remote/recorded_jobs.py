"""Recorded jobs: what a fixture keeps of a listed job, without secrets, and under other names."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from gesmock.conformance.answer import NO_JSON, json_of
from gesmock.conformance.listed import id_of
from gesmock.model.errors import GesmockError
from gesmock.model.listed_requests import without_secrets
from gesmock.model.printable import printable
from gesmock.model.secrets import Secrets, compact, is_storage_key

Job = dict[str, Any]

_IDS: Final = ("jobId", "job_id")
_PLACE: Final = re.compile(
    r"(?P<before>.*?/ges/v1\.0/)(?P<project>[^/?]+)(?P<plane>/(?:graphs|hyg)/)(?P<graph>[^/?]+)"
    r"(?P<rest>[^?]*)(?P<query>.*)",
    re.DOTALL,
)
_VALUE: Final = re.compile(r"(?<==)(?<![?&]action_id=)[^&]+")


@dataclass(frozen=True, slots=True)
class Renaming:
    """The names that stand in the place of the real *project* and *graph*, wherever they do."""

    project: tuple[str, str]
    graph: tuple[str, str]

    def of(self, text: str) -> str:
        """*text* with the other names, which also stand where it has them as URLs write them.

        Where project and graph have one name, it is the graph's.
        """
        pairs = [pair for pair in (self.project, self.graph) if pair[0] != pair[1]]
        if not pairs:
            return text
        names = {quote(old, safe=""): quote(new, safe="") for old, new in pairs} | dict(pairs)
        known = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        # Only whole words: the graph movie is not part of movies.
        return re.sub(
            rf"(?<![A-Za-z0-9_])(?:{known})(?![A-Za-z0-9_])", lambda found: names[found[0]], text
        )

    def of_url(self, url: str) -> str:
        """*url* with the other names in their places, and in the values of its query.

        Elsewhere in the path, and in action_id, stand words of the service, such as action.
        """
        place = _PLACE.fullmatch(url)
        if place is None:
            return self.of(url)
        project = _named(place["project"], self.project)
        graph = _named(place["graph"], self.graph)
        query = _VALUE.sub(lambda found: self.of(found[0]), place["query"])
        return f"{place['before']}{project}{place['plane']}{graph}{place['rest']}{query}"

    def of_job(self, job: Job) -> Job:
        """A listed *job* with the other names in its request; its command is the service's."""
        return {"jobId": id_of(job), **_with_texts(_others(job), self._of_text)}

    def _of_text(self, name: str, text: str) -> str:
        if name == "command":
            return text
        return self.of_url(text) if name == "url" else self.of(text)


def _named(word: str, pair: tuple[str, str]) -> str:
    return quote(pair[1], safe="") if unquote(word) == pair[0] else word


class SecretId(GesmockError):
    """A job's id has a secret in it, and cannot be changed: it is what the job is asked for by."""


def cleaned(job: Job, secrets: Iterable[str]) -> Job:
    """A listed *job* without storage keys, and without the *secrets* of who has asked for it.

    What else is called a secret is masked. Raises SecretId.
    """
    known = Secrets(secrets)
    ids = {name: job[name] for name in _IDS if name in job}
    for one in map(str, ids.values()):
        shown = known.hidden(one)
        if shown != one:
            raise SecretId(
                f"the id of a job ({printable(shown)}) has the token or a key in it that the list "
                "was asked for with: it can neither be kept nor be changed"
            )
    return {**known.cleaned(_with_texts(without_secrets(job), _without_keys)), **ids}


def _others(job: Job) -> Job:
    return {name: value for name, value in job.items() if name not in _IDS}


def _with_texts(job: Job, change: Callable[[str, str], str]) -> Job:
    request = job.get("request")
    if not isinstance(request, dict):
        return job
    texts = {
        name: change(name, value) if isinstance(value, str) else value
        for name, value in request.items()
    }
    return {**job, "request": texts}


def _without_keys(name: str, text: str) -> str:
    if name == "url":
        path, mark, query = text.partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        if any(is_storage_key(key) for key, _ in pairs):
            query = urlencode([pair for pair in pairs if not is_storage_key(pair[0])])
        return f"{path}{mark}{query}"
    body = json_of(text.encode())
    clean = without_secrets(body)
    if name != "rawRequest" or body is NO_JSON or clean == body:
        return text
    return compact(clean)


def same_bytes(value: Job, body: bytes) -> bool:
    """Whether gesmock writes a list answer of this *value* as its *body* has it."""
    ordered = {name: value[name] for name in ("jobs", "totalCount", "result") if name in value}
    return compact({**ordered, **value}).encode() == body


def in_order(job: Job) -> bool:
    """Whether the keys of a listed job stand in the order of the page's example (ges_03_0471)."""
    keys = [name for name in ("jobId", "job_id", "status", "request") if name in job]
    request = job.get("request")
    inner = [*request] if isinstance(request, dict) else []
    wanted = [name for name in ("command", "url", "rawRequest") if name in inner]
    return [*job] == keys and inner == wanted
