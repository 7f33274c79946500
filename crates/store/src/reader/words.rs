//! The words of a stored exchange: what was new in its request, and its answer.

use rusqlite::types::Value;
use weir_wire::dialect::Operation;
use weir_wire::facts::words;

use super::View;
use super::detail::first;
use crate::error::StoreError;
use crate::facts::{self, Expected};
use crate::summary::Summary;
use crate::varint;

/// Bytes of words kept of each side of an exchange.
const MOST: usize = 32 << 10;

impl View {
    /// What an exchange is found by; none if there is no such exchange.
    pub(crate) fn words(&self, row: i64) -> Result<Option<String>, StoreError> {
        let Some((_, summary)) = self.newest("e.id=?1", &[Value::Integer(row)])? else {
            return Ok(None);
        };
        let mut text = String::new();
        let named = [&summary.model, &summary.routed_model, &summary.stream_error];
        for name in named.into_iter().flatten() {
            text.push_str(name);
            text.push('\n');
        }
        if matches!(
            summary.operation,
            Operation::Generate | Operation::GenerateStream
        ) {
            text.push_str(&readable(self.asked(row, &summary))?);
            text.push_str(&readable(self.answered(row, &summary))?);
        }
        Ok(Some(text))
    }

    fn asked(&self, row: i64, summary: &Summary) -> Result<String, StoreError> {
        let Some(body) = self.request_body(row)? else {
            return Ok(String::new());
        };
        let shared = self.shared(row)?;
        let headers = self.request_headers(row)?;
        let encoding = first(&headers, "content-encoding");
        let plain = facts::plain(encoding.as_deref(), &body.bytes);
        Ok(words::of_request(summary.dialect, &plain, shared, MOST))
    }

    fn answered(&self, row: i64, summary: &Summary) -> Result<String, StoreError> {
        let (Some(body), Some(came)) = (self.response_body(row)?, self.came(row)?) else {
            return Ok(String::new());
        };
        let encoding = first(&came.headers, "content-encoding");
        let plain = facts::plain(encoding.as_deref(), &body);
        if !came.is_stream() {
            return Ok(words::of_answer(&plain, MOST));
        }
        let expected = Expected {
            dialect: summary.dialect,
            operation: summary.operation,
        };
        let answer = facts::accumulate(expected, &plain);
        Ok(answer.map_or_else(String::new, |answer| {
            words::of_answer(answer.get().as_bytes(), MOST)
        }))
    }

    /// Messages at the front of a request that an earlier one had.
    fn shared(&self, row: i64) -> Result<usize, StoreError> {
        let sql = "SELECT messages FROM requests WHERE id=?1 AND base IS NOT NULL";
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query([row])?;
        let Some(row) = rows.next()? else {
            return Ok(0);
        };
        let blob: Option<Vec<u8>> = row.get(0)?;
        let mut blob = blob.as_deref().unwrap_or_default();
        let shared = varint::take(&mut blob).and_then(|n| usize::try_from(n).ok());
        Ok(shared.unwrap_or(0))
    }
}

/// A body that is damaged has no words.
fn readable(words: Result<String, StoreError>) -> Result<String, StoreError> {
    match words {
        Err(StoreError::Damaged(_)) => Ok(String::new()),
        other => other,
    }
}
