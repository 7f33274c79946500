//! The grammar of a stream of Messages.

use std::collections::HashSet;

use serde_json::Value;

use super::sse::Event;
use super::{End, number, text};

#[derive(Default)]
struct State {
    started: bool,
    /// The type of the block that is open, and what its pieces make.
    open: Option<(String, String)>,
    blocks: u64,
    ids: HashSet<String>,
    /// Inputs of calls that are no objects.
    broken: usize,
    reason: Option<String>,
    end: Option<End>,
}

pub(super) fn stream(events: &[Event<'_>]) -> Option<End> {
    let mut state = State::default();
    for event in events {
        let data = event.data.unwrap_or_default();
        assert!(event.data.is_some(), "a comment");
        let value = super::object(data.as_bytes())?;
        assert_eq!(event.name, text(&value, "type"), "{data}");
        assert!(state.end.is_none(), "after the end: {data}");
        state.take(event.name, &value);
    }
    assert!(state.end.is_some(), "no end");
    state.end
}

impl State {
    fn take(&mut self, name: &str, value: &Value) {
        match name {
            "ping" => return,
            "error" => {
                text(&value["error"], "type");
                text(&value["error"], "message");
                self.end = Some(End::Error);
                return;
            }
            _ => assert_eq!(self.started, name != "message_start", "{value}"),
        }
        assert!(self.reason.is_none() || name == "message_stop", "{value}");
        match name {
            "message_start" => self.start(&value["message"]),
            "content_block_start" => self.block(value),
            "content_block_delta" => self.delta(value),
            "content_block_stop" => self.stop(value),
            "message_delta" => {
                assert!(self.open.is_none(), "a block is open");
                let reason = text(&value["delta"], "stop_reason");
                let cut = ["max_tokens", "model_context_window_exceeded", "refusal"];
                assert!(self.broken == 0 || cut.contains(&reason), "{reason}");
                number(&value["usage"], "output_tokens");
                self.reason = Some(reason.to_owned());
            }
            "message_stop" => {
                assert!(self.reason.is_some(), "no message_delta");
                self.end = Some(End::Whole);
            }
            _ => assert!(name.is_empty(), "unknown: {value}"),
        }
    }

    fn start(&mut self, message: &Value) {
        self.started = true;
        assert!(!text(message, "id").is_empty());
        assert_eq!(text(message, "type"), "message");
        assert_eq!(text(message, "role"), "assistant");
        text(message, "model");
        assert_eq!(message["content"].as_array().map(Vec::len), Some(0));
        assert!(message["stop_reason"].is_null());
        number(&message["usage"], "input_tokens");
        number(&message["usage"], "output_tokens");
    }

    fn block(&mut self, value: &Value) {
        assert!(self.open.is_none(), "two blocks are open");
        assert_eq!(number(value, "index"), self.blocks);
        let block = &value["content_block"];
        let kind = text(block, "type");
        match kind {
            "text" => assert_eq!(text(block, "text"), ""),
            "thinking" => assert_eq!(text(block, "thinking"), ""),
            "redacted_thinking" => assert!(!text(block, "data").is_empty()),
            "tool_use" => {
                assert!(block["input"].is_object(), "{block}");
                text(block, "name");
                let id = text(block, "id");
                assert!(!id.is_empty(), "{value}");
                assert!(self.ids.insert(id.to_owned()), "twice: {id}");
            }
            _ => assert!(kind.is_empty(), "unknown: {value}"),
        }
        self.open = Some((kind.to_owned(), String::new()));
        self.blocks += 1;
    }

    fn delta(&mut self, value: &Value) {
        assert_eq!(number(value, "index") + 1, self.blocks);
        let delta = &value["delta"];
        let (kind, said) = self.open.as_mut().expect("a block is open");
        let member = match (kind.as_str(), text(delta, "type")) {
            ("text", "text_delta") => "text",
            ("thinking", "thinking_delta") => "thinking",
            ("thinking", "signature_delta") => {
                text(delta, "signature");
                said.push('.');
                return;
            }
            ("tool_use", "input_json_delta") => "partial_json",
            _ => "a delta that fits",
        };
        said.push_str(text(delta, member));
    }

    fn stop(&mut self, value: &Value) {
        assert_eq!(number(value, "index") + 1, self.blocks);
        let (kind, said) = self.open.take().expect("a block is open");
        match kind.as_str() {
            "tool_use" if !said.is_empty() => {
                let whole = serde_json::from_str::<serde::de::IgnoredAny>(&said).is_ok();
                if !whole || !said.trim_start().starts_with('{') {
                    self.broken += 1;
                }
            }
            // One is made where nothing else is said.
            "text" => assert!(!said.is_empty(), "an empty text"),
            "thinking" => assert!(!said.is_empty(), "nothing is thought"),
            _ => {}
        }
    }
}
