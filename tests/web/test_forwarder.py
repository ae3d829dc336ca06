"""Behind a forwarder, here nginx, everybody looks like a caller on this machine."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from conftest import free_port, is_listening, until

from gesmock import GesMock

NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass {url}; {headers} }}
  }}
}}
"""

pytestmark = pytest.mark.skipif(
    shutil.which("nginx") is None and "CI" not in os.environ, reason="nginx is not installed"
)


@contextmanager
def nginx(url: str, header: str, folder: Path) -> Iterator[str]:
    """The URL of an nginx that forwards to *url*, and adds *header*."""
    port = free_port()
    name, _, value = header.partition(": ")
    headers = f'proxy_set_header {name} "{value}";'
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(folder=folder, port=port, url=url, headers=headers))
    with subprocess.Popen(["nginx", "-e", folder / "log", "-c", file]) as process:
        until(lambda: is_listening(port))
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


HEADERS = (
    "X-Forwarded-For: $proxy_add_x_forwarded_for",
    "X-Forwarded-Proto: https",
    "X-Real-IP: $remote_addr",
    "Forwarded: for=$remote_addr",
    "Via: 1.1 nginx",
)


@pytest.mark.parametrize("header", HEADERS)
def test_without_a_control_token_a_forwarder_may_not_call(header: str, tmp_path: Path) -> None:
    with GesMock(generate=3) as ges, nginx(ges.url, header, tmp_path) as url:
        refused = requests.put(f"{url}/_gesmock/state", json={})
        health = requests.get(f"{url}/_gesmock/health")
        listed = requests.get(ges.jobs_url().replace(ges.url, url))

    assert refused.status_code == 403
    assert refused.json() == {
        "error": f"{header.partition(':')[0].title()}: this came through a forwarder, behind which "
        "anybody may be, and there is no control token: set one (--control-token) and send it as "
        "Authorization: Bearer <control token>"
    }
    assert (health.status_code, listed.status_code) == (200, 200)
    assert listed.json()["totalCount"] == 3


def test_with_the_control_token_a_forwarder_may_call(tmp_path: Path) -> None:
    with GesMock(control_token="t") as ges, nginx(ges.url, HEADERS[0], tmp_path) as url:
        headers = {"Authorization": "Bearer t"}
        statuses = [
            requests.get(f"{url}/_gesmock/clock", headers=sent).status_code
            for sent in (headers, {})
        ]

    assert statuses == [200, 401]
