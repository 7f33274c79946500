"""nginx as it is configured for three nodes, with three weirs and a mock behind it."""

import contextlib
import json
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from test_compose import NGINX
from waiting import until
from world import ask, closed_port, started

PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = pytest.mark.skipif(not PROGRAM, reason="there is no nginx here")

CLAUDE = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 50,
    "messages": [{"role": "user", "content": "hello"}],
}


@contextlib.contextmanager
def nginx(nodes: list[str], folder: Path):
    """The committed configuration, listening elsewhere and before these nodes."""
    port = closed_port()
    text = NGINX.read_text()
    for number, node in enumerate(nodes, start=1):
        text = text.replace(f"172.31.77.1{number}:3001", node.removeprefix("http://"))
    text = text.replace("listen 8080;", f"listen 127.0.0.1:{port};")
    text = text.replace("listen [::]:8080;", "")
    text = text.replace("/tmp/", f"{folder}/").replace("/dev/stdout", f"{folder}/access.log")
    text = text.replace("/dev/stderr", f"{folder}/error.log")
    (folder / "nginx.conf").write_text(text)
    command = [PROGRAM, "-p", folder, "-c", folder / "nginx.conf", "-g", "daemon off;"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def listens():
        assert process.poll() is None, (folder / "error.log").read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True

    try:
        until(listens, "nginx listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def world(tmp_path):
    """nginx, the mock, and the nodes with what stops each of them."""
    with contextlib.ExitStack() as stack:
        mock = stack.enter_context(started(["mock", "--listen", "127.0.0.1:0"], tmp_path / "mock"))
        nodes, stops = [], []
        for number in range(3):
            node = stack.enter_context(contextlib.ExitStack())
            env = {"ANTHROPIC_FORWARD_URL": mock, "OPENAI_BASE_URL": mock}
            serve = started(["serve", "--port", 0], tmp_path / f"node-{number}", env)
            nodes.append(node.enter_context(serve))
            stops.append(node.close)
        yield stack.enter_context(nginx(nodes, tmp_path)), mock, nodes, stops


def served(nodes: list[str]) -> list[int]:
    """Requests with an end so far, by node."""
    counts = []
    for node in nodes:
        text = ask(f"{node}/metrics")[1]
        counts.append(sum(map(int, re.findall(r"^weir_requests_total\{.*\} (\d+)$", text, re.M))))
    return counts


def test_a_session_stays_at_its_node_and_sessions_are_spread(world):
    front, _, nodes, _ = world
    for header in ("x-claude-code-session-id", "session_id", "x-api-key"):
        before = served(nodes)
        for _ in range(3):
            assert ask(f"{front}/v1/messages", CLAUDE, {header: "the-same"})[0] == 200
        until(lambda: sum(served(nodes)) == sum(before) + 3, "three requests are counted")
        grown = [now - then for now, then in zip(served(nodes), before)]
        assert sorted(grown) == [0, 0, 3], header
    for number in range(40):
        ask(f"{front}/v1/messages", CLAUDE, {"x-claude-code-session-id": f"session-{number}"})
    assert all(count > 0 for count in served(nodes))


def test_pieces_of_a_stream_come_as_they_are_sent(world):
    """The mock waits in the middle of its answer; what it sent before is here by then."""
    front, mock, _, _ = world
    host, port = front.removeprefix("http://").split(":")
    body = json.dumps({**CLAUDE, "stream": True}).encode()
    head = (
        f"POST /v1/messages HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
        f"x-mock-scenario: silent,after=2\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), 20) as connection:
        connection.sendall(head.encode() + body)
        read = b""
        while b"content_block_start" not in read:
            piece = connection.recv(65536)
            assert piece, read
            read += piece
    assert b"message_stop" not in read


def test_headers_with_underscores_and_of_the_client_reach_the_provider(world):
    front, mock, _, _ = world
    ask(f"{front}/v1/responses", {"model": "gpt-5.2", "input": "hi"}, {"session_id": "codex-1"})
    seen = json.loads(ask(f"{mock}/_mock/received")[1])
    headers = {name.lower(): value for name, value in seen[-1]["headers"]}
    assert headers["session_id"] == "codex-1"
    assert "x-forwarded-for" not in headers


def test_other_nodes_serve_while_one_is_away(world):
    front, _, nodes, stops = world
    stops[1]()
    sessions = [{"x-claude-code-session-id": f"session-{number}"} for number in range(20)]
    answers = [ask(f"{front}/v1/messages", CLAUDE, session)[0] for session in sessions]
    assert answers == [200] * 20
    until(lambda: sum(served([nodes[0], nodes[2]])) == 20, "twenty requests are counted")
