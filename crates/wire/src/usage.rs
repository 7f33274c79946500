//! Tokens used, in one vocabulary for all dialects: Anthropic's.
//!
//! Counts in streams are cumulative: a later value replaces an earlier one and nothing is ever
//! added up. No prices here.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::dialect::Dialect;

mod flat;
mod members;
mod merge;

use members::Tree;
pub use merge::UsageMerge;

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
        let mut raw = Tree(raw);
        let mut usage = members::read(dialect, &mut raw);
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

/// Merges a later usage object into an earlier one: key by key, later values win, except null.
pub fn merge_raw(earlier: &mut Map<String, Value>, later: Map<String, Value>) {
    for (key, value) in later {
        if !value.is_null() || !earlier.contains_key(&key) {
            earlier.insert(key, value);
        }
    }
}

#[cfg(test)]
mod tests;
