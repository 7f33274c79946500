//! A JSON string as it stands in the body, and its decoding. It never fails: what is not valid
//! becomes U+FFFD or stays as written.

use std::borrow::Cow;

use memchr::memchr;

use crate::word;

/// The bytes between a JSON string's quotes, escapes and all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    raw: &'a [u8],
}

impl<'a> Text<'a> {
    pub(super) fn from_raw(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// The bytes as they stand, still escaped.
    #[must_use]
    pub fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// The first `limit` raw bytes at most; an escape or a character that is cut decodes to
    /// U+FFFD or stays as written.
    #[must_use]
    pub fn prefix(self, limit: usize) -> Self {
        Self {
            raw: self.raw.get(..limit).unwrap_or(self.raw),
        }
    }

    /// Whether the string means `other`.
    #[must_use]
    pub fn is(self, other: &str) -> bool {
        self.raw == other.as_bytes()
            || (self.raw.contains(&b'\\') && self.decode().as_ref() == other)
    }

    /// The string's meaning; copies only when there is an escape or bad UTF-8 in it.
    #[must_use]
    pub fn decode(self) -> Cow<'a, str> {
        self.decode_about(usize::MAX)
    }

    /// The meaning of the string's beginning: at least `enough` bytes if there are so many. How
    /// much more depends only on the string.
    #[must_use]
    pub fn decode_about(self, enough: usize) -> Cow<'a, str> {
        let Ok(valid) = std::str::from_utf8(self.raw) else {
            return Cow::Owned(self.decode_lossily(enough));
        };
        let Some(first) = memchr(b'\\', self.raw) else {
            return Cow::Borrowed(valid);
        };
        let mut text = String::with_capacity(valid.len().min(enough));
        let (mut rest, mut next) = (valid, Some(first));
        while text.len() < enough
            && let Some((plain, escape)) = next.and_then(|at| rest.split_at_checked(at))
        {
            text.push_str(plain);
            let after = unescape(escape.as_bytes(), &mut text).len();
            rest = escape.get(escape.len() - after..).unwrap_or_default();
            next = backslash(rest.as_bytes());
        }
        if text.len() < enough {
            text.push_str(rest);
        }
        Cow::Owned(text)
    }

    /// The same for what is not UTF-8.
    fn decode_lossily(self, enough: usize) -> String {
        let mut text = String::with_capacity(self.raw.len().min(enough));
        let mut rest = self.raw;
        while text.len() < enough
            && let Some(at) = memchr(b'\\', rest)
        {
            let (plain, escape) = rest.split_at(at);
            text.push_str(&String::from_utf8_lossy(plain));
            rest = unescape(escape, &mut text);
        }
        if text.len() < enough {
            text.push_str(&String::from_utf8_lossy(rest));
        }
        text
    }
}

/// The first backslash. In code one follows soon upon the other, and a call of `memchr` would cost
/// more than the bytes between them.
fn backslash(bytes: &[u8]) -> Option<usize> {
    const NEAR: usize = 8;
    let (words, _) = bytes.as_chunks();
    for (at, word) in words.iter().take(NEAR).enumerate() {
        let found = word::first(word::equal(u64::from_le_bytes(*word), b'\\'));
        if let Some(found) = found {
            return Some(at * word::LENGTH + found);
        }
    }
    let from = words.len().min(NEAR) * word::LENGTH;
    Some(from + memchr(b'\\', bytes.get(from..)?)?)
}

/// Decodes the escape that `from` starts with and gives what follows it.
fn unescape<'a>(from: &'a [u8], text: &mut String) -> &'a [u8] {
    let (length, meaning) = match from {
        [_, b'n', ..] => (2, '\n'),
        [_, b't', ..] => (2, '\t'),
        [_, b'r', ..] => (2, '\r'),
        [_, b'b', ..] => (2, '\u{8}'),
        [_, b'f', ..] => (2, '\u{c}'),
        [_, b'u', ..] => unicode_escape(from),
        [_, byte, ..] if byte.is_ascii() => (2, char::from(*byte)),
        _ => (1, '\\'),
    };
    text.push(meaning);
    from.get(length..).unwrap_or_default()
}

/// `\uXXXX`, or two of them that make a surrogate pair: its length and meaning.
fn unicode_escape(from: &[u8]) -> (usize, char) {
    let Some(first) = code_unit(from) else {
        return (2, char::REPLACEMENT_CHARACTER);
    };
    if let Some(plain) = char::from_u32(first) {
        return (6, plain);
    }
    let second = from
        .get(6..)
        .and_then(code_unit)
        .filter(|low| (0xDC00..0xE000).contains(low));
    match second {
        Some(low) if first < 0xDC00 => {
            let code = 0x1_0000 + ((first - 0xD800) << 10) + (low - 0xDC00);
            (
                12,
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
            )
        }
        _ => (6, char::REPLACEMENT_CHARACTER),
    }
}

fn code_unit(from: &[u8]) -> Option<u32> {
    let digits = from.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |code, &digit| {
        Some(code << 4 | char::from(digit).to_digit(16)?)
    })
}
