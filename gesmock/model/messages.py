"""Request and Reply, how a reply is delivered, and the connection that they use."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    "build_schema_structure",
    "export_result",
    "hyg_sync",
    "hyg_import_graph",
    "hyg_delete_graph",
    "hyg_algorithm",
    "hyg_dsl",
    "hyg_export_result",
]
"""The operations that gesmock serves; one that makes a job is called like the job's command."""

OPERATION_NAMES: Final[tuple[str, ...]] = get_args(OperationName)

Operation = Annotated[
    str,
    Meta(
        pattern=f"^({'|'.join(OPERATION_NAMES)})(?![\\s\\S])",
        description=f"one of {', '.join(OPERATION_NAMES)}",
    ),
]

LARGEST_BODY: Final = 12 * 2**20
"""How long a body may be, in bytes (the API signing guide)."""

LONGEST_HEAD: Final = 4096
"""How long path, query and headers may be together, in characters, to be kept as they are."""

MOST_SHOWN: Final = 1_000
"""Of how many jobs in one answer it is known afterwards what it showed."""

NO_ENTRY: Final = "0" * 32
"""The ``X-Request-Id`` of an answer that no journal entry stands behind."""


def request_id(epoch: int, number: int) -> str:
    """The ``X-Request-Id`` of the answer with this *number* in its *epoch*."""
    return f"{epoch:08x}{number:024x}"


class Request(Struct, frozen=True, kw_only=True):
    """One HTTP request below the service's paths, as the core sees it.

    *operation* is None where no route matches; *allowed* then lists the methods that the path does
    have, if any. *query* holds the first value of each parameter. Header names are lower case.
    *body* is the JSON value that was sent: an empty object where nothing was, None where it was
    none, longer than ``LARGEST_BODY``, or cut off; *clean* is the same without secrets, where
    somebody has made that (``raw_requests.cleaned``), and *digest* tells it from other bodies,
    where somebody has made that (``journal.kept``). *long* tells that path, query and headers are
    longer than ``LONGEST_HEAD``. *epoch* is the fake's epoch when the request
    arrived: a project that was reset since must not see it.
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


def is_long(*texts: Iterable[str]) -> bool:
    """Whether *texts*, those of a head, are longer than ``LONGEST_HEAD``."""
    return sum(len(text) for several in texts for text in several) > LONGEST_HEAD


class Encoded(Struct, frozen=True):
    """A payload that is JSON already, in *blocks* of together *length* bytes; never joined."""

    blocks: Sequence[bytes | memoryview]
    length: int

    @classmethod
    def of(cls, blocks: Sequence[bytes | memoryview]) -> "Encoded":
        """*blocks*, measured."""
        return cls(blocks, sum(map(len, blocks)))


class Shown(Struct, frozen=True, gc=False):
    """What an answer shows of jobs: the *statuses* by job, unless there are very many.

    Of a list, *returned* is how many jobs it has, *total* out of how many, where it says so.
    """

    statuses: tuple[tuple[str, JobStatus], ...] | None
    returned: int | None = None
    total: int | None = None


class Delivery(Struct, frozen=True, kw_only=True):
    """How a reply reaches its client, if not at once and whole.

    The server waits *delay_s* real seconds. Then it sends the answer: with *parts* above 1 the head
    first, then the body in so many pieces, spread evenly over *spread_s* real seconds. With
    *after_bytes*, it sends only the head and so many bytes of the body, then closes the connection.
    *raw* is sent instead of the answer, before the connection closes. With an *end* other than
    ``keep``, nothing is sent: the connection is closed (TCP FIN), reset (TCP RST), or hangs, at
    once, until the client gives up.
    """

    delay_s: float = 0.0
    parts: int = 1
    spread_s: float = 0.0
    after_bytes: int | None = None
    raw: bytes | None = None
    end: Literal["keep", "close", "reset", "hang"] = "keep"

    def schedule(self, length: int) -> Iterator[tuple[float, int]]:
        """When each part of a body of *length* bytes is due, in seconds after the head; its size.

        No part is empty: a short body has fewer, an empty one none. The last is due at *spread_s*.
        """
        count = min(self.parts, length)
        for number in range(1, count + 1):
            size = length * number // count - length * (number - 1) // count
            yield self.spread_s * number / count, size


class ConnectionInfo:
    """A client's connection, as its server keeps it up to date.

    *client* and *server* are the address and port of its two ends; *secure*: it uses TLS. Times are
    real ones: *opened_at*, *heard_at* (when the request that is being answered, or the last, came
    in) and *closed_at*. *gave_up* says that the client left before it had all of the last answer;
    *answers* counts those journaled.
    """

    __slots__ = (
        "answers",
        "client",
        "closed_at",
        "gave_up",
        "heard_at",
        "opened_at",
        "secure",
        "server",
    )

    def __init__(
        self,
        client: tuple[str, int],
        opened_at: float,
        server: tuple[str, int] = ("", 0),
        *,
        secure: bool = False,
    ) -> None:
        self.client = client
        self.server = server
        self.secure = secure
        self.opened_at = self.heard_at = opened_at
        self.closed_at: float | None = None
        self.gave_up = False
        self.answers = 0

    def end(self, at: float) -> None:
        """Note when the connection ended; only the first time counts."""
        if self.closed_at is None:
            self.closed_at = at


class Reply(Struct, frozen=True):
    """What goes back; the edge encodes *payload* as JSON, outside the project's lock.

    It may be ``Encoded`` already. Where it takes long to make, *payload* is a function that makes
    it, and is called outside too. *shown* and *job_id* (of the job that was submitted) are for the
    journal. *delivery* says how it is brought to the client, if not at once and whole.
    """

    status: int
    payload: Any
    headers: Mapping[str, str] = {}
    shown: Shown | None = None
    job_id: str | None = None
    delivery: Delivery | None = None
