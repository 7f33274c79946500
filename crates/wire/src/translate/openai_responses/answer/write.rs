//! Writes a response.

use crate::marks::responses as opaque;
use crate::translate::form::{Answer, Body, Call, Input, Part};
use crate::translate::json::Writer;
use crate::translate::openai_responses::declared::Declared;
use crate::translate::openai_responses::items::{self, Called};
use crate::translate::openai_responses::response::{self, Head, Verdict};
use crate::translate::openai_responses::{annotation, foreign};
use crate::translate::options::AnswerOptions;

/// Writes a response.
#[must_use]
pub fn write_answer(answer: &Answer<'_>, options: &AnswerOptions<'_>) -> Vec<u8> {
    write_answer_with(answer, options, &Declared::default())
}

/// Writes a response that says calls of `declared` tools by their namespace and name.
#[must_use]
pub fn write_answer_with(
    answer: &Answer<'_>,
    options: &AnswerOptions<'_>,
    declared: &Declared,
) -> Vec<u8> {
    let is_refusal = |part: &Part<'_>| match &part.body {
        Body::Refusal { text } => !text.is_empty(),
        _ => false,
    };
    let refused = answer.parts.iter().any(is_refusal);
    let verdict = Verdict::of(&answer.stop, refused);
    let mut output = Output {
        head: Head::new(options),
        declared,
        items: Writer::default(),
        contents: Writer::default(),
    };
    for part in &answer.parts {
        output.part(part);
    }
    output.end_message(match verdict {
        Verdict::Incomplete(_) => "incomplete",
        _ => items::COMPLETED,
    });
    let (head, items) = (output.head, output.items.into_string());
    let mut out = Writer::default();
    response::write(&mut out, &head, &verdict, (&items, answer.usage.as_ref()));
    out.finish()
}

struct Output<'d> {
    head: Head,
    declared: &'d Declared,
    /// Items and, of the message that texts go to, parts, with commas between.
    items: Writer,
    contents: Writer,
}

impl Output<'_> {
    fn part(&mut self, part: &Part<'_>) {
        match &part.body {
            Body::Text { text, .. } | Body::Refusal { text } if text.is_empty() => {}
            Body::Thinking { text, opaque, .. } if text.is_empty() && opaque.is_none() => {}
            Body::Text { text, annotations } => {
                let length = text.chars().count() as u64;
                let own = |json| annotation::annotation(json, length);
                let own: Vec<String> = annotations.iter().filter_map(own).collect();
                items::text_part(&mut self.contents, text, &own.join(","));
            }
            Body::Refusal { text } => items::refusal_part(&mut self.contents, text),
            Body::Thinking { text, opaque, id } => {
                self.end_message(items::COMPLETED);
                let id = match id.as_deref() {
                    None | Some("") => self.head.make_id("rs"),
                    Some(id) => id.to_owned(),
                };
                let encrypted = opaque.as_ref().map(opaque::to_client);
                items::reasoning(&mut self.items, &id, text, encrypted.as_deref());
            }
            Body::Call(call) => {
                self.end_message(items::COMPLETED);
                self.call(call);
            }
            Body::Foreign { kind, json } => {
                if foreign::is_item(kind, json) {
                    self.end_message(items::COMPLETED);
                    self.items.json(json);
                }
            }
            // A model's answer has none of these in any dialect that is read.
            Body::Image(_) | Body::Document { .. } | Body::Audio(_) | Body::Result { .. } => {}
        }
    }

    fn call(&mut self, call: &Call<'_>) {
        let declared = self.declared.find(&call.name);
        let (freeform, input) = match &call.input {
            Input::Json(json) => (false, json.as_str()),
            Input::Text(text) => (!self.declared.is_function(&call.name), text.as_ref()),
        };
        let called = Called {
            call_id: match call.id.is_empty() {
                true => self.head.make_id("call"),
                false => call.id.to_string(),
            },
            name: declared
                .map_or(call.name.as_ref(), |known| &known.name)
                .to_owned(),
            namespace: declared.and_then(|known| known.namespace.clone()),
            freeform,
            search: declared.is_some_and(|known| known.search),
        };
        if let Some(opaque) = &call.opaque {
            let id = self.head.make_id("rs");
            let marked = opaque::of_call(&called.call_id, opaque);
            items::reasoning(&mut self.items, &id, "", Some(&marked));
        }
        let id = self.head.make_id(called.prefix());
        items::call(&mut self.items, &id, items::COMPLETED, (&called, input));
    }

    fn end_message(&mut self, status: &str) {
        let contents = std::mem::take(&mut self.contents).into_string();
        if !contents.is_empty() {
            let id = self.head.make_id("msg");
            items::message(&mut self.items, &id, status, &contents);
        }
    }
}
