//! Turns a neutral turn into the bytes of a dialect: as a list of stream events or as one body.
//! The grammars follow recordings of the real services, order of keys included.

mod anthropic;
mod chat;
mod gemini;
mod responses;

use serde_json::Value;
use weir_wire::dialect::Dialect;

use crate::ask::Ask;
use crate::ids::Random;
use crate::turn::Turn;

/// One event of a stream before it is framed.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The `event:` line, where the dialect has one.
    pub(crate) name: Option<String>,
    /// The `data:` line.
    pub(crate) data: String,
    /// Whether it carries content, as against the scaffolding around it.
    pub(crate) is_delta: bool,
    /// Whether it is an exception of an AWS event stream; `name` is its kind then.
    pub(crate) is_exception: bool,
}

impl Event {
    /// An event named by its own `type`.
    pub(crate) fn typed(data: &Value) -> Self {
        let name = data
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let is_delta = name.ends_with("delta") && name != "message_delta";
        Self {
            name: Some(name),
            data: data.to_string(),
            is_delta,
            is_exception: false,
        }
    }

    /// An exception of an AWS event stream.
    pub(crate) fn exception(kind: String, data: &Value) -> Self {
        Self {
            name: Some(kind),
            data: data.to_string(),
            is_delta: false,
            is_exception: true,
        }
    }

    fn unnamed(data: String, is_delta: bool) -> Self {
        Self {
            name: None,
            data,
            is_delta,
            is_exception: false,
        }
    }
}

/// What is to be said, to whom, and where its ids come from.
#[derive(Debug)]
pub(crate) struct Speech<'a> {
    pub(crate) turn: &'a Turn,
    pub(crate) ask: &'a Ask,
    pub(crate) random: Random,
    /// Unix seconds for `created` fields.
    pub(crate) created: u64,
}

impl Speech<'_> {
    /// The turn as stream events, from the first to the proper last one.
    pub(crate) fn events(mut self) -> Vec<Event> {
        match self.ask.service.dialect {
            Dialect::AnthropicMessages => anthropic::events(&mut self),
            Dialect::OpenaiChat => chat::events(&mut self),
            Dialect::OpenaiResponses => responses::events(&mut self),
            Dialect::Gemini => gemini::events(&mut self),
        }
    }

    /// The turn as one body.
    pub(crate) fn whole(mut self) -> String {
        match self.ask.service.dialect {
            Dialect::AnthropicMessages => anthropic::whole(&mut self).to_string(),
            Dialect::OpenaiChat => pretty(&chat::whole(&mut self)) + "\n",
            Dialect::OpenaiResponses => pretty(&responses::whole(&mut self)),
            Dialect::Gemini => gemini::escaped(&(pretty(&gemini::whole(&mut self)) + "\n")),
        }
    }

    /// A text in two or more pieces, for arguments that arrive bit by bit.
    fn fragments(text: &str) -> Vec<String> {
        let chars: Vec<char> = text.chars().collect();
        chars
            .chunks(chars.len().div_ceil(4).clamp(1, 1024))
            .map(|part| part.iter().collect())
            .collect()
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a JSON value can be written")
}

/// A word of the request's body, or null.
fn given(ask: &Ask, key: &str) -> Value {
    ask.body.get(key).cloned().unwrap_or_default()
}

/// A word of the request's body, or a default.
fn given_or(ask: &Ask, key: &str, default: Value) -> Value {
    match given(ask, key) {
        Value::Null => default,
        value => value,
    }
}
