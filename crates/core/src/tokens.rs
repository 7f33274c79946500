//! How many tokens a request is, by estimate, for providers that do not count. Texts go through
//! the tokeniser of the model's maker, or the nearest that is public; pictures, documents and
//! sound through published formulas. It reads nothing but the request, and asks nobody.
//!
//! The first count of a kind of model unpacks that kind's vocabulary, which stays: about 24 MB and
//! 0.1 s for most models, 10 MB and 0.03 s for the older ones. A thread that counts keeps 1.2 MB
//! more. The work is linear in the request's length, some 20 ms to the megabyte: enough to keep
//! off a thread that serves others.

pub mod calibration;
mod encoder;
mod foreign;
mod media;
mod model;
mod schema;
mod size;

use weir_wire::translate::form::{
    Amount, Answer, Body, Call, Format, Input, Media, Opaque, OpaqueKind, Part, Place, Request,
    Role, Thinking, Tool, ToolChoice, ToolKind, Turn,
};

use model::{Model, Vendor};

/// Characters of base64 that stand for one token where it hides text: three quarters of them are
/// bytes, and a token is about four of those or a little more.
const HIDDEN: usize = 6;

/// Tokens of `request` as its model would count them, by estimate. At least 1.
///
/// What only the provider knows is left out: the turns behind a `previous_response_id`, the
/// results of tools that it runs while it answers.
#[must_use]
pub fn count(request: &Request<'_>) -> u64 {
    let model = Model::of(&request.model);
    let mut tally = Tally::new(&model);
    tally.request(request);
    tally.total().max(1)
}

/// Tokens of an answer of `model`, by estimate: what it says and calls, as the provider would bill
/// it, thinking that it shows included.
#[must_use]
pub fn count_answer(answer: &Answer<'_>, model: &str) -> u64 {
    let model = Model::of(model);
    let mut tally = Tally::new(&model);
    tally.parts(&answer.parts);
    tally.total()
}

/// A sum on its way.
struct Tally<'m> {
    model: &'m Model<'m>,
    /// Tokens of texts in the vocabulary used, which may be another's.
    texts: u64,
    /// Tokens that are known by formula.
    flat: u64,
    /// Whether thinking in the turn at hand is still before the model.
    remembers: bool,
}

impl<'m> Tally<'m> {
    fn new(model: &'m Model<'m>) -> Self {
        Self {
            model,
            texts: 0,
            flat: 0,
            remembers: true,
        }
    }

    fn total(&self) -> u64 {
        let texts = u128::from(self.texts) * u128::from(self.model.permille) / 1000;
        u64::try_from(texts)
            .unwrap_or(u64::MAX)
            .saturating_add(self.flat)
    }

    fn request(&mut self, request: &Request<'_>) {
        let overhead = self.model.overhead();
        self.flat(overhead.request);
        if !request.system.is_empty() {
            self.flat(overhead.system);
            self.parts(&request.system);
        }
        let asked = last_asked(&request.turns);
        for (at, turn) in request.turns.iter().enumerate() {
            self.flat(overhead.turn);
            self.remembers = at >= asked || self.model.remembers();
            self.parts(&turn.parts);
        }
        if let Some(Thinking {
            amount: Amount::Tokens(_) | Amount::Effort(_),
            ..
        }) = request.thinking
        {
            self.flat(overhead.thinking);
        }
        self.tools(&request.tools, request.tool_choice.as_ref());
        if let (Some(Format::Schema { schema, .. }), Some(flat)) =
            (&request.format, overhead.format)
        {
            self.flat(flat);
            let rendered = schema::render(self.model.typed(), schema.as_str());
            self.text(&rendered);
        }
    }

    fn parts(&mut self, parts: &[Part<'_>]) {
        for part in parts {
            self.part(&part.body);
        }
    }

    fn part(&mut self, body: &Body<'_>) {
        match body {
            Body::Text { text, .. } | Body::Refusal { text } => self.text(text),
            Body::Image(media) => self.flat(media::image(self.model, media)),
            Body::Document {
                media,
                title,
                context,
            } => {
                self.text(title.as_deref().unwrap_or_default());
                self.text(context.as_deref().unwrap_or_default());
                self.document(media);
            }
            Body::Audio(media) => self.flat(media::audio(self.model.vendor, media)),
            Body::Call(call) => self.call(call),
            Body::Result { name, parts, .. } => {
                self.flat(self.model.overhead().result);
                self.text(name.as_deref().unwrap_or_default());
                self.parts(parts);
            }
            // Makers leave out what was thought before the last question.
            Body::Thinking { .. } if !self.remembers => {}
            Body::Thinking { text, opaque, .. } => {
                self.text(text);
                if text.is_empty() {
                    self.opaque(opaque.as_ref());
                }
            }
            Body::Foreign { json, .. } => self.foreign(json.as_str()),
        }
    }

    fn call(&mut self, call: &Call<'_>) {
        self.flat(self.model.overhead().call);
        if self.remembers {
            self.opaque(call.opaque.as_ref());
        }
        self.text(&call.name);
        match &call.input {
            Input::Json(json) => self.text(json.as_str()),
            Input::Text(text) => self.text(text),
        }
    }

    fn document(&mut self, media: &Media<'_>) {
        match &media.place {
            Place::Text(text) => self.text(text),
            Place::Base64(_) | Place::Url(_) | Place::File(_) => {
                self.flat(media::document(self.model.vendor, media));
            }
        }
    }

    /// Thinking that is not shown. A signature proves thinking and is none, and OpenAI does not
    /// count what it encrypted.
    fn opaque(&mut self, opaque: Option<&Opaque<'_>>) {
        if let Some(Opaque {
            kind: OpaqueKind::Redacted | OpaqueKind::ThoughtSignature,
            value,
        }) = opaque
        {
            self.hidden(value.len());
        }
    }

    fn foreign(&mut self, json: &str) {
        let mut hidden = 0;
        let shown = foreign::shown(json, &mut hidden);
        self.text(&shown);
        self.hidden(hidden);
    }

    fn tools(&mut self, tools: &[Tool<'_>], choice: Option<&ToolChoice<'_>>) {
        if tools.is_empty() {
            return;
        }
        // Templates of open models leave out tools that must not be called.
        if self.model.vendor == Vendor::Other && matches!(choice, Some(ToolChoice::None)) {
            return;
        }
        let forced = matches!(choice, Some(ToolChoice::Any | ToolChoice::Tool(_)));
        let overhead = self.model.overhead();
        self.flat(if forced {
            overhead.forced
        } else {
            overhead.tools
        });
        for tool in tools {
            self.flat(self.model.overhead().tool);
            self.tool(&tool.kind);
        }
    }

    fn tool(&mut self, kind: &ToolKind<'_>) {
        match kind {
            ToolKind::Function {
                name,
                description,
                schema,
                ..
            } => {
                self.text(name);
                self.text(description.as_deref().unwrap_or_default());
                if let Some(schema) = schema {
                    let rendered = schema::render(self.model.typed(), schema.as_str());
                    self.text(&rendered);
                }
            }
            ToolKind::Freeform {
                name,
                description,
                format,
            } => {
                self.text(name);
                self.text(description.as_deref().unwrap_or_default());
                self.text(format.as_ref().map_or("", |format| format.as_str()));
            }
            ToolKind::Server { json, .. } => self.foreign(json.as_str()),
        }
    }

    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            let tokens = encoder::count(self.model.encoding, text);
            self.texts = self.texts.saturating_add(tokens);
        }
    }

    fn hidden(&mut self, characters: usize) {
        self.flat(u64::try_from(characters / HIDDEN).unwrap_or(u64::MAX));
    }

    fn flat(&mut self, tokens: u64) {
        self.flat = self.flat.saturating_add(tokens);
    }
}

/// The last turn in which somebody asks for something, rather than tools giving what they were
/// called for.
fn last_asked(turns: &[Turn<'_>]) -> usize {
    let asks = |turn: &Turn<'_>| {
        let given = |part: &Part<'_>| matches!(part.body, Body::Result { .. });
        turn.role == Role::User && !turn.parts.iter().any(given)
    };
    turns.iter().rposition(asks).unwrap_or(0)
}

#[cfg(test)]
mod tests;
