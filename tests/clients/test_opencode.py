"""opencode through weir, with each of the three dialects that it speaks."""

import json
from pathlib import Path

import pytest

from world import World, one_of

KEY = "sk-the-clients-own-key"


def opencode(world: World, provider: str, model: str, prompt: str) -> list[dict]:
    v1 = f"{world.tap.url}/v1"
    options = {"baseURL": v1, "apiKey": KEY}
    config = {
        "autoupdate": False,
        "share": "disabled",
        "permission": {"*": "allow"},
        "provider": {
            "anthropic": {"options": options},
            "openai": {"options": options},
            "weir": {
                "npm": "@ai-sdk/openai-compatible",
                "options": options,
                "models": {model: {"name": model}},
            },
        },
    }
    (world.work / "opencode.json").write_text(json.dumps(config))
    env = {
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "XDG_CONFIG_HOME": str(world.home / "config"),
        "XDG_DATA_HOME": str(world.home / "data"),
        "XDG_CACHE_HOME": str(world.home / "cache"),
        "XDG_STATE_HOME": str(world.home / "state"),
    }
    binary = one_of("opencode-linux-x64/bin/opencode", "opencode-linux-arm64/bin/opencode")
    if "avx2" not in Path("/proc/cpuinfo").read_text() and "x64" in str(binary):
        binary = one_of("opencode-linux-x64-baseline/bin/opencode")
    model = f"{provider}/{model}"
    command = [binary, "run", "--format", "json", "-m", model, "--title", "t", prompt]
    return world.run(command, env, timeout=90).succeeded().events()


CASES = [
    ("anthropic", "claude-opus-4-5", "/v1/messages", "anthropic_messages"),
    ("openai", "gpt-5.2", "/v1/responses", "openai_responses"),
    ("weir", "any-model", "/v1/chat/completions", "openai_chat"),
]


@pytest.mark.parametrize("case", CASES, ids=[case[3] for case in CASES])
def test_a_prompt_is_one_upstream_call_and_unchanged(world, case):
    provider, model, path, dialect = case
    events = opencode(world, provider, model, "say hi")
    texts = [event["part"]["text"] for event in events if event["type"] == "text"]
    assert texts == ["Hello from the mock. All is well."]
    [(received, exchange)] = world.same_everywhere(1)
    assert received.target == path
    assert exchange["state"] == "complete"
    assert exchange["dialect"] == dialect
    assert exchange["clientKind"] == "opencode"
    assert exchange["isStreaming"]
    assert exchange["model"] == model
    assert exchange["sessionId"] == received.header("x-session-id")
    assert exchange["stopReason"]
    assert exchange["usage"]["output_tokens"] > 0
    assert KEY not in json.dumps(exchange.detail())
    world.same_to_the_client()


def test_a_tool_round_trip_is_two_upstream_calls(world):
    # It puts a prompt with blanks between quotation marks, so the marker has none of its own.
    opencode(world, "anthropic", "claude-opus-4-5", "[mock:agent command=pwd>made.txt]")
    assert (world.work / "made.txt").read_text() == f"{world.work}\n"
    first, second = world.same_everywhere(2)
    assert (first[1]["stopReason"], second[1]["stopReason"]) == ("tool_use", "end_turn")
    assert first[1]["sessionId"] == second[1]["sessionId"]
    world.same_to_the_client()
