use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::translate::anthropic::read_request;
use crate::translate::form::{
    Amount, Body, Call, Effort, Extra, Format, Input, Media, Opaque, OpaqueKind, Part, Place, Role,
    Sampling, Thinking, Tool, Turn,
};
use crate::translate::json::Json;
use crate::translate::options::Hints;
use crate::translate::profile::Profile;

mod again;
mod conversations;
mod settings;

const SONNET: &str = "claude-sonnet-4-5";
const OPUS: &str = "claude-opus-4-8";

fn request(turns: Vec<Turn<'_>>) -> Request<'_> {
    Request {
        dialect: Dialect::OpenaiChat,
        model: "gpt".into(),
        system: Vec::new(),
        turns,
        tools: Vec::new(),
        tool_choice: None,
        parallel_tools: None,
        max_tokens: None,
        sampling: Sampling::default(),
        stop: Vec::new(),
        stream: false,
        thinking: None,
        format: None,
        user: None,
        cache_key: None,
        service_tier: None,
        extra: Extra::default(),
    }
}

fn turn<'a>(role: Role, bodies: impl IntoIterator<Item = Body<'a>>) -> Turn<'a> {
    Turn {
        role,
        parts: bodies.into_iter().map(Part::from).collect(),
        extra: Extra::default(),
    }
}

fn text<'a>(text: impl Into<Cow<'a, str>>) -> Body<'a> {
    Body::Text {
        text: text.into(),
        annotations: Vec::new(),
    }
}

fn call<'a>(id: &'a str, name: &'a str, input: Input<'a>) -> Body<'a> {
    Body::Call(Call {
        id: id.into(),
        name: name.into(),
        input,
        item: None,
        opaque: None,
    })
}

fn object(json: &str) -> Input<'_> {
    Input::Json(Json::of_valid(json))
}

fn result<'a>(call: &'a str, parts: Vec<Part<'a>>) -> Body<'a> {
    Body::Result {
        call: call.into(),
        name: None,
        parts,
        is_error: false,
    }
}

fn thinking(text: &'static str, kind: Option<OpaqueKind>) -> Body<'static> {
    Body::Thinking {
        text: text.into(),
        opaque: kind.map(|kind| Opaque {
            value: "sig".into(),
            kind,
        }),
        id: None,
    }
}

fn function(name: &str) -> Tool<'_> {
    tool(ToolKind::Function {
        name: name.into(),
        description: None,
        schema: None,
        strict: None,
    })
}

fn tool(kind: ToolKind<'_>) -> Tool<'_> {
    Tool {
        kind,
        cache: None,
        extra: Extra::default(),
    }
}

fn hello() -> Request<'static> {
    request(vec![turn(Role::User, [text("hi")])])
}

/// What is written for `model` without marks for the cache, and how many notes.
fn written(request: &Request<'_>, model: &str) -> (Value, usize) {
    let profile = Profile {
        cache_marks: false,
        ..Profile::default()
    };
    written_as(request, model, &profile)
}

fn written_as(request: &Request<'_>, model: &str, profile: &Profile) -> (Value, usize) {
    let options = Options {
        model,
        stream: true,
        profile,
    };
    let mut notes = Notes::default();
    let body = write_request(request, &options, &mut notes).unwrap();
    (serde_json::from_slice(&body).unwrap(), notes.count)
}

/// Who speaks and what is sent, for conversations.
fn messages(turns: Vec<Turn<'_>>) -> Value {
    written(&request(turns), SONNET).0["messages"].take()
}
