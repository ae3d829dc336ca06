"""The verdict: a linter for clients, as pure functions of the journal's entries.

A check is one function in the file of its family, and a row of ``findings.RULES``. May import what
``journal`` may.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import Final

from gesmock.journal.verdict import contract, jobs, paging, retrying
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.findings import Finding, finding
from gesmock.journal.verdict.traffic import Traffic

MOST_FINDINGS: Final = 200
"""At most this many findings are reported under one code."""


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
    findings = list[Finding]()
    counts = Counter[str]()
    for each in chain(noticed, *(check(traffic, config) for check in checks)):
        counts[each.code] += 1
        if each.code in selected and counts[each.code] <= MOST_FINDINGS:
            findings.append(each)
    return sorted(findings, key=lambda each: each.code)


def history_dropped(traffic: Traffic, _config: VerdictConfig) -> Iterator[Finding]:
    if traffic.dropped:
        yield finding(
            "GM901",
            f"conduct and paging were judged by the last {len(traffic.entries)} requests only: "
            f"the journal dropped {traffic.dropped} before them; raise journal_size to judge all",
        )


def not_judged(traffic: Traffic, _config: VerdictConfig) -> Iterator[Finding]:
    for name, entries in traffic.concurrent.items():
        yield finding(
            "GM902",
            f"client {name!r} used several connections at once: checks that depend on the order "
            f"of its {len(entries)} requests were skipped (GM101 to GM108, GM2)",
            entries,
        )


CHECKS: Final[Mapping[str, Callable[[Traffic, VerdictConfig], Iterable[Finding]]]] = {
    "GM101": jobs.polls_too_often,
    "GM102": retrying.no_back_off,
    "GM103": retrying.retry_after_ignored,
    "GM104": jobs.polls_after_the_end,
    "GM105": jobs.cancels_after_the_end,
    "GM106": retrying.hammers_on_401,
    "GM107": retrying.retries_a_refusal,
    "GM108": jobs.submits_twice,
    "GM109": jobs.never_looks,
    **dict.fromkeys(("GM201", "GM202", "GM203", "GM204", "GM205", "GM206"), paging.check),
    **dict.fromkeys((f"GM30{number}" for number in range(1, 9)), contract.check),
    "GM901": history_dropped,
    "GM902": not_judged,
}
"""What finds each code; ``GM0`` is found by the fake itself (``Incidents``)."""
