"""Stories: the requests of a client as journal entries, without a server."""

from collections.abc import Mapping
from typing import Any

from gesmock.journal.entries import Entry
from gesmock.journal.verdict import judge
from gesmock.journal.verdict.findings import Finding, VerdictConfig
from gesmock.journal.verdict.traffic import Traffic

GRAPH = "/ges/v1.0/p1/graphs/movie"
NAMES = {"project_id": "p1", "graph_name": "movie"}


class Story:
    """Entries in order, each a second after the one before it, unless a test says otherwise."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.now = 1000.0

    def ask(self, operation: str = "list_jobs", *, after_s: float = 1.0, **fields: Any) -> Entry:
        """Add a request, *after_s* seconds later."""
        self.now += after_s
        usual: dict[str, Any] = {
            "number": len(self.entries) + 1,
            "at": self.now,
            "real_at": self.now,
            "operation": operation,
            "method": "GET",
            "path": f"{GRAPH}/jobs/status",
            "args": NAMES,
            "query": {},
            "status": 200,
        }
        entry = Entry(**{**usual, **fields})
        self.entries.append(entry)
        return entry

    def poll(self, job_id: str, reported: str | None = None, **fields: Any) -> Entry:
        """Ask for the status of a job, which is *reported*."""
        usual = {
            "path": f"{GRAPH}/jobs/{job_id}/status",
            "args": {**NAMES, "job_id": job_id},
            "statuses": None if reported is None else {job_id: reported},
        }
        return self.ask("show_job", **{**usual, **fields})

    def cancel(self, job_id: str, **fields: Any) -> Entry:
        """Cancel a job."""
        args = {**NAMES, "job_id": job_id}
        path = f"{GRAPH}/jobs/{job_id}"
        return self.ask("delete_job", method="DELETE", path=path, args=args, **fields)

    def submit(self, job_id: str | None, **fields: Any) -> Entry:
        """Submit a job; it is created unless *job_id* is None."""
        usual = {"method": "POST", "path": f"{GRAPH}/action", "body": {"edgesetPath": "e"}}
        return self.ask("import_graph", job_id=job_id, **{**usual, **fields})

    def page(
        self,
        offset: int | None,
        limit: int | None = 10,
        *,
        total: int | None = 100,
        returned: int | None = None,
        **fields: Any,
    ) -> Entry:
        """Ask for a page of the list; by default, the id of each job is its row."""
        window = {"offset": offset, "limit": limit}
        query = {name: str(value) for name, value in window.items() if value is not None}
        begin = offset or 0
        most = min(max((total or 0) - begin, 0), 100_000 if limit is None else limit)
        rows = most if returned is None else returned
        statuses = {f"{row}": "running" for row in range(begin, begin + rows)}
        usual = {"query": query, "returned": rows, "total": total, "statuses": statuses}
        return self.ask(**{**usual, **fields})

    def failed_page(self, offset: int, limit: int = 10, **fields: Any) -> Entry:
        """Ask for a page of the list, without success."""
        query = {"offset": str(offset), "limit": str(limit)}
        return self.ask(**{"query": query, "status": 503, **fields})

    def findings(self, *codes: str, dropped: int = 0, **config: Any) -> list[Finding]:
        """The findings about the client's conduct, without breaches of the contract."""
        ignore = [*config.pop("ignore", ["GM9"]), "GM3"]
        measures = VerdictConfig(ignore=ignore, **config)
        traffic = Traffic(self.entries, dropped=dropped, client_header=measures.client_header)
        return judge(traffic, measures, codes)

    def codes(self, *codes: str, **config: Any) -> Mapping[str, tuple[int, ...]]:
        """The codes of the findings, each with the numbers of its entries."""
        return {each.code: each.entries for each in self.findings(*codes, **config)}
