//! What an exchange is within its session: a turn of the main agent or of another, a side call, a
//! count, a try again; and how its conversation relates to earlier ones.

use http::HeaderMap;
use weir_wire::client::TurnMetadata;
use weir_wire::dialect::Operation;
use weir_wire::facts::request::{Purpose, RequestFacts};

mod forest;
mod relate;

pub(crate) use forest::{Forest, Node};
pub use relate::{Related, Relation};
pub(crate) use relate::{Told, lane, relate};

/// How the conversation of a request begins when earlier turns were summed up.
const CONTINUATIONS: [&str; 2] = [
    "This session is being continued from a previous conversation",
    "Another language model started to solve this problem",
];

/// What an exchange is within its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TurnKind {
    /// A turn of the main agent.
    Main,
    /// A turn of another agent.
    Subagent,
    /// A title, a search, or whatever else the client asks beside the conversation.
    Side,
    /// A count of tokens.
    Count,
    /// The same again after a failure.
    Retry,
    /// A question for the quota.
    Probe,
}

impl TurnKind {
    /// The name used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Subagent => "subagent",
            Self::Side => "side",
            Self::Count => "count",
            Self::Retry => "retry",
            Self::Probe => "probe",
        }
    }
}

/// What the client says that a request is: the hint header of Claude Code and that of Codex.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Class {
    /// It does not say.
    #[default]
    Unknown,
    /// The conversation itself.
    Main,
    /// A subagent's.
    Subagent,
    /// A workflow's.
    Workflow,
    /// The summing up of a conversation.
    Compaction,
    /// Beside the conversation.
    Auxiliary,
}

impl Class {
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        let word = |name| headers.get(name).and_then(|value| value.to_str().ok());
        match word("x-claude-code-request-class") {
            Some("main") => return Self::Main,
            Some("subagent") => return Self::Subagent,
            Some("workflow") => return Self::Workflow,
            Some("compaction") => return Self::Compaction,
            Some("auxiliary") => return Self::Auxiliary,
            _ => {}
        }
        match word("x-openai-subagent") {
            Some("compact") => return Self::Compaction,
            Some("memory_consolidation") => return Self::Auxiliary,
            Some(_) => return Self::Subagent,
            None => {}
        }
        Self::from_metadata(&TurnMetadata::from_headers(headers))
    }

    /// What Codex says in its metadata of the turn.
    fn from_metadata(codex: &TurnMetadata<'_>) -> Self {
        match (codex.request, codex.source) {
            (Some("compaction"), _) => Self::Compaction,
            (Some("prewarm" | "memory"), _) | (_, Some("memory_consolidation")) => Self::Auxiliary,
            (_, Some("subagent")) => Self::Subagent,
            _ if codex.subagent.is_some() => Self::Subagent,
            (Some("turn"), Some("user")) => Self::Main,
            _ => Self::Unknown,
        }
    }

    /// The word for it, as the API has it; none where the client does not say.
    pub(crate) fn word(self) -> Option<&'static str> {
        match self {
            Self::Unknown => None,
            Self::Main => Some("main"),
            Self::Subagent => Some("subagent"),
            Self::Workflow => Some("workflow"),
            Self::Compaction => Some("compaction"),
            Self::Auxiliary => Some("auxiliary"),
        }
    }

    const ALL: [Self; 6] = [
        Self::Unknown,
        Self::Main,
        Self::Subagent,
        Self::Workflow,
        Self::Compaction,
        Self::Auxiliary,
    ];
}

/// What tells the kind of a turn; a number in the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Signs {
    /// What the client says.
    pub class: Class,
    /// What the body says.
    pub purpose: Purpose,
    /// Whether its conversation begins with the summary of an earlier one.
    pub is_continued: bool,
}

const PURPOSES: [Purpose; 6] = [
    Purpose::Unknown,
    Purpose::Subagent,
    Purpose::Title,
    Purpose::Search,
    Purpose::Probe,
    Purpose::Aside,
];

impl Signs {
    pub(crate) fn of(headers: &HeaderMap, body: Option<&RequestFacts>) -> Self {
        let words = body.and_then(|facts| facts.opening_words.as_deref());
        let starts = |words: &str| CONTINUATIONS.iter().any(|start| words.starts_with(start));
        Self {
            class: Class::from_headers(headers),
            purpose: body.map_or(Purpose::Unknown, |facts| facts.purpose),
            is_continued: words.is_some_and(starts)
                || headers.contains_key("x-claude-code-context-compacted"),
        }
    }

    pub(crate) fn number(self) -> i64 {
        let place = |at: Option<usize>| i64::try_from(at.unwrap_or(0)).unwrap_or(0);
        let class = place(Class::ALL.iter().position(|class| *class == self.class));
        let purpose = place(PURPOSES.iter().position(|purpose| *purpose == self.purpose));
        class | purpose << 4 | i64::from(self.is_continued) << 8
    }

    pub(crate) fn from_number(number: i64) -> Self {
        let at = |shift: u32| usize::try_from(number >> shift & 15).unwrap_or(0);
        Self {
            class: Class::ALL.get(at(0)).copied().unwrap_or_default(),
            purpose: PURPOSES.get(at(4)).copied().unwrap_or_default(),
            is_continued: number >> 8 & 1 == 1,
        }
    }

    /// The kind of a turn, before it is known to be a try again. `agent` is the agent that the
    /// client names.
    #[must_use]
    pub fn kind(self, operation: Operation, agent: Option<&str>) -> TurnKind {
        if operation == Operation::CountTokens {
            return TurnKind::Count;
        }
        match (self.purpose, self.class) {
            (Purpose::Probe, _) => TurnKind::Probe,
            (Purpose::Title | Purpose::Search | Purpose::Aside, _) | (_, Class::Auxiliary) => {
                TurnKind::Side
            }
            (_, Class::Subagent | Class::Workflow) | (Purpose::Subagent, _) => TurnKind::Subagent,
            _ if agent.is_some_and(|agent| !agent.is_empty()) => TurnKind::Subagent,
            _ => TurnKind::Main,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn signs_survive_being_stored() {
        for class in Class::ALL {
            for purpose in PURPOSES {
                for is_continued in [false, true] {
                    let signs = Signs {
                        class,
                        purpose,
                        is_continued,
                    };
                    assert_eq!(Signs::from_number(signs.number()), signs);
                }
            }
        }
        assert_eq!(Signs::from_number(0), Signs::default());
        assert_eq!(Signs::from_number(-1).class, Class::Unknown);
    }

    #[test]
    fn kinds_follow_from_headers_body_and_operation() {
        let kind = |header: Option<(&'static str, &'static str)>, purpose, agent| {
            let mut headers = HeaderMap::new();
            if let Some((name, value)) = header {
                headers.insert(name, HeaderValue::from_static(value));
            }
            let signs = Signs {
                purpose,
                ..Signs::of(&headers, None)
            };
            signs.kind(Operation::GenerateStream, agent).as_str()
        };
        let class = |value| Some(("x-claude-code-request-class", value));
        assert_eq!(kind(None, Purpose::Unknown, None), "main");
        assert_eq!(kind(None, Purpose::Unknown, Some("a-1")), "subagent");
        assert_eq!(kind(None, Purpose::Subagent, None), "subagent");
        assert_eq!(kind(None, Purpose::Title, None), "side");
        assert_eq!(kind(None, Purpose::Search, None), "side");
        assert_eq!(kind(None, Purpose::Probe, None), "probe");
        assert_eq!(kind(class("main"), Purpose::Unknown, None), "main");
        assert_eq!(kind(class("compaction"), Purpose::Unknown, None), "main");
        assert_eq!(kind(class("auxiliary"), Purpose::Unknown, None), "side");
        assert_eq!(kind(class("workflow"), Purpose::Unknown, None), "subagent");
        let told = |json| Some(("x-codex-turn-metadata", json));
        for (json, expected) in [
            (r#"{"request_kind":"turn","thread_source":"user"}"#, "main"),
            (
                r#"{"request_kind":"turn","thread_source":"subagent"}"#,
                "subagent",
            ),
            (
                r#"{"request_kind":"turn","subagent_kind":"thread_spawn"}"#,
                "subagent",
            ),
            (r#"{"request_kind":"compaction"}"#, "main"),
            (r#"{"request_kind":"prewarm"}"#, "side"),
            (r#"{"turn_id":"t"}"#, "main"),
        ] {
            assert_eq!(kind(told(json), Purpose::Unknown, None), expected, "{json}");
        }
        assert_eq!(kind(None, Purpose::Aside, None), "side");
        let codex = Some(("x-openai-subagent", "review"));
        assert_eq!(kind(codex, Purpose::Unknown, None), "subagent");
        assert_eq!(
            Signs::default().kind(Operation::CountTokens, None),
            TurnKind::Count
        );
    }
}
