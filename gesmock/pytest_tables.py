"""Tables: the coverage and the findings of a test run, for a terminal and as a page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from gesmock.journal.coverage import Table
from gesmock.journal.verdict.findings import RULES
from gesmock.model.messages import OPERATION_NAMES


def lines(table: Table) -> Iterator[str]:
    """*table* as text, a line each."""
    rows = [["operation", *table.columns]]
    rows += [[row.operation, *(str(count or ".") for count in row.counts)] for row in table.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *counts in rows:
        cells = [text.rjust(width) for text, width in zip(counts, widths[1:], strict=True)]
        yield "  ".join([name.ljust(widths[0]), *cells])
    yield told(table)


def told(table: Table) -> str:
    """How much of *table* was met, in a sentence."""
    left = len(OPERATION_NAMES) - len(table.rows)
    rest = f"; {left} documented operations are not in the table" if left else ""
    return f"{table.met} of {table.all} cells were met ({table.rounded_percent:.1f} %){rest}"


def summary(findings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """How often each code was found, and where first, a line each."""
    for rule in RULES:
        tests = [one["test"] for one in findings if one["code"] == rule.code]
        if tests:
            others = len(dict.fromkeys(tests)) - 1
            more = f" and {others} other test{'s' * (others > 1)}" if others else ""
            yield f"{rule.code} {rule.name}: {len(tests)} in {tests[0]}{more}"


def page(table: Table, findings: Iterable[Mapping[str, Any]], missing: Iterable[str] = ()) -> str:
    """Both as a page that needs nothing else, and what is *missing*."""
    head = "".join(f"<th>{escape(name)}</th>" for name in ("operation", *table.columns))
    body = "".join(
        f"<tr><th>{escape(row.operation)}</th>"
        + "".join(f'<td class="{"met" if count else "no"}">{count}</td>' for count in row.counts)
        + "</tr>\n"
        for row in table.rows
    )
    found = "".join(
        "<tr>"
        + "".join(f"<td>{escape(str(one[name]))}</td>" for name in ("code", "test", "message"))
        + "</tr>\n"
        for one in findings
    )
    notes = "".join(f"<p>{escape(one)}</p>\n" for one in missing)
    return _PAGE.format(told=escape(told(table)), notes=notes, head=head, body=body, found=found)


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>gesmock report</title>
<style>
body {{ font: 14px system-ui, sans-serif; margin: 2em; color: #222; background: #fff }}
table {{ border-collapse: collapse; margin: 1em 0 }}
th, td {{ border: 1px solid #ccc; padding: .3em .6em; text-align: left }}
td.met {{ background: #cfeacf; text-align: right }}
td.no {{ background: #f3f3f3; color: #888; text-align: right }}
</style>
<h1>gesmock report</h1>
<h2>Documented answers that were met</h2>
<p>{told}</p>
{notes}<table>
<tr>{head}</tr>
{body}</table>
<h2>Findings</h2>
<table>
<tr><th>code</th><th>test</th><th>message</th></tr>
{found}</table>
</html>
"""
