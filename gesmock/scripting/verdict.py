"""The verdict on the client, as a test reads it, and what it is found by."""

from typing import Any

import msgspec

from gesmock.fake import report as judging
from gesmock.fake.fake import Fake
from gesmock.journal.coverage import Coverage
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.findings import Finding
from gesmock.model import validation


class VerdictView:
    """The verdict on the client of the default project, whichever that is when it is used."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    @property
    def config(self) -> VerdictConfig:
        """What the client is held to."""
        return self._fake.default.config

    def configure(self, **changes: Any) -> VerdictConfig:
        """Change what the client is held to, by name, such as ``poll_s=2``. Raises InvalidInput."""
        given = validation.read_python(changes, dict[str, Any], "config")
        return judging.configure(self._fake.default, given, "config")

    def failing(self) -> list[Finding]:
        """Those of the findings that fail a strict test, in every project."""
        return [one for project in self._fake.projects() for one in judging.failing(project)]

    @property
    def coverage(self) -> Coverage:
        """Which answers of which operations have been met, in every project, whatever was reset."""
        return self._fake.coverage()

    def report(self) -> dict[str, Any]:
        """The whole of it: findings, coverage, what was shown of each job."""
        content: dict[str, Any] = msgspec.to_builtins(judging.report(self._fake.default))
        return content
