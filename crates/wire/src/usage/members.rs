//! What the members of a dialect's usage object mean.

use serde_json::{Map, Value};

use super::{CacheCreation, OutputDetails, ServerToolUse, Usage};
use crate::dialect::Dialect;

/// The members of a usage object, asked for one by one.
pub(super) trait Members: Sized {
    /// Takes a count; what is no count stays.
    fn count(&mut self, key: &str) -> Option<u64>;

    /// Takes a text.
    fn text(&mut self, key: &str) -> Option<String>;

    /// Lets `take` have the members of an object; what it leaves, stays.
    fn inside<T>(&mut self, key: &str, take: impl FnOnce(&mut Self) -> T) -> Option<T>;
}

/// What a usage object says in `dialect`, but for what nobody asks for.
pub(super) fn read(dialect: Dialect, raw: &mut impl Members) -> Usage {
    match dialect {
        Dialect::AnthropicMessages => anthropic(raw),
        Dialect::OpenaiChat => openai_chat(raw),
        Dialect::OpenaiResponses => openai_responses(raw),
        Dialect::Gemini => gemini(raw),
    }
}

/// A usage object whose members are taken out one by one.
pub(super) struct Tree(pub(super) Map<String, Value>);

impl Members for Tree {
    fn count(&mut self, key: &str) -> Option<u64> {
        let count = self.0.get(key)?.as_u64()?;
        self.0.shift_remove(key);
        Some(count)
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let text = self.0.get(key)?.as_str()?.to_owned();
        self.0.shift_remove(key);
        Some(text)
    }

    fn inside<T>(&mut self, key: &str, take: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let Some(Value::Object(inner)) = self.0.get_mut(key) else {
            return None;
        };
        let mut raw = Tree(std::mem::take(inner));
        let taken = take(&mut raw);
        if raw.0.is_empty() {
            self.0.shift_remove(key);
        } else {
            *inner = raw.0;
        }
        Some(taken)
    }
}

fn anthropic(raw: &mut impl Members) -> Usage {
    Usage {
        input_tokens: raw.count("input_tokens"),
        output_tokens: raw.count("output_tokens"),
        cache_creation_input_tokens: raw.count("cache_creation_input_tokens"),
        cache_read_input_tokens: raw.count("cache_read_input_tokens"),
        cache_creation: raw.inside("cache_creation", |raw| CacheCreation {
            ephemeral_5m_input_tokens: raw.count("ephemeral_5m_input_tokens"),
            ephemeral_1h_input_tokens: raw.count("ephemeral_1h_input_tokens"),
        }),
        output_tokens_details: raw.inside("output_tokens_details", |raw| OutputDetails {
            thinking_tokens: raw.count("thinking_tokens"),
        }),
        server_tool_use: raw.inside("server_tool_use", |raw| ServerToolUse {
            web_search_requests: raw.count("web_search_requests"),
            web_fetch_requests: raw.count("web_fetch_requests"),
        }),
        service_tier: raw.text("service_tier"),
        extra: Map::new(),
    }
}

/// A prompt's count with the cached parts that it includes.
struct Prompt {
    total: Option<u64>,
    read: Option<u64>,
    written: Option<u64>,
}

/// Usage of a dialect whose prompt count includes what was cached.
fn inclusive(prompt: &Prompt, output: Option<u64>, thinking: Option<u64>) -> Usage {
    let cached = prompt
        .read
        .unwrap_or(0)
        .saturating_add(prompt.written.unwrap_or(0));
    Usage {
        input_tokens: prompt.total.map(|total| total.saturating_sub(cached)),
        output_tokens: output,
        cache_creation_input_tokens: prompt.written,
        cache_read_input_tokens: prompt.read,
        output_tokens_details: thinking.map(|thinking| OutputDetails {
            thinking_tokens: Some(thinking),
        }),
        ..Usage::default()
    }
}

fn openai_chat(raw: &mut impl Members) -> Usage {
    let total = raw.count("prompt_tokens");
    let output = raw.count("completion_tokens");
    let (read, written) = cached(raw, "prompt_tokens_details");
    // DeepSeek's name for it; it may come beside OpenAI's.
    let read = read.or(raw.count("prompt_cache_hit_tokens"));
    let thinking = raw
        .inside("completion_tokens_details", |raw| {
            raw.count("reasoning_tokens")
        })
        .flatten();
    inclusive(
        &Prompt {
            total,
            read,
            written,
        },
        output,
        thinking,
    )
}

fn openai_responses(raw: &mut impl Members) -> Usage {
    let total = raw.count("input_tokens");
    let output = raw.count("output_tokens");
    let (read, written) = cached(raw, "input_tokens_details");
    let thinking = raw
        .inside("output_tokens_details", |raw| raw.count("reasoning_tokens"))
        .flatten();
    inclusive(
        &Prompt {
            total,
            read,
            written,
        },
        output,
        thinking,
    )
}

fn cached(raw: &mut impl Members, details: &str) -> (Option<u64>, Option<u64>) {
    raw.inside(details, |raw| {
        (raw.count("cached_tokens"), raw.count("cache_write_tokens"))
    })
    .unwrap_or_default()
}

fn gemini(raw: &mut impl Members) -> Usage {
    let sum = |a: Option<u64>, b: Option<u64>| match (a, b) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
    };
    let tools = raw.count("toolUsePromptTokenCount");
    let total = sum(raw.count("promptTokenCount"), tools);
    let read = raw.count("cachedContentTokenCount");
    let thinking = raw.count("thoughtsTokenCount");
    let output = sum(raw.count("candidatesTokenCount"), thinking);
    let mut usage = inclusive(
        &Prompt {
            total,
            read,
            written: None,
        },
        output,
        thinking,
    );
    usage.service_tier = raw.text("serviceTier");
    usage
}
