//! Failures: read from whatever a server sends in place of an answer, written as OpenAI writes its
//! own.

use std::borrow::Cow;

use serde_json::Value;

use crate::inband::of_word;
use crate::translate::json::Writer;
use crate::translate::signal::Failure;

/// Bytes of a message that are passed on.
const MAX_MESSAGE: usize = 2000;
/// Bytes of a message that is no JSON.
const MAX_PLAIN: usize = 300;
/// Largest body that is read as JSON.
const MAX_BODY: usize = 1024 * 1024;
/// The code of a prompt that is longer than the model's context.
const TOO_LONG: &str = "context_length_exceeded";

/// Reads the error that came with `status`. It takes any body: JSON of every shape, HTML, nothing.
/// Where the status is none of an error, the body's own is taken.
#[must_use]
pub fn read_error(status: u16, body: &[u8]) -> Failure<'static> {
    let body = body.trim_ascii();
    let value = (body.len() <= MAX_BODY)
        .then(|| serde_json::from_slice::<Value>(body).ok())
        .flatten();
    let Some(value) = value else {
        let status = if is_failure(status) { status } else { 502 };
        return Failure {
            status,
            code: Cow::Borrowed(code_of(status)),
            message: Cow::Owned(plain(status, body)),
        };
    };
    let value = value.get(0).unwrap_or(&value);
    let error = value.get("error").filter(|error| !error.is_null());
    let error = error
        .or_else(|| value.get("errors")?.get(0))
        .unwrap_or(value);
    let status = match is_failure(status) {
        true => status,
        false => own_status(error),
    };
    let message = message(error).or_else(|| message(value));
    Failure {
        status,
        code: code(error).map_or(Cow::Borrowed(code_of(status)), Cow::Owned),
        message: match message {
            Some(message) => Cow::Owned(cut(&message, MAX_MESSAGE).to_owned()),
            None => Cow::Owned(plain(status, b"")),
        },
    }
}

/// The status and body with which a client is told of `failure`.
#[must_use]
pub fn write_error(failure: &Failure<'_>) -> (u16, Vec<u8>) {
    let status = match failure.status {
        // Only Anthropic's clients know it.
        529 => 503,
        status @ 400..=599 => status,
        _ => 502,
    };
    let full = status < 500 && is_full(failure);
    let code = if full { TOO_LONG } else { own_code(failure) };
    let mut out = Writer::default();
    out.object().key("error").object();
    out.key("message");
    match failure.message.is_empty() {
        true => out.string(code_of(status)),
        false => out.string(&failure.message),
    };
    out.key("type").string(type_of(status)).key("param").null();
    out.key("code").string(code).end_object().end_object();
    (status, out.finish())
}

/// A stream that holds what is no chunk.
pub(super) fn broken() -> Failure<'static> {
    upstream("the upstream sent an event that is not JSON")
}

/// A stream that ended before its answer did.
pub(super) fn cut_off() -> Failure<'static> {
    upstream("the upstream broke off before its answer was whole")
}

/// A stream that calls more than can be told apart.
pub(super) fn too_much() -> Failure<'static> {
    upstream("the upstream called more tools at once than fit")
}

/// An answer that ended in an error of which nothing is said.
pub(super) fn unnamed() -> Failure<'static> {
    upstream("the upstream ended its answer with an error")
}

fn is_failure(status: u16) -> bool {
    (400..600).contains(&status)
}

fn upstream(message: &'static str) -> Failure<'static> {
    Failure {
        status: 502,
        code: Cow::Borrowed("upstream_error"),
        message: Cow::Borrowed(message),
    }
}

/// The status that an error states or that its words stand for.
fn own_status(error: &Value) -> u16 {
    let number = ["code", "status", "status_code", "raw_status_code"]
        .iter()
        .filter_map(|key| match error.get(key)? {
            Value::String(text) => text.parse().ok(),
            number => number.as_u64(),
        })
        .find(|number| (400..600).contains(number));
    if let Some(number) = number.and_then(|number| u16::try_from(number).ok()) {
        return number;
    }
    let words = ["code", "type", "status"].iter();
    let words = words.filter_map(|key| error.get(key)?.as_str());
    words.filter_map(of_word).next().unwrap_or(500)
}

/// The word that says most.
fn code(error: &Value) -> Option<String> {
    let words = ["code", "type", "status"].iter();
    let mut words = words.filter_map(|key| error.get(key)?.as_str());
    let word = words.find(|word| !word.is_empty() && word.parse::<u32>().is_err())?;
    Some(cut(word, 128).to_owned())
}

fn message(error: &Value) -> Option<String> {
    if let Some(text) = error.as_str() {
        return Some(text.to_owned()).filter(|text| !text.is_empty());
    }
    let keys = ["message", "detail", "error", "error_description", "msg"];
    let found = keys.iter().find_map(|key| match error.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Array(all) => all
            .iter()
            .find_map(|one| Some(one.get("msg")?.as_str()?.to_owned())),
        Value::Object(inner) => Some(inner.get("message")?.as_str()?.to_owned()),
        _ => None,
    })?;
    // OpenRouter says only that the provider failed, and what that said beside it.
    let raw = error
        .get("metadata")
        .and_then(|metadata| metadata.get("raw"));
    match raw.and_then(Value::as_str).filter(|raw| !raw.is_empty()) {
        Some(raw) => Some(format!("{found}: {}", inner_message(raw))),
        None => Some(found),
    }
}

fn inner_message(raw: &str) -> String {
    let value: Option<Value> = serde_json::from_str(raw).ok();
    let said = value.and_then(|value| value.get("error").map_or_else(|| message(&value), message));
    said.unwrap_or_else(|| cut(raw, MAX_PLAIN).to_owned())
}

/// What a body that is no JSON says: the title of a page, or its first line.
fn plain(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..body.len().min(16 * 1024)).unwrap_or_default());
    let line = match body.starts_with(b"<") {
        true => title(&text),
        false => text.lines().map(str::trim).find(|line| !line.is_empty()),
    };
    match line {
        Some(line) => cut(line, MAX_PLAIN).to_owned(),
        None => {
            let reason = http::StatusCode::from_u16(status).ok();
            let reason = reason.and_then(|status| status.canonical_reason());
            let reason = reason.unwrap_or("no reason given");
            format!("the provider answered with status {status} ({reason})")
        }
    }
}

fn title(page: &str) -> Option<&str> {
    let from = page.find("<title>")? + "<title>".len();
    let rest = page.get(from..)?;
    let title = rest.get(..rest.find('<')?)?.trim();
    (!title.is_empty()).then_some(title)
}

fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

/// Whether a failure says that the prompt is too long, in any vendor's words.
fn is_full(failure: &Failure<'_>) -> bool {
    const PHRASES: [&str; 5] = [
        "prompt is too long",
        "maximum context length",
        "context window",
        "context length",
        "exceeds the maximum number of tokens",
    ];
    let said = failure.message.to_ascii_lowercase();
    failure.code == TOO_LONG
        || failure.code == "too_many_prompt_tokens"
        || PHRASES.iter().any(|phrase| said.contains(phrase))
}

/// The code in OpenAI's words where it has one.
fn own_code<'a>(failure: &'a Failure<'_>) -> &'a str {
    match failure.code.as_ref() {
        // What says nothing but that it failed.
        "" | "invalid_request_error" | "INVALID_ARGUMENT" | "api_error" | "INTERNAL" => {
            code_of(failure.status)
        }
        "authentication_error" | "UNAUTHENTICATED" => "invalid_api_key",
        "permission_error" | "PERMISSION_DENIED" => "permission_denied",
        "not_found_error" | "NOT_FOUND" => "not_found",
        "rate_limit_error" | "RESOURCE_EXHAUSTED" => "rate_limit_exceeded",
        "billing_error" => "insufficient_quota",
        "overloaded_error" | "UNAVAILABLE" => "overloaded",
        "timeout_error" | "DEADLINE_EXCEEDED" => "timeout",
        code => code,
    }
}

/// A code for a status of which nothing else is known.
fn code_of(status: u16) -> &'static str {
    match status {
        401 => "invalid_api_key",
        402 => "insufficient_quota",
        403 => "permission_denied",
        404 => "not_found",
        408 | 504 => "timeout",
        409 => "conflict",
        413 => "request_too_large",
        429 => "rate_limit_exceeded",
        400..=499 => "invalid_request",
        503 | 529 => "overloaded",
        _ => "server_error",
    }
}

/// OpenAI's `type`, which is coarser than its code.
fn type_of(status: u16) -> &'static str {
    match status {
        402 => "insufficient_quota",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

#[cfg(test)]
mod tests;
