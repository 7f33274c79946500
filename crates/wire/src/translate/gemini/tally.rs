//! Tokens in chunks and answers. Every chunk has them, cumulative, so they are looked at without
//! a copy and put into the common words only when somebody asks.

use crate::dialect::Dialect;
use crate::scan::Cursor;
use crate::translate::json::Writer;
use crate::translate::search;
use crate::usage::{Usage, UsageMerge};

/// The counts, by their names.
const NAMES: [&str; 6] = [
    "promptTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "cachedContentTokenCount",
    "toolUsePromptTokenCount",
    "totalTokenCount",
];

/// Largest `usageMetadata` that is kept, in bytes.
const MAX_KEPT: usize = 64 * 1024;

/// What the chunks so far said.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: [Option<u64>; NAMES.len()],
    /// The latest object as it was.
    last: Vec<u8>,
    /// Searches of the web that were made.
    searches: u64,
}

impl Tally {
    /// Takes a `usageMetadata`.
    pub(super) fn add(&mut self, json: &[u8]) {
        self.take(json, &mut Cursor::new(json));
    }

    /// Takes the `usageMetadata` at the cursor, which walks over `bytes`.
    pub(super) fn take(&mut self, bytes: &[u8], cursor: &mut Cursor<'_>) {
        // Passes over white space.
        cursor.kind();
        let start = cursor.offset();
        cursor.object(|key, cursor| {
            let known = NAMES.iter().position(|name| key.raw() == name.as_bytes());
            if let Some(count) = known.and_then(|at| self.counts.get_mut(at)) {
                let value = std::str::from_utf8(cursor.value()).ok();
                let value = value.and_then(|value| value.trim_matches('"').parse().ok());
                *count = value.or(*count);
            }
        });
        let json = bytes.get(start..cursor.offset()).unwrap_or_default();
        if json.len() <= MAX_KEPT {
            self.last.clear();
            self.last.extend_from_slice(json);
        }
    }

    /// Takes a `groundingMetadata`, which says what was searched for.
    pub(super) fn searched(&mut self, json: &[u8]) {
        let mut count = 0;
        Cursor::new(json).object(|key, cursor| {
            if matches!(key.raw(), b"webSearchQueries" | b"web_search_queries") {
                cursor.array(|cursor| {
                    cursor.skip();
                    count += 1;
                });
            }
        });
        self.searches = self.searches.max(count);
    }

    /// The usage in the common words; none when nothing was counted.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.counts.iter().find(|count| count.is_some())?;
        let mut known = Writer::default();
        known.object();
        for (name, count) in NAMES.iter().zip(self.counts) {
            if let Some(count) = count {
                known.key(name).number(count);
            }
        }
        known.end_object();
        let mut merge = UsageMerge::new(Dialect::Gemini);
        merge.add(&self.last);
        merge.add(&known.finish());
        let mut usage = merge.finish();
        search::count(&mut usage, self.searches);
        usage
    }
}

/// Writes a `usageMetadata`. Google's prompt includes what was cached, its candidates exclude
/// thoughts.
pub(super) fn write(out: &mut Writer, usage: &Usage) {
    let cached = usage.cache_read_input_tokens.unwrap_or(0);
    let prompt = usage
        .input_tokens
        .unwrap_or(0)
        .saturating_add(cached)
        .saturating_add(usage.cache_creation_input_tokens.unwrap_or(0));
    let output = usage.output_tokens.unwrap_or(0);
    let thoughts = usage
        .output_tokens_details
        .and_then(|details| details.thinking_tokens)
        .map(|thoughts| thoughts.min(output));
    out.object();
    out.key("promptTokenCount").number(prompt);
    let said = output - thoughts.unwrap_or(0);
    out.key("candidatesTokenCount").number(said);
    let total = prompt.saturating_add(output);
    out.key("totalTokenCount").number(total);
    if usage
        .cache_read_input_tokens
        .is_some_and(|cached| cached > 0)
    {
        out.key("cachedContentTokenCount").number(cached);
    }
    if let Some(thoughts) = thoughts {
        out.key("thoughtsTokenCount").number(thoughts);
    }
    out.end_object();
}

/// What is said where the provider counted nothing: four bytes make a token, more or less.
pub(super) fn guess(input: u64, output_bytes: u64) -> Usage {
    Usage {
        input_tokens: Some(input),
        output_tokens: Some(output_bytes.div_ceil(4)),
        ..Usage::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_chunk_that_leaves_out_a_count_does_not_take_it_back() {
        let mut tally = Tally::default();
        assert_eq!(tally.usage(), None);
        tally.add(br#"{"promptTokenCount":46,"candidatesTokenCount":51,"thoughtsTokenCount":101}"#);
        tally.add(br#"{"promptTokenCount":46,"cachedContentTokenCount":6,"trafficType":"X"}"#);
        let usage = tally.usage().unwrap();
        assert_eq!(
            (usage.input_tokens, usage.output_tokens),
            (Some(40), Some(152))
        );
        let mut out = Writer::default();
        write(&mut out, &usage);
        assert_eq!(
            out.into_string(),
            r#"{"promptTokenCount":46,"candidatesTokenCount":51,"totalTokenCount":198,"cachedContentTokenCount":6,"thoughtsTokenCount":101}"#
        );
        assert_eq!(usage.extra["trafficType"], "X");
    }
}
