//! Puts the events of an Anthropic Messages stream together to the final message.
//!
//! Block, delta and event types that are not known are kept as well as can be; nothing is made
//! up: a stream that broke off is an error, not a short message.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Warnings;
use super::merge::append;
use crate::usage::merge_raw;

pub(crate) mod block;

use block::Block;

/// Most content blocks in a message.
const MAX_BLOCKS: usize = 10_000;

/// A warning where something was odd.
type Outcome = Result<(), String>;

/// The message as far as it came.
#[derive(Debug, Default)]
pub(super) struct Message {
    message: Option<Map<String, Value>>,
    /// The content by index; events may name an index before the one below it.
    blocks: BTreeMap<u64, Block>,
    stopped: bool,
}

impl Message {
    pub(super) fn event(
        &mut self,
        name: &[u8],
        mut event: Map<String, Value>,
        warnings: &mut Warnings,
    ) {
        let kind = match event.get("type").and_then(Value::as_str) {
            Some(kind) => kind.to_owned(),
            None => String::from_utf8_lossy(name).into_owned(),
        };
        let outcome = match kind.as_str() {
            "message_start" => self.start(&mut event),
            "completion" => self.completion(event),
            // Nothing before the start can belong to the message.
            _ if self.message.is_none() => Ok(()),
            "content_block_start" => self.block_start(&mut event),
            "content_block_delta" => self.block_delta(&mut event),
            "content_block_stop" => self.block_stop(&event),
            "message_delta" => {
                self.message_delta(event);
                Ok(())
            }
            "message_stop" => {
                self.stopped = true;
                Ok(())
            }
            // Pings, and events that do not exist yet.
            _ => Ok(()),
        };
        if let Err(warning) = outcome {
            warnings.add(warning);
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.stopped
    }

    /// The old completions are streamed as themselves, with a piece of the text each.
    fn completion(&mut self, event: Map<String, Value>) -> Outcome {
        match &mut self.message {
            None => self.message = Some(event),
            Some(message) => {
                let (text, rest): (Map<_, _>, Map<_, _>) =
                    event.into_iter().partition(|(key, _)| key == "completion");
                append(message, text);
                merge_raw(message, rest);
            }
        }
        Ok(())
    }

    fn start(&mut self, event: &mut Map<String, Value>) -> Outcome {
        if self.message.is_some() {
            return Err("a second message_start".into());
        }
        let Some(Value::Object(mut message)) = event.remove("message") else {
            return Err("a message_start without a message".into());
        };
        if let Some(Value::Array(content)) = message.get_mut("content") {
            let given = std::mem::take(content).into_iter().take(MAX_BLOCKS);
            self.blocks = (0..).zip(given.map(Block::closed)).collect();
        }
        self.message = Some(message);
        Ok(())
    }

    fn block_start(&mut self, event: &mut Map<String, Value>) -> Outcome {
        let Some(index) = index_of(event) else {
            return Err("a content_block_start without an index".into());
        };
        if self.blocks.len() >= MAX_BLOCKS {
            return Err("more content blocks than are kept".into());
        }
        let block = event.remove("content_block").unwrap_or_default();
        // A fallback block says that another model writes from here on.
        if block["type"] == "fallback"
            && let Some(model @ Value::String(_)) = block["to"].get("model")
            && let Some(message) = &mut self.message
        {
            message.insert("model".to_owned(), model.clone());
        }
        self.blocks.insert(index, Block::open(block));
        Ok(())
    }

    fn block_delta(&mut self, event: &mut Map<String, Value>) -> Outcome {
        let Some(block) = index_of(event).and_then(|index| self.blocks.get_mut(&index)) else {
            return Err("a delta of a block that was not started".into());
        };
        let Some(Value::Object(delta)) = event.remove("delta") else {
            return Err("a content_block_delta without a delta".into());
        };
        block.delta(delta)
    }

    fn block_stop(&mut self, event: &Map<String, Value>) -> Outcome {
        let Some(block) = index_of(event).and_then(|index| self.blocks.get_mut(&index)) else {
            return Err("a stop of a block that was not started".into());
        };
        block.close()
    }

    fn message_delta(&mut self, event: Map<String, Value>) {
        let Some(message) = &mut self.message else {
            return;
        };
        for (key, value) in event {
            match (key.as_str(), value) {
                ("type", _) => {}
                ("delta", Value::Object(delta)) => merge_raw(message, delta),
                ("usage", Value::Object(later)) => {
                    let usage = message.entry("usage").or_insert_with(|| json!({}));
                    match usage {
                        Value::Object(usage) => merge_raw(usage, later),
                        other => *other = Value::Object(later),
                    }
                }
                ("delta" | "usage", _) => {}
                (_, value) => merge_raw(message, Map::from_iter([(key, value)])),
            }
        }
    }

    pub(super) fn finish(self, warnings: &mut Warnings) -> Option<Map<String, Value>> {
        let mut message = self.message?;
        let open = self.blocks.values().any(Block::is_open);
        let reason = message.get("stop_reason").is_some_and(|it| !it.is_null());
        if !self.stopped && (open || !reason) {
            return None;
        }
        if message.contains_key("completion") {
            return Some(message);
        }
        let mut content = Vec::with_capacity(self.blocks.len());
        for mut block in self.blocks.into_values() {
            if let Err(warning) = block.close() {
                warnings.add(warning);
            }
            content.push(block.into_value());
        }
        message.insert("content".to_owned(), Value::Array(content));
        Some(message)
    }
}

fn index_of(event: &Map<String, Value>) -> Option<u64> {
    event.get("index")?.as_u64()
}

#[cfg(test)]
mod tests;
