//! Answers that come whole: the response object, read and written.

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::scan::{Cursor, Kind};
use crate::translate::fault::Fault;
use crate::translate::form::{Answer, Body, Call, Extra, Input, Opaque, OpaqueKind, Part, Text};
use crate::translate::json::Json;
use crate::translate::search;
use crate::usage::UsageMerge;

use super::error;
use super::read::{self, Content, Item, Response, Said};

mod write;

pub use write::{write_answer, write_answer_with};

/// Reads a response.
///
/// # Errors
///
/// A body that is no JSON or no response, and a response that failed or is not complete yet. Of one
/// that failed, [`read_error`](super::read_error) tells more.
pub fn read_answer(body: &[u8]) -> Result<Answer<'_>, Fault> {
    if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() {
        return Err(Fault::new("", "the answer is no JSON"));
    }
    let response = Response::read(body);
    match response.status.as_ref() {
        "failed" | "cancelled" => {
            let failure = error::of_response(&response, &response.status);
            return Err(Fault::new("status", failure.message));
        }
        "queued" | "in_progress" => {
            return Err(Fault::new("status", "the response is not complete yet"));
        }
        _ => {}
    }
    if !response.is_one {
        return Err(Fault::new("output", "the answer is no response"));
    }
    let mut parts = Vec::new();
    let mut said = Said::default();
    Cursor::new(response.output).array(|cursor| {
        let item = Item::read(cursor.value());
        read_item(item, &mut said, &mut parts);
    });
    let mut usage = UsageMerge::new(Dialect::OpenaiResponses);
    usage.add(response.usage);
    let mut usage = usage.finish();
    let is_search = |part: &&Part<'_>| match &part.body {
        Body::Foreign { kind, json } => kind == "web_search_call" && search::is_made(json.as_str()),
        _ => false,
    };
    search::count(&mut usage, parts.iter().filter(is_search).count() as u64);
    Ok(Answer {
        dialect: Dialect::OpenaiResponses,
        id: response.id,
        model: response.model,
        parts,
        stop: read::stop(&response.status, response.reason, said),
        usage,
        extra: Extra::default(),
    })
}

fn read_item<'a>(item: Item<'a>, said: &mut Said, parts: &mut Vec<Part<'a>>) {
    match item.kind.as_ref() {
        "message" => {
            for content in item.contents {
                let body = match content {
                    Content::Text { text, annotations } if !text.is_empty() => {
                        Body::Text { text, annotations }
                    }
                    Content::Refusal(text) if !text.is_empty() => {
                        said.refused = true;
                        Body::Refusal { text }
                    }
                    _ => continue,
                };
                parts.push(body.into());
            }
        }
        "reasoning" => parts.extend(thinking(item).map(Part::from)),
        "function_call" | "custom_tool_call" => {
            said.calls += 1;
            parts.push(Body::Call(call(item)).into());
        }
        _ => {
            if let Some(json) = read::json(item.raw) {
                let kind = item.kind;
                parts.push(Body::Foreign { kind, json }.into());
            }
        }
    }
}

/// Thinking; none when neither anything of it is shown nor the whole is there in a form that can
/// be given back.
fn thinking(item: Item<'_>) -> Option<Body<'_>> {
    let (_, texts) = item.thoughts();
    let shown: Vec<&str> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    let text = shown.join("\n\n");
    if text.is_empty() && item.encrypted.is_none() {
        return None;
    }
    Some(Body::Thinking {
        text: Cow::Owned(text),
        opaque: item.encrypted.map(|value| Opaque {
            value,
            kind: OpaqueKind::Encrypted,
        }),
        id: (!item.id.is_empty()).then_some(item.id),
    })
}

fn call(item: Item<'_>) -> Call<'_> {
    let freeform = item.kind == "custom_tool_call";
    let text = item.input.unwrap_or_default();
    let (id, own) = match item.call_id.is_empty() {
        true => (item.id.clone(), item.id),
        false => (item.call_id, item.id),
    };
    Call {
        id,
        name: item.name,
        input: match freeform {
            true => Input::Text(text),
            false => arguments(text),
        },
        item: (!own.is_empty()).then_some(own),
        opaque: None,
    }
}

/// Arguments: an object, or the text as it is when it is none.
fn arguments(text: Text<'_>) -> Input<'_> {
    if text.trim().is_empty() || text.trim() == "null" {
        return Input::Json(Json::of_valid("{}"));
    }
    let is_object = Cursor::new(text.as_bytes()).kind() == Some(Kind::Object);
    let valid = || serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    match is_object && valid() {
        true => Input::Json(Json::of_valid(text)),
        false => Input::Text(text),
    }
}

#[cfg(test)]
mod tests;
