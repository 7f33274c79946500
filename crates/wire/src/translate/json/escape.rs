//! Text as it stands between the quotes of a JSON string.

use crate::word;

/// Gives `text` piece by piece, its quotes, backslashes and control characters escaped.
pub(in crate::translate) fn escape(text: &str, mut put: impl FnMut(&str)) {
    let bytes = text.as_bytes();
    let (words, tail) = bytes.as_chunks();
    let mut from = 0;
    let mut see = |at: usize, byte: u8| {
        if let Some(escaped) = escaped(byte) {
            put(text.get(from..at).unwrap_or_default());
            put(escaped);
            from = at + 1;
        }
    };
    for (at, bytes) in words.iter().enumerate() {
        let mut found = special(u64::from_le_bytes(*bytes));
        while let Some(first) = word::first(found) {
            see(
                at * word::LENGTH + first,
                bytes.get(first).copied().unwrap_or(b' '),
            );
            found &= found - 1;
        }
    }
    for (at, byte) in tail.iter().enumerate() {
        see(words.len() * word::LENGTH + at, *byte);
    }
    put(text.get(from..).unwrap_or_default());
}

/// Where there may be something to escape; nothing is missed.
fn special(word: u64) -> u64 {
    word::equal(word, b'"') | word::equal(word, b'\\') | word::less(word, b' ')
}

fn escaped(byte: u8) -> Option<&'static str> {
    match byte {
        b'\n' => Some("\\n"),
        b'"' => Some("\\\""),
        b'\\' => Some("\\\\"),
        b'\t' => Some("\\t"),
        b'\r' => Some("\\r"),
        _ => CONTROLS.get(usize::from(byte)).copied(),
    }
}

#[rustfmt::skip]
const CONTROLS: [&str; 32] = [
    "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007",
    "\\u0008", "\\u0009", "\\u000a", "\\u000b", "\\u000c", "\\u000d", "\\u000e", "\\u000f",
    "\\u0010", "\\u0011", "\\u0012", "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017",
    "\\u0018", "\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_text_comes_back(text in "([\\x00-\\x22\\\\a\u{e9}]{0,9}|.{0,20}){0,4}") {
            let mut out = "\"".to_owned();
            escape(&text, |piece| out.push_str(piece));
            out.push('"');
            let back: String = serde_json::from_str(&out).unwrap();
            prop_assert_eq!(back, text);
        }
    }

    #[test]
    fn only_what_must_be_is_escaped() {
        let mut out = String::new();
        escape("\u{0}\u{8}\t\n\r\u{1f} !\"#[\\]\u{7f}\u{e9}/", |piece| {
            out.push_str(piece);
        });
        assert_eq!(
            out,
            "\\u0000\\u0008\\t\\n\\r\\u001f !\\\"#[\\\\]\u{7f}\u{e9}/"
        );
    }
}
