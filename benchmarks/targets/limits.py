"""The limits of what gesmock could gain: its server without a fake, and nginx."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.lists import JobList
from benchmarks.targets.base import PythonTarget, Target


class FixedBytes(PythonTarget):
    """gesmock's server, which answers in its loop with prepared bytes."""

    name = "fixed bytes"
    kind = "limit"
    package = module = "gesmock"

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        bodies = [f"{jobs.path}={jobs.body.resolve()}" for jobs in lists]
        return [sys.executable, "-m", "benchmarks.servers.fixed_bytes", str(port), *bodies]


_CONFIG: Final = """
daemon off; worker_processes 1; pid {room}/pid; error_log {room}/errors;
events {{ worker_connections 8192; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; default_type application/json;
  keepalive_requests 100000000; open_file_cache max=100; client_body_temp_path {room}/t1;
  proxy_temp_path {room}/t2; fastcgi_temp_path {room}/t3; uwsgi_temp_path {room}/t4;
  scgi_temp_path {room}/t5;
  server {{ listen 127.0.0.1:{port} backlog=4096; root {room}/root; }}
}}
"""


class Nginx(Target):
    """One worker, sendfile, open files kept, no log."""

    name = "nginx"
    kind = "limit"

    def missing(self) -> str | None:
        return None if self._program() else "no nginx on the PATH or in /usr/sbin"

    def _program(self) -> str | None:
        return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

    def version(self) -> str:
        ran = subprocess.run(
            [str(self._program()), "-v"], capture_output=True, text=True, check=False
        )
        return (ran.stderr + ran.stdout).strip().rpartition(" ")[2].replace("/", " ")

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        room = room.resolve()
        for jobs in lists:
            file = room / "root" / jobs.path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.unlink(missing_ok=True)
            shutil.copyfile(jobs.body, file)
        for folder in (room, *room.rglob("*")):  # the worker may run as another user
            folder.chmod(0o755)
        config = room / "nginx.conf"
        config.write_text(_CONFIG.format(room=room, port=port), encoding="utf-8")
        return [str(self._program()), "-p", str(room), "-c", str(config)]
