"""The verdict: a linter for clients, as pure functions of the journal's entries.

A check is one function in the file of its family, and a row of ``findings.RULES`` with its name.
May import what ``journal`` may.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache, partial
from itertools import groupby, islice
from operator import attrgetter
from typing import Final

from gesmock.journal.verdict.findings import RULES, Evidence, Finding, VerdictConfig, finding
from gesmock.journal.verdict.traffic import Traffic

MOST_FINDINGS: Final = 200
"""At most this many findings are reported under one code."""


@cache
def checks() -> Mapping[str, Callable[[Traffic, VerdictConfig], Iterable[Evidence]]]:
    """The check of each code: the function with its rule's name. The fake itself finds ``GM0``."""
    from gesmock.journal.verdict import conduct, contract, paging, traffic  # for the first verdict

    return {
        **{
            rule.code: getattr(family, rule.name)
            for rule in RULES
            for family in (conduct, paging, traffic)
            if hasattr(family, rule.name)
        },
        **{
            rule.code: partial(contract.check, rule.code)
            for rule in RULES
            if rule.code.startswith("GM3")
        },
    }


def judge(
    traffic: Traffic,
    config: VerdictConfig,
    codes: Collection[str] = (),
    noticed: Iterable[Finding] = (),
) -> list[Finding]:
    """The findings in *traffic*, and those *noticed* by the fake itself, in the order of codes.

    *noticed* must come in that order. Reports only *codes* and families, if any are named, and
    nothing that *config* ignores.
    """
    selected = config.codes(codes)
    findings = list[Finding]()
    for code, group in groupby(noticed, attrgetter("code")):
        if code in selected:
            findings += islice(group, MOST_FINDINGS)
    for code in selected:
        if check := checks().get(code):
            evidence = islice(check(traffic, config), MOST_FINDINGS)
            findings += [finding(code, message, entries) for message, entries in evidence]
    return findings
