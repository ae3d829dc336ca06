"""Session: what is asked of a target in one run, each thing once, and what was answered."""

import json
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from gesmock.conformance.answer import MOST_SHOWN, NO_JSON, Answer
from gesmock.conformance.client import BUSY, Client
from gesmock.conformance.listed import Broken, Listed, NotApplicable, is_count, is_refusal, listed
from gesmock.conformance.submission import Made, Submission
from gesmock.model.errors import GesmockError, InvalidInput
from gesmock.model.printable import printable
from gesmock.model.secrets import Secrets, secrets_in
from gesmock.model.types import Edition
from gesmock.remote.failures import Silent

LIST: Final = "/jobs/status"
TRIES: Final = 4
"""How often a list is read that changes meanwhile."""

MOST: Final = 100_000
"""Jobs that are read at most: more do not come at once (ges_03_0471)."""

_KEPT: Final = 4 * 2**20
"""Bytes of an answer that is kept: of longer lists, a dozen would fill the memory."""

MOST_TOLD: Final = 600
"""Characters of a line that is told."""

SILENT: Final = 2
"""How often in sequence a target may not answer in time, until it is given up."""

T = TypeVar("T")


class NotTheService(GesmockError):
    """The target answers, but not as the service does."""


class RefusedAtOnce(GesmockError):
    """The target refuses already the plain list."""


class Session:
    """One run against a target; at most *most* jobs of its list are read.

    What *submit* says may be submitted; between two looks at a job, it *sleep*s. Raises
    InvalidInput.
    """

    def __init__(
        self,
        client: Client,
        most: int = 1000,
        *,
        submit: Submission | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if not 1 <= most <= MOST:
            raise InvalidInput.at("--most", f"{most} is not 1 to {MOST}")
        if submit is not None:
            client.secrets += tuple(secrets_in(submit.body))
        self.client = client
        self.sleep = sleep
        self.submit = submit
        self.target = client.target
        self.most = most
        self.answers: list[Answer] = []
        self.made: list[Made] = []
        self.accepted = 0
        """How many submissions were answered with an id."""
        self._silent = 0

    def begin(self) -> Listed | None:
        """The first page; None where ``jobs`` is an object, as the table has it (ges_03_0471).

        Raises Unreachable, NotTheService or RefusedAtOnce.
        """
        answer = self.client.get(LIST, "limit=1")
        self.answers.append(answer)
        value = answer.value
        if is_refusal(value):
            told = f"{answer.status} {value['errorCode']} {value['errorMessage']}"
            raise RefusedAtOnce(
                f"{answer.request} is refused: {self.told(printable(told))}{self._hint(answer)}"
            )
        if 300 <= answer.status < 400:
            raise NotTheService(f"it leads elsewhere: {answer}")
        if not isinstance(value, dict):
            kind = printable(answer.headers.get("content-type", "no Content-Type"))
            why = ""
            if value is NO_JSON and answer.kind == "application/json":
                why = f"; {printable(answer.why_no_json)}"
            raise NotTheService(
                f"this is not the service ({self.told(kind)}{why}): {answer}{self._hint(answer)}"
            )
        if answer.status == 200 and isinstance(value.get("jobs"), dict) and "result" in value:
            return None
        if answer.status != 200 or not isinstance(value.get("jobs"), list):
            raise NotTheService(
                f"this is neither a job list nor a refusal: {answer}{self._hint(answer)}"
            )
        return listed(answer)

    def told(self, text: object) -> str:
        """*text* without the secrets of who asks, each line cut short."""
        lines = Secrets(self.client.secrets).hidden(str(text)).split("\n")
        return "\n".join(printable(line[:MOST_TOLD]) for line in lines)

    def shown(self, value: object) -> str:
        """*value*, which a target has sent, cut short, and without the secrets of who asks."""
        return self.told(json.dumps(value, ensure_ascii=False))[:MOST_SHOWN]

    def _hint(self, answer: Answer) -> str:
        if answer.status not in (401, 403) and not (
            is_refusal(answer.value) and answer.value["errorCode"] in _OF_WHO_ASKS
        ):
            return ""
        return f" ({_HINTS[self.target.sign_in.how]})"

    @property
    def submission(self) -> Submission:
        """What may be submitted."""
        if self.submit is None:
            raise NotApplicable("no leave is given to submit or cancel anything")
        return self.submit

    # --- Asking ---

    def get(self, rest: str, query: str = "", **others: Any) -> Answer:
        """The answer to a GET below the graph; see ``ask``."""
        return self.ask("GET", self.target.path(rest), query, **others)

    def ask(
        self, method: str, path: str, query: str = "", *, documented: bool = True, **others: Any
    ) -> Answer:
        """The answer to any request; where it is *documented*, it is to be as documented, too.

        Raises Unreachable, and NotApplicable where the target is busy, or answers no more.
        """
        if self._silent >= SILENT:
            raise NotApplicable(f"it did not answer {SILENT} times in sequence: it is given up")
        try:
            answer = self.client.ask(method, path, query, **others)
        except Silent:
            self._silent += 1
            raise
        self._silent = 0
        if answer.status in BUSY:
            raise NotApplicable(f"it is busy: {answer}")
        if documented and (answer.status != 200 or len(answer.body) <= _KEPT):
            self.answers.append(answer)
        return answer

    def page(self, **window: int | str) -> Listed:
        """The list with this *window*. Raises Broken where it is none."""
        return listed(self.get(LIST, urlencode(window)))

    def part(self, limit: int, offset: int) -> Listed:
        """The list from *offset* on, which may be past its end: then it is empty, or refused.

        No page says which; a refusal is taken for an empty list here. Raises Broken as ``page``.
        """
        answer = self.get(LIST, f"limit={limit}&offset={offset}")
        refused = answer.status == 400 and is_refusal(answer.value)
        if offset and refused and answer.value["errorCode"] == "GES.8005":
            return Listed(answer, [], None)
        return listed(answer)

    def more_behind(self, page: Listed) -> bool:
        """Whether the list goes on behind *page*, with which it begins."""
        if is_count(page.total):
            return len(page.jobs) < page.total
        return not {*self.part(1, len(page.jobs)).ids} <= {*page.ids}

    def steady(self, read: Callable[[], T]) -> tuple[Listed, T]:
        """The whole list, and what *read* has read while the list did not change.

        Raises NotApplicable where it goes on changing, and what *read* raises where it did not.
        """
        for _ in range(TRIES):
            before = self.page(limit=self.size)
            broken: Broken | None = None
            try:
                found = read()
            except Broken as error:
                broken = error
            if self.page(limit=self.size).seen == before.seen:
                if broken is not None:
                    raise broken
                return before, found
        raise NotApplicable("the list changes faster than it can be read")

    # --- What is known ---

    @cached_property
    def size(self) -> int:
        """How many jobs are read as the whole: *most*, or what the target gives at most."""
        answer = self.get(LIST, f"limit={self.most}")
        if answer.status == 400 and is_refusal(answer.value):
            return len(self.page().jobs) or 1
        page = listed(answer)
        if len(page.jobs) < self.most and self.more_behind(page):
            return len(page.jobs) or 1
        return self.most

    @cached_property
    def whole(self) -> Listed:
        """The list, or its first jobs, as it was when it was first read."""
        return self.page(limit=self.size)

    @property
    def last(self) -> int:
        """An offset near the end of the list."""
        total = self.whole.total
        return max((total if is_count(total) else len(self.whole.jobs)) - 1, 0)

    @property
    def edition(self) -> Edition:
        """The edition whose items the list has. Raises NotApplicable where none is listed.

        The old text of the memory edition has those of the database edition.
        """
        for job in self.whole.jobs or self.page(limit=1).jobs:
            if "request" in job:
                return "database"
            if "taskType" in job:
                return "memory"
        if self.whole.jobs:
            raise Broken("no edition lists its jobs like this", self.whole.answer)
        if self.whole.total is None:
            raise NotApplicable("no job is listed, and no totalCount: either edition does so")
        return "database"

    @property
    def of_old(self) -> bool:
        """Whether the list is as copies of the pages before 2025 have it: without totalCount."""
        return self.edition == "database" and self.whole.total is None

    def some(self, what: str, holds: Callable[[dict[str, Any]], object]) -> list[dict[str, Any]]:
        """The listed jobs for which something *holds*; NotApplicable where none does."""
        jobs = [job for job in self.whole.jobs if holds(job)]
        if not jobs:
            raise NotApplicable(f"no job is listed {what}")
        return jobs


_OF_WHO_ASKS: Final = ("GES.8006", "GES.8007", "GES.8020")
_HINTS: Final[Mapping[str, str]] = {
    "none": "nobody has signed in: set GESMOCK_TARGET_TOKEN, or HUAWEICLOUD_SDK_AK and _SK",
    "token": "the token in GESMOCK_TARGET_TOKEN may be over 24 hours old, or of another project",
    "AK/SK": "the keys may be others, or this machine's clock off by more than 15 minutes",
}
