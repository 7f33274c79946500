//! Tokens as an answer of Messages states them, and a guess where nobody counted.

use crate::translate::json::Writer;
use crate::usage::Usage;

/// What is said where the provider counted nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    /// Tokens of the prompt.
    pub(super) input: u64,
    /// Bytes of what was answered.
    pub(super) output_bytes: u64,
}

impl Guess {
    /// Four bytes make a token, more or less.
    fn output(self) -> u64 {
        self.output_bytes.div_ceil(4)
    }
}

/// Writes the usage of a whole answer. The four counts are always there: clients add them up.
pub(super) fn write(out: &mut Writer, usage: &Usage, guess: Guess) {
    out.object();
    let counts = [
        ("input_tokens", usage.input_tokens.unwrap_or(guess.input)),
        (
            "cache_creation_input_tokens",
            usage.cache_creation_input_tokens.unwrap_or(0),
        ),
        (
            "cache_read_input_tokens",
            usage.cache_read_input_tokens.unwrap_or(0),
        ),
        (
            "output_tokens",
            usage.output_tokens.unwrap_or_else(|| guess.output()),
        ),
    ];
    for (name, count) in counts {
        out.key(name).number(count);
    }
    if let Some(written) = usage.cache_creation {
        out.key("cache_creation").object();
        let short = written.ephemeral_5m_input_tokens.unwrap_or(0);
        out.key("ephemeral_5m_input_tokens").number(short);
        let long = written.ephemeral_1h_input_tokens.unwrap_or(0);
        out.key("ephemeral_1h_input_tokens").number(long);
        out.end_object();
    }
    if let Some(thinking) = usage
        .output_tokens_details
        .and_then(|details| details.thinking_tokens)
    {
        out.key("output_tokens_details").object();
        out.key("thinking_tokens").number(thinking).end_object();
    }
    if let Some(uses) = usage.server_tool_use {
        out.key("server_tool_use").object();
        let searches = uses.web_search_requests.unwrap_or(0);
        out.key("web_search_requests").number(searches);
        let fetches = uses.web_fetch_requests.unwrap_or(0);
        out.key("web_fetch_requests").number(fetches).end_object();
    }
    // Other providers' tiers are none of Anthropic's.
    if let Some(tier @ ("standard" | "priority" | "batch")) = usage.service_tier.as_deref() {
        out.key("service_tier").string(tier);
    }
    out.end_object();
}

/// Writes the usage that a stream begins with, when at most the prompt is counted.
pub(super) fn write_early(out: &mut Writer, usage: &Usage, guess: Guess) {
    let read = usage.cache_read_input_tokens.unwrap_or(0);
    let cached = read.saturating_add(usage.cache_creation_input_tokens.unwrap_or(0));
    // A prompt of no tokens makes Claude Code forget the cost of the whole answer.
    let input = usage.input_tokens.filter(|input| *input > 0 || cached > 0);
    let early = Usage {
        input_tokens: Some(input.unwrap_or(guess.input.max(1))),
        output_tokens: Some(0),
        cache_creation_input_tokens: usage.cache_creation_input_tokens,
        cache_read_input_tokens: usage.cache_read_input_tokens,
        ..Usage::default()
    };
    write(out, &early, guess);
}
