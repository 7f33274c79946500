//! A query string taken apart without changing a byte that nobody asked to change.

use std::borrow::Cow;

/// The parameters in order: the text as it stands, the name and the value, both decoded.
pub(crate) fn parameters(query: &str) -> impl Iterator<Item = (&str, Cow<'_, str>, Cow<'_, [u8]>)> {
    query.split('&').map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let name = match decode(name) {
            Cow::Borrowed(_) => Cow::Borrowed(name),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        };
        (part, name, decode(value))
    })
}

/// Percent decoding, with `+` for a space; what is no valid escape stays as it is.
pub(crate) fn decode(text: &str) -> Cow<'_, [u8]> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) => {
                if let (Some(high), Some(low)) = (hex(*high), hex(*low)) {
                    out.push(high * 16 + low);
                    rest = after;
                } else {
                    out.push(first);
                }
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(first),
        }
    }
    Cow::Owned(out)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_decoded_and_broken_ones_kept() {
        for (text, expected) in [
            ("abc", "abc"),
            ("a%20b+c", "a b c"),
            ("%6Bey", "key"),
            ("%", "%"),
            ("%2", "%2"),
            ("%zz%41", "%zzA"),
        ] {
            assert_eq!(decode(text).as_ref(), expected.as_bytes(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_decodes(text in "\\PC*") {
            prop_assert!(decode(&text).len() <= text.len());
        }
    }
}
