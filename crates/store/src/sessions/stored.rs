//! The sums of sessions from exchanges that are stored: taking one out that is removed, and making
//! them for a database that has none.

use rusqlite::{OptionalExtension, Row, Transaction};
use weir_core::prices::Terms;

use super::{Entry, Grouping, News, Sums, converses, ended, is_error, key};
use crate::error::StoreError;
use crate::recorder::ROWS_PER_US;
use crate::summary::{State, Tokens, operation_from_number};
use crate::turns::{Signs, TurnKind};

/// Exchanges taken up in one step when the sums are made for an older database.
const STEP: usize = 250;
/// Turns among which the newest of the main agent is looked for.
const LOOKED_THROUGH: usize = 500;

/// The exchange of a row with every string decoded.
const ENTRY: &str = "SELECT e.id, # session, e.conversation, # client_kind, # agent, # model,
        # routed_model, # provider, e.state, e.status, e.operation, e.duration_us, e.input_tokens,
        e.output_tokens, e.cache_read_tokens, e.cache_write_tokens, e.cache_write_5m_tokens,
        e.cache_write_1h_tokens, e.reasoning_tokens, e.web_search_requests, e.terms
    FROM exchanges AS e WHERE ";

/// The text of a coded column of `exchanges AS e`, known to the dictionary or not, in SQL.
pub(crate) fn text_of(column: &str) -> String {
    format!(
        "iif(typeof(e.{column}) = 'integer',
            (SELECT CAST(text AS TEXT) FROM strings WHERE id = e.{column}), e.{column})"
    )
}

/// [`ENTRY`] with a condition: `# column` becomes the column's text.
fn entry_sql(condition: &str) -> String {
    let mut sql = String::new();
    let mut parts = ENTRY.split("# ");
    sql.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_lowercase() && c != '_');
        let (column, rest) = part.split_at(end.unwrap_or(part.len()));
        sql.push_str(&text_of(column));
        sql.push_str(rest);
    }
    sql + condition
}

/// A stored exchange: its session's entry, and its state.
fn stored(row: &Row<'_>) -> rusqlite::Result<(i64, State, Option<Entry>)> {
    let text = |at: usize| row.get::<_, Option<Box<str>>>(at);
    let (id, state) = (row.get(0)?, State::from_number(row.get(8)?));
    let session = text(1)?;
    let conversation: Option<Vec<u8>> = row.get(2)?;
    let conversation = conversation.map(|bytes| crate::reader::conversation(&bytes));
    let (grouping, name) = match (session, conversation) {
        (Some(session), _) => (Grouping::Session, session),
        (None, Some(hash)) => (Grouping::Conversation, hash),
        (None, None) => return Ok((id, state, None)),
    };
    let started_us = id / ROWS_PER_US;
    let operation = operation_from_number(row.get(10)?);
    let entry = Entry {
        row: id,
        session: key(grouping, &name),
        grouping,
        name,
        client: text(3)?,
        agent: text(4)?.unwrap_or_default(),
        model: text(6)?.or(text(5)?).unwrap_or_default(),
        provider: text(7)?.unwrap_or_default(),
        title: None,
        follows: None,
        signs: Signs::default(),
        operation,
        is_error: is_error(state, row.get(9)?),
        started_us,
        ended_us: ended(started_us, row.get(11)?),
        tokens: Tokens {
            input: row.get(12)?,
            output: row.get(13)?,
            cache_read: row.get(14)?,
            cache_write: row.get(15)?,
            cache_write_5m: row.get(16)?,
            cache_write_1h: row.get(17)?,
            reasoning: row.get(18)?,
            web_search_requests: row.get(19)?,
            terms: Terms::of_number(row.get::<_, Option<u8>>(20)?.unwrap_or(0)),
        },
    };
    Ok((id, state, Some(entry).filter(|_| converses(operation))))
}

/// Whether the sums of parts have an exchange in this state.
fn has_ended(state: State) -> bool {
    !matches!(state, State::Open | State::Interrupted)
}

/// Takes an exchange that is about to be removed out of its session.
pub(crate) fn forget(tx: &Transaction<'_>, row: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM leads WHERE id = ?1")?
        .execute([row])?;
    let found = tx
        .prepare_cached(&entry_sql("e.id = ?1"))?
        .query_row([row], stored)
        .optional()?;
    let Some((_, state, Some(entry))) = found else {
        return Ok(());
    };
    let gone = tx
        .prepare_cached("DELETE FROM turns WHERE session = ?1 AND id = ?2")?
        .execute((entry.session, row))?;
    if gone == 0 {
        return Ok(()); // It was not taken up yet.
    }
    tx.prepare_cached(
        "UPDATE sessions SET requests = requests - 1, errors = errors - ?2 WHERE id = ?1",
    )?
    .execute((entry.session, i64::from(entry.is_error)))?;
    if has_ended(state) {
        Sums::new(tx)?.part(&entry, -1)?;
        tx.prepare_cached(
            "DELETE FROM session_parts WHERE session = ?1 AND agent = ?2 AND model = ?3
                AND provider = ?4 AND requests <= 0",
        )?
        .execute((entry.session, &entry.agent, &entry.model, &entry.provider))?;
    }
    bounds(tx, entry.session)?;
    words(tx, entry.session, row)
}

/// Takes what a session says in the words and figures of an exchange that goes: its title, and the
/// size of its context, which is then that of the newest turn of the main agent that is left. The
/// next turn brings a title again.
fn words(tx: &Transaction<'_>, session: i64, row: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE sessions SET title = NULL, title_rank = 0, title_turn = NULL
         WHERE id = ?1 AND coalesce(title_turn, ?2) = ?2",
    )?
    .execute((session, row))?;
    let is_newest = tx
        .prepare_cached("SELECT 1 FROM sessions WHERE id = ?1 AND context_turn = ?2")?
        .exists((session, row))?;
    if !is_newest {
        return Ok(());
    }
    let (turn, context) = newest_context(tx, session)?.unzip();
    tx.prepare_cached("UPDATE sessions SET context = ?2, context_turn = ?3 WHERE id = ?1")?
        .execute((session, context, turn))?;
    Ok(())
}

/// The newest turn of the main agent that was counted, among the last of a session.
fn newest_context(tx: &Transaction<'_>, session: i64) -> Result<Option<(i64, i64)>, StoreError> {
    let sql = format!(
        "SELECT t.id, t.signs, e.operation, {}, e.input_tokens
            + coalesce(e.cache_read_tokens, 0) + coalesce(e.cache_write_tokens, 0)
        FROM turns AS t JOIN exchanges AS e ON e.id = t.id
        WHERE t.session = ?1 ORDER BY t.id DESC LIMIT {LOOKED_THROUGH}",
        text_of("agent")
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query([session])?;
    while let Some(row) = rows.next()? {
        let agent: Option<Box<str>> = row.get(3)?;
        let operation = operation_from_number(row.get(2)?);
        let kind = Signs::from_number(row.get(1)?).kind(operation, agent.as_deref());
        if let (TurnKind::Main, Some(context)) = (kind, row.get(4)?) {
            return Ok(Some((row.get(0)?, context)));
        }
    }
    Ok(None)
}

/// Sets when a session began and ended anew, or removes it when nothing is left of it.
fn bounds(tx: &Transaction<'_>, session: i64) -> Result<(), StoreError> {
    let removed = tx
        .prepare_cached("DELETE FROM sessions WHERE id = ?1 AND requests <= 0")?
        .execute([session])?;
    if removed > 0 {
        tx.prepare_cached("DELETE FROM session_parts WHERE session = ?1")?
            .execute([session])?;
        return Ok(());
    }
    let turn = |order: &str| -> Result<Option<(i64, Option<u64>)>, StoreError> {
        let sql = format!(
            "SELECT id, (SELECT duration_us FROM exchanges AS e WHERE e.id = turns.id)
             FROM turns WHERE session = ?1 ORDER BY id {order} LIMIT 1"
        );
        let read = |r: &Row<'_>| Ok((r.get(0)?, r.get(1)?));
        Ok(tx
            .prepare_cached(&sql)?
            .query_row([session], read)
            .optional()?)
    };
    if let (Some((first, _)), Some((newest, duration))) = (turn("ASC")?, turn("DESC")?) {
        let last = ended(newest / ROWS_PER_US, duration);
        tx.prepare_cached(
            "UPDATE sessions SET started = ?2, last = ?3, models = coalesce(
                (SELECT group_concat(DISTINCT char(10) || lower(model) || char(10))
                 FROM session_parts WHERE session = ?1 AND model <> ''), '')
             WHERE id = ?1",
        )?
        .execute((session, first / ROWS_PER_US, last))?;
    }
    Ok(())
}

/// Counts exchanges that an earlier process left open as errors of their sessions.
pub(crate) fn interrupt(tx: &Transaction<'_>, open: &[i64]) -> Result<(), StoreError> {
    let mut statement = tx.prepare(&entry_sql("e.id = ?1"))?;
    for row in open {
        let (_, _, entry) = statement.query_row([row], stored)?;
        let Some(entry) = entry else { continue };
        tx.prepare_cached(
            "UPDATE sessions SET errors = errors + 1 WHERE id = ?1
                AND EXISTS (SELECT 1 FROM turns WHERE session = ?1 AND turns.id = ?2)",
        )?
        .execute((entry.session, row))?;
    }
    Ok(())
}

/// Forgets all sessions.
pub(crate) const CLEAR: &str = "DELETE FROM sessions; DELETE FROM session_parts;
    DELETE FROM turns; DELETE FROM leads; DELETE FROM session_rebuild;";

/// Takes up a few more exchanges of a database that has none of these sums; gives whether there is
/// more to do. The newest come first.
pub(crate) fn rebuild(tx: &Transaction<'_>) -> Result<bool, StoreError> {
    let next: Option<i64> = tx
        .query_row("SELECT next FROM session_rebuild", [], |row| row.get(0))
        .optional()?;
    let Some(next) = next else { return Ok(false) };
    let sql = entry_sql(&format!("e.id <= ?1 ORDER BY e.id DESC LIMIT {STEP}"));
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map([next], stored)?;
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    let mut sums = Sums::new(tx)?;
    for (_, state, entry) in &rows {
        let Some(entry) = entry else { continue };
        let ends = has_ended(*state);
        sums.add(entry, News { begins: true, ends })?;
        if !ends && entry.is_error {
            tx.prepare_cached("UPDATE sessions SET errors = errors + 1 WHERE id = ?1")?
                .execute([entry.session])?;
        }
    }
    match rows.last() {
        Some((row, ..)) if rows.len() == STEP => {
            tx.execute("UPDATE session_rebuild SET next = ?1", [row - 1])?;
            Ok(true)
        }
        _ => {
            tx.execute("DELETE FROM session_rebuild", [])?;
            Ok(false)
        }
    }
}
