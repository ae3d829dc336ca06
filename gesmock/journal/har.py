"""HAR: the journal as an HTTP Archive (version 1.2) for browsers and other tools."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from gesmock import __version__
from gesmock.journal.entries import AnsweredEntry
from gesmock.model.clock import iso_time

MOST_STATUSES: Final = 100
"""The statuses of a longer list are left out, as each of its entries would repeat them."""

_OWN: Final = "number operation job_id statuses returned total fault phase connection"

_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}


def archive(entries: Iterable[AnsweredEntry], scheme: str = "http") -> dict[str, Any]:
    """*entries* as an HTTP Archive; *scheme* is that of their URLs.

    A size of -1 means that it is unknown. The names of fields that the format lacks begin with an
    underscore. An answer that never came has status 0, as browsers write it.
    """
    creator = {"name": "gesmock", "version": __version__}
    archived = [_entry(entry, scheme) for entry in entries]
    return {"log": {"version": "1.2", "creator": creator, "entries": archived}}


def _entry(entry: AnsweredEntry, scheme: str) -> dict[str, Any]:
    took = max(entry.virtual_s, entry.took_s) * 1000
    host = entry.headers.get("host", "localhost")
    query = f"?{urlencode(entry.query)}" if entry.query else ""
    body: dict[str, Any] = {}
    if entry.body is not None:
        kind = entry.headers.get("content-type", "application/json")
        body = {"postData": {"mimeType": kind, "text": msgspec.json.encode(entry.body).decode()}}
    size = -1 if entry.reply_bytes is None else entry.reply_bytes
    kind = entry.reply_headers.get("content-type", "application/json")
    content: dict[str, Any] = {"size": size, "mimeType": kind}
    if entry.status == 204:  # which has no body
        content = {"size": 0, "mimeType": "x-unknown"}
    if entry.reply_body is not None:
        content["text"] = entry.reply_body
    own = {f"_{name}": getattr(entry, name) for name in _OWN.split()}
    own["_gave_up"] = entry.gave_up or None
    if len(entry.statuses or ()) > MOST_STATUSES:
        own["_statuses"] = None
    return {
        "startedDateTime": iso_time(entry.at),
        "time": took,
        "request": {
            "method": entry.method,
            "url": f"{scheme}://{host}{quote(entry.path)}{query}",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(entry.headers),
            "queryString": _pairs(entry.query),
            **body,
            "headersSize": -1,
            "bodySize": -1,
        },
        "response": {
            "status": entry.status,
            "statusText": _PHRASES.get(entry.status, ""),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(entry.reply_headers),
            "content": content,
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": size,
        },
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        **{name: own[name] for name in own if own[name] is not None},
    }


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]
