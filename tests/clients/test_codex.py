"""Codex CLI through weir: over HTTP, with the provider it has built in and with one of its own."""

import json

import pytest

from world import World, one_of

KEY = "sk-proj-the-clients-own-key"
BUILT_IN = """\
model = "gpt-5.5"
openai_base_url = "{url}/v1"
"""
OWN = """\
model = "gpt-5.5"
model_provider = "weir"

[model_providers.weir]
name = "weir"
base_url = "{url}/v1"
env_key = "WEIR_KEY"
wire_api = "responses"
"""


def codex(world: World, config: str, url: str, prompt: str):
    """Runs one prompt without a terminal; returns the run and what Codex reported."""
    triples = "x64/vendor/x86_64-unknown-linux-musl", "arm64/vendor/aarch64-unknown-linux-musl"
    binary = one_of(*(f"@openai/codex-linux-{triple}/bin/codex" for triple in triples))
    folder = world.home / ".codex"
    folder.mkdir()
    (folder / "config.toml").write_text(config.format(url=url))
    options = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json"]
    env = {"CODEX_HOME": str(folder), "CODEX_API_KEY": KEY, "WEIR_KEY": KEY}
    return world.run([binary, "exec", *options, prompt], env).succeeded().events()


def messages(events: list[dict]) -> list[str]:
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    return [item["text"] for item in items if item["type"] == "agent_message"]


def is_turn(pair) -> None:
    """Shows that the exchange is whole, although Codex closes its socket at the last event."""
    received, exchange = pair
    assert received.target == "/v1/responses"
    assert received.header("authorization") == f"Bearer {KEY}"
    assert exchange["state"] == "complete"
    assert exchange["streamError"] is None
    assert exchange["statusCode"] == 200
    assert exchange["operation"] == "generate"
    assert exchange["dialect"] == "openai_responses"
    assert exchange["clientKind"] == "codex"
    assert exchange["isStreaming"] and received.json["stream"]
    assert exchange["model"] == received.json["model"] == "gpt-5.5"
    assert exchange["sessionId"] == received.header("session-id")
    assert exchange["usage"]["input_tokens"] > 0
    assert exchange["usage"]["output_tokens"] > 0
    assert exchange["stopReason"]
    assert b"response.completed" in exchange.raw("response")
    assert KEY not in json.dumps(exchange.detail())


@pytest.mark.parametrize("config", [BUILT_IN, OWN], ids=["built_in_provider", "own_provider"])
def test_a_prompt_is_one_upstream_call_and_unchanged(world, config):
    events = codex(world, config, world.tap.url, "say hi")
    assert messages(events) == ["Hello from the mock. All is well."]
    [turn] = world.same_everywhere(1)
    is_turn(turn)
    assert len(turn[1].raw("request")) > 20_000
    world.same_to_the_client()


def test_a_refused_websocket_costs_no_time(world):
    codex(world, BUILT_IN, world.tap.url, "say hi")
    upgrades = [one for one in world.tap.requests() if one.header("upgrade") == "websocket"]
    assert [one.start for one in upgrades] == ["GET /v1/responses HTTP/1.1"]
    answers = [one.start.split()[1] for one in world.tap.responses()]
    assert answers == ["426", "200"]
    asked = [connection.began for connection in world.tap.connections]
    assert asked[-1] - asked[0] < 5, "HTTP must follow the refusal at once"
    is_turn(world.same_everywhere(1)[0])


def test_a_tool_round_trip_is_two_upstream_calls(world):
    events = codex(world, OWN, world.tap.url, '[mock:agent command="echo weir > made.txt"]')
    assert (world.work / "made.txt").read_text() == "weir\n"
    assert messages(events)
    first, second = world.same_everywhere(2)
    is_turn(first)
    is_turn(second)
    assert first[1]["sessionId"] == second[1]["sessionId"]
    assert first[1]["conversationHash"] == second[1]["conversationHash"]
    world.same_to_the_client()


def test_encrypted_reasoning_comes_back_unchanged(world):
    codex(world, OWN, world.url, '[mock:thinking tool=exec_command command="echo weir"]')
    first, second = world.same_everywhere(2)
    lines = first[1].raw("response").decode().splitlines()
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data")]
    [response] = [one["response"] for one in events if one["type"] == "response.completed"]
    output = response["output"]
    [thought] = [item["encrypted_content"] for item in output if item["type"] == "reasoning"]
    back = [item for item in second[0].json["input"] if item.get("type") == "reasoning"]
    assert [item["encrypted_content"] for item in back] == [thought]


def test_a_rate_limit_is_retried_by_the_client_alone(world):
    events = codex(world, OWN, world.url, "[mock:rate_limit count=1 retry_after=0] hi")
    assert messages(events) == ["Hello from the mock. All is well."]
    world.same_everywhere(2)
    exchanges = world.exchanges(2)
    assert [one["statusCode"] for one in exchanges] == [429, 200]
    assert [one["attempts"] for one in exchanges] == [1, 1], "weir must not retry a status"
