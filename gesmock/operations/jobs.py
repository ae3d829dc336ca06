"""The operations on a graph's jobs."""

import re
from collections.abc import Mapping

from gesmock import shapes
from gesmock.errors import ParameterError
from gesmock.exchange import Reply, Request
from gesmock.settings import Settings
from gesmock.world import World

_DECIMAL = re.compile(r"0*([0-9]{1,10})")
_LARGEST = 2**31 - 1  # the type is Integer (ges_03_0471); 32 bits are inferred


def list_jobs(world: World, request: Request) -> Reply:
    """Querying the Job List (ges_03_0471): a page of the jobs, newest first."""
    graph = world.graph(request.args["graph_name"])
    offset, limit = _window(request.query, world.settings)
    jobs = graph.page(offset, limit, oldest_first=world.settings.order == "oldest_first")
    return shapes.job_list(jobs, len(graph), world.settings)


def _window(query: Mapping[str, str], settings: Settings) -> tuple[int, int]:
    """The offset and limit of *query*; ParameterError where they are not plain numbers."""
    offset = _number(query.get("offset"), 0)
    limit = _number(query.get("limit"), settings.maximum_limit)
    if limit == 0 and settings.limit_zero == "refuse":
        raise ParameterError
    if limit > settings.maximum_limit and settings.limit_over_maximum == "refuse":
        raise ParameterError
    return offset, min(limit, settings.maximum_limit)


def _number(text: str | None, absent: int) -> int:
    if text is None:
        return absent
    decimal = _DECIMAL.fullmatch(text)
    if decimal is None or int(decimal[1]) > _LARGEST:
        raise ParameterError
    return int(decimal[1])
