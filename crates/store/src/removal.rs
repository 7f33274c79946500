//! Taking exchanges out again: by what names them, by age, by number, by size. A few rows at a
//! time, so that recording goes on in between.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Transaction, params_from_iter};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::captures::Named;
use crate::error::StoreError;
use crate::recorder::ROWS_PER_US;
use crate::sessions::{self, Grouping};
use crate::summary::State;

/// Which exchanges to delete: those to which everything that is set applies. Nothing set names
/// none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// This one.
    pub id: Option<Uuid>,
    /// Begun before this moment, in microseconds since the Unix epoch.
    pub before_us: Option<i64>,
    /// Of this session.
    pub session: Option<String>,
    /// Of this session, or of this conversation where the client names no session: as
    /// [`crate::Reader::session`] finds it, and what else names this session.
    pub turns_of: Option<String>,
    /// Of the conversation with this hash.
    pub conversation_hash: Option<String>,
    /// That named exactly this model.
    pub model: Option<String>,
}

/// Rows gone, and what they leave behind.
#[derive(Debug, Default)]
pub(crate) struct Removed {
    /// Exchanges.
    pub count: u64,
    /// Rows whose bodies are gone.
    pub bodies: Vec<i64>,
    /// Places in the bodies file that are free once this is committed.
    pub places: Vec<(u64, u64)>,
}

impl Filter {
    /// The condition in SQL and its parameters; none when nothing is set.
    pub(crate) fn condition(&self) -> Option<(String, Vec<Value>)> {
        const CODED: &str = "(#=$ OR # IN (SELECT id FROM strings WHERE kind=0 AND text=$$))";
        let mut terms = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        let mut add = |template: &str, value: Value| {
            values.push(value);
            let at = format!("?{}", values.len());
            let cast = format!("CAST({at} AS BLOB)");
            terms.push(template.replace("$$", &cast).replace('$', &at));
        };
        if let Some(id) = &self.id {
            add("uuid=$", Value::Blob(id.as_bytes().to_vec()));
        }
        if let Some(before) = self.before_us {
            add("id<$", Value::Integer(first_row(before)));
        }
        if let Some(session) = &self.session {
            add(&CODED.replace('#', "session"), Value::Text(session.clone()));
        }
        if let Some(hash) = &self.conversation_hash {
            add(
                "lower(hex(conversation))=lower($)",
                Value::Text(hash.clone()),
            );
        }
        if let Some(model) = &self.model {
            add(&CODED.replace('#', "model"), Value::Text(model.clone()));
        }
        if let Some(name) = &self.turns_of {
            let of = |grouping| sessions::key(grouping, name);
            let (own, told) = (of(Grouping::Session), of(Grouping::Conversation));
            // What a session sent beside its turns has no place in them.
            let beside = CODED.replace('#', "session");
            let template = format!(
                "(id IN (SELECT turns.id FROM turns WHERE turns.session IN ({own}, {told}))
                 OR {beside})"
            );
            add(&template, Value::Text(name.clone()));
        }
        if terms.is_empty() {
            return None;
        }
        terms.push(format!("state<>{}", State::Open as i64));
        Some((terms.join(" AND "), values))
    }
}

/// The least number that a row begun at this moment can have.
pub(crate) fn first_row(started_at_us: i64) -> i64 {
    const MOST: i64 = i64::MAX / ROWS_PER_US;
    started_at_us.clamp(0, MOST - 1) * ROWS_PER_US
}

/// The row of an exchange.
pub(crate) fn row_of(db: &Connection, named: Named) -> Result<Option<i64>, StoreError> {
    let first = first_row(named.started_us);
    let sql = "SELECT id FROM exchanges WHERE id>=?1 AND id<?2 AND uuid=?3";
    let mut statement = db.prepare_cached(sql)?;
    let id = named.id.as_bytes().as_slice();
    let found = statement.query_row((first, first + ROWS_PER_US, id), |row| row.get(0));
    Ok(found.optional()?)
}

/// How many exchanges a filter names.
pub(crate) fn count(db: &Connection, filter: &Filter) -> Result<u64, StoreError> {
    let Some((condition, values)) = filter.condition() else {
        return Ok(0);
    };
    let sql = format!("SELECT count(*) FROM exchanges WHERE {condition}");
    Ok(db.query_row(&sql, params_from_iter(values), |row| row.get(0))?)
}

/// The first rows that a filter names, at most `limit`, from `after` on.
pub(crate) fn matching(
    db: &Connection,
    filter: &Filter,
    after: i64,
    limit: usize,
) -> Result<Vec<i64>, StoreError> {
    let Some((condition, mut values)) = filter.condition() else {
        return Ok(Vec::new());
    };
    values.push(Value::Integer(after));
    let at = values.len();
    let sql = format!(
        "SELECT id FROM exchanges WHERE {condition} AND id>?{at} ORDER BY id LIMIT {limit}"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The oldest rows that are not in flight, at most `limit`.
pub(crate) fn oldest(db: &Connection, limit: u64) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT id FROM exchanges WHERE state<>0 ORDER BY id LIMIT ?";
    let mut statement = db.prepare_cached(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map([limit], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Deletes rows. A body that others still take from stays, without its exchange, until they go.
pub(crate) fn remove(tx: &Transaction<'_>, rows: &[i64]) -> Result<Removed, StoreError> {
    let mut removed = Removed::default();
    for &row in rows {
        sessions::forget(tx, row)?;
        let gone = tx
            .prepare_cached("DELETE FROM exchanges WHERE id=?")?
            .execute([row])?;
        removed.count += gone as u64;
        let place = tx
            .prepare_cached("DELETE FROM responses WHERE id=? RETURNING place, length")?
            .query_row([row], |r| place(r, 0))
            .optional()?;
        removed.places.extend(place.flatten());
        tx.prepare_cached("UPDATE requests SET headers=NULL WHERE id=?")?
            .execute([row])?;
        remove_bodies(tx, row, &mut removed)?;
    }
    Ok(removed)
}

/// Deletes the body of a row whose exchange is gone, if no other takes from it, and then so the
/// one that it took from.
fn remove_bodies(tx: &Transaction<'_>, row: i64, removed: &mut Removed) -> Result<(), StoreError> {
    let mut next = Some(row);
    while let Some(row) = next {
        let freed = tx
            .prepare_cached(
                "DELETE FROM requests WHERE id=?1 AND headers IS NULL
                 AND NOT EXISTS (SELECT 1 FROM requests AS other WHERE other.base=?1)
                 RETURNING base, place, length",
            )?
            .query_row([row], |r| Ok((r.get::<_, Option<i64>>(0)?, place(r, 1)?)))
            .optional()?;
        let Some((base, place)) = freed else { break };
        removed.bodies.push(row);
        removed.places.extend(place);
        next = base;
    }
    Ok(())
}

/// A place in the bodies file, from two columns.
fn place(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Option<(u64, u64)>> {
    let (offset, length): (Option<u64>, Option<u64>) = (row.get(at)?, row.get(at + 1)?);
    Ok(offset.zip(length))
}
