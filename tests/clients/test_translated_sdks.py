"""SDKs in front of a provider that speaks another dialect than they do."""

import json
from pathlib import Path

import openai
import pydantic
import pytest
from google import genai
from google.genai import errors, types

from translated import SAID, asked, round_trips
from world import NODE_MODULES, World, node_folder

KEY = "the-clients-own-key"
THEIRS = "anthropic_messages"
CHAT, RESPONSES, GEMINI = "openai_chat", "openai_responses", "gemini"
MODEL = "gpt-5.5"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
PROMPT = '[mock:tools city="Aix"]'


@pytest.fixture
def world(start) -> World:
    return start(speaking=THEIRS)


@pytest.fixture
def sdk(world) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{world.tap.url}/v1", api_key=KEY, max_retries=0, timeout=20)


@pytest.fixture
def models(world):
    options = types.HttpOptions(base_url=world.tap.url, timeout=20_000)
    with genai.Client(api_key=KEY, http_options=options) as client:
        yield client.models


def is_shown(world: World, dialect: str, tokens: tuple[int, int], streaming: bool) -> None:
    """Shows that the SDK was told of tokens what weir captured."""
    asked(world, (dialect, THEIRS), KEY, 1)
    [exchange] = world.exchanges(1)
    assert exchange["isStreaming"] == streaming
    usage = exchange["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == tokens


def is_round_trip(world: World, dialect: str) -> None:
    _, second = asked(world, (dialect, THEIRS), KEY, 2)
    [(name, result)] = round_trips(second, THEIRS)
    assert name == "get_weather" and "sunny" in result


def chat(prompt: str) -> dict:
    return {"model": MODEL, "messages": [{"role": "user", "content": prompt}]}


def test_a_chat_completion_comes_whole(world, sdk):
    answer = sdk.chat.completions.create(**chat("say hi"))
    assert answer.choices[0].message.content == SAID
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == MODEL
    tokens = answer.usage.prompt_tokens, answer.usage.completion_tokens
    is_shown(world, CHAT, tokens, streaming=False)


def test_a_chat_completion_is_streamed(world, sdk):
    options = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(sdk.chat.completions.create(**chat("say hi"), **options))
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert len(texts) > 1 and "".join(texts) == SAID
    usage = chunks[-1].usage
    is_shown(world, CHAT, (usage.prompt_tokens, usage.completion_tokens), streaming=True)


def test_a_response_comes_whole(world, sdk):
    answer = sdk.responses.create(model=MODEL, input="say hi")
    assert answer.output_text == SAID
    assert (answer.status, answer.model) == ("completed", MODEL)
    tokens = answer.usage.input_tokens, answer.usage.output_tokens
    is_shown(world, RESPONSES, tokens, streaming=False)


def test_a_response_is_streamed(world, sdk):
    with sdk.responses.stream(model=MODEL, input="say hi") as stream:
        kinds = [event.type for event in stream]
        answer = stream.get_final_response()
    assert kinds.count("response.output_text.delta") > 1
    assert answer.output_text == SAID
    tokens = answer.usage.input_tokens, answer.usage.output_tokens
    is_shown(world, RESPONSES, tokens, streaming=True)


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_a_chat_tool_is_called_and_its_result_goes_back(world, sdk, streaming):
    function = {"name": "get_weather", "description": "Tells the weather", "parameters": SCHEMA}
    turn = chat(PROMPT)

    def ask():
        tools = [{"type": "function", "function": function | {"strict": True}}]
        if not streaming:
            return sdk.chat.completions.create(**turn, tools=tools).choices[0]
        with sdk.chat.completions.stream(**turn, tools=tools) as stream:
            return stream.get_final_completion().choices[0]

    first = ask()
    [call] = first.message.tool_calls
    assert first.finish_reason == "tool_calls"
    assert json.loads(call.function.arguments) == {"city": "Aix"}
    said = first.message.model_dump(exclude_none=True, include={"role", "content", "tool_calls"})
    turn["messages"] += [said, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    assert "sunny" in ask().message.content
    is_round_trip(world, CHAT)


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_a_responses_tool_is_called_and_its_result_goes_back(world, sdk, streaming):
    tool = {"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": True}
    turn = [{"role": "user", "content": PROMPT}]

    def ask():
        asked = {"model": MODEL, "input": turn, "tools": [tool]}
        if not streaming:
            return sdk.responses.create(**asked)
        with sdk.responses.stream(**asked) as stream:
            return stream.get_final_response()

    [call] = [item for item in ask().output if item.type == "function_call"]
    assert json.loads(call.arguments) == {"city": "Aix"}
    plain = call.model_dump(exclude={"parsed_arguments"}, exclude_none=True)
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    turn += [plain, result]
    assert "sunny" in ask().output_text
    is_round_trip(world, RESPONSES)


class Place(pydantic.BaseModel):
    city: str


def test_a_chat_answer_has_the_shape_that_was_asked_for(world, sdk):
    answer = sdk.chat.completions.parse(**chat("where?"), response_format=Place)
    assert isinstance(answer.choices[0].message.parsed, Place)
    [received] = asked(world, (CHAT, THEIRS), KEY, 1)
    assert received.json["output_config"]["format"]["schema"]["required"] == ["city"]


def test_a_response_has_the_shape_that_was_asked_for(world, sdk):
    answer = sdk.responses.parse(model=MODEL, input="where?", text_format=Place)
    assert isinstance(answer.output_parsed, Place)
    asked(world, (RESPONSES, THEIRS), KEY, 1)


def test_a_rate_limit_is_raised_as_its_own(world, sdk):
    with pytest.raises(openai.RateLimitError) as caught:
        sdk.responses.create(model=MODEL, input="[mock:rate_limit retry_after=17]")
    assert caught.value.response.headers["retry-after"] == "17"
    assert caught.value.type == "rate_limit_error"
    [exchange] = world.exchanges(1)
    assert (exchange["dialect"], exchange["statusCode"]) == (RESPONSES, 429)


def test_a_dropped_stream_raises(world, sdk):
    with pytest.raises(openai.APIError):
        list(sdk.chat.completions.create(**chat("[mock:drop]"), stream=True))
    [exchange] = world.exchanges(1)
    assert exchange["state"] == "upstream_broke"


def test_gemini_content_comes_whole(world, models):
    answer = models.generate_content(model="gemini-2.5-flash", contents="say hi")
    assert answer.text == SAID
    usage = answer.usage_metadata
    tokens = usage.prompt_token_count, usage.candidates_token_count
    is_shown(world, GEMINI, tokens, streaming=False)


def test_gemini_content_is_streamed(world, models):
    ask = models.generate_content_stream
    chunks = list(ask(model="gemini-2.5-flash", contents="say hi"))
    assert len(chunks) > 1
    assert "".join(chunk.text or "" for chunk in chunks) == SAID
    assert chunks[-1].candidates[0].finish_reason == "STOP"
    usage = chunks[-1].usage_metadata
    tokens = usage.prompt_token_count, usage.candidates_token_count
    is_shown(world, GEMINI, tokens, streaming=True)


def test_a_gemini_function_is_called_and_its_result_goes_back(world, models):
    def get_weather(city: str) -> str:
        """Tells the weather."""
        return f"sunny in {city}"

    config = types.GenerateContentConfig(tools=[get_weather])
    answer = models.generate_content(model="gemini-2.5-flash", contents=PROMPT, config=config)
    assert "sunny in Aix" in answer.text
    is_round_trip(world, GEMINI)


def test_gemini_content_has_the_shape_that_was_asked_for(world, models):
    shape = {"response_mime_type": "application/json", "response_schema": Place}
    config = types.GenerateContentConfig(**shape)
    ask = models.generate_content
    assert isinstance(ask(model="gemini-2.5-flash", contents="hi", config=config).parsed, Place)
    asked(world, (GEMINI, THEIRS), KEY, 1)


def test_a_rate_limit_is_raised_as_googles(world, models):
    with pytest.raises(errors.ClientError) as caught:
        models.generate_content(model="gemini-2.5-flash", contents="[mock:rate_limit]")
    assert (caught.value.code, caught.value.status) == (429, "RESOURCE_EXHAUSTED")


@pytest.mark.parametrize("kind", ["chat", "chat-stream", "responses", "responses-stream"])
def test_the_typescript_sdk_is_answered(world, kind):
    script = Path(__file__).parent / "sdks.mjs"
    command = [node_folder() / "node", script, kind, world.tap.url, KEY, MODEL, "say hi"]
    said = world.run(command, {"WEIR_NODE_MODULES": str(NODE_MODULES)}).succeeded().json
    assert (said["text"], said["model"]) == (SAID, MODEL)
    dialect = CHAT if kind.startswith("chat") else RESPONSES
    tokens = said["input"], said["output"]
    is_shown(world, dialect, tokens, streaming=kind.endswith("-stream"))
