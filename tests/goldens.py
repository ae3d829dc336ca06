"""Golden files: what a user sees, written down, and how a test finds it out.

This uses only what a user has: the package's public names, its command line and HTTP.
"""

import difflib
import inspect
import json
import os
import re
import socket
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from functools import cached_property
from pathlib import Path
from typing import (
    Annotated,
    Any,
    BinaryIO,
    Final,
    Literal,
    Union,
    get_args,
    get_origin,
    is_typeddict,
)

import gesmock
from gesmock import GesMock

FOLDER: Final = Path(__file__).parent / "golden"
UPDATING: Final = os.environ.get("UPDATE_GOLDEN", "") not in ("", "0")
MOST_LINES: Final = 60

PROJECT: Final = "project1"
NOW: Final = 1767225600  # 2026-01-01 00:00:00, on a Thursday
CLOCK: Final = {"now": NOW, "frozen": True}


class Changed(AssertionError):
    """What a user sees is not what the golden file has."""


def hold(name: str, text: str, folder: Path = FOLDER, *, updating: bool = UPDATING) -> None:
    """Raise Changed, with the difference, if *text* is not that of the golden file *name*.

    If golden files are being updated, write the file instead.
    """
    path = folder / name
    if updating:
        path.write_text(text, encoding="utf-8")
    golden = path.read_text(encoding="utf-8") if path.exists() else ""
    if text != golden:
        names = f"golden/{name}", "what a user sees now"
        texts = golden.splitlines(), text.splitlines()
        lines = list(difflib.unified_diff(*texts, *names, lineterm="", n=2))
        left = len(lines) - MOST_LINES
        more = [f"... and {left} more lines"] * (left > 0)
        how = "Is it meant? UPDATE_GOLDEN=1 pytest tests/test_golden.py writes it down."
        raise Changed("\n".join(["", *lines[:MOST_LINES], *more, how]))


def changes(was: str, now: str) -> Iterator[str]:
    """The values that only one of two JSON texts has, a line each."""
    old, new = (dict(_leaves(json.loads(text))) for text in (was, now))
    for path in dict.fromkeys([*old, *new]):
        if old.get(path) != new.get(path):
            yield from (f"- {path}: {text[path]}" for text in [old] if path in text)
            yield from (f"+ {path}: {text[path]}" for text in [new] if path in text)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The plain values inside *value*, each with its path."""
    if isinstance(value, dict | list) and value:
        for name, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(one, f"{path} > {name}" if path else str(name))
    else:
        yield path, json.dumps(value, ensure_ascii=False)


# --- What comes over the wire -------------------------------------------------------------------


def readable(body: str) -> str:
    """*body*, indented if it is long and compact JSON."""
    try:
        value = json.loads(body)
    except ValueError:
        return body
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return (
        json.dumps(value, ensure_ascii=False, indent=1)
        if len(body) > 160 and compact == body
        else body
    )


def printable(sent: bytes) -> str:
    """*sent* as text: lines end with LF alone, and what cannot be read is escaped."""
    text = sent.decode(errors="backslashreplace").replace("\r\n", "\n")
    return re.sub(r"[^\n\x20-\x7e\x80-\U0010ffff]", lambda odd: ascii(odd[0])[1:-1], text)


class Wire:
    """Asks the server of *ges* over sockets, and writes down the requests and answers.

    Without *heads*, only the status and the body of an answer are written down.
    """

    def __init__(self, ges: GesMock) -> None:
        self.heads = True
        self._address = ("127.0.0.1", int(ges.url.rpartition(":")[2]))
        self._lines: list[str] = []
        self._connected = ExitStack()
        self._client: tuple[socket.socket, BinaryIO] | None = None

    def close(self) -> None:
        """Hang up."""
        self._connected.close()
        self._client = None

    def _connection(self) -> tuple[socket.socket, BinaryIO]:
        if self._client is None:
            client = self._connected.enter_context(socket.create_connection(self._address, 20))
            self._client = client, self._connected.enter_context(client.makefile("rb"))
        return self._client

    @property
    def text(self) -> str:
        """All that was written down."""
        return "".join(f"{line}\n" for line in self._lines)

    def say(self, line: str) -> None:
        """Write *line* down, as a heading."""
        self._lines += ["", f"##### {line}", ""]

    def fetch(
        self, method: str, target: str, body: object = None, headers: Iterable[str] = ()
    ) -> tuple[str, str]:
        """Ask, without writing anything down; the head and the body of the answer.

        A *body* that is not bytes is sent as JSON.
        """
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
        if body is not None:
            kinds = [] if "Content-Type" in str(headers) else ["Content-Type: application/json"]
            lines += [*kinds, f"Content-Length: {len(sent)}"]
        head = "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"
        client, answer = self._connection()
        client.sendall(head + (b"" if body is None else sent))
        came = b"".join(iter(lambda: answer.readline().replace(b"\r\n", b"\n"), b"\n"))
        length = re.search(rb"Content-Length: (\d+)", came)
        content = answer.read(int(length[1]) if length and method != "HEAD" else 0)
        return printable(came), printable(content)

    def ask(
        self, method: str, target: str, body: object = None, headers: Iterable[str] = ()
    ) -> str:
        """Ask, and write it down; the body of the answer."""
        head, came = self.fetch(method, target, body, headers)
        sent = (
            []
            if body is None
            else [printable(body) if isinstance(body, bytes) else json.dumps(body)]
        )
        self._lines += [f"> {line}" for line in (f"{method} {target}", *headers, *sent)]
        shortened = head if self.heads else head.partition("\n")[0] + "\n"
        self._lines += [_steady(shortened) + "\n" * self.heads + readable(_unreal(came)), ""]
        return came

    def short(self, title: str, method: str, target: str, body: object, *headers: str) -> None:
        """Ask, and write a line down: *title*, the status and the body of the answer."""
        head, came = self.fetch(method, target, body, headers)
        self._lines.append(f"{title}: {_steady(head).partition(chr(10))[0]} {came}")

    def send(self, sent: bytes, title: str | None = None) -> None:
        """Send bytes and then end our side; write down what comes until the connection ends."""
        came = bytearray()
        with closing(socket.create_connection(self._address, timeout=20)) as client:
            try:
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
                while chunk := client.recv(2**16):
                    came += chunk
                end = "the end"
            except OSError:  # noticed while sending or while receiving
                end = "a reset"
        first, _, rest = _steady(printable(bytes(came))).rpartition("\n\n")
        request = printable(sent) if title is None else title
        self._lines += [f"> {line}" for line in request.splitlines()]
        self._lines += [first + "\n\n" * bool(first) + readable(rest), f"<{end}>", ""]


def _steady(head: str) -> str:
    """*head* without what differs each time: dates, except those of the frozen clock.

    The two phrases that Python 3.13 renamed are left out too.
    """
    head = re.sub(r"(?m)^Date: (?!Thu, 01 Jan 2026 ).*$", "Date: *", head)
    return re.sub(r"(?m)^HTTP/1.1 (413|414) .*$", r"HTTP/1.1 \1 *", head)


def _unreal(body: str) -> str:
    """*body* without what differs each time: real times, and ports."""
    body = re.sub(r'"(real_at|took_s|time|wait|opened_at|closed_at)":[0-9.]+', r'"\1":"*"', body)
    return re.sub(r'"client":"127\.0\.0\.1:\d+"', '"client":"127.0.0.1:*"', body)


# --- What the document says can be asked ----------------------------------------------------------


class Call(typing.NamedTuple):
    """A call in the service's document: its *path* and *query*, and an example of its body."""

    title: str
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    edition: str

    def target(self, job_id: str = "running", graph: str = "movies", project: str = PROJECT) -> str:
        """The target of a request for it."""
        names = {"project_id": project, "graph_name": graph, "job_id": job_id}
        path = self.path.format(**names, index_name="by_name", commit="commit")
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        return path + "?" * bool(query) + query


def calls(document: Any) -> list[Call]:
    """Every call that *document* has; of a submission, each of its kinds."""
    made = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            verb = method.upper()
            plain = Call(operation["operationId"], verb, path, {}, None, "any")
            kinds = operation.get("x-calls")
            examples = _examples(operation)
            made += (
                [plain] if kinds is None else [_call(verb, path, one, examples) for one in kinds]
            )
    return made


def _examples(operation: Any) -> Mapping[str, Any]:
    body = operation.get("requestBody", {"content": {"application/json": {"examples": {}}}})
    return {
        name: one["value"] for name, one in body["content"]["application/json"]["examples"].items()
    }


def _call(method: str, path: str, kind: Any, examples: Mapping[str, Any]) -> Call:
    body = examples.get(kind.get("body", {"$ref": ""})["$ref"].rpartition("/")[2])
    title = f"{kind['operation']}: {kind['name']}"
    return Call(title, method, path, kind["query"], body, kind["edition"])


# --- What can be called from Python ---------------------------------------------------------------


class _Text:
    """A text that ``inspect`` writes as it is."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def api_of(cls: type, name: str) -> Iterator[str]:
    """What a user may call and read of *cls*, a line each.

    A type that has no public name is written ``~``: its name may change.
    """
    families = [one.__name__ for one in cls.__mro__[1:] if _is_public(one) or _is_builtin(one)]
    yield f"{name}({', '.join(families)})"
    if is_typeddict(cls):
        yield from (
            f"    [{key!r}]: {_annotation_text(hint)}" for key, hint in cls.__annotations__.items()
        )
        return
    if not issubclass(cls, BaseException) or _is_ours(vars(cls).get("__init__")):
        yield f"    {name}{signature(cls)}"
    for member in dir(cls):
        if not member.startswith("_") and any(
            member in vars(one) for one in cls.__mro__ if _is_ours(one)
        ):
            yield f"    {_member(member, inspect.getattr_static(cls, member))}"


def _member(name: str, found: Any) -> str:
    if isinstance(found, property | cached_property):
        reads: Any = found.fget if isinstance(found, property) else found.func
        writable = " (writable)" * (getattr(found, "fset", None) is not None)
        return f".{name}: {_annotation_text(inspect.signature(reads).return_annotation)}{writable}"
    if isinstance(found, classmethod):
        return f"@classmethod .{name}{signature(found.__func__)}"
    if callable(found):
        return f".{name}{signature(found)}"
    return f".{name}" if inspect.isdatadescriptor(found) else f".{name} = {found!r}"


def signature(of: Callable[..., Any]) -> str:
    """The signature of a callable, with the types by their public names."""
    read = inspect.signature(of)
    parameters = [
        one.replace(annotation=_noted(one.annotation), default=_default(one.default))
        for one in read.parameters.values()
    ]
    returned = _noted(read.return_annotation)
    return str(read.replace(parameters=parameters, return_annotation=returned))


def _noted(annotation: object) -> object:
    empty = inspect.Signature.empty
    return empty if annotation is empty else _Text(_annotation_text(annotation))


def _default(value: object) -> object:
    return _Text("...") if callable(value) and value is not inspect.Parameter.empty else value


def _annotation_text(annotation: Any) -> str:
    """*annotation* as a user would write it."""
    if isinstance(annotation, str):
        known = {*dir(gesmock), "Any", "None", "Iterator", "Self", "SSLContext", "Flask"}
        bare = re.sub(r"\b[a-z_.]+\.(?=[A-Z])|\bgesmock\.[a-z_.]+", "", annotation)
        return re.sub(r"\b[A-Z]\w*", lambda at: at[0] if at[0] in known else "~", bare)
    if isinstance(annotation, list):
        return f"[{', '.join(map(_annotation_text, annotation))}]"
    kind, parts = get_origin(annotation), get_args(annotation)
    if kind is Literal:
        return f"Literal[{', '.join(map(repr, parts))}]"
    if kind is Annotated:
        return _annotation_text(parts[0])
    if kind in (Union, types.UnionType):
        return " | ".join(dict.fromkeys(map(_annotation_text, parts)))
    if kind is typing.Unpack:
        [keys] = parts
        return (
            f"**{_annotation_text(keys)}"
            if _is_public(keys)
            else f"**{{{', '.join(keys.__annotations__)}}}"
        )
    if kind is not None:
        return f"{_annotation_text(kind)}[{', '.join(map(_annotation_text, parts))}]"
    if annotation is type(None) or annotation is None or annotation is ...:
        return "..." if annotation is ... else "None"
    name = getattr(annotation, "__name__", str(annotation)).rpartition(".")[2]
    return "~" if _is_ours(annotation) and not _is_public(annotation) else name


def _is_ours(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).partition(".")[0] == "gesmock"


def _is_public(thing: Any) -> bool:
    name = getattr(thing, "__name__", "")
    return name in dir(gesmock) and getattr(gesmock, name) is thing


def _is_builtin(cls: type) -> bool:
    return cls.__module__ == "builtins" and cls is not object
