//! The grammar of a stream of Responses.

use serde_json::Value;

use super::sse::Event;
use super::{End, number, text};

#[derive(Default)]
struct State {
    events: u64,
    /// The id of the item that is open, and what its deltas made of its present part.
    open: Option<(String, String)>,
    /// Parts of the open item, and whether one of them is open.
    parts: u64,
    part_open: bool,
    items: u64,
    done: Vec<Value>,
    end: Option<End>,
}

pub(super) fn stream(events: &[Event<'_>]) -> Option<End> {
    let mut state = State::default();
    for event in events {
        let Some(data) = event.data else { continue };
        let value = super::object(data.as_bytes())?;
        assert_eq!(event.name, text(&value, "type"), "{data}");
        assert!(state.end.is_none(), "after the end: {data}");
        assert_eq!(number(&value, "sequence_number"), state.events);
        state.take(event.name, &value);
        state.events += 1;
    }
    assert!(state.end.is_some(), "no end");
    state.end
}

impl State {
    fn take(&mut self, name: &str, value: &Value) {
        let place = ["response.created", "response.in_progress"];
        let known = place.iter().position(|one| *one == name);
        let at = usize::try_from(self.events).unwrap_or(usize::MAX);
        assert_eq!(known.is_some(), at < 2, "{name}");
        match name {
            "response.created" | "response.in_progress" => {
                assert_eq!(known, Some(at));
                response(&value["response"], "in_progress");
            }
            "response.output_item.added" => self.added(value),
            "response.output_item.done" => self.item_done(value),
            "response.completed" => self.end(&value["response"], "completed"),
            "response.incomplete" => self.end(&value["response"], "incomplete"),
            "response.failed" => {
                let response_ = &value["response"];
                response(response_, "failed");
                text(&response_["error"], "code");
                text(&response_["error"], "message");
                self.end = Some(End::Error);
            }
            _ => self.within(name, value),
        }
    }

    fn added(&mut self, value: &Value) {
        assert!(self.open.is_none(), "two items are open");
        assert_eq!(number(value, "output_index"), self.items);
        let id = value["item"]["id"].as_str().unwrap_or_default();
        self.open = Some((id.to_owned(), String::new()));
        self.parts = 0;
    }

    fn item_done(&mut self, value: &Value) {
        let (id, _) = self.open.take().expect("an item is open");
        assert!(!self.part_open, "a part is open");
        assert_eq!(number(value, "output_index"), self.items);
        let item = &value["item"];
        assert_eq!(item["id"].as_str().unwrap_or_default(), id);
        match text(item, "type") {
            "message" => {
                let parts = item["content"].as_array().map_or(0, Vec::len);
                assert_eq!(u64::try_from(parts).ok(), Some(self.parts));
            }
            "function_call" => {
                text(item, "arguments");
                assert!(!text(item, "call_id").is_empty());
            }
            "custom_tool_call" => {
                text(item, "input");
                assert!(!text(item, "call_id").is_empty());
            }
            _ => {}
        }
        self.items += 1;
        self.done.push(item.clone());
    }

    fn within(&mut self, name: &str, value: &Value) {
        let (id, said) = self.open.as_mut().expect("an item is open");
        assert_eq!(text(value, "item_id"), id);
        assert_eq!(number(value, "output_index"), self.items);
        let kind = name.strip_prefix("response.").unwrap_or_default();
        match kind {
            "content_part.added" | "reasoning_summary_part.added" => {
                assert!(!self.part_open, "two parts are open");
                self.part_open = true;
                said.clear();
            }
            "content_part.done" | "reasoning_summary_part.done" => {
                assert!(self.part_open, "no part is open");
                self.part_open = false;
                self.parts += 1;
            }
            "output_text.annotation.added" => assert!(self.part_open),
            _ => {
                let delta = kind.strip_suffix(".delta");
                let member = match kind.strip_suffix(".done").or(delta) {
                    Some("output_text" | "reasoning_summary_text") => "text",
                    Some("refusal") => "refusal",
                    Some("function_call_arguments") => "arguments",
                    Some("custom_tool_call_input") => "input",
                    _ => "an event that is known",
                };
                match delta {
                    Some(_) => said.push_str(text(value, "delta")),
                    None => assert_eq!(text(value, member), said.as_str()),
                }
            }
        }
    }

    fn end(&mut self, value: &Value, status: &str) {
        assert!(self.open.is_none(), "an item is open");
        response(value, status);
        assert_eq!(value["output"].as_array(), Some(&self.done));
        let usage = &value["usage"];
        if !usage.is_null() {
            let sum = number(usage, "input_tokens").saturating_add(number(usage, "output_tokens"));
            assert_eq!(number(usage, "total_tokens"), sum);
        }
        self.end = Some(End::Whole);
    }
}

fn response(value: &Value, status: &str) {
    assert_eq!(text(value, "object"), "response");
    assert_eq!(text(value, "status"), status);
    assert!(!text(value, "id").is_empty());
    text(value, "model");
    assert!(value["output"].is_array());
}
