"""Request and Reply, how a reply is delivered, and the client's connection."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, get_args

from msgspec import Meta, Struct, field

from gesmock.model.types import JobStatus

OperationName = Literal[
    "list_jobs",
    "show_job",
    "delete_job",
    "hyg_delete_job",
    "hyg_delete_jobs",
    "import_graph",
    "batch_build_index",
    "export_graph",
    "clear_graph",
    "delete_graph",
    "summary",
    "create_index",
    "delete_index",
    "execute_algorithm",
    "vertex_query",
    "edge_query",
    "export_vertices",
    "delete_vertices",
    "export_edges",
    "delete_edges",
    "batch_delete_edges",
    "filtered_query",
    "path_query",
    "import_properties",
    "delete_by_file",
    "execute_cypher_query",
    "execute_gql_query",
    "show_schema",
    "add_label",
    "update_label",
    "build_schema_structure",
    "export_result",
    "hyg_sync",
    "hyg_import_graph",
    "hyg_delete_graph",
    "hyg_algorithm",
    "hyg_dsl",
    "hyg_export_result",
]
"""The operations that gesmock serves; one that submits a job has the name of its command."""

OPERATION_NAMES: Final[tuple[str, ...]] = get_args(OperationName)

Operation = Annotated[
    str,
    Meta(
        pattern=f"^({'|'.join(OPERATION_NAMES)})(?![\\s\\S])",
        description=f"one of {', '.join(OPERATION_NAMES)}",
    ),
]

LARGEST_BODY: Final = 12 * 2**20  # bytes (the API signing guide)
LONGEST_HEAD: Final = 4096
"""The most characters of path, query and headers together that are journaled as they are."""

LONGEST_REPLY: Final = 2**16
"""The most bytes of an answer's body that are journaled."""

MOST_SHOWN: Final = 1_000
"""The most jobs in one answer whose statuses are remembered."""


class Request(Struct, frozen=True, kw_only=True):
    """One HTTP request below the service's paths, as the core sees it.

    *operation* is None if no route matches; *allowed* then has the methods of the path, if any.
    *query* holds the first value of each parameter. Header names are lower case. *body* is the JSON
    value of the body: an empty object if there is none, None if it is not JSON, cut off, or longer
    than ``LARGEST_BODY``. *clean* is the body without storage keys (``listed_requests.cleaned``),
    and *digest* tells a shortened body from others (``entries.with_short_body``). *long*: path,
    query and headers are longer than ``LONGEST_HEAD``. *epoch* is the fake's when the request
    arrived: a project that has been reset since must not see it.
    """

    operation: Operation | None
    method: str
    path: str
    epoch: int
    args: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: Any = field(default_factory=dict)
    clean: Any = field(default_factory=dict)
    digest: str | None = None
    long: bool = False
    allowed: tuple[str, ...] = ()


class ReplyBody(Struct, gc=False):
    """What the journal keeps of a long answer: *text*, the first ``LONGEST_REPLY`` bytes of it.

    The whole body has *length* bytes; it is 0 until the answer is encoded, and after the text is
    dropped to save room. The journal counts *size*. Readers of the text must also mask *secrets*.
    """

    text: bytes = b""
    length: int = 0
    size: int = 0
    secrets: frozenset[str] = frozenset()

    def fill(self, blocks: Sequence[bytes | memoryview]) -> None:
        """Keep the beginning of *blocks*."""
        self.length = sum(map(len, blocks))
        if len(blocks) == 1 and self.length <= LONGEST_REPLY:
            self.text = bytes(blocks[0])  # no copy
            return
        parts = list[memoryview]()
        room = LONGEST_REPLY
        for block in blocks:
            parts.append(memoryview(block)[:room])
            room -= len(parts[-1])
            if not room:
                break
        self.text = b"".join(parts)


class Encoded(Struct, frozen=True):
    """A payload that is JSON already, in *blocks* to send one after the other."""

    blocks: Sequence[bytes | memoryview]


class ShownStatuses(Struct, frozen=True, gc=False):
    """The statuses that an answer shows, by job id; None if there are too many.

    A list has *returned* jobs, out of *total* if it says so.
    """

    statuses: Mapping[str, JobStatus] | None
    returned: int | None = None
    total: int | None = None


LOOK_EVERY_S: Final = 0.1
"""How often a stream is asked for what is new."""


class Delivery(Struct, frozen=True, kw_only=True):
    """How a reply reaches its client, if not at once and whole.

    After *delay_s* real seconds the server sends the answer. With *parts* above 1, the body follows
    the head in that many pieces, spread evenly over *spread_s* real seconds; with *after_bytes*,
    the connection is closed after the head and that many bytes of the body. *raw* is sent instead
    of the answer, before the connection is closed. A *stream* is asked for its next part every
    100 ms, but not before the client has taken the last one; an empty part means no news. With an
    *end* other than ``keep`` nothing is sent: the connection is closed (TCP FIN), reset (TCP RST),
    or hangs until the client gives up.
    """

    delay_s: float = 0.0
    parts: int = 1
    spread_s: float = 0.0
    after_bytes: int | None = None
    raw: bytes | None = None
    stream: Iterator[bytes] | None = None
    end: Literal["keep", "close", "reset", "hang"] = "keep"

    def schedule(self, length: int) -> Iterator[tuple[float, int]]:
        """When each part of a body of *length* bytes is due, in seconds after the head; its size.

        No part is empty, so a short body has fewer. The last is due at *spread_s*.
        """
        count = min(self.parts, length)
        for number in range(1, count + 1):
            size = length * number // count - length * (number - 1) // count
            yield self.spread_s * number / count, size


class ConnectionInfo(Struct, eq=False):
    """A client's connection, as its server keeps it up to date.

    *client* and *server* are the addresses and ports of its ends; *secure*: it uses TLS. Times are
    real ones: *opened_at*, *heard_at* (when the last request came in) and *closed_at*. *gave_up*:
    the client left before it had all of the last answer. *answers* counts those journaled.
    """

    client: tuple[str, int]
    opened_at: float
    server: tuple[str, int] = ("", 0)
    secure: bool = False
    heard_at: float = 0.0
    closed_at: float | None = None
    gave_up: bool = False
    answers: int = 0

    def __post_init__(self) -> None:
        self.heard_at = self.opened_at

    def end(self, at: float) -> None:
        """Note when the connection ended; only the first time counts."""
        if self.closed_at is None:
            self.closed_at = at


class Reply(Struct, frozen=True):
    """What goes back; *payload* is encoded as JSON outside the project's lock.

    It may be ``Encoded`` already, or, if making it takes long, a function that returns it.
    *statuses* and *job_id* (of the job that was submitted) are for the journal. *hint* is for the
    log: what to do about a request that no operation serves. For a payload that may be long, the
    journal keeps *body*, which all answers with this payload share; it keeps any other payload.
    """

    status: int
    payload: Any
    headers: Mapping[str, str] = {}
    statuses: ShownStatuses | None = None
    job_id: str | None = None
    delivery: Delivery | None = None
    hint: str | None = None
    body: ReplyBody | None = None
