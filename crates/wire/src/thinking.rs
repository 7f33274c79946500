//! Opaque reasoning that clients bring back: Anthropic's thinking blocks with their signatures,
//! Gemini's thought signatures, OpenAI's encrypted reasoning.
//!
//! On the way in a provider must only see what it can verify; on the way out it is noted who
//! issued what. Requests in which all is well are not touched.

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;
use sha2::{Digest, Sha256};

use crate::dialect::Dialect;
use crate::edit::Edits;

mod anthropic;
mod others;
mod tap;

pub use tap::{Learnt, SignatureTap};

/// Shortest signature of Anthropic's that can be one, in characters.
pub const MIN_SIGNATURE: usize = 50;
/// What Google's API takes in place of a signature that it cannot verify; its own CLI sends it.
pub const GEMINI_STAND_IN: &str = "skip_thought_signature_validator";

/// What is known of an opaque value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody here has seen it issued.
    Unknown,
    /// The target can verify it.
    Good,
    /// It was issued by somebody whom the target does not know.
    Foreign,
}

/// Knows who issued what.
pub trait Resolver {
    /// The signature that a model of `group` gave the thinking whose [`text_hash`] this is.
    fn find(&mut self, group: &str, text_hash: &str) -> Option<String>;

    /// What the target makes of an opaque value.
    fn standing(&mut self, group: &str, value: &str) -> Standing;
}

/// How requests are mended.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Stands in for a message of which nothing else is left; must not be empty.
    pub placeholder: &'a str,
}

/// What has to change in a request, and what was found in it.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The changes; none when all is well.
    pub edits: Edits,
    /// Whether a signed thought is left in it.
    pub signed: bool,
    /// Thoughts that go.
    pub dropped: u32,
    /// Thoughts that got their signature back, or lost a prefix of it.
    pub restored: u32,
    /// Messages whose blocks change places.
    pub reordered: u32,
    /// Tool calls that lose a signature.
    pub stripped: u32,
    /// Messages that go, or become the placeholder.
    pub emptied: u32,
}

impl Plan {
    /// Changes in all.
    #[must_use]
    pub fn changes(&self) -> u32 {
        self.dropped + self.restored + self.reordered + self.stripped + self.emptied
    }
}

/// The first 16 hex digits of SHA-256 over a thought's text, as signatures are remembered by.
#[must_use]
pub fn text_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut hex = String::with_capacity(16);
    for byte in digest.iter().take(8) {
        for nibble in [byte >> 4, byte & 15] {
            hex.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    hex
}

// A search is prepared once: that takes longer than to look through a small body.
static THINKING: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"thinking\""));
static REASONING: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"reasoning\""));
static ENCRYPTED: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"encrypted_content\""));
/// Both spellings, `thoughtSignature` and `thought_signature`, end so.
static SIGNATURE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"ignature\""));

/// Whether a body may hold opaque reasoning; false is certain. It only searches the bytes.
#[must_use]
pub fn may_hold_reasoning(dialect: Dialect, pieces: &[Bytes]) -> bool {
    // `"thinking":` and `"reasoning":` are settings that most requests have; a block says
    // `"type": "thinking"`.
    match dialect {
        Dialect::AnthropicMessages => holds(&THINKING, true, pieces),
        Dialect::OpenaiChat => false,
        Dialect::OpenaiResponses => {
            holds(&ENCRYPTED, false, pieces) || holds(&REASONING, true, pieces)
        }
        Dialect::Gemini => holds(&SIGNATURE, false, pieces),
    }
}

/// Whether what is sought is anywhere, or anywhere but as a key.
fn holds(finder: &Finder<'_>, value_only: bool, pieces: &[Bytes]) -> bool {
    let needle = finder.needle();
    let found = |bytes: &[u8]| {
        finder
            .find_iter(bytes)
            .any(|at| !value_only || !is_key(bytes.get(at + needle.len()..).unwrap_or_default()))
    };
    let across = |pair: &[Bytes]| {
        let [one, other] = pair else { return false };
        let tail = one.len().saturating_sub(needle.len() + 8);
        let tail = one.get(tail..).unwrap_or_default();
        let head = other.get(..other.len().min(needle.len() + 8));
        found(&[tail, head.unwrap_or_default()].concat())
    };
    pieces.iter().any(|piece| found(piece)) || pieces.windows(2).any(across)
}

/// Whether a string is a member's key, by what follows it; at the end of what is there it may be
/// none.
fn is_key(rest: &[u8]) -> bool {
    rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// What must change in `body` for a target whose model is of `group`. A body that cannot be read
/// stays as it is.
#[must_use]
pub fn plan_edits(
    body: &Bytes,
    dialect: Dialect,
    resolver: &mut dyn Resolver,
    group: &str,
    options: &Options<'_>,
) -> Plan {
    match dialect {
        Dialect::AnthropicMessages => anthropic::plan(body, resolver, group, options),
        Dialect::OpenaiResponses => others::responses(body, resolver, group),
        Dialect::Gemini => others::gemini(body, resolver, group),
        Dialect::OpenaiChat => Plan::default(),
    }
}

/// Whether a signature can be one of `group`'s, by its looks.
fn is_plausible(signature: &str, group: &str) -> bool {
    if signature == GEMINI_STAND_IN {
        return group == "gemini";
    }
    signature.len() >= MIN_SIGNATURE
}

#[cfg(test)]
mod tests;
