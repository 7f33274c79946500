//! From a row of the exchanges table to a summary.

use rusqlite::Row;
use uuid::Uuid;
use weir_core::exchange::ExchangeId;
use weir_core::prices::Terms;

use crate::dictionary::Names;
use crate::summary::{State, Summary, Tokens, dialect_from_number, operation_from_number};
use crate::turns::Signs;

/// The columns that [`summary`] reads, in its order.
pub(crate) const COLUMNS: &str = "e.id, e.uuid, e.state, e.client_request_id, e.method, e.path,
    e.query, e.dialect, e.operation, e.provider, e.model, e.routed_model, e.session, e.agent,
    e.parent_agent, e.conversation, e.message_count, e.client_kind, e.key_digest, e.user_agent,
    e.organization, e.is_streaming, e.request_bytes, e.status, e.stop_reason, e.stream_error,
    e.headers_us, e.content_us, e.duration_us, e.response_bytes, e.attempts, e.input_tokens,
    e.output_tokens, e.cache_read_tokens, e.cache_write_tokens, e.cache_write_5m_tokens,
    e.cache_write_1h_tokens, e.reasoning_tokens, e.web_search_requests, e.route,
    e.longest_gap_us, e.class, e.agent_type, e.subagent, e.terms,
    e.project, e.token, e.node";

/// When the exchange of a row began, in microseconds since the Unix epoch.
pub(super) fn started_at(row: i64) -> i64 {
    row / crate::recorder::ROWS_PER_US
}

/// A row of [`COLUMNS`], and its number.
pub(crate) fn summary(row: &Row<'_>, names: &Names) -> rusqlite::Result<(i64, Summary)> {
    let text = |at: usize| row.get_ref(at).map(|value| names.text(value));
    let word = |at: usize| text(at).map(Option::unwrap_or_default);
    let id: i64 = row.get(0)?;
    let uuid: [u8; 16] = row.get(1)?;
    let summary = Summary {
        id: ExchangeId(Uuid::from_bytes(uuid)),
        client_request_id: text(3)?,
        started_at_us: started_at(id),
        state: State::from_number(row.get(2)?),
        method: word(4)?,
        path: word(5)?,
        query: text(6)?,
        dialect: dialect_from_number(row.get(7)?),
        operation: operation_from_number(row.get(8)?),
        provider: word(9)?.into(),
        model: text(10)?,
        routed_model: text(11)?,
        session: text(12)?,
        agent: text(13)?,
        parent_agent: text(14)?,
        conversation_hash: row
            .get::<_, Option<Vec<u8>>>(15)?
            .as_deref()
            .map(conversation),
        message_count: row.get(16)?,
        client_kind: text(17)?,
        key_digest: text(18)?,
        user_agent: text(19)?,
        anthropic_beta: None,
        has_thinking: false,
        organization_id: text(20)?,
        is_streaming: row.get(21)?,
        request_bytes: row.get(22)?,
        status: row.get(23)?,
        stop_reason: text(24)?,
        stream_error: text(25)?,
        headers_us: row.get(26)?,
        content_us: row.get(27)?,
        duration_us: row.get(28)?,
        response_bytes: row.get(29)?,
        attempts: row.get(30)?,
        route: row.get::<_, Option<String>>(39)?.map(Into::into),
        longest_gap_us: row.get(40)?,
        class: text(41)?,
        agent_type: text(42)?,
        subagent: text(43)?,
        project: text(45)?,
        token: text(46)?,
        node: text(47)?,
        tokens: tokens(row)?,
        signs: Signs::default(),
        opening_words: None,
        made_title: None,
    };
    Ok((id, summary))
}

/// The counts in a row of [`COLUMNS`].
fn tokens(row: &Row<'_>) -> rusqlite::Result<Tokens> {
    Ok(Tokens {
        input: row.get(31)?,
        output: row.get(32)?,
        cache_read: row.get(33)?,
        cache_write: row.get(34)?,
        cache_write_5m: row.get(35)?,
        cache_write_1h: row.get(36)?,
        reasoning: row.get(37)?,
        web_search_requests: row.get(38)?,
        terms: Terms::of_number(row.get::<_, Option<u8>>(44)?.unwrap_or(0)),
    })
}

/// Undoes the packing of a conversation hash.
pub(crate) fn conversation(bytes: &[u8]) -> Box<str> {
    if bytes.len() == 16 {
        return bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
            .into();
    }
    String::from_utf8_lossy(bytes).into()
}
