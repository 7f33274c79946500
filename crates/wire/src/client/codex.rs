//! What Codex says of a turn in `x-codex-turn-metadata`: JSON with the ids of session, thread and
//! turn, what kind of request it is and whose, and what it knows of the workspace, which is left
//! unread.

use http::{HeaderMap, HeaderName};

use super::is_id;
use crate::scan::{Cursor, Text};

/// Longest header that is read, in bytes.
const LONGEST: usize = 64 << 10;

/// What the header says; an id that is empty, over 256 bytes or not visible ASCII is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnMetadata<'a> {
    /// The session.
    pub session: Option<&'a str>,
    /// The thread within it.
    pub thread: Option<&'a str>,
    /// The thread that started this one.
    pub parent_thread: Option<&'a str>,
    /// The turn: all requests that one prompt of the user's brings about.
    pub turn: Option<&'a str>,
    /// What is asked for: `turn`, `compaction`, `prewarm`, ...
    pub request: Option<&'a str>,
    /// Who asks: `user`, `subagent`, ...
    pub source: Option<&'a str>,
    /// Which kind of subagent: `review`, `thread_spawn`, ...
    pub subagent: Option<&'a str>,
}

impl<'a> TurnMetadata<'a> {
    /// The header's name.
    pub const HEADER: HeaderName = HeaderName::from_static("x-codex-turn-metadata");

    /// Reads the header; nothing where there is none, or it is not JSON.
    #[must_use]
    pub fn from_headers(headers: &'a HeaderMap) -> Self {
        headers
            .get(Self::HEADER)
            .map(|value| Self::read(value.as_bytes()))
            .unwrap_or_default()
    }

    /// Reads the header's value; nothing where it is not JSON.
    #[must_use]
    pub fn read(json: &'a [u8]) -> Self {
        let mut found = Self::default();
        if json.len() > LONGEST {
            return found;
        }
        let mut cursor = Cursor::new(json);
        cursor.object(|key, cursor| match key.raw() {
            b"session_id" => found.session = id(cursor),
            b"thread_id" => found.thread = id(cursor),
            b"parent_thread_id" => found.parent_thread = id(cursor),
            b"turn_id" => found.turn = id(cursor),
            b"request_kind" => found.request = id(cursor),
            b"thread_source" => found.source = id(cursor),
            b"subagent_kind" => found.subagent = id(cursor),
            _ => {}
        });
        if cursor.malformed() {
            return Self::default();
        }
        found
    }
}

/// A string without escapes.
fn id<'a>(cursor: &mut Cursor<'a>) -> Option<&'a str> {
    let raw = cursor.string().map(Text::raw)?;
    let text = std::str::from_utf8(raw).ok()?;
    (!text.contains('\\') && is_id(text)).then_some(text)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(text: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(TurnMetadata::HEADER, HeaderValue::from_str(text).unwrap());
        headers
    }

    #[test]
    fn ids_and_kinds_are_read_and_the_workspace_is_not() {
        let headers = headers(
            r#"{"installation_id":"i","session_id":"s","thread_id":"t","turn_id":"n",
            "window_id":"s:0","request_kind":"turn","thread_source":"subagent",
            "parent_thread_id":"s","subagent_kind":"thread_spawn","sandbox":"none",
            "workspaces":{"/w":{"associated_remote_urls":{"origin":"https://h/x"}}},
            "turn_started_at_unix_ms":1}"#
                .replace('\n', "")
                .as_str(),
        );
        assert_eq!(
            TurnMetadata::from_headers(&headers),
            TurnMetadata {
                session: Some("s"),
                thread: Some("t"),
                parent_thread: Some("s"),
                turn: Some("n"),
                request: Some("turn"),
                source: Some("subagent"),
                subagent: Some("thread_spawn"),
            }
        );
    }

    #[test]
    fn odd_metadata_says_nothing() {
        let long = format!(r#"{{"turn_id":"{}"}}"#, "x".repeat(257));
        for odd in [
            "",
            "{",
            "[]",
            "null",
            r#"{"turn_id":7}"#,
            r#"{"turn_id":"a b"}"#,
            r#"{"turn_id":"a\u0062"}"#,
            r#"{"turn_id":""}"#,
            r#"{"turn_id":"a""#,
            &long,
        ] {
            assert_eq!(
                TurnMetadata::from_headers(&headers(odd)),
                TurnMetadata::default(),
                "{odd}"
            );
        }
        assert_eq!(
            TurnMetadata::from_headers(&HeaderMap::new()),
            TurnMetadata::default()
        );
    }
}
