//! What was said in an exchange, read from its bodies whatever their dialect, for services that
//! show conversations. What cannot be read is shown as it stands.

pub(crate) mod chat;
pub(crate) mod parts;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;
use weir_core::event::{BodyFacts, BodyForm, Event};
use weir_wire::dialect::Dialect;
use weir_wire::translate::codec;
use weir_wire::translate::form::{Answer, Place, Request, Stop};
use weir_wire::translate::json::Json;
use weir_wire::translate::options::Hints;

/// An exchange's request and answer as far as they can be read.
#[derive(Debug)]
pub(crate) struct Said<'a> {
    /// The conversation and what was wanted next.
    pub(crate) request: Option<Request<'a>>,
    /// The answer to it.
    pub(crate) answer: Option<Answer<'a>>,
}

impl<'a> Said<'a> {
    /// What was said in `event`.
    pub(crate) fn of(event: &'a Event) -> Self {
        let dialect = dialect(event);
        let request = dialect
            .zip(json(
                event.request_body.as_deref(),
                event.request_body_facts,
            ))
            .and_then(|(dialect, body)| {
                let hints = Hints {
                    path_model: event.model.as_deref(),
                    stream: event.streamed,
                };
                codec::read_request(dialect, body.as_bytes(), &hints).ok()
            });
        let answer = dialect
            .zip(json(
                event.response_body.as_deref(),
                event.response_body_facts,
            ))
            .filter(|(_, body)| !is_several(body))
            .and_then(|(dialect, body)| codec::read_answer(dialect, body.as_bytes()).ok());
        Self { request, answer }
    }
}

/// The dialect, if it is one of a model's turns.
fn dialect(event: &Event) -> Option<Dialect> {
    let all = [
        Dialect::AnthropicMessages,
        Dialect::OpenaiChat,
        Dialect::OpenaiResponses,
        Dialect::Gemini,
    ];
    let mut all = all.into_iter();
    all.find(|dialect| event.is_generation() && dialect.as_str() == &*event.dialect)
}

fn json(body: Option<&RawValue>, facts: BodyFacts) -> Option<&str> {
    body.map(RawValue::get)
        .filter(|_| facts.form == BodyForm::Json)
}

/// Whether a body holds several answers to one request, of which one alone would be read.
fn is_several(body: &str) -> bool {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Answers {
        choices: Vec<IgnoredAny>,
        candidates: Vec<IgnoredAny>,
    }
    let answers: Answers = serde_json::from_str(body).unwrap_or_default();
    answers.choices.len().max(answers.candidates.len()) > 1
}

/// A body as JSON, whatever it is: itself, its text, or a word on why there is none to show.
pub(crate) fn shown(body: Option<&RawValue>, facts: BodyFacts) -> Value {
    let told = body.and_then(|body| serde_json::from_str(body.get()).ok());
    match (told, facts.form) {
        (Some(told), _) => told,
        (None, BodyForm::Binary) => Value::from("(binary)"),
        (None, _) => Value::Null,
    }
}

/// The same of JSON as it was written.
pub(crate) fn value(json: &Json<'_>) -> Value {
    serde_json::from_str(json.as_str()).unwrap_or_else(|_| Value::from(json.as_str()))
}

/// Where media are: as an address, which may hold them.
pub(crate) fn address(kind: Option<&str>, place: &Place<'_>) -> String {
    match place {
        Place::Base64(data) => format!("data:{};base64,{data}", kind.unwrap_or_default()),
        Place::Text(text) | Place::Url(text) => text.to_string(),
        Place::File(id) => format!("file:{id}"),
    }
}

/// Why an answer ended, in the words that most services know.
pub(crate) fn finish_reason<'a>(stop: &'a Stop<'a>) -> &'a str {
    match stop {
        Stop::EndTurn | Stop::Sequence(_) => "stop",
        Stop::MaxTokens | Stop::ContextWindow => "length",
        Stop::ToolUse | Stop::Pause => "tool_call",
        Stop::Refusal => "content_filter",
        Stop::MalformedCall => "error",
        Stop::Other(word) => word,
    }
}
