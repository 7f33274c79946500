"""Gemini CLI through weir."""

import json

from world import NODE_MODULES, World, node_folder

KEY = "AIza-the-clients-own-key"
MODEL = "gemini-2.5-flash"


def gemini(world: World, prompt: str, *arguments: str) -> dict:
    folder = world.home / ".gemini"
    folder.mkdir()
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    env = {
        "GEMINI_API_KEY": KEY,
        "GOOGLE_GEMINI_BASE_URL": world.tap.url,
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
        "GEMINI_CLI_NO_RELAUNCH": "true",
    }
    program = NODE_MODULES / "@google/gemini-cli/bundle/gemini.js"
    command = [node_folder() / "node", program, "--yolo", "-o", "json", *arguments, "-p", prompt]
    out = world.run(command, env).succeeded().out
    return json.loads(out[out.index("{") :])


def is_turn(pair) -> None:
    received, exchange = pair
    assert received.target == f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse"
    assert received.header("x-goog-api-key") == KEY
    assert exchange["state"] == "complete"
    assert exchange["statusCode"] == 200
    assert exchange["dialect"] == "gemini"
    assert exchange["clientKind"] == "gemini_cli"
    assert exchange["isStreaming"]
    assert exchange["model"] == MODEL
    assert exchange["stopReason"]
    assert exchange["usage"]["input_tokens"] > 0
    assert exchange["usage"]["output_tokens"] > 0
    assert KEY not in json.dumps(exchange.detail())


def test_a_prompt_is_one_upstream_call_and_unchanged(world):
    said = gemini(world, "say hi", "-m", MODEL)
    assert said["response"] == "Hello from the mock. All is well."
    [turn] = world.same_everywhere(1)
    is_turn(turn)
    world.same_to_the_client()


def test_a_tool_round_trip_is_two_upstream_calls(world):
    said = gemini(world, '[mock:agent command="echo weir > made.txt"]', "-m", MODEL)
    assert (world.work / "made.txt").read_text() == "weir\n"
    assert said["response"]
    first, second = world.same_everywhere(2)
    is_turn(first)
    is_turn(second)
    assert first[1]["conversationHash"] == second[1]["conversationHash"]
    world.same_to_the_client()


def test_its_own_routing_call_passes_too(world):
    gemini(world, "say hi")
    routing, turn = world.same_everywhere(2)
    assert (routing[1]["state"], turn[1]["state"]) == ("complete", "complete")
    assert not routing[1]["isStreaming"]
    assert turn[1]["isStreaming"]
    assert routing[1]["model"] != turn[1]["model"]
    world.same_to_the_client()
