//! The SQL that puts rows in: one function for each table.

use rusqlite::{CachedStatement, Transaction, params};

use super::sink::{Op, RequestPart, ResponsePart, count};
use crate::dictionary::{Code, Dictionary};
use crate::error::StoreError;
use crate::sessions::{Entry, News, Sums};
use crate::summary::{State, Summary, dialect_number, operation_number};

/// The statements of a batch, looked up once for all of it.
pub(super) struct Statements<'tx> {
    insert_exchange: CachedStatement<'tx>,
    update_exchange: CachedStatement<'tx>,
    insert_request: CachedStatement<'tx>,
    insert_response: CachedStatement<'tx>,
    insert_lead: CachedStatement<'tx>,
    sums: Sums<'tx>,
}

impl<'tx> Statements<'tx> {
    pub(super) fn new(tx: &'tx Transaction<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            insert_exchange: tx.prepare_cached(INSERT_EXCHANGE)?,
            update_exchange: tx.prepare_cached(UPDATE_EXCHANGE)?,
            insert_request: tx.prepare_cached(INSERT_REQUEST)?,
            insert_response: tx.prepare_cached(INSERT_RESPONSE)?,
            insert_lead: tx.prepare_cached(INSERT_LEAD)?,
            sums: Sums::new(tx)?,
        })
    }

    pub(super) fn write(&mut self, op: &Op, dictionary: &mut Dictionary) -> Result<(), StoreError> {
        match &op.begin {
            Some(part) => {
                insert_exchange(&mut self.insert_exchange, op, dictionary)?;
                insert_request(&mut self.insert_request, op.row, part)?;
            }
            None => update_exchange(&mut self.update_exchange, op, dictionary)?,
        }
        if let Some(part) = &op.end {
            insert_response(&mut self.insert_response, op.row, part)?;
        }
        let news = News {
            begins: op.begin.is_some(),
            ends: op.summary.state != State::Open,
        };
        for lead in &op.leads {
            let mark = lead.mark.to_le_bytes();
            let (call, kind) = (lead.call.as_deref(), lead.kind.as_deref());
            self.insert_lead.execute((op.row, &mark[..], call, kind))?;
        }
        match Entry::of(op.row, &op.summary) {
            Some(entry) => self.sums.add(&entry.following(op.follows), news),
            None => Ok(()),
        }
    }
}

const INSERT_LEAD: &str = "INSERT OR IGNORE INTO leads (id, mark, call, kind) VALUES (?, ?, ?, ?)";

/// The columns' uses of the dictionary.
mod column {
    pub(super) const METHOD: u64 = 1;
    pub(super) const PATH: u64 = 2;
    pub(super) const QUERY: u64 = 3;
    pub(super) const PROVIDER: u64 = 4;
    pub(super) const MODEL: u64 = 5;
    pub(super) const SESSION: u64 = 6;
    pub(super) const AGENT: u64 = 7;
    pub(super) const CLIENT: u64 = 8;
    pub(super) const KEY: u64 = 9;
    pub(super) const USER_AGENT: u64 = 10;
    pub(super) const ORGANIZATION: u64 = 11;
    pub(super) const STOP: u64 = 12;
    pub(super) const CLASS: u64 = 13;
    pub(super) const AGENT_TYPE: u64 = 14;
    pub(super) const SUBAGENT: u64 = 15;
    pub(super) const PROJECT: u64 = 16;
    pub(super) const TOKEN: u64 = 17;
    pub(super) const NODE: u64 = 18;
}

/// A value for a coded column.
fn code<'a>(dictionary: &mut Dictionary, column: u64, text: Option<&'a str>) -> Option<Code<'a>> {
    text.map(|text| dictionary.column(column, text))
}

/// 32 hex digits as 16 bytes; anything else as its own bytes.
fn conversation(hash: &str) -> Vec<u8> {
    let pairs = hash.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> = pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    match bytes {
        Some(bytes) if hash.len() == 32 => bytes,
        _ => hash.as_bytes().to_vec(),
    }
}

const INSERT_EXCHANGE: &str = "INSERT INTO exchanges (
    id, uuid, state, client_request_id, method, path, query, dialect, operation, provider, model,
    routed_model, session, agent, parent_agent, conversation, message_count, client_kind,
    key_digest, user_agent, organization, is_streaming, request_bytes, status, stop_reason,
    stream_error, headers_us, content_us, duration_us, response_bytes, attempts, input_tokens,
    output_tokens, cache_read_tokens, cache_write_tokens, cache_write_5m_tokens,
    cache_write_1h_tokens, reasoning_tokens, web_search_requests, route, longest_gap_us, class,
    agent_type, subagent, terms, project, token, node, adopted) VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,
    ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39, ?40,
    ?41, ?42, ?43, ?44, ?45, ?46, ?47, ?48, ?49)";

fn insert_exchange(
    statement: &mut CachedStatement<'_>,
    op: &Op,
    words: &mut Dictionary,
) -> Result<(), StoreError> {
    let s = &*op.summary;
    statement.execute(params![
        op.row,
        s.id.0.as_bytes(),
        s.state as i64,
        s.client_request_id.as_deref(),
        words.column(column::METHOD, &s.method),
        words.column(column::PATH, &s.path),
        code(words, column::QUERY, s.query.as_deref()),
        dialect_number(s.dialect),
        operation_number(s.operation),
        words.column(column::PROVIDER, &s.provider),
        code(words, column::MODEL, s.model.as_deref()),
        code(words, column::MODEL, s.routed_model.as_deref()),
        code(words, column::SESSION, s.session.as_deref()),
        code(words, column::AGENT, s.agent.as_deref()),
        code(words, column::AGENT, s.parent_agent.as_deref()),
        s.conversation_hash.as_deref().map(conversation),
        s.message_count,
        code(words, column::CLIENT, s.client_kind.as_deref()),
        code(words, column::KEY, s.key_digest.as_deref()),
        code(words, column::USER_AGENT, s.user_agent.as_deref()),
        code(words, column::ORGANIZATION, s.organization_id.as_deref()),
        s.is_streaming,
        signed(s.request_bytes),
        s.status,
        code(words, column::STOP, s.stop_reason.as_deref()),
        s.stream_error.as_deref(),
        s.headers_us.map(signed),
        s.content_us.map(signed),
        s.duration_us.map(signed),
        s.response_bytes.map(signed),
        s.attempts,
        s.tokens.input.map(signed),
        s.tokens.output.map(signed),
        s.tokens.cache_read.map(signed),
        s.tokens.cache_write.map(signed),
        s.tokens.cache_write_5m.map(signed),
        s.tokens.cache_write_1h.map(signed),
        s.tokens.reasoning.map(signed),
        s.tokens.web_search_requests.map(signed),
        s.route.as_deref(),
        s.longest_gap_us.map(signed),
        code(words, column::CLASS, s.class.as_deref()),
        code(words, column::AGENT_TYPE, s.agent_type.as_deref()),
        code(words, column::SUBAGENT, s.subagent.as_deref()),
        terms(s),
        code(words, column::PROJECT, s.project.as_deref()),
        code(words, column::TOKEN, s.token.as_deref()),
        code(words, column::NODE, s.node.as_deref()),
        op.adopted.then_some(1),
    ])?;
    Ok(())
}

/// The terms of an exchange; NULL, which takes no room, for those that nearly all have.
fn terms(s: &Summary) -> Option<u8> {
    Some(s.tokens.terms.number()).filter(|number| *number > 0)
}

/// SQLite's integers are signed; nothing counted here comes near the difference.
fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

const UPDATE_EXCHANGE: &str = "UPDATE exchanges SET
    state = ?2, organization = ?3, status = ?4, stop_reason = ?5, stream_error = ?6,
    headers_us = ?7, content_us = ?8, duration_us = ?9, response_bytes = ?10, attempts = ?11,
    input_tokens = ?12, output_tokens = ?13, cache_read_tokens = ?14, cache_write_tokens = ?15,
    cache_write_5m_tokens = ?16, cache_write_1h_tokens = ?17, reasoning_tokens = ?18,
    web_search_requests = ?19, provider = ?20, routed_model = ?21, route = ?22,
    longest_gap_us = ?23, subagent = ?24, terms = ?25, agent = ?26, parent_agent = ?27,
    agent_type = ?28
    WHERE id = ?1";

fn update_exchange(
    statement: &mut CachedStatement<'_>,
    op: &Op,
    words: &mut Dictionary,
) -> Result<(), StoreError> {
    let s = &*op.summary;
    statement.execute(params![
        op.row,
        s.state as i64,
        code(words, column::ORGANIZATION, s.organization_id.as_deref()),
        s.status,
        code(words, column::STOP, s.stop_reason.as_deref()),
        s.stream_error.as_deref(),
        s.headers_us.map(signed),
        s.content_us.map(signed),
        s.duration_us.map(signed),
        s.response_bytes.map(signed),
        s.attempts,
        s.tokens.input.map(signed),
        s.tokens.output.map(signed),
        s.tokens.cache_read.map(signed),
        s.tokens.cache_write.map(signed),
        s.tokens.cache_write_5m.map(signed),
        s.tokens.cache_write_1h.map(signed),
        s.tokens.reasoning.map(signed),
        s.tokens.web_search_requests.map(signed),
        words.column(column::PROVIDER, &s.provider),
        code(words, column::MODEL, s.routed_model.as_deref()),
        s.route.as_deref(),
        s.longest_gap_us.map(signed),
        code(words, column::SUBAGENT, s.subagent.as_deref()),
        terms(s),
        code(words, column::AGENT, s.agent.as_deref()),
        code(words, column::AGENT, s.parent_agent.as_deref()),
        code(words, column::AGENT_TYPE, s.agent_type.as_deref()),
    ])?;
    Ok(())
}

const INSERT_REQUEST: &str = "INSERT INTO requests (id, base, prefix, suffix, depth, size, digest,
    codec, place, length, headers, messages, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

fn insert_request(
    statement: &mut CachedStatement<'_>,
    row: i64,
    part: &RequestPart,
) -> Result<(), StoreError> {
    statement.execute(params![
        row,
        part.base.map(|b| b.row),
        part.base.map(|b| count(b.prefix)),
        part.base.map(|b| count(b.suffix)),
        part.base.map(|b| b.depth),
        count(part.size),
        part.digest.as_ref().map(|d| &d[..]),
        part.piece.codec(),
        part.piece.offset(),
        part.piece.length(),
        part.headers,
        Some(&part.messages[..]).filter(|m| !m.is_empty()),
        part.piece.inline(),
    ])?;
    Ok(())
}

const INSERT_RESPONSE: &str = "INSERT INTO responses (id, truncated, size, codec, place, length,
    headers, arrivals, usage, data, sent_headers, sent)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

fn insert_response(
    statement: &mut CachedStatement<'_>,
    row: i64,
    part: &ResponsePart,
) -> Result<(), StoreError> {
    statement.execute(params![
        row,
        part.truncated,
        count(part.size),
        part.piece.codec(),
        part.piece.offset(),
        part.piece.length(),
        part.headers,
        Some(&part.arrivals[..]).filter(|a| !a.is_empty()),
        part.usage.as_deref(),
        part.piece.inline(),
        part.sent.as_ref().map(|(headers, _)| headers),
        part.sent.as_ref().map(|(_, rest)| rest),
    ])?;
    Ok(())
}
