//! Items of a stream: how they begin, what is said of calls, and how they are done.

use crate::marks::responses as opaque;
use crate::translate::form::Opaque;
use crate::translate::json::{Json, Writer};
use crate::translate::openai_responses::items::{self, Called};
use crate::translate::signal::Piece;

use super::lines::Place;
use super::message::{Message, Text};
use super::parts::Thinking;
use super::{Open, Sink, Waiting};

impl Sink {
    /// Opens what waits for its first piece, if `piece` is one.
    pub(super) fn begin(&mut self, piece: &Piece<'_>, out: &mut Vec<u8>) {
        let is_some = match piece {
            Piece::Text(text) => !text.is_empty(),
            Piece::Opaque(_) => matches!(self.open, Some((_, Open::Waiting(Waiting::Thinking(_))))),
            Piece::Input(_) | Piece::Annotation(_) => false,
        };
        let (part, waiting) = match self.open.take() {
            Some((part, Open::Waiting(waiting))) if is_some => (part, waiting),
            other => {
                self.open = other;
                return;
            }
        };
        let open = match waiting {
            Waiting::Text => Open::Text(self.open_text(false, out)),
            Waiting::Refusal => Open::Text(self.open_text(true, out)),
            Waiting::Thinking(id) => self.open_thinking(id, out),
        };
        self.open = Some((part, open));
    }

    pub(super) fn open_text(&mut self, refusal: bool, out: &mut Vec<u8>) -> Text {
        self.refused |= refusal;
        let message = match self.message.take() {
            Some(message) => message,
            None => {
                let message = Message::new(self.head.make_id("msg"));
                self.announce(out, |line| {
                    items::message(line, &message.id, items::IN_PROGRESS, "");
                });
                message
            }
        };
        let text = Text::new(refusal);
        let at = (message.id.as_str(), self.count, message.parts);
        text.begin(Place::part(at), &mut self.lines, out);
        self.message = Some(message);
        text
    }

    pub(super) fn open_thinking(&mut self, id: Option<String>, out: &mut Vec<u8>) -> Open {
        self.end_message(items::COMPLETED, out);
        let id = id.unwrap_or_else(|| self.head.make_id("rs"));
        self.announce(out, |line| items::reasoning(line, &id, "", None));
        Open::Thinking(Thinking {
            id,
            text: String::new(),
            encrypted: None,
        })
    }

    pub(super) fn called(&mut self, id: &str, name: &str, freeform: bool) -> Called {
        let declared = self.declared.find(name);
        Called {
            call_id: match id.is_empty() {
                true => self.head.make_id("call"),
                false => id.to_owned(),
            },
            name: declared.map_or(name, |known| &known.name).to_owned(),
            namespace: declared.and_then(|known| known.namespace.clone()),
            freeform,
            search: declared.is_some_and(|known| known.search),
        }
    }

    pub(super) fn input(&mut self, more: &str, out: &mut Vec<u8>) {
        self.announce_call(out);
        let Some((_, Open::Call(call))) = &mut self.open else {
            return;
        };
        if more.is_empty() {
            return;
        }
        self.kept += more.len();
        call.input.push_str(more);
        if call.called.search {
            return;
        }
        let kind = match call.called.freeform {
            true => "response.custom_tool_call_input.delta",
            false => "response.function_call_arguments.delta",
        };
        let place = Place::item(&call.id, self.count);
        self.lines.event(out, kind, |line| {
            place.write(line);
            line.key("delta").string(more);
        });
    }

    /// What travels with a call goes in an item of its own, before the call if it comes in time.
    pub(super) fn with_call(&mut self, opaque: &Opaque<'_>, out: &mut Vec<u8>) {
        let Some((part, Open::Call(call))) = self.open.take() else {
            return;
        };
        let marked = opaque::of_call(&call.called.call_id, opaque);
        if call.announced {
            // An item that is announced must be done before another begins.
            self.open = Some((part, Open::Call(call)));
            self.close(out);
            self.open = Some((part, Open::Whole));
        } else {
            self.open = Some((part, Open::Call(call)));
        }
        let id = self.head.make_id("rs");
        self.kept += marked.len();
        self.announce(out, |line| items::reasoning(line, &id, "", None));
        self.item_done(out, |line| items::reasoning(line, &id, "", Some(&marked)));
    }

    pub(super) fn announce_call(&mut self, out: &mut Vec<u8>) {
        let Some((_, Open::Call(call))) = &mut self.open else {
            return;
        };
        if std::mem::replace(&mut call.announced, true) {
            return;
        }
        let index = self.count;
        let (id, what) = (&call.id, (&call.called, ""));
        self.lines.event(out, "response.output_item.added", |line| {
            line.key("output_index").number(index).key("item");
            items::call(line, id, items::IN_PROGRESS, what);
        });
    }

    pub(super) fn foreign_item(&mut self, json: &Json<'_>, out: &mut Vec<u8>) {
        self.kept += json.as_str().len();
        let write = |line: &mut Writer| {
            line.json(json);
        };
        self.announce(out, write);
        self.item_done(out, write);
    }

    pub(super) fn end_message(&mut self, status: &str, out: &mut Vec<u8>) {
        if let Some(message) = self.message.take() {
            self.item_done(out, |line| {
                items::message(line, &message.id, status, &message.contents);
            });
        }
    }

    /// Says that an item begins.
    pub(super) fn announce(&mut self, out: &mut Vec<u8>, item: impl FnOnce(&mut Writer)) {
        let index = self.count;
        self.lines.event(out, "response.output_item.added", |line| {
            line.key("output_index").number(index).key("item");
            item(line);
        });
    }

    /// Says that an item is done, and keeps it.
    pub(super) fn item_done(&mut self, out: &mut Vec<u8>, item: impl FnOnce(&mut Writer)) {
        if self.count > 0 {
            self.output.push(',');
        }
        let from = self.output.len();
        let mut writer = Writer::into(std::mem::take(&mut self.output));
        item(&mut writer);
        self.output = writer.into_string();
        let (index, json) = (self.count, self.output.get(from..).unwrap_or_default());
        self.lines.event(out, "response.output_item.done", |line| {
            line.key("output_index").number(index);
            line.key("item").raw(json);
        });
        self.count += 1;
    }
}
