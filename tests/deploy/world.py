"""A mock provider, and weirs before it, for as long as a test takes."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from waiting import DEADLINE, until

WEIR = os.environ["WEIR_BIN"]


@contextlib.contextmanager
def started(
    arguments: list, folder: Path, env: dict | None = None, says: str = r"http://[0-9.]+:\d+"
):
    """A weir with these arguments: where it listens, or what else it says at its start. It is stopped at the end."""
    folder.mkdir(exist_ok=True)
    out = folder / "out"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **(env or {})}
    with out.open("w") as said, (folder / "err").open("w") as errors:
        process = subprocess.Popen(
            [WEIR, *map(str, arguments)], stdout=said, stderr=errors, cwd=folder, env=environment
        )

    def start():
        assert process.poll() is None, (folder / "err").read_text()
        return re.search(says, out.read_text())

    try:
        yield until(start, f"weir says {says}").group()
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ask(url: str, body: dict | None = None, headers: dict | None = None) -> tuple[int, str]:
    """Status and text of the answer; with a body it is a POST."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data, {"content-type": "application/json", **(headers or {})}
    )
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def closed_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]
