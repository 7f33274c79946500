//! Which program sent a request and in which session, told from its headers. A client can claim
//! anything here, so none of it may decide what the client is allowed to do.

use http::{HeaderMap, HeaderName, header};

mod codex;

pub use codex::TurnMetadata;

/// The program that sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientKind {
    /// Claude Code.
    ClaudeCode,
    /// OpenAI's Codex CLI.
    Codex,
    /// Gemini CLI.
    GeminiCli,
    /// opencode.
    Opencode,
    /// An Anthropic SDK.
    AnthropicSdk,
    /// An OpenAI SDK.
    OpenaiSdk,
    /// A Google generative AI SDK.
    GoogleSdk,
    /// curl.
    Curl,
    /// Anything else.
    Other,
}

/// How Claude Code's note to Anthropic's billing begins: a system block that looks like a header.
const ATTRIBUTION: &str = "x-anthropic-billing-header";

/// Whether a system block is Claude Code's note to Anthropic's billing. Only Anthropic takes it out
/// of the prompt; it changes with every session and means nothing to others.
#[must_use]
pub fn is_attribution(text: &str) -> bool {
    text.trim_start().starts_with(ATTRIBUTION)
}

impl ClientKind {
    /// The name used in captures and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude_code",
            Self::Codex => "codex",
            Self::GeminiCli => "gemini_cli",
            Self::Opencode => "opencode",
            Self::AnthropicSdk => "anthropic_sdk",
            Self::OpenaiSdk => "openai_sdk",
            Self::GoogleSdk => "google_sdk",
            Self::Curl => "curl",
            Self::Other => "other",
        }
    }

    /// Tells the program from `user-agent`, `originator` and headers that only one sends.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let agent = text(headers, &header::USER_AGENT).unwrap_or_default();
        if let Some(kind) = by_user_agent(agent) {
            return kind;
        }
        if headers.is_empty() {
            return Self::Other;
        }
        if headers.contains_key("x-claude-code-session-id") {
            Self::ClaudeCode
        } else if text(headers, &HeaderName::from_static("originator"))
            .is_some_and(|name| starts_with(name, "codex"))
        {
            Self::Codex
        } else {
            by_library(headers, agent)
        }
    }
}

fn by_user_agent(agent: &str) -> Option<ClientKind> {
    const AGENTS: [(&str, ClientKind); 7] = [
        ("claude-cli", ClientKind::ClaudeCode),
        ("claude-code", ClientKind::ClaudeCode),
        ("codex", ClientKind::Codex),
        ("geminicli", ClientKind::GeminiCli),
        ("gemini-cli", ClientKind::GeminiCli),
        ("opencode", ClientKind::Opencode),
        ("curl/", ClientKind::Curl),
    ];
    AGENTS
        .iter()
        .find(|(start, _)| starts_with(agent, start))
        .map(|(_, kind)| *kind)
}

/// SDKs call themselves `Anthropic/Python`, `OpenAI/JS`, `google-genai-sdk/...`; programs built
/// on them often put their own name before that.
fn by_library(headers: &HeaderMap, agent: &str) -> ClientKind {
    if contains(agent, "opencode/") {
        ClientKind::Opencode
    } else if contains(agent, "anthropic") {
        ClientKind::AnthropicSdk
    } else if contains(agent, "openai") {
        ClientKind::OpenaiSdk
    } else if contains(agent, "google-genai")
        || text(headers, &HeaderName::from_static("x-goog-api-client"))
            .is_some_and(|names| contains(names, "genai"))
    {
        ClientKind::GoogleSdk
    } else if headers.contains_key("x-session-affinity") && headers.contains_key("x-session-id") {
        ClientKind::Opencode
    } else {
        ClientKind::Other
    }
}

fn starts_with(text: &str, start: &str) -> bool {
    let head = text.as_bytes().get(..start.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

fn contains(text: &str, part: &str) -> bool {
    text.as_bytes()
        .windows(part.len())
        .any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

const SESSIONS: [HeaderName; 4] = [
    HeaderName::from_static("x-claude-code-session-id"),
    HeaderName::from_static("session-id"),
    HeaderName::from_static("session_id"),
    HeaderName::from_static("x-session-id"),
];
const THREADS: [HeaderName; 2] = [
    HeaderName::from_static("thread-id"),
    HeaderName::from_static("thread_id"),
];
const AGENT: HeaderName = HeaderName::from_static("x-claude-code-agent-id");
const PARENTS: [HeaderName; 2] = [
    HeaderName::from_static("x-claude-code-parent-agent-id"),
    HeaderName::from_static("x-codex-parent-thread-id"),
];

/// Longest id that is taken from a header, in bytes.
const MAX_ID: usize = 256;

/// Where a request belongs, as its headers say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionIds<'a> {
    /// The session.
    pub session: Option<&'a str>,
    /// The thread in the session (Codex).
    pub thread: Option<&'a str>,
    /// The subagent; none for the main agent.
    pub agent: Option<&'a str>,
    /// The agent that started the subagent.
    pub parent_agent: Option<&'a str>,
}

impl<'a> SessionIds<'a> {
    /// Reads the ids; one that is empty, over 256 bytes or not visible ASCII is none.
    #[must_use]
    pub fn from_headers(headers: &'a HeaderMap) -> Self {
        if headers.is_empty() {
            return Self::default();
        }
        let first = |names: &[HeaderName]| names.iter().find_map(|name| id(headers, name));
        let codex = TurnMetadata::from_headers(headers);
        let session = first(&SESSIONS).or(codex.session);
        // The thread of the main agent has the session's name: whoever it starts has no parent.
        let parent = first(&PARENTS).or(codex.parent_thread);
        Self {
            session,
            thread: first(&THREADS).or(codex.thread),
            agent: first(&[AGENT]),
            parent_agent: parent.filter(|parent| Some(*parent) != session),
        }
    }
}

fn id<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let id = text(headers, name)?.trim();
    is_id(id).then_some(id)
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_ID && !text.contains(char::is_whitespace)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{ClientKind, SessionIds};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect()
    }

    fn kind(pairs: &[(&'static str, &str)]) -> &'static str {
        ClientKind::from_headers(&headers(pairs)).as_str()
    }

    #[test]
    fn programs_are_known_by_their_user_agents() {
        for (agent, expected) in [
            ("claude-cli/2.1.329 (external, sdk-cli)", "claude_code"),
            ("codex_cli_rs/0.169.0 (Debian 13)", "codex"),
            ("codex_exec/0.169.0", "codex"),
            (
                "GeminiCLI-tui/0.61.0/gemini-2.5-flash (linux; x64)",
                "gemini_cli",
            ),
            ("opencode/1.18.33 ai-sdk/provider-utils/3", "opencode"),
            ("ai-sdk/anthropic/2 opencode/1.18", "opencode"),
            ("Anthropic/Python 2.11.0", "anthropic_sdk"),
            ("AsyncAnthropic/Python 2.11.0", "anthropic_sdk"),
            ("OpenAI/JS 7.55.0", "openai_sdk"),
            ("google-genai-sdk/3.4.0 gl-python/3.12", "google_sdk"),
            ("curl/8.5.0", "curl"),
            ("python-requests/2", "other"),
            ("", "other"),
        ] {
            assert_eq!(kind(&[("user-agent", agent)]), expected, "{agent}");
        }
    }

    #[test]
    fn other_headers_tell_where_the_user_agent_does_not() {
        assert_eq!(kind(&[("x-claude-code-session-id", "s")]), "claude_code");
        assert_eq!(kind(&[("originator", "codex_vscode")]), "codex");
        assert_eq!(
            kind(&[("x-goog-api-client", "google-genai-sdk/3.4.0")]),
            "google_sdk"
        );
        assert_eq!(
            kind(&[("x-session-id", "s"), ("x-session-affinity", "s")]),
            "opencode"
        );
        assert_eq!(kind(&[]), "other");
    }

    #[test]
    fn ids_come_from_each_programs_own_headers() {
        let found = headers(&[
            ("x-claude-code-session-id", "s-1"),
            ("x-claude-code-agent-id", "a-1"),
            ("x-claude-code-parent-agent-id", "a-0"),
        ]);
        assert_eq!(
            SessionIds::from_headers(&found),
            SessionIds {
                session: Some("s-1"),
                thread: None,
                agent: Some("a-1"),
                parent_agent: Some("a-0")
            }
        );
        let metadata = r#"{"session_id":"s-2","thread_id":"t-2","parent_thread_id":"s-2"}"#;
        let told = headers(&[("x-codex-turn-metadata", metadata)]);
        let ids = SessionIds::from_headers(&told);
        assert_eq!((ids.session, ids.thread), (Some("s-2"), Some("t-2")));
        assert_eq!(ids.parent_agent, None);
        let deeper = headers(&[("session-id", "s-2"), ("x-codex-parent-thread-id", "t-1")]);
        assert_eq!(SessionIds::from_headers(&deeper).parent_agent, Some("t-1"));
        let codex = headers(&[("session-id", "s-2"), ("thread-id", "t-2")]);
        let ids = SessionIds::from_headers(&codex);
        assert_eq!((ids.session, ids.thread), (Some("s-2"), Some("t-2")));
        for name in ["session_id", "x-session-id"] {
            assert_eq!(
                SessionIds::from_headers(&headers(&[(name, "s-3")])).session,
                Some("s-3")
            );
        }
    }

    #[test]
    fn ids_that_cannot_be_ids_are_none() {
        for odd in ["", "  ", "a b", "x".repeat(257).as_str()] {
            let found = headers(&[("x-session-id", odd)]);
            assert_eq!(SessionIds::from_headers(&found).session, None);
        }
    }
}
