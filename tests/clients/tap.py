"""A relay that keeps every byte of every connection, to stand between a client and weir.

It changes nothing and waits for nothing. It understands HTTP/1.1 only afterwards, when asked.
"""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Message:
    """A request or a response, its body without the transfer coding."""

    start: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)


@dataclass
class Connection:
    sent: bytearray = field(default_factory=bytearray)
    came: bytearray = field(default_factory=bytearray)
    is_waiting: bool = False
    began: float = field(default_factory=time.monotonic)


class Tap:
    def __init__(self, port: int):
        """`port` is where weir listens on loopback."""
        self._port = port
        self._lock = threading.Lock()
        self._waiting = 0
        self._sockets: list[socket.socket] = []
        self.peak = 0  # most connections that waited for an answer at once
        self.connections: list[Connection] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in [self._listener, *self._sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def requests(self) -> list[Message]:
        """What clients sent, connection by connection."""
        return [m for c in self.connections for m in messages(bytes(c.sent))]

    def responses(self) -> list[Message]:
        """What clients got, connection by connection."""
        return [m for c in self.connections for m in messages(bytes(c.came))]

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            gateway = socket.create_connection(("127.0.0.1", self._port))
            connection = Connection()
            for one in (client, gateway):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets += [client, gateway]
            self.connections.append(connection)
            there = (client, gateway, connection, connection.sent)
            back = (gateway, client, connection, connection.came)
            for way in (there, back):
                threading.Thread(target=self._pump, args=way, daemon=True).start()

    def _pump(self, source, target, connection: Connection, kept: bytearray) -> None:
        try:
            while data := source.recv(1 << 16):
                kept += data
                self._note(connection, kept is connection.sent)
                target.sendall(data)
        except OSError:
            pass  # one of them has gone; so must the other
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _note(self, connection: Connection, is_waiting: bool) -> None:
        with self._lock:
            self._waiting += int(is_waiting) - int(connection.is_waiting)
            connection.is_waiting = is_waiting
            self.peak = max(self.peak, self._waiting)


def messages(data: bytes) -> list[Message]:
    """Every message with a whole head; the last body may lack its end."""
    found = []
    while b"\r\n\r\n" in data:
        head, data = data.split(b"\r\n\r\n", 1)
        start, *lines = head.decode("latin-1").split("\r\n")
        headers = [(n, v.strip()) for n, v in (line.split(":", 1) for line in lines)]
        message = Message(start, headers, b"")
        length = message.header("content-length")
        if (message.header("transfer-encoding") or "").lower() == "chunked":
            message.body, data = unchunked(data)
        elif length is not None:
            message.body, data = data[: int(length)], data[int(length) :]
        elif start.startswith("HTTP/") and start.split()[1] not in ("100", "204", "304"):
            message.body, data = data, b""
        found.append(message)
    return found


def unchunked(data: bytes) -> tuple[bytes, bytes]:
    """The body, and what follows it."""
    body = b""
    while b"\r\n" in data:
        size, data = data.split(b"\r\n", 1)
        size = int(size.split(b";")[0], 16)
        if size == 0:
            return body, data.removeprefix(b"\r\n")
        body, data = body + data[:size], data[size + 2 :]
    return body, data
