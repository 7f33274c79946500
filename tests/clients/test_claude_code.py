"""Claude Code through weir: what it asks reaches the provider once, unchanged, and is captured."""

import json

import pytest

from world import World, one_of

PROMPT = "say hi"
KEY = "sk-ant-api03-the-clients-own-key"


def claude(world: World, url: str, *arguments: str, env: dict | None = None):
    """Runs one prompt without a terminal."""
    binary = one_of(
        "@anthropic-ai/claude-code-linux-x64/claude",
        "@anthropic-ai/claude-code-linux-arm64/claude",
    )
    settings = {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1",
        "CLAUDE_CONFIG_DIR": str(world.home / ".claude"),
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_TELEMETRY": "1",
        "IS_SANDBOX": "1",
    }
    command = [binary, "-p", *arguments, "--output-format", "json"]
    return world.run(command, settings | (env or {}))


def is_turn(pair, stop: str, session: str) -> None:
    """Shows that weir tells what a turn was."""
    received, exchange = pair
    assert exchange["state"] == "complete"
    assert exchange["statusCode"] == 200
    assert exchange["operation"] == "generate"
    assert exchange["clientKind"] == "claude_code"
    assert exchange["isStreaming"] and received.json["stream"]
    assert exchange["model"] == received.json["model"]
    assert exchange["messageCount"] == len(received.json["messages"])
    assert exchange["stopReason"] == stop
    assert exchange["sessionId"] == session == received.header("x-claude-code-session-id")
    assert exchange["usage"]["input_tokens"] > 0
    assert exchange["usage"]["output_tokens"] > 0
    assert exchange["attempts"] == 1
    assert exchange["keyDigest"]
    assert KEY not in json.dumps(exchange.detail())


def test_a_prompt_is_one_upstream_call_and_unchanged(world):
    said = claude(world, world.tap.url, PROMPT).succeeded().json
    assert said["result"] == "Hello from the mock. All is well."
    [turn] = world.same_everywhere(1)
    is_turn(turn, "end_turn", said["session_id"])
    received, exchange = turn
    assert received.target == "/v1/messages?beta=true"
    assert received.header("x-api-key") == KEY
    assert len(exchange.raw("request")) > 20_000
    world.same_to_the_client()
    answer = exchange.detail()["response"]
    assert answer["body"]["content"][0]["text"] == said["result"]
    assert len(answer["streamingChunks"]) == len(answer["chunkTimings"]) > 3
    assert answer["rateLimit"]


def test_a_tool_round_trip_is_two_upstream_calls(world):
    prompt = '[mock:agent tool=Bash command="echo weir > made.txt; cat made.txt"]'
    said = claude(world, world.tap.url, prompt, "--dangerously-skip-permissions").succeeded().json
    assert (world.work / "made.txt").read_text() == "weir\n"
    assert "The tool returned: weir" in said["result"]
    first, second = world.same_everywhere(2)
    is_turn(first, "tool_use", said["session_id"])
    is_turn(second, "end_turn", said["session_id"])
    assert first[1]["conversationHash"] == second[1]["conversationHash"]
    assert first[1]["messageCount"] < second[1]["messageCount"]
    world.same_to_the_client()


@pytest.mark.parametrize("background", ["false", "true"])
def test_a_subagent_is_told_from_the_main_agent(world, background):
    prompt = f'[mock:subagent background={background} prompt="Do your task."]'
    said = claude(world, world.url, prompt, "--dangerously-skip-permissions").succeeded().json
    turns = world.same_everywhere(4 if background == "true" else 3)
    agents = [received.header("x-claude-code-agent-id") for received, _ in turns]
    assert len(set(agents) - {None}) == 1, agents
    for (received, exchange), agent in zip(turns, agents, strict=True):
        assert exchange["agentId"] == agent
        is_turn(
            (received, exchange),
            "tool_use" if exchange["stopReason"] == "tool_use" else "end_turn",
            said["session_id"],
        )
    [subagent] = [exchange for _, exchange in turns if exchange["agentId"]]
    assert subagent["conversationHash"] != turns[0][1]["conversationHash"]


def test_a_529_is_retried_by_the_client_with_the_same_bytes(world):
    said = claude(world, world.tap.url, "[mock:overloaded count=2] hi").succeeded().json
    turns = world.same_everywhere(3)
    assert len({received.body for received, _ in turns}) == 1
    exchanges = world.exchanges(3)
    assert [one["statusCode"] for one in exchanges] == [529, 529, 200]
    assert [one["attempts"] for one in exchanges] == [1, 1, 1], "weir must not retry a status"
    assert {one["state"] for one in exchanges} == {"complete"}
    refusal = json.loads(exchanges[0].raw("response"))
    assert refusal["error"]["type"] == "overloaded_error"
    is_turn((turns[2][0], exchanges[2]), "end_turn", said["session_id"])


def test_the_burst_of_context_is_answered_whole(world):
    # Slow answers, so that the client's parallel requests are open at the same time.
    world.script(*["text,delay=1000"] * 60)
    claude(world, world.tap.url, "/context").succeeded()
    count = len(world.received())
    assert count >= 14
    assert world.tap.peak >= 14, f"only {world.tap.peak} of {count} at once"
    for received, exchange in world.same_everywhere(count):
        assert received.target == "/v1/messages/count_tokens?beta=true"
        assert exchange["operation"] == "count_tokens"
        assert (exchange["state"], exchange["statusCode"]) == ("complete", 200)
    world.same_to_the_client()


def test_thinking_and_its_signature_come_back_unchanged(world):
    prompt = '[mock:thinking tool=Bash command="echo thought"]'
    said = claude(world, world.tap.url, prompt, "--dangerously-skip-permissions").succeeded().json
    first, second = world.same_everywhere(2)
    is_turn(first, "tool_use", said["session_id"])
    answer = first[1].detail()["response"]["body"]["content"]
    thought = next(block for block in answer if block["type"] == "thinking")
    assert len(thought["signature"]) > 100
    assert thought["signature"].encode() in first[1].raw("response")
    sent = [
        block
        for message in second[0].json["messages"]
        if message["role"] == "assistant"
        for block in message["content"]
        if block["type"] == "thinking"
    ]
    assert sent == [thought]
    world.same_to_the_client()


def test_model_discovery_is_answered(world):
    env = {"CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1"}
    claude(world, world.tap.url, PROMPT, env=env).succeeded()
    asked = {one.start: one for one in world.tap.requests()}
    assert "GET /v1/models?limit=1000 HTTP/1.1" in asked
    lists = [one for one in world.tap.responses() if b'"data":' in one.body]
    assert [one.start for one in lists] == ["HTTP/1.1 200 OK"]
    assert all(model["id"] for model in json.loads(lists[0].body)["data"])


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_a_compressed_stream_is_handed_on_as_it_is_and_understood(world, coding):
    said = claude(world, world.tap.url, f"[mock:{coding}] hi").succeeded().json
    [turn] = world.same_everywhere(1)
    is_turn(turn, "end_turn", said["session_id"])
    assert world.tap.responses()[0].header("content-encoding") == coding
    assert turn[1].detail()["response"]["body"]["content"][0]["text"] == said["result"]
    world.same_to_the_client()


def test_a_cut_stream_is_a_cut_stream_and_asked_again(world):
    said = claude(world, world.url, "[mock:drop count=1] hi").succeeded().json
    assert said["result"] == "Hello from the mock. All is well."
    world.same_everywhere(2)
    broken, whole = world.exchanges(2)
    assert (broken["state"], whole["state"]) == ("upstream_broke", "complete")
    assert broken["streamError"]
    assert whole["isStreaming"]


def test_the_gateways_token_opens_it_and_goes_no_further(start):
    token, key = "gateway-token-4711", "sk-ant-api03-the-providers-key"
    world = start(
        {
            "auth.enabled": "true",
            "auth.token": token,
            "auth.allow_localhost_bypass": "false",
            "providers.anthropic.api_key": key,
        }
    )
    own = {"ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": token, "CLAUDE_CODE_MAX_RETRIES": "0"}
    said = claude(world, world.url, PROMPT, env=own).succeeded().json
    [(received, exchange)] = world.same_everywhere(1)
    assert received.header("x-api-key") == key
    assert received.header("authorization") is None
    for secret in (token, key):
        assert secret not in json.dumps(exchange.detail())
    assert token not in json.dumps(received.said)
    assert exchange["sessionId"] == said["session_id"]

    wrong = own | {"ANTHROPIC_AUTH_TOKEN": "not-the-token"}
    refused = claude(world, world.url, PROMPT, env=wrong)
    assert refused.code != 0
    assert len(world.received()) == 1, "a refused request must not reach the provider"
