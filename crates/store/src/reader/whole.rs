//! Exchanges whole, as other nodes are given them, and what is still to be given.

use rusqlite::OptionalExtension;
use rusqlite::types::Value;
use uuid::Uuid;

use super::View;
use super::row;
use crate::captures::document::{Came, Document, Told, WentOut, Whole};
use crate::captures::{Named, Standing, Waiting};
use crate::error::StoreError;
use crate::grades;
use crate::removal::{self, Filter};
use crate::sent;
use crate::sessions::session_of;
use crate::summary::Summary;

impl View {
    /// The exchange of a row, all that is stored of it; none when it is gone.
    pub(crate) fn exchange_whole(&self, row: i64) -> Result<Option<(Uuid, Whole)>, StoreError> {
        let Some(summary) = self.summary_of(row)? else {
            return Ok(None);
        };
        let request = self.request_body(row)?.map(|body| body.bytes);
        let request = request.unwrap_or_default();
        let response = self.response_body(row)?.unwrap_or_default();
        let id = summary.id.0;
        let document = Document {
            signs: self.signs(row, &summary)?,
            headers: self.request_headers(row)?,
            came: self.came_whole(row)?,
            grade: grades::get(&self.db, row)?,
            request_bytes: request.len(),
            told: Told::of(summary),
        };
        let whole = Whole {
            document,
            request: request.into(),
            response: response.into(),
        };
        Ok(Some((id, whole)))
    }

    fn summary_of(&self, row: i64) -> Result<Option<Summary>, StoreError> {
        let sql = format!("SELECT {} FROM exchanges AS e WHERE e.id=?", row::COLUMNS);
        let mut statement = self.db.prepare_cached(&sql)?;
        let found = statement.query_row([row], |r| row::summary(r, &self.names));
        Ok(found.optional()?.map(|(_, summary)| summary))
    }

    fn signs(&self, row: i64, s: &Summary) -> Result<Option<i64>, StoreError> {
        let (session, conversation) = (s.session.as_deref(), s.conversation_hash.as_deref());
        let Some(session) = session_of(s.operation, session, conversation) else {
            return Ok(None);
        };
        let sql = "SELECT signs FROM turns WHERE session=? AND id=?";
        let mut statement = self.db.prepare_cached(sql)?;
        Ok(statement
            .query_row((session, row), |r| r.get(0))
            .optional()?)
    }

    fn came_whole(&self, row: i64) -> Result<Option<Came>, StoreError> {
        let Some(came) = self.came(row)? else {
            return Ok(None);
        };
        let arrivals = came.arrivals.iter();
        Ok(Some(Came {
            truncated: came.truncated,
            arrivals: arrivals
                .map(|arrival| (arrival.size, arrival.elapsed_us))
                .collect(),
            usage: came.usage.map(Into::into),
            sent: self.went_out(row)?,
            headers: came.headers,
        }))
    }

    fn went_out(&self, row: i64) -> Result<Option<WentOut>, StoreError> {
        let Some((headers, rest)) = self.sent_stored(row)? else {
            return Ok(None);
        };
        Ok(sent::decode(&rest, &self.names).map(|(url, body)| {
            let at = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
            let edits = body.edits.iter();
            WentOut {
                url,
                headers,
                verdict: body.verdict.to_owned(),
                edits: edits
                    .map(|edit| (at(edit.at), at(edit.removed), at(edit.inserted)))
                    .collect(),
                size: body.size.unwrap_or(0),
            }
        }))
    }

    /// How this node stands to others.
    pub(crate) fn standing(&self) -> Result<Option<Standing>, StoreError> {
        let sql = "SELECT node, server FROM captures_self";
        let found = self.db.prepare_cached(sql)?.query_row([], |r| {
            let node: [u8; 16] = r.get(0)?;
            Ok((Uuid::from_bytes(node), r.get(1)?))
        });
        let Some((node, server)) = found.optional()? else {
            return Ok(None);
        };
        let mut statement = self
            .db
            .prepare_cached("SELECT node, seq FROM captures_read")?;
        let read = statement.query_map([], |r| {
            let node: [u8; 16] = r.get(0)?;
            Ok((Uuid::from_bytes(node), r.get(1)?))
        })?;
        Ok(Some(Standing {
            node,
            server,
            read: read.collect::<Result<_, _>>()?,
        }))
    }

    /// What waits to be shipped, the oldest first, at most `limit`.
    pub(crate) fn waiting(&self, limit: usize) -> Result<Vec<Waiting>, StoreError> {
        let sql = format!("SELECT id, row, kind FROM captures_outbox ORDER BY id LIMIT {limit}");
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map([], |r| {
            Ok(Waiting {
                number: r.get(0)?,
                row: r.get(1)?,
                kind: r.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How much waits to be shipped, and when the oldest of it began, in microseconds since the Unix
    /// epoch.
    pub(crate) fn lag(&self) -> Result<(u64, Option<i64>), StoreError> {
        // Numbers have no gaps: what is shipped goes from the front.
        let sql = "SELECT coalesce(max(id) - min(id) + 1, 0),
            (SELECT row FROM captures_outbox ORDER BY id LIMIT 1) FROM captures_outbox";
        let (count, oldest): (u64, Option<i64>) = self
            .db
            .prepare_cached(sql)?
            .query_row([], |r| Ok((r.get(0)?, r.get(1)?)))?;
        Ok((count, oldest.map(row::started_at)))
    }

    /// The grade of a row's exchange, and which that is; none when it is gone.
    pub(crate) fn graded(&self, row: i64) -> Result<Option<(Named, Option<String>)>, StoreError> {
        let named = self.named("e.id=?1", &[Value::Integer(row)])?;
        let grade = grades::get(&self.db, row)?;
        Ok(named.into_iter().next().map(|(_, named)| (named, grade)))
    }

    /// The exchanges that a filter names, from a row on, at most `limit`: of this node alone, or of all.
    pub(crate) fn matching(
        &self,
        filter: &Filter,
        (own, after): (bool, i64),
        limit: usize,
    ) -> Result<Vec<(i64, Named)>, StoreError> {
        let Some((condition, mut values)) = filter.condition() else {
            return Ok(Vec::new());
        };
        values.push(Value::Integer(after));
        let own = if own { "AND adopted IS NULL" } else { "" };
        let at = values.len();
        let sql = format!("{condition} {own} AND id>?{at} ORDER BY id LIMIT {limit}");
        self.named(&sql, &values)
    }

    /// Those of these exchanges that are stored.
    pub(crate) fn stored(&self, all: &[Named]) -> Result<Vec<Uuid>, StoreError> {
        let mut stored = Vec::new();
        for named in all {
            if removal::row_of(&self.db, *named)?.is_some() {
                stored.push(named.id);
            }
        }
        Ok(stored)
    }

    fn named(&self, condition: &str, values: &[Value]) -> Result<Vec<(i64, Named)>, StoreError> {
        let sql = format!("SELECT id, uuid FROM exchanges AS e WHERE {condition}");
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map(rusqlite::params_from_iter(values), |r| {
            let (row, id): (i64, [u8; 16]) = (r.get(0)?, r.get(1)?);
            let named = Named {
                id: Uuid::from_bytes(id),
                started_us: row::started_at(row),
            };
            Ok((row, named))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
