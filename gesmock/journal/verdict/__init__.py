"""The verdict on a client: pure functions of what was asked of a project and answered.

One table of rules (``table.py``), a small module for each family of them.
"""

from collections.abc import Collection
from itertools import islice
from typing import Final

from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.findings import Finding
from gesmock.journal.verdict.table import RULES
from gesmock.journal.verdict.traffic import Case

MOST_FINDINGS: Final = 200
"""How many findings a rule may have: whoever reads more has another finding."""


def judge(case: Case, config: VerdictConfig, codes: Collection[str] = ()) -> list[Finding]:
    """What is found in *case* by *standard*, in the order of the codes.

    Only findings with one of these *codes*, or of the families that they name, where any are given.
    """
    wanted = set(config.codes(codes))
    return [
        rule.finding(proof)
        for rule in RULES
        if rule.code in wanted
        for proof in islice(rule.judge(case, config), MOST_FINDINGS)
    ]
