//! Conversations in the shape of OpenAI's Chat Completions, which Lunary and Langfuse show as
//! such. Nothing is repaired or left out to please a provider: it is to be looked at.

use serde_json::{Map, Value, json};
use weir_core::event::Event;
use weir_wire::translate::form::{Body, Call, Input, Media, Part, Role, ToolKind};

use super::{Said, address, shown, value};

/// What went in: messages, instructions first; the body as it stands where it cannot be read.
pub(crate) fn input(said: &Said<'_>, event: &Event) -> Value {
    let Some(request) = &said.request else {
        return shown(event.request_body.as_deref(), event.request_body_facts);
    };
    let mut all = messages("system", &request.system);
    for turn in &request.turns {
        let role = match turn.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        all.extend(messages(role, &turn.parts));
    }
    Value::Array(all)
}

/// What came out: the assistant's message; the body as it stands where it cannot be read.
pub(crate) fn output(said: &Said<'_>, event: &Event) -> Value {
    let Some(answer) = &said.answer else {
        return shown(event.response_body.as_deref(), event.response_body_facts);
    };
    let mut all = messages("assistant", &answer.parts);
    match all.len() {
        0 => json!({"role": "assistant", "content": ""}),
        1 => all.remove(0),
        _ => Value::Array(all),
    }
}

/// The functions that the model could call.
pub(crate) fn tools(said: &Said<'_>) -> Vec<Value> {
    let tools = said.request.iter().flat_map(|request| &request.tools);
    let shape = |kind: &ToolKind<'_>| match kind {
        ToolKind::Function {
            name,
            description,
            schema,
            ..
        } => json!({"type": "function", "function": {
            "name": name, "description": description, "parameters": schema.as_ref().map(value),
        }}),
        ToolKind::Freeform {
            name, description, ..
        } => json!({"type": "custom", "custom": {"name": name, "description": description}}),
        ToolKind::Server { json, .. } => value(json),
    };
    tools.map(|tool| shape(&tool.kind)).collect()
}

/// The messages of one turn: what tools gave, then what is said.
fn messages(role: &str, parts: &[Part<'_>]) -> Vec<Value> {
    let mut all = Vec::new();
    let (mut content, mut calls, mut thoughts) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        match &part.body {
            Body::Result { call, parts, .. } => {
                let given = content_of(parts.iter().map(|part| piece(&part.body)).collect());
                all.push(json!({"role": "tool", "tool_call_id": call, "content": given}));
            }
            Body::Call(call) => calls.push(called(call)),
            Body::Thinking { text, .. } if text.is_empty() => {}
            Body::Thinking { text, .. } => thoughts.push(&**text),
            body => content.push(piece(body)),
        }
    }
    if content.is_empty() && calls.is_empty() && thoughts.is_empty() {
        return all;
    }
    let mut message = Map::new();
    message.insert("role".into(), role.into());
    message.insert("content".into(), content_of(content));
    if !thoughts.is_empty() {
        message.insert("reasoning_content".into(), thoughts.join("\n\n").into());
    }
    if !calls.is_empty() {
        message.insert("tool_calls".into(), calls.into());
    }
    all.push(message.into());
    all
}

/// One text is itself, nothing is null, and more is a list.
fn content_of(mut pieces: Vec<Value>) -> Value {
    match pieces.as_mut_slice() {
        [] => Value::Null,
        [one] if one.get("type").is_some_and(|kind| kind == "text") => {
            one.get_mut("text").map(Value::take).unwrap_or_default()
        }
        _ => pieces.into(),
    }
}

fn piece(body: &Body<'_>) -> Value {
    match body {
        Body::Text { text, .. } => json!({"type": "text", "text": text}),
        Body::Refusal { text } => json!({"type": "refusal", "refusal": text}),
        Body::Image(media) => json!({"type": "image_url", "image_url": {"url": place(media)}}),
        Body::Audio(media) => json!({"type": "input_audio", "input_audio": {"data": place(media)}}),
        Body::Document { media, title, .. } => {
            json!({"type": "file", "file": {"filename": title, "file_data": place(media)}})
        }
        Body::Thinking { text, .. } => json!({"type": "text", "text": text}),
        Body::Call(call) => called(call),
        Body::Result { parts, .. } => {
            content_of(parts.iter().map(|part| piece(&part.body)).collect())
        }
        Body::Foreign { json, .. } => value(json),
    }
}

fn place(media: &Media<'_>) -> String {
    address(media.kind.as_deref(), &media.place)
}

fn called(call: &Call<'_>) -> Value {
    let arguments = match &call.input {
        Input::Json(json) => json.as_str(),
        Input::Text(text) => text,
    };
    json!({"id": call.id, "type": "function",
        "function": {"name": call.name, "arguments": arguments}})
}
