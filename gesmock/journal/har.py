"""HAR: the journal as an HTTP Archive (version 1.2), which browsers and other tools can show."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from gesmock.journal.entries import Entry
from gesmock.model.clock import iso_time

MOST_SHOWN: Final = 100
"""Of how many jobs an entry has the statuses that were shown, at most: each has them anew."""

_PHRASES: Final = {one.value: one.phrase for one in HTTPStatus}


def archive(entries: Iterable[Entry], version: str, scheme: str = "http") -> dict[str, Any]:
    """*entries* as an HTTP Archive, made by this *version* of gesmock.

    Sizes are -1, which means that they are not known. What the format has no place for has a name
    with an underscore before it, as it wants. Of a list of more than ``MOST_SHOWN`` jobs, there is
    only how many it had.
    """
    creator = {"name": "gesmock", "version": version}
    told = [_entry(entry, scheme) for entry in entries]
    return {"log": {"version": "1.2", "creator": creator, "entries": told}}


def _entry(entry: Entry, scheme: str) -> dict[str, Any]:
    took = entry.virtual_s * 1000
    particular = {
        "number": entry.number,
        "operation": entry.operation,
        "job_id": entry.job_id,
        "shown": None if len(entry.shown or ()) > MOST_SHOWN else entry.shown,
        "returned": entry.returned,
        "total": entry.total,
        "fault": entry.fault,
        "phase": entry.phase,
        "connection": entry.connection,
        "gave_up": entry.gave_up or None,
    }
    return {
        "startedDateTime": iso_time(entry.at),
        "time": took,
        "request": _request(entry, scheme),
        "response": _response(entry),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        **{f"_{name}": value for name, value in particular.items() if value is not None},
    }


def _request(entry: Entry, scheme: str) -> dict[str, Any]:
    host = entry.headers.get("host", "localhost")
    query = f"?{urlencode(entry.query)}" if entry.query else ""
    body: dict[str, Any] = {}
    if entry.body is not None:
        kind = entry.headers.get("content-type", "application/json")
        body = {"postData": {"mimeType": kind, "text": msgspec.json.encode(entry.body).decode()}}
    return {
        "method": entry.method,
        "url": f"{scheme}://{host}{quote(entry.path)}{query}",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(entry.headers),
        "queryString": _named(entry.query),
        **body,
        "headersSize": -1,
        "bodySize": -1,
    }


def _response(entry: Entry) -> dict[str, Any]:
    """The answer: one that never came has the status 0, as browsers write it."""
    return {
        "status": entry.status,
        "statusText": _PHRASES.get(entry.status, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(entry.reply_headers),
        "content": {"size": -1, "mimeType": "application/json"},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
    }


def _named(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]
