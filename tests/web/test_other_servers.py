"""The Flask app under other WSGI servers, started as a user starts them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from conftest import PROJECT, free_port, is_listening, until

WAITRESS = ["waitress", "--listen=127.0.0.1:{port}", "--call", "gesmock.web:create_app"]
GUNICORN = ["gunicorn", "--threads=4", "--bind=127.0.0.1:{port}", "gesmock.web:create_app()"]


@contextmanager
def serving(command: list[str]) -> Iterator[str]:
    port = free_port()
    arguments = [each.format(port=port) for each in command]
    process = subprocess.Popen([sys.executable, "-m", *arguments], stderr=subprocess.PIPE)
    try:
        until(lambda: process.poll() is not None or is_listening(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate()


@pytest.mark.parametrize(
    "command",
    [WAITRESS, pytest.param(GUNICORN, marks=pytest.mark.deep)],
    ids=lambda command: command[0],
)
def test_the_app_answers_there_as_it_does_here(command: list[str]) -> None:
    with serving(command) as url, requests.Session() as client:
        jobs = f"{url}/ges/v1.0/{PROJECT}/graphs/movie/jobs/status"
        client.post(f"{url}/_gesmock/generate", json={"count": 2000}).raise_for_status()
        page = client.get(jobs, params={"limit": 1000})
        submitted = client.post(
            f"{url}/ges/v1.0/{PROJECT}/graphs/movie/action?action_id=clear-graph",
            data=iter([b'{"clearMeta', b'data": true}']),
        )
        refused = client.get(f"{url}/no/such/path")
        preflight = client.options(jobs, headers={"Origin": "http://localhost:3000"})
        last = client.get(jobs, params={"limit": 1})

    assert int(page.headers["Content-Length"]) == len(page.content)
    assert (len(page.json()["jobs"]), page.json()["totalCount"]) == (1000, 2000)
    assert submitted.json()["jobId"] == last.json()["jobs"][0]["jobId"]
    assert (refused.status_code, refused.json()["errorCode"]) == (404, "GES.8000")
    assert preflight.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
