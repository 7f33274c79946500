//! What the database keeps of sessions beside their exchanges: sums that the writer keeps right as
//! exchanges begin, end and are removed.

use rusqlite::{CachedStatement, OptionalExtension, Row, Transaction, params};
use weir_wire::dialect::Operation;
use weir_wire::facts::request::Purpose;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use weir_core::prices::{Terms, class};

use crate::error::StoreError;
use crate::recorder::ROWS_PER_US;
use crate::summary::{State, Summary, Tokens, operation_from_number};
use crate::turns::{Signs, TurnKind};

/// Exchanges taken up in one step when the sums are made for an older database.
const STEP: usize = 250;

/// What makes exchanges one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grouping {
    /// The id that the client gave.
    Session = 0,
    /// The hash of the conversation's first words.
    Conversation = 1,
}

impl Grouping {
    /// The name used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Conversation => "conversation",
        }
    }

    pub(crate) fn from_number(number: i64) -> Self {
        if number == 0 {
            Self::Session
        } else {
            Self::Conversation
        }
    }
}

/// The number of a session.
pub(crate) fn key(grouping: Grouping, name: &str) -> i64 {
    let seed = grouping as u64;
    xxh3_64_with_seed(name.as_bytes(), seed).cast_signed()
}

/// Which half of an exchange is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct News {
    /// It has just got a row.
    pub begins: bool,
    /// It has just ended.
    pub ends: bool,
}

/// An exchange as its session sees it.
#[derive(Debug)]
pub(crate) struct Entry {
    row: i64,
    session: i64,
    grouping: Grouping,
    name: Box<str>,
    client: Option<Box<str>>,
    agent: Box<str>,
    model: Box<str>,
    provider: Box<str>,
    title: Option<(Box<str>, i64)>,
    signs: Signs,
    operation: Operation,
    is_error: bool,
    started_us: i64,
    ended_us: i64,
    tokens: Tokens,
}

/// Whether an exchange counts as an error.
fn is_error(state: State, status: Option<u16>) -> bool {
    let broken = match state {
        State::Open | State::Complete => false,
        State::Interrupted
        | State::ClientGone
        | State::UpstreamBroke
        | State::GatewayError
        | State::Lost => true,
    };
    broken || status.is_some_and(|status| status >= 400)
}

/// Whether exchanges of this operation belong to conversations.
fn converses(operation: Operation) -> bool {
    match operation {
        Operation::Generate | Operation::GenerateStream | Operation::CountTokens => true,
        Operation::Embeddings | Operation::Models | Operation::Other => false,
    }
}

impl Entry {
    /// None for an exchange that is part of no session.
    pub(crate) fn of(row: i64, s: &Summary) -> Option<Self> {
        let (grouping, name) = match (&s.session, &s.conversation_hash) {
            (Some(session), _) => (Grouping::Session, session.clone()),
            (None, Some(hash)) => (Grouping::Conversation, hash.clone()),
            (None, None) => return None,
        };
        if !converses(s.operation) {
            return None;
        }
        let kind = s.signs.kind(s.operation, s.agent.as_deref());
        let words = s.opening_words.clone().filter(|_| kind == TurnKind::Main);
        let made = s.made_title.clone().map(|title| (title, 2));
        let model = s.routed_model.clone().or_else(|| s.model.clone());
        Some(Self {
            row,
            session: key(grouping, &name),
            grouping,
            name,
            client: s.client_kind.clone(),
            agent: s.agent.clone().unwrap_or_default(),
            model: model.unwrap_or_default(),
            provider: s.provider.as_ref().into(),
            title: made.or_else(|| words.map(|words| (words, 1))),
            signs: s.signs,
            operation: s.operation,
            is_error: is_error(s.state, s.status),
            started_us: s.started_at_us,
            ended_us: ended(s.started_at_us, s.duration_us),
            tokens: s.tokens,
        })
    }

    /// The input side of the exchange, if it is a turn of the main agent that was counted.
    fn context(&self) -> Option<i64> {
        let main = self.signs.kind(self.operation, Some(&self.agent)) == TurnKind::Main;
        let t = &self.tokens;
        let sum = t.input? + t.cache_read.unwrap_or(0) + t.cache_write.unwrap_or(0);
        main.then_some(signed(sum))
    }
}

fn ended(started_us: i64, duration_us: Option<u64>) -> i64 {
    started_us.saturating_add(signed(duration_us.unwrap_or(0)))
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The statements that keep the sums, looked up once for a batch.
pub(crate) struct Sums<'tx> {
    session: CachedStatement<'tx>,
    turn: CachedStatement<'tx>,
    part: CachedStatement<'tx>,
}

const SESSION: &str = "INSERT INTO sessions (id, grouping, name, client, title, title_rank,
        started, last, requests, errors, context, context_turn, models)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
    ON CONFLICT (id) DO UPDATE SET
        client = coalesce(client, excluded.client),
        title = iif(excluded.title_rank > title_rank, excluded.title, title),
        title_rank = max(title_rank, excluded.title_rank),
        started = min(started, excluded.started),
        last = max(last, excluded.last),
        requests = requests + excluded.requests,
        errors = errors + excluded.errors,
        models = iif(instr(models, excluded.models) > 0 OR length(models) > 2000, models,
            models || excluded.models),
        context = iif(excluded.context_turn >= coalesce(context_turn, 0), excluded.context, context),
        context_turn = max(coalesce(context_turn, excluded.context_turn),
            coalesce(excluded.context_turn, context_turn))";

const TURN: &str = "INSERT OR IGNORE INTO turns (session, id, signs) VALUES (?1, ?2, ?3)";

const PART: &str = "INSERT INTO session_parts VALUES
        (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
    ON CONFLICT (session, agent, model, provider, band) DO UPDATE SET
        requests = requests + excluded.requests,
        started = min(started, excluded.started), last = max(last, excluded.last),
        input = input + excluded.input, output = output + excluded.output,
        cache_read = cache_read + excluded.cache_read,
        cache_write = cache_write + excluded.cache_write,
        cache_write_5m = cache_write_5m + excluded.cache_write_5m,
        cache_write_1h = cache_write_1h + excluded.cache_write_1h,
        reasoning = reasoning + excluded.reasoning, searches = searches + excluded.searches";

impl<'tx> Sums<'tx> {
    pub(crate) fn new(tx: &'tx Transaction<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            session: tx.prepare_cached(SESSION)?,
            turn: tx.prepare_cached(TURN)?,
            part: tx.prepare_cached(PART)?,
        })
    }

    /// Adds what is new of an exchange.
    pub(crate) fn add(&mut self, entry: &Entry, news: News) -> Result<(), StoreError> {
        let e = entry;
        if news.begins {
            self.turn.execute((e.session, e.row, e.signs.number()))?;
        }
        let context = e.context().filter(|_| news.ends);
        self.session.execute(params![
            e.session,
            e.grouping as i64,
            e.name,
            e.client,
            e.title.as_ref().map(|(title, _)| title),
            e.title.as_ref().map_or(0, |(_, rank)| *rank),
            e.started_us,
            e.ended_us,
            i64::from(news.begins),
            i64::from(news.ends && e.is_error),
            context,
            context.map(|_| e.row),
            models(e, news),
        ])?;
        if news.ends {
            self.part(e, 1)?;
        }
        Ok(())
    }

    /// Adds the tokens of an exchange, or takes them away.
    fn part(&mut self, e: &Entry, sign: i64) -> Result<(), StoreError> {
        let t = &e.tokens;
        let sum = |tokens: Option<u64>| sign * signed(tokens.unwrap_or(0));
        self.part.execute(params![
            e.session,
            e.agent,
            e.model,
            e.provider,
            class(t),
            sign,
            e.started_us,
            e.ended_us,
            sum(t.input),
            sum(t.output),
            sum(t.cache_read),
            sum(t.cache_write),
            sum(t.cache_write_5m),
            sum(t.cache_write_1h),
            sum(t.reasoning),
            sum(t.web_search_requests),
        ])?;
        Ok(())
    }
}

/// What an exchange that has ended adds to the models of its session.
fn models(entry: &Entry, news: News) -> String {
    if news.ends && !entry.model.is_empty() {
        format!("\n{}\n", entry.model.to_lowercase())
    } else {
        String::new()
    }
}

/// The exchange of a row with every string decoded.
const ENTRY: &str = "SELECT e.id, # session, e.conversation, # client_kind, # agent, # model,
        # routed_model, # provider, e.state, e.status, e.operation, e.duration_us, e.input_tokens,
        e.output_tokens, e.cache_read_tokens, e.cache_write_tokens, e.cache_write_5m_tokens,
        e.cache_write_1h_tokens, e.reasoning_tokens, e.web_search_requests, e.terms
    FROM exchanges AS e WHERE ";

/// [`ENTRY`] with a condition: `# column` becomes the column's text, known to the dictionary or not.
fn entry_sql(condition: &str) -> String {
    let mut sql = String::new();
    let mut parts = ENTRY.split("# ");
    sql.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_lowercase() && c != '_');
        let (column, rest) = part.split_at(end.unwrap_or(part.len()));
        sql.push_str(&format!(
            "iif(typeof(e.{column}) = 'integer',
                (SELECT CAST(text AS TEXT) FROM strings WHERE id = e.{column}), e.{column})"
        ));
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
    bounds(tx, entry.session)
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
    DELETE FROM turns; DELETE FROM session_rebuild;";

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

/// Whether the exchange asks for a title that is to name its session.
pub(crate) fn asks_for_title(summary: &Summary) -> bool {
    summary.signs.purpose == Purpose::Title && summary.session.is_some()
}
