"""What must be so when weir stands between a client and a provider of another dialect."""

import json

from world import CREDENTIALS, PROVIDERS_KEY, THEIR_MODEL, Exchange, Received, World

SAID = "Hello from the mock. All is well."
PATHS = {
    "anthropic_messages": "/v1/messages",
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "gemini": f"/v1beta/models/{THEIR_MODEL['gemini']}:",
}
KEY_HEADERS = {"anthropic_messages": "x-api-key", "gemini": "x-goog-api-key"}
# What one dialect's clients send and another's providers must not see.
CLIENTS_OWN = ("anthropic-", "x-api-", "x-goog-", "x-claude-", "x-codex-", "x-stainless-")
CLIENTS_OWN += ("openai-", "session-id", "thread-id", "originator", "x-session-", "x-app")


def asked(world: World, dialects: tuple[str, str], key: str, count: int) -> list[Received]:
    """What the provider got, in order: exactly `count` requests in its own dialect, that is the
    second, with its own key and nothing of the client's, who speaks the first and whose key is
    `key`. Each was captured whole, as the client said it."""
    theirs = dialects[1]
    received = world.received()
    assert len(received) == count, [(one.method, one.target) for one in received]
    for one in received:
        is_theirs(one, theirs)
        assert key not in json.dumps(one.said)
    sent = [one.body for one in world.tap.requests() if one.start.startswith("POST ")]
    exchanges = world.exchanges(count)
    for exchange in exchanges:
        is_captured(exchange, dialects[0], key)
        sent.remove(exchange.raw("request"))
    assert not sent, "a request was not captured"
    return received


def is_theirs(received: Received, dialect: str) -> None:
    assert received.method == "POST"
    assert received.target.startswith(PATHS[dialect])
    if dialect != "gemini":
        assert received.json["model"] == THEIR_MODEL[dialect]
    names = [name.lower() for name, _ in received.headers]
    assert len(set(names)) == len(names)
    own = KEY_HEADERS.get(dialect, "authorization")
    assert [name for name in names if name in CREDENTIALS] == [own]
    assert PROVIDERS_KEY in received.header(own)
    spoken = {own} | ({"anthropic-version"} if dialect == "anthropic_messages" else set())
    strange = [name for name in names if name.startswith(CLIENTS_OWN) and name not in spoken]
    assert not strange


def is_captured(exchange: Exchange, dialect: str, key: str) -> None:
    assert exchange["state"] == "complete"
    assert exchange["streamError"] is None
    assert exchange["statusCode"] == 200
    assert exchange["dialect"] == dialect
    assert exchange["provider"] == "theirs"
    assert exchange["stopReason"]
    assert exchange["usage"]["input_tokens"] > 0
    assert exchange["usage"]["output_tokens"] > 0
    detail = json.dumps(exchange.detail())
    assert key not in detail and PROVIDERS_KEY not in detail


def round_trips(received: Received, dialect: str) -> list[tuple[str, str]]:
    """The calls of tools in a request, by name, and what came of each. Shows that each call is
    answered once and at once, as the providers demand it."""
    return READERS[dialect](received.json)


def of_messages(body: dict) -> list[tuple[str, str]]:
    found = []
    waiting: dict[str, str] = {}
    for message in body["messages"]:
        content = message["content"]
        parts = [] if isinstance(content, str) else content
        results = [part for part in parts if part["type"] == "tool_result"]
        assert sorted(one["tool_use_id"] for one in results) == sorted(waiting)
        found += [(waiting[one["tool_use_id"]], flat(one["content"])) for one in results]
        waiting = {part["id"]: part["name"] for part in parts if part["type"] == "tool_use"}
        assert not waiting or message["role"] == "assistant"
    assert not waiting
    return found


def of_chat(body: dict) -> list[tuple[str, str]]:
    found = []
    waiting: dict[str, str] = {}
    for message in body["messages"]:
        if message["role"] == "tool":
            name = waiting.pop(message["tool_call_id"])
            found.append((name, flat(message["content"])))
            continue
        assert not waiting
        calls = message.get("tool_calls", [])
        waiting = {call["id"]: call[call["type"]]["name"] for call in calls}
    assert not waiting
    return found


def of_responses(body: dict) -> list[tuple[str, str]]:
    found = []
    waiting: dict[str, str] = {}
    for item in body["input"]:
        kind = item.get("type", "message")
        if kind.endswith("_call"):
            waiting[item["call_id"]] = item["name"]
        elif kind.endswith("_call_output"):
            found.append((waiting.pop(item["call_id"]), flat(item["output"])))
        else:
            assert not waiting
    assert not waiting
    return found


def of_gemini(body: dict) -> list[tuple[str, str]]:
    found = []
    waiting: list[str] = []
    for content in body["contents"]:
        results = [part["functionResponse"] for part in content["parts"] if is_result(part)]
        assert [one["name"] for one in results] == waiting
        found += [(one["name"], json.dumps(one["response"])) for one in results]
        calls = [part["functionCall"] for part in content["parts"] if "functionCall" in part]
        waiting = [call["name"] for call in calls]
        assert not waiting or content["role"] == "model"
    assert not waiting
    return found


def is_result(part: dict) -> bool:
    return "functionResponse" in part


def flat(content) -> str:
    """The text of a result."""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


READERS = {
    "anthropic_messages": of_messages,
    "openai_chat": of_chat,
    "openai_responses": of_responses,
    "gemini": of_gemini,
}
