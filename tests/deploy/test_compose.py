"""The compose files: what their schema says, that they hold no secret, and that weir and nginx take what they mount."""

import json
import os
import re
import shutil
import socket
import stat
import subprocess
from importlib.util import find_spec
from pathlib import Path

import crossplane
import jsonschema
import pytest
import yaml
from chart import ROOT
from waiting import until
from world import ask, closed_port, started

WEIR = os.environ["WEIR_BIN"]
COMPOSE = ROOT / "deploy/compose"
KINDS = ["one", "three"]
NGINX = COMPOSE / "three/nginx/nginx.conf"
HELLO = {"role": "user", "content": "hello"}


def read(kind: str) -> dict:
    return yaml.safe_load((COMPOSE / kind / "compose.yaml").read_text())


def weirs(kind: str) -> dict[str, dict]:
    return {name: it for name, it in read(kind)["services"].items() if name.startswith("weir")}


def schema() -> dict:
    # Found and not imported: of the program only its schema is wanted.
    folder = Path(find_spec("compose").submodule_search_locations[0])
    schema = json.loads((folder / "config/compose_spec.json").read_text())
    # It is older than the name of a project.
    schema["properties"]["name"] = {"type": "string"}
    return schema


@pytest.mark.parametrize("kind", KINDS)
def test_is_a_compose_file(kind):
    jsonschema.Draft7Validator(schema()).validate(read(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_secrets_are_variables_that_must_be_set(kind):
    for service in read(kind)["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("TOKEN|PASSWORD|_KEY|_URL", name) and value != "true":
                assert re.search(r"\$\{[A-Z_]+(:\?|:-\})", value), name
    for name in ("AUTH_TOKEN", "MANAGEMENT_TOKEN", "ENCRYPTION_KEY", "DASHBOARD_PASSWORD"):
        for service in weirs(kind).values():
            assert service["environment"][name].startswith(f"${{{name}:?")


@pytest.mark.parametrize("kind", KINDS)
def test_the_secrets_script_sets_every_variable_that_must_be_set(kind, tmp_path):
    folder = tmp_path / kind
    folder.mkdir()
    script = tmp_path / "secrets.sh"
    script.write_bytes((COMPOSE / "secrets.sh").read_bytes())
    subprocess.run(["bash", script, kind], check=True, capture_output=True)
    file = folder / ".env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    values = dict(line.split("=", 1) for line in lines)
    text = (COMPOSE / kind / "compose.yaml").read_text()
    for name in set(re.findall(r"\$\{([A-Z_]+):\?", text)):
        assert len(values[name]) >= 32, name
    before = file.read_text()
    again = subprocess.run(["bash", script, kind], capture_output=True)
    assert again.returncode == 1 and file.read_text() == before


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_mounted_is_there(kind):
    declared = set(read(kind).get("volumes", {}))
    for service in read(kind)["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in declared or (COMPOSE / kind / source).exists(), source
        if "build" in service:
            build = service["build"]
            assert ((COMPOSE / kind / build["context"]) / build["dockerfile"]).exists()


@pytest.mark.parametrize("kind", KINDS)
def test_containers_of_weir_may_do_little(kind):
    services = read(kind)["services"]
    image = services[next(iter(weirs(kind)))]["image"]
    ours = [service for service in services.values() if service["image"] == image]
    assert len(ours) == {"one": 1, "three": 4}[kind]
    for service in ours:
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    for service in read(kind)["services"].values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")


def test_each_node_has_a_volume_of_its_own():
    nodes = weirs("three")
    assert len({service["volumes"][0].split(":")[0] for service in nodes.values()}) == len(nodes) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_weir_takes_the_configuration(kind, tmp_path):
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AUTH_ENABLED": "true",
        "AUTH_TOKEN": "x" * 32,
        "SERVER_HOST": "0.0.0.0",
        "WEIR_REDIS_URL": "redis://:password@redis:6379/0",
        "WEIR_CONFIG": str(COMPOSE / kind / "config/weir.yaml"),
    }
    checked = subprocess.run(
        [WEIR, "config", "check", "--no-stored"],
        env=variables,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "unset" not in checked.stderr


def test_the_dispatcher_has_no_secret_but_that_of_redis():
    services = read("three")["services"]
    secrets = {name for name, value in services["dispatcher"]["environment"].items() if "${" in value}
    assert secrets == {"WEIR_REDIS_URL"}
    assert set(services["dispatcher"]["networks"]) & set(services["redis"]["networks"]) == {"inside"}
    assert "ports" not in services["dispatcher"]


def test_the_stream_leaves_redis_room_for_what_it_counts():
    events = yaml.safe_load((COMPOSE / "three/config/weir.yaml").read_text())["events"]
    assert events["bus"] == "redis" and events["dispatch"] is False
    command = read("three")["services"]["redis"]["command"][-1]
    room = int(re.search(r"maxmemory (\d+)mb", command).group(1)) << 20
    # Headers and figures, and both bodies at their longest where they are told.
    each = (8 << 10) + (0 if events["bodies"] == "none" else (64 + 256) << 10)
    assert events.get("stream_max_len", 10_000) * each < room / 4


@pytest.mark.skipif(not shutil.which("redis-server"), reason="there is no Redis here")
def test_the_dispatcher_delivers_what_a_node_tells(tmp_path):
    """Their configuration as it stands but for the addresses: a request to a node, and the line in the dispatcher's file."""
    port, log = closed_port(), tmp_path / "events.jsonl"
    server = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    keeper = subprocess.Popen([*server, "--dir", tmp_path], stdout=subprocess.DEVNULL)
    file = tmp_path / "weir.yaml"
    text = (COMPOSE / "three/config/weir.yaml").read_text().replace("/data/events.jsonl", str(log))
    both = {"WEIR_CONFIG": str(file), "WEIR_REDIS_URL": f"redis://127.0.0.1:{port}/0"}
    both["ANTHROPIC_API_KEY"] = "of-the-provider"
    try:
        with started(["mock", "--listen", "127.0.0.1:0"], tmp_path / "mock") as mock:
            address = f"  anthropic:\n    base_url: {mock}\n"
            file.write_text(text.replace("  anthropic:\n", address))
            with (
                started(["dispatch"], tmp_path / "dispatcher", both, r"delivering from \S+") as said,
                started(["serve", "--port", 0], tmp_path / "node", both) as node,
            ):
                assert said == "delivering from llm-proxy-events"
                body = {"model": "claude-opus-4-6", "max_tokens": 8, "messages": [HELLO]}
                status, answer = ask(node + "/v1/messages", body)
                assert status == 200, answer
                until(lambda: log.exists() and log.read_text(), "the event is delivered")
        event = json.loads(log.read_text())
        assert event["status"] == 200 and event["provider"] == "anthropic"
        assert "request_body" not in event and "response_body" not in event
    finally:
        keeper.terminate()
        keeper.wait(20)


def directives(block: list[dict]):
    for directive in block:
        yield directive
        yield from directives(directive.get("block", []))


def test_nginx_streams_to_every_node():
    """nginx's own grammar, by the parser that its makers keep; and what streaming needs."""
    parsed = crossplane.parse(str(NGINX))
    assert parsed["status"] == "ok", parsed["errors"]
    every = list(directives(parsed["config"][0]["parsed"]))
    # The sides of a map look like directives.
    maps = [d for d in every if d["directive"] == "map"]
    sides = {d["directive"] for one in maps for d in one["block"]}
    assert {d["directive"] for d in every} <= set(crossplane.analyzer.DIRECTIVES) | sides
    said = {d["directive"]: d["args"] for d in every}
    assert said["proxy_buffering"] == ["off"] and said["proxy_request_buffering"] == ["off"]
    assert said["proxy_http_version"] == ["1.1"] and said["ignore_invalid_headers"] == ["off"]
    assert said["client_max_body_size"] == ["0"]
    networks = {name: it["networks"] for name, it in read("three")["services"].items()}
    upstream = {d["args"][0] for d in every if d["directive"] == "server" and d["args"]}
    nodes = weirs("three")
    assert upstream == {f"{networks[n]['inside']['ipv4_address']}:3001" for n in nodes}
    trusted = yaml.safe_load((COMPOSE / "three/config/weir.yaml").read_text())["server"]
    assert trusted["trusted_proxies"] == [networks["nginx"]["inside"]["ipv4_address"] + "/32"]
    # nginx and the nodes meet in one network, so that its address there is the one they see.
    for node in nodes:
        assert set(networks[node]) & set(networks["nginx"]) == {"inside"}


@pytest.mark.skipif(not shutil.which("redis-server"), reason="there is no Redis here")
def test_redis_wants_the_password_and_keeps_what_it_counts(tmp_path):
    """Its command as it stands, but at a socket of the file system."""
    command = read("three")["services"]["redis"]["command"]
    at = tmp_path / "redis.sock"
    elsewhere = f"redis-server - --port 0 --unixsocket {at} --dir {tmp_path}"
    shell = command[-1].replace("$$", "$").replace("redis-server -", elsewhere)
    password = "0123456789abcdef" * 4
    process = subprocess.Popen(
        [*command[:-1], shell],
        env={"PATH": os.environ["PATH"], "REDIS_PASSWORD": password},
        stdout=subprocess.DEVNULL,
    )
    try:
        until(at.exists, "Redis listens")
        assert "NOAUTH" in redis(at, "PING")
        assert "PONG" in redis(at, f"AUTH {password}", "PING")
        said = redis(at, f"AUTH {password}", "CONFIG GET maxmemory-policy", "CONFIG GET appendonly")
        assert "noeviction" in said and "yes" in said
        arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
        # It took the place of the shell, so that it gets the signal to stop.
        assert "redis-server" in arguments and password not in arguments
    finally:
        process.terminate()
        process.wait(20)


def redis(at: Path, *commands: str) -> str:
    """What Redis answers to these commands."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(at))
        connection.sendall("".join(f"{command}\r\n" for command in (*commands, "QUIT")).encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer.decode()
