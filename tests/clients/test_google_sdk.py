"""Google's Python SDK through weir: content whole and streamed, a tool, an error."""

import json

import pytest
from google import genai
from google.genai import errors, types

from world import World

KEY = "AIza-the-clients-own-key"
MODEL = "gemini-2.5-flash"
SAID = "Hello from the mock. All is well."


@pytest.fixture
def models(world):
    options = types.HttpOptions(base_url=world.tap.url, timeout=20_000)
    with genai.Client(api_key=KEY, http_options=options) as client:
        yield client.models


def is_shown(world: World, method: str, usage, streaming: bool):
    [(received, exchange)] = world.same_everywhere(1)
    assert f"/models/{MODEL}:{method}" in received.target
    assert received.header("x-goog-api-key") == KEY
    assert exchange["state"] == "complete"
    assert exchange["clientKind"] == "google_sdk"
    assert exchange["dialect"] == "gemini"
    assert exchange["model"] == MODEL
    assert exchange["isStreaming"] == streaming
    assert exchange["stopReason"]
    assert exchange["usage"]["input_tokens"] == usage.prompt_token_count
    assert exchange["usage"]["output_tokens"] == usage.candidates_token_count
    assert KEY not in json.dumps(exchange.detail())
    world.same_to_the_client()


def test_content_comes_whole(world, models):
    answer = models.generate_content(model=MODEL, contents="say hi")
    assert answer.text == SAID
    is_shown(world, "generateContent", answer.usage_metadata, streaming=False)


def test_content_is_streamed(world, models):
    chunks = list(models.generate_content_stream(model=MODEL, contents="say hi"))
    assert len(chunks) > 1
    assert "".join(chunk.text or "" for chunk in chunks) == SAID
    is_shown(world, "streamGenerateContent", chunks[-1].usage_metadata, streaming=True)


def test_a_function_is_called_and_its_result_goes_back(world, models):
    def get_weather(city: str) -> str:
        """Tells the weather."""
        return f"sunny in {city}"

    config = types.GenerateContentConfig(tools=[get_weather])
    prompt = '[mock:tools city="Aix"]'
    answer = models.generate_content(model=MODEL, contents=prompt, config=config)
    assert "sunny in Aix" in answer.text
    world.same_everywhere(2)
    world.same_to_the_client()


def test_a_rate_limit_is_raised(world, models):
    with pytest.raises(errors.ClientError) as caught:
        models.generate_content(model=MODEL, contents="[mock:rate_limit]")
    assert (caught.value.code, caught.value.status) == (429, "RESOURCE_EXHAUSTED")
    [(_, exchange)] = world.same_everywhere(1)
    assert (exchange["state"], exchange["statusCode"]) == ("complete", 429)
