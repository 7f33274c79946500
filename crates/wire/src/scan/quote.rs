//! Where a JSON string ends. Nearly all of a body is inside strings, so this is what reading one
//! costs.
//!
//! Looks for quotes only and then at the backslashes before them: code has a `\n` every line but few
//! quotes, so this stops less often than a search for both. Where quotes are close together, as
//! in keys and in JSON within a string, a call of `memchr` for each would cost more than the bytes.

use memchr::memchr;

/// Bytes without a quote after which `memchr` takes over.
const NEAR: usize = 32;
const WORD: usize = size_of::<u64>();

/// The offset of the quote that closes the string whose content starts at `start`.
pub(super) fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut from = start;
    loop {
        from = match by_words(bytes, start, from) {
            Search::Found(quote) => return Some(quote),
            Search::OnFrom(from) => from,
        };
        let quote = from + memchr(b'"', bytes.get(from..)?)?;
        if !is_escaped(bytes, start, quote) {
            return Some(quote);
        }
        from = quote + 1;
    }
}

enum Search {
    Found(usize),
    /// Not before this offset, which is not escaped by what stands before.
    OnFrom(usize),
}

/// Looks for the closing quote eight bytes at a time while there are quotes within [`NEAR`].
/// Before `from` there must be no backslash, unless `from` is `start`.
fn by_words(bytes: &[u8], start: usize, from: usize) -> Search {
    let mut at = from;
    let mut rest = bytes.get(from..).unwrap_or_default();
    let mut last = from;
    while let Some((word, tail)) = rest.split_first_chunk::<WORD>()
        && at - last < NEAR
    {
        let word = u64::from_le_bytes(*word);
        let quotes = equal(word, b'"');
        if quotes != 0 {
            let mut open = quotes & !escaped(word, backslashes_before(bytes, from, at));
            while open != 0 {
                let quote = at + open.trailing_zeros() as usize / 8;
                if !is_escaped(bytes, start, quote) {
                    return Search::Found(quote);
                }
                open &= open - 1;
            }
            last = at + WORD;
        }
        at += WORD;
        rest = tail;
    }
    Search::OnFrom(at)
}

/// The bytes of `word` that are escaped for sure: those behind one backslash. Those behind more have
/// to be counted. `before` tells of the two bytes before the word as [`equal`] does.
fn escaped(word: u64, before: u64) -> u64 {
    let backslashes = equal(word, b'\\');
    let one_before = backslashes << 8 | before >> 8;
    let two_before = backslashes << 16 | before;
    one_before & !two_before
}

/// Which of the last two bytes before `at` are backslashes, as [`equal`] tells of two bytes; those
/// before `from` are none.
fn backslashes_before(bytes: &[u8], from: usize, at: usize) -> u64 {
    let mut found = 0;
    for byte in bytes
        .get(from.max(at.saturating_sub(2))..at)
        .unwrap_or_default()
    {
        found = found >> 8 | u64::from(*byte == b'\\') << 15;
    }
    found
}

/// The highest bit of each byte of `word` that is `byte`.
fn equal(word: u64, byte: u8) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x7F; WORD]);
    let zero = word ^ u64::from_ne_bytes([byte; WORD]);
    !(((zero & LOW) + LOW) | zero | LOW)
}

/// Whether an odd number of backslashes stands before the quote, in the string from `start` on.
fn is_escaped(bytes: &[u8], start: usize, quote: usize) -> bool {
    let before = bytes.get(start..quote).unwrap_or_default();
    let backslashes = before.iter().rev().take_while(|&&b| b == b'\\').count();
    backslashes % 2 == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one_by_one(bytes: &[u8], start: usize) -> Option<usize> {
        let mut at = start;
        loop {
            match bytes.get(at)? {
                b'"' => return Some(at),
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
    }

    proptest! {
        #[test]
        fn the_end_is_where_a_walk_byte_by_byte_finds_it(
            before in "[\\\\\"a]{0,4}",
            text in "([\\\\]{1,9}|[\"]{1,3}|[a\u{80}-\u{ff}]{1,30}|b{60,140}|[\\\\]\"){0,12}",
            end in "[\\\\\"]{0,9}",
        ) {
            let text = format!("{before}\"{text}{end}");
            let start = before.len() + 1;
            prop_assert_eq!(
                string_end(text.as_bytes(), start),
                one_by_one(text.as_bytes(), start)
            );
        }
    }

    #[test]
    fn the_end_is_found_wherever_it_is() {
        for length in 0..300 {
            for ends in ["\"", "\\\\\"", "\\\"\"", "\\\\\\\"\\\\\\\\\""] {
                let text = format!("\"{}{ends}", "x".repeat(length));
                assert_eq!(
                    string_end(text.as_bytes(), 1),
                    Some(text.len() - 1),
                    "{text}"
                );
                assert_eq!(
                    string_end(&text.as_bytes()[..text.len() - 1], 1),
                    None,
                    "{text}"
                );
            }
        }
    }
}
