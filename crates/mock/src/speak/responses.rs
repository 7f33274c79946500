//! OpenAI Responses.

use serde_json::{Value, json};

use super::{Event, Speech, given, given_or};
use crate::ask::ToolKind;
use crate::ids::Random;
use crate::turn::{Block, Call, Citation, Stop, Usage};

pub(super) fn whole(speech: &mut Speech<'_>) -> Value {
    let id = format!("resp_{}", speech.random.hex(50));
    let output = items(speech).into_iter().map(|item| item.done).collect();
    final_response(speech, &id, output)
}

pub(super) fn events(speech: &mut Speech<'_>) -> Vec<Event> {
    let id = format!("resp_{}", speech.random.hex(50));
    let items = items(speech);
    let mut line = Line {
        events: Vec::new(),
        random: speech.random.clone(),
    };
    let started = response(speech, &id, "in_progress");
    line.push(json!({"type": "response.created", "response": started}));
    line.push(json!({"type": "response.in_progress", "response": started}));
    for (index, item) in items.iter().enumerate() {
        line.push(json!({
            "type": "response.output_item.added",
            "item": item.added,
            "output_index": index,
        }));
        line.block(item, index);
        line.push(json!({
            "type": "response.output_item.done",
            "item": item.done,
            "output_index": index,
        }));
    }
    let output = items.into_iter().map(|item| item.done).collect();
    let ended = final_response(speech, &id, output);
    let status = ended
        .get("status")
        .and_then(Value::as_str)
        .unwrap_or_default();
    line.push(json!({"type": format!("response.{status}"), "response": ended}));
    line.events
}

/// An output item at its start and at its end, and the block it was made of.
struct Item {
    id: String,
    added: Value,
    done: Value,
    block: Block,
}

fn items(speech: &mut Speech<'_>) -> Vec<Item> {
    let with_secret = speech
        .ask
        .includes("include", "reasoning.encrypted_content");
    let blocks = &speech.turn.blocks;
    blocks
        .iter()
        .map(|block| item(block, with_secret, &mut speech.random))
        .collect()
}

fn item(block: &Block, with_secret: bool, random: &mut Random) -> Item {
    let (id, added, done) = match block {
        Block::Thinking { text, signature } => reasoning(text, with_secret, signature, random),
        // What nobody else can read is only the encrypted part.
        Block::Redacted { data } => reasoning("", with_secret, data, random),
        Block::Text { pieces, citations } => {
            let id = format!("msg_{}", random.hex(50));
            let part = text_part(&pieces.concat(), citations);
            let message = |status: &str, content: Value| {
                json!({"id": id, "type": "message", "status": status, "content": content,
                    "role": "assistant"})
            };
            let (added, done) = (
                message("in_progress", json!([])),
                message("completed", json!([part])),
            );
            (id, added, done)
        }
        Block::Tool(call) => call_item(call, random),
    };
    Item {
        id,
        added,
        done,
        block: block.clone(),
    }
}

fn reasoning(
    text: &str,
    with_secret: bool,
    secret: &str,
    random: &mut Random,
) -> (String, Value, Value) {
    let id = format!("rs_{}", random.hex(50));
    let mut added = json!({"id": id, "type": "reasoning", "summary": []});
    let mut done = added.clone();
    if !text.is_empty() {
        let summary = json!([{"type": "summary_text", "text": text}]);
        set(&mut done, "summary", summary);
    }
    if with_secret {
        for (at, part) in [(&mut added, "gAAAAA"), (&mut done, "gAAAAB")] {
            set(at, "encrypted_content", format!("{part}{secret}").into());
        }
    }
    (id, added, done)
}

fn call_item(call: &Call, random: &mut Random) -> (String, Value, Value) {
    let call_id = format!("call_{}", random.base62(24));
    let make =
        |prefix: &str, kind: &str, fields: [(&str, Value, Value); 1], random: &mut Random| {
            let id = format!("{prefix}_{}", random.hex(50));
            let base = |status: &str| json!({"id": id, "type": kind, "status": status});
            let (mut added, mut done) = (base("in_progress"), base("completed"));
            for (key, start, end) in fields {
                set(&mut added, key, start);
                set(&mut done, key, end);
            }
            for item in [&mut added, &mut done] {
                set(item, "call_id", call_id.clone().into());
                if kind != "local_shell_call" {
                    set(item, "name", call.name.clone().into());
                }
            }
            (id, added, done)
        };
    match call.kind {
        ToolKind::Function => {
            let arguments = ("arguments", json!(""), json!(call.arguments));
            make("fc", "function_call", [arguments], random)
        }
        ToolKind::Custom => make(
            "ctc",
            "custom_tool_call",
            [("input", json!(""), json!(call.arguments))],
            random,
        ),
        ToolKind::LocalShell => {
            let action = json!({"type": "exec", "command": ["bash", "-lc", call.arguments],
                "env": {}, "timeout_ms": null, "user": null, "working_directory": null});
            make(
                "lsh",
                "local_shell_call",
                [("action", action.clone(), action)],
                random,
            )
        }
    }
}

/// The events so far.
struct Line {
    events: Vec<Event>,
    random: Random,
}

impl Line {
    fn push(&mut self, mut event: Value) {
        set(&mut event, "sequence_number", self.events.len().into());
        self.events.push(Event::typed(&event));
    }

    /// A delta, with the padding that hides its length.
    fn delta(&mut self, mut event: Value) {
        let size = 1 + self.random.below(15);
        set(&mut event, "obfuscation", self.random.base62(size).into());
        self.push(event);
    }

    fn block(&mut self, item: &Item, index: usize) {
        match &item.block {
            Block::Thinking { text, .. } if !text.is_empty() => self.summary(&item.id, index, text),
            Block::Thinking { .. } | Block::Redacted { .. } => {}
            Block::Text { pieces, citations } => self.text(&item.id, index, pieces, citations),
            Block::Tool(call) => self.call(&item.id, index, call),
        }
    }

    fn summary(&mut self, id: &str, index: usize, text: &str) {
        let mut event = |kind: &str, fields: Value| {
            let mut event = json!({"type": format!("response.reasoning_summary_{kind}"),
                "item_id": id, "output_index": index, "summary_index": 0});
            for (key, value) in fields.as_object().into_iter().flatten() {
                set(&mut event, key, value.clone());
            }
            self.push(event);
        };
        event(
            "part.added",
            json!({"part": {"type": "summary_text", "text": ""}}),
        );
        for part in text.split_inclusive(". ") {
            event("text.delta", json!({"delta": part}));
        }
        event("text.done", json!({"text": text}));
        event(
            "part.done",
            json!({"part": {"type": "summary_text", "text": text}}),
        );
    }

    fn text(&mut self, id: &str, index: usize, pieces: &[String], citations: &[Citation]) {
        let whole = pieces.concat();
        self.push(
            json!({"type": "response.content_part.added", "content_index": 0, "item_id": id,
            "output_index": index, "part": text_part("", &[])}),
        );
        for piece in pieces {
            self.delta(
                json!({"type": "response.output_text.delta", "content_index": 0,
                "delta": piece, "item_id": id, "logprobs": [], "output_index": index}),
            );
        }
        for (number, citation) in citations.iter().enumerate() {
            self.push(json!({"type": "response.output_text.annotation.added",
                "annotation": annotation(citation), "annotation_index": number,
                "content_index": 0, "item_id": id, "output_index": index}));
        }
        self.push(
            json!({"type": "response.output_text.done", "content_index": 0, "item_id": id,
            "logprobs": [], "output_index": index, "text": whole}),
        );
        self.push(
            json!({"type": "response.content_part.done", "content_index": 0, "item_id": id,
            "output_index": index, "part": text_part(&whole, citations)}),
        );
    }

    fn call(&mut self, id: &str, index: usize, call: &Call) {
        let (kind, field) = match call.kind {
            ToolKind::Function => ("function_call_arguments", "arguments"),
            ToolKind::Custom => ("custom_tool_call_input", "input"),
            ToolKind::LocalShell => return,
        };
        for part in Speech::fragments(&call.arguments) {
            self.delta(
                json!({"type": format!("response.{kind}.delta"), "delta": part,
                "item_id": id, "output_index": index}),
            );
        }
        let mut done = json!({"type": format!("response.{kind}.done")});
        set(&mut done, field, call.arguments.clone().into());
        set(&mut done, "item_id", id.into());
        set(&mut done, "output_index", index.into());
        self.push(done);
    }
}

fn text_part(text: &str, citations: &[Citation]) -> Value {
    let annotations: Vec<Value> = citations.iter().map(annotation).collect();
    json!({"type": "output_text", "annotations": annotations, "logprobs": [], "text": text})
}

fn annotation(citation: &Citation) -> Value {
    json!({"type": "url_citation", "end_index": citation.cited.len(), "start_index": 0,
        "title": citation.title, "url": citation.url})
}

/// A response object without output, the request's own settings repeated in it.
fn response(speech: &Speech<'_>, id: &str, status: &str) -> Value {
    let ask = speech.ask;
    json!({
        "id": id,
        "object": "response",
        "created_at": speech.created,
        "status": status,
        "background": false,
        "completed_at": null,
        "error": null,
        "frequency_penalty": 0.0,
        "incomplete_details": null,
        "instructions": given(ask, "instructions"),
        "max_output_tokens": given(ask, "max_output_tokens"),
        "max_tool_calls": null,
        "model": ask.model,
        "output": [],
        "parallel_tool_calls": given_or(ask, "parallel_tool_calls", true.into()),
        "presence_penalty": 0.0,
        "previous_response_id": given(ask, "previous_response_id"),
        "prompt_cache_key": given(ask, "prompt_cache_key"),
        "prompt_cache_retention": null,
        "reasoning": given_or(ask, "reasoning", json!({"effort": null, "summary": null})),
        "safety_identifier": null,
        "service_tier": "auto",
        "store": given_or(ask, "store", true.into()),
        "temperature": given_or(ask, "temperature", json!(1.0)),
        "text": given_or(ask, "text", json!({"format": {"type": "text"}, "verbosity": "medium"})),
        "tool_choice": given_or(ask, "tool_choice", "auto".into()),
        "tools": given_or(ask, "tools", json!([])),
        "top_logprobs": 0,
        "top_p": given_or(ask, "top_p", json!(1.0)),
        "truncation": given_or(ask, "truncation", "disabled".into()),
        "usage": null,
        "user": null,
        "metadata": given_or(ask, "metadata", json!({})),
    })
}

fn final_response(speech: &Speech<'_>, id: &str, output: Vec<Value>) -> Value {
    let reason = match speech.turn.stop {
        Stop::MaxTokens => Some("max_output_tokens"),
        Stop::Refusal => Some("content_filter"),
        Stop::End | Stop::Tool | Stop::Sequence | Stop::Pause => None,
    };
    let status = if reason.is_some() {
        "incomplete"
    } else {
        "completed"
    };
    let mut response = response(speech, id, status);
    match reason {
        Some(reason) => set(
            &mut response,
            "incomplete_details",
            json!({"reason": reason}),
        ),
        None => set(&mut response, "completed_at", (speech.created + 1).into()),
    }
    set(&mut response, "output", output.into());
    set(&mut response, "service_tier", "default".into());
    set(&mut response, "usage", usage(&speech.turn.usage));
    response
}

fn usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.prompt(),
        "input_tokens_details": {"cached_tokens": usage.cache_read},
        "output_tokens": usage.output(),
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt() + usage.output(),
    })
}

fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}
