//! The words of a request and of an answer: what somebody looks for who remembers what was said.
//! Instructions, texts, thoughts, the names of tools and what went into and came out of them; no
//! pictures, no ids, no signatures. One walk, bounded, without a tree.

use super::request::messages_in;
use crate::dialect::Dialect;
use crate::scan::{Cursor, Kind, Text};

/// Raw bytes of one string that are looked at.
const LONGEST: usize = 16 << 10;
/// A string longer than this without a space near its beginning is no text.
const NEAR: usize = 512;
/// Deepest value that is looked into.
const DEEPEST: u32 = 32;

/// The words of a request body, at most about `limit` bytes, one text a line. The first `shared`
/// messages are passed over, and the instructions with them: an earlier request had them.
#[must_use]
pub fn of_request(dialect: Dialect, body: &[u8], shared: usize, limit: usize) -> String {
    let mut words = Words::new(limit);
    let messages = messages_in(dialect).as_bytes();
    Cursor::new(body).object(|key, cursor| match key.raw() {
        name if name == messages => {
            if cursor.kind() != Some(Kind::Array) {
                return words.value(cursor, 0);
            }
            let mut at = 0;
            cursor.array(|cursor| {
                if at >= shared {
                    words.value(cursor, 0);
                }
                at += 1;
            });
        }
        b"system" | b"instructions" | b"systemInstruction" | b"system_instruction"
            if shared == 0 =>
        {
            // They are long and the same everywhere: most of the room is for what was said.
            let mut instructions = Words::new(limit / 4);
            instructions.value(cursor, 0);
            words.line(&instructions.text);
        }
        _ => {}
    });
    words.text
}

/// The words of an answer that is JSON, or of an error, at most about `limit` bytes.
#[must_use]
pub fn of_answer(body: &[u8], limit: usize) -> String {
    let mut words = Words::new(limit);
    let mut cursor = Cursor::new(body);
    if cursor.kind() == Some(Kind::Array) {
        cursor.array(|cursor| words.answer(cursor));
    } else {
        words.answer(&mut cursor);
    }
    words.text
}

/// What was gathered.
struct Words {
    text: String,
    limit: usize,
}

impl Words {
    fn new(limit: usize) -> Self {
        Self {
            text: String::new(),
            limit,
        }
    }

    fn answer(&mut self, cursor: &mut Cursor<'_>) {
        cursor.object(|key, cursor| match key.raw() {
            b"content" | b"choices" | b"output" | b"candidates" | b"error" => self.value(cursor, 0),
            _ => {}
        });
    }

    fn is_full(&self) -> bool {
        self.text.len() >= self.limit
    }

    /// Takes a value and every text in it.
    fn value(&mut self, cursor: &mut Cursor<'_>, depth: u32) {
        if self.is_full() || depth > DEEPEST {
            return cursor.skip();
        }
        match cursor.kind() {
            Some(Kind::String) => {
                if let Some(text) = cursor.string() {
                    self.text(text);
                }
            }
            Some(Kind::Array) => {
                cursor.array(|cursor| self.value(cursor, depth + 1));
            }
            Some(Kind::Object) => {
                cursor.object(|key, cursor| match key.raw() {
                    b"arguments" => self.arguments(cursor, depth),
                    name if !is_said(name) => {}
                    _ => self.value(cursor, depth + 1),
                });
            }
            Some(Kind::Number | Kind::Bool | Kind::Null) | None => cursor.skip(),
        }
    }

    /// What goes into a tool, which `OpenAI` writes as JSON within a string.
    fn arguments(&mut self, cursor: &mut Cursor<'_>, depth: u32) {
        let Some(Kind::String) = cursor.kind() else {
            return self.value(cursor, depth + 1);
        };
        let Some(text) = cursor.string() else { return };
        let decoded = text.decode();
        let mut inner = Cursor::new(decoded.as_bytes());
        if matches!(inner.kind(), Some(Kind::Object | Kind::Array)) {
            self.value(&mut inner, depth + 1);
        } else {
            self.text(text);
        }
    }

    fn text(&mut self, text: Text<'_>) {
        let raw = text.raw();
        let is_blob = raw.len() > NEAR
            && raw.get(..NEAR).is_some_and(|start| {
                memchr::memchr3(b' ', b'\\', b'\n', start).is_none() && start.is_ascii()
            });
        if is_blob || raw.is_empty() {
            return;
        }
        self.line(&text.prefix(LONGEST).decode());
    }

    fn line(&mut self, text: &str) {
        let room = self.limit.saturating_sub(self.text.len());
        let end = text.floor_char_boundary(room);
        self.text.push_str(text.get(..end).unwrap_or_default());
        if !text.is_empty() {
            self.text.push('\n');
        }
    }
}

/// Whether a member holds something that was said, by its name.
fn is_said(name: &[u8]) -> bool {
    !matches!(
        name,
        b"type"
            | b"role"
            | b"id"
            | b"object"
            | b"status"
            | b"tool_use_id"
            | b"tool_call_id"
            | b"call_id"
            | b"cache_control"
            | b"signature"
            | b"thoughtSignature"
            | b"thought_signature"
            | b"encrypted_content"
            | b"data"
            | b"media_type"
            | b"mimeType"
            | b"mime_type"
            | b"image_url"
            | b"finish_reason"
            | b"finishReason"
            | b"logprobs"
            | b"safetyRatings"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 64 << 10;

    fn asked(dialect: Dialect, body: &str, shared: usize) -> String {
        of_request(dialect, body.as_bytes(), shared, MOST)
    }

    #[test]
    fn everything_that_was_said_is_found_and_nothing_else() {
        let body = r#"{"model":"m","system":[{"type":"text","text":"be brief"}],"tools":[{"name":"unused"}],
            "messages":[{"role":"user","content":"first"},
            {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"c2ln"},
                {"type":"tool_use","id":"toolu_1","name":"Edit","input":{"path":"a.rs","lines":[3,"new\nline"]}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"done"}]},
                {"type":"text","text":"<system-reminder>mind</system-reminder>"},
                {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBOR"}}]}]}"#;
        let dialect = Dialect::AnthropicMessages;
        let reminder = "<system-reminder>mind</system-reminder>\n";
        assert_eq!(
            asked(dialect, body, 0),
            format!("be brief\n\nfirst\nhm\nEdit\na.rs\nnew\nline\ndone\n{reminder}")
        );
        assert_eq!(asked(dialect, body, 2), format!("done\n{reminder}"));
        assert_eq!(asked(dialect, body, 9), "");
    }

    #[test]
    fn other_dialects_say_the_same_in_their_way() {
        let chat = r#"{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,
            "tool_calls":[{"id":"c","type":"function","function":{"name":"run","arguments":"{\"cmd\":\"ls\\n-l\"}"}}]}]}"#;
        assert_eq!(asked(Dialect::OpenaiChat, chat, 0), "hi\nrun\nls\n-l\n");
        let responses = r#"{"instructions":"be kind","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]},
            {"type":"reasoning","encrypted_content":"gAAA","summary":[]},
            {"type":"function_call","name":"shell","call_id":"c","arguments":"broken {"}]}"#;
        assert_eq!(
            asked(Dialect::OpenaiResponses, responses, 0),
            "be kind\n\nhi\nshell\nbroken {\n"
        );
        assert_eq!(
            asked(Dialect::OpenaiResponses, r#"{"input":"alone"}"#, 0),
            "alone\n"
        );
        let gemini = r#"{"systemInstruction":{"parts":[{"text":"sys"}]},"contents":[{"role":"user","parts":[{"text":"hi"},
            {"inlineData":{"mimeType":"image/png","data":"iVBOR"}}]},{"parts":[{"functionCall":{"name":"f","args":{"q":"why"}}}]}]}"#;
        assert_eq!(asked(Dialect::Gemini, gemini, 0), "sys\n\nhi\nf\nwhy\n");
    }

    #[test]
    fn answers_and_errors_have_words() {
        for (body, words) in [
            (
                r#"{"id":"msg","model":"m","content":[{"type":"text","text":"yes"}],"stop_reason":"end_turn"}"#,
                "yes\n",
            ),
            (
                r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}]}"#,
                "yes\n",
            ),
            (
                r#"{"output":[{"type":"message","content":[{"type":"output_text","text":"yes"}]}]}"#,
                "yes\n",
            ),
            (
                r#"[{"candidates":[{"content":{"parts":[{"text":"yes"}]}}]},{"candidates":[]}]"#,
                "yes\n",
            ),
            (
                r#"{"type":"error","error":{"type":"overloaded_error","message":"no"}}"#,
                "no\n",
            ),
            ("not json", ""),
        ] {
            assert_eq!(of_answer(body.as_bytes(), MOST), words);
        }
    }

    #[test]
    fn what_is_no_text_or_too_much_is_left_out() {
        let blob = "QUJD".repeat(1000);
        let long = "word ".repeat(10_000);
        let body =
            format!(r#"{{"messages":["{blob}","{long}","{long}","{long}","{long}","last"]}}"#);
        let words = asked(Dialect::AnthropicMessages, &body, 0);
        assert!(!words.contains("QUJD") && !words.contains("last"));
        assert!(words.len() <= MOST + 2, "{}", words.len());
        let few = of_request(Dialect::AnthropicMessages, body.as_bytes(), 0, 10);
        assert_eq!(few, "word word \n");
    }

    proptest! {
        #[test]
        fn no_body_is_too_odd(body in "[\\[\\]{}\",:a-z\\\\ 0é]{0,200}", shared in 0usize..3) {
            for dialect in [Dialect::AnthropicMessages, Dialect::Gemini] {
                prop_assert!(asked(dialect, &body, shared).len() <= MOST);
            }
            prop_assert!(of_answer(body.as_bytes(), 100).len() <= 101);
        }
    }
}
