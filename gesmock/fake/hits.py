"""Hits: a request as a fault rule sees it, and what becomes of one that a fault has hit."""

from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from gesmock.fake import refusals as catalogue
from gesmock.fake.jobs import list_jobs_after
from gesmock.fake.project import Project
from gesmock.faults import Fired, ListFault
from gesmock.model import documentation
from gesmock.model import replies as shapes
from gesmock.model.errors import GesError
from gesmock.model.messages import Delivery, Operation, Reply, Request
from gesmock.model.settings import Settings
from gesmock.model.types import Edition

Operate = Callable[[Project, Request], Reply]


class RequestCall:
    """*request* to *project*, as far as a fault rule chooses by it."""

    def __init__(self, project: Project, request: Request) -> None:
        self._project = project
        self.operation: Operation = request.operation or ""
        self.graph = request.args["graph_name"]
        self.job_id = request.args.get("job_id")
        self.headers: Mapping[str, str] = request.headers

    def command(self) -> str | None:
        """The operation itself where it submits; else the command of the job that it names."""
        if documentation.of_command(self.operation) is not None:
            return self.operation
        graph = self._project.graphs.get(self.graph)
        if graph is None or self.job_id not in graph:
            return None
        return graph.job(str(self.job_id)).request.command

    def edition(self) -> Edition:
        """The edition of its graph."""
        graphs = self._project.graphs
        return graphs.edition_of(graphs.get_or_new(self.graph))


class Hit:
    """*request*, which *fired* has hit; *permit* gives the operation, or refuses it."""

    def __init__(
        self, project: Project, request: Request, fired: Fired, permit: Callable[[], Operate]
    ) -> None:
        self._project, self._request, self._fired = project, request, fired
        self._permit = permit
        self._job_id: str | None = None

    def reply(self) -> Reply:
        """The answer, with the receipt, and how it is brought to the client."""
        fired = self._fired
        fault = fired.fault
        reply = self.carry_out() if fault is None else fault.answer(self, fired.phase)
        delivery = reply.delivery
        if fired.wait_s:
            delivery = msgspec.structs.replace(delivery or Delivery(), delay_s=fired.wait_s)
        return msgspec.structs.replace(
            reply,
            headers={**reply.headers, "X-Gesmock-Fault": fired.receipt},
            delivery=delivery,
            job_id=self._job_id,
        )

    def carry_out(self, list_fault: ListFault | None = None) -> Reply:
        """Carry the operation out; the real answer, which may refuse."""
        try:
            operate = self._permit()
            if list_fault is not None:
                operate = partial(list_jobs_after, list_fault, self._fired.chance)
            reply = operate(self._project, self._request)
        except GesError as error:
            return shapes.refusal(error, self._project.settings)
        self._job_id = reply.job_id  # it is known which job was made, whatever the client is told
        return reply

    def refuse(
        self, status: int, code: str | None, message: str | None, headers: Mapping[str, str]
    ) -> Reply:
        """The answer that refuses with *status*; the rest is as documented, where it is None."""
        error = catalogue.injected(status, code, message, self._request, self._settings())
        return shapes.refusal(error, self._project.settings, headers)

    def _settings(self) -> Settings:
        """The settings, with the edition of the graph that is asked for."""
        edition = RequestCall(self._project, self._request).edition()
        return msgspec.structs.replace(self._project.settings, edition=edition)

    def real_s(self, seconds: float) -> float:
        """How many real seconds the project's clock takes for *seconds*; 0 where it is frozen."""
        return self._project.faults.real_s(seconds)
