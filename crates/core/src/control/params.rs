//! The members at the top of a JSON body, as the texts that patterns are held against.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A name and a text.
type Member<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Name and text of each member in order. One that comes twice is there twice: providers differ in
/// which of them they heed.
pub(super) fn members(body: &[u8]) -> Result<Vec<Member<'_>>, String> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let mut reader = serde_json::Deserializer::from_slice(body);
    let members = reader
        .deserialize_map(Members)
        .and_then(|members| reader.end().map(|()| members));
    members.map_err(|error| format!("it is no JSON object ({error})"))
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            let value: &RawValue = map.next_value()?;
            members.push((name, text(value).map_err(A::Error::custom)?));
        }
        Ok(members)
    }
}

/// A member's name, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Texts as they are; numbers, `true`, `false`, `null`, lists and objects as JSON writes them, a
/// number in its shortest form.
fn text(value: &RawValue) -> Result<Cow<'_, str>, serde_json::Error> {
    let raw = value.get();
    Ok(match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<Name<'_>>(raw)?.0,
        Some(b'-' | b'0'..=b'9') => number(raw).map_or(Cow::Borrowed(raw), Cow::Owned),
        _ => Cow::Borrowed(raw),
    })
}

/// `1.0` and `1e0` are `1`. None where the text is the shortest form already, or more exact than a
/// double.
fn number(raw: &str) -> Option<String> {
    if !raw.contains(['.', 'e', 'E']) {
        return None;
    }
    let short = raw
        .parse::<f64>()
        .ok()
        .filter(|it| it.is_finite())?
        .to_string();
    (short != raw).then_some(short)
}

/// A segment of a path without its percent signs; none if what comes out is no text.
pub(super) fn percent_decoded(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('%') {
        return Some(Cow::Borrowed(segment));
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (pair, after) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(pair)
            .ok()
            .filter(|pair| !pair.starts_with('+'))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_as_texts_and_twice_if_they_come_twice() {
        let body = br#"{"model":"a\u0062c","n":1.0,"t":1e2,"f":1.5,"s":true,"x":null,"l":[1],"model":"b"}"#;
        let members = members(body).unwrap();
        let pairs: Vec<(&str, &str)> = members.iter().map(|(a, b)| (&**a, &**b)).collect();
        assert_eq!(
            pairs,
            [
                ("model", "abc"),
                ("n", "1"),
                ("t", "100"),
                ("f", "1.5"),
                ("s", "true"),
                ("x", "null"),
                ("l", "[1]"),
                ("model", "b")
            ]
        );
    }

    #[test]
    fn what_is_no_object_is_said_so() {
        for body in [&b"[]"[..], b"{", b"model=gpt", b"{} {}", b"\xff", b"null"] {
            assert!(members(body).is_err(), "{body:?}");
        }
    }

    #[test]
    fn percent_signs_are_decoded_or_refused() {
        assert_eq!(percent_decoded("a%2Fb").as_deref(), Some("a/b"));
        assert_eq!(percent_decoded("plain").as_deref(), Some("plain"));
        for odd in ["%", "%2", "%zz", "%+1", "%ff"] {
            assert_eq!(percent_decoded(odd), None, "{odd}");
        }
    }
}
