//! `generationConfig`.

use super::super::args::Raw;
use super::super::schema;
use crate::scan::{Cursor, Kind};
use crate::translate::form::{Amount, Effort, Sampling, Text, Thinking};
use crate::translate::json::Json;

/// What is in it.
#[derive(Debug, Default)]
pub(super) struct Config<'a> {
    pub(super) sampling: Sampling<'a>,
    pub(super) max_tokens: Option<u64>,
    pub(super) stop: Vec<Text<'a>>,
    pub(super) thinking: Option<Thinking>,
    /// Whether the answer is to be JSON.
    pub(super) json_answer: bool,
    /// The answer's schema, and whether it is of Google's kind.
    pub(super) schema: Option<(Json<'a>, bool)>,
    /// Members that the form has no place for.
    pub(super) rest: Vec<(Text<'a>, Json<'a>)>,
}

impl<'a> Config<'a> {
    pub(super) fn read(&mut self, cursor: &mut Cursor<'a>) {
        cursor.object(|key, cursor| {
            if cursor.kind() == Some(Kind::Null) {
                return;
            }
            let sampling = &mut self.sampling;
            let number = match key.raw() {
                b"temperature" => &mut sampling.temperature,
                b"topP" | b"top_p" => &mut sampling.top_p,
                b"topK" | b"top_k" => &mut sampling.top_k,
                b"seed" => &mut sampling.seed,
                b"frequencyPenalty" | b"frequency_penalty" => &mut sampling.frequency_penalty,
                b"presencePenalty" | b"presence_penalty" => &mut sampling.presence_penalty,
                _ => return self.other(&key.decode(), key.decode(), cursor),
            };
            if cursor.kind() == Some(Kind::Number) {
                *number = Raw::Trusted.json(cursor.value());
            }
        });
    }

    fn other(&mut self, name: &str, key: Text<'a>, cursor: &mut Cursor<'a>) {
        match name {
            "maxOutputTokens" | "max_output_tokens" => self.max_tokens = whole(cursor.value()),
            "stopSequences" | "stop_sequences" => {
                cursor.array(|cursor| {
                    let text = cursor.string().map(|text| text.decode());
                    self.stop.extend(text.filter(|text| !text.is_empty()));
                });
            }
            "responseMimeType" | "response_mime_type" => {
                let value = cursor.value();
                match crate::scan::string_value(value).as_deref() {
                    Some("application/json") => self.json_answer = true,
                    Some("text/plain" | "") => {}
                    _ => self.keep(key, value),
                }
            }
            "responseSchema" | "response_schema" => {
                let schema = Raw::Trusted.json(cursor.value());
                let schema = schema.filter(|_| self.schema.is_none());
                self.schema = schema.map(|schema| (schema, true)).or(self.schema.take());
            }
            "responseJsonSchema" | "response_json_schema" | "_responseJsonSchema" => {
                let schema = Raw::Trusted.json(cursor.value()).map(schema::from_standard);
                self.schema = schema.map(|schema| (schema, false)).or(self.schema.take());
            }
            "thinkingConfig" | "thinking_config" => self.thinking = thinking(cursor),
            _ => self.keep(key, cursor.value()),
        }
    }

    fn keep(&mut self, name: Text<'a>, value: &'a [u8]) {
        if let Some(json) = Raw::Trusted.json(value) {
            self.rest.push((name, json));
        }
    }
}

/// A whole number, which may be written as text or with a fraction of nothing.
fn whole(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?.trim_matches('"');
    let text = text.split_once('.').map_or(text, |(whole, _)| whole);
    text.parse().ok()
}

fn thinking(cursor: &mut Cursor<'_>) -> Option<Thinking> {
    let mut shown = None;
    let mut amount = None;
    let is_object = cursor.object(|key, cursor| match key.raw() {
        b"includeThoughts" | b"include_thoughts" => shown = cursor.boolean(),
        b"thinkingBudget" | b"thinking_budget" => {
            amount = match cursor.value() {
                b"null" => amount,
                b"0" => Some(Amount::Off),
                value if value.starts_with(b"-") => Some(Amount::Adaptive),
                value => whole(value).map(Amount::Tokens).or(amount),
            };
        }
        b"thinkingLevel" | b"thinking_level" => {
            let word = cursor
                .string()
                .map(|word| word.decode().to_ascii_uppercase());
            let effort = match word.as_deref() {
                Some("MINIMAL") => Effort::Minimal,
                Some("LOW") => Effort::Low,
                Some("MEDIUM") => Effort::Medium,
                Some("HIGH") => Effort::High,
                _ => return,
            };
            amount = Some(Amount::Effort(effort));
        }
        _ => {}
    });
    let said = is_object && (amount.is_some() || shown.is_some());
    said.then(|| Thinking {
        amount: amount.unwrap_or(Amount::Adaptive),
        shown,
    })
}
