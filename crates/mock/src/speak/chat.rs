//! OpenAI Chat Completions.

use serde_json::{Value, json};

use super::{Event, Speech};
use crate::ask::ToolKind;
use crate::ids::Random;
use crate::turn::{Block, Citation, Stop, Usage};

pub(super) fn whole(speech: &mut Speech<'_>) -> Value {
    let turn = speech.turn;
    let id = format!("chatcmpl-{}", speech.random.base62(29));
    let mut text = None;
    let mut reasoning = None;
    let mut notes = Vec::new();
    let mut calls = Vec::new();
    for block in &turn.blocks {
        match block {
            Block::Thinking { text, .. } => reasoning = Some(text.as_str()),
            Block::Redacted { .. } => {} // this dialect has no place for it
            Block::Text { pieces, citations } => {
                text = Some(pieces.concat());
                notes.extend(citations.iter().map(annotation));
            }
            Block::Tool(call) => {
                let (kind, input) = words(call.kind);
                calls.push(json!({
                    "id": call_id(&mut speech.random),
                    "type": kind,
                    kind: {"name": call.name, input: call.arguments},
                }));
            }
        }
    }
    let mut message = json!({"role": "assistant", "content": text, "refusal": null});
    if let Some(fields) = message.as_object_mut() {
        if let Some(reasoning) = reasoning {
            fields.insert("reasoning_content".to_owned(), reasoning.into());
        }
        if !calls.is_empty() {
            fields.insert("tool_calls".to_owned(), calls.into());
        }
        fields.insert("annotations".to_owned(), notes.into());
    }
    json!({
        "id": id,
        "object": "chat.completion",
        "created": speech.created,
        "model": speech.ask.model,
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": finish_reason(turn.stop),
        }],
        "usage": usage(&turn.usage),
        "service_tier": "default",
        "system_fingerprint": "fp_cbf1785567",
    })
}

pub(super) fn events(speech: &mut Speech<'_>) -> Vec<Event> {
    let turn = speech.turn;
    let mut line = Line::new(speech);
    let mut tool_index = 0;
    let has_text = turn
        .blocks
        .iter()
        .any(|block| matches!(block, Block::Text { .. }));
    let content = if has_text { json!("") } else { Value::Null };
    let first = json!({"role": "assistant", "content": content, "refusal": null});
    line.delta(&first, None, false);
    for block in &turn.blocks {
        match block {
            Block::Thinking { text, .. } => {
                for part in text.split_inclusive(". ") {
                    line.delta(&json!({"reasoning_content": part}), None, true);
                }
            }
            Block::Redacted { .. } => {}
            Block::Text { pieces, citations } => {
                for piece in pieces {
                    line.delta(&json!({"content": piece}), None, true);
                }
                if !citations.is_empty() {
                    let notes: Vec<Value> = citations.iter().map(annotation).collect();
                    line.delta(&json!({"annotations": notes}), None, true);
                }
            }
            Block::Tool(call) => {
                let id = call_id(&mut line.random);
                let (kind, input) = words(call.kind);
                let named = json!({"name": call.name, input: ""});
                let start = json!({"index": tool_index, "id": id, "type": kind, kind: named});
                line.delta(&json!({"tool_calls": [start]}), None, true);
                for part in Speech::fragments(&call.arguments) {
                    let more = json!({"index": tool_index, kind: {input: part}});
                    line.delta(&json!({"tool_calls": [more]}), None, true);
                }
                tool_index += 1;
            }
        }
    }
    line.delta(&json!({}), Some(finish_reason(turn.stop)), false);
    if line.with_usage {
        line.chunk(&json!([]), usage(&turn.usage), false);
    }
    line.events.push(Event::unnamed("[DONE]".to_owned(), false));
    line.events
}

/// The chunks so far and what they have in common.
struct Line {
    id: String,
    created: u64,
    model: String,
    with_usage: bool,
    obfuscate: bool,
    random: Random,
    events: Vec<Event>,
}

impl Line {
    fn new(speech: &mut Speech<'_>) -> Self {
        let option = |name: &str| speech.ask.body.pointer(&format!("/stream_options/{name}"));
        Self {
            with_usage: option("include_usage") == Some(&Value::Bool(true)),
            obfuscate: option("include_obfuscation") != Some(&Value::Bool(false)),
            id: format!("chatcmpl-{}", speech.random.base62(29)),
            created: speech.created,
            model: speech.ask.model.clone(),
            random: speech.random.clone(),
            events: Vec::new(),
        }
    }

    fn delta(&mut self, delta: &Value, finish: Option<&str>, is_content: bool) {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        self.chunk(&json!([choice]), Value::Null, is_content);
    }

    fn chunk(&mut self, choices: &Value, usage: Value, is_content: bool) {
        let mut chunk = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": "fp_cbf1785567",
            "choices": choices,
        });
        if let Some(fields) = chunk.as_object_mut() {
            if self.with_usage {
                fields.insert("usage".to_owned(), usage);
            }
            if self.obfuscate {
                let size = 1 + self.random.below(15);
                fields.insert("obfuscation".to_owned(), self.random.base62(size).into());
            }
        }
        self.events
            .push(Event::unnamed(chunk.to_string(), is_content));
    }
}

/// What a call of such a tool is called, and its input.
fn words(kind: ToolKind) -> (&'static str, &'static str) {
    match kind {
        ToolKind::Custom => ("custom", "input"),
        ToolKind::Function | ToolKind::LocalShell => ("function", "arguments"),
    }
}

fn call_id(random: &mut Random) -> String {
    format!("call_{}", random.base62(24))
}

fn annotation(citation: &Citation) -> Value {
    json!({"type": "url_citation", "url_citation": {
        "end_index": citation.cited.len(),
        "start_index": 0,
        "title": citation.title,
        "url": citation.url,
    }})
}

fn finish_reason(stop: Stop) -> &'static str {
    match stop {
        Stop::End | Stop::Sequence | Stop::Pause => "stop",
        Stop::Tool => "tool_calls",
        Stop::MaxTokens => "length",
        Stop::Refusal => "content_filter",
    }
}

fn usage(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt(),
        "completion_tokens": usage.output(),
        "total_tokens": usage.prompt() + usage.output(),
        "prompt_tokens_details": {"cached_tokens": usage.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}
