//! One exchange: what was asked, what was answered, what it took.

use std::process::ExitCode;

use anyhow::Context as _;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::door::{self, Door};
use super::lines::Exchange;
use crate::cli::{Raw, Show};
use crate::client::segment;
use crate::lines::{Bytes, clean, clean_lines, pretty, print};
use crate::words::money;

/// Word for the newest exchange.
const LATEST: &str = "latest";
/// Longest text that is printed of one block, in characters; `--json` has all.
const LONGEST: usize = 2_000;

/// Runs `weir show`.
///
/// # Errors
/// When there is no such exchange, or the history cannot be had.
pub(crate) fn run(options: &Show) -> anyhow::Result<ExitCode> {
    door::within(&options.history, async |door| {
        let id = id(door, &options.id).await?;
        let path = format!("/api/requests/{}", segment(&id));
        if let Some(side) = options.raw {
            let side = match side {
                Raw::Request => "request",
                Raw::Response => "response",
            };
            let asked = format!("{path}/raw/{side}");
            let mut body = door.client.download(&asked).await?;
            let mut out = Bytes::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.context("the answer broke off; what came is not whole")?;
                if let Ok(piece) = frame.into_data() {
                    out.push(&piece)?;
                }
            }
            out.end()?;
            return Ok(ExitCode::SUCCESS);
        }
        let json = door.client.get_long(&path).await?;
        if options.json {
            print(&pretty(&json)?)?;
        } else {
            print(&text(&Exchange::read(json)?))?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn id(door: &Door, asked: &str) -> anyhow::Result<String> {
    if asked != LATEST {
        return Ok(asked.to_owned());
    }
    let newest = door.client.get("/api/requests/summary?limit=1").await?;
    let id = newest["requests"][0]["requestId"].as_str();
    id.map(str::to_owned)
        .ok_or_else(|| anyhow::anyhow!("nothing was captured yet"))
}

fn text(exchange: &Exchange) -> String {
    let (one, json) = (&exchange.fields, &exchange.json);
    let mut lines = Vec::new();
    let mut say = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("{name:<10} {}", clean(&value)));
        }
    };
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    say("exchange", one.request_id.clone());
    say("time", one.timestamp.clone());
    say(
        "request",
        format!("{} {}", word(&json["method"]), word(&json["endpoint"])),
    );
    say("client", word(&json["userAgent"]));
    say("session", one.session_id.clone().unwrap_or_default());
    let model = one.model.clone().unwrap_or_default();
    let routed = one.routed_model.as_ref();
    say(
        "model",
        routed.map_or_else(|| model.clone(), |routed| format!("{model} -> {routed}")),
    );
    say("provider", one.provider.clone());
    let status = one
        .status_code
        .map_or_else(|| "-".to_owned(), |status| status.to_string());
    say("status", format!("{status} {}", one.state));
    say("stopped", word(&json["stopReason"]));
    if let Some(usage) = &one.usage {
        say(
            "tokens",
            format!(
                "{} in ({} from cache, {} into it), {} out",
                usage.input(),
                usage.cached(),
                usage.written(),
                usage.output_tokens
            ),
        );
    }
    say("cost", money(one.cost));
    let ms = |name: &str| json[name].as_u64().map(|ms| format!("{ms} ms"));
    say("first byte", ms("ttfb").unwrap_or_default());
    say("took", ms("responseTime").unwrap_or_default());
    say("sent as", word(&json["sent"]["body"]["verdict"]));
    say("error", word(&json["streamError"]));
    for (title, body) in [
        ("asked", newest(&json["body"])),
        ("answered", &json["response"]["body"]),
        ("answered", &json["response"]["bodyText"]),
    ] {
        let said = words(body);
        if !said.is_empty() {
            lines.push(format!("\n--- {title}\n{said}"));
        }
    }
    lines.join("\n")
}

/// The last of the messages that were sent, in whichever dialect.
fn newest(body: &Value) -> &Value {
    let list = ["messages", "input", "contents"].iter();
    let list = list.filter_map(|name| body[name].as_array());
    list.filter_map(|messages| messages.last())
        .next()
        .unwrap_or(body)
}

/// The texts in a value, in order, each cut at [`LONGEST`]; of tool calls their name and input.
fn words(value: &Value) -> String {
    let mut found = Vec::new();
    collect(value, &mut found);
    found.join("\n")
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(short(text)),
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Object(object) => {
            if let Some(name) = object.get("name").and_then(Value::as_str) {
                let input = ["input", "arguments", "args"].iter();
                let input = input.filter_map(|key| object.get(*key)).next();
                let input = input.map(ToString::to_string).unwrap_or_default();
                found.push(short(&format!("{name} {input}")));
                return;
            }
            let inner = [
                "text",
                "thinking",
                "content",
                "message",
                "choices",
                "output",
                "parts",
                "candidates",
                "error",
                "tool_calls",
                "functionCall",
                "function",
            ];
            for key in inner {
                if let Some(value) = object.get(key) {
                    collect(value, found);
                }
            }
        }
        _ => {}
    }
}

fn short(text: &str) -> String {
    let text = clean_lines(text);
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => {
            let left = text.chars().count() - LONGEST;
            format!(
                "{}... ({left} more; --json has all)",
                text.get(..at).unwrap_or_default()
            )
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_words_of_every_dialect_are_found() {
        for (body, expected) in [
            (
                json!({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "hi"},
                    {"type": "tool_use", "name": "Bash", "input": {"command": "ls"}}]}),
                "hm\nhi\nBash {\"command\":\"ls\"}",
            ),
            (
                json!({"choices": [{"message": {"content": "hi", "tool_calls": [
                    {"function": {"name": "f", "arguments": "{}"}}]}}]}),
                "hi\nf \"{}\"",
            ),
            (
                json!({"output": [{"type": "message", "content": [{"type": "output_text", "text": "hi"}]}]}),
                "hi",
            ),
            (
                json!({"candidates": [{"content": {"parts": [{"text": "hi"},
                    {"functionCall": {"name": "f", "args": {}}}]}}]}),
                "hi\nf {}",
            ),
            (json!(null), ""),
        ] {
            assert_eq!(words(&body), expected);
        }
    }

    #[test]
    fn long_texts_say_that_they_go_on() {
        let text = short(&"é".repeat(LONGEST + 5));
        assert!(text.ends_with("... (5 more; --json has all)"));
        assert_eq!(short("a\u{1b}b"), "a\u{fffd}b");
    }
}
