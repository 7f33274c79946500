//! Thinking and calls that are being written.

use crate::translate::openai_responses::items::{self, Called};

use super::lines::{Lines, Place};

/// Thinking that is being written, as a summary.
#[derive(Debug)]
pub(super) struct Thinking {
    pub id: String,
    pub text: String,
    pub encrypted: Option<String>,
}

/// A call that is being written.
#[derive(Debug)]
pub(super) struct Calling {
    pub id: String,
    pub called: Called,
    pub input: String,
    /// Whether the client knows of it.
    pub announced: bool,
}

impl Thinking {
    pub(super) fn say(&mut self, more: &str, index: u64, (lines, out): (&mut Lines, &mut Vec<u8>)) {
        if more.is_empty() {
            return;
        }
        let place = Place::summary(&self.id, index);
        if self.text.is_empty() {
            lines.event(out, "response.reasoning_summary_part.added", |line| {
                place.write(line);
                line.key("part");
                items::summary_part(line, "");
            });
        }
        self.text.push_str(more);
        lines.event(out, "response.reasoning_summary_text.delta", |line| {
            place.write(line);
            line.key("delta").string(more);
        });
    }

    pub(super) fn end(&self, index: u64, (lines, out): (&mut Lines, &mut Vec<u8>)) {
        if self.text.is_empty() {
            return;
        }
        let place = Place::summary(&self.id, index);
        lines.event(out, "response.reasoning_summary_text.done", |line| {
            place.write(line);
            line.key("text").string(&self.text);
        });
        lines.event(out, "response.reasoning_summary_part.done", |line| {
            place.write(line);
            line.key("part");
            items::summary_part(line, &self.text);
        });
    }
}

impl Calling {
    pub(super) fn end(&self, index: u64, (lines, out): (&mut Lines, &mut Vec<u8>)) {
        if self.called.search {
            return;
        }
        let (kind, member) = match self.called.freeform {
            true => ("response.custom_tool_call_input.done", "input"),
            false => ("response.function_call_arguments.done", "arguments"),
        };
        lines.event(out, kind, |line| {
            Place::item(&self.id, index).write(line);
            line.key(member).string(&self.input);
        });
    }
}
