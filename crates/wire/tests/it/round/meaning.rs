//! What a request means, without the ways in which one meaning can be said.

use std::borrow::Cow;

use serde_json::Value;
use weir_wire::translate::form::{
    Body, Format, Input, Media, Part, Place, Request, Role, Thinking, ToolChoice, ToolKind, Turn,
};
use weir_wire::translate::json::Json;

use super::can::Can;

/// A request.
#[derive(Debug, PartialEq)]
pub(crate) struct Meaning {
    system: String,
    turns: Vec<(Role, Vec<Piece>)>,
    tools: Vec<(String, Option<String>, Value, bool)>,
    choice: Option<ToolChoice<'static>>,
    parallel: Option<bool>,
    max_tokens: Option<u64>,
    /// As they are written.
    sampling: Vec<Option<String>>,
    stop: Vec<String>,
    stream: bool,
    thinking: Option<Thinking>,
    format: Option<(Option<String>, Value)>,
    customer: [Option<String>; 3],
}

/// A piece of a turn.
#[derive(Debug, PartialEq)]
enum Piece {
    Text(String),
    Seen {
        kind: Option<String>,
        place: Place<'static>,
        detail: Option<String>,
        title: Option<String>,
    },
    Call {
        id: String,
        name: String,
        input: String,
    },
    Result {
        call: String,
        pieces: Vec<Piece>,
        is_error: bool,
    },
    Other(String),
}

impl Meaning {
    /// What `request` means to those who can say no more than `can`.
    pub(crate) fn of(request: &Request<'_>, can: Can) -> Self {
        let leads = |turn: &&Turn<'_>| turn.role == Role::System;
        let leading: Vec<_> = request.turns.iter().take_while(leads).collect();
        let system = request.system.iter();
        let system = system.chain(leading.iter().flat_map(|turn| &turn.parts));
        let sampling = &request.sampling;
        let number = |number: &Option<Json<'_>>| number.as_ref().map(|it| it.as_str().to_owned());
        let owned = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
        Self {
            system: system.map(plain).collect::<Vec<_>>().join("\n\n"),
            turns: turns(&request.turns[leading.len()..]),
            tools: tools(request, can),
            choice: match &request.tool_choice {
                // The same as nothing.
                Some(ToolChoice::Auto) => None,
                other => other.as_ref().map(choice),
            },
            // It is allowed where nothing is said, and means nothing where nothing is called.
            parallel: match &request.tool_choice {
                Some(ToolChoice::None) => None,
                _ => request.parallel_tools.filter(|parallel| !parallel),
            },
            max_tokens: request.max_tokens,
            sampling: vec![
                number(&sampling.temperature),
                number(&sampling.top_p),
                number(&sampling.top_k),
                number(&sampling.seed),
                number(&sampling.frequency_penalty),
                number(&sampling.presence_penalty),
            ],
            stop: request.stop.iter().map(|stop| stop.to_string()).collect(),
            stream: request.stream,
            thinking: request.thinking.map(|thinking| Thinking {
                shown: None,
                ..thinking
            }),
            format: request.format.as_ref().map(|it| format(it, can)),
            customer: [
                owned(&request.user).filter(|_| can.customer),
                owned(&request.cache_key).filter(|_| can.customer),
                owned(&request.service_tier).filter(|_| can.customer),
            ],
        }
    }
}

fn plain(part: &Part<'_>) -> String {
    match &part.body {
        Body::Text { text, .. } => text.to_string(),
        other => format!("{other:?}"),
    }
}

/// Turns of one role that follow each other are one; texts that do are lines.
fn turns(list: &[Turn<'_>]) -> Vec<(Role, Vec<Piece>)> {
    let mut turns: Vec<(Role, Vec<Piece>)> = Vec::new();
    for turn in list {
        match turns.last_mut() {
            Some((role, pieces)) if *role == turn.role => add(pieces, &turn.parts),
            _ => {
                let mut pieces = Vec::new();
                add(&mut pieces, &turn.parts);
                turns.push((turn.role, pieces));
            }
        }
    }
    turns
}

fn add(pieces: &mut Vec<Piece>, parts: &[Part<'_>]) {
    for part in parts {
        let piece = piece(part);
        match (pieces.last_mut(), piece) {
            (Some(Piece::Text(text)), Piece::Text(more)) => {
                text.push('\n');
                text.push_str(&more);
            }
            (_, piece) => pieces.push(piece),
        }
    }
}

fn piece(part: &Part<'_>) -> Piece {
    match &part.body {
        Body::Text { text, .. } => Piece::Text(text.to_string()),
        Body::Image(media) => seen(media, None),
        Body::Document { media, title, .. } => seen(media, title.as_deref()),
        Body::Call(call) => Piece::Call {
            id: call.id.to_string(),
            name: call.name.to_string(),
            input: match &call.input {
                Input::Json(json) => compact(json.as_str()),
                Input::Text(text) => format!("text: {text}"),
            },
        },
        Body::Result {
            call,
            parts,
            is_error,
            ..
        } => {
            let mut pieces = Vec::new();
            add(&mut pieces, parts);
            Piece::Result {
                call: call.to_string(),
                pieces,
                is_error: *is_error,
            }
        }
        other => Piece::Other(format!("{other:?}")),
    }
}

fn seen(media: &Media<'_>, title: Option<&str>) -> Piece {
    let owned = |text: &str| Cow::Owned(text.to_owned());
    Piece::Seen {
        kind: media.kind.as_deref().map(str::to_owned),
        place: match &media.place {
            Place::Base64(data) => Place::Base64(owned(data)),
            Place::Text(text) => Place::Text(owned(text)),
            Place::Url(url) => Place::Url(owned(url)),
            Place::File(id) => Place::File(owned(id)),
        },
        // `auto` is what is done where nothing is said.
        detail: media
            .detail
            .as_deref()
            .filter(|it| *it != "auto")
            .map(str::to_owned),
        // What a document is called that has no name.
        title: title.filter(|it| *it != "document.pdf").map(str::to_owned),
    }
}

fn tools(request: &Request<'_>, can: Can) -> Vec<(String, Option<String>, Value, bool)> {
    let tools = request.tools.iter().map(|tool| match &tool.kind {
        ToolKind::Function {
            name,
            description,
            schema,
            strict,
        } => {
            let schema = schema.as_ref().map_or(Value::Null, value);
            let description = description.as_deref().map(str::to_owned);
            let strict = can.strict_tools && *strict == Some(true);
            (name.to_string(), description, schema, strict)
        }
        other => (format!("{other:?}"), None, Value::Null, false),
    });
    tools.collect()
}

/// A schema. Google's says nothing of members that it does not name.
fn value(schema: &Json<'_>) -> Value {
    let mut value = serde_json::from_str(schema.as_str()).unwrap();
    open(&mut value);
    value
}

fn open(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.get("additionalProperties") == Some(&Value::Bool(false)) {
                members.remove("additionalProperties");
            }
            members.values_mut().for_each(open);
            members.sort_keys();
        }
        Value::Array(items) => items.iter_mut().for_each(open),
        _ => {}
    }
}

fn choice(choice: &ToolChoice<'_>) -> ToolChoice<'static> {
    match choice {
        ToolChoice::Auto => ToolChoice::Auto,
        ToolChoice::None => ToolChoice::None,
        ToolChoice::Any => ToolChoice::Any,
        ToolChoice::Tool(name) => ToolChoice::Tool(Cow::Owned(name.to_string())),
        ToolChoice::Foreign(json) => ToolChoice::Foreign(json.clone().into_owned()),
    }
}

fn format(format: &Format<'_>, can: Can) -> (Option<String>, Value) {
    match format {
        Format::Json => (None, Value::Null),
        Format::Schema { name, schema, .. } => {
            let name = name.as_deref().filter(|_| can.named_schema);
            (name.map(str::to_owned), value(schema))
        }
    }
}

/// JSON without the white space between its tokens; numbers stay as they are written.
fn compact(json: &str) -> String {
    let (mut out, mut quoted, mut escaped) = (String::new(), false, false);
    for char in json.chars() {
        match char {
            '"' if !escaped => quoted = !quoted,
            _ if !quoted && char.is_ascii_whitespace() => continue,
            _ => {}
        }
        escaped = quoted && char == '\\' && !escaped;
        out.push(char);
    }
    out
}
