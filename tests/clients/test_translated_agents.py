"""Agents in front of providers that speak another dialect than they do."""

import json
import sys
from pathlib import Path

import pytest

import test_claude_code
import test_codex
import test_gemini_cli
import test_opencode
from translated import SAID, asked, round_trips
from world import World

MADE = 'command="echo weir > made.txt; cat made.txt"'
PATCH = "*** Begin Patch\\n*** Add File: made.txt\\n+weir\\n*** End Patch\\n"


@pytest.fixture(params=["openai_chat", "openai_responses", "gemini"])
def for_claude(request, start):
    return start(speaking=request.param), ("anthropic_messages", request.param)


@pytest.fixture(params=["anthropic_messages", "openai_chat"])
def for_codex(request, start):
    return start(speaking=request.param), ("openai_responses", request.param)


@pytest.fixture
def for_gemini(start):
    return start(speaking="anthropic_messages"), ("gemini", "anthropic_messages")


def claude(world: World, prompt: str) -> dict:
    run = test_claude_code.claude(world, world.tap.url, prompt, "--dangerously-skip-permissions")
    said = run.succeeded().json
    assert not said["is_error"]
    assert said["usage"]["input_tokens"] > 0
    assert said["usage"]["output_tokens"] > 0
    return said


def codex(world: World, prompt: str, config: str = "") -> list[dict]:
    events = test_codex.codex(world, test_codex.OWN + config, world.tap.url, prompt)
    [ended] = [event for event in events if event["type"] == "turn.completed"]
    assert ended["usage"]["input_tokens"] > 0
    assert ended["usage"]["output_tokens"] > 0
    return events


def gemini(world: World, prompt: str) -> str:
    said = test_gemini_cli.gemini(world, prompt, "-m", test_gemini_cli.MODEL)
    [model] = said["stats"]["models"].values()
    assert model["api"]["totalErrors"] == 0
    assert model["tokens"]["prompt"] > 0
    assert model["tokens"]["candidates"] > 0
    return said["response"]


def test_claude_code_says_what_another_model_said(for_claude):
    world, dialects = for_claude
    assert claude(world, "say hi")["result"] == SAID
    asked(world, dialects, test_claude_code.KEY, 1)
    [exchange] = world.exchanges(1)
    assert exchange["clientKind"] == "claude_code"
    assert exchange["isStreaming"]
    assert exchange["stopReason"] == "end_turn"


def test_claude_code_runs_a_tool_for_another_model(for_claude):
    world, dialects = for_claude
    said = claude(world, f"[mock:agent tool=Bash {MADE}]")
    assert (world.work / "made.txt").read_text() == "weir\n"
    assert "weir" in said["result"]
    _, second = asked(world, dialects, test_claude_code.KEY, 2)
    [(name, result)] = round_trips(second, dialects[1])
    assert name == "Bash" and "weir" in result
    assert [one["stopReason"] for one in world.exchanges(2)] == ["tool_use", "end_turn"]
    assert {one["sessionId"] for one in world.exchanges(2)} == {said["session_id"]}


def test_codex_says_what_another_model_said(for_codex):
    world, dialects = for_codex
    assert test_codex.messages(codex(world, "say hi")) == [SAID]
    asked(world, dialects, test_codex.KEY, 1)
    [exchange] = world.exchanges(1)
    assert exchange["clientKind"] == "codex"
    assert exchange["isStreaming"]
    assert b"response.completed" in exchange.raw("response")


def test_codex_runs_a_command_for_another_model(for_codex):
    world, dialects = for_codex
    events = codex(world, f"[mock:agent {MADE}]")
    assert (world.work / "made.txt").read_text() == "weir\n"
    [said] = test_codex.messages(events)
    assert said.endswith("weir")
    _, second = asked(world, dialects, test_codex.KEY, 2)
    [(name, result)] = round_trips(second, dialects[1])
    assert name == "exec_command" and result.endswith("weir\n")
    first, last = world.exchanges(2)
    assert first["sessionId"] == last["sessionId"]


def test_codex_applies_a_patch_of_another_model(for_codex):
    # The tool takes free text, and other dialects know only JSON.
    world, dialects = for_codex
    events = codex(world, f'[mock:tools tool=apply_patch input="{PATCH}"]')
    assert (world.work / "made.txt").read_text() == "weir\n"
    changes = [event["item"] for event in events if event["type"] == "item.completed"]
    [change] = [item for item in changes if item["type"] == "file_change"]
    assert change["status"] == "completed"
    _, second = asked(world, dialects, test_codex.KEY, 2)
    [(name, result)] = round_trips(second, dialects[1])
    assert name == "apply_patch" and "made.txt" in result


def test_codex_finds_and_calls_a_tool_of_an_mcp_server(for_codex):
    # It offers a search alone; what that finds is in a namespace. Others know neither.
    world, dialects = for_codex
    server = [sys.executable, str(Path(__file__).parent / "weather.py")]
    config = f"\n[mcp_servers.weather]\ncommand = {json.dumps(server[0])}\n"
    config += f"args = {json.dumps(server[1:])}\n"
    name = "mcp__weather__get_weather"
    world.script("tools,tool=tool_search,query=weather", f"agent,tool={name},city=Aix,steps=2")
    [said] = test_codex.messages(codex(world, "say hi", config))
    assert said.endswith("sunny in Aix")
    *_, third = asked(world, dialects, test_codex.KEY, 3)
    search, call = round_trips(third, dialects[1])
    assert search == ("tool_search", f"These tools can be called now: {name}")
    assert call[0] == name and "sunny in Aix" in call[1]


def test_gemini_cli_says_what_another_model_said(for_gemini):
    world, dialects = for_gemini
    assert gemini(world, "say hi") == SAID
    asked(world, dialects, test_gemini_cli.KEY, 1)
    [exchange] = world.exchanges(1)
    assert exchange["clientKind"] == "gemini_cli"
    assert exchange["isStreaming"]


def test_gemini_cli_runs_a_tool_for_another_model(for_gemini):
    world, dialects = for_gemini
    assert "weir" in gemini(world, f"[mock:agent {MADE}]")
    assert (world.work / "made.txt").read_text() == "weir\n"
    _, second = asked(world, dialects, test_gemini_cli.KEY, 2)
    [(name, result)] = round_trips(second, dialects[1])
    assert name == "run_shell_command" and "weir" in result


def test_opencode_runs_a_tool_for_another_model(start):
    world = start(speaking="openai_chat")
    prompt = "[mock:agent command=pwd>made.txt]"
    test_opencode.opencode(world, "anthropic", "claude-opus-4-5", prompt)
    assert (world.work / "made.txt").read_text() == f"{world.work}\n"
    dialects = ("anthropic_messages", "openai_chat")
    _, second = asked(world, dialects, test_opencode.KEY, 2)
    [(name, _)] = round_trips(second, dialects[1])
    assert name == "bash"
