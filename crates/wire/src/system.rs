//! The texts of a request's system prompt, wherever its dialect has them, in one walk and without
//! a copy where they have no escapes.

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::scan::{Cursor, Kind};

/// Most texts that are looked at.
const MOST: usize = 64;

/// The system prompt's texts in order, at most 64. Those of OpenAI's chat are the leading messages
/// of role `system` and `developer`.
#[must_use]
pub fn texts(dialect: Dialect, body: &[u8]) -> Vec<Cow<'_, str>> {
    let mut found = Vec::new();
    Cursor::new(body).object(|key, cursor| match dialect {
        Dialect::AnthropicMessages if key.is("system") => blocks(cursor, &mut found),
        Dialect::OpenaiResponses if key.is("instructions") => blocks(cursor, &mut found),
        Dialect::OpenaiChat if key.is("messages") => leading(cursor, &mut found),
        Dialect::Gemini if key.is("systemInstruction") || key.is("system_instruction") => {
            cursor.object(|key, cursor| {
                if key.is("parts") {
                    blocks(cursor, &mut found);
                }
            });
        }
        _ => {}
    });
    found.truncate(MOST);
    found
}

/// A text, or a list of objects with a `text` each.
fn blocks<'a>(cursor: &mut Cursor<'a>, found: &mut Vec<Cow<'a, str>>) {
    if cursor.kind() == Some(Kind::String) {
        found.extend(cursor.string().map(crate::scan::Text::decode));
        return;
    }
    cursor.array(|cursor| {
        if cursor.kind() == Some(Kind::String) {
            found.extend(cursor.string().map(crate::scan::Text::decode));
            return;
        }
        cursor.object(|key, cursor| {
            if key.is("text") && found.len() < MOST {
                found.extend(cursor.string().map(crate::scan::Text::decode));
            }
        });
    });
}

/// The texts of the messages before the first that is not the system's.
fn leading<'a>(cursor: &mut Cursor<'a>, found: &mut Vec<Cow<'a, str>>) {
    let mut over = false;
    cursor.array(|cursor| {
        if over {
            return;
        }
        let mut system = false;
        let mut content = Vec::new();
        cursor.object(|key, cursor| {
            if key.is("role") {
                let role = cursor.string();
                system = role.is_some_and(|role| role.is("system") || role.is("developer"));
            } else if key.is("content") {
                blocks(cursor, &mut content);
            }
        });
        over = !system;
        if system {
            found.append(&mut content);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_has_its_own_place() {
        for (dialect, body) in [
            (
                Dialect::AnthropicMessages,
                r#"{"messages":[{"role":"user","content":"no"}],"system":[{"type":"text","text":"a"},{"text":"b\n"}]}"#,
            ),
            (
                Dialect::OpenaiChat,
                r#"{"messages":[{"role":"system","content":"a"},{"content":[{"type":"text","text":"b\n"}],"role":"developer"},{"role":"user","content":"no"},{"role":"system","content":"no"}]}"#,
            ),
            (
                Dialect::Gemini,
                r#"{"contents":[],"systemInstruction":{"parts":[{"text":"a"},{"text":"b\n"}]}}"#,
            ),
        ] {
            assert_eq!(texts(dialect, body.as_bytes()), ["a", "b\n"], "{dialect:?}");
        }
        let body = br#"{"input":"no","instructions":"a"}"#;
        assert_eq!(texts(Dialect::OpenaiResponses, body), ["a"]);
        let body = br#"{"system":"a"}"#;
        assert_eq!(texts(Dialect::AnthropicMessages, body), ["a"]);
    }

    #[test]
    fn what_is_no_request_has_none() {
        for body in ["", "[", "{\"system\":3}", "{\"system\":[{\"text\":", "x"] {
            let found = texts(Dialect::AnthropicMessages, body.as_bytes());
            assert!(found.is_empty(), "{body}");
        }
    }
}
