//! The writer's book of figures: which key an exchange counts for, and the sums that it changes, in
//! the transaction that ends the exchange.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};
use weir_core::grade::CLASS;

use super::grains::{GRAINS, first};
use super::{OTHER, Sums, quarter};
use crate::error::StoreError;
use crate::summary::Summary;

/// Most keys; what is new past them is counted as [`OTHER`].
const MOST_KEYS: usize = 4096;
/// Sums kept in memory, so that the next exchange of the same stretch need not read them.
const MOST_RECENT: usize = 512;
const QUARTERS_A_DAY: i64 = 96;
/// Days that figures are kept.
const KEPT_DAYS: i64 = 800;
/// Days that readings of quotas are kept.
const KEPT_QUOTA_DAYS: i64 = 90;
/// Longest name in a key, in bytes.
const LONGEST: usize = 256;

/// What figures are kept apart by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub provider: Box<str>,
    pub model: Box<str>,
    pub client: Box<str>,
    pub agent: Box<str>,
    pub subagent: Box<str>,
    /// A project's id; empty for none.
    pub project: Box<str>,
    /// 2 to 5 for a hundred, 429, 0 for none.
    pub status: u16,
}

impl Key {
    fn of(s: &Summary) -> Self {
        let name = |text: &str| {
            let end = text.floor_char_boundary(LONGEST);
            text.get(..end).unwrap_or_default().into()
        };
        let is_main = s.agent.is_none() && s.subagent.is_none();
        let subagent = s.subagent.as_deref().or(s.agent_type.as_deref());
        Self {
            provider: name(&s.provider),
            model: name(s.asked_model().unwrap_or_default()),
            client: name(s.client_kind.as_deref().unwrap_or_default()),
            agent: if is_main { "main" } else { "subagent" }.into(),
            subagent: name(subagent.unwrap_or_default()),
            project: name(s.project.as_deref().unwrap_or_default()),
            status: match s.status {
                Some(429) => 429,
                Some(status) => status / 100,
                None => 0,
            },
        }
    }

    /// Where all goes that has no room of its own.
    fn folded(self) -> Self {
        Self {
            provider: OTHER.into(),
            model: OTHER.into(),
            client: OTHER.into(),
            agent: "main".into(),
            subagent: "".into(),
            project: if self.project.is_empty() { "" } else { OTHER }.into(),
            status: self.status,
        }
    }

    /// The status in words.
    pub(crate) fn status(&self) -> &'static str {
        match self.status {
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            5 => "5xx",
            429 => "429",
            _ => "none",
        }
    }

    /// Every key by its number.
    pub(crate) fn load(db: &Connection) -> Result<Vec<(i64, Self)>, StoreError> {
        let sql = "SELECT id, provider, model, client, agent, subagent, status, project
            FROM figure_keys";
        let mut statement = db.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            let key = Self {
                provider: row.get(1)?,
                model: row.get(2)?,
                client: row.get(3)?,
                agent: row.get(4)?,
                subagent: row.get(5)?,
                status: row.get(6)?,
                project: row.get(7)?,
            };
            Ok((row.get(0)?, key))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Which sums: how many quarters they are of, the first of these, and the number of the key.
type Place = (i64, i64, i64);

/// The writer's book.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// None until it has been read.
    keys: Option<HashMap<Key, i64>>,
    recent: HashMap<Place, Sums>,
    /// The newest day, counted from 1970, that the old was removed for.
    day: i64,
}

impl Ledger {
    /// What was written may not be in the database: everything is read again when needed.
    pub(crate) fn doubt(&mut self) {
        *self = Self::default();
    }

    /// Counts exchanges that have ended, in the transaction that `db` is in. If that is not
    /// committed, [`Self::doubt`] must follow. What a judge of prompts was asked is nobody's work
    /// and is not counted.
    pub(crate) fn add<'a>(
        &mut self,
        db: &Connection,
        ended: impl Iterator<Item = &'a Summary>,
    ) -> Result<(), StoreError> {
        let mut quarters: HashMap<(i64, i64), Sums> = HashMap::new();
        let counted = ended.filter(|summary| summary.class.as_deref() != Some(CLASS));
        for summary in counted {
            let key = self.number(db, Key::of(summary))?;
            let at = (quarter(summary.started_at_us), key);
            quarters.entry(at).or_default().add(summary);
        }
        let newest = quarters.keys().map(|(quarter, _)| *quarter).max();
        let mut more: HashMap<Place, Sums> = HashMap::with_capacity(quarters.len() * GRAINS.len());
        for ((quarter, key), sums) in quarters {
            for grain in GRAINS {
                let at = (grain, first(quarter, grain), key);
                more.entry(at).or_default().merge(&sums);
            }
        }
        if self.recent.len() + more.len() > MOST_RECENT {
            self.recent.clear();
        }
        for (at, more) in more {
            self.merge(db, at, more)?;
        }
        newest.map_or(Ok(()), |quarter| self.forget_old(db, quarter))
    }

    /// Removes what is too old, once a day.
    fn forget_old(&mut self, db: &Connection, quarter: i64) -> Result<(), StoreError> {
        let day = quarter / QUARTERS_A_DAY;
        if day <= self.day {
            return Ok(());
        }
        self.day = day;
        let oldest = (day - KEPT_DAYS) * QUARTERS_A_DAY;
        for grain in GRAINS {
            let sql = "DELETE FROM figures WHERE grain=? AND quarter<?";
            db.execute(sql, [grain, oldest])?;
        }
        let oldest_ms = (day - KEPT_QUOTA_DAYS) * 86_400_000;
        db.execute("DELETE FROM quota_readings WHERE time<?", [oldest_ms])?;
        Ok(())
    }

    fn merge(&mut self, db: &Connection, at: Place, more: Sums) -> Result<(), StoreError> {
        let sums = match self.recent.remove(&at) {
            Some(mut sums) => {
                sums.merge(&more);
                sums
            }
            None => {
                let sql = "SELECT sums FROM figures WHERE grain=? AND quarter=? AND key=?";
                let stored: Option<Vec<u8>> = db
                    .prepare_cached(sql)?
                    .query_row(at, |row| row.get(0))
                    .optional()?;
                let mut sums = more;
                let stored = stored.unwrap_or_default();
                if !stored.is_empty() && sums.merge_encoded(&stored, true).is_none() {
                    tracing::warn!(quarter = at.1, "figures cannot be read and begin anew");
                }
                sums
            }
        };
        let sql = "INSERT OR REPLACE INTO figures (grain, quarter, key, sums) VALUES (?, ?, ?, ?)";
        db.prepare_cached(sql)?
            .execute((at.0, at.1, at.2, sums.encode()))?;
        self.recent.insert(at, sums);
        Ok(())
    }

    /// The number of a key, a new one if there is room.
    fn number(&mut self, db: &Connection, key: Key) -> Result<i64, StoreError> {
        let known = match &mut self.keys {
            Some(keys) => keys,
            none => {
                let loaded = Key::load(db)?.into_iter().map(|(id, key)| (key, id));
                none.insert(loaded.collect())
            }
        };
        if let Some(&id) = known.get(&key) {
            return Ok(id);
        }
        // A few more are left for the folded ones, which differ in their status only.
        let key = if known.len() < MOST_KEYS {
            key
        } else {
            key.folded()
        };
        if let Some(&id) = known.get(&key) {
            return Ok(id);
        }
        let sql = "INSERT INTO figure_keys
            (provider, model, client, agent, subagent, project, status)
            VALUES (?, ?, ?, ?, ?, ?, ?)";
        let id = db.prepare_cached(sql)?.insert((
            &key.provider,
            &key.model,
            &key.client,
            &key.agent,
            &key.subagent,
            &key.project,
            key.status,
        ))?;
        known.insert(key, id);
        Ok(id)
    }
}
