//! The turns of a session: what each is, and which earlier one it follows.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{OptionalExtension, Row};
use uuid::Uuid;
use weir_wire::dialect::Operation;

use super::View;
use super::row::{COLUMNS, summary};
use crate::conversation::Turn;
use crate::error::StoreError;
use crate::model::RequestSummary;
use crate::summary::{State, Summary, operation_from_number};
use crate::turns::{Related, Signs, Told, TurnKind, relate};
use crate::varint;

/// Turns before a page, at most, among which those that it follows are looked for.
const MOST_BEFORE: u32 = 2000;

/// A page of turns.
pub(super) struct TurnPage {
    pub turns: Vec<Turn>,
    pub total: u64,
    pub agents: BTreeMap<String, Seen>,
}

/// What the turns say of an agent.
pub(super) struct Seen {
    pub parent: Option<String>,
    pub agent_type: Option<String>,
    pub subagent: Option<String>,
    pub first: String,
    pub last: String,
}

/// A turn's row.
struct Known {
    row: i64,
    id: String,
    parent: Option<Box<str>>,
    agent_type: Option<Box<str>>,
    subagent: Option<Box<str>>,
    told: Told,
}

pub(super) const KNOWN: &str =
    "SELECT t.id, t.signs, e.uuid, e.state, e.status, e.operation, e.agent,
        e.parent_agent, r.digest, r.base, r.messages, e.agent_type, e.subagent
    FROM turns AS t JOIN exchanges AS e ON e.id = t.id LEFT JOIN requests AS r ON r.id = t.id
    WHERE t.session = ?1 ORDER BY t.id LIMIT ?2 OFFSET ?3";

/// The turns of a session with what tells their kinds.
pub(super) const GROWING: &str = "SELECT t.id, t.signs, e.operation, e.agent FROM turns AS t
    JOIN exchanges AS e ON e.id = t.id WHERE t.session = ?1 ORDER BY t.id";

/// Fingerprints that are known already, by row.
type Prints = HashMap<i64, Vec<u64>>;

impl View {
    /// One page of a session's turns, oldest first.
    pub(super) fn turns(
        &self,
        session: i64,
        (offset, limit): (u32, u32),
    ) -> Result<TurnPage, StoreError> {
        let total = self.turn_count(session)?;
        let from = offset.saturating_sub(MOST_BEFORE);
        let known = self.known(session, (from, offset - from + limit))?;
        let told: Vec<Told> = known.iter().map(|known| known.told.clone()).collect();
        let related = relate(&told);
        let summaries = self.turn_summaries(session, (offset, limit))?;
        let id_of = |at: Option<usize>| at.and_then(|at| known.get(at)).map(|k| k.id.clone());
        let placed: HashMap<i64, &Related> =
            known.iter().map(|known| known.row).zip(&related).collect();
        let turns = summaries.iter().filter_map(|(row, summary)| {
            let related = placed.get(row)?;
            Some(Turn {
                request: RequestSummary::of(summary, &self.prices),
                kind: related.kind.as_str(),
                relation: related.relation.as_str(),
                extends: id_of(related.extends),
                new_from: related.new_from,
                retry_of: id_of(related.retry_of),
            })
        });
        Ok(TurnPage {
            turns: turns.collect(),
            total,
            agents: agents(&known),
        })
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

    fn known(&self, session: i64, (offset, limit): (u32, u32)) -> Result<Vec<Known>, StoreError> {
        let mut prints = Prints::new();
        let mut known = Vec::new();
        let mut statement = self.db.prepare_cached(KNOWN)?;
        let mut rows = statement.query((session, limit, offset))?;
        while let Some(row) = rows.next()? {
            known.push(self.known_turn(row, &mut prints)?);
        }
        Ok(known)
    }

    fn known_turn(&self, row: &Row<'_>, prints: &mut Prints) -> Result<Known, StoreError> {
        let number: i64 = row.get(0)?;
        let text = |at: usize| Ok::<_, StoreError>(self.names.text(row.get_ref(at)?));
        let agent = text(6)?.unwrap_or_default();
        let (base, messages): (Option<i64>, Option<Vec<u8>>) = (row.get(9)?, row.get(10)?);
        let fresh = self.prints_of((base, messages), prints)?;
        prints.insert(number, fresh.clone());
        let signs = Signs::from_number(row.get(1)?);
        let operation: Operation = operation_from_number(row.get(5)?);
        let (state, status) = (
            State::from_number(row.get(3)?),
            row.get::<_, Option<u16>>(4)?,
        );
        let failed = !matches!(state, State::Open | State::Complete);
        Ok(Known {
            row: number,
            id: Uuid::from_bytes(row.get(2)?).to_string(),
            parent: text(7)?,
            agent_type: text(11)?,
            subagent: text(12)?,
            told: Told {
                kind: signs.kind(operation, Some(&agent)),
                signs,
                agent,
                started_us: number / crate::recorder::ROWS_PER_US,
                has_failed: failed || status.is_some_and(|status| status >= 400),
                digest: row.get(8)?,
                prints: fresh,
            },
        })
    }

    /// All fingerprints of a request: those that it shares with the one it builds on, and its own.
    fn prints_of(
        &self,
        (base, messages): (Option<i64>, Option<Vec<u8>>),
        known: &Prints,
    ) -> Result<Vec<u64>, StoreError> {
        let Some(messages) = messages else {
            return Ok(Vec::new());
        };
        let mut rest = &messages[..];
        let shared = varint::take(&mut rest).and_then(|n| usize::try_from(n).ok());
        let shared = shared.unwrap_or(0);
        let mut all = match (shared, base.and_then(|base| known.get(&base))) {
            (0, _) => Vec::new(),
            (_, Some(earlier)) => earlier.clone(),
            (_, None) => self.prints_of(self.stored_prints(base)?, known)?,
        };
        all.truncate(shared);
        let fresh = rest.as_chunks::<8>().0.iter();
        all.extend(fresh.map(|print| u64::from_le_bytes(*print)));
        Ok(all)
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

fn agents(known: &[Known]) -> BTreeMap<String, Seen> {
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    for turn in known {
        let agent = seen
            .entry(turn.told.agent.to_string())
            .or_insert_with(|| Seen {
                parent: None,
                agent_type: None,
                subagent: None,
                first: turn.id.clone(),
                last: turn.id.clone(),
            });
        agent.last.clone_from(&turn.id);
        let fields = [
            (&mut agent.parent, &turn.parent),
            (&mut agent.agent_type, &turn.agent_type),
            (&mut agent.subagent, &turn.subagent),
        ];
        for (field, told) in fields {
            if field.is_none() {
                *field = told.as_deref().map(str::to_owned);
            }
        }
    }
    seen
}
