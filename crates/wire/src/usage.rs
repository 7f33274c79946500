//! Tokens used, in one vocabulary for all dialects: Anthropic's.
//!
//! Counts in streams are cumulative: a later value replaces an earlier one and nothing is ever
//! added up. No prices here.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::dialect::Dialect;

/// Largest usage object that is read, in bytes.
const MAX_USAGE: usize = 64 * 1024;

/// What a response says it used. All counts are tokens unless they say otherwise.
///
/// `input_tokens`, `cache_read_input_tokens` and `cache_creation_input_tokens` never overlap:
/// their sum is what OpenAI and Google call the prompt. `output_tokens` includes thinking.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Usage {
    /// Input that was neither read from nor written to a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Output, thinking included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Input written to a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_creation_input_tokens: Option<u64>,
    /// Input read from a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read_input_tokens: Option<u64>,
    /// What was written to a cache, by how long it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_creation: Option<CacheCreation>,
    /// What the output consists of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_details: Option<OutputDetails>,
    /// Uses of tools that the provider runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_tool_use: Option<ServerToolUse>,
    /// The service tier, as the provider spells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// Everything else that the provider said, as it said it.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Cache writes by lifetime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CacheCreation {
    /// Kept for five minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ephemeral_5m_input_tokens: Option<u64>,
    /// Kept for an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ephemeral_1h_input_tokens: Option<u64>,
}

/// Parts of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OutputDetails {
    /// Thinking, which other dialects call reasoning or thoughts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking_tokens: Option<u64>,
}

/// Uses of the provider's own tools, in calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServerToolUse {
    /// Web searches made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_search_requests: Option<u64>,
    /// Web pages fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_fetch_requests: Option<u64>,
}

impl Usage {
    /// Reads a usage object as `dialect` writes it.
    ///
    /// ```
    /// use weir_wire::{dialect::Dialect, usage::Usage};
    /// let raw = serde_json::json!({
    ///     "prompt_tokens": 100, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 60}
    /// });
    /// let usage = Usage::from_raw(Dialect::OpenaiChat, raw.as_object().unwrap().clone());
    /// assert_eq!((usage.input_tokens, usage.cache_read_input_tokens), (Some(40), Some(60)));
    /// ```
    #[must_use]
    pub fn from_raw(dialect: Dialect, raw: Map<String, Value>) -> Self {
        let mut raw = Raw(raw);
        let mut usage = match dialect {
            Dialect::AnthropicMessages => anthropic(&mut raw),
            Dialect::OpenaiChat => openai_chat(&mut raw),
            Dialect::OpenaiResponses => openai_responses(&mut raw),
            Dialect::Gemini => gemini(&mut raw),
        };
        usage.extra = raw.0;
        usage
    }

    /// Takes the counts of `later` that are there; what else the provider said stays as it was.
    pub fn update(&mut self, later: &Usage) {
        fn take<T: Copy>(into: &mut Option<T>, later: Option<T>) {
            *into = later.or(*into);
        }
        take(&mut self.input_tokens, later.input_tokens);
        take(&mut self.output_tokens, later.output_tokens);
        take(
            &mut self.cache_creation_input_tokens,
            later.cache_creation_input_tokens,
        );
        take(
            &mut self.cache_read_input_tokens,
            later.cache_read_input_tokens,
        );
        take(&mut self.cache_creation, later.cache_creation);
        take(&mut self.output_tokens_details, later.output_tokens_details);
        take(&mut self.server_tool_use, later.server_tool_use);
        if later.service_tier.is_some() {
            self.service_tier.clone_from(&later.service_tier);
        }
    }
}

/// Usage objects of one response, put together as they come.
#[derive(Clone, Debug)]
pub struct UsageMerge {
    dialect: Dialect,
    raw: Map<String, Value>,
}

impl UsageMerge {
    /// Nothing yet.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            raw: Map::new(),
        }
    }

    /// Takes the JSON of a usage object; anything else, and one over 64 KiB, is passed over.
    pub fn add(&mut self, json: &[u8]) {
        if json.len() <= MAX_USAGE
            && let Ok(Value::Object(later)) = serde_json::from_slice(json)
        {
            merge_raw(&mut self.raw, later);
        }
    }

    /// All of it; none when no usage object came.
    #[must_use]
    pub fn finish(self) -> Option<Usage> {
        (!self.raw.is_empty()).then(|| Usage::from_raw(self.dialect, self.raw))
    }
}

/// Merges a later usage object into an earlier one: key by key, later values win, except null.
pub fn merge_raw(earlier: &mut Map<String, Value>, later: Map<String, Value>) {
    for (key, value) in later {
        if !value.is_null() || !earlier.contains_key(&key) {
            earlier.insert(key, value);
        }
    }
}

/// A usage object whose members are taken out one by one.
struct Raw(Map<String, Value>);

impl Raw {
    /// Takes a count; what is no count stays.
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

    /// Lets `take` have the members of an object; what it leaves, stays.
    fn inside<T>(&mut self, key: &str, take: impl FnOnce(&mut Raw) -> T) -> Option<T> {
        let Some(Value::Object(inner)) = self.0.get_mut(key) else {
            return None;
        };
        let mut raw = Raw(std::mem::take(inner));
        let taken = take(&mut raw);
        if raw.0.is_empty() {
            self.0.shift_remove(key);
        } else {
            *inner = raw.0;
        }
        Some(taken)
    }
}

fn anthropic(raw: &mut Raw) -> Usage {
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

fn openai_chat(raw: &mut Raw) -> Usage {
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

fn openai_responses(raw: &mut Raw) -> Usage {
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

fn cached(raw: &mut Raw, details: &str) -> (Option<u64>, Option<u64>) {
    raw.inside(details, |raw| {
        (raw.count("cached_tokens"), raw.count("cache_write_tokens"))
    })
    .unwrap_or_default()
}

fn gemini(raw: &mut Raw) -> Usage {
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

#[cfg(test)]
mod tests;
