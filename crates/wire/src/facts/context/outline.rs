//! Digests of a request's sections, by which it is found where two requests part. Marks that only
//! say where to cache do not count.

use memchr::memmem;
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_64_with_seed};

use crate::scan::{Cursor, Text};

/// Entries of a section that are told apart.
pub(super) const MOST_ENTRIES: usize = 16_384;

/// A message in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageSum {
    /// Over its bytes, cache marks taken out.
    digest: u64,
    /// Over who speaks and the text, where a text is all that it says: clients write that as a
    /// string, or as a list of one block when they put a mark on it.
    text: Option<u64>,
}

impl MessageSum {
    pub(super) fn new(bytes: &[u8], text: Option<(Option<Text<'_>>, Text<'_>)>) -> Self {
        let text = text.map(|(role, text)| {
            let role = role.map_or(&b""[..], Text::raw);
            xxh3_64_with_seed(text.raw(), xxh3_64(role))
        });
        Self {
            digest: digest(bytes),
            text,
        }
    }

    /// Whether both say the same.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.digest == other.digest || (self.text.is_some() && self.text == other.text)
    }
}

/// What tells a request from another of the same conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The model named in the body.
    pub model: Option<String>,
    /// Each tool's name and digest.
    pub tools: Vec<(String, u64)>,
    /// Each block of the system prompt.
    pub system: Vec<u64>,
    /// Each message.
    pub messages: Vec<MessageSum>,
    /// Marks that ask for a prefix to be cached.
    pub breakpoints: u32,
    /// Whether one of them asks for an hour.
    pub one_hour: bool,
}

/// Over bytes of JSON, with every `cache_control` member left out.
pub(super) fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = Xxh3::new();
    let mut from = 0;
    for at in memmem::find_iter(bytes, b"\"cache_control\"") {
        let Some((start, end)) = member_around(bytes, at).filter(|(start, _)| *start >= from)
        else {
            continue;
        };
        hasher.update(bytes.get(from..start).unwrap_or_default());
        from = end;
    }
    hasher.update(bytes.get(from..).unwrap_or_default());
    hasher.digest()
}

/// Where the member whose key stands at `at` begins and ends, with one comma beside it.
fn member_around(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let key_end = at + b"\"cache_control\"".len();
    let rest = bytes.get(key_end..)?;
    let colon = rest.iter().position(|b| !b.is_ascii_whitespace())?;
    let value = rest.get(colon..)?.strip_prefix(b":")?;
    let mut cursor = Cursor::new(value);
    cursor.skip();
    if cursor.malformed() {
        return None;
    }
    let end = key_end + colon + 1 + cursor.offset();
    let before = bytes.get(..at)?.trim_ascii_end();
    if let Some(before) = before.strip_suffix(b",") {
        return Some((before.trim_ascii_end().len(), end));
    }
    let after = bytes.get(end..)?;
    let blanks = after.len() - after.trim_ascii_start().len();
    let comma = after.get(blanks) == Some(&b',');
    Some((at, if comma { end + blanks + 1 } else { end }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_marks_do_not_count_wherever_they_stand() {
        let plain = digest(br#"{"a":1,"b":2}"#);
        for marked in [
            &br#"{"cache_control":{"type":"ephemeral"},"a":1,"b":2}"#[..],
            br#"{"a":1,"cache_control":{"type":"ephemeral","ttl":"1h"},"b":2}"#,
            br#"{"a":1,"b":2 , "cache_control" : null}"#,
        ] {
            assert_eq!(digest(marked), plain, "{}", String::from_utf8_lossy(marked));
        }
        assert_ne!(digest(br#"{"a":1,"b":3}"#), plain);
        let quoted = br#"{"a":"say \"cache_control\":1"}"#;
        assert_eq!(digest(quoted), xxh3_64(quoted));
    }

    #[test]
    fn a_text_and_a_block_of_it_are_alike() {
        let text = |bytes: &'static [u8]| {
            let mut cursor = Cursor::new(bytes);
            cursor.string()
        };
        let hi = text(b"\"hi\"");
        let one = MessageSum::new(br#"{"content":"hi"}"#, hi.map(|t| (None, t)));
        let two = MessageSum::new(br#"{"content":[{"text":"hi"}]}"#, hi.map(|t| (None, t)));
        assert!(one.is_like(&two));
        let other = MessageSum::new(br#"{"content":[]}"#, None);
        assert!(!one.is_like(&other));
        assert!(other.is_like(&other));
    }
}
