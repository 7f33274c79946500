//! Reads requests of Chat Completions.
//!
//! Texts are borrowed from the body. What the form has no place for is kept in `extra`; asking for
//! several answers at once is refused, as no other dialect can give them.

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::scan::{Cursor, Kind};
use crate::translate::fault::Fault;
use crate::translate::form::{Extra, Format, Request, Sampling, Text};
use crate::translate::json::Json;
use crate::translate::options::Hints;

mod message;
mod part;
mod reasoning;
mod tool;

use message::Messages;
use reasoning::Asked;
pub(super) use tool::INNER;

/// Reads the body of a request.
///
/// # Errors
///
/// A body that is no JSON object, has no messages, messages of an unknown role or asks for several
/// answers.
pub fn read_request<'a>(body: &'a [u8], hints: &Hints<'_>) -> Result<Request<'a>, Fault> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(|_| Fault::new("", "the body is not UTF-8"))?;
    let valid = serde_json::from_str::<serde::de::IgnoredAny>(text);
    valid.map_err(|error| Fault::new("", format!("the body is not JSON: {error}")))?;
    let mut reader = Reader::new();
    let mut cursor = Cursor::new(text.as_bytes());
    let found = cursor.object(|key, cursor| reader.member(key.decode(), cursor));
    if !found {
        return Err(Fault::new("", "the body is not a JSON object"));
    }
    if cursor.malformed() {
        return Err(Fault::new("", "the body is nested too deeply"));
    }
    reader.finish(hints)
}

/// Whether a request asks for tokens at the end of the stream (`stream_options.include_usage`).
#[must_use]
pub fn wants_usage(request: &Request<'_>) -> bool {
    let mut members = request.extra.members.iter();
    let Some((_, options)) = members.find(|(name, _)| name == "stream_options") else {
        return false;
    };
    let mut wants = false;
    Cursor::new(options.as_str().as_bytes()).object(|key, cursor| {
        if key.is("include_usage") {
            wants = cursor.boolean() == Some(true);
        } else {
            cursor.skip();
        }
    });
    wants
}

/// A request as far as it has been read.
struct Reader<'a> {
    request: Request<'a>,
    model: Option<Text<'a>>,
    messages: Option<Messages<'a>>,
    asked: Asked,
    /// `max_tokens`, which `max_completion_tokens` overrides.
    old_limit: Option<u64>,
    /// `allowed_tools` of `tool_choice`.
    allowed: Option<tool::Allowed<'a>>,
    fault: Option<Fault>,
}

impl<'a> Reader<'a> {
    fn new() -> Self {
        Self {
            request: Request {
                dialect: Dialect::OpenaiChat,
                model: Cow::Borrowed(""),
                system: Vec::new(),
                turns: Vec::new(),
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
            },
            model: None,
            messages: None,
            asked: Asked::default(),
            old_limit: None,
            allowed: None,
            fault: None,
        }
    }

    fn member(&mut self, key: Text<'a>, cursor: &mut Cursor<'a>) {
        if cursor.kind() == Some(Kind::Null) {
            return;
        }
        match key.as_ref() {
            "model" => self.model = string(cursor),
            "messages" => match Messages::read(cursor) {
                Ok(messages) => self.messages = Some(messages),
                Err(fault) => self.fault = Some(fault),
            },
            "tools" => tool::tools(cursor, &mut self.request.tools),
            "functions" => tool::functions(cursor, &mut self.request.tools),
            "tool_choice" => {
                let choice = tool::choice(raw(cursor));
                (self.request.tool_choice, self.allowed) = choice;
            }
            "function_call" if self.request.tool_choice.is_none() => {
                (self.request.tool_choice, self.allowed) = tool::choice(raw(cursor));
            }
            "n" => self.answers(cursor),
            "stream" => self.request.stream = cursor.boolean() == Some(true),
            "stop" => self.stops(cursor),
            "response_format" => self.format(key, cursor),
            _ => self.setting(key, cursor),
        }
    }

    /// Members with one plain value; others are kept as they are.
    fn setting(&mut self, key: Text<'a>, cursor: &mut Cursor<'a>) {
        let value = raw(cursor);
        let request = &mut self.request;
        let sampling = &mut request.sampling;
        let known = match key.as_ref() {
            "temperature" => put(&mut sampling.temperature, number(&value)),
            "top_p" => put(&mut sampling.top_p, number(&value)),
            "top_k" => put(&mut sampling.top_k, number(&value)),
            "seed" => put(&mut sampling.seed, number(&value)),
            "frequency_penalty" => put(&mut sampling.frequency_penalty, number(&value)),
            "presence_penalty" => put(&mut sampling.presence_penalty, number(&value)),
            "max_completion_tokens" => put(&mut request.max_tokens, whole(&value)),
            "max_tokens" => put(&mut self.old_limit, whole(&value)),
            "parallel_tool_calls" => put(&mut request.parallel_tools, boolean(&value)),
            "safety_identifier" => put(&mut request.user, text(&value)),
            "user" if request.user.is_none() => put(&mut request.user, text(&value)),
            "prompt_cache_key" => put(&mut request.cache_key, text(&value)),
            "service_tier" => put(&mut request.service_tier, text(&value)),
            name => self.asked.member(name, &value),
        };
        if !known {
            request.extra.members.push((key, value));
        }
    }

    fn answers(&mut self, cursor: &mut Cursor<'a>) {
        if whole(&raw(cursor)).is_some_and(|answers| answers > 1) {
            let message = "several answers to one request cannot be translated; ask for one";
            self.fault = Some(Fault::new("n", message));
        }
    }

    fn stops(&mut self, cursor: &mut Cursor<'a>) {
        let stops = &mut self.request.stop;
        if cursor.kind() == Some(Kind::Array) {
            cursor.array(|cursor| stops.extend(string(cursor)));
        } else {
            stops.extend(string(cursor));
        }
    }

    fn format(&mut self, key: Text<'a>, cursor: &mut Cursor<'a>) {
        let value = raw(cursor);
        match format(&value) {
            Some(format) => self.request.format = format,
            None => self.request.extra.members.push((key, value)),
        }
    }

    fn finish(mut self, hints: &Hints<'_>) -> Result<Request<'a>, Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let missing = || Fault::new("messages", "the request has no messages");
        let messages = self.messages.ok_or_else(missing)?;
        let mut request = self.request;
        request.system = messages.system;
        request.turns = messages.turns;
        request.max_tokens = request.max_tokens.or(self.old_limit);
        request.model = match self.model.take() {
            Some(model) => model,
            None => Cow::Owned(hints.path_model.unwrap_or_default().to_owned()),
        };
        request.thinking = self.asked.thinking();
        if let Some(allowed) = self.allowed {
            allowed.keep(&mut request.tools);
        }
        Ok(request)
    }
}

/// The form of the answer: some where it is known, and in it none for plain text.
#[expect(
    clippy::option_option,
    reason = "what is not known and what is plain text differ"
)]
fn format<'a>(value: &Json<'a>) -> Option<Option<Format<'a>>> {
    let mut kind = None;
    let mut schema = None;
    let (mut name, mut description, mut strict) = (None, None, None);
    walk(value, |key, cursor| match key {
        "type" => kind = string(cursor),
        "json_schema" => {
            cursor.object(|key, cursor| match key.decode().as_ref() {
                "name" => name = string(cursor),
                "description" => description = string(cursor),
                "strict" => strict = cursor.boolean(),
                "schema" => schema = Some(raw(cursor)),
                _ => {}
            });
        }
        _ => {}
    });
    match kind.as_deref()? {
        "text" => Some(None),
        "json_object" => Some(Some(Format::Json)),
        "json_schema" => Some(Some(Format::Schema {
            name,
            description,
            schema: schema.filter(|schema| schema.as_str() != "null")?,
            strict,
        })),
        _ => None,
    }
}

/// Takes any value as it stands.
fn raw<'a>(cursor: &mut Cursor<'a>) -> Json<'a> {
    // The body is valid UTF-8 and JSON as a whole, and a value ends at characters' bounds.
    let text = std::str::from_utf8(cursor.value()).unwrap_or_default();
    Json::of_valid(if text.is_empty() { "null" } else { text })
}

/// Takes a string; any other value is passed over.
fn string<'a>(cursor: &mut Cursor<'a>) -> Option<Text<'a>> {
    cursor.string().map(|text| text.decode())
}

/// What is within a value that was taken as it stands.
fn inside<'a>(value: &Json<'a>) -> Cow<'a, str> {
    value.clone().into_text()
}

/// Walks the members of a value that was taken as it stands.
fn walk<'a>(value: &Json<'a>, mut member: impl FnMut(&str, &mut Cursor<'a>)) {
    if let Cow::Borrowed(text) = inside(value) {
        Cursor::new(text.as_bytes()).object(|key, cursor| member(&key.decode(), cursor));
    }
}

fn text<'a>(value: &Json<'a>) -> Option<Text<'a>> {
    match inside(value) {
        Cow::Borrowed(text) => string(&mut Cursor::new(text.as_bytes())),
        Cow::Owned(_) => None,
    }
}

fn number<'a>(value: &Json<'a>) -> Option<Json<'a>> {
    let digit = |first: char| first == '-' || first.is_ascii_digit();
    let number = value.as_str().starts_with(digit);
    number.then(|| value.clone())
}

fn whole(value: &Json<'_>) -> Option<u64> {
    let text = value.as_str();
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

fn boolean(value: &Json<'_>) -> Option<bool> {
    value.as_str().parse().ok()
}

/// Puts a value where it belongs, if it is of the right kind, and says whether it is.
fn put<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let fits = value.is_some();
    if fits {
        *place = value;
    }
    fits
}

#[cfg(test)]
mod tests;
