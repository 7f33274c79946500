//! A request for a stream made of one that wants none.

use crate::dialect::Dialect;
use crate::edit::Edits;
use crate::scan::{Cursor, Kind};

/// The changes to `body` that make its answer a stream; none when it is no object. Every other byte
/// of it stays.
///
/// ```
/// use bytes::Bytes;
/// use weir_wire::{demote::demand_stream, dialect::Dialect};
/// let body = br#"{"model":"m","stream": false,"n":9007199254740993}"#;
/// let edits = demand_stream(Dialect::AnthropicMessages, body).expect("an object");
/// let (pieces, _) = edits.apply(&[Bytes::from_static(body)]);
/// assert_eq!(pieces.concat(), br#"{"model":"m","stream": true,"n":9007199254740993}"#);
/// ```
#[must_use]
pub fn demand_stream(dialect: Dialect, body: &[u8]) -> Option<Edits> {
    let mut cursor = Cursor::new(body);
    if cursor.kind()? != Kind::Object {
        return None;
    }
    let open = body.iter().position(|byte| *byte == b'{')? + 1;
    let (mut stream, mut options, mut members) = (None, false, 0);
    cursor.object(|key, cursor| {
        members += 1;
        options |= key.is("stream_options");
        let wanted = key.is("stream");
        let value = cursor.value();
        if wanted {
            stream = Some(cursor.offset() - value.len()..cursor.offset());
        }
    });
    if cursor.malformed() {
        return None;
    }
    let mut edits = Edits::default();
    let mut added = String::new();
    match stream {
        Some(place) => edits.replace(place, "true"),
        None => added.push_str("\"stream\":true"),
    }
    // Chat counts tokens at the end of a stream only when asked to.
    if dialect == Dialect::OpenaiChat && !options {
        if !added.is_empty() {
            added.push(',');
        }
        added.push_str("\"stream_options\":{\"include_usage\":true}");
    }
    if !added.is_empty() {
        if members > 0 {
            added.push(',');
        }
        edits.replace(open..open, added);
    }
    Some(edits)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn demoted(dialect: Dialect, body: &'static str) -> String {
        let edits = demand_stream(dialect, body.as_bytes()).expect("an object");
        let (pieces, len) = edits.apply(&[Bytes::from_static(body.as_bytes())]);
        let whole = pieces.concat();
        assert_eq!(whole.len(), len);
        String::from_utf8(whole).unwrap()
    }

    #[test]
    fn the_member_is_changed_or_added_and_nothing_else() {
        let messages = |body| demoted(Dialect::AnthropicMessages, body);
        assert_eq!(messages("{}"), r#"{"stream":true}"#);
        assert_eq!(messages(" { \"a\" : 1 }"), " {\"stream\":true, \"a\" : 1 }");
        assert_eq!(
            messages(r#"{"stream":null,"b":2}"#),
            r#"{"stream":true,"b":2}"#
        );
        let inner = r#"{"stream":false,"x":{"stream":false}}"#;
        assert_eq!(messages(inner), r#"{"stream":true,"x":{"stream":false}}"#);
    }

    #[test]
    fn a_stream_of_chat_is_to_count_its_tokens() {
        let chat = |body| demoted(Dialect::OpenaiChat, body);
        assert_eq!(
            chat(r#"{"n":1}"#),
            r#"{"stream":true,"stream_options":{"include_usage":true},"n":1}"#
        );
        assert_eq!(
            chat(r#"{"stream":false}"#),
            r#"{"stream_options":{"include_usage":true},"stream":true}"#
        );
    }

    #[test]
    fn what_is_no_object_stays() {
        for body in ["", "[]", "{\"a\":", "x"] {
            assert!(demand_stream(Dialect::AnthropicMessages, body.as_bytes()).is_none());
        }
    }
}
