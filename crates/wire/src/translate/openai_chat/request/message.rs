//! Reads the messages of a request into turns.

use std::borrow::Cow;

use super::{part, raw, reasoning, string};
use crate::scan::{Cursor, Kind};
use crate::translate::fault::Fault;
use crate::translate::form::{Body, Call, Extra, Input, Part, Role, Text, Turn};
use crate::translate::json::Json;

/// The conversation.
#[derive(Default)]
pub(super) struct Messages<'a> {
    /// Instructions before the first turn.
    pub system: Vec<Part<'a>>,
    pub turns: Vec<Turn<'a>>,
    /// Whether the last turn is one of results only, which further results join.
    results: bool,
    count: usize,
}

/// A message as it stands.
#[derive(Default)]
struct Message<'a> {
    role: Text<'a>,
    content: Vec<Part<'a>>,
    reasoning: Option<Text<'a>>,
    details: Vec<Part<'a>>,
    refusal: Option<Text<'a>>,
    calls: Vec<Part<'a>>,
    call_id: Option<Text<'a>>,
    name: Option<Text<'a>>,
    extra: Extra<'a>,
}

impl<'a> Messages<'a> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        let mut messages = Self::default();
        let mut fault = None;
        let found = cursor.array(|cursor| {
            let taken = messages.take(cursor);
            fault = fault.take().or(taken.err());
            messages.count += 1;
        });
        match fault {
            Some(fault) => Err(fault),
            None if found => Ok(messages),
            None => Err(Fault::new("messages", "messages are an array")),
        }
    }

    fn take(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Fault> {
        let mut message = Message::default();
        if !cursor.object(|key, cursor| message.member(key.decode(), cursor)) {
            let field = format!("messages.{}", self.count);
            return Err(Fault::new(field, "a message is an object"));
        }
        let results = std::mem::take(&mut self.results);
        match message.role.as_ref() {
            "system" | "developer" if self.turns.is_empty() => self.system.extend(message.content),
            "system" | "developer" => self.turn(Role::System, message.content, message.extra),
            "user" => self.user(message),
            "assistant" | "model" => self.assistant(message),
            "tool" | "function" => self.result(message, results),
            _ => {
                let field = format!("messages.{}.role", self.count);
                let known = "a role is system, developer, user, assistant, tool or function";
                return Err(Fault::new(field, known));
            }
        }
        Ok(())
    }

    fn turn(&mut self, role: Role, parts: Vec<Part<'a>>, extra: Extra<'a>) {
        self.turns.push(Turn { role, parts, extra });
    }

    fn user(&mut self, mut message: Message<'a>) {
        message.keep_name();
        self.turn(Role::User, message.content, message.extra);
    }

    fn assistant(&mut self, mut message: Message<'a>) {
        message.keep_name();
        let mut parts = message.details;
        if parts.is_empty() {
            parts.extend(message.reasoning.map(reasoning::plain));
        }
        let empty =
            |part: &Part<'_>| matches!(&part.body, Body::Text { text, .. } if text.is_empty());
        parts.extend(message.content.into_iter().filter(|part| !empty(part)));
        if let Some(text) = message.refusal {
            parts.push(Part::from(Body::Refusal { text }));
        }
        parts.extend(message.calls);
        reasoning::to_calls(&mut parts);
        self.turn(Role::Assistant, parts, message.extra);
    }

    /// What a tool gave; results that follow each other are one turn.
    fn result(&mut self, message: Message<'a>, joins: bool) {
        let empty =
            |part: &Part<'_>| matches!(&part.body, Body::Text { text, .. } if text.is_empty());
        let parts = message.content.into_iter().filter(|part| !empty(part));
        let result = Part {
            body: Body::Result {
                call: message.call_id.unwrap_or_default(),
                name: message.name,
                parts: parts.collect(),
                is_error: false,
            },
            cache: None,
            extra: message.extra,
        };
        self.results = true;
        match self.turns.last_mut() {
            Some(turn) if joins => turn.parts.push(result),
            _ => self.turn(Role::User, vec![result], Extra::default()),
        }
    }
}

impl<'a> Message<'a> {
    fn member(&mut self, key: Text<'a>, cursor: &mut Cursor<'a>) {
        if cursor.kind() == Some(Kind::Null) {
            return;
        }
        match key.as_ref() {
            "role" => self.role = string(cursor).unwrap_or_default(),
            "content" => self.content = part::content(cursor),
            "reasoning_content" | "reasoning" if cursor.kind() == Some(Kind::String) => {
                let text = string(cursor).filter(|text| !text.is_empty());
                self.reasoning = self.reasoning.take().or(text);
            }
            "reasoning_details" if cursor.kind() == Some(Kind::Array) => {
                self.details = reasoning::details(cursor);
            }
            "refusal" => self.refusal = string(cursor).filter(|text| !text.is_empty()),
            "tool_calls" => {
                cursor.array(|cursor| self.calls.extend(call(cursor)));
            }
            "function_call" => self.calls.extend(legacy_call(cursor)),
            "tool_call_id" => self.call_id = string(cursor),
            "name" => self.name = string(cursor),
            _ => self.extra.members.push((key, raw(cursor))),
        }
    }

    /// The name of who speaks has no place in the form.
    fn keep_name(&mut self) {
        if let Some(name) = self.name.take() {
            let name = Json::from(&serde_json::Value::from(name.into_owned()));
            self.extra.members.push((Cow::Borrowed("name"), name));
        }
    }
}

/// One of `tool_calls`.
fn call<'a>(cursor: &mut Cursor<'a>) -> Option<Part<'a>> {
    let mut id = None;
    let mut called = None;
    let mut opaque = None;
    let mut extra = Extra::default();
    cursor.object(|key, cursor| match key.decode().as_ref() {
        "id" => id = string(cursor),
        "function" => called = function(cursor).or(called.take()),
        "custom" => called = custom(cursor).or(called.take()),
        "extra_content" => opaque = part::thought_signature(&raw(cursor)),
        "type" | "index" => cursor.skip(),
        _ => extra.members.push((key.decode(), raw(cursor))),
    });
    let (name, input) = called?;
    Some(Part {
        body: Body::Call(Call {
            id: id.unwrap_or_default(),
            name,
            input,
            item: None,
            opaque,
        }),
        cache: None,
        extra,
    })
}

fn legacy_call<'a>(cursor: &mut Cursor<'a>) -> Option<Part<'a>> {
    let (name, input) = function(cursor)?;
    Some(Part::from(Body::Call(Call {
        id: Cow::Borrowed(""),
        name,
        input,
        item: None,
        opaque: None,
    })))
}

fn function<'a>(cursor: &mut Cursor<'a>) -> Option<(Text<'a>, Input<'a>)> {
    let mut name = None;
    let mut input = Input::Json(Json::of_valid("{}"));
    cursor.object(|key, cursor| match key.decode().as_ref() {
        "name" => name = string(cursor),
        "arguments" => input = arguments(cursor),
        _ => cursor.skip(),
    });
    Some((name?, input))
}

fn custom<'a>(cursor: &mut Cursor<'a>) -> Option<(Text<'a>, Input<'a>)> {
    let (mut name, mut input) = (None, None);
    cursor.object(|key, cursor| match key.decode().as_ref() {
        "name" => name = string(cursor),
        "input" => input = string(cursor),
        _ => cursor.skip(),
    });
    Some((name?, Input::Text(input.unwrap_or_default())))
}

/// Arguments are JSON in a string; some write the JSON itself.
fn arguments<'a>(cursor: &mut Cursor<'a>) -> Input<'a> {
    match cursor.kind() {
        Some(Kind::String) => {
            let text = string(cursor).unwrap_or_default();
            let trimmed = text.trim();
            if trimmed.is_empty() || trimmed == "null" {
                return Input::Json(Json::of_valid("{}"));
            }
            if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
                return Input::Json(Json::of_valid(text));
            }
            Input::Text(text)
        }
        Some(Kind::Object) => Input::Json(raw(cursor)),
        _ => {
            cursor.skip();
            Input::Json(Json::of_valid("{}"))
        }
    }
}
