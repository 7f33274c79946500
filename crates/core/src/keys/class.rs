//! Who waits for a request: a person, a subagent, or nobody. Told from what clients say of
//! themselves; a client can claim anything here, so it decides order and nothing else.

use http::{HeaderMap, HeaderName};

const REQUEST_CLASS: HeaderName = HeaderName::from_static("x-claude-code-request-class");
const AGENT_ID: HeaderName = HeaderName::from_static("x-claude-code-agent-id");
const CODEX_SUBAGENT: HeaderName = HeaderName::from_static("x-openai-subagent");

/// How urgent a request is when there is not enough for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Class {
    /// A person waits for it.
    #[default]
    Foreground,
    /// An agent waits for it.
    Subagent,
    /// Nobody waits for it now.
    Batch,
}

impl Class {
    /// Its word in the API and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Foreground => "foreground",
            Self::Subagent => "subagent",
            Self::Batch => "batch",
        }
    }

    /// The class of a request. A batch is told from its path. Then Claude Code's
    /// `x-claude-code-request-class` counts: `main` and `compaction` stop the conversation until
    /// they are answered; `subagent`, `auxiliary` (titles, searches, token counts) and `workflow`
    /// do not. Without it an agent's id, or Codex' `x-openai-subagent`, means a subagent.
    #[must_use]
    pub fn of(headers: &HeaderMap, path: &str) -> Self {
        if is_batch(path) {
            return Self::Batch;
        }
        let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
        match text(REQUEST_CLASS) {
            Some("main" | "compaction") => return Self::Foreground,
            Some("subagent" | "auxiliary" | "workflow") => return Self::Subagent,
            Some(_) | None => {}
        }
        let codex = text(CODEX_SUBAGENT).is_some_and(|kind| kind != "compact");
        if codex || text(AGENT_ID).is_some_and(|id| !id.is_empty()) {
            Self::Subagent
        } else {
            Self::Foreground
        }
    }
}

/// `/v1/messages/batches`, `/v1/batches` and what is below them, and Gemini's
/// `:batchGenerateContent`.
fn is_batch(path: &str) -> bool {
    path.ends_with(":batchGenerateContent") || path.split('/').any(|part| part == "batches")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn class(pairs: &[(&'static str, &'static str)], path: &str) -> Class {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        Class::of(&headers, path)
    }

    #[test]
    fn claude_codes_own_word_decides() {
        for (word, expected) in [
            ("main", Class::Foreground),
            ("compaction", Class::Foreground),
            ("subagent", Class::Subagent),
            ("auxiliary", Class::Subagent),
            ("workflow", Class::Subagent),
            ("something new", Class::Foreground),
        ] {
            let headers = [("x-claude-code-request-class", word)];
            assert_eq!(class(&headers, "/v1/messages"), expected, "{word}");
        }
    }

    #[test]
    fn an_agents_id_is_a_subagent_unless_the_class_says_otherwise() {
        let agent = ("x-claude-code-agent-id", "a-1");
        assert_eq!(class(&[agent], "/v1/messages"), Class::Subagent);
        let compaction = ("x-claude-code-request-class", "compaction");
        assert_eq!(
            class(&[agent, compaction], "/v1/messages"),
            Class::Foreground
        );
    }

    #[test]
    fn codex_subagents_are_subagents_but_its_compaction_is_not() {
        let of = |kind| class(&[("x-openai-subagent", kind)], "/v1/responses");
        assert_eq!(of("review"), Class::Subagent);
        assert_eq!(of("compact"), Class::Foreground);
    }

    #[test]
    fn batches_are_told_from_their_path() {
        let main = [("x-claude-code-request-class", "main")];
        for path in [
            "/v1/messages/batches",
            "/v1/batches/b-1",
            "/v1beta/models/m:batchGenerateContent",
        ] {
            assert_eq!(class(&main, path), Class::Batch, "{path}");
        }
        assert_eq!(class(&[], "/v1/chat/completions"), Class::Foreground);
    }
}
