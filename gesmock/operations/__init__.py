"""The service's operations, and ``handle``, which every request passes through."""

import re
import traceback
from collections.abc import Callable, Mapping
from typing import Final

from gesmock import shapes, tokens
from gesmock.errors import (
    GesError,
    InjectedError,
    JobQueryFailed,
    ParameterError,
    UnknownGraph,
    UnknownUrl,
    WrongMethod,
)
from gesmock.exchange import Operation, Reply, Request
from gesmock.fake import Fake
from gesmock.faults import Fired
from gesmock.jobs import is_project_id
from gesmock.operations.jobs import list_jobs
from gesmock.world import World

OPERATIONS: Final[Mapping[Operation, Callable[[World, Request], Reply]]] = {"list_jobs": list_jobs}

_PREFERRED_CODE = re.compile(r"(?:^|[,;])\s*code\s*=\s*\"?([^\s,;\"]*)\"?", re.IGNORECASE)


def handle(fake: Fake, request: Request) -> Reply:
    """The answer to *request*, which is judged, carried out and journaled in one step.

    A request that no project's world answers is journaled in the default project's.
    """
    project_id = request.args.get("project_id", "")
    owner = fake.serving(project_id)
    world = owner or fake.default
    fired: Fired | None = None
    crash: str | None = None
    with world.lock:
        if request.epoch not in (0, world.epoch):
            return _straggler(world, request)
        try:
            fired = _fault(world, request, owned=owner is not None)
            if fired is not None:
                reply = _injected(world, request, fired)
            else:
                operation = _permitted(fake, world, request, owned=owner is not None)
                reply = operation(world, request)
        except GesError as error:
            reply = shapes.refusal(error, world.settings, _allowed(request))
        except Exception:  # noqa: BLE001 whatever it is, it is kept and told
            crash = traceback.format_exc()
            reply = shapes.refusal(JobQueryFailed(), world.settings)
        world.journal.append(
            at=world.clock.now(),
            operation=request.operation,
            method=request.method,
            path=request.path,
            query=request.query,
            status=reply.status,
            fault=fired and fired.receipt,
            crash=crash,
        )
        number = f"{world.epoch:08x}{world.journal.count:024x}"
    return Reply(reply.status, reply.payload, {**reply.headers, "X-Request-Id": number})


def _straggler(world: World, request: Request) -> Reply:
    """For a request that was on its way while the world was reset: it must leave no trace."""
    error = InjectedError(503, "GES.8602", "gesmock was reset while this request was on its way.")
    return shapes.refusal(error, world.settings, {"X-Request-Id": f"{request.epoch:08x}{0:024x}"})


def _fault(world: World, request: Request, *, owned: bool) -> Fired | None:
    """The fault that the request meets: the one it prefers itself, else the first that is armed."""
    if request.operation is None:
        return None
    preferred = _PREFERRED_CODE.search(request.headers.get("prefer", ""))
    if preferred is not None:
        code = preferred[1]
        if re.fullmatch(r"[45][0-9][0-9]", code):
            return world.faults.prefer(int(code))
        if code != "200":
            raise InjectedError(
                400, "GES.8005", f"Prefer: code={code}: {code!r} is not 200 or from 400 to 599."
            )
        return None
    return world.faults.take(request.operation) if owned else None


def _injected(world: World, request: Request, fired: Fired) -> Reply:
    names = {"project_id": "", "graph_name": "", **request.args}
    headers = {**fired.fault.headers, "X-Gesmock-Fault": fired.receipt}
    return shapes.refusal(fired.fault.refusal(names), world.settings, headers)


def _permitted(
    fake: Fake, world: World, request: Request, *, owned: bool
) -> Callable[[World, Request], Reply]:
    """The operation to carry out, once URL, project and token are found to be good."""
    if request.operation is None:
        raise WrongMethod if request.allowed else UnknownUrl
    project_id = request.args["project_id"]
    if not is_project_id(project_id):
        raise ParameterError
    if world.tokens:
        known = [token for each in fake.worlds() for token in each.tokens]
        age_s = world.clock.now() - world.started_at
        tokens.check(known, request.headers.get("x-auth-token"), project_id, age_s)
    if not owned:
        raise UnknownGraph(**request.args)
    return OPERATIONS[request.operation]


def _allowed(request: Request) -> dict[str, str]:
    return {"Allow": ", ".join(request.allowed)} if request.allowed else {}
