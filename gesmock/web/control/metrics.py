"""The control call for metrics, in Prometheus's text format."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gesmock.fake.fake import Fake
from gesmock.faults import KINDS
from gesmock.journal.verdict.findings import RULES
from gesmock.model.types import STATUSES, JobStatus
from gesmock.web.control.api import Address, call

Values = Mapping[tuple[object, ...], int]
"""How many there are, by the values of the labels."""


class Metric(NamedTuple):
    """A metric of a Prometheus *type*; *labels* are the names of its labels, split by spaces."""

    name: str
    type: str
    help: str
    labels: str
    values: Values

    def __str__(self) -> str:
        head = f"# HELP {self.name} {self.help}\n# TYPE {self.name} {self.type}\n"
        return head + "".join(map(self._sample, self.values))

    def _sample(self, key: tuple[object, ...]) -> str:
        pairs = zip(self.labels.split(), key, strict=True)
        labels = ",".join(f'{name}="{value}"' for name, value in pairs)
        return f"{self.name}{labels and f'{{{labels}}}'} {self.values[key]}\n"


@call("GET", "metrics", of_fake=True, summary="Show metrics, for Prometheus")
def show_metrics(address: Address) -> str:
    return "".join(map(str, _metrics(address.fake)))


def _metrics(fake: Fake) -> Iterator[Metric]:
    """The metrics of all projects together; resets set no counter back.

    Apart from the statuses of answers, the values of a label are fixed: no client can add one.
    """
    coverage = fake.coverage()
    requests: Counter[tuple[object, ...]] = Counter()
    for cell in coverage.all_cells():
        requests[cell.operation or "none", cell.status or "none"] += cell.count
    text = "Requests by operation and status; none: no such operation, no answer."
    yield Metric("gesmock_requests_total", "counter", text, "operation status", requests)

    faults: Values = {(kind,): coverage.faults.get(kind, 0) for kind in KINDS}
    text = "Requests that a fault hit, by kind."
    yield Metric("gesmock_faults_total", "counter", text, "kind", faults)

    projects, counts = fake.projects.values(), Counter[JobStatus]()
    for project in projects:
        with project.lock:
            project.graphs.settle()
            for graph in project.graphs.unsettled().values():
                counts += graph.counts
    jobs: Values = {(status,): counts[status] for status in STATUSES}
    yield Metric("gesmock_jobs", "gauge", "Jobs by status.", "status", jobs)

    codes = [each.code for project in projects for each in project.verdict.findings(("GM", "GM9"))]
    findings: Values = {(rule.code,): codes.count(rule.code) for rule in RULES}
    yield Metric("gesmock_findings", "gauge", "Findings about the client.", "code", findings)

    connections: Values = {(): len(fake.connections)}
    yield Metric("gesmock_connections", "gauge", "Open connections.", "", connections)
