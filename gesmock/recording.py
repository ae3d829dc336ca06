"""Recording: a server's job list, read page by page, as a fixture.

What was read so far is kept beside the fixture, so that an interrupted recording goes on. The list
may grow meanwhile; where jobs go, it is read anew.
"""

import json
import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from gesmock import fixtures
from gesmock.conformance.client import Client
from gesmock.conformance.session import Listed, Session, id_of
from gesmock.errors import GesmockError
from gesmock.raw_requests import is_secret, without_secrets

TRIES: Final = 4
"""How often a list is read anew from which jobs go meanwhile."""


class CannotRecord(GesmockError):
    """The list cannot be recorded, and why."""


@dataclass(frozen=True, slots=True)
class Renaming:
    """The names that stand in the place of the real *project* and *graph*, wherever they do."""

    project: tuple[str, str]
    graph: tuple[str, str]

    def of(self, text: str) -> str:
        """*text* with the other names."""
        for old, new in (self.project, self.graph):
            # Only whole words: the graph movie is not part of movies.
            text = re.sub(rf"(?<![A-Za-z0-9_]){re.escape(old)}(?![A-Za-z0-9_])", new, text)
        return text


@dataclass(slots=True)
class Kept:
    """What was read so far, in the *file*, a line each; the first says of *what*."""

    file: Path
    what: dict[str, Any]
    jobs: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def open(cls, file: Path, what: dict[str, Any]) -> "Kept":
        """What *file* has of a recording of *what*; nothing where it has none.

        Raises CannotRecord where it is of something else.
        """
        kept = cls(file, what)
        if not file.exists():
            return kept
        header, *lines = file.read_text(encoding="utf-8").split("\n")
        try:
            found = json.loads(header)
            # The last line may have been cut off in the middle.
            kept.jobs = [json.loads(line) for line in lines[:-1]]
        except ValueError:
            found = None
        if found != what:
            raise CannotRecord(f"{file} is of another recording; remove it to begin anew")
        return kept

    def add(self, jobs: Iterable[dict[str, Any]]) -> None:
        """Keep *jobs* too."""
        new = [*jobs]
        lines = [] if self.jobs else [json.dumps(self.what)]
        self.jobs += new
        with self.file.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in [*lines, *map(json.dumps, new)])

    def forget(self) -> None:
        """Begin anew."""
        self.jobs = []
        self.file.unlink(missing_ok=True)


class Recorder:
    """Reads the list that *client* asks for into the fixture *output*, *page* jobs at a time."""

    def __init__(
        self, client: Client, output: Path, page: int, rename: Renaming | None = None
    ) -> None:
        self._session = Session(client, page)
        self._page = page
        target = client.target
        same = Renaming((target.project_id, target.project_id), (target.graph, target.graph))
        self._rename = rename or same
        self._output = output
        self.exact = True
        """Whether gesmock would serve what was read in the same bytes."""
        what = {"target": target.url + target.path(), "page": page}
        self.kept = Kept.open(output.with_name(f"{output.name}.part"), what)

    def read(self) -> Iterator[tuple[int, int | None]]:
        """Read the list; how many jobs are read, and of how many, as far as that is told.

        Raises CannotRecord, Unreachable, NotTheService, RefusedAtOnce.
        """
        if self._session.begin().jobs and self._session.edition == "memory":
            raise CannotRecord(
                "a list of the memory edition does not tell what its jobs were: it cannot be served"
            )
        for _ in range(TRIES):
            whole = yield from self._pages()
            if whole and self._beginning():
                return
            self.kept.forget()
        raise CannotRecord("jobs go from the list faster than it can be read")

    def _pages(self) -> Generator[tuple[int, int | None], None, bool]:
        """Read on to the end; whether what was read is still there.

        Each page begins with the last job of the one before, or with an earlier one where the list
        has grown at its beginning.
        """
        jobs, grown = self.kept.jobs, 0
        if not jobs:
            self.kept.add(self._listed(0).jobs)
        while jobs:
            page = self._listed(len(jobs) - 1 + grown)
            yield len(jobs), page.total if isinstance(page.total, int) else None
            known = {id_of(job) for job in jobs}
            if id_of(jobs[-1]) in page.ids:
                at = page.ids.index(id_of(jobs[-1]))
                grown += at
                self.kept.add(job for job in page.jobs[at + 1 :] if id_of(job) not in known)
                if len(page.jobs) == 1:
                    break
            elif page.ids and known.issuperset(page.ids):
                grown += len(page.ids)
            else:
                return False
        return True

    def _listed(self, offset: int) -> Listed:
        page = self._session.page(limit=self._page, offset=offset)
        value = page.answer.value
        ordered = {name: value[name] for name in ("jobs", "totalCount", "result") if name in value}
        self.exact = self.exact and _text({**ordered, **value}).encode() == page.answer.body
        self.exact = self.exact and all(map(_in_order, page.jobs))
        return page

    def _beginning(self) -> bool:
        """Put in front what has come meanwhile; whether that is then all there is."""
        for _ in range(TRIES):
            known = {id_of(job) for job in self.kept.jobs}
            page = self._listed(0)
            found: list[dict[str, Any]] = []
            while page.ids and known.isdisjoint(page.ids):
                found += page.jobs
                page = self._listed(len(found))
            found += [job for job in page.jobs if id_of(job) not in known]
            self.kept.jobs[:0] = found
            if page.total in (None, len(self.kept.jobs)):
                return True
        return False

    def fixture(self) -> bytes:
        """The text of the fixture, without secrets and under the other names.

        Raises InvalidInput where gesmock cannot serve such jobs.
        """
        target = self._session.target
        state: dict[str, Any] = {
            "project_id": self._rename.of(target.project_id),
            "graphs": {
                self._rename.of(target.graph): {
                    "jobs": [self._cleaned(job) for job in self.kept.jobs]
                }
            },
        }
        keys = {tuple(key for key in ("jobId", "job_id") if key in job) for job in self.kept.jobs}
        if keys and keys != {("jobId",)}:
            state["settings"] = {"id_key": "both" if ("jobId", "job_id") in keys else "job_id"}
        text = msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n"
        fixtures.parse(text)
        return text

    def _cleaned(self, job: dict[str, Any]) -> dict[str, Any]:
        others = {name: value for name, value in job.items() if name not in ("jobId", "job_id")}
        request = others.get("request")
        if isinstance(request, dict):
            others["request"] = {
                name: self._text(name, value) if isinstance(value, str) else value
                for name, value in request.items()
            }
        return {"jobId": id_of(job), **others}

    def _text(self, name: str, text: str) -> str:
        if name == "url":
            path, mark, query = text.partition("?")
            pairs = parse_qsl(query, keep_blank_values=True)
            if any(is_secret(key) for key, _ in pairs):
                query = urlencode([pair for pair in pairs if not is_secret(pair[0])])
            text = f"{path}{mark}{query}"
        elif name == "rawRequest":
            try:
                body = json.loads(text)
            except ValueError:
                body = None
            clean = without_secrets(body)
            if clean != body:
                text = _text(clean)
        return self._rename.of(text)


def _text(value: Any) -> str:
    """*value* as the service writes JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _in_order(job: dict[str, Any]) -> bool:
    """Whether the keys of a listed job stand in the order of the page's example (ges_03_0471)."""
    keys = [name for name in ("jobId", "job_id", "status", "request") if name in job]
    request = job.get("request")
    inner = [*request] if isinstance(request, dict) else []
    wanted = [name for name in ("command", "url", "rawRequest") if name in inner]
    return [*job] == keys and inner == wanted
