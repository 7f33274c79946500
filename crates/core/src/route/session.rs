//! Which conversation a request belongs to, told by what its client says of it.

use http::{HeaderMap, HeaderName};
use xxhash_rust::xxh3::Xxh3;

/// A conversation: a hash over what told of it. It is for finding it again, not for secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionKey(pub u64);

/// What told of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A client's session header.
    Header,
    /// `x-codex-turn-state`, which Codex brings back from an earlier answer.
    TurnState,
    /// What the body itself calls it.
    Body,
    /// The beginning of the prompt.
    Prefix,
}

impl Source {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::TurnState => "turn_state",
            Self::Body => "body",
            Self::Prefix => "prefix",
        }
    }
}

/// What a body says of its conversation.
#[derive(Clone, Copy, Debug, Default)]
pub struct BodyHints<'a> {
    /// What the body itself calls it: OpenAI's `prompt_cache_key`, or the session in Anthropic's
    /// `metadata.user_id`.
    pub session: Option<&'a str>,
    /// A hash over what stays the same from turn to turn, for a prompt that is large enough to be
    /// cached.
    pub prefix_hash: Option<u64>,
}

/// Headers in which clients name their session: Claude Code, Codex in two spellings, opencode.
const HEADERS: [HeaderName; 6] = [
    HeaderName::from_static("x-claude-code-session-id"),
    HeaderName::from_static("session_id"),
    HeaderName::from_static("session-id"),
    HeaderName::from_static("x-session-affinity"),
    HeaderName::from_static("x-session-id"),
    THREAD_ID,
];
const THREAD_ID: HeaderName = HeaderName::from_static("thread-id");
const TURN_STATE: HeaderName = HeaderName::from_static("x-codex-turn-state");

/// Headers that name an agent within a session: Claude Code's subagents, Codex's threads. Its
/// prompt is another than the main agent's, so it has a home of its own.
const AGENTS: [HeaderName; 2] = [HeaderName::from_static("x-claude-code-agent-id"), THREAD_ID];

impl SessionKey {
    /// The conversation that headers and body tell of, and which of them did.
    #[must_use]
    pub fn derive(headers: &HeaderMap, body: &BodyHints<'_>) -> Option<(Self, Source)> {
        let agent = first(headers, &AGENTS).unwrap_or_default();
        if let Some(session) = first(headers, &HEADERS) {
            return Some((Self::of(&[session, agent]), Source::Header));
        }
        if let Some(state) = first(headers, &[TURN_STATE]) {
            return Some((Self::of(&[state]), Source::TurnState));
        }
        if let Some(session) = body.session.filter(|session| !session.is_empty()) {
            return Some((Self::of(&[session.as_bytes(), agent]), Source::Body));
        }
        body.prefix_hash.map(|hash| (Self(hash), Source::Prefix))
    }

    fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Xxh3::new();
        for part in parts {
            hash.update(part);
            hash.update(&[0]);
        }
        Self(hash.digest())
    }
}

fn first<'a>(headers: &'a HeaderMap, names: &[HeaderName]) -> Option<&'a [u8]> {
    names
        .iter()
        .filter_map(|name| headers.get(name))
        .map(http::HeaderValue::as_bytes)
        .find(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, http::HeaderValue::from_static(value))
        });
        pairs.collect()
    }

    #[test]
    fn the_clients_word_comes_before_what_its_body_says() {
        let body = BodyHints {
            session: Some("u"),
            prefix_hash: Some(1),
        };
        let source = |headers: &HeaderMap, body: &BodyHints<'_>| {
            SessionKey::derive(headers, body).map(|(_, source)| source)
        };
        let claude = headers(&[("x-claude-code-session-id", "s")]);
        assert_eq!(source(&claude, &body), Some(Source::Header));
        let codex = headers(&[("x-codex-turn-state", "t")]);
        assert_eq!(source(&codex, &body), Some(Source::TurnState));
        let none = HeaderMap::new();
        assert_eq!(source(&none, &body), Some(Source::Body));
        let body = BodyHints {
            session: Some(""),
            ..body
        };
        assert_eq!(source(&none, &body), Some(Source::Prefix));
        assert_eq!(source(&none, &BodyHints::default()), None);
    }

    #[test]
    fn an_agent_has_a_home_of_its_own() {
        let key = |pairs| {
            SessionKey::derive(&headers(pairs), &BodyHints::default())
                .unwrap()
                .0
        };
        let main = key(&[("x-claude-code-session-id", "s")]);
        let agent = key(&[
            ("x-claude-code-session-id", "s"),
            ("x-claude-code-agent-id", "a"),
        ]);
        assert_ne!(main, agent);
        assert_eq!(
            main,
            key(&[("x-claude-code-session-id", "s"), ("x-other", "a")])
        );
        assert_ne!(
            key(&[("session-id", "s"), ("thread-id", "s")]),
            key(&[("session-id", "s"), ("thread-id", "t")])
        );
    }
}
