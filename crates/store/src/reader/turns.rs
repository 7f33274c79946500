//! The turns of a session: what each is, and which earlier one it follows.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Row};
use uuid::Uuid;
use weir_wire::client::TurnMetadata;
use weir_wire::dialect::Operation;

use super::View;
use super::detail::first;
use super::row::{COLUMNS, summary};
use crate::conversation::Turn;
use crate::error::StoreError;
use crate::model::RequestSummary;
use crate::recorder::lineage::mark_of_launch;
use crate::summary::{State, Summary, operation_from_number};
use crate::turns::{Forest, Node, Related, Signs, Told, TurnKind, lane, relate};
use crate::varint;

/// Turns before a page, at most, among which those that it follows are looked for.
const MOST_BEFORE: u32 = 2000;
/// Most agents of one session that are told of.
const MOST_AGENTS: u32 = 2000;

/// A page of turns.
pub(super) struct TurnPage {
    pub turns: Vec<Turn>,
    pub total: u64,
}

/// What the turns say of an agent.
pub(super) struct Seen {
    pub parent: Option<String>,
    pub agent_type: Option<String>,
    pub subagent: Option<String>,
    pub started_by: Option<String>,
    pub first: String,
    pub last: String,
}

/// What the turns of a session say of its agents. The first of each tells.
const AGENTS: &str =
    "SELECT f.agent, f.parent_agent, kind, sub, lower(hex(f.conversation)), oldest,
        newest
    FROM (SELECT min(t.id) AS oldest, max(t.id) AS newest, max(e.agent_type) AS kind,
            max(e.subagent) AS sub
        FROM turns AS t JOIN exchanges AS e ON e.id = t.id
        WHERE t.session = ?1 GROUP BY e.agent LIMIT ?2)
    JOIN exchanges AS f ON f.id = oldest";

/// A turn's row.
struct Known {
    row: i64,
    id: String,
}

/// The conversations of turns that were read.
#[derive(Default)]
struct Grove {
    forest: Forest,
    /// By row: the end of what the request sent.
    bodies: HashMap<i64, Node>,
    /// By row: its place among the turns, and the end of its conversation.
    tips: HashMap<i64, (usize, Node)>,
}

/// How many messages are those of another request, and the fingerprints of the others.
fn parted(messages: &[u8]) -> (usize, Vec<u64>) {
    let mut rest = messages;
    let shared = varint::take(&mut rest).and_then(|n| usize::try_from(n).ok());
    let fresh = rest.as_chunks::<8>().0.iter();
    let fresh = fresh.map(|print| u64::from_le_bytes(*print)).collect();
    (shared.unwrap_or(0), fresh)
}

pub(super) const KNOWN: &str =
    "SELECT t.id, t.signs, e.uuid, e.state, e.status, e.operation, e.agent,
        r.digest, r.base, r.messages, t.follows
    FROM turns AS t JOIN exchanges AS e ON e.id = t.id LEFT JOIN requests AS r ON r.id = t.id
    WHERE t.session = ?1 ORDER BY t.id LIMIT ?2 OFFSET ?3";

/// The turns of a session with what tells their kinds.
pub(super) const GROWING: &str = "SELECT t.id, t.signs, e.operation, e.agent FROM turns AS t
    JOIN exchanges AS e ON e.id = t.id WHERE t.session = ?1 ORDER BY t.id";

impl View {
    /// One page of a session's turns, oldest first.
    pub(super) fn turns(
        &self,
        session: i64,
        (offset, limit): (u32, u32),
    ) -> Result<TurnPage, StoreError> {
        let total = self.turn_count(session)?;
        let from = offset.saturating_sub(MOST_BEFORE);
        let (known, told, mut forest) = self.known(session, (from, offset - from + limit))?;
        let related = relate(&told, &mut forest);
        let summaries = self.turn_summaries(session, (offset, limit))?;
        let id_of = |at: Option<usize>| at.and_then(|at| known.get(at)).map(|k| k.id.clone());
        let placed: HashMap<i64, &Related> =
            known.iter().map(|known| known.row).zip(&related).collect();
        let turns = summaries.iter().filter_map(|(row, summary)| {
            let related = placed.get(row)?;
            Some(self.prompt_of(*row).map(|prompt_id| Turn {
                prompt_id,
                request: RequestSummary::of(summary, &self.prices),
                kind: related.kind.as_str(),
                relation: related.relation.as_str(),
                extends: id_of(related.extends),
                new_from: related.new_from,
                retry_of: id_of(related.retry_of),
            }))
        });
        Ok(TurnPage {
            turns: turns.collect::<Result<_, _>>()?,
            total,
        })
    }

    /// What the client calls the user's prompt that brought a request about.
    fn prompt_of(&self, row: i64) -> Result<Option<String>, StoreError> {
        let headers = self.request_headers(row)?;
        if let Some(prompt) = first(&headers, "x-claude-code-prompt-id") {
            return Ok(Some(prompt));
        }
        let metadata = first(&headers, TurnMetadata::HEADER.as_str()).unwrap_or_default();
        let turn = TurnMetadata::read(metadata.as_bytes()).turn;
        Ok(turn.map(str::to_owned))
    }

    fn turn_count(&self, session: i64) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM turns WHERE session = ?1";
        Ok(self
            .db
            .prepare_cached(sql)?
            .query_row([session], |row| row.get(0))?)
    }

    /// The exchanges of a page of turns.
    fn turn_summaries(
        &self,
        session: i64,
        (offset, limit): (u32, u32),
    ) -> Result<Vec<(i64, Summary)>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM turns AS t JOIN exchanges AS e ON e.id = t.id
            WHERE t.session = ?1 ORDER BY t.id LIMIT ?2 OFFSET ?3"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows =
            statement.query_map((session, limit, offset), |row| summary(row, &self.names))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The turns of a page and those before it, with their conversations.
    fn known(
        &self,
        session: i64,
        (offset, limit): (u32, u32),
    ) -> Result<(Vec<Known>, Vec<Told>, Forest), StoreError> {
        let (mut known, mut told) = (Vec::new(), Vec::new());
        let mut grove = Grove::default();
        let mut statement = self.db.prepare_cached(KNOWN)?;
        let mut rows = statement.query((session, limit, offset))?;
        while let Some(row) = rows.next()? {
            told.push(self.told(row, &mut grove)?);
            known.push(Known {
                row: row.get(0)?,
                id: Uuid::from_bytes(row.get(2)?).to_string(),
            });
        }
        Ok((known, told, grove.forest))
    }

    fn told(&self, row: &Row<'_>, grove: &mut Grove) -> Result<Told, StoreError> {
        let number: i64 = row.get(0)?;
        let signs = Signs::from_number(row.get(1)?);
        let operation: Operation = operation_from_number(row.get(5)?);
        let agent = self.names.text(row.get_ref(6)?).unwrap_or_default();
        let kind = signs.kind(operation, Some(&agent));
        let (state, status) = (
            State::from_number(row.get(3)?),
            row.get::<_, Option<u16>>(4)?,
        );
        let failed = !matches!(state, State::Open | State::Complete);
        let follows = row.get::<_, Option<i64>>(10)?;
        let follows = follows.and_then(|row| grove.tips.get(&row)).copied();
        let root = lane(&mut grove.forest, kind, &agent);
        let own = self.own_tip(row, root, grove)?;
        let tip = match follows {
            // Only what is new was sent: the rest is the other's.
            Some((_, before)) => {
                let prints = grove.forest.prints(own);
                let count = grove.forest.depth(before);
                let before = grove.forest.beginning(root, before, count);
                grove.forest.grow(before, prints)
            }
            None => own,
        };
        let told = Told {
            kind,
            signs,
            agent,
            started_us: number / crate::recorder::ROWS_PER_US,
            has_failed: failed || status.is_some_and(|status| status >= 400),
            digest: row.get(7)?,
            tip,
            follows: follows.map(|(at, _)| at),
        };
        grove.bodies.insert(number, own);
        grove.tips.insert(number, (grove.tips.len(), tip));
        Ok(told)
    }

    /// The end of what a request itself sent: the messages that it shares with the one whose body
    /// it builds on, and its own.
    fn own_tip(&self, row: &Row<'_>, root: Node, grove: &mut Grove) -> Result<Node, StoreError> {
        let (base, messages): (Option<i64>, Option<Vec<u8>>) = (row.get(8)?, row.get(9)?);
        let forest = &mut grove.forest;
        let Some(messages) = messages else {
            return Ok(root);
        };
        let (shared, fresh) = parted(&messages);
        match base.and_then(|base| grove.bodies.get(&base)) {
            Some(tip) if shared > 0 => {
                let beginning = forest.beginning(root, *tip, shared);
                Ok(forest.grow(beginning, fresh))
            }
            _ => {
                let all = self.prints_of((base, Some(messages)))?;
                Ok(forest.grow(root, all))
            }
        }
    }

    /// All fingerprints of a request: those that it shares with the one whose body it builds on,
    /// and its own.
    fn prints_of(
        &self,
        (mut base, mut messages): (Option<i64>, Option<Vec<u8>>),
    ) -> Result<Vec<u64>, StoreError> {
        // From the newest back to one that shares nothing; put together the other way round.
        let mut chain = Vec::new();
        while let Some(own) = messages.take() {
            let (shared, fresh) = parted(&own);
            chain.push((shared, fresh));
            if shared > 0 {
                (base, messages) = self.stored_prints(base)?;
            }
        }
        let mut all = Vec::new();
        for (shared, fresh) in chain.into_iter().rev() {
            all.truncate(shared);
            all.extend(fresh);
        }
        Ok(all)
    }

    /// What all turns of a session say of its agents, by name; the main one has none.
    pub(super) fn agents_of(
        &self,
        session: i64,
        name: &str,
    ) -> Result<HashMap<String, Seen>, StoreError> {
        let starters = self.starters(session)?;
        let mut statement = self.db.prepare_cached(AGENTS)?;
        let mut rows = statement.query((session, MOST_AGENTS))?;
        let mut found = HashMap::new();
        while let Some(row) = rows.next()? {
            let text = |at: usize| Ok::<_, StoreError>(self.names.text(row.get_ref(at)?));
            let owned = |at: usize| text(at).map(|text| text.map(str::into_string));
            let agent = owned(0)?.unwrap_or_default();
            let opening: String = row.get(4)?;
            let starter = (!agent.is_empty())
                .then(|| starters.get(&mark_of_launch(name, &opening)))
                .flatten();
            let (oldest, newest): (i64, i64) = (row.get(5)?, row.get(6)?);
            let seen = Seen {
                parent: owned(1)?,
                agent_type: owned(2)?,
                subagent: owned(3)?,
                started_by: self.uuid_of(starter.copied())?,
                first: self.uuid_of(Some(oldest))?.unwrap_or_default(),
                last: self.uuid_of(Some(newest))?.unwrap_or_default(),
            };
            found.insert(agent, seen);
        }
        Ok(found)
    }

    /// The turns whose answers start agents, by what the agents begin with.
    fn starters(&self, session: i64) -> Result<HashMap<u128, i64>, StoreError> {
        let sql = "SELECT l.mark, l.id FROM turns AS t JOIN leads AS l ON l.id = t.id
            WHERE t.session = ?1 AND l.call IS NOT NULL LIMIT ?2";
        let mut statement = self.db.prepare_cached(sql)?;
        let found = statement.query_map((session, MOST_AGENTS), |row| {
            Ok((u128::from_le_bytes(row.get(0)?), row.get(1)?))
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn stored_prints(
        &self,
        row: Option<i64>,
    ) -> Result<(Option<i64>, Option<Vec<u8>>), StoreError> {
        let sql = "SELECT base, messages FROM requests WHERE id = ?1";
        let found = self
            .db
            .prepare_cached(sql)?
            .query_row([row], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        // A body builds on an older one only, so this comes to an end.
        let older = found.filter(|(base, _): &(Option<i64>, _)| *base < row);
        Ok(older.unwrap_or((None, None)))
    }

    /// The rows of turns of conversations, which grow: of the main agent, or of the one named.
    pub(super) fn growing(
        &self,
        session: i64,
        agent: Option<&str>,
    ) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.db.prepare_cached(GROWING)?;
        let mut rows = statement.query([session])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let signs = Signs::from_number(row.get(1)?);
            let named = self.names.text(row.get_ref(3)?);
            let kind = signs.kind(operation_from_number(row.get(2)?), named.as_deref());
            let is_wanted = match agent {
                None => kind == TurnKind::Main,
                Some(_) => kind == TurnKind::Subagent && named.as_deref() == agent,
            };
            if is_wanted {
                found.push(row.get(0)?);
            }
        }
        Ok(found)
    }
}
