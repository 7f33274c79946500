//! Gemini `generateContent` and its stream.

use std::io;

use serde::Serialize as _;
use serde_json::{Value, json};

use super::{Event, Speech};
use crate::turn::{Block, Citation, Stop, Turn, Usage};

pub(super) fn whole(speech: &mut Speech<'_>) -> Value {
    let id = response_id(speech);
    let parts = parts(speech.turn, false);
    chunk(speech, &id, &parts, true)
}

pub(super) fn events(speech: &mut Speech<'_>) -> Vec<Event> {
    let id = response_id(speech);
    let mut parts = parts(speech.turn, true);
    let last = parts.pop();
    let mut events: Vec<Event> = parts
        .into_iter()
        .map(|part| Event::unnamed(spaced(&chunk(speech, &id, &[part], false)), true))
        .collect();
    let end = chunk(speech, &id, last.as_slice(), true);
    events.push(Event::unnamed(spaced(&end), false));
    events
}

fn response_id(speech: &mut Speech<'_>) -> String {
    speech.random.base62(22)
}

/// The signature of the turn's thinking goes with its first function call, else with its last
/// text: in a stream with an empty one at the end.
fn parts(turn: &Turn, piecewise: bool) -> Vec<Value> {
    let mut parts = Vec::new();
    let mut unsent = None;
    for block in &turn.blocks {
        match block {
            Block::Thinking { text, signature } => {
                unsent = Some(signature.as_str());
                if !text.is_empty() {
                    parts.push(json!({"text": text, "thought": true}));
                }
            }
            Block::Text { pieces, .. } if piecewise => {
                parts.extend(pieces.iter().map(|piece| json!({"text": piece})));
            }
            Block::Text { pieces, .. } => parts.push(json!({"text": pieces.concat()})),
            Block::Tool(call) => {
                let arguments = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!({}));
                let mut part = json!({"functionCall": {"name": call.name, "args": arguments}});
                if let (Some(signature), Some(fields)) = (unsent.take(), part.as_object_mut()) {
                    fields.insert("thoughtSignature".to_owned(), signature.into());
                }
                parts.push(part);
            }
            Block::Redacted { .. } => {} // this dialect has no place for it
        }
    }
    if let Some(signature) = unsent {
        if piecewise {
            parts.push(json!({"text": ""}));
        }
        if let Some(fields) = parts.last_mut().and_then(Value::as_object_mut) {
            fields.insert("thoughtSignature".to_owned(), signature.into());
        }
    }
    parts
}

fn chunk(speech: &Speech<'_>, id: &str, parts: &[Value], is_last: bool) -> Value {
    let turn = speech.turn;
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}});
    if let (true, Some(fields)) = (is_last, candidate.as_object_mut()) {
        fields.insert("finishReason".to_owned(), finish_reason(turn.stop).into());
        fields.insert("index".to_owned(), 0.into());
        if turn.calls().next().is_some() {
            let message = "Model generated function call(s).";
            fields.insert("finishMessage".to_owned(), message.into());
        }
        if let Some(grounding) = grounding(turn) {
            fields.insert("groundingMetadata".to_owned(), grounding);
        }
    } else if let Some(fields) = candidate.as_object_mut() {
        fields.insert("index".to_owned(), 0.into());
    }
    json!({
        "candidates": [candidate],
        "usageMetadata": usage(&turn.usage, is_last),
        "modelVersion": speech.ask.model,
        "responseId": id,
    })
}

fn grounding(turn: &Turn) -> Option<Value> {
    let citations: Vec<&Citation> = turn
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Text { citations, .. } => Some(citations),
            Block::Thinking { .. } | Block::Redacted { .. } | Block::Tool(_) => None,
        })
        .flatten()
        .collect();
    if citations.is_empty() {
        return None;
    }
    let chunks: Vec<Value> = citations
        .iter()
        .map(|cited| json!({"web": {"uri": cited.url, "title": cited.title}}))
        .collect();
    let supports: Vec<Value> = citations
        .iter()
        .enumerate()
        .map(|(index, cited)| {
            json!({
                "segment": {"endIndex": cited.cited.len(), "text": cited.cited},
                "groundingChunkIndices": [index],
            })
        })
        .collect();
    Some(json!({"groundingChunks": chunks, "groundingSupports": supports}))
}

fn usage(usage: &Usage, is_last: bool) -> Value {
    let output = if is_last {
        usage.output().saturating_sub(usage.reasoning)
    } else {
        1
    };
    let mut counts = json!({
        "promptTokenCount": usage.prompt(),
        "candidatesTokenCount": output,
        "totalTokenCount": usage.prompt() + output + usage.reasoning,
    });
    if let Some(fields) = counts.as_object_mut() {
        if usage.cache_read > 0 {
            fields.insert(
                "cachedContentTokenCount".to_owned(),
                usage.cache_read.into(),
            );
        }
        fields.insert(
            "promptTokensDetails".to_owned(),
            json!([{"modality": "TEXT", "tokenCount": usage.prompt()}]),
        );
        if usage.reasoning > 0 {
            fields.insert("thoughtsTokenCount".to_owned(), usage.reasoning.into());
        }
        fields.insert("serviceTier".to_owned(), "standard".into());
    }
    counts
}

fn finish_reason(stop: Stop) -> &'static str {
    match stop {
        Stop::End | Stop::Tool | Stop::Sequence | Stop::Pause => "STOP",
        Stop::MaxTokens => "MAX_TOKENS",
        Stop::Refusal => "SAFETY",
    }
}

/// The service writes a blank after each colon and none after a comma.
struct Spaced;

impl serde_json::ser::Formatter for Spaced {
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

fn spaced(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Spaced);
    value
        .serialize(&mut serializer)
        .expect("a JSON value can be written");
    escaped(&String::from_utf8(bytes).expect("JSON is UTF-8"))
}

/// The service never sends these characters raw: clients break on them.
pub(super) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => text.push(c),
        }
    }
    text
}
