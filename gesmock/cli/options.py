"""What the command line's options say: short texts -> the fields of the fixture format."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gesmock.faults import KINDS, FaultRule
from gesmock.model import validation
from gesmock.model.errors import InvalidInput, naming_file

if TYPE_CHECKING:
    import ssl

_RULE_FIELDS = ("graph", "times")
_KNOWN_FIELDS: Final = {
    *FaultRule.__struct_fields__,
    *(field for kind in KINDS.values() for field in kind.__struct_fields__),
}
_TEXTS: Final = {"code", "graph", "header", "job_id", "text"}
"""Fields that hold texts, whatever these look like."""


def generator(text: str, option: str = "") -> dict[str, Any]:
    """``movies=1000`` or ``1000`` as the fields of a generator."""
    graph, _, count = text.rpartition("=")
    if not re.fullmatch("[0-9]{1,9}", count):
        raise InvalidInput.at(option, f"{text!r} is not [GRAPH=]N, such as movies=1000")
    return {"graph": graph or None, "count": int(count)}


def fault_rule(text: str) -> dict[str, Any]:
    """``list_jobs=503,times=2``, ``delay,seconds=2``, ``503,reset,ok`` or JSON, as its fields."""
    if text.lstrip().startswith("{"):
        with naming_file("--fault"):
            fields: dict[str, Any] = validation.parse(text.encode())
            return fields
    entries: list[Any] = []
    given: dict[str, Any] = {}
    text, says, message = text.partition("message=")  # the last field: it may hold commas
    for part in text.rstrip(", ").split(","):
        first, equals, rest = part.strip().partition("=")
        if equals and (given or entries or first in _KNOWN_FIELDS):
            given[first] = rest if first in _TEXTS else _scalar(rest)
        elif equals:
            given["operation"] = first
            entries.append(_scalar(rest))
        elif first:
            entries.append(_scalar(first))
    if says:
        given["message"] = message
    kinds = [entry for entry in entries if isinstance(entry, str) and entry != "ok"]
    kind = kinds[0] if len(entries) == 1 and kinds else "error"
    fault = {name: given.pop(name) for name in [*given] if _is_of(name, kind)}
    if len(entries) > 1 or entries == ["ok"]:
        return {**given, "script": entries, **({"fault": {"kind": kind, **fault}} if fault else {})}
    status = {"status": entries[0]} if entries and not kinds else {}
    return {**given, "fault": {"kind": kind, **status, **_nested(fault)}}


def _is_of(name: str, kind: str) -> bool:
    """Whether a field *name* is one of a fault of this *kind*."""
    return kind in KINDS and name.partition(".")[0] in KINDS[kind].__struct_fields__


def _nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """*fields*, those with a dot in their names as fields of a field: ``uniform.low_s``."""
    nested: dict[str, Any] = {}
    for name, value in fields.items():
        outer, dot, inner = name.partition(".")
        if dot:
            nested.setdefault(outer, {})[inner] = value
        else:
            nested[outer] = value
    return nested


def plan_rule(text: str) -> dict[str, Any]:
    """``slow``, ``import_graph=fails_late,times=1`` or a plan rule's JSON, as its fields."""
    if text.lstrip().startswith("{"):
        with naming_file("--plan"):
            fields: dict[str, Any] = validation.parse(text.encode())
            return fields
    first, *rest = (part.strip() for part in text.split(","))
    command, _, name = first.rpartition("=")
    given = dict(setting(part, "--plan") for part in rest)
    rule = {key: given.pop(key) for key in _RULE_FIELDS if key in given}
    plan = {"name": name, **given} if given else name
    return {**rule, "plan": plan, **({"command": command} if command else {})}


def timing(*, frozen: bool, rate: float | None, tick_s: float | None) -> dict[str, Any] | None:
    """How the clock begins, as far as it is said; None where nothing is."""
    given = {"frozen": frozen or None, "rate": rate, "tick_s": tick_s}
    return {name: value for name, value in given.items() if value is not None} or None


def tls(cert: str | None, key: str | None) -> "ssl.SSLContext | None":
    """What a server with the certificate chain in the file *cert* needs to speak TLS, if any.

    *key* is the file of its key; by default it is in *cert* too. Raises InvalidInput.
    """
    if cert is None:
        if key is not None:
            raise InvalidInput.at("--key", f"{key!r} is of no use without --cert")
        return None
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key, password="")
    except OSError as error:
        files = cert if key is None else f"{cert}, {key}"
        reason = error.strerror
        if isinstance(error, ssl.SSLError):
            reason = "no certificate with its key, both in PEM without a password"
        raise InvalidInput.at("--cert", f"{files}: {reason}") from None
    return context


def setting(text: str, option: str) -> tuple[str, Any]:
    """``NAME=VALUE`` as its two parts."""
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidInput.at(option, f"{text!r} is not NAME=VALUE")
    return name, _scalar(value)


def statuses(texts: Iterable[str]) -> dict[str, Any] | None:
    """``failed=2`` and its like as weights; None where there are none."""
    return dict(setting(text, "--status") for text in texts) or None


def _scalar(text: str) -> Any:
    """*text* as the number or truth value that it spells, as JSON or Python do, else as it is."""
    text = {"True": "true", "False": "false"}.get(text, text)
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return text
    return value if isinstance(value, bool | int | float) else text
