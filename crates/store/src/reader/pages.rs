//! Lists: pages of the exchanges table, in the order of time, which is the table's own.

use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};
use uuid::Uuid;
use weir_core::exchange::ExchangeId;

use super::View;
use crate::dictionary::Names;
use crate::error::StoreError;
use crate::model::{RequestLog, RequestSummary};
use crate::removal::first_row;
use crate::summary::{State, Summary, Tokens, dialect_from_number, operation_from_number};

/// Most exchanges with bodies on a page.
const MOST_ON_PAGE: u32 = 100;
/// Most summaries in one answer.
const MOST_SUMMARIES: u32 = 100_000;

/// Which page, from 1, of how many exchanges each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// From 1; 0 counts as 1.
    pub number: u32,
    /// Exchanges on a page; 0 counts as 10, and more than 100 as 100.
    pub limit: u32,
}

/// Which summaries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SummaryQuery {
    /// Any part of the model's name, in any case; empty or `all` is every exchange.
    pub model: Option<String>,
    /// Begun at or after this moment, in microseconds since the Unix epoch.
    pub start_us: Option<i64>,
    /// Begun before this moment.
    pub end_us: Option<i64>,
    /// Newest ones passed over.
    pub offset: u32,
    /// Most to give; 0 is all, and never more than 100,000.
    pub limit: u32,
}

/// A condition in SQL with its parameters.
struct Condition {
    sql: String,
    values: Vec<Value>,
}

impl View {
    pub(super) fn list(
        &self,
        page: Page,
        model: Option<&str>,
        known: Option<u64>,
    ) -> Result<(Vec<RequestLog>, u64), StoreError> {
        let condition = self.condition(model, None, None);
        let limit = if page.limit == 0 {
            10
        } else {
            page.limit.min(MOST_ON_PAGE)
        };
        let offset = i64::from(page.number.max(1) - 1) * i64::from(limit);
        let total = self.count(&condition, known)?;
        let rows = self.select(&condition, limit, offset)?;
        let logs = rows
            .into_iter()
            .map(|(row, summary)| self.detail(row, &summary));
        Ok((logs.collect::<Result<_, _>>()?, total))
    }

    pub(super) fn summaries(
        &self,
        query: &SummaryQuery,
        known: Option<u64>,
    ) -> Result<(Vec<RequestSummary>, u64), StoreError> {
        let condition = self.condition(query.model.as_deref(), query.start_us, query.end_us);
        let limit = match query.limit {
            0 => MOST_SUMMARIES,
            limit => limit.min(MOST_SUMMARIES),
        };
        let total = self.count(&condition, known)?;
        let rows = self.select(&condition, limit, i64::from(query.offset))?;
        Ok((
            rows.iter()
                .map(|(_, summary)| RequestSummary::of(summary, &self.prices))
                .collect(),
            total,
        ))
    }

    pub(super) fn latest_us(&self) -> Result<Option<i64>, StoreError> {
        let newest: Option<i64> =
            self.db
                .query_row("SELECT max(id) FROM exchanges", [], |row| row.get(0))?;
        Ok(newest.map(started_at))
    }

    fn condition(&self, model: Option<&str>, start: Option<i64>, end: Option<i64>) -> Condition {
        let mut terms = vec!["1".to_owned()];
        let mut values = Vec::new();
        if let Some(start) = start {
            values.push(Value::Integer(first_row(start)));
            terms.push(format!("id>=?{}", values.len()));
        }
        if let Some(end) = end {
            values.push(Value::Integer(first_row(end)));
            terms.push(format!("id<?{}", values.len()));
        }
        if let Some(part) = model.filter(|m| !m.is_empty() && !m.eq_ignore_ascii_case("all")) {
            let part = part.to_ascii_lowercase();
            let ids: Vec<String> = self
                .names
                .find(|name| contains(name, part.as_bytes()))
                .iter()
                .map(ToString::to_string)
                .collect();
            values.push(Value::Text(part));
            let at = values.len();
            terms.push(format!(
                "(model IN ({}) OR (typeof(model)='text' AND instr(lower(model),?{at})>0))",
                ids.join(",")
            ));
        }
        Condition {
            sql: terms.join(" AND "),
            values,
        }
    }

    fn count(&self, condition: &Condition, known: Option<u64>) -> Result<u64, StoreError> {
        if condition.values.is_empty()
            && let Some(known) = known
        {
            return Ok(known);
        }
        let sql = format!("SELECT count(*) FROM exchanges WHERE {}", condition.sql);
        let values = params_from_iter(&condition.values);
        Ok(self.db.query_row(&sql, values, |row| row.get(0))?)
    }

    fn select(
        &self,
        condition: &Condition,
        limit: u32,
        offset: i64,
    ) -> Result<Vec<(i64, Summary)>, StoreError> {
        let sql = format!(
            "SELECT * FROM exchanges WHERE {} ORDER BY id DESC LIMIT {limit} OFFSET {offset}",
            condition.sql
        );
        let mut statement = self.db.prepare(&sql)?;
        let rows = statement.query_map(params_from_iter(&condition.values), |row| {
            summary(row, &self.names)
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest exchange to which a condition applies.
    pub(super) fn newest(
        &self,
        sql: &str,
        values: &[Value],
    ) -> Result<Option<(i64, Summary)>, StoreError> {
        let condition = Condition {
            sql: sql.to_owned(),
            values: values.to_vec(),
        };
        Ok(self.select(&condition, 1, 0)?.pop())
    }
}

/// Whether a text holds `part`, which is in lower case, in any case.
fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len())
        .any(|window| window.eq_ignore_ascii_case(part))
}

/// When the exchange of a row began, in microseconds since the Unix epoch.
fn started_at(row: i64) -> i64 {
    row / crate::recorder::ROWS_PER_US
}

/// A row of `SELECT * FROM exchanges`.
fn summary(row: &Row<'_>, names: &Names) -> rusqlite::Result<(i64, Summary)> {
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
        tokens: Tokens {
            input: row.get(31)?,
            output: row.get(32)?,
            cache_read: row.get(33)?,
            cache_write: row.get(34)?,
            cache_write_5m: row.get(35)?,
            cache_write_1h: row.get(36)?,
            reasoning: row.get(37)?,
            web_search_requests: row.get(38)?,
        },
    };
    Ok((id, summary))
}

/// Undoes the packing of a conversation hash.
fn conversation(bytes: &[u8]) -> Box<str> {
    if bytes.len() == 16 {
        return bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
            .into();
    }
    String::from_utf8_lossy(bytes).into()
}
