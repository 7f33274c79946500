"""The TypeScript SDKs of Anthropic and OpenAI through weir, on Node 22."""

import json
from pathlib import Path

import pytest

from world import NODE_MODULES, World, node_folder

KEY = "sk-the-clients-own-key"
CASES = [
    ("anthropic", "claude-opus-5-5", "anthropic_messages", "anthropic_sdk"),
    ("anthropic-stream", "claude-opus-5-5", "anthropic_messages", "anthropic_sdk"),
    ("chat", "gpt-5.5", "openai_chat", "openai_sdk"),
    ("chat-stream", "gpt-5.5", "openai_chat", "openai_sdk"),
    ("responses", "gpt-5.5", "openai_responses", "openai_sdk"),
    ("responses-stream", "gpt-5.5", "openai_responses", "openai_sdk"),
]


def call(world: World, kind: str, model: str, prompt: str) -> dict:
    script = Path(__file__).parent / "sdks.mjs"
    command = [node_folder() / "node", script, kind, world.tap.url, KEY, model, prompt]
    return world.run(command, {"WEIR_NODE_MODULES": str(NODE_MODULES)}).succeeded().json


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_a_prompt_is_one_upstream_call_and_unchanged(world, case):
    kind, model, dialect, client = case
    said = call(world, kind, model, "say hi")
    assert said["text"] == "Hello from the mock. All is well."
    [(received, exchange)] = world.same_everywhere(1)
    assert received.header("authorization") == f"Bearer {KEY}"
    assert exchange["state"] == "complete"
    assert (exchange["dialect"], exchange["clientKind"]) == (dialect, client)
    assert exchange["model"] == said["model"] == model
    assert exchange["isStreaming"] == kind.endswith("-stream")
    assert exchange["stopReason"]
    assert exchange["usage"]["input_tokens"] == said["input"]
    assert exchange["usage"]["output_tokens"] == said["output"]
    assert KEY not in json.dumps(exchange.detail())
    world.same_to_the_client()


@pytest.mark.parametrize("kind", ["anthropic-stream", "chat-stream", "responses-stream"])
def test_a_dropped_stream_raises(world, kind):
    assert "error" in call(world, kind, "any-model", "[mock:drop] hi")
    [(_, exchange)] = world.same_everywhere(1)
    assert exchange["state"] == "upstream_broke"
    assert exchange["streamError"]


@pytest.mark.parametrize("kind", ["anthropic", "chat", "responses"])
def test_a_rate_limit_is_raised(world, kind):
    said = call(world, kind, "any-model", "[mock:rate_limit] hi")
    assert said == {"error": "RateLimitError", "status": 429}
