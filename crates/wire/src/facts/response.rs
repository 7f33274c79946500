//! What a response body says: model, usage, why it stopped, what went wrong in it and when its
//! first content came. It reads a copy of what the client got; it never changes or judges it.

use bytes::Bytes;

use crate::dialect::{Dialect, Operation};
use crate::scan::{Cursor, Kind};
use crate::sse::Splitter;
use crate::usage::Usage;

mod anthropic;
mod findings;
mod gemini;
mod openai;

use findings::Findings;

/// Largest JSON body that is read, in bytes; a larger one yields what its beginning says.
pub const MAX_BODY: usize = 32 * 1024 * 1024;
/// How far into a body its form is looked for, in bytes.
const MAX_LEAD: usize = 4096;

/// What [`ResponseObserver`] found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseFacts {
    /// The model that answered, as the provider names it.
    pub model: Option<String>,
    /// The provider's id of the message or response.
    pub id: Option<String>,
    /// Tokens used, in Anthropic's words.
    pub usage: Option<Usage>,
    /// Why the model stopped, as the dialect spells it: `stop_reason`, `finish_reason` of the
    /// first choice, `finishReason`; for Responses the reason of an incomplete one, else the
    /// status.
    pub stop_reason: Option<String>,
    /// The error that the body is or that the stream carries.
    pub error: Option<ErrorFact>,
    /// Whether it is an event stream.
    pub is_sse: bool,
    /// Whether the dialect's own last word came: `message_stop`, a finished response, a finish
    /// reason or `[DONE]`; for a plain body, that it is whole JSON.
    pub terminal: bool,
    /// The index of the first event with content: text, thinking or a tool call.
    pub first_content_event: Option<u32>,
    /// How many bytes of the decoded body had come when that event was complete.
    pub first_content_end: Option<u64>,
    /// Events in the stream, or objects in a streamed JSON array; 0 for a plain body.
    pub event_count: u32,
    /// Events whose data is not JSON, and events too large to be read.
    pub unread_events: u64,
}

/// An error as a provider words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorFact {
    /// `error.type`, or what the dialect has in its place (`code`, `status`); may be empty.
    pub kind: String,
    /// The message, at most 2 KiB of it; may be empty.
    pub message: String,
}

impl ResponseFacts {
    /// Reads a whole body at once; copies nothing of a plain JSON one.
    #[must_use]
    pub fn of_body(
        dialect: Dialect,
        operation: Operation,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Self {
        let mut observer = ResponseObserver::new(dialect, operation, content_type);
        let form = observer.form.or_else(|| observer.form_now(body));
        let form = form.unwrap_or(observer.assumed);
        if form == Form::Sse {
            observer.findings.events(&mut observer.splitter, body);
        }
        observer.end(form, body)
    }
}

/// How a body is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Sse,
    Json,
    /// Audio, a file, lines of JSON: nothing to be read.
    Opaque,
}

/// Reads a response body as it comes; where it is cut makes no difference.
#[derive(Debug)]
pub struct ResponseObserver {
    operation: Operation,
    form: Option<Form>,
    /// The form if the body's first bytes tell none.
    assumed: Form,
    splitter: Splitter,
    /// A JSON body as far as it came, or the start of one whose form is not known yet.
    kept: Kept,
    findings: Findings,
}

impl ResponseObserver {
    /// An observer of a response to `operation`. Whether it is a stream is told by the body's
    /// first bytes, and where they say nothing by the content type.
    #[must_use]
    pub fn new(dialect: Dialect, operation: Operation, content_type: Option<&str>) -> Self {
        let by_type = form_by_type(content_type);
        Self {
            operation,
            form: by_type.is_none().then_some(Form::Opaque),
            assumed: by_type.unwrap_or(Form::Opaque),
            splitter: Splitter::new(),
            kept: Kept::default(),
            findings: Findings::new(dialect),
        }
    }

    /// Looks for the counts of its usage alone: no name is copied, and of what the provider says
    /// besides counts there is only what a price depends on.
    #[must_use]
    pub fn counting(self) -> Self {
        Self {
            findings: self.findings.counting(),
            ..self
        }
    }

    /// Takes the next bytes, content encoding already undone.
    pub fn push(&mut self, piece: &Bytes) {
        match self.form {
            Some(Form::Sse) => self.findings.events(&mut self.splitter, piece),
            Some(Form::Json) => self.kept.push(piece),
            Some(Form::Opaque) => {}
            None => {
                self.kept.push(piece);
                self.form = self.form_now(self.kept.as_slice());
                if self.form == Some(Form::Sse) {
                    let lead = std::mem::take(&mut self.kept);
                    self.findings.events(&mut self.splitter, lead.as_slice());
                }
            }
        }
    }

    /// Ends the body and tells what was found.
    #[must_use]
    pub fn finish(mut self) -> ResponseFacts {
        let form = self.form.unwrap_or(self.assumed);
        let kept = std::mem::take(&mut self.kept);
        self.end(form, kept.as_slice())
    }

    /// The facts of a body whose events have been taken, or that is this JSON.
    fn end(mut self, form: Form, json: &[u8]) -> ResponseFacts {
        match form {
            Form::Sse => self.findings.last_event(&mut self.splitter),
            Form::Json => self.findings.body(json),
            Form::Opaque => {}
        }
        self.facts(form == Form::Sse)
    }

    /// The form of a body that starts like this, once that can be said.
    fn form_now(&self, lead: &[u8]) -> Option<Form> {
        match form_of(lead) {
            None if lead.len() <= MAX_LEAD => None,
            None | Some(Form::Opaque) => Some(self.assumed),
            told => told,
        }
    }

    fn facts(self, is_sse: bool) -> ResponseFacts {
        let mut facts = self.findings.finish();
        facts.is_sse = is_sse;
        facts.unread_events += self.splitter.skipped();
        if self.operation == Operation::Models {
            // What a list or a description of models names did not answer anything.
            facts.model = None;
            facts.id = None;
        }
        facts
    }
}

/// The beginning of a body, up to [`MAX_BODY`]. A body of one piece, as most are, is not copied.
#[derive(Debug, Default)]
struct Kept {
    first: Bytes,
    /// All of it, once there are several.
    joined: Vec<u8>,
}

impl Kept {
    fn push(&mut self, piece: &Bytes) {
        let room = MAX_BODY - self.as_slice().len();
        let piece = piece.slice(..piece.len().min(room));
        if self.as_slice().is_empty() {
            self.first = piece;
            return;
        }
        if self.joined.is_empty() {
            self.joined
                .extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.joined.extend_from_slice(&piece);
    }

    fn as_slice(&self) -> &[u8] {
        if self.joined.is_empty() {
            &self.first
        } else {
            &self.joined
        }
    }
}

/// What a content type says: the form to assume where the body itself does not tell, or that
/// there is nothing to read.
fn form_by_type(content_type: Option<&str>) -> Option<Form> {
    let Some(content_type) = content_type else {
        return Some(Form::Opaque);
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let is = |name: &str| essence.eq_ignore_ascii_case(name);
    if is("text/event-stream") {
        Some(Form::Sse)
    } else if is("application/json") || is("application/problem+json") {
        Some(Form::Json)
    } else if essence.is_empty() || is("text/plain") || is("application/octet-stream") {
        Some(Form::Opaque)
    } else {
        None
    }
}

/// What a body's first bytes say, once there are enough of them.
fn form_of(body: &[u8]) -> Option<Form> {
    let body = body
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(body)
        .trim_ascii_start();
    match *body {
        [] => None,
        [b'{' | b'[', ..] => Some(Form::Json),
        [b':', ..] => Some(Form::Sse),
        _ => {
            let fields: [&[u8]; 4] = [b"data:", b"event:", b"id:", b"retry:"];
            if fields.iter().any(|field| body.starts_with(field)) {
                return Some(Form::Sse);
            }
            let undecided = fields.iter().any(|field| field.starts_with(body));
            (!undecided).then_some(Form::Opaque)
        }
    }
}

/// Whether the value that comes next says nothing: null, `""`, `[]`.
fn is_empty_value(cursor: &mut Cursor<'_>) -> bool {
    match cursor.kind() {
        Some(Kind::String) => cursor.string().is_none_or(|text| text.raw().is_empty()),
        Some(Kind::Array) => {
            let mut empty = true;
            cursor.array(|_| empty = false);
            empty
        }
        Some(Kind::Null) | None => {
            cursor.skip();
            true
        }
        Some(Kind::Object | Kind::Number | Kind::Bool) => {
            cursor.skip();
            false
        }
    }
}

#[cfg(test)]
mod tests;
