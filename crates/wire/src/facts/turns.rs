//! Whether a request goes on with a conversation: somebody has answered in it already, a tool has
//! run, or the user speaks for the second time. What it gets depends on more than its words then, and
//! an agent that got the answer of another run would go on from the wrong place.

use crate::dialect::Dialect;
use crate::facts::request::messages_in;
use crate::scan::{Cursor, Kind, Text};

/// Whether the body is more than one turn of one user. A body that cannot be read counts as that.
#[must_use]
pub fn goes_on(dialect: Dialect, body: &[u8]) -> bool {
    let mut turns = Turns::default();
    let mut cursor = Cursor::new(body);
    let whole = cursor.object(|key, cursor| {
        let name = key.decode();
        if name == messages_in(dialect) {
            match cursor.kind() {
                Some(Kind::Array) => {
                    cursor.array(|cursor| turns.entry(cursor));
                }
                _ => turns.entry(cursor),
            }
        } else if matches!(&*name, "previous_response_id" | "conversation") {
            turns.goes_on |= cursor.kind() != Some(Kind::Null);
        }
    });
    !whole || !cursor.at_end() || turns.goes_on || turns.users > 1
}

#[derive(Default)]
struct Turns {
    users: u32,
    goes_on: bool,
}

impl Turns {
    /// Takes one entry of the conversation: a message, an item, or a text alone.
    fn entry(&mut self, cursor: &mut Cursor<'_>) {
        if cursor.kind() == Some(Kind::String) {
            cursor.skip();
            self.users += 1;
            return;
        }
        let (mut role, mut kind) = (None, None);
        let mut result = false;
        cursor.object(|key, cursor| match key.raw() {
            b"role" => role = cursor.string(),
            b"type" => kind = cursor.string(),
            b"content" | b"parts" => result |= holds_result(cursor),
            _ => {}
        });
        let is = |text: Option<Text<'_>>, words: &[&str]| {
            text.is_some_and(|text| words.iter().any(|word| text.is(word)))
        };
        // Responses has items that are no messages: calls, their outputs, reasoning.
        let message = kind.is_none() || is(kind, &["message"]);
        if result || !message {
            self.goes_on = true;
        } else if role.is_none() || is(role, &["user"]) {
            self.users += 1;
        } else if !is(role, &["system", "developer"]) {
            self.goes_on = true;
        }
    }
}

/// Whether a message's content holds what a tool gave.
fn holds_result(cursor: &mut Cursor<'_>) -> bool {
    if cursor.kind() != Some(Kind::Array) {
        cursor.skip();
        return false;
    }
    let mut found = false;
    cursor.array(|cursor| {
        cursor.object(|key, cursor| match key.raw() {
            b"type" => {
                found |= cursor
                    .string()
                    .is_some_and(|kind| kind.raw().ends_with(b"_result"));
            }
            b"functionResponse" | b"function_response" => found = true,
            _ => {}
        });
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAUDE: Dialect = Dialect::AnthropicMessages;
    const CHAT: Dialect = Dialect::OpenaiChat;
    const CODEX: Dialect = Dialect::OpenaiResponses;
    const GEMINI: Dialect = Dialect::Gemini;

    #[test]
    fn one_question_is_one_turn_in_every_dialect() {
        for (dialect, body) in [
            (
                CLAUDE,
                r#"{"system":"s","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}"#,
            ),
            (
                CHAT,
                r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}]}"#,
            ),
            (CODEX, r#"{"input":"hi","previous_response_id":null}"#),
            (
                CODEX,
                r#"{"input":[{"role":"developer","content":"d"},{"type":"message","role":"user","content":"hi"}]}"#,
            ),
            (GEMINI, r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#),
            (
                GEMINI,
                r#"{"contents":{"role":"user","parts":[{"text":"hi"}]}}"#,
            ),
        ] {
            assert!(!goes_on(dialect, body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn whoever_was_answered_or_has_run_a_tool_goes_on() {
        for (dialect, body) in [
            (
                CLAUDE,
                r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#,
            ),
            (
                CLAUDE,
                r#"{"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}"#,
            ),
            (
                CLAUDE,
                r#"{"messages":[{"role":"user","content":[{"type":"tool_result","content":"x"}]}]}"#,
            ),
            (
                CHAT,
                r#"{"messages":[{"role":"user","content":"a"},{"role":"tool","content":"b"}]}"#,
            ),
            (CODEX, r#"{"input":"hi","previous_response_id":"resp_1"}"#),
            (
                CODEX,
                r#"{"input":[{"type":"function_call_output","output":"x"}]}"#,
            ),
            (
                GEMINI,
                r#"{"contents":[{"role":"model","parts":[{"text":"hi"}]}]}"#,
            ),
            (
                GEMINI,
                r#"{"contents":[{"parts":[{"functionResponse":{}}]}]}"#,
            ),
            (CHAT, r#"{"messages":[{"role":"user""#),
            (CHAT, "no json"),
        ] {
            assert!(goes_on(dialect, body.as_bytes()), "{body}");
        }
    }
}
