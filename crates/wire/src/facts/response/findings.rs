//! What has been found in a response so far, and the way each event or body is handed to the
//! reader of its dialect.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{ErrorFact, ResponseFacts, anthropic, gemini, openai};
use crate::dialect::Dialect;
use crate::scan::{Cursor, Kind, Text};
use crate::sse::{Event, Splitter};
use crate::tail::Names;
use crate::usage::UsageMerge;

/// Longest model name, id or reason that is kept, in bytes.
const MAX_NAME: usize = 1024;
/// Most of an error message that is kept, in bytes.
const MAX_MESSAGE: usize = 2048;

static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"usage"));
static TIER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"service_tier\""));

/// The facts as they gather.
#[derive(Debug)]
pub(super) struct Findings {
    dialect: Dialect,
    facts: ResponseFacts,
    usage: UsageMerge,
    /// Where it stands outside of the usage.
    service_tier: Option<String>,
}

impl Findings {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            facts: ResponseFacts::default(),
            usage: UsageMerge::new(dialect),
            service_tier: None,
        }
    }

    /// For who wants to know what was used, and no more.
    pub(super) fn counting(self) -> Self {
        Self {
            usage: UsageMerge::of_counts(self.dialect),
            ..self
        }
    }

    pub(super) fn finish(self) -> ResponseFacts {
        let mut usage = self.usage.finish();
        if let Some(usage) = &mut usage
            && usage.service_tier.is_none()
        {
            usage.service_tier = self.service_tier;
        }
        ResponseFacts {
            usage,
            ..self.facts
        }
    }

    /// Takes a piece of an event stream.
    pub(super) fn events(&mut self, splitter: &mut Splitter, piece: &[u8]) {
        splitter.push(piece, |event| self.event(event));
    }

    /// Takes what an event stream broke off in.
    pub(super) fn last_event(&mut self, splitter: &mut Splitter) {
        splitter.finish(|event| self.event(event));
    }

    fn event(&mut self, event: Event<'_>) {
        if self.usage.counts_only() && !self.may_count(event.data) {
            return;
        }
        if event.data.trim_ascii() == b"[DONE]" {
            self.facts.terminal = true;
            return self.count(false, event.end);
        }
        let mut cursor = Cursor::new(event.data);
        let is_object = cursor.kind() == Some(Kind::Object);
        let content = is_object && self.read(&mut cursor);
        self.count(content, event.end);
        if !is_object || !cursor.at_end() {
            self.facts.unread_events += 1;
        }
    }

    /// Counts an event that was complete at `end`.
    fn count(&mut self, content: bool, end: u64) {
        if content && self.facts.first_content_event.is_none() {
            self.facts.first_content_event = Some(self.facts.event_count);
            self.facts.first_content_end = Some(end);
        }
        self.facts.event_count = self.facts.event_count.saturating_add(1);
    }

    /// Whether there may be a count in it, or a tier, which is all that is looked for.
    fn may_count(&self, json: &[u8]) -> bool {
        USAGE.find(json).is_some() || (self.tier_is_apart() && TIER.find(json).is_some())
    }

    /// Whether the dialect names the service tier beside the usage.
    fn tier_is_apart(&self) -> bool {
        matches!(self.dialect, Dialect::OpenaiChat | Dialect::OpenaiResponses)
    }

    /// Takes the usage of a body that has it at its end, as most have; says whether it has.
    fn count_at_end(&mut self, body: &[u8]) -> bool {
        let all: &[&[u8]] = match self.dialect {
            Dialect::Gemini => &[b"\"usageMetadata\""],
            _ => &[b"\"usage\""],
        };
        let names = Names { begin: &USAGE, all };
        let mut usage = UsageMerge::of_counts(self.dialect);
        let own = |at| names.own(body, at, |value| usage.take(value));
        let found = names.last(body).and_then(own).is_some();
        if found {
            self.usage = usage;
        }
        found
    }

    /// Takes a whole JSON body: one object, or Gemini's array of what would else be events.
    pub(super) fn body(&mut self, body: &[u8]) {
        if self.usage.counts_only()
            && (!self.may_count(body) || (!self.tier_is_apart() && self.count_at_end(body)))
        {
            return;
        }
        let mut cursor = Cursor::new(body);
        if self.dialect == Dialect::Gemini && cursor.kind() == Some(Kind::Array) {
            cursor.array(|cursor| {
                let content = self.read(cursor);
                self.count(content, cursor.offset() as u64);
            });
        } else {
            self.read(&mut cursor);
        }
        self.facts.terminal = cursor.at_end() && cursor.offset() > 0;
    }

    /// Reads an object in the dialect; says whether it carries content.
    fn read(&mut self, cursor: &mut Cursor<'_>) -> bool {
        match self.dialect {
            Dialect::AnthropicMessages => anthropic::read(self, cursor),
            Dialect::OpenaiChat => openai::read_chat(self, cursor),
            Dialect::OpenaiResponses => openai::read_responses(self, cursor),
            Dialect::Gemini => gemini::read(self, cursor),
        }
    }

    pub(super) fn model(&mut self, cursor: &mut Cursor<'_>) {
        if self.usage.counts_only() {
            return;
        }
        set(&mut self.facts.model, name(cursor));
    }

    pub(super) fn id(&mut self, cursor: &mut Cursor<'_>) {
        if self.usage.counts_only() {
            return;
        }
        // A stream has one id; some compatible servers put another on their last chunk.
        let id = name(cursor);
        if self.facts.id.is_none() {
            self.facts.id = id;
        }
    }

    /// A stop reason that is a member of its own.
    pub(super) fn stop_reason_at(&mut self, cursor: &mut Cursor<'_>) {
        if !self.usage.counts_only() {
            self.stop_reason(name(cursor));
        }
    }

    pub(super) fn stop_reason(&mut self, reason: Option<String>) {
        set(&mut self.facts.stop_reason, reason);
    }

    pub(super) fn has_stop_reason(&self) -> bool {
        self.facts.stop_reason.is_some()
    }

    pub(super) fn usage(&mut self, cursor: &mut Cursor<'_>) {
        self.usage.take(cursor);
    }

    pub(super) fn service_tier(&mut self, cursor: &mut Cursor<'_>) {
        set(&mut self.service_tier, name(cursor));
    }

    pub(super) fn error(&mut self, error: Option<ErrorFact>) {
        set(&mut self.facts.error, error);
    }

    pub(super) fn terminal(&mut self) {
        self.facts.terminal = true;
    }
}

/// A later finding replaces an earlier one; finding nothing does not.
fn set<T>(fact: &mut Option<T>, found: Option<T>) {
    if found.is_some() {
        *fact = found;
    }
}

/// A short string; none when the value is another or the string is empty or overlong.
pub(super) fn name(cursor: &mut Cursor<'_>) -> Option<String> {
    cursor
        .string()
        .filter(is_name)
        .map(|text| text.decode().into_owned())
}

fn is_name(text: &Text<'_>) -> bool {
    (1..=MAX_NAME).contains(&text.raw().len())
}

/// Reads the value of an `error` member: an object, or a bare message.
pub(super) fn error(cursor: &mut Cursor<'_>) -> Option<ErrorFact> {
    match cursor.kind()? {
        Kind::String => {
            let message = cursor.string().map(message)?;
            Some(ErrorFact {
                kind: String::new(),
                message,
            })
        }
        Kind::Object => error_object(cursor),
        Kind::Array | Kind::Number | Kind::Bool | Kind::Null => None,
    }
}

fn error_object(cursor: &mut Cursor<'_>) -> Option<ErrorFact> {
    let (mut kind, mut status, mut code, mut text) = (None, None, None, None);
    cursor.object(|key, cursor| match key.raw() {
        b"type" => kind = name(cursor),
        b"status" => status = name(cursor),
        b"code" => code = name_or_number(cursor),
        b"message" => text = cursor.string().map(message),
        _ => {}
    });
    let kind = kind.or(status).or(code);
    if kind.is_none() && text.is_none() {
        return None;
    }
    Some(ErrorFact {
        kind: kind.unwrap_or_default(),
        message: text.unwrap_or_default(),
    })
}

/// A short string, or a number as text.
pub(super) fn name_or_number(cursor: &mut Cursor<'_>) -> Option<String> {
    if cursor.kind()? == Kind::Number {
        return Some(String::from_utf8_lossy(cursor.value()).into_owned());
    }
    name(cursor)
}

/// An error's message, cut to its bound.
pub(super) fn message(text: Text<'_>) -> String {
    let mut message = text.prefix(6 * MAX_MESSAGE).decode().into_owned();
    message.truncate(message.floor_char_boundary(MAX_MESSAGE));
    message
}
