//! Notes which opaque values a response issues. It reads a copy of what the client got; where that
//! is cut makes no difference.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde_json::Value;

use super::text_hash;
use crate::dialect::Dialect;
use crate::sse::Splitter;

/// Thinking of one answer that is kept until it is signed, in bytes.
const MAX_TEXT: usize = 8 * 1024 * 1024;
/// Thoughts that are open at once in one answer.
const MAX_OPEN: usize = 64;
/// Largest plain body that is read, in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;

static THINKING: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"thinking"));
static SIGNATURE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"signature"));
static THOUGHT_SIGNATURE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"thoughtSignature"));
static ENCRYPTED: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"encrypted_content"));

/// An opaque value that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learnt {
    /// The [`text_hash`] of the thought that it signs; none if the thought was not shown.
    pub text_hash: Option<String>,
    /// The value.
    pub value: String,
}

/// Reads one response.
#[derive(Debug)]
pub struct SignatureTap {
    dialect: Dialect,
    form: Option<Form>,
    splitter: Splitter,
    body: Vec<u8>,
    /// Thoughts that are not signed yet, by the index of their block.
    open: Vec<(u64, String)>,
    held: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Events,
    Plain,
    /// Too large to be read.
    Ignored,
}

impl SignatureTap {
    /// At the start of a response; whether it is a stream is told by its first byte.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        let form = (dialect == Dialect::OpenaiChat).then_some(Form::Ignored);
        Self {
            dialect,
            form,
            splitter: Splitter::with_max_event(MAX_BODY),
            body: Vec::new(),
            open: Vec::new(),
            held: 0,
        }
    }

    /// Takes the next bytes, content encoding already undone.
    pub fn push(&mut self, piece: &[u8], each: &mut dyn FnMut(Learnt)) {
        if self.form.is_none() {
            let Some(first) = piece.iter().find(|byte| !byte.is_ascii_whitespace()) else {
                return;
            };
            let plain = matches!(first, b'{' | b'[');
            self.form = Some(if plain { Form::Plain } else { Form::Events });
        }
        match self.form {
            Some(Form::Events) => self.events(piece, each),
            Some(Form::Plain) if self.body.len() + piece.len() <= MAX_BODY => {
                self.body.extend_from_slice(piece);
            }
            Some(Form::Plain) => {
                self.body = Vec::new();
                self.form = Some(Form::Ignored);
            }
            Some(Form::Ignored) | None => {}
        }
    }

    /// The response has ended.
    pub fn finish(&mut self, each: &mut dyn FnMut(Learnt)) {
        let body = std::mem::take(&mut self.body);
        if self.form.replace(Form::Ignored) != Some(Form::Plain) || !may_issue(self.dialect, &body)
        {
            return;
        }
        let Ok(body) = serde_json::from_slice::<Value>(&body) else {
            return;
        };
        match self.dialect {
            Dialect::AnthropicMessages => {
                let blocks = body["content"].as_array().map(Vec::as_slice);
                for block in blocks.unwrap_or_default() {
                    whole_block(block, each);
                }
            }
            _ => opaque(self.dialect, &body, each),
        }
    }

    fn events(&mut self, piece: &[u8], each: &mut dyn FnMut(Learnt)) {
        let mut splitter = std::mem::take(&mut self.splitter);
        splitter.push(piece, |event| {
            if !may_issue(self.dialect, event.data) {
                return;
            }
            let Ok(event) = serde_json::from_slice::<Value>(event.data) else {
                return;
            };
            match self.dialect {
                Dialect::AnthropicMessages => self.anthropic(&event, each),
                _ => opaque(self.dialect, &event, each),
            }
        });
        self.splitter = splitter;
    }

    fn anthropic(&mut self, event: &Value, each: &mut dyn FnMut(Learnt)) {
        let index = event["index"].as_u64().unwrap_or(0);
        match event["type"].as_str() {
            Some("content_block_start") => {
                let block = &event["content_block"];
                whole_block(block, each);
                let thinks = block["type"] == "thinking";
                if thinks && self.open.len() < MAX_OPEN {
                    let text = block["thinking"].as_str().unwrap_or_default();
                    self.open.retain(|(open, _)| *open != index);
                    self.open.push((index, text.to_owned()));
                }
            }
            Some("content_block_delta") => self.delta(index, &event["delta"], each),
            _ => {}
        }
    }

    fn delta(&mut self, index: u64, delta: &Value, each: &mut dyn FnMut(Learnt)) {
        let at = self.open.iter().position(|(open, _)| *open == index);
        match delta["type"].as_str() {
            Some("thinking_delta") => {
                let text = delta["thinking"].as_str().unwrap_or_default();
                self.held += text.len();
                if self.held > MAX_TEXT {
                    return;
                }
                if at.is_none() && self.open.len() < MAX_OPEN {
                    self.open.push((index, text.to_owned()));
                } else if let Some(at) = at
                    && let Some((_, open)) = self.open.get_mut(at)
                {
                    open.push_str(text);
                }
            }
            Some("signature_delta") => {
                let value = delta["signature"].as_str().unwrap_or_default();
                if value.is_empty() {
                    return;
                }
                let text = at.map(|at| self.open.swap_remove(at).1);
                let whole = self.held <= MAX_TEXT;
                let text = text.filter(|text| !text.is_empty() && whole);
                each(Learnt {
                    text_hash: text.as_deref().map(text_hash),
                    value: value.to_owned(),
                });
            }
            _ => {}
        }
    }
}

/// What a whole content block of Anthropic's issues.
fn whole_block(block: &Value, each: &mut dyn FnMut(Learnt)) {
    let text = |name: &str| block[name].as_str().filter(|text| !text.is_empty());
    match block["type"].as_str() {
        Some("thinking") => {
            if let Some(value) = text("signature") {
                each(Learnt {
                    text_hash: text("thinking").map(text_hash),
                    value: value.to_owned(),
                });
            }
        }
        Some("redacted_thinking") => {
            if let Some(value) = text("data") {
                each(Learnt {
                    text_hash: None,
                    value: value.to_owned(),
                });
            }
        }
        _ => {}
    }
}

/// Every opaque value below `value`, in dialects where only the value itself comes back.
fn opaque(dialect: Dialect, value: &Value, each: &mut dyn FnMut(Learnt)) {
    let name = match dialect {
        Dialect::Gemini => "thoughtSignature",
        _ => "encrypted_content",
    };
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(text) if key == name && !text.is_empty() => each(Learnt {
                        text_hash: None,
                        value: text.clone(),
                    }),
                    other => opaque(dialect, other, each),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| opaque(dialect, item, each)),
        _ => {}
    }
}

/// Whether bytes may say something; false is certain.
fn may_issue(dialect: Dialect, bytes: &[u8]) -> bool {
    let has = |finder: &Finder<'_>| finder.find(bytes).is_some();
    match dialect {
        Dialect::AnthropicMessages => has(&THINKING) || has(&SIGNATURE),
        Dialect::Gemini => has(&THOUGHT_SIGNATURE),
        Dialect::OpenaiResponses => has(&ENCRYPTED),
        Dialect::OpenaiChat => false,
    }
}
