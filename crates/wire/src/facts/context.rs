//! What fills a request: its system prompt, every tool, every text, thinking, call and result with
//! its bytes, and digests by which two requests of a conversation are compared.
//!
//! One borrowed walk over the body for all dialects, since their members do not clash.

use std::collections::BTreeMap;

use crate::scan::Cursor;

mod block;
mod miss;
mod outline;
mod walk;

pub use miss::{Miss, Reason, Section, Turn, explain};
pub use outline::{MessageSum, Outline};

/// Parts that are kept; the smallest of more are folded into one for each kind.
const MOST_PARTS: usize = 400;

/// What a part of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PartKind {
    /// The system prompt, and messages of the system or the developer.
    System,
    /// Definitions of tools.
    Tools,
    /// What the user says.
    User,
    /// What the model said.
    Assistant,
    /// What the model thought, signatures and encrypted forms included.
    Thinking,
    /// Calls of tools.
    ToolCall,
    /// What tools gave.
    ToolResult,
    /// Files that were read, and documents.
    File,
    /// Pictures.
    Image,
    /// Everything else: parameters, names, punctuation.
    Other,
}

impl PartKind {
    /// The name used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Tools => "tools",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Thinking => "thinking",
            Self::ToolCall => "toolCall",
            Self::ToolResult => "toolResult",
            Self::File => "file",
            Self::Image => "image",
            Self::Other => "other",
        }
    }
}

/// A part of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// What to call it: a tool's name, a file's path, the beginning of a text. At most 120 bytes.
    pub label: String,
    /// Bytes that it takes in the body.
    pub bytes: usize,
    /// The message that it stands in, from 0; none outside of messages.
    pub message: Option<u32>,
    /// What it consists of, where that is known; together no larger than it.
    pub children: Vec<Part>,
}

/// A request taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Bytes of the body.
    pub bytes: usize,
    /// Its parts in order; together as large as the body.
    pub parts: Vec<Part>,
    /// Bytes of each kind; together as large as the body.
    pub by_kind: BTreeMap<PartKind, usize>,
    /// What tells it from other requests.
    pub outline: Outline,
    /// Whether the body is not one whole JSON object; what follows the fault counts as other.
    pub malformed: bool,
}

impl Context {
    /// Takes a body apart. It may be of any dialect, or none.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let mut cursor = Cursor::new(body);
        let mut walk = walk::Walk::new(body);
        let is_object = cursor.object(|key, cursor| walk.member(&key.decode(), cursor));
        let malformed = !is_object || !cursor.at_end();
        let mut this = walk.finish();
        this.malformed = malformed;
        this.bytes = body.len();
        let known: usize = this.by_kind.values().sum();
        let rest = body.len().saturating_sub(known);
        if rest > 0 {
            *this.by_kind.entry(PartKind::Other).or_default() += rest;
            this.parts.push(Part {
                kind: PartKind::Other,
                label: "everything else".to_owned(),
                bytes: rest,
                message: None,
                children: Vec::new(),
            });
        }
        fold(&mut this.parts);
        this
    }
}

/// Folds the smallest parts when there are too many.
fn fold(parts: &mut Vec<Part>) {
    if parts.len() <= MOST_PARTS {
        return;
    }
    let mut sizes: Vec<usize> = parts.iter().map(|part| part.bytes).collect();
    let (_, &mut least, _) = sizes.select_nth_unstable_by(MOST_PARTS, |a, b| b.cmp(a));
    let mut folded: BTreeMap<PartKind, (usize, usize)> = BTreeMap::new();
    parts.retain(|part| {
        let keep = part.bytes > least;
        if !keep {
            let (count, bytes) = folded.entry(part.kind).or_default();
            *count += 1;
            *bytes += part.bytes;
        }
        keep
    });
    parts.extend(folded.into_iter().map(|(kind, (count, bytes))| Part {
        kind,
        label: format!("{count} smaller parts"),
        bytes,
        message: None,
        children: Vec::new(),
    }));
}

#[cfg(test)]
mod tests;
