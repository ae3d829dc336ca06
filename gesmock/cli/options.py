"""The options that commands share, and what their texts mean as fields of a fixture file.

Every option can also come from the environment: ``--port`` from ``GESMOCK_PORT``.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import click
import msgspec
from click.core import ParameterSource
from msgspec.structs import replace

from gesmock.faults import KINDS, FaultRule, PresetName
from gesmock.model import validation
from gesmock.model.errors import InvalidInput, naming_file
from gesmock.model.messages import OPERATION_NAMES

if TYPE_CHECKING:
    import ssl


class Command(click.Command):
    """A command that names the variable, not the option, that a wrong value comes from."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.BadParameter as error:
            if error.param is not None and (variable := _variable(ctx, error.param.name)):
                error.param_hint = f"'{variable}'"
            raise


def _variable(ctx: click.Context, name: str | None) -> str | None:
    """The environment variable that the option *name* takes its value from; None if none."""
    if name and ctx.get_parameter_source(name) is ParameterSource.ENVIRONMENT:
        return f"GESMOCK_{name.upper()}"
    return None


command = partial(click.command, cls=Command, context_settings={"auto_envvar_prefix": "GESMOCK"})
option = partial(click.option, show_envvar=True, show_default=True)
file_option = partial(option, type=click.Path(path_type=Path))


class LineParamType(click.types.StringParamType):
    """A text that may contain spaces: in the environment, newlines separate several of them."""

    envvar_list_splitter = "\n"


# --- Options of several commands ------------------------------------------------------------------

host = partial(
    option,
    "--host",
    default="127.0.0.1",
    callback=lambda *values: values[-1].strip("[]"),  # of an IPv6 address, as in a URL
)

port = option(
    "--port",
    default=8080,
    type=click.IntRange(0, 65535),
    help="The port to listen on; 0 picks a free one.",
)

control_token = option(
    "--control-token",
    metavar="TOKEN",
    help="The token that callers of the control API need [default: none on a loopback address, "
    "else one that is generated and printed].",
)

faults = option(
    "--fault",
    multiple=True,
    type=LineParamType(),
    metavar="[OPERATION=]FAULT[,...]",
    help="Make requests fail: list_jobs=503,times=2 or delay,seconds=2 or 503,reset,ok or a fault "
    "rule as JSON. In the environment, one per line.",
)

preset = option(
    "--preset", type=click.Choice(get_args(PresetName)), help="Arm a named list of fault rules."
)

log_level = option(
    "--log-level",
    default="info",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="What to log to standard error; info logs each request.",
)

log_format = option(
    "--log-format",
    default="text",
    type=click.Choice(["text", "json"]),
    help="How to log: lines of text, or one JSON object per line.",
)

cafile = option("--cafile", metavar="FILE", help="The certificates to trust.")

insecure = option("--insecure", is_flag=True, help="Do not verify the server's TLS certificate.")

per_second = option(
    "--per-second", default=20.0, help="The most requests to send per second; 0 for no limit."
)


def target_options(function: Callable[..., None]) -> Any:
    """Options for the server to ask; *function* gets them as the keyword *target*, a ``Target``."""

    @option(
        "--target",
        required=True,
        metavar="URL",
        help="The URL of the server, or of a graph or its job list there.",
    )
    @option("--project-id", help="The project [default: the URL's].")
    @option("--graph", help="The graph [default: the URL's].")
    @option("--timeout-s", default=30.0, help="How long a whole answer may take.")
    @cafile
    @insecure
    @wraps(function)
    def with_target(
        *, target: str, project_id: str | None, graph: str | None, **values: Any
    ) -> None:
        from gesmock.remote.target import SignIn, Target

        names = ("timeout_s", "per_second", "cafile", "insecure")
        limits = {name: values.pop(name) for name in names if name in values}
        server = Target.of(target, project_id, graph, sign_in=SignIn.of(os.environ), **limits)
        function(target=server, **values)

    return with_target


_SINGULARS: Final = {
    "settings": "set",
    **{f"{name}s": name for name in ("allow_host", "control_origin", "fault", "plan", "token")},
}
_PATH: Final = re.compile(r"(?:clock\.)?(\w+)(?:\[\d+\])?\.?(.*)")


@contextmanager
def naming_options() -> Iterator[None]:
    """Name the command's options, or their variables, in the errors of an InvalidInput."""
    try:
        yield
    except InvalidInput as error:
        errors = [replace(each, path=_named_option(each.path)) for each in error.errors]
        raise InvalidInput(errors, error.more) from None


def _named_option(path: str) -> str:
    """*path*, with the command's option, or its variable, in place of the start option."""
    match = _PATH.fullmatch(path)
    start, inner = match.groups() if match else ("", "")
    name = _SINGULARS.get(start, start)
    current = click.get_current_context()
    for parameter in current.command.params:
        if parameter.name == name:
            option = _variable(current, name) or parameter.opts[0]
            return f"{option} {inner}".rstrip()
    return path


# --- What a text means ----------------------------------------------------------------------------

_FAULT_FIELDS: Final = {
    *FaultRule.__struct_fields__,
    *(field for kind in KINDS.values() for field in kind.__struct_fields__),
}
_TEXT_FIELDS: Final = {"code", "graph", "header", "job_id", "text"}
"""Fields whose values are texts, whatever they look like."""


def generator(text: str, path: str = "") -> dict[str, Any]:
    """``movies=1000`` or ``1000``: the fields of a generator."""
    graph, equals, count = text.rpartition("=")
    if not re.fullmatch("[0-9]{1,9}", count) or (equals and not graph):
        raise InvalidInput.at(path, f"{text!r} is not [GRAPH=]N, such as movies=1000")
    return {"graph": graph or None, "count": int(count)}


def fault_rule(text: str) -> dict[str, Any]:
    """``list_jobs=503,times=2``, ``delay,seconds=2``, ``503,reset,ok`` or JSON: a fault rule."""
    if text.lstrip().startswith("{"):
        return _json(text, "--fault")
    entries: list[Any] = []
    fields: dict[str, Any] = {}
    text, has_message, message = text.partition("message=")  # the last field: it may hold commas
    for part in text.rstrip(", ").split(","):
        first, equals, value = part.strip().partition("=")
        if equals and (fields or entries or first in _FAULT_FIELDS):
            fields[first] = value if first in _TEXT_FIELDS else _scalar(value)
        elif equals:
            fields["operation"] = first
            entries.append(_scalar(value))
        elif first:
            entries.append(_scalar(first))
    if has_message:
        fields["message"] = message
    kinds = [entry for entry in entries if isinstance(entry, str) and entry != "ok"]
    _check_kinds(kinds, fields.get("operation"))
    kind = kinds[0] if len(entries) == 1 and kinds else "error"
    fault: dict[str, Any] = {}
    for field in [*fields]:
        name, dot, inner = field.partition(".")
        if kind not in KINDS or name not in KINDS[kind].__struct_fields__:
            continue
        if dot:  # uniform.low_s is the field low_s of uniform
            fault.setdefault(name, {})[inner] = fields.pop(field)
        else:
            fault[name] = fields.pop(field)
    if len(entries) > 1 or entries == ["ok"]:
        extra = {"fault": {"kind": kind, **fault}} if fault else {}
        return {**fields, "script": entries, **extra}
    if not (entries or fault):
        raise InvalidInput.at("--fault", f"{text!r} names no fault, such as 503 or delay,seconds=2")
    status = {"status": entries[0]} if entries and not kinds else {}
    return {**fields, "fault": {"kind": kind, **status, **fault}}


def _check_kinds(kinds: list[str], operation: str | None) -> None:
    if operation in KINDS:
        wrong = f"{operation} is a fault, not an operation"
        raise InvalidInput.at("--fault", f"{wrong}: list_jobs={operation}, or delay,seconds=2")
    for kind in kinds:
        if ";" in kind:
            raise InvalidInput.at("--fault", f"{kind!r}: separate with a comma")
        if kind in OPERATION_NAMES:
            raise InvalidInput.at("--fault", f"{kind} is an operation: {kind}=503")


def plan_rule(text: str) -> dict[str, Any]:
    """``slow``, ``import_graph=fails_late,times=1`` or JSON: a plan rule."""
    if text.lstrip().startswith("{"):
        return _json(text, "--plan")
    first, *parts = (part.strip() for part in text.split(","))
    command, _, name = first.rpartition("=")
    fields = dict(setting(part, "--plan") for part in parts)
    rule: dict[str, Any] = {key: fields.pop(key) for key in ("graph", "times") if key in fields}
    plan = {"name": name, **fields} if fields else name
    return {**rule, "plan": plan, **({"command": command} if command else {})}


def tls(cert: str | None, key: str | None) -> "ssl.SSLContext | None":
    """The TLS context for these PEM files; None without *cert*. The key may be in *cert* too."""
    if cert is None:
        if key is not None:
            raise InvalidInput.at("--key", f"{key!r} is of no use without --cert")
        return None
    from gesmock.server.tls import load_context

    with naming_file("--cert"):
        return load_context(cert, key)


def setting(text: str, path: str) -> tuple[str, Any]:
    """``NAME=VALUE`` as its two parts."""
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidInput.at(path, f"{text!r} is not NAME=VALUE")
    return name, _scalar(value)


def _json(text: str, path: str) -> dict[str, Any]:
    with naming_file(path):
        fields: dict[str, Any] = validation.parse(text.encode())
    return fields


def _scalar(text: str) -> Any:
    """The number or truth value that *text* spells in JSON or Python; else *text* itself."""
    text = {"True": "true", "False": "false"}.get(text, text)
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return text
    return value if isinstance(value, bool | int | float) else text
