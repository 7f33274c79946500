//! Reads a request. What the form has no place for is kept in its lists of extras, so that
//! [`super::write_request`] can say it again.
//!
//! Little is refused: only what could not be understood by anybody. The provider judges the rest.

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::translate::fault::Fault;
use crate::translate::form::{Extra, Part, Request, Role, Sampling, Tool, Turn};
use crate::translate::options::Hints;

mod blocks;
mod members;
mod settings;
mod tools;

use blocks::{At, content};
use members::{Members, elements, objects};
use settings::Wishes;
pub(super) use settings::thinking_of;

/// Reads a request. The model is taken from `hints` when the body names none, as with clouds that
/// have it in the path.
///
/// # Errors
///
/// When `body` is no JSON object, names no model or has no conversation, or when a message, block
/// or tool in it lacks what makes it one.
pub fn read_request<'a>(body: &'a [u8], hints: &Hints<'_>) -> Result<Request<'a>, Fault> {
    let mut top = Members::of(valid(body)?)
        .ok_or_else(|| Fault::new("", "the body must be a JSON object, not nested too deeply"))?;
    let model = match (top.text("model"), hints.path_model) {
        (Some(model), _) => model,
        (None, Some(model)) => Cow::Owned(model.to_owned()),
        (None, None) => return Err(Fault::new("model", "is missing")),
    };
    let system = match top.value("system") {
        Some(system) => content(system, At::System)?,
        None => Vec::new(),
    };
    let turns = match top.value("messages") {
        Some(messages) => turns(messages)?,
        None => return Err(Fault::new("messages", "is missing")),
    };
    let tools = match top.value("tools") {
        Some(tools) => self::tools(tools)?,
        None => Vec::new(),
    };
    let wishes = Wishes::read(&mut top);
    let (tool_choice, parallel_tools) = tools::choice(&mut top);
    let (user, metadata) = user(&mut top);
    let stop = top.value("stop_sequences").and_then(elements);
    Ok(Request {
        dialect: Dialect::AnthropicMessages,
        model,
        system,
        turns,
        tools,
        tool_choice,
        parallel_tools,
        max_tokens: max_tokens(&mut top)?,
        sampling: Sampling {
            temperature: top.number("temperature"),
            top_p: top.number("top_p"),
            top_k: top.number("top_k"),
            ..Sampling::default()
        },
        stop: stop
            .into_iter()
            .flatten()
            .filter_map(members::string)
            .collect(),
        stream: top.boolean("stream").unwrap_or(hints.stream),
        thinking: wishes.thinking,
        format: wishes.format,
        user,
        cache_key: None,
        service_tier: top.text("service_tier"),
        extra: extra(top, wishes.left, &metadata),
    })
}

/// The body as text, when it is JSON.
fn valid(body: &[u8]) -> Result<&str, Fault> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(|_| Fault::new("", "the body is not UTF-8"))?;
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Fault::new("", format!("the body is not JSON: {error}"))),
    }
}

fn turns(messages: &str) -> Result<Vec<Turn<'_>>, Fault> {
    let messages = objects(messages).ok_or_else(|| Fault::new("messages", "must be an array"))?;
    messages
        .into_iter()
        .enumerate()
        .map(|(at, (_, message))| turn(at, message))
        .collect()
}

fn turn(at: usize, message: Option<Members<'_>>) -> Result<Turn<'_>, Fault> {
    let at = At::Message(at);
    let mut message = message.ok_or_else(|| at.fault("", "must be an object"))?;
    let role = match message.text("role").as_deref() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System,
        _ => return Err(at.fault("role", "must be user, assistant or system")),
    };
    let mut parts = match message.value("content") {
        Some(value) => content(value, at)?,
        None => Vec::new(),
    };
    if role == Role::Assistant {
        blocks::settle_marks(&mut parts);
    }
    Ok(Turn {
        role,
        parts,
        extra: message.rest(),
    })
}

fn tools(list: &str) -> Result<Vec<Tool<'_>>, Fault> {
    let list = objects(list).ok_or_else(|| Fault::new("tools", "must be an array"))?;
    let tools = list.into_iter().enumerate();
    tools
        .map(|(at, (json, tool))| tools::tool(at, json, tool))
        .collect()
}

fn max_tokens(top: &mut Members<'_>) -> Result<Option<u64>, Fault> {
    let Some(number) = top.value("max_tokens") else {
        return Ok(None);
    };
    match number.parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(Fault::new("max_tokens", "must be a whole number above 0")),
    }
}

/// `metadata.user_id` and what else is in `metadata`.
fn user<'a>(top: &mut Members<'a>) -> (Option<Cow<'a, str>>, Extra<'a>) {
    let Some(mut metadata) = top.value("metadata").and_then(Members::of) else {
        return (None, Extra::default());
    };
    (metadata.text("user_id"), metadata.rest())
}

fn extra<'a>(top: Members<'a>, left: Extra<'a>, metadata: &Extra<'a>) -> Extra<'a> {
    let mut extra = top.rest();
    extra.members.extend(left.members);
    if !metadata.members.is_empty() {
        let value = members::object(metadata);
        extra.members.push(("metadata".into(), value));
    }
    extra
}

/// A text as the only part; none when there is nothing in it.
fn text_parts(text: Cow<'_, str>) -> Vec<Part<'_>> {
    if text.is_empty() {
        return Vec::new();
    }
    vec![blocks::text(text)]
}

#[cfg(test)]
mod tests;
