//! Conversations as OpenTelemetry's conventions for generative AI write them: messages of typed
//! parts, by the JSON schemas that go with `gen_ai.input.messages` and its like.

use serde_json::{Map, Value, json};
use weir_wire::translate::form::{Body, Input, Media, Part, Place, Role};

use super::{Said, address, finish_reason, value};

/// The instructions, if there are any.
pub(crate) fn instructions(said: &Said<'_>) -> Option<Value> {
    let request = said.request.as_ref()?;
    let parts = parts(&request.system);
    (!parts.is_empty()).then(|| parts.into())
}

/// The conversation.
pub(crate) fn input(said: &Said<'_>) -> Option<Value> {
    let turns = said.request.as_ref()?.turns.iter();
    let messages = turns.map(|turn| {
        let gives = |part: &Part<'_>| matches!(part.body, Body::Result { .. });
        let role = match turn.role {
            Role::System => "system",
            Role::User if !turn.parts.is_empty() && turn.parts.iter().all(gives) => "tool",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        json!({"role": role, "parts": parts(&turn.parts)})
    });
    Some(messages.collect())
}

/// The answer.
pub(crate) fn output(said: &Said<'_>) -> Option<Value> {
    let answer = said.answer.as_ref()?;
    Some(json!([{
        "role": "assistant",
        "parts": parts(&answer.parts),
        "finish_reason": finish_reason(&answer.stop),
    }]))
}

fn parts(all: &[Part<'_>]) -> Vec<Value> {
    all.iter().map(|part| shape(&part.body)).collect()
}

fn shape(body: &Body<'_>) -> Value {
    match body {
        Body::Text { text, .. } | Body::Refusal { text } => {
            json!({"type": "text", "content": text})
        }
        Body::Thinking { text, .. } => json!({"type": "reasoning", "content": text}),
        Body::Image(media) => medium("image", media),
        Body::Audio(media) => medium("audio", media),
        Body::Document { media, .. } => medium("document", media),
        Body::Call(call) => {
            let arguments = match &call.input {
                Input::Json(json) => value(json),
                Input::Text(text) => Value::from(&**text),
            };
            json!({"type": "tool_call", "id": call.id, "name": call.name, "arguments": arguments})
        }
        Body::Result { call, parts, .. } => {
            json!({"type": "tool_call_response", "id": call, "response": given(parts)})
        }
        Body::Foreign { kind, json } => {
            let mut members = match value(json) {
                Value::Object(members) => members,
                other => Map::from_iter([("content".to_owned(), other)]),
            };
            members.insert("type".into(), Value::from(&**kind));
            members.into()
        }
    }
}

/// What a tool gave: its text where it is nothing else.
fn given(all: &[Part<'_>]) -> Value {
    match all {
        [
            Part {
                body: Body::Text { text, .. },
                ..
            },
        ] => Value::from(&**text),
        _ => parts(all).into(),
    }
}

fn medium(modality: &str, media: &Media<'_>) -> Value {
    let kind = media.kind.as_deref();
    match &media.place {
        Place::Base64(data) => {
            json!({"type": "blob", "modality": modality, "mime_type": kind, "content": data})
        }
        Place::Text(text) => json!({"type": "text", "content": text}),
        Place::File(id) => {
            json!({"type": "file", "modality": modality, "mime_type": kind, "file_id": id})
        }
        place @ Place::Url(_) => {
            json!({"type": "uri", "modality": modality, "mime_type": kind, "uri": address(kind, place)})
        }
    }
}
