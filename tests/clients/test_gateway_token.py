"""SDKs at a weir that wants its own token and holds the providers' keys."""

import anthropic
import openai
import pytest
from google import genai

from world import CREDENTIALS

TOKEN = "gateway-token-4711"


@pytest.fixture
def guarded(start):
    return start(
        {
            "auth.enabled": "true",
            "auth.token": TOKEN,
            "auth.allow_localhost_bypass": "false",
            "providers.anthropic.api_key": "anthropics-key",
            "providers.openai.api_key": "openais-key",
            "providers.gemini.api_key": "googles-key",
        }
    )


def ask_anthropic(url: str, key: str) -> None:
    client = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)
    messages = [{"role": "user", "content": "hi"}]
    client.messages.create(model="claude-opus-5-5", max_tokens=5, messages=messages)


def ask_openai(url: str, key: str) -> None:
    client = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
    client.responses.create(model="gpt-5.5", input="hi")


def ask_google(url: str, key: str) -> None:
    with genai.Client(api_key=key, http_options={"base_url": url}) as client:
        client.models.generate_content(model="gemini-2.5-flash", contents="hi")


ASK = {
    "anthropic": (ask_anthropic, ("x-api-key", "anthropics-key")),
    "openai": (ask_openai, ("authorization", "Bearer openais-key")),
    "google": (ask_google, ("x-goog-api-key", "googles-key")),
}


@pytest.mark.parametrize("sdk", ASK)
def test_the_token_opens_weir_and_the_providers_key_travels_on(guarded, sdk):
    ask, key = ASK[sdk]
    ask(guarded.url, TOKEN)
    [(received, exchange)] = guarded.same_everywhere(1)
    keys = [(n.lower(), value) for n, value in received.headers if n.lower() in CREDENTIALS]
    assert keys == [key]
    assert TOKEN not in str(received.said)
    assert TOKEN not in str(exchange.detail())
    assert key[1] not in str(exchange.detail())


@pytest.mark.parametrize("sdk", ASK)
def test_a_wrong_token_is_an_error_that_the_sdk_understands(guarded, sdk):
    ask, _ = ASK[sdk]
    with pytest.raises(Exception, match="401") as caught:
        ask(guarded.url, "not-the-token")
    assert isinstance(
        caught.value,
        anthropic.AuthenticationError | openai.AuthenticationError | genai.errors.ClientError,
    )
    assert guarded.received() == []
