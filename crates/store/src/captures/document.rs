//! An exchange as another node is given it: all that is stored of it, as it is stored, so with no
//! credential in it. What can be read out of the bodies again is left out.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use weir_core::exchange::{Arrival, ExchangeId, Tokens};
use weir_core::prices::Terms;

use crate::error::StoreError;
use crate::summary::{
    State, Summary, dialect_from_number, dialect_number, operation_from_number, operation_number,
};
use crate::turns::Signs;
use crate::varint;

/// How documents are written. One of a later format is not read.
pub(crate) const FORMAT: i64 = 1;
/// Longest document that is unpacked, in bytes: two bodies of the largest size, and more.
const LONGEST: u64 = 1 << 30;
/// As for stored bodies.
const LEVEL: i32 = 3;

/// Header fields in order.
pub(crate) type Fields = Vec<(String, String)>;

/// Everything but the bodies.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Document {
    /// The exchange without headers.
    pub told: Told,
    /// What tells its place in its session, where it has one.
    pub signs: Option<i64>,
    /// What the client sent.
    pub headers: Fields,
    /// What came back; none if nothing is known of that.
    pub came: Option<Came>,
    /// How its prompt was graded, as JSON.
    pub grade: Option<String>,
    /// Bytes of the request's body, which is followed by the response's.
    pub request_bytes: usize,
}

/// What came back.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Came {
    pub headers: Fields,
    pub truncated: bool,
    /// Size and time of each piece.
    pub arrivals: Vec<(u32, u64)>,
    /// What the provider said of usage, as JSON, where that is kept.
    pub usage: Option<Box<str>>,
    /// What went upstream.
    pub sent: Option<WentOut>,
}

impl Came {
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        let pieces = self.arrivals.iter();
        pieces
            .map(|&(size, elapsed_us)| Arrival { size, elapsed_us })
            .collect()
    }
}

/// What went upstream.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WentOut {
    pub url: String,
    pub headers: Fields,
    /// `identical`, `edited` or `translated`.
    pub verdict: String,
    /// Where it differs: place, bytes removed, bytes inserted.
    pub edits: Vec<(usize, usize, usize)>,
    pub size: u64,
}

/// A summary in writing.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    pub started_us: i64,
    state: i64,
    client_request_id: Option<Box<str>>,
    pub method: Box<str>,
    pub path: Box<str>,
    query: Option<Box<str>>,
    dialect: i64,
    operation: i64,
    provider: Box<str>,
    model: Option<Box<str>>,
    routed_model: Option<Box<str>>,
    session: Option<Box<str>>,
    agent: Option<Box<str>>,
    parent_agent: Option<Box<str>>,
    conversation_hash: Option<Box<str>>,
    message_count: Option<u32>,
    client_kind: Option<Box<str>>,
    key_digest: Option<Box<str>>,
    user_agent: Option<Box<str>>,
    is_streaming: bool,
    request_bytes: u64,
    organization_id: Option<Box<str>>,
    status: Option<u16>,
    stop_reason: Option<Box<str>>,
    stream_error: Option<Box<str>>,
    headers_us: Option<u64>,
    content_us: Option<u64>,
    duration_us: Option<u64>,
    response_bytes: Option<u64>,
    attempts: Option<u32>,
    longest_gap_us: Option<u64>,
    class: Option<Box<str>>,
    agent_type: Option<Box<str>>,
    subagent: Option<Box<str>>,
    project: Option<Box<str>>,
    token: Option<Box<str>>,
    node: Option<Box<str>>,
    route: Option<Box<str>>,
    /// Input, output, cache read, cache written, of that for five minutes, for an hour, reasoning,
    /// searches.
    tokens: [Option<u64>; 8],
    terms: u8,
}

impl Told {
    pub(crate) fn of(s: Summary) -> Self {
        let t = s.tokens;
        Self {
            started_us: s.started_at_us,
            state: s.state as i64,
            client_request_id: s.client_request_id,
            method: s.method,
            path: s.path,
            query: s.query,
            dialect: dialect_number(s.dialect),
            operation: operation_number(s.operation),
            provider: s.provider.as_ref().into(),
            model: s.model,
            routed_model: s.routed_model,
            session: s.session,
            agent: s.agent,
            parent_agent: s.parent_agent,
            conversation_hash: s.conversation_hash,
            message_count: s.message_count,
            client_kind: s.client_kind,
            key_digest: s.key_digest,
            user_agent: s.user_agent,
            is_streaming: s.is_streaming,
            request_bytes: s.request_bytes,
            organization_id: s.organization_id,
            status: s.status,
            stop_reason: s.stop_reason,
            stream_error: s.stream_error,
            headers_us: s.headers_us,
            content_us: s.content_us,
            duration_us: s.duration_us,
            response_bytes: s.response_bytes,
            attempts: s.attempts,
            longest_gap_us: s.longest_gap_us,
            class: s.class,
            agent_type: s.agent_type,
            subagent: s.subagent,
            project: s.project,
            token: s.token,
            node: s.node,
            route: s.route,
            tokens: [
                t.input,
                t.output,
                t.cache_read,
                t.cache_write,
                t.cache_write_5m,
                t.cache_write_1h,
                t.reasoning,
                t.web_search_requests,
            ],
            terms: t.terms.number(),
        }
    }

    /// The summary, without what is not stored of one.
    pub(crate) fn summary(self, id: ExchangeId) -> Summary {
        let tokens = self.tokens();
        Summary {
            id,
            started_at_us: self.started_us,
            state: State::from_number(self.state),
            client_request_id: self.client_request_id,
            method: self.method,
            path: self.path,
            query: self.query,
            dialect: dialect_from_number(self.dialect),
            operation: operation_from_number(self.operation),
            provider: Arc::from(self.provider),
            model: self.model,
            routed_model: self.routed_model,
            session: self.session,
            agent: self.agent,
            parent_agent: self.parent_agent,
            conversation_hash: self.conversation_hash,
            message_count: self.message_count,
            client_kind: self.client_kind,
            key_digest: self.key_digest,
            user_agent: self.user_agent,
            anthropic_beta: None,
            has_thinking: false,
            is_streaming: self.is_streaming,
            request_bytes: self.request_bytes,
            organization_id: self.organization_id,
            status: self.status,
            stop_reason: self.stop_reason,
            stream_error: self.stream_error,
            headers_us: self.headers_us,
            content_us: self.content_us,
            duration_us: self.duration_us,
            response_bytes: self.response_bytes,
            attempts: self.attempts,
            longest_gap_us: self.longest_gap_us,
            class: self.class,
            agent_type: self.agent_type,
            subagent: self.subagent,
            project: self.project,
            token: self.token,
            node: self.node,
            route: self.route,
            tokens,
            signs: Signs::default(),
            opening_words: None,
            made_title: None,
        }
    }

    fn tokens(&self) -> Tokens {
        let [
            input,
            output,
            cache_read,
            cache_write,
            cache_write_5m,
            cache_write_1h,
            reasoning,
            web_search_requests,
        ] = self.tokens;
        Tokens {
            input,
            output,
            cache_read,
            cache_write,
            cache_write_5m,
            cache_write_1h,
            reasoning,
            web_search_requests,
            terms: Terms::of_number(self.terms),
        }
    }
}

/// A document with the bodies.
#[derive(Debug)]
pub(crate) struct Whole {
    pub document: Document,
    pub request: Bytes,
    pub response: Bytes,
}

/// Something packed.
#[derive(Debug)]
pub(crate) struct Packed {
    /// One zstd frame.
    pub bytes: Vec<u8>,
    /// What it unpacks to, in bytes.
    pub size: u64,
}

impl Packed {
    /// Packs bytes.
    pub(crate) fn of(plain: &[u8]) -> Result<Self, StoreError> {
        Ok(Self {
            bytes: zstd::bulk::compress(plain, LEVEL)?,
            size: plain.len() as u64,
        })
    }

    /// Undoes [`Packed::of`].
    pub(crate) fn plain(&self) -> Result<Vec<u8>, StoreError> {
        let size = usize::try_from(self.size).ok();
        let size = size.filter(|_| self.size <= LONGEST);
        let size = size.ok_or_else(|| damaged("it is too long"))?;
        zstd::bulk::decompress(&self.bytes, size).map_err(|error| damaged(&error.to_string()))
    }
}

impl Whole {
    pub(crate) fn pack(&self) -> Result<Packed, StoreError> {
        let json =
            serde_json::to_vec(&self.document).map_err(|error| damaged(&error.to_string()))?;
        let mut plain =
            Vec::with_capacity(10 + json.len() + self.request.len() + self.response.len());
        varint::put_bytes(&mut plain, &json);
        plain.extend_from_slice(&self.request);
        plain.extend_from_slice(&self.response);
        Packed::of(&plain)
    }

    /// Undoes [`Whole::pack`].
    pub(crate) fn unpack(packed: &Packed) -> Result<Self, StoreError> {
        let plain = Bytes::from(packed.plain()?);
        let mut rest = &plain[..];
        let json = varint::take_bytes(&mut rest).ok_or_else(|| damaged("it has no beginning"))?;
        let document: Document =
            serde_json::from_slice(json).map_err(|error| damaged(&error.to_string()))?;
        if document.request_bytes > rest.len() {
            return Err(damaged("it ends too early"));
        }
        let mut request = plain.slice(plain.len() - rest.len()..);
        let response = request.split_off(document.request_bytes);
        Ok(Self {
            document,
            request,
            response,
        })
    }
}

fn damaged(why: &str) -> StoreError {
    StoreError::Damaged(format!("a shared exchange cannot be read: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_was_cut_or_is_longer_than_it_says_is_not_believed() {
        let packed = Packed::of(b"some bytes that are longer than a varint").unwrap();
        assert!(Whole::unpack(&packed).is_err());
        let shorter = Packed { size: 3, ..packed };
        assert!(shorter.plain().is_err());
        let huge = Packed {
            size: u64::MAX,
            ..Packed::of(b"x").unwrap()
        };
        assert!(huge.plain().is_err());
    }
}
