"""Rows: a job as the service's list shows it, in compact JSON.

What is read or changed here without decoding rests on one thing: inside a JSON string every
quotation mark follows a backslash, so ``,"status":"`` can only be the key of the job itself.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from gesmock.model.jobs import Job
from gesmock.model.types import STATUSES, JobStatus

_ID: Final = b'{"jobId":'
_STATUS: Final = b',"status":"'
_OF: Final[Mapping[bytes, JobStatus]] = {one.encode(): one for one in STATUSES}
_BYTES: Final[Mapping[JobStatus, bytes]] = {one: one.encode() for one in STATUSES}

encode = msgspec.json.Encoder().encode
"""The row of a job."""

decode = msgspec.json.Decoder(Job).decode
"""The job of a row."""

decode_all = msgspec.json.Decoder(list[Job]).decode
"""The jobs of several rows, as a JSON list."""


def begin(job_id: str) -> bytes:
    """How the row of the job *job_id* begins, and no other."""
    return _ID + encode(job_id) + _STATUS


class Opened(NamedTuple):
    """A row, taken apart at the status of its job."""

    job_id: str
    status: JobStatus
    begin: bytes
    rest: bytes

    def closed(self, status: JobStatus) -> bytes:
        """The row of the same job in this *status*."""
        return self.begin + _STATUS + _BYTES[status] + self.rest


def opened(row: bytes) -> Opened:
    """*row*, taken apart."""
    begin, _, shown = row.partition(_STATUS)
    end = shown.index(b'"')
    job_id = begin[len(_ID) :]
    known = str(msgspec.json.decode(job_id)) if b"\\" in job_id else job_id[1:-1].decode()
    return Opened(known, _OF[shown[:end]], begin, shown[end:])


def showing(status: JobStatus) -> bytes:
    """What only rows of jobs in this *status* hold."""
    return _STATUS + _BYTES[status] + b'","request":{'
