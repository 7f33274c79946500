"""The OpenAI Python SDK through weir: Chat Completions and Responses, whole and streamed."""

import json

import openai
import pytest

from world import World

KEY = "sk-proj-the-clients-own-key"
MODEL = "gpt-5.5"
SAID = "Hello from the mock. All is well."
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


def client(url: str, **options) -> openai.OpenAI:
    options = {"api_key": KEY, "max_retries": 0, "timeout": 20} | options
    return openai.OpenAI(base_url=f"{url}/v1", **options)


def chat(prompt: str) -> dict:
    return {"model": MODEL, "messages": [{"role": "user", "content": prompt}]}


def is_shown(world: World, dialect: str, tokens: tuple[int, int], streaming: bool):
    """Shows that weir captured the one exchange, with what the SDK was told of tokens."""
    [(received, exchange)] = world.same_everywhere(1)
    assert received.header("authorization") == f"Bearer {KEY}"
    assert exchange["state"] == "complete"
    assert exchange["clientKind"] == "openai_sdk"
    assert exchange["dialect"] == dialect
    assert exchange["model"] == MODEL
    assert exchange["isStreaming"] == streaming
    assert exchange["stopReason"]
    usage = exchange["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == tokens
    assert KEY not in json.dumps(exchange.detail())
    world.same_to_the_client()


def test_a_chat_completion_comes_whole(world):
    answer = client(world.tap.url).chat.completions.create(**chat("say hi"))
    assert answer.choices[0].message.content == SAID
    tokens = answer.usage.prompt_tokens, answer.usage.completion_tokens
    is_shown(world, "openai_chat", tokens, streaming=False)


def test_a_chat_completion_is_streamed(world):
    options = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(client(world.tap.url).chat.completions.create(**chat("say hi"), **options))
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert len(texts) > 1 and "".join(texts) == SAID
    usage = chunks[-1].usage
    tokens = usage.prompt_tokens, usage.completion_tokens
    is_shown(world, "openai_chat", tokens, streaming=True)


def test_a_response_comes_whole(world):
    answer = client(world.tap.url).responses.create(model=MODEL, input="say hi")
    assert answer.output_text == SAID
    tokens = answer.usage.input_tokens, answer.usage.output_tokens
    is_shown(world, "openai_responses", tokens, streaming=False)


def test_a_response_is_streamed(world):
    with client(world.tap.url).responses.stream(model=MODEL, input="say hi") as stream:
        kinds = [event.type for event in stream]
        answer = stream.get_final_response()
    assert kinds.count("response.output_text.delta") > 1
    assert answer.output_text == SAID
    tokens = answer.usage.input_tokens, answer.usage.output_tokens
    is_shown(world, "openai_responses", tokens, streaming=True)


def test_a_chat_tool_is_called_and_its_result_goes_back(world):
    sdk = client(world.tap.url)
    function = {"name": "get_weather", "description": "Tells the weather", "parameters": WEATHER}
    turn = chat('[mock:tools city="Aix"]') | {"tools": [{"type": "function", "function": function}]}
    first = sdk.chat.completions.create(**turn).choices[0]
    [call] = first.message.tool_calls
    assert first.finish_reason == "tool_calls"
    assert json.loads(call.function.arguments) == {"city": "Aix"}
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    turn["messages"] += [first.message, result]
    second = sdk.chat.completions.create(**turn)
    assert "sunny" in second.choices[0].message.content
    [(_, one), (_, two)] = world.same_everywhere(2)
    assert (one["stopReason"], two["stopReason"]) == ("tool_calls", "stop")
    world.same_to_the_client()


def test_a_responses_tool_is_called_and_its_result_goes_back(world):
    sdk = client(world.tap.url)
    tool = {"type": "function", "name": "get_weather", "parameters": WEATHER, "strict": True}
    turn = [{"role": "user", "content": '[mock:tools city="Aix"]'}]
    first = sdk.responses.create(model=MODEL, input=turn, tools=[tool])
    [call] = [item for item in first.output if item.type == "function_call"]
    assert json.loads(call.arguments) == {"city": "Aix"}
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    second = sdk.responses.create(model=MODEL, input=[*turn, call, result], tools=[tool])
    assert "sunny" in second.output_text
    world.same_everywhere(2)
    world.same_to_the_client()


def test_a_rate_limit_is_raised_with_all_that_it_says(world):
    with pytest.raises(openai.RateLimitError) as caught:
        client(world.url).chat.completions.create(**chat("[mock:rate_limit retry_after=17]"))
    assert caught.value.response.headers["retry-after"] == "17"
    assert caught.value.response.headers["x-ratelimit-remaining-requests"] == "0"
    assert caught.value.request_id
    [(_, exchange)] = world.same_everywhere(1)
    assert (exchange["state"], exchange["statusCode"]) == ("complete", 429)


@pytest.mark.parametrize("mode", ["fin", "rst", "line"])
def test_a_dropped_stream_raises(world, mode):
    ask = client(world.url).chat.completions.create
    stream = ask(**chat(f"[mock:drop mode={mode}]"), stream=True)
    with pytest.raises(openai.APIConnectionError):
        list(stream)
    [(_, exchange)] = world.same_everywhere(1)
    assert exchange["state"] == "upstream_broke"
    assert exchange["streamError"]


def test_embeddings_and_models_pass(world):
    sdk = client(world.url)
    assert sdk.embeddings.create(model="text-embedding-3-small", input="weir").data
    assert sdk.models.list().data
    assert {one["statusCode"] for one in world.exchanges(2)} == {200}
