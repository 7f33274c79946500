//! Streams of the four dialects as their providers send them.

use serde_json::{Value, json};
use weir_wire::dialect::Dialect;

mod calls;

/// Deltas in a stream.
pub(crate) const DELTAS: usize = 1000;
/// Deltas in a call.
const IN_CALL: usize = 50;

/// What comes in deltas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// One long text.
    Text,
    /// Calls one after the other, fifty deltas each.
    Calls,
}

/// A stream as events.
pub(crate) struct Events {
    /// What comes before the first delta.
    pub(crate) before: Vec<u8>,
    /// An event each, with a thousand deltas among them.
    pub(crate) events: Vec<Vec<u8>>,
    /// What comes after the last.
    pub(crate) after: Vec<u8>,
}

impl Events {
    pub(crate) fn new(dialect: Dialect, said: Said) -> Self {
        let writer = Writer { dialect };
        let (mut before, mut after, mut events) = (Vec::new(), Vec::new(), Vec::new());
        writer.begin(&mut before);
        match said {
            Said::Text => {
                writer.text_begins(&mut before);
                events.extend((0..DELTAS).map(|number| writer.text(&words(number))));
                writer.text_ends(&mut after);
            }
            Said::Calls => {
                for call in 0..DELTAS / IN_CALL {
                    calls::call(dialect, call, &mut events);
                }
            }
        }
        writer.end(&mut after);
        Self {
            before,
            events,
            after,
        }
    }

    /// The stream with `each` events in a piece.
    pub(crate) fn pieces(&self, each: usize) -> Vec<Vec<u8>> {
        self.events.chunks(each).map(<[_]>::concat).collect()
    }

    pub(crate) fn whole(&self) -> Vec<u8> {
        [&*self.before, &*self.events.concat(), &*self.after].concat()
    }
}

/// About twenty bytes; every fourth text has something to escape.
fn words(number: usize) -> String {
    match number % 8 {
        3 => format!(" of \"value {number}\" in"),
        7 => format!(" {{\n    let item_{number}"),
        _ => format!(" the answer is {number:05}"),
    }
}

struct Writer {
    dialect: Dialect,
}

fn event(out: &mut Vec<u8>, name: &str, data: &Value) {
    if !name.is_empty() {
        out.extend_from_slice(format!("event: {name}\n").as_bytes());
    }
    out.extend_from_slice(format!("data: {data}\n\n").as_bytes());
}

fn named(out: &mut Vec<u8>, data: &Value) {
    event(out, data["type"].as_str().unwrap_or_default(), data);
}

fn chat(delta: &Value, reason: Option<&str>) -> Value {
    json!({
        "id": "chatcmpl-CWbq0bUX5Xb0rQ5OX2bq2tqRl3Gd8", "object": "chat.completion.chunk",
        "created": 1_770_000_000, "model": "gpt-5.2-2026-01-01", "service_tier": "default",
        "system_fingerprint": null,
        "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason}],
        "usage": null, "obfuscation": "Wf7RkQ2c",
    })
}

fn gemini(parts: &Value, reason: Option<&str>) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
    if let Some(reason) = reason {
        candidate["finishReason"] = reason.into();
    }
    json!({
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": 60_000, "candidatesTokenCount": 12, "totalTokenCount": 60_512,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 60_000}],
            "thoughtsTokenCount": 500,
        },
        "modelVersion": "gemini-2.5-pro", "responseId": "oSxoaZ_XD4mfvdIP8s6P0Ak",
    })
}

fn response(status: &str, output: &Value) -> Value {
    json!({
        "id": "resp_68af4030592c81938ec0a5fbab4a3e9f", "object": "response",
        "created_at": 1_770_000_000, "status": status, "model": "gpt-5.2-2026-01-01",
        "output": output, "parallel_tool_calls": true, "tool_choice": "auto", "tools": [],
        "usage": {"input_tokens": 60_000, "output_tokens": 9000, "total_tokens": 69_000,
            "input_tokens_details": {"cached_tokens": 50_000},
            "output_tokens_details": {"reasoning_tokens": 500}},
    })
}

const MESSAGE: &str = "msg_68af40337e58819392e935fb404414d0";

impl Writer {
    fn begin(&self, out: &mut Vec<u8>) {
        match self.dialect {
            Dialect::AnthropicMessages => {
                named(
                    out,
                    &json!({"type": "message_start", "message": {
                        "id": "msg_01XFDUDYJgAACzvnptvVoYEL", "type": "message", "role": "assistant",
                        "model": "claude-sonnet-4-5", "content": [], "stop_reason": null,
                        "stop_sequence": null, "usage": {"input_tokens": 60_000, "output_tokens": 1},
                    }}),
                );
                named(out, &json!({"type": "ping"}));
            }
            Dialect::OpenaiChat => {
                let delta = json!({"role": "assistant", "content": "", "refusal": null});
                event(out, "", &chat(&delta, None));
            }
            Dialect::OpenaiResponses => {
                for kind in ["response.created", "response.in_progress"] {
                    let response = response("in_progress", &json!([]));
                    named(out, &json!({"type": kind, "response": response}));
                }
            }
            Dialect::Gemini => {}
        }
    }

    fn text_begins(&self, out: &mut Vec<u8>) {
        match self.dialect {
            Dialect::AnthropicMessages => named(
                out,
                &json!({"type": "content_block_start", "index": 0,
                    "content_block": {"type": "text", "text": ""}}),
            ),
            Dialect::OpenaiResponses => {
                named(
                    out,
                    &json!({"type": "response.output_item.added", "output_index": 0,
                    "item": {"id": MESSAGE, "type": "message", "status": "in_progress",
                        "content": [], "role": "assistant"}}),
                );
                named(
                    out,
                    &json!({"type": "response.content_part.added", "item_id": MESSAGE,
                    "output_index": 0, "content_index": 0,
                    "part": {"type": "output_text", "annotations": [], "text": ""}}),
                );
            }
            Dialect::OpenaiChat | Dialect::Gemini => {}
        }
    }

    fn text(&self, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        match self.dialect {
            Dialect::AnthropicMessages => named(
                &mut out,
                &json!({"type": "content_block_delta", "index": 0,
                    "delta": {"type": "text_delta", "text": text}}),
            ),
            Dialect::OpenaiChat => event(&mut out, "", &chat(&json!({"content": text}), None)),
            Dialect::OpenaiResponses => named(
                &mut out,
                &json!({"type": "response.output_text.delta", "sequence_number": 100,
                    "item_id": MESSAGE, "output_index": 0, "content_index": 0, "delta": text,
                    "logprobs": [], "obfuscation": "Wf7RkQ2c"}),
            ),
            Dialect::Gemini => event(&mut out, "", &gemini(&json!([{"text": text}]), None)),
        }
        out
    }

    fn text_ends(&self, out: &mut Vec<u8>) {
        if self.dialect == Dialect::AnthropicMessages {
            named(out, &json!({"type": "content_block_stop", "index": 0}));
        }
        // Responses says the whole text again.
        if self.dialect == Dialect::OpenaiResponses {
            let text: String = (0..DELTAS).map(words).collect();
            let part = json!({"type": "output_text", "annotations": [], "text": text});
            named(
                out,
                &json!({"type": "response.output_text.done", "item_id": MESSAGE,
                "output_index": 0, "content_index": 0, "text": text}),
            );
            named(
                out,
                &json!({"type": "response.content_part.done", "item_id": MESSAGE,
                "output_index": 0, "content_index": 0, "part": part}),
            );
            named(
                out,
                &json!({"type": "response.output_item.done", "output_index": 0,
                "item": {"id": MESSAGE, "type": "message", "status": "completed",
                    "content": [part], "role": "assistant"}}),
            );
        }
    }

    fn end(&self, out: &mut Vec<u8>) {
        match self.dialect {
            Dialect::AnthropicMessages => {
                named(
                    out,
                    &json!({"type": "message_delta",
                    "delta": {"stop_reason": "end_turn", "stop_sequence": null},
                    "usage": {"output_tokens": 9000}}),
                );
                named(out, &json!({"type": "message_stop"}));
            }
            Dialect::OpenaiChat => {
                event(out, "", &chat(&json!({}), Some("stop")));
                out.extend_from_slice(b"data: [DONE]\n\n");
            }
            Dialect::OpenaiResponses => {
                let text: String = (0..DELTAS).map(words).collect();
                let output = json!([{"id": MESSAGE, "type": "message", "status": "completed",
                    "role": "assistant",
                    "content": [{"type": "output_text", "annotations": [], "text": text}]}]);
                let response = response("completed", &output);
                named(
                    out,
                    &json!({"type": "response.completed", "response": response}),
                );
            }
            Dialect::Gemini => event(out, "", &gemini(&json!([{"text": ""}]), Some("STOP"))),
        }
    }
}
