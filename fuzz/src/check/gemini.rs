//! The grammar of a stream of Gemini's, as its CLI reads it.

use serde_json::Value;

use super::sse::Event;
use super::{End, number, text};

pub(super) fn stream(events: &[Event<'_>]) -> Option<End> {
    let mut end = None;
    let mut tokens = 0;
    for event in events {
        assert_eq!(event.name, "");
        let data = event.data.unwrap_or_default();
        assert!(event.data.is_some(), "a comment");
        assert!(
            !data.contains(['\u{2028}', '\u{2029}']),
            "a line end: {data}"
        );
        assert!(end.is_none(), "after the end: {data}");
        let value = super::object(data.as_bytes())?;
        if let Some(error) = value.get("error") {
            text(error, "message");
            text(error, "status");
            assert!((400..600).contains(&number(error, "code")), "{data}");
            end = Some(End::Error);
            continue;
        }
        text(&value, "modelVersion");
        assert!(!text(&value, "responseId").is_empty());
        let candidates = value["candidates"].as_array().expect("candidates");
        assert_eq!(candidates.len(), 1);
        if chunk(&candidates[0]) {
            number(&value["usageMetadata"], "totalTokenCount");
            end = Some(End::Whole);
        }
        let now = value["usageMetadata"]["candidatesTokenCount"].as_u64();
        let now = now.unwrap_or(tokens);
        tokens = now;
    }
    assert!(end.is_some(), "no end");
    end
}

/// Whether it is the last.
fn chunk(candidate: &Value) -> bool {
    let content = &candidate["content"];
    assert_eq!(text(content, "role"), "model");
    let parts = content["parts"].as_array().expect("parts");
    assert_eq!(parts.len(), 1);
    if let Some(call) = parts[0].get("functionCall") {
        text(call, "name");
        assert!(call["args"].is_object(), "{call}");
    }
    candidate.get("finishReason").is_some_and(Value::is_string)
}
