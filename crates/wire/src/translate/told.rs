//! What a dialect has no place for, told as text.
//!
//! Every writer tells it in these words, so that a conversation reads the same whoever goes on
//! with it. Whether a note is due is the writer's business.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::form::{Body, Call, Input, Media, Part, Place};

/// Most characters that are told of a piece that only another dialect knows.
const LIMIT: usize = 100_000;

/// Longest text of base64 that is told, in bytes; what is longer is a file's, and says nothing.
const MAX_BYTES: usize = 1024;

/// The text for a piece; empty where nothing of it can be read by another model.
#[must_use]
pub fn told(body: &Body<'_>) -> String {
    match body {
        Body::Text { text, .. } | Body::Refusal { text } => text.to_string(),
        Body::Thinking { .. } => String::new(),
        Body::Image(media) => place("image", media),
        Body::Audio(media) => place("sound", media),
        Body::Document {
            media,
            title,
            context,
        } => document(media, title.as_deref(), context.as_deref()),
        Body::Call(call) => self::call(call),
        Body::Result {
            call,
            parts,
            is_error,
            ..
        } => format!("{}\n{}", result_head(call, *is_error), all(parts)),
        Body::Foreign { kind, json } => foreign(kind, json.as_str()),
    }
}

/// What stands for such a text.
const HIDDEN: &str = "...";

/// What all pieces say, each on a line of its own.
#[must_use]
pub fn all(parts: &[Part<'_>]) -> String {
    let told = parts.iter().map(|part| told(&part.body));
    let told: Vec<String> = told.filter(|text| !text.is_empty()).collect();
    told.join("\n")
}

/// A call that has no counterpart.
#[must_use]
pub fn call(call: &Call<'_>) -> String {
    let input = match &call.input {
        Input::Json(json) => json.as_str(),
        Input::Text(text) => text,
    };
    format!("[call of the tool {}: {input}]", call.name)
}

/// The line before a result that has no counterpart.
#[must_use]
pub fn result_head(call: &str, is_error: bool) -> String {
    let failed = if is_error { " (failed)" } else { "" };
    format!("[result of the tool call {call}]{failed}")
}

/// Bytes that the model is not shown: where they are, or the text that they hold.
#[must_use]
pub fn place(what: &str, media: &Media<'_>) -> String {
    match &media.place {
        Place::Text(text) => text.to_string(),
        Place::Url(url) if !url.starts_with("data:") => format!("[{what}: {url}]"),
        Place::Url(_) | Place::Base64(_) | Place::File(_) => {
            format!("[{what}, which cannot be shown here]")
        }
    }
}

/// A document that the model is not shown as one.
#[must_use]
pub fn document(media: &Media<'_>, title: Option<&str>, context: Option<&str>) -> String {
    let text = match &media.place {
        Place::Base64(data) => decoded(media.kind.as_deref(), data),
        Place::Text(_) | Place::Url(_) | Place::File(_) => None,
    };
    let text = text.unwrap_or_else(|| place("document", media));
    let title = title.map(|title| format!("[document: {title}]"));
    let lines = [title.as_deref(), context, Some(&text)];
    let lines: Vec<&str> = lines.into_iter().flatten().collect();
    lines.join("\n")
}

/// Text in base64.
fn decoded(kind: Option<&str>, data: &str) -> Option<String> {
    let kind = kind?;
    if !kind.starts_with("text/") && kind != "application/json" {
        return None;
    }
    String::from_utf8(STANDARD.decode(data).ok()?).ok()
}

/// A block or item that only another dialect knows.
#[must_use]
pub fn foreign(kind: &str, json: &str) -> String {
    let kind = if kind.is_empty() { "part" } else { kind };
    let Ok(mut value) = serde_json::from_str::<Value>(json) else {
        return cut(format!("[{kind}: {json}]"));
    };
    // A text that stands alone is all there is to say, as in a summary of what came before.
    if let Some(text) = lone_text(&value) {
        return text.to_owned();
    }
    if let Some(text) = paragraphs(kind, &value) {
        return text;
    }
    strip(&mut value);
    let empty = match &value {
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text == HIDDEN,
        other => other.is_null(),
    };
    if empty {
        return String::new();
    }
    cut(format!("[{kind}: {value}]"))
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LIMIT) {
        text.truncate(end);
        text.push_str("...]");
    }
    text
}

fn lone_text(value: &Value) -> Option<&str> {
    let named = |name| value.get(name).and_then(Value::as_str);
    let told = named("text").or_else(|| named("content"))?;
    let others = value.as_object()?.keys();
    let mut others = others.filter(|key| !matches!(key.as_str(), "text" | "content"));
    others
        .all(|key| NOISE.contains(&key.as_str()))
        .then_some(told)
}

/// What is made of texts only, such as what a search found: where it is from, and the texts.
fn paragraphs(kind: &str, value: &Value) -> Option<String> {
    let source = value.get("source");
    let content = source.and_then(|source| source.get("content"));
    let content = content.or_else(|| value.get("content"))?.as_array()?;
    let texts = content
        .iter()
        .map(|block| match block.get("type")?.as_str()? {
            "text" => block.get("text")?.as_str(),
            _ => None,
        });
    let texts: Vec<&str> = texts.collect::<Option<_>>()?;
    let heads = [value.get("title"), source, value.get("context")];
    let heads: Vec<&str> = heads
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let head = match heads.as_slice() {
        [] => Cow::Borrowed(kind),
        heads => Cow::Owned(format!("{kind}: {}", heads.join(", "))),
    };
    Some(format!("[{head}]\n{}", texts.join("\n")))
}

/// Members that say nothing to another model.
const NOISE: [&str; 9] = [
    "type",
    "id",
    "tool_use_id",
    "cache_control",
    "caller",
    "role",
    "status",
    "signature",
    "citations",
];

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|key, value| {
                let noise = NOISE.contains(&key.as_str()) || key.starts_with("encrypted_");
                !noise && !value.is_null()
            });
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::String(text) if is_bytes(text) => *text = HIDDEN.to_owned(),
        _ => {}
    }
}

fn is_bytes(text: &str) -> bool {
    let of_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte);
    text.len() > MAX_BYTES && text.bytes().all(of_base64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_is_told_and_nothing_else() {
        for (kind, json, text) in [
            (
                "search_result",
                r#"{"type":"search_result","source":"https://a.b","title":"T","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}],"citations":{"enabled":true}}"#,
                "[search_result: T, https://a.b]\none\ntwo",
            ),
            (
                "document",
                r#"{"type":"document","source":{"type":"content","content":[{"type":"text","text":"x"}]}}"#,
                "[document]\nx",
            ),
            (
                "container_upload",
                r#"{"type":"container_upload","file_id":"file_1"}"#,
                r#"[container_upload: {"file_id":"file_1"}]"#,
            ),
            (
                "server_tool_use",
                r#"{"type":"server_tool_use","id":"s","input":{"query":"q"},"name":"web_search"}"#,
                r#"[server_tool_use: {"input":{"query":"q"},"name":"web_search"}]"#,
            ),
            (
                "compaction",
                r#"{"type":"compaction","content":"short"}"#,
                "short",
            ),
            ("compaction", r#"{"id":"c","encrypted_content":"AAAA"}"#, ""),
        ] {
            let told = foreign(kind, json);
            assert_eq!(told, text);
        }
    }

    #[test]
    fn files_within_are_not_told_and_long_texts_are_cut() {
        let file = format!(r#"{{"result":"{}","prompt":"a cat"}}"#, "QUJD".repeat(1000));
        let told = foreign("image_generation_call", &file);
        assert!(told.contains("a cat") && told.len() < 100, "{told}");
        let long = format!(r#"{{"output":"{}"}}"#, "\u{e9} ".repeat(LIMIT));
        let told = foreign("x", &long);
        assert_eq!(told.chars().count(), LIMIT + 4);
    }
}
