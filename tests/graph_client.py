"""A client of the service plane that asks as the vendor's public ``ges_graph_skill`` does.

It sends what that program sends (huaweicloud-skills, 2026-08), and reads what it reads: nothing
else of an answer.
"""

from collections.abc import Callable
from typing import Any

import requests


class GraphClient:
    """Calls below *graph_url*; *sleep* lets seconds pass between two polls."""

    def __init__(self, graph_url: str, sleep: Callable[[float], object]) -> None:
        self._url, self._sleep = graph_url, sleep

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"X-Auth-Token": "token", "Content-Type": "application/json"}
        answer = requests.request(
            method, self._url + path, headers=headers, json=body, timeout=10, allow_redirects=False
        )
        if answer.status_code >= 400:
            raise RuntimeError(f"[{answer.status_code}] {answer.text}")
        return answer.json()

    def cypher(self, statement: str, mode: str = "sync", contents: str = "row") -> Any:
        return self._query("execute-cypher-query", statement, mode, contents)

    def gql(self, statement: str, mode: str = "sync", contents: str = "row") -> Any:
        return self._query("execute-gql-query", statement, mode, contents, includeStats=True)

    def _query(self, action: str, statement: str, mode: str, contents: str, **more: Any) -> Any:
        query = {
            "statement": statement,
            "parameters": {},
            "executionMode": mode,
            "resultDataContents": [contents],
            "limit": 1000,
            **more,
        }
        return self._ask("POST", f"/action?action_id={action}", {"statements": [query]})

    def job_id(self, answer: Any) -> str:
        job_id = answer.get("jobId") or answer["results"][0]["jobId"]
        assert isinstance(job_id, str)
        return job_id

    def wait(self, job_id: str, *ends: str) -> list[str]:
        """The statuses of a job until one of *ends*, polled every two seconds, 60 times at most."""
        statuses: list[str] = []
        while not statuses or statuses[-1] not in ends:
            assert len(statuses) < 60, f"{job_id} never was one of {ends}: {statuses}"
            self._sleep(2)
            statuses.append(self._ask("GET", f"/jobs/{job_id}/status")["status"])
        return statuses

    def import_graph(self, schema: str, vertices: str, edges: str) -> str:
        body = {
            "schemaPath": schema,
            "vertexsetPath": vertices,
            "edgesetPath": edges,
            "obsParameters": {"accessKey": "ak", "secretKey": "sk"},
        }
        return self.job_id(self._ask("POST", "/action?action_id=import-graph", body))

    def export_graph(self, path: str) -> str:
        body = {
            "graphExportPath": path,
            "vertexSetName": "set_vertex",
            "edgeSetName": "set_edge",
            "schemaName": "schema.xml",
            "obsParameters": {"accessKey": "ak", "secretKey": "sk"},
        }
        return self.job_id(self._ask("POST", "/action?action_id=export-graph", body))

    def export_result(self, job_id: str, path: str) -> str:
        body = {
            "exportPath": path,
            "fileName": "result.csv",
            "obsParameters": {"accessKey": "ak", "secretKey": "sk"},
        }
        return self.job_id(
            self._ask("POST", f"/jobs/{job_id}/action?action_id=export-result", body)
        )

    def clear(self) -> str:
        return self.job_id(self._ask("POST", "/action?action_id=clear-graph", {}))

    def summary(self, *, details: bool = False) -> Any:
        return self._ask("GET", f"/summary?label_details={str(details).lower()}")

    def create_index(self, name: str) -> str:
        body = {
            "indexName": name,
            "indexType": "GlobalCompositeVertexIndex",
            "hasLabel": True,
            "indexProperty": [],
        }
        return self.job_id(self._ask("POST", "/indices", body))

    def schema(self) -> Any:
        return self.cypher("call db.schema()", contents="graph")

    def label(self, label: str) -> Any:
        return self._ask("GET", f"/schema?label={label}")

    def update_label(self, label: str, **properties: str) -> Any:
        body = {"type": "vertex", "properties": _properties(properties)}
        return self._ask("POST", f"/schema?label={label}", body)

    def add_label(self, label: str, **properties: str) -> Any:
        body = {"name": label, "type": "vertex", "properties": _properties(properties)}
        return self._ask("POST", "/schema/labels", body)


def _properties(properties: dict[str, str]) -> list[Any]:
    return [
        {"property": {"name": name, "dataType": type_, "cardinality": "single"}}
        for name, type_ in properties.items()
    ]
