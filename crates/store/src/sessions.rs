//! What the database keeps of sessions beside their exchanges: sums that the writer keeps right as
//! exchanges begin, end and are removed.

use rusqlite::{CachedStatement, Transaction, params};
use weir_wire::dialect::Operation;
use weir_wire::facts::request::Purpose;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use weir_core::prices::class;

use crate::error::StoreError;
use crate::summary::{State, Summary, Tokens};
use crate::turns::{Signs, TurnKind};

mod stored;

pub(crate) use stored::{CLEAR, forget, interrupt, rebuild, text_of};

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
    /// The row that it goes on from, where the request says so.
    follows: Option<i64>,
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

/// The number of the session that an exchange is part of, if it is part of one.
pub(crate) fn session_of(
    operation: Operation,
    session: Option<&str>,
    conversation: Option<&str>,
) -> Option<i64> {
    let own = session.map(|name| key(Grouping::Session, name));
    let told = || conversation.map(|name| key(Grouping::Conversation, name));
    own.or_else(told).filter(|_| converses(operation))
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
            follows: None,
            signs: s.signs,
            operation: s.operation,
            is_error: is_error(s.state, s.status),
            started_us: s.started_at_us,
            ended_us: ended(s.started_at_us, s.duration_us),
            tokens: s.tokens,
        })
    }

    /// The same, going on from the exchange of a row.
    pub(crate) fn following(self, follows: Option<i64>) -> Self {
        Self { follows, ..self }
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
        started, last, requests, errors, context, context_turn, models, title_turn)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
    ON CONFLICT (id) DO UPDATE SET
        client = coalesce(client, excluded.client),
        title = iif(excluded.title_rank > title_rank, excluded.title, title),
        title_turn = iif(excluded.title_rank > title_rank, excluded.title_turn, title_turn),
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

const TURN: &str = "INSERT OR IGNORE INTO turns (session, id, signs, follows)
    VALUES (?1, ?2, ?3, ?4)";

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
            self.turn
                .execute((e.session, e.row, e.signs.number(), e.follows))?;
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
            e.title.as_ref().map(|_| e.row),
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

/// Whether the exchange asks for a title that is to name its session.
pub(crate) fn asks_for_title(summary: &Summary) -> bool {
    summary.signs.purpose == Purpose::Title && summary.session.is_some()
}
