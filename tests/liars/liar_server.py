"""A small job service, written from the documentation only: nothing here comes from gesmock.

It is honest unless a *lie* changes what it answers. ``http.server`` speaks HTTP.
"""

import copy
import json
import re
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

PROJECT = "0123456789abcdef0123456789abcdef"
GRAPH = "movies"
ROOT = f"/ges/v1.0/{PROJECT}/graphs/{GRAPH}"
NOT_FOUND = "Not found. Please check the input parameters."

Json = dict[str, Any]


@dataclass
class Request:
    """A request; *number* counts all of them."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    headers: Mapping[str, str]
    number: int

    @property
    def lists(self) -> bool:
        return self.method in ("GET", "HEAD") and self.path == f"{ROOT}/jobs/status"

    @property
    def job_id(self) -> str | None:
        """The job whose status is asked for."""
        match = re.fullmatch(rf"{ROOT}/jobs/([^/]+)/status", self.path)
        return unquote(match[1]) if match and self.method == "GET" else None

    def integer(self, name: str, default: int) -> int:
        return int(self.query.get(name, default))


@dataclass
class Answer:
    """An answer; *raw* replaces the encoded *value*."""

    status: int
    value: Any
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    raw: bytes | None = None


Change = Callable[["Service", Request, Answer], Answer | None]


class Service:
    """A graph with *jobs* (newest first), as one of the editions lists them."""

    def __init__(self, count: int = 40, *, memory: bool = False, token: str = "") -> None:
        self.memory, self.token = memory, token
        self.maximum = 100_000
        make = memory_job if memory else database_job
        self.jobs = [make(number) for number in range(count, 0, -1)]
        self.polls: dict[str, int] = {}
        self.results = {job["jobId"]: result_of(job) for job in self.jobs}

    def answer(self, request: Request) -> Answer:
        parts = request.path.split("/")
        if request.path.startswith("/ges/v1.0/") and len(parts) > 5 and parts[4] == "graphs":
            if not re.fullmatch("[A-Za-z0-9]{1,64}", parts[3]):
                return refusal(400, "GES.8005", "Parameter error!")
            if self.token and request.headers.get("X-Auth-Token") != self.token:
                return refusal(401, "GES.8007", "Invalid token.")
            if (parts[3], unquote(parts[5])) != (PROJECT, GRAPH):
                why = "does not exist, please check projectId and graphName."
                text = f"Graph [{parts[3]}-{unquote(parts[5])}] {why}"
                return refusal(400, "GES.8000", text, result="failed")
        if request.path == f"{ROOT}/jobs/status":
            return self.list_jobs(request)
        if request.job_id is not None:
            return self.show_job(request, request.job_id)
        if request.method == "POST":
            return self.submit(request)
        if request.method == "DELETE" and self.memory and request.path.startswith(f"{ROOT}/jobs/"):
            return self.stop_job(request.path.rpartition("/")[2])
        return refusal(404, "GES.8000", NOT_FOUND)

    def list_jobs(self, request: Request) -> Answer:
        if not request.lists:
            answer = refusal(405, "GES.8000", "Method not allowed.")
            answer.headers["Allow"] = "GET, HEAD"
            return answer
        limits = [request.query.get(name, "0") for name in ("limit", "offset")]
        if not all(re.fullmatch("[0-9]{1,18}", text) for text in limits):
            return refusal(400, "GES.8005", "Parameter error!")
        offset = request.integer("offset", 0)
        limit = min(request.integer("limit", 100_000), self.maximum)
        value: Json = {"jobs": copy.deepcopy(self.jobs[offset : offset + limit])}
        if not self.memory:
            value["totalCount"] = len(self.jobs)
        return Answer(200, {**value, "result": "success"})

    def show_job(self, request: Request, job_id: str) -> Answer:
        job = next((job for job in self.jobs if job["jobId"] == job_id), None)
        if job is None:
            failed = {} if self.memory else {"result": "failed"}
            return refusal(400, "GES.8301", f"can not find job, jobId is {job_id}", **failed)
        if job_id in self.polls:  # a submitted job ends after some polls
            self.polls[job_id] += 1
            if self.polls[job_id] > 3:
                self.end(job, "success")
        value: Json = {"status": job["status"]}
        if rows := self.results.get(job_id):
            offset, limit = request.integer("offset", 0), request.integer("limit", 100_000)
            page = rows[offset : offset + limit]
            sizes = {"data_return_size": len(page), "data_offset": offset}
            outputs = {"vertices": page, **sizes, "data_total_size": len(rows)}
            value["data"] = {"outputs": outputs}
        return Answer(200, value if self.memory else {**value, "result": "success"})

    def submit(self, request: Request) -> Answer:
        if not isinstance(json.loads(request.body), dict):
            return refusal(400, "GES.8000", "Incorrect parameter format.")
        make = memory_job if self.memory else database_job
        job = make(len(self.jobs) + 1)
        job["status"] = "running"
        if self.memory:
            job.update(progress="0", canStop=True)
            job.pop("endTime", None)
            job.pop("failReason", None)
        self.jobs.insert(0, job)
        self.polls[job["jobId"]] = 0
        return Answer(200, {"jobId": job["jobId"], "jobType": 1})

    def stop_job(self, job_id: str) -> Answer:
        job = next((job for job in self.jobs if job["jobId"] == job_id), None)
        if job is None:
            return refusal(400, "GES.8303", f"Can not find job to cancel, jobId is {job_id}")
        self.end(job, "failed")
        return Answer(200, {})

    def end(self, job: Json, status: str) -> None:
        self.polls.pop(job["jobId"], None)
        job["status"] = status
        if self.memory:
            job.update(progress="100", canStop=False, endTime="2024-05-24 00:00:00")


def refusal(status: int, code: str, message: str, **more: Any) -> Answer:
    return Answer(status, {"errorMessage": message, "errorCode": code, **more})


# --- Jobs: some have failed, and two are running --------------------------------------------------

_BODIES = {
    "import_graph": (
        "action?action_id=import-graph",
        {"graphName": GRAPH, "edgesetPath": "", "vertexsetPath": "/user/GES/movies/vertices"},
    ),
    "batch_build_index": (
        "indices/action?action_id=batch-build",
        {"indices": [{"indexName": "by_title", "indexProperty": []}]},
    ),
    "execute_algorithm": (
        "action?action_id=execute-algorithm",
        {"executionMode": "async", "algorithmName": "shortest_path"},
    ),
}
_ENDS = {"import_graph": "success", "batch_build_index": "success", "execute_algorithm": "complete"}


def database_job(number: int) -> Json:
    command = [*_BODIES][number % 3]
    call, body = _BODIES[command]
    status = "failed" if number % 7 == 0 else _ENDS[command]
    if number in (39, 40):
        status = "running"
    raw = json.dumps(body, separators=(",", ":"))
    return {
        "jobId": f"{number:032x}0000382489090",
        "status": status,
        "request": {"command": command, "url": f"{ROOT}/{call}", "rawRequest": raw},
    }


def memory_job(number: int) -> Json:
    task = ("ImportGraph", "Algorithm", "VertexQuery")[number % 3]
    status = "failed" if number % 7 == 0 else "success"
    if task == "ImportGraph" and number % 5 == 0:
        status = "partiallyFailed"
    running = number in (39, 40)
    minute = f"{number // 60 % 24:02}:{number % 60:02}"
    job: Json = {
        "jobId": f"{number:08x}-f21b-4a2a-a83c-cf91bee679d9001680206",
        "rawRequest": "" if task == "ImportGraph" else '{"algorithmName":"pagerank"}',
        "taskType": task,
        "canStop": running,
        "progress": "40" if running else "100",
        "startTime": f"2024-05-23 {minute}:00",
        "status": "running" if running else status,
    }
    if not running:
        job["endTime"] = f"2024-05-23 {minute}:59"
        if status == "failed":
            job["failReason"] = "Running algorithm [pagerank] error: source is invalid!"
    return job


def result_of(job: Json) -> list[Json]:
    """The rows of a job that has some."""
    if job["status"] not in ("success", "complete"):
        return []
    is_algorithm = job.get("request", {}).get("command") == "execute_algorithm"
    if not is_algorithm and job.get("taskType") != "VertexQuery":
        return []
    vertex = {"label": "movie", "properties": {"Title": ["Heat"]}}
    return [{"id": str(number), **vertex} for number in range(1, 5)]


# --- The server -----------------------------------------------------------------------------------


class LiarServer:
    """Serves *service* on this machine; *change* changes its answers.

    *encode* encodes a value; *write* says how the end of a body is marked: ``length``, ``chunked``
    or ``close`` (HTTP/1.0).
    """

    def __init__(
        self,
        service: Service,
        change: Change | None = None,
        *,
        encode: Callable[[Any], bytes] = lambda value: json.dumps(value).encode(),
        write: str = "length",
        context: ssl.SSLContext | None = None,
    ) -> None:
        numbers = iter(range(1, 10**9))
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True
            protocol_version = "HTTP/1.0" if write == "close" else "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def answer(self) -> None:
                parts = urlsplit(self.path)
                query = dict(reversed(parse_qsl(parts.query, keep_blank_values=True)))
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with lock:
                    request = Request(
                        self.command, parts.path, query, body, dict(self.headers), next(numbers)
                    )
                    answer = service.answer(request)
                    if change is not None:
                        answer = change(service, request, answer) or answer
                self.send(answer)

            do_GET = do_HEAD = do_POST = do_DELETE = do_PATCH = answer  # noqa: N815

            def send(self, answer: Answer) -> None:
                body = encode(answer.value) if answer.raw is None else answer.raw
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if write == "chunked" and self.command != "HEAD":
                    self.send_header("Transfer-Encoding", "chunked")
                    half = len(body) // 2
                    pieces = [piece for piece in (body[:half], body[half:]) if piece]
                    chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
                    body = b"".join([*chunks, b"0\r\n\r\n"])
                elif write != "close":
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD" or "X-Body-After-Head" in answer.headers:
                    self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        scheme = "http"
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}{ROOT}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
