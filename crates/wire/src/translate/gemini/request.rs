//! Reads `GenerateContentRequest`.

use std::borrow::Cow;

use super::args::{self, Raw};
use super::part;
use super::schema;
use crate::dialect::Dialect;
use crate::scan::{Cursor, Kind};
use crate::translate::fault::Fault;
use crate::translate::form::{
    Body, Extra, Format, Part, Request, Role, Sampling, Text, ToolChoice, Turn,
};
use crate::translate::json::{Json, Writer};
use crate::translate::options::Hints;

mod config;
mod tools;

use config::Config;

/// Reads a request. The model and whether to stream stand in its path: `hints`.
///
/// # Errors
///
/// When the body is no JSON object, has no `contents`, or a role that nobody has.
pub fn read_request<'a>(body: &'a [u8], hints: &Hints<'_>) -> Result<Request<'a>, Fault> {
    if !args::is_valid(body) {
        return Err(Fault::new("", "the body is no valid JSON in UTF-8"));
    }
    let mut reader = Reader {
        body,
        contents: None,
        faults: Vec::new(),
        config: Config::default(),
        request: blank(hints),
    };
    let mut cursor = Cursor::new(body);
    let is_object = cursor.object(|key, cursor| reader.member(key.raw(), cursor));
    if !is_object || cursor.malformed() {
        return Err(Fault::new("", "the body must be an object"));
    }
    reader.finish()
}

fn blank<'a>(hints: &Hints<'_>) -> Request<'a> {
    let model = hints.path_model.map(model_name);
    Request {
        dialect: Dialect::Gemini,
        model: model.unwrap_or_default(),
        system: Vec::new(),
        turns: Vec::new(),
        tools: Vec::new(),
        tool_choice: None,
        parallel_tools: None,
        max_tokens: None,
        sampling: Sampling::default(),
        stop: Vec::new(),
        stream: hints.stream,
        thinking: None,
        format: None,
        user: None,
        cache_key: None,
        service_tier: None,
        extra: Extra::default(),
    }
}

/// The model's own name: without `models/` and as text, not as a path has it.
fn model_name<'a>(model: &str) -> Text<'a> {
    let model = model.strip_prefix("models/").unwrap_or(model);
    let mut name = Vec::with_capacity(model.len());
    let mut rest = model.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| byte == b'%');
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        name.push(code.unwrap_or(byte));
        rest = match code {
            Some(_) => after.get(2..).unwrap_or_default(),
            None => after,
        };
    }
    Cow::Owned(String::from_utf8_lossy(&name).into_owned())
}

struct Reader<'a> {
    body: &'a [u8],
    /// How many contents there were; none without the member.
    contents: Option<usize>,
    faults: Vec<Fault>,
    config: Config<'a>,
    request: Request<'a>,
}

impl<'a> Reader<'a> {
    fn member(&mut self, key: &[u8], cursor: &mut Cursor<'a>) {
        if cursor.kind() == Some(Kind::Null) {
            return;
        }
        match key {
            b"contents" => {
                self.contents.get_or_insert(0);
                part::each(cursor, |cursor| self.content(cursor));
            }
            b"systemInstruction" | b"system_instruction" => self.instruction(cursor),
            b"tools" => part::each(cursor, |cursor| {
                tools::read(cursor, &mut self.request.tools);
            }),
            b"toolConfig" | b"tool_config" => {
                let value = cursor.value();
                self.request.tool_choice = tools::choice(value, &mut self.request.extra);
            }
            b"generationConfig" | b"generation_config" => self.config.read(cursor),
            b"model" => {
                if let Some(model) = cursor.string().filter(|_| self.request.model.is_empty()) {
                    self.request.model = model_name(&model.decode());
                }
            }
            _ => {
                let name = String::from_utf8_lossy(key).into_owned();
                self.keep(name, cursor.value());
            }
        }
    }

    fn keep(&mut self, name: String, value: &'a [u8]) {
        if let Some(json) = Raw::Trusted.json(value) {
            self.request.extra.members.push((name.into(), json));
        }
    }

    fn content(&mut self, cursor: &mut Cursor<'a>) {
        let at = self.contents.unwrap_or(0);
        self.contents = Some(at + 1);
        let body = self.body;
        let mut role = Some(Role::User);
        let mut parts = Vec::new();
        let mut extra = Extra::default();
        cursor.object(|key, cursor| match key.raw() {
            b"role" => {
                let word = cursor.string().map(|word| word.decode());
                role = match word.as_deref() {
                    None | Some("" | "user" | "function" | "tool") => Some(Role::User),
                    Some("model" | "assistant") => Some(Role::Assistant),
                    Some("system") => Some(Role::System),
                    Some(_) => None,
                };
            }
            b"parts" => part::each(cursor, |cursor| {
                if let Some(part) = part::read(body, cursor, Raw::Trusted) {
                    for thinking in part.carried() {
                        recall(thinking, &mut parts);
                    }
                    parts.extend(part.into_part(Raw::Trusted));
                }
            }),
            _ => {
                if let Some(json) = Raw::Trusted.json(cursor.value()) {
                    extra.members.push((key.decode(), json));
                }
            }
        });
        let Some(role) = role else {
            let field = format!("contents.{at}.role");
            return self.fault(field, "Please use a valid role: user, model.");
        };
        self.request.turns.push(Turn { role, parts, extra });
    }

    fn fault(&mut self, field: String, message: &'static str) {
        if self.faults.is_empty() {
            self.faults.push(Fault::new(field, message));
        }
    }

    fn instruction(&mut self, cursor: &mut Cursor<'a>) {
        let body = self.body;
        let system = &mut self.request.system;
        if cursor.kind() == Some(Kind::String) {
            let text = cursor.string().map(|text| text.decode());
            system.extend(text.map(|text| {
                let annotations = Vec::new();
                Part::from(Body::Text { text, annotations })
            }));
            return;
        }
        cursor.object(|key, cursor| {
            if key.raw() == b"parts" {
                part::each(cursor, |cursor| {
                    let part = part::read(body, cursor, Raw::Trusted);
                    system.extend(part.and_then(|part| part.into_part(Raw::Trusted)));
                });
            }
        });
    }

    fn finish(mut self) -> Result<Request<'a>, Fault> {
        if let Some(fault) = self.faults.pop() {
            return Err(fault);
        }
        if self.contents.is_none() {
            return Err(Fault::new("contents", "contents are required"));
        }
        let Config {
            sampling,
            max_tokens,
            stop,
            thinking,
            json_answer,
            schema,
            rest,
        } = self.config;
        self.request.sampling = sampling;
        self.request.max_tokens = max_tokens;
        self.request.stop = stop;
        self.request.thinking = thinking;
        self.request.format = match schema {
            Some((schema, is_google)) => Some(Format::Schema {
                name: None,
                description: None,
                schema: match is_google {
                    true => schema::from_google(&schema),
                    false => schema,
                },
                strict: None,
            }),
            None => json_answer.then_some(Format::Json),
        };
        if !rest.is_empty() {
            let mut out = Writer::default();
            out.object();
            for (name, value) in &rest {
                out.key(name).json(value);
            }
            out.end_object();
            let config = Json::of_valid(out.into_string());
            let extra = &mut self.request.extra.members;
            extra.push(("generationConfig".into(), config));
        }
        Ok(self.request)
    }
}

/// Puts thinking that a call carries before what was said since the last call, unless the client
/// sent it as a part too.
fn recall<'a>(thinking: Body<'a>, parts: &mut Vec<Part<'a>>) {
    let same = |part: &Part<'_>| match (&part.body, &thinking) {
        (Body::Thinking { opaque: own, .. }, Body::Thinking { opaque, .. }) => own == opaque,
        _ => false,
    };
    if parts.iter().any(same) {
        return;
    }
    let said = |part: &Part<'_>| matches!(part.body, Body::Text { .. } | Body::Refusal { .. });
    let at = parts.iter().rposition(|part| !said(part));
    parts.insert(at.map_or(0, |at| at + 1), thinking.into());
}

/// What a mode asks for.
fn choice<'a>(mode: &str, mut allowed: Vec<Text<'a>>) -> Option<ToolChoice<'a>> {
    match mode.to_ascii_uppercase().as_str() {
        "NONE" | "3" => Some(ToolChoice::None),
        "ANY" | "2" if allowed.len() == 1 => allowed.pop().map(ToolChoice::Tool),
        "ANY" | "2" => Some(ToolChoice::Any),
        "AUTO" | "VALIDATED" | "1" | "4" => Some(ToolChoice::Auto),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
