//! Bodies like an agent's: made anew each time, always the same, no two lines alike.

use std::fmt::{Display, Formatter, Write as _};

use bytes::Bytes;
use serde_json::{Value, json};
use weir_wire::dialect::Dialect;

/// What a body comes to, in bytes, give or take a few thousand.
const SIZE: usize = 1 << 20;
/// As long as a signature of Anthropic's usually is.
pub(crate) const SIGNATURE: &str =
    "EqQBCkYIARgCKkDyq0mJ8Wl6zT3xV1sHfQm2n9aXo7r4CkUe5gBtLpZiYdGvhNwRsAuKjEoMxTcFbIyQ3lVPnS6D0";

const WORDS: [&str; 24] = [
    "let",
    "result",
    "self",
    "config",
    "return",
    "the",
    "of",
    "value",
    "error",
    "match",
    "request",
    "buffer",
    "for",
    "index",
    "is",
    "not",
    "should",
    "test",
    "because",
    "in",
    "path",
    "len()",
    "state",
    "Some(item)",
];

/// One kind of body.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    /// Many messages: text, tool calls, tool results that are code, and thirty tools.
    Session,
    /// The same with a signed thought before each tool call.
    Thinking,
    /// The same, its source files being JSON: an escaped quote every few bytes.
    Quotes,
    /// One message whose text is the whole body.
    OneString,
}

impl Display for Body {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Body {
    pub(crate) const ALL: [Self; 4] =
        [Self::Session, Self::Thinking, Self::Quotes, Self::OneString];

    pub(crate) fn bytes(self) -> Bytes {
        let mut dice = Dice(7);
        let messages = match self {
            Self::OneString => vec![json!({"role": "user", "content": dice.code(SIZE)})],
            _ => self.turns(&mut dice),
        };
        let body = json!({
            "model": "claude-opus-4-6",
            "messages": messages,
            "system": [{
                "type": "text",
                "text": dice.prose(14_000),
                "cache_control": {"type": "ephemeral", "ttl": "1h"},
            }],
            "tools": (0..30).map(|at| tool(&mut dice, at)).collect::<Vec<_>>(),
            "metadata": {
                "user_id": r#"{"device_id":"d","session_id":"0f6c2b1e-5d3a-4c8e-9a7b-2e1d3c4b5a69"}"#,
            },
            "max_tokens": 32_000,
            "thinking": {"type": "adaptive"},
            "stream": true,
        });
        body.to_string().into()
    }

    fn turns(self, dice: &mut Dice) -> Vec<Value> {
        let mut messages = vec![json!({"role": "user", "content": dice.prose(2_000)})];
        let mut size = 60_000;
        while size < SIZE {
            let output = match self {
                Self::Quotes => dice.json(7_000),
                _ => dice.code(7_000),
            };
            let id = format!("toolu_{:024}", messages.len());
            let mut said = vec![
                json!({"type": "text", "text": dice.prose(400)}),
                json!({"type": "tool_use", "id": id, "name": "Edit", "input": {
                    "file_path": "/home/me/src/lib.rs",
                    "old_string": dice.code(300),
                    "new_string": dice.code(500),
                }}),
            ];
            if matches!(self, Self::Thinking) {
                let thought = dice.prose(800);
                said.insert(
                    0,
                    json!({"type": "thinking", "thinking": thought, "signature": SIGNATURE.repeat(4)}),
                );
            }
            let result = json!({"type": "tool_result", "tool_use_id": id, "content": output});
            let turn = [
                json!({"role": "assistant", "content": said}),
                json!({"role": "user", "content": [result]}),
            ];
            size += turn.iter().map(|one| one.to_string().len()).sum::<usize>();
            messages.extend(turn);
        }
        messages
    }
}

fn tool(dice: &mut Dice, at: usize) -> Value {
    let mut properties = serde_json::Map::new();
    for index in 0..6 {
        let schema = json!({"type": "string", "description": dice.prose(90)});
        properties.insert(format!("argument_{index}"), schema);
    }
    json!({
        "name": format!("tool_{at}"),
        "description": dice.prose(1_200),
        "input_schema": {"type": "object", "properties": properties, "required": ["argument_0"]},
    })
}

/// Numbers that look random and are not.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len())]
    }

    /// English of about `size` bytes: a line break a paragraph, a quotation now and then.
    fn prose(&mut self, size: usize) -> String {
        let mut text = String::new();
        while text.len() < size {
            match self.below(60) {
                0 => text.push_str("\n\n"),
                1 => text.push_str("\"quoted\" "),
                _ => {
                    text.push_str(self.word());
                    text.push(' ');
                }
            }
        }
        text
    }

    /// Numbered lines of code of about `size` bytes, as a tool prints a file: a string literal in
    /// one line of six, tabs in none.
    fn code(&mut self, size: usize) -> String {
        let mut text = String::new();
        let mut line = 0;
        while text.len() < size {
            line += 1;
            let indent = 4 * self.below(5);
            write!(text, "{line:>6}\u{2192}{:indent$}", "").expect("a string takes all");
            for _ in 0..2 + self.below(7) {
                text.push_str(self.word());
                text.push(' ');
            }
            if self.below(6) == 0 {
                write!(text, "(\"{}\\n\")", self.word()).expect("a string takes all");
            }
            text.push_str(";\n");
        }
        text
    }

    /// JSON of about `size` bytes over several lines.
    fn json(&mut self, size: usize) -> String {
        let mut text = String::from("{\n");
        while text.len() < size {
            let (key, value) = (self.word(), self.word());
            writeln!(text, "  \"{key}\": \"{value}\",").expect("a string takes all");
        }
        text.push_str("}\n");
        text
    }
}

/// What comes first of a streamed answer.
pub(crate) fn first_chunk(dialect: Dialect) -> Bytes {
    let id = "0123456789abcdef01234567";
    let event = |name: &str, data: Value| format!("event: {name}\ndata: {data}\n\n");
    let text = match dialect {
        Dialect::AnthropicMessages => {
            let usage = json!({"input_tokens": 3, "cache_creation_input_tokens": 417, "cache_read_input_tokens": 181_204,
                "cache_creation": {"ephemeral_5m_input_tokens": 417, "ephemeral_1h_input_tokens": 0},
                "output_tokens": 1, "service_tier": "standard", "inference_geo": "not_available"});
            let message = json!({"model": "claude-opus-4-6", "id": format!("msg_{id}"), "type": "message", "role": "assistant",
                "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage});
            event(
                "message_start",
                json!({"type": "message_start", "message": message}),
            ) + &event(
                "content_block_start",
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            ) + &event("ping", json!({"type": "ping"}))
        }
        Dialect::OpenaiChat => {
            let choice = json!({"index": 0, "delta": {"role": "assistant", "content": "", "refusal": null},
                "logprobs": null, "finish_reason": null});
            let chunk = json!({"id": format!("chatcmpl-{id}"), "object": "chat.completion.chunk", "created": 1_770_000_000,
                "model": "gpt-5.2", "service_tier": "default", "system_fingerprint": null, "choices": [choice],
                "usage": null, "obfuscation": "aB3dE6gH9j"});
            format!("data: {chunk}\n\n")
        }
        Dialect::OpenaiResponses => {
            let mut dice = Dice(7);
            let response = json!({"id": format!("resp_{id}"), "object": "response", "created_at": 1_770_000_000, "status": "in_progress",
                "error": null, "instructions": dice.prose(9_000), "model": "gpt-5.2-codex", "output": [],
                "tools": (0..3).map(|at| tool(&mut dice, at)).collect::<Vec<_>>(), "usage": null, "metadata": {}});
            event(
                "response.created",
                json!({"type": "response.created", "response": response, "sequence_number": 0}),
            )
        }
        Dialect::Gemini => {
            let chunk = json!({"candidates": [{"content": {"parts": [{"text": "Let me look at that"}], "role": "model"}, "index": 0}],
                "usageMetadata": {"promptTokenCount": 1200, "totalTokenCount": 1210},
                "modelVersion": "gemini-3-pro", "responseId": id});
            format!("data: {chunk}\r\n\r\n")
        }
    };
    text.into()
}
