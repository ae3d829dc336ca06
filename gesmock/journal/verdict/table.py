"""The table of all rules, in the order of their codes; a new one belongs to one of the families."""

from typing import Final

from gesmock.journal.verdict import contract, paging, polling, retrying, submitting, windows
from gesmock.journal.verdict import incidents as notes
from gesmock.journal.verdict.findings import Rule

RULES: Final[tuple[Rule, ...]] = (
    *notes.NOTICED,
    *sorted(
        (
            *polling.RULES,
            *retrying.RULES,
            *submitting.RULES,
            *windows.RULES,
            *paging.RULES,
            *contract.RULES,
        ),
        key=lambda rule: rule.code,
    ),
    *notes.LIMITS,
)

CODES: Final = tuple(rule.code for rule in RULES)
