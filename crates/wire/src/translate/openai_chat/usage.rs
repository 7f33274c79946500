//! Tokens as Chat states them.

use crate::translate::json::Writer;
use crate::usage::Usage;

/// What is said where the provider counted nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guess {
    /// Tokens of the prompt.
    pub input: u64,
    /// Bytes of what was answered.
    pub output_bytes: u64,
}

/// Writes a usage object. The prompt's count includes what was cached.
pub(super) fn write(out: &mut Writer, usage: &Usage, guess: Guess) {
    let read = usage.cache_read_input_tokens.unwrap_or(0);
    let written = usage.cache_creation_input_tokens.unwrap_or(0);
    let cached = read.saturating_add(written);
    let prompt = match usage.input_tokens {
        Some(fresh) => fresh.saturating_add(cached),
        None => cached.max(guess.input),
    };
    // Four bytes make a token, more or less.
    let guessed = guess.output_bytes.div_ceil(4);
    let completion = usage.output_tokens.unwrap_or(guessed);
    out.object().key("prompt_tokens").number(prompt);
    out.key("completion_tokens").number(completion);
    let total = prompt.saturating_add(completion);
    out.key("total_tokens").number(total);
    out.key("prompt_tokens_details").object();
    out.key("cached_tokens").number(read);
    if written > 0 {
        out.key("cache_write_tokens").number(written);
    }
    out.end_object();
    let thinking = usage
        .output_tokens_details
        .and_then(|details| details.thinking_tokens);
    if let Some(thinking) = thinking {
        out.key("completion_tokens_details").object();
        out.key("reasoning_tokens").number(thinking).end_object();
    }
    out.end_object();
}
