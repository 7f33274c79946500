//! Anthropic Messages.

use serde_json::{Value, json};

use super::{Event, Speech};
use crate::ids::Random;
use crate::service::{Host, Service};
use crate::turn::{Block, Citation, Stop, Usage};

pub(super) fn whole(speech: &mut Speech<'_>) -> Value {
    let mut message = envelope(speech);
    let content: Vec<Value> = speech
        .turn
        .blocks
        .iter()
        .map(|block| full(block, speech.ask.service, &mut speech.random))
        .collect();
    let reason = stop_reason(speech.turn.stop);
    let usage = usage(&speech.turn.usage, speech.turn.usage.output());
    set(&mut message, "content", content.into());
    set(&mut message, "stop_reason", reason.into());
    set(
        &mut message,
        "stop_sequence",
        stop_sequence(speech.turn.stop),
    );
    set(&mut message, "usage", usage);
    message
}

pub(super) fn events(speech: &mut Speech<'_>) -> Vec<Event> {
    let turn = speech.turn;
    let service = speech.ask.service;
    let mut message = envelope(speech);
    set(&mut message, "usage", usage(&turn.usage, 1));
    let mut events = vec![Event::typed(
        &json!({"type": "message_start", "message": message}),
    )];
    for (index, block) in turn.blocks.iter().enumerate() {
        let mut start = full(block, service, &mut speech.random);
        empty(&mut start);
        events.push(Event::typed(
            &json!({"type": "content_block_start", "index": index, "content_block": start}),
        ));
        // The service keeps its own connections awake, the clouds do not.
        if index == 0 && service.host == Host::Own {
            events.push(ping());
        }
        for delta in deltas(block) {
            let delta = json!({"type": "content_block_delta", "index": index, "delta": delta});
            events.push(Event::typed(&delta));
        }
        events.push(Event::typed(
            &json!({"type": "content_block_stop", "index": index}),
        ));
    }
    let last = turn.usage.outputs.len().saturating_sub(1);
    for (number, output) in turn.usage.outputs.iter().enumerate() {
        events.push(message_delta(speech, number == last, *output));
    }
    if service.host == Host::Bedrock {
        let metrics = json!({"inputTokenCount": turn.usage.input, "invocationLatency": 321,
            "outputTokenCount": turn.usage.output(), "firstByteLatency": 123});
        let stop = json!({"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics});
        events.push(Event::typed(&stop));
        return events;
    }
    events.push(Event::typed(&json!({"type": "message_stop"})));
    for event in &mut events {
        pad(&mut event.data, speech.random.below(16));
    }
    events
}

/// The service pads its lines with blanks before the last brace.
fn pad(data: &mut String, blanks: usize) {
    if data.ends_with('}') && !data.contains("\"ping\"") {
        data.pop();
        data.extend(std::iter::repeat_n(' ', blanks));
        data.push('}');
    }
}

fn ping() -> Event {
    Event {
        name: Some("ping".to_owned()),
        data: "{\"type\": \"ping\"}".to_owned(),
        is_delta: false,
        is_exception: false,
    }
}

fn message_delta(speech: &Speech<'_>, is_last: bool, output: u64) -> Event {
    let turn = speech.turn;
    let counts = &turn.usage;
    let (reason, sequence) = if is_last {
        (
            Value::from(stop_reason(turn.stop)),
            stop_sequence(turn.stop),
        )
    } else {
        (Value::Null, Value::Null)
    };
    let mut usage = json!({"output_tokens": output});
    if counts.outputs.len() == 1 {
        usage = json!({
            "input_tokens": counts.input,
            "cache_creation_input_tokens": counts.cache_write,
            "cache_read_input_tokens": counts.cache_read,
            "output_tokens": output,
        });
    }
    if counts.reasoning > 0 {
        set(
            &mut usage,
            "output_tokens_details",
            json!({"thinking_tokens": counts.reasoning}),
        );
    }
    Event::typed(&json!({
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": sequence, "stop_details": null},
        "usage": usage,
    }))
}

fn envelope(speech: &mut Speech<'_>) -> Value {
    json!({
        "model": speech.ask.model,
        "id": format!("msg_{}01{}", speech.ask.service.id_part(), speech.random.base62(22)),
        "type": "message",
        "role": "assistant",
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "stop_details": null,
        "usage": null,
    })
}

fn usage(usage: &Usage, output: u64) -> Value {
    if usage.outputs.len() > 1 {
        return json!({
            "input_tokens": usage.input,
            "cache_read_input_tokens": usage.cache_read,
            "output_tokens": output,
        });
    }
    json!({
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": output,
        "service_tier": "standard",
        "inference_geo": "not_available",
    })
}

fn full(block: &Block, service: Service, random: &mut Random) -> Value {
    match block {
        Block::Thinking { text, signature } => {
            json!({"type": "thinking", "thinking": text, "signature": signature})
        }
        Block::Redacted { data } => json!({"type": "redacted_thinking", "data": data}),
        Block::Text { pieces, citations } if citations.is_empty() => {
            json!({"type": "text", "text": pieces.concat()})
        }
        Block::Text { pieces, citations } => json!({
            "citations": citations.iter().enumerate().map(citation).collect::<Vec<_>>(),
            "type": "text",
            "text": pieces.concat(),
        }),
        Block::Tool(call) => json!({
            "type": "tool_use",
            "id": format!("toolu_{}01{}", service.id_part(), random.base62(22)),
            "name": call.name,
            "input": serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!({})),
            "caller": {"type": "direct"},
        }),
    }
}

/// A block as it is at its start, before any delta.
fn empty(block: &mut Value) {
    let is_cited = block.get("citations").is_some();
    for (key, nothing) in [
        ("thinking", json!("")),
        ("signature", json!("")),
        ("text", json!("")),
        ("input", json!({})),
    ] {
        if block.get(key).is_some() {
            set(block, key, nothing);
        }
    }
    if is_cited {
        set(block, "citations", json!([]));
    }
}

fn deltas(block: &Block) -> Vec<Value> {
    match block {
        Block::Thinking { text, signature } => {
            let text = text
                .split_inclusive(". ")
                .map(|part| json!({"type": "thinking_delta", "thinking": part}));
            text.chain([json!({"type": "signature_delta", "signature": signature})])
                .collect()
        }
        // It comes whole with its start.
        Block::Redacted { .. } => Vec::new(),
        Block::Text { pieces, citations } => {
            let texts = pieces
                .iter()
                .map(|piece| json!({"type": "text_delta", "text": piece}));
            let citations = citations
                .iter()
                .enumerate()
                .map(|numbered| json!({"type": "citations_delta", "citation": citation(numbered)}));
            citations.chain(texts).collect()
        }
        Block::Tool(call) => {
            let parts = Speech::fragments(&call.arguments);
            std::iter::once(String::new())
                .chain(parts)
                .map(|part| json!({"type": "input_json_delta", "partial_json": part}))
                .collect()
        }
    }
}

fn citation((index, citation): (usize, &Citation)) -> Value {
    json!({
        "type": "char_location",
        "cited_text": citation.cited,
        "document_index": index,
        "document_title": citation.title,
        "start_char_index": 0,
        "end_char_index": citation.cited.len(),
        "file_id": null,
    })
}

fn stop_reason(stop: Stop) -> &'static str {
    match stop {
        Stop::End => "end_turn",
        Stop::Tool => "tool_use",
        Stop::MaxTokens => "max_tokens",
        Stop::Sequence => "stop_sequence",
        Stop::Refusal => "refusal",
        Stop::Pause => "pause_turn",
    }
}

fn stop_sequence(stop: Stop) -> Value {
    if stop == Stop::Sequence {
        "\n\nHuman:".into()
    } else {
        Value::Null
    }
}

fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}
