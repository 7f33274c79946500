//! From records to rows: what each half of an exchange says of itself. Reads bodies; writes
//! nothing.

use http::{HeaderMap, HeaderName};
use weir_core::exchange::{End, RequestRecord, ResponseRecord};
use weir_wire::dialect::Operation;

use crate::facts::{self, Kept, ResponseFacts};
use crate::privacy::Privacy;
use crate::summary::{State, Summary, Tokens};

/// Longest text taken from a header or a body into a row, in bytes.
const LONGEST: usize = 512;
/// Headers that name the client's session, most telling first.
const SESSION_HEADERS: [&str; 5] = [
    "x-claude-code-session-id",
    "session-id",
    "session_id",
    "x-session-id",
    "x-session-affinity",
];
/// How a `User-Agent` begins, and what the client is then called.
const CLIENTS: [(&str, &str); 9] = [
    ("claude-cli/", "claude-code"),
    ("codex", "codex"),
    ("GeminiCLI", "gemini-cli"),
    ("opencode/", "opencode"),
    ("Anthropic/", "anthropic-sdk"),
    ("AsyncAnthropic/", "anthropic-sdk"),
    ("OpenAI/", "openai-sdk"),
    ("AsyncOpenAI/", "openai-sdk"),
    ("google-genai-sdk/", "google-genai-sdk"),
];

/// The key that brings bodies of the same agent together; 0 without a session.
pub(crate) fn session_key(headers: &HeaderMap) -> u64 {
    let Some(session) = session_header(headers) else {
        return 0;
    };
    let agent = headers
        .get("x-claude-code-agent-id")
        .map_or(&b""[..], |v| v.as_bytes());
    crate::bodies::ring::session_key(&[session.as_bytes(), agent])
}

/// What is known of an exchange when it is forwarded. `facts` is none when no body was sent along.
pub(crate) fn begin(record: &RequestRecord, facts: Option<&Kept>, privacy: &Privacy) -> Summary {
    let headers = &record.headers;
    let header = |name: &'static str| text(headers, HeaderName::from_static(name));
    let user_agent = header("user-agent");
    let body = facts.and_then(|kept| kept.read.as_ref());
    let from_body = body.and_then(|f| f.session_from_body.as_deref().map(short));
    let model = body.and_then(|f| f.model.as_deref().map(short));
    Summary {
        id: record.id,
        client_request_id: record.client_request_id.clone(),
        started_at_us: record.started_at_us,
        state: State::Open,
        method: record.method.as_str().into(),
        path: short(&record.path),
        query: record.query.as_deref().map(|q| short(&privacy.query(q))),
        dialect: record.dialect,
        operation: record.operation,
        provider: record.provider.clone(),
        model: record.path_model.clone().or(model),
        routed_model: None,
        session: session_header(headers).map(short).or(from_body),
        agent: header("x-claude-code-agent-id"),
        parent_agent: header("x-claude-code-parent-agent-id")
            .or_else(|| header("x-codex-parent-thread-id")),
        conversation_hash: body.and_then(|f| f.conversation_hash.as_deref().map(short)),
        message_count: body.and_then(|f| f.message_count),
        client_kind: user_agent.as_deref().map(client_kind),
        key_digest: privacy.key_digest(headers, record.query.as_deref()),
        user_agent,
        anthropic_beta: header("anthropic-beta"),
        has_thinking: body.is_some_and(|f| f.has_thinking),
        is_streaming: record.operation == Operation::GenerateStream
            || body.and_then(|f| f.stream).unwrap_or(false),
        request_bytes: record.body.len as u64,
        organization_id: None,
        status: None,
        stop_reason: None,
        stream_error: None,
        headers_us: None,
        content_us: None,
        duration_us: None,
        response_bytes: None,
        attempts: None,
        tokens: Tokens::default(),
    }
}

/// Adds what is known when it has ended; gives what the response said.
pub(crate) fn end(summary: &mut Summary, record: &ResponseRecord) -> ResponseFacts {
    let expected = facts::Expected {
        dialect: summary.dialect,
        operation: summary.operation,
    };
    let mut said = facts::response(expected, &record.headers, &record.body);
    summary.status = record.status.map(|s| s.as_u16());
    summary.organization_id = text(
        &record.headers,
        HeaderName::from_static("anthropic-organization-id"),
    )
    .or_else(|| {
        text(
            &record.headers,
            HeaderName::from_static("openai-organization"),
        )
    });
    summary.headers_us = record.headers_at_us;
    summary.duration_us = Some(record.duration_us);
    let arrived = record.arrivals.iter().map(|a| u64::from(a.size)).sum();
    summary.response_bytes = Some(arrived)
        .filter(|&n| n > 0)
        .or(Some(record.body.len as u64));
    summary.attempts = Some(record.attempts);
    summary.content_us = said.content_end.and_then(|end| arrived_by(record, end));
    summary.stop_reason = said.stop_reason.take();
    summary.tokens = said.tokens;
    (summary.state, summary.stream_error) = ending(&record.end, &mut said);
    said
}

/// When the first `end` bytes of the body had come, in microseconds from the start.
fn arrived_by(record: &ResponseRecord, end: u64) -> Option<u64> {
    let mut sum = 0;
    let arrival = record.arrivals.iter().find(|arrival| {
        sum += u64::from(arrival.size);
        sum >= end
    });
    arrival.map(|arrival| arrival.elapsed_us)
}

/// How it ended, and the words for it.
fn ending(end: &End, said: &mut ResponseFacts) -> (State, Option<Box<str>>) {
    let error = said.error.take();
    match end {
        End::Complete => (State::Complete, error),
        End::ClientGone if said.ended => (State::Complete, error),
        End::ClientGone => {
            let gone = "the client closed the connection before the response ended";
            (State::ClientGone, error.or_else(|| Some(gone.into())))
        }
        End::UpstreamBroke(why) => (State::UpstreamBroke, error.or_else(|| Some(short(why)))),
        End::Gateway(why) => (State::GatewayError, Some(short(why))),
    }
}

fn session_header(headers: &HeaderMap) -> Option<&str> {
    SESSION_HEADERS
        .iter()
        .find_map(|name| headers.get(*name))
        .and_then(|value| value.to_str().ok())
        .filter(|session| !session.is_empty())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<Box<str>> {
    headers
        .get(name)
        .map(|value| short(&String::from_utf8_lossy(value.as_bytes())))
}

/// At most [`LONGEST`] bytes of a text, cut between characters.
fn short(text: &str) -> Box<str> {
    let end = text.floor_char_boundary(LONGEST);
    text.get(..end).unwrap_or_default().into()
}

/// What a client is, from the way its `User-Agent` begins.
fn client_kind(user_agent: &str) -> Box<str> {
    if let Some((_, kind)) = CLIENTS
        .iter()
        .find(|(start, _)| user_agent.starts_with(start))
    {
        return (*kind).into();
    }
    let end = user_agent
        .find(['/', ' ', '('])
        .unwrap_or(user_agent.len())
        .min(40);
    user_agent
        .get(..user_agent.floor_char_boundary(end))
        .unwrap_or_default()
        .to_ascii_lowercase()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_told_by_how_their_user_agent_begins() {
        for (agent, kind) in [
            ("claude-cli/2.1.329 (external, sdk-cli)", "claude-code"),
            ("codex_exec/0.120 (Debian 13)", "codex"),
            ("Anthropic/Python 0.80.0", "anthropic-sdk"),
            ("AsyncOpenAI/Python 2.0", "openai-sdk"),
            ("GeminiCLI-tui/1.0", "gemini-cli"),
            ("curl/8.14.1", "curl"),
            ("Mozilla 5", "mozilla"),
            ("", ""),
        ] {
            assert_eq!(&*client_kind(agent), kind, "{agent}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(short(&"é".repeat(400)).len(), LONGEST);
        assert_eq!(short(&format!("a{}", "é".repeat(400))).len(), LONGEST - 1);
    }
}
