"""Claude Code again, without its provider: `weir replay` and `weir run` with the real client."""

import json

import pytest
from test_claude_code import KEY
from world import WEIR, one_of

TURNS = 20
# What a tool says is another thing each time; what the agent did with it is not.
PROMPT = f'[mock:agent tool=Bash steps={TURNS - 1} command="date +%s%N"]'


def transcript(run) -> list:
    """What the model said and called, and which calls were answered."""
    said = []
    for event in run.succeeded().events():
        for block in event.get("message", {}).get("content", []):
            if isinstance(block, dict):
                kept = ("type", "text", "name", "input", "id", "tool_use_id", "thinking")
                said.append({key: block[key] for key in kept if key in block})
    return said


def settings(world) -> dict[str, str]:
    return {
        "ANTHROPIC_API_KEY": KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CONFIG_DIR": str(world.home / ".claude-again"),
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_TELEMETRY": "1",
        "IS_SANDBOX": "1",
    }


def binary():
    return one_of(
        "@anthropic-ai/claude-code-linux-x64/claude",
        "@anthropic-ai/claude-code-linux-arm64/claude",
    )


OPTIONS = ["--dangerously-skip-permissions", "--verbose", "--output-format", "stream-json"]


@pytest.mark.parametrize("pace", ["0", "50"])
def test_a_session_of_20_turns_is_the_same_again_offline(world, pace):
    again = ["-p", PROMPT, *OPTIONS]
    recorded = world.run(
        [binary(), *again], settings(world) | {"ANTHROPIC_BASE_URL": world.url}
    )
    session = recorded.events()[0]["session_id"]
    asked = len([one for one in world.received() if one.method == "POST"])
    assert asked == TURNS
    replayed = world.run(
        [WEIR, "replay", "--strict", "--db", world.folder / "weir.db", "--session", session]
        + ["--pace", pace, "--", binary(), *again],
        settings(world),
    )
    assert transcript(replayed) == transcript(recorded)
    assert f"{TURNS} requests answered" in replayed.err
    assert "0 found no answer, 0 recorded were not asked for" in replayed.err
    assert len(world.received()) == asked, "the provider was asked"


def test_a_run_has_a_weir_of_its_own(world):
    # What the agent's own settings say would win over variables.
    folder = world.home / ".claude-again"
    folder.mkdir()
    elsewhere = {"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}}
    (folder / "settings.json").write_text(json.dumps(elsewhere))
    ran = world.run(
        [WEIR, "run", "--set", f"providers.anthropic.base_url={world.mock_url}", "--"]
        + [binary(), "-p", "say hi", "--output-format", "json"],
        settings(world),
    ).succeeded()
    assert json.loads(ran.out)["result"] == "Hello from the mock. All is well."
    [received] = world.received()
    assert received.header("x-api-key") == KEY
    assert received.header("x-claude-code-request-class") == "main"
    assert received.target == "/v1/messages?beta=true"
    assert "1 exchange in" in ran.err


def codex(world) -> list:
    folder = world.home / ".codex"
    folder.mkdir(exist_ok=True)
    triples = "x64/vendor/x86_64-unknown-linux-musl", "arm64/vendor/aarch64-unknown-linux-musl"
    program = one_of(*(f"@openai/codex-linux-{triple}/bin/codex" for triple in triples))
    options = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json"]
    return [program, "exec", *options, "say hi"]


def test_codex_with_a_key_that_is_lent_is_recorded_and_replayed(world):
    env = {"CODEX_HOME": str(world.home / ".codex")}
    database = world.folder / "codex.db"
    lent = ["--set", "providers.openai.api_key=sk-the-gateways"]
    upstream = ["--set", f"providers.openai.base_url={world.mock_url}"]
    run = [WEIR, "run", "--db", database, *lent, *upstream, "--", *codex(world)]
    world.run(run, env).succeeded()
    received = [one for one in world.received() if one.method == "POST"]
    assert [one.header("authorization") for one in received] == ["Bearer sk-the-gateways"]
    again = [WEIR, "replay", "--strict", "--db", database, "--", *codex(world)]
    replayed = world.run(again, env).succeeded()
    assert "1 requests answered" in replayed.err
    assert len([one for one in world.received() if one.method == "POST"]) == 1
