//! Telling which subagent of a coding agent a request is from, by the prompt that its file gives
//! it. Files are read by others; here is what their text means, and the match.

mod file;
mod target;

use std::borrow::Cow;
use std::path::PathBuf;

use http::{HeaderMap, HeaderName};
use sha2::{Digest as _, Sha256};
use weir_wire::client::is_attribution;

pub use file::AgentFile;
pub use target::Target;

/// The header by which any client can say which subagent it is.
pub const X_WEIR_SUBAGENT: HeaderName = HeaderName::from_static("x-weir-subagent");
const REQUEST_CLASS: HeaderName = HeaderName::from_static("x-claude-code-request-class");
const AGENT_TYPE: HeaderName = HeaderName::from_static("x-claude-code-agent-type");
/// What a prompt can say the same with.
const MARKER: (&str, &str) = ("<weir-subagent>", "</weir-subagent>");
/// How the blocks begin that tell every agent of Claude Code who it is.
const IDENTITY: &str = "You are Claude Code";
/// Hexadecimal digits of a prompt's hash.
const HASH: usize = 16;

/// A subagent that has a model of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Its name in the settings.
    pub name: Box<str>,
    /// What it gets.
    pub target: Target,
    /// The file that its prompt is from.
    pub file: Option<PathBuf>,
    /// The static part of its prompt, white space normalised; none without a file.
    pub prompt: Option<Box<str>>,
    /// Whether it can be routed at all: its target is one.
    pub usable: bool,
    /// What is wrong with it; a sentence.
    pub warning: Option<String>,
}

impl Agent {
    /// The hash of its prompt, 16 hexadecimal digits; its name, if that is one.
    #[must_use]
    pub fn hash(&self) -> Option<String> {
        let prompt = self.prompt.as_deref().map(hash);
        prompt.or_else(|| is_hash(&self.name).then(|| self.name.to_ascii_lowercase()))
    }
}

/// By what a subagent was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// A block of the system prompt begins as its file says.
    Prefix,
    /// The hash of a block is the one that the settings name.
    Hash,
    /// A header names it.
    Header,
    /// The prompt names it.
    Marker,
}

impl Rule {
    /// Its word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::Hash => "hash",
            Self::Header => "header",
            Self::Marker => "marker",
        }
    }
}

/// Every subagent that has a model of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    agents: Vec<Agent>,
    /// Whether one of them is named by its hash.
    hashes: bool,
}

impl Table {
    /// A table of these. Those with the longest prompts are looked for first, so that one whose
    /// prompt begins as another's does is told from it.
    #[must_use]
    pub fn new(mut agents: Vec<Agent>) -> Self {
        agents.sort_by_key(|agent| std::cmp::Reverse(agent.prompt.as_ref().map_or(0, |p| p.len())));
        let hashes = agents
            .iter()
            .any(|agent| agent.prompt.is_none() && is_hash(&agent.name));
        Self { agents, hashes }
    }

    /// Whether there is none, so that requests need not be looked at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty()
    }

    /// All of them.
    #[must_use]
    pub fn agents(&self) -> &[Agent] {
        &self.agents
    }

    /// Which of them a request with these headers and these texts of its system prompt is from.
    /// What the client says of itself is believed: a request that is not a subagent's by its word
    /// is none by its prompt either.
    #[must_use]
    pub fn find(&self, headers: &HeaderMap, texts: &[Cow<'_, str>]) -> Option<(&Agent, Rule)> {
        if is_subagents(headers, texts)
            && let Some(found) = self.by_prompt(texts)
        {
            return Some(found);
        }
        let said = |name: &HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
        let header = [X_WEIR_SUBAGENT, AGENT_TYPE];
        let header = header.iter().filter_map(said);
        let mut header = header.filter_map(|name| self.named(name));
        if let Some(agent) = header.next() {
            return Some((agent, Rule::Header));
        }
        let marked = texts.iter().find_map(|text| marker(text));
        marked
            .and_then(|name| self.named(name))
            .map(|agent| (agent, Rule::Marker))
    }

    fn by_prompt(&self, texts: &[Cow<'_, str>]) -> Option<(&Agent, Rule)> {
        let blocks = || {
            texts
                .iter()
                .filter(|text| !is_attribution(text) && !text.trim_start().starts_with(IDENTITY))
        };
        for agent in &self.agents {
            let Some(prompt) = agent.prompt.as_deref().filter(|_| agent.usable) else {
                continue;
            };
            if blocks().any(|block| begins(block, prompt)) {
                return Some((agent, Rule::Prefix));
            }
        }
        if !self.hashes {
            return None;
        }
        let hashes: Vec<String> = blocks().map(|block| hash(&file::fixed(block))).collect();
        let agent = self.agents.iter().find(|agent| {
            agent.usable
                && agent.prompt.is_none()
                && hashes
                    .iter()
                    .any(|hash| hash.eq_ignore_ascii_case(&agent.name))
        })?;
        Some((agent, Rule::Hash))
    }

    fn named(&self, name: &str) -> Option<&Agent> {
        let mut agents = self.agents.iter();
        agents.find(|agent| agent.usable && agent.name.eq_ignore_ascii_case(name))
    }
}

/// Whether nothing that the client says of itself speaks against a subagent.
fn is_subagents(headers: &HeaderMap, texts: &[Cow<'_, str>]) -> bool {
    let class = headers.get(REQUEST_CLASS).map(|class| class.as_bytes());
    if class.is_some_and(|class| !matches!(class, b"subagent" | b"workflow")) {
        return false;
    }
    let mut attributions = texts.iter().filter(|text| is_attribution(text));
    !attributions.any(|text| text.contains("cc_is_subagent=false"))
}

/// Whether `text`, white space aside, begins with all the words of `prompt`.
fn begins(text: &str, prompt: &str) -> bool {
    let mut words = text.split_whitespace();
    !prompt.is_empty() && prompt.split(' ').all(|word| words.next() == Some(word))
}

/// The name between the marks.
fn marker(text: &str) -> Option<&str> {
    let (_, after) = text.split_once(MARKER.0)?;
    let (name, _) = after.split_once(MARKER.1)?;
    Some(name.trim())
}

/// The first 16 hexadecimal digits of SHA-256.
fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits = digest.iter().take(HASH / 2);
    digits.map(|byte| format!("{byte:02x}")).collect()
}

fn is_hash(name: &str) -> bool {
    name.len() == HASH && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
