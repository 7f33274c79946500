//! The grammar of a stream of Chat Completions.

use std::collections::HashSet;

use serde_json::Value;

use super::sse::Event;
use super::{End, number, text};

#[derive(Default)]
struct State {
    id: Option<String>,
    calls: u64,
    ids: HashSet<String>,
    finished: bool,
    counted: bool,
    end: Option<End>,
}

pub(super) fn stream(events: &[Event<'_>]) -> Option<End> {
    let mut state = State::default();
    for event in events {
        assert_eq!(event.name, "");
        let Some(data) = event.data else { continue };
        assert!(state.end.is_none(), "after the end: {data}");
        if data == "[DONE]" {
            assert!(state.finished, "no reason to end");
            state.end = Some(End::Whole);
            continue;
        }
        let value = super::object(data.as_bytes())?;
        state.take(&value);
    }
    assert!(state.end.is_some(), "no end");
    state.end
}

impl State {
    fn take(&mut self, value: &Value) {
        if let Some(error) = value.get("error") {
            text(error, "message");
            text(error, "type");
            self.end = Some(End::Error);
            return;
        }
        assert_eq!(text(value, "object"), "chat.completion.chunk");
        text(value, "model");
        number(value, "created");
        let id = text(value, "id");
        let first = self.id.is_none();
        assert_eq!(self.id.get_or_insert_with(|| id.to_owned()), id);
        let choices = value["choices"].as_array().expect("choices");
        let Some(choice) = choices.first() else {
            assert!(self.finished && !self.counted, "tokens: {value}");
            let usage = &value["usage"];
            let sum =
                number(usage, "prompt_tokens").saturating_add(number(usage, "completion_tokens"));
            assert_eq!(number(usage, "total_tokens"), sum);
            self.counted = true;
            return;
        };
        assert_eq!((choices.len(), number(choice, "index")), (1, 0));
        assert!(!self.finished, "after the reason: {value}");
        let delta = &choice["delta"];
        assert!(delta.is_object(), "{value}");
        assert_eq!(delta.get("role").is_some(), first, "{value}");
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            self.call(call);
        }
        if !choice["finish_reason"].is_null() {
            let reason = text(choice, "finish_reason");
            let known = ["stop", "length", "tool_calls", "content_filter"];
            assert!(known.contains(&reason), "{reason}");
            assert!(reason != "tool_calls" || self.calls > 0, "no calls");
            self.finished = true;
        }
    }

    fn call(&mut self, call: &Value) {
        let index = number(call, "index");
        let kind = if call.get("custom").is_some() {
            "custom"
        } else {
            "function"
        };
        let member = if kind == "custom" {
            "input"
        } else {
            "arguments"
        };
        text(&call[kind], member);
        if call.get("id").is_some() {
            assert_eq!(index, self.calls, "{call}");
            self.calls += 1;
            assert_eq!(text(call, "type"), kind);
            text(&call[kind], "name");
            let id = text(call, "id");
            assert!(
                !id.is_empty() && self.ids.insert(id.to_owned()),
                "an id: {call}"
            );
        } else {
            assert_eq!(index + 1, self.calls, "{call}");
        }
    }
}
