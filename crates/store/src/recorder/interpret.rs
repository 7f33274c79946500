//! From records to rows: what each half of an exchange says of itself. Reads bodies; writes
//! nothing.

use std::sync::Arc;

use http::header::USER_AGENT;
use http::{HeaderMap, HeaderName};
use weir_core::exchange::{Arrival, End, RequestRecord, ResponseRecord, Route};
use weir_wire::client::{ClientKind, SessionIds, TurnMetadata};
use weir_wire::dialect::Operation;

use crate::facts::{self, Kept, ResponseFacts};
use crate::model::RouteLog;
use crate::privacy::Privacy;
use crate::sessions;
use crate::summary::{State, Summary, Tokens};
use crate::turns::{Class, Signs};

/// Longest text taken from a header or a body into a row, in bytes.
const LONGEST: usize = 512;
const ANTHROPIC_BETA: HeaderName = HeaderName::from_static("anthropic-beta");
const ANTHROPIC_ORGANIZATION: HeaderName = HeaderName::from_static("anthropic-organization-id");
const REQUEST_CLASS: HeaderName = HeaderName::from_static("x-claude-code-request-class");
const AGENT_TYPE: HeaderName = HeaderName::from_static("x-claude-code-agent-type");
const CODEX_SUBAGENT: HeaderName = HeaderName::from_static("x-openai-subagent");
const OPENAI_ORGANIZATION: HeaderName = HeaderName::from_static("openai-organization");

/// The key that brings bodies of the same agent together; 0 without a session.
pub(crate) fn session_key(headers: &HeaderMap) -> u64 {
    let ids = SessionIds::from_headers(headers);
    let Some(session) = ids.session else { return 0 };
    let agent = ids.agent.or(ids.thread).unwrap_or_default();
    crate::bodies::ring::session_key(&[session.as_bytes(), agent.as_bytes()])
}

/// The agent within the session; none for the main one, whose thread Codex names like the session.
fn agent<'a>(ids: SessionIds<'a>) -> Option<&'a str> {
    let thread = ids.thread.filter(|thread| Some(*thread) != ids.session);
    ids.agent.or(thread)
}

/// Which kind of subagent Codex says it is.
fn codex_agent(headers: &HeaderMap) -> Option<Box<str>> {
    let told = TurnMetadata::from_headers(headers).subagent.map(short);
    told.or_else(|| text(headers, &CODEX_SUBAGENT))
}

/// What the credentials of a request turn into.
#[derive(Debug, Default)]
pub(crate) struct Blotted {
    /// The query without them.
    pub query: Option<Box<str>>,
    /// What tells them from others.
    pub key_digest: Option<Box<str>>,
}

impl Blotted {
    /// Of a request as it came.
    pub(crate) fn of(record: &RequestRecord, privacy: &mut Privacy) -> Self {
        let query = record.query.as_deref();
        Self {
            query: query.map(|query| short(&privacy.query(query))),
            key_digest: privacy.key_digest(&record.headers, query),
        }
    }
}

/// What is known of an exchange when it is forwarded. `facts` is none when no body was sent along.
pub(crate) fn begin(record: &RequestRecord, facts: Option<&Kept>, blotted: Blotted) -> Summary {
    let headers = &record.headers;
    let ids = SessionIds::from_headers(headers);
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
        query: blotted.query,
        dialect: record.dialect,
        operation: record.operation,
        provider: record.provider.clone(),
        model: record.path_model.clone().or(model),
        routed_model: None,
        session: ids.session.map(short).or(from_body),
        agent: agent(ids).map(short),
        parent_agent: ids.parent_agent.map(short),
        conversation_hash: body.and_then(|f| f.conversation_hash.as_deref().map(short)),
        message_count: body.and_then(|f| f.message_count),
        client_kind: Some(ClientKind::from_headers(headers).as_str().into()),
        key_digest: blotted.key_digest,
        user_agent: text(headers, &USER_AGENT),
        anthropic_beta: text(headers, &ANTHROPIC_BETA),
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
        longest_gap_us: None,
        class: class(record),
        agent_type: text(headers, &AGENT_TYPE).or_else(|| codex_agent(headers)),
        subagent: None,
        project: record
            .tenant
            .map(|tenant| tenant.project.to_string().into()),
        token: record.tenant.map(|tenant| tenant.token.to_string().into()),
        node: None,
        route: None,
        tokens: Tokens::default(),
        signs: Signs::of(headers, body),
        opening_words: body.and_then(|f| f.opening_words.clone()),
        made_title: None,
    }
}

/// What it is for, in the client's words or weir's.
fn class(record: &RequestRecord) -> Option<Box<str>> {
    let headers = &record.headers;
    let named = text(headers, &REQUEST_CLASS)
        .or_else(|| Class::from_headers(headers).word().map(Into::into));
    record.origin.class_or(named.as_deref()).map(Into::into)
}

/// Adds what is known when it has ended; gives what the response said.
pub(crate) fn end(summary: &mut Summary, record: &ResponseRecord) -> ResponseFacts {
    let expected = facts::Expected {
        dialect: summary.dialect,
        operation: summary.operation,
    };
    let mut said = facts::response(expected, &record.headers, &record.body);
    summary.status = record.status.map(|s| s.as_u16());
    summary.organization_id = text(&record.headers, &ANTHROPIC_ORGANIZATION)
        .or_else(|| text(&record.headers, &OPENAI_ORGANIZATION));
    summary.headers_us = record.headers_at_us;
    summary.duration_us = Some(record.duration_us);
    let arrived = record.arrivals.iter().map(|a| u64::from(a.size)).sum();
    summary.response_bytes = Some(arrived)
        .filter(|&n| n > 0)
        .or(Some(record.body.len as u64));
    summary.attempts = Some(record.attempts);
    summary.longest_gap_us = longest_gap(&record.arrivals);
    routed(summary, &record.route);
    summary.content_us = said.content_end.and_then(|end| arrived_by(record, end));
    summary.stop_reason = said.stop_reason.take();
    if record.route.cached {
        // It was counted when it was made.
        said.tokens = Tokens::default();
        said.usage = None;
    }
    summary.tokens = said.tokens;
    if !said.tokens.counted() {
        let counted = record.route.usage.as_ref();
        summary.tokens = counted.map(Tokens::from).unwrap_or_default();
    }
    (summary.state, summary.stream_error) = ending(&record.end, &mut said);
    if sessions::asks_for_title(summary) {
        summary.made_title = facts::title(expected, &record.headers, &record.body);
    }
    said
}

/// Adds how it found its provider.
fn routed(summary: &mut Summary, route: &Route) {
    if !route.provider.is_empty() {
        summary.provider = Arc::clone(&route.provider);
    }
    summary.routed_model = route.model.as_deref().map(short);
    summary.subagent = route
        .subagent
        .as_ref()
        .map(|subagent| short(&subagent.name));
    summary.route = RouteLog::of(route).map(|log| log.to_json());
}

/// The longest time between two pieces; none where there was one at most.
fn longest_gap(arrivals: &[Arrival]) -> Option<u64> {
    let gap = |pair: &[Arrival]| match pair {
        [before, after] => after.elapsed_us.saturating_sub(before.elapsed_us),
        _ => 0,
    };
    arrivals.windows(2).map(gap).max()
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

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<Box<str>> {
    headers
        .get(name)
        .map(|value| short(&String::from_utf8_lossy(value.as_bytes())))
}

/// At most [`LONGEST`] bytes of a text, cut between characters.
fn short(text: &str) -> Box<str> {
    let end = text.floor_char_boundary(LONGEST);
    text.get(..end).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(short(&"é".repeat(400)).len(), LONGEST);
        assert_eq!(short(&format!("a{}", "é".repeat(400))).len(), LONGEST - 1);
    }
}
