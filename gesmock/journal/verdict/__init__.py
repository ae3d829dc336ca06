"""The verdict: a linter for clients, as pure functions of the journal's entries.

A check is one function in the file of its family, and a row of ``findings.RULES``. May import what
``journal`` may.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import Final

from gesmock.journal.verdict import contract, incidents, paging, polling, retrying, submitting
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.findings import Finding
from gesmock.journal.verdict.traffic import Traffic

MOST_FINDINGS: Final = 200
"""At most this many findings are reported under one code."""

Check = Callable[[Traffic, VerdictConfig], Iterable[Finding]]

CHECKS: Final[Mapping[str, Check]] = {
    "GM101": polling.polls_too_often,
    "GM102": retrying.no_back_off,
    "GM103": retrying.retry_after_ignored,
    "GM104": polling.polls_after_the_end,
    "GM105": polling.cancels_after_the_end,
    "GM106": retrying.hammers_on_401,
    "GM107": retrying.retries_a_refusal,
    "GM108": submitting.submits_twice,
    "GM109": submitting.never_looks,
    **dict.fromkeys(("GM201", "GM202", "GM203", "GM204", "GM205", "GM206"), paging.check),
    **dict.fromkeys((f"GM30{number}" for number in range(1, 9)), contract.check),
    "GM901": incidents.history_dropped,
    "GM902": incidents.not_judged,
}
"""What finds each code; ``GM0`` is found by the fake itself (``Incidents``)."""


def judge(
    traffic: Traffic,
    config: VerdictConfig,
    codes: Collection[str] = (),
    noticed: Iterable[Finding] = (),
) -> list[Finding]:
    """The findings in *traffic*, and those *noticed* by the fake itself, in the order of codes.

    Restricted to *codes* and families, if any are named, and to what *config* does not ignore.
    """
    selected = set(config.codes(codes))
    checks = dict.fromkeys(check for code, check in CHECKS.items() if code in selected)
    findings = [*noticed, *chain.from_iterable(check(traffic, config) for check in checks)]
    return sorted(_first(findings, selected), key=lambda finding: finding.code)


def _first(findings: Iterable[Finding], selected: Collection[str]) -> Iterator[Finding]:
    counts = Counter[str]()
    for finding in findings:
        counts[finding.code] += 1
        if finding.code in selected and counts[finding.code] <= MOST_FINDINGS:
            yield finding
