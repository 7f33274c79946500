//! Writes messages out.

use super::message::{Called, Message};
use super::{To, content, reasoning, tool};
use crate::translate::form::{Body, Input, OpaqueKind, ToolKind};
use crate::translate::freeform;
use crate::translate::json::Writer;
use crate::translate::names::{self, Rule};
use crate::translate::profile::ReasoningEcho;

/// Writes `messages`.
pub(super) fn messages(to: &To<'_, '_>, messages: &[Message<'_, '_>], out: &mut Writer) {
    out.array();
    for message in messages {
        write(to, message, out);
    }
    out.end_array();
}

fn write(to: &To<'_, '_>, message: &Message<'_, '_>, out: &mut Writer) {
    out.object();
    out.key("role").string(message.role);
    if let Some(id) = &message.answers {
        out.key("tool_call_id").string(id);
    }
    if let Some(name) = message.name {
        out.key("name").string(&names::sent(name, Rule::OPENAI));
    }
    let between = match message.role {
        "system" | "developer" => "\n\n",
        // Blocks of one message may be pieces of one sentence, several messages are not.
        "assistant" if message.extra.is_some() => "",
        _ => "\n",
    };
    let thought = to.profile.echo == ReasoningEcho::Parts && !message.thinking.is_empty();
    if thought {
        out.key("content").array();
        reasoning::parts(message, out);
        for item in &message.items {
            content::write_item(to, item, out);
        }
        out.end_array();
    } else if message.items.is_empty() && to.profile.null_content {
        out.key("content").null();
    } else {
        out.key("content");
        content::write(to, &message.items, between, out);
    }
    if message.role == "assistant" {
        spoken(to, message, out);
    }
    for (key, value) in message.extra.map_or(&[][..], |extra| to.own(extra)) {
        if !(message.prefix && key == "prefix") {
            out.key(key).json(value);
        }
    }
    out.end_object();
}

/// What only the model's messages have.
fn spoken(to: &To<'_, '_>, message: &Message<'_, '_>, out: &mut Writer) {
    if let Some(refusal) = message.refusal {
        out.key("refusal").string(refusal);
    }
    reasoning::echo(to, message, out);
    if !message.calls.is_empty() {
        // Google takes the first call of a step only with a signature, or with this instead.
        let mut unsigned = to.profile.thought_signatures
            && !message
                .calls
                .iter()
                .any(|called| signature(called).is_some());
        out.key("tool_calls").array();
        for called in &message.calls {
            let instead = std::mem::take(&mut unsigned).then_some(UNSIGNED);
            call(to, called, signature(called).or(instead), out);
        }
        out.end_array();
    }
    if message.prefix {
        out.key("prefix").boolean(true);
    }
}

/// What stands for a signature of a call that Google's models did not make.
const UNSIGNED: &str = "skip_thought_signature_validator";

fn signature<'x>(called: &'x Called<'_, '_>) -> Option<&'x str> {
    let opaque = called.call.opaque.as_ref()?;
    (opaque.kind == OpaqueKind::ThoughtSignature).then_some(&opaque.value)
}

fn call(to: &To<'_, '_>, called: &Called<'_, '_>, signature: Option<&str>, out: &mut Writer) {
    let call = called.call;
    let name = names::sent(&call.name, Rule::OPENAI);
    out.object();
    out.key("id").string(&called.id);
    if to.profile.custom_tools && is_freeform(to, &call.name) {
        let text = match &call.input {
            Input::Text(text) => text.clone(),
            Input::Json(json) => freeform::unwrap(json.as_str()),
        };
        out.key("type").string("custom").key("custom").object();
        out.key("name").string(&name);
        out.key("input").string(&text).end_object();
    } else {
        out.key("type").string("function").key("function").object();
        out.key("name").string(&name);
        out.key("arguments").string(&arguments(&call.input));
        out.end_object();
    }
    if let Some(signature) = signature.filter(|_| to.profile.thought_signatures) {
        out.key("extra_content").object().key("google").object();
        out.key("thought_signature").string(signature);
        out.end_object().end_object();
    }
    for (key, value) in to.own(called.extra) {
        out.key(key).json(value);
    }
    out.end_object();
}

/// Whether the tool of that name takes free text.
fn is_freeform(to: &To<'_, '_>, wanted: &str) -> bool {
    let mut tools = to.request.tools.iter();
    tools.any(|tool| matches!(&tool.kind, ToolKind::Freeform { name, .. } if name == wanted))
}

/// The arguments of a function: an object, always.
fn arguments<'x>(input: &'x Input<'_>) -> std::borrow::Cow<'x, str> {
    match input {
        Input::Json(json) => {
            let text = json.as_str();
            let inner = crate::scan::string_value(text.trim_start().as_bytes());
            match inner.filter(|inner| is_object(inner)) {
                // Some encode the object twice.
                Some(inner) => tool::compact(&inner).into_owned().into(),
                None => tool::compact(text),
            }
        }
        Input::Text(text) if is_object(text) => tool::compact(text),
        Input::Text(text) => freeform::wrap(text).into(),
    }
}

fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The texts of what a message has thought.
pub(super) fn thoughts<'x>(message: &'x Message<'_, '_>) -> impl Iterator<Item = &'x str> {
    message.thinking.iter().filter_map(|part| match &part.body {
        Body::Thinking { text, .. } if !text.is_empty() => Some(&**text),
        _ => None,
    })
}
