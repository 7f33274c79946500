"""The Anthropic Python SDK through weir: streams, tools, errors, both ways to send a key."""

import json

import anthropic
import httpx2
import pytest

from waiting import until
from world import CREDENTIALS, World

KEY = "sk-ant-api03-the-clients-own-key"
MODEL = "claude-opus-5-5"
ONLY_X_API_KEY = {"x-api-key": KEY, "Authorization": anthropic.Omit()}
WEATHER = {
    "name": "get_weather",
    "description": "Tells the weather",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}


def client(url: str, **options) -> anthropic.Anthropic:
    options = {"api_key": KEY, "max_retries": 0, "timeout": 20} | options
    return anthropic.Anthropic(base_url=url, **options)


def asked(prompt: str) -> dict:
    return {
        "model": MODEL,
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": prompt}],
    }


def is_shown(world: World, message: anthropic.types.Message, streaming: bool):
    """Shows that weir captured the one exchange that gave this message."""
    [(received, exchange)] = world.same_everywhere(1)
    assert exchange["state"] == "complete"
    assert exchange["clientKind"] == "anthropic_sdk"
    assert exchange["model"] == message.model == MODEL
    assert exchange["stopReason"] == message.stop_reason
    assert exchange["isStreaming"] == streaming
    assert exchange["usage"]["input_tokens"] == message.usage.input_tokens
    assert exchange["usage"]["output_tokens"] == message.usage.output_tokens
    detail = exchange.detail()
    assert detail["response"]["body"]["id"] == message.id
    assert KEY not in json.dumps(detail)
    return received


def test_a_message_comes_whole(world):
    message = client(world.tap.url).messages.create(**asked("say hi"))
    assert message.content[0].text == "Hello from the mock. All is well."
    is_shown(world, message, streaming=False)
    world.same_to_the_client()


def test_a_message_is_streamed(world):
    with client(world.tap.url).messages.stream(**asked("say hi")) as stream:
        texts = list(stream.text_stream)
        message = stream.get_final_message()
    assert len(texts) > 1
    assert "".join(texts) == message.content[0].text
    is_shown(world, message, streaming=True)
    world.same_to_the_client()


def test_a_compressed_stream_is_handed_on_as_it_is(world):
    with client(world.tap.url).messages.stream(**asked("[mock:gzip]")) as stream:
        message = stream.get_final_message()
    is_shown(world, message, streaming=True)
    assert world.tap.responses()[0].header("content-encoding") == "gzip"
    world.same_to_the_client()


@pytest.mark.parametrize(
    ("name", "value", "options"),
    [
        ("authorization", f"Bearer {KEY}", {"api_key": None, "auth_token": KEY}),
        ("x-api-key", KEY, {"api_key": None, "default_headers": ONLY_X_API_KEY}),
    ],
    ids=["bearer", "x_api_key"],
)
def test_the_clients_own_key_travels_as_it_was_sent(world, name, value, options):
    message = client(world.tap.url, **options).messages.create(**asked("say hi"))
    received = is_shown(world, message, streaming=False)
    keys = [pair for pair in received.headers if pair[0].lower() in CREDENTIALS]
    assert [(key.lower(), sent) for key, sent in keys] == [(name, value)]
    world.same_to_the_client()


def test_a_tool_is_called_and_its_result_goes_back(world):
    sdk = client(world.tap.url)
    turn = asked('[mock:tools city="Aix"]') | {"tools": [WEATHER]}
    first = sdk.messages.create(**turn)
    [call] = first.content
    assert (first.stop_reason, call.name, call.input) == ("tool_use", "get_weather", {"city": "Aix"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    turn["messages"] += [
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    second = sdk.messages.create(**turn)
    assert "sunny" in second.content[0].text
    [(_, one), (_, two)] = world.same_everywhere(2)
    assert (one["stopReason"], two["stopReason"]) == ("tool_use", "end_turn")
    assert one["conversationHash"] == two["conversationHash"]
    world.same_to_the_client()


def test_a_rate_limit_is_raised_with_all_that_it_says(world):
    with pytest.raises(anthropic.RateLimitError) as caught:
        client(world.url).messages.create(**asked("[mock:rate_limit retry_after=17]"))
    headers = caught.value.response.headers
    assert headers["retry-after"] == "17"
    assert headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert headers["request-id"] == caught.value.body["request_id"]
    assert caught.value.body["error"]["type"] == "rate_limit_error"
    [(_, exchange)] = world.same_everywhere(1)
    assert (exchange["state"], exchange["statusCode"]) == ("complete", 429)
    assert exchange.detail()["response"]["headers"]["retry-after"] == ["17"]


def test_the_sdk_retries_what_weir_does_not(world):
    sdk = client(world.url, max_retries=2)
    sdk.messages.create(**asked("[mock:overloaded count=1 retry_after=0]"))
    retries = [one.header("x-stainless-retry-count") for one in world.received()]
    assert retries == ["0", "1"]
    assert [one["statusCode"] for one in world.exchanges(2)] == [529, 200]


@pytest.mark.parametrize("mode", ["fin", "rst", "line"])
def test_a_dropped_stream_raises(world, mode):
    with (
        pytest.raises(httpx2.RemoteProtocolError, match="closed connection"),
        client(world.url).messages.stream(**asked(f"[mock:drop mode={mode}]")) as stream,
    ):
        stream.get_final_message()
    [(_, exchange)] = world.same_everywhere(1)
    assert exchange["state"] == "upstream_broke"
    assert exchange["streamError"]
    assert exchange["stopReason"] is None


def test_an_error_within_a_stream_raises(world):
    with (
        pytest.raises(anthropic.APIStatusError) as caught,
        client(world.url).messages.stream(**asked("[mock:stream_error]")) as stream,
    ):
        stream.get_final_message()
    assert caught.value.body["error"]["type"] == "overloaded_error"
    [(_, exchange)] = world.same_everywhere(1)
    assert exchange["statusCode"] == 200
    assert "overloaded" in exchange["streamError"].lower()


def test_a_client_that_goes_ends_the_providers_work(world):
    with client(world.url).messages.stream(**asked("[mock:slow delay=0 gap=500]")) as stream:
        next(iter(stream))
    until(lambda: world.received()[0].said["client_closed_early_ms"] is not None, "it is cancelled")
    [(_, exchange)] = world.same_everywhere(1)
    assert exchange["state"] == "client_gone"
    assert exchange["stopReason"] is None


def test_tokens_are_counted_and_models_listed(world):
    sdk = client(world.url)
    messages = asked("how much?")["messages"]
    assert sdk.messages.count_tokens(model=MODEL, messages=messages).input_tokens > 0
    assert sdk.models.list().data
    assert {one["operation"] for one in world.exchanges(2)} >= {"count_tokens"}
