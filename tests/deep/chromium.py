"""Chromium without a window, driven by its DevTools protocol over two pipes."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Page:
    """A page in a running Chromium."""

    def __init__(self, commands: int, answers: int, url: str) -> None:
        self._commands = commands
        self._answers = os.fdopen(answers, "rb", closefd=False)
        self._count = 0
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        self._call("Page.enable", self._session)
        self._call("Page.navigate", self._session, url=url)
        while self._message().get("method") != "Page.loadEventFired":
            pass

    def run(self, script: str) -> Any:
        """The value that the body of an asynchronous function returns in the page."""
        answer = self._call(
            "Runtime.evaluate",
            self._session,
            expression=f"(async () => {{{script}}})()",
            awaitPromise=True,
            returnByValue=True,
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def _call(self, method: str, session: dict[str, str] | None = None, **params: Any) -> Any:
        self._count += 1
        message = {"id": self._count, "method": method, "params": params, **(session or {})}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]

    def _message(self) -> dict[str, Any]:
        message = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "Chromium has ended"
            message += byte
        return dict(json.loads(message))


@contextmanager
def page(url: str, folder: Path) -> Iterator[Page]:
    """A page at *url*; Chromium keeps its files in *folder*."""
    program = shutil.which("chromium")
    assert program is not None, "Chromium is required: apt-get install chromium"
    read_commands, commands = os.pipe()
    answers, write_answers = os.pipe()
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    options += [f"--user-data-dir={folder}", "--remote-debugging-pipe", "about:blank"]
    redirect = f'exec "$@" 3<&{read_commands} 4>&{write_answers}'
    running = subprocess.Popen(
        ["bash", "-c", redirect, "bash", program, *options],
        pass_fds=(read_commands, write_answers),
        stderr=subprocess.DEVNULL,
    )
    os.close(read_commands)
    os.close(write_answers)
    try:
        yield Page(commands, answers, url)
    finally:
        running.terminate()
        running.wait()
        os.close(commands)
        os.close(answers)
