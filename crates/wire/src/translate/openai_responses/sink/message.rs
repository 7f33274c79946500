//! A message that is being written, and the part of it that is open.

use crate::translate::json::Writer;
use crate::translate::openai_responses::items;

use super::lines::{Lines, Place};

/// A message that is announced and not done.
#[derive(Debug)]
pub(super) struct Message {
    pub id: String,
    /// The parts that are done, as JSON with commas between, and how many they are.
    pub contents: String,
    pub parts: u64,
}

/// The part that is open.
#[derive(Debug)]
pub(super) struct Text {
    refusal: bool,
    text: String,
    /// JSON with commas between.
    annotations: String,
    noted: u64,
}

type To<'a> = (&'a mut Lines, &'a mut Vec<u8>);

impl Message {
    pub(super) fn new(id: String) -> Self {
        Self {
            id,
            contents: String::new(),
            parts: 0,
        }
    }
}

impl Text {
    pub(super) fn new(refusal: bool) -> Self {
        Self {
            refusal,
            text: String::new(),
            annotations: String::new(),
            noted: 0,
        }
    }

    /// How many characters it has.
    pub(super) fn length(&self) -> u64 {
        self.text.chars().count() as u64
    }

    pub(super) fn begin(&self, place: Place<'_>, lines: &mut Lines, out: &mut Vec<u8>) {
        lines.event(out, "response.content_part.added", |line| {
            place.write(line);
            line.key("part");
            self.write(line);
        });
    }

    pub(super) fn say(&mut self, more: &str, place: Place<'_>, (lines, out): To<'_>) {
        if more.is_empty() {
            return;
        }
        self.text.push_str(more);
        let kind = match self.refusal {
            true => "response.refusal.delta",
            false => "response.output_text.delta",
        };
        lines.event(out, kind, |line| {
            place.write(line);
            line.key("delta").string(more);
            if !self.refusal {
                line.key("logprobs").array().end_array();
            }
        });
    }

    /// Adds an annotation, which is JSON in this dialect's words. A refusal has none.
    pub(super) fn note(&mut self, json: &str, place: Place<'_>, (lines, out): To<'_>) {
        if self.refusal {
            return;
        }
        if self.noted > 0 {
            self.annotations.push(',');
        }
        self.annotations.push_str(json);
        let number = self.noted;
        self.noted += 1;
        lines.event(out, "response.output_text.annotation.added", |line| {
            place.write(line);
            line.key("annotation_index").number(number);
            line.key("annotation").raw(json);
        });
    }

    /// Says that it is done, and adds it to `message`.
    pub(super) fn end(&self, message: &mut Message, output: u64, (lines, out): To<'_>) {
        let place = Place::part((&message.id, output, message.parts));
        let (kind, member) = match self.refusal {
            true => ("response.refusal.done", "refusal"),
            false => ("response.output_text.done", "text"),
        };
        lines.event(out, kind, |line| {
            place.write(line);
            line.key(member).string(&self.text);
            if !self.refusal {
                line.key("logprobs").array().end_array();
            }
        });
        lines.event(out, "response.content_part.done", |line| {
            place.write(line);
            line.key("part");
            self.write(line);
        });
        if message.parts > 0 {
            message.contents.push(',');
        }
        let mut contents = Writer::into(std::mem::take(&mut message.contents));
        self.write(&mut contents);
        message.contents = contents.into_string();
        message.parts += 1;
    }

    fn write(&self, out: &mut Writer) {
        match self.refusal {
            true => items::refusal_part(out, &self.text),
            false => items::text_part(out, &self.text, &self.annotations),
        }
    }
}
