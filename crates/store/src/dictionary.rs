//! Strings that many rows repeat, stored once and named by number. Bounded: only strings seen
//! several times are admitted, a few for each use, and the rest stay in their rows.

use std::cell::Cell;
use std::collections::HashMap;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Transaction};
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::error::StoreError;

/// Strings held altogether.
const MOST: usize = 8192;
/// Strings held for one use: one column, or one header's values.
const MOST_FOR_ONE_USE: u16 = 256;
/// Longest string that is admitted, in bytes.
const LONGEST: usize = 1024;
/// Sightings before a string is admitted.
const SIGHTINGS: u8 = 3;
/// Strings that may be under observation.
const MOST_OBSERVED: usize = 8192;

/// What a string is, which keeps the three apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A column's value.
    Plain = 0,
    /// A header's name.
    Name = 1,
    /// A header's name, NUL, and its value.
    Field = 2,
}

/// A coded column's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Code<'a> {
    /// The number of a string in the dictionary.
    Known(i64),
    /// A string that is not there.
    Text(&'a str),
}

impl ToSql for Code<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Known(id) => ToSqlOutput::from(*id),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

/// The writer's dictionary.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    known: HashMap<u128, i64>,
    observed: HashMap<u128, u8>,
    uses: HashMap<u64, u16>,
    next: i64,
    unsaved: Vec<(i64, Kind, Box<[u8]>)>,
}

impl Dictionary {
    /// Reads what is stored.
    pub(crate) fn load(db: &Connection) -> Result<Self, StoreError> {
        let mut this = Self {
            next: 1,
            ..Self::default()
        };
        let mut statement = db.prepare("SELECT id, kind, text FROM strings")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (id, kind): (i64, i64) = (row.get(0)?, row.get(1)?);
            let text = row.get_ref(2)?.as_blob().unwrap_or_default();
            this.known.insert(hash(kind, text), id);
            this.next = this.next.max(id + 1);
        }
        Ok(this)
    }

    /// The dictionary after everything was deleted. Numbers are not used again, so that a reader
    /// never takes an old string for a new one.
    pub(crate) fn emptied(&self) -> Self {
        Self {
            next: self.next,
            ..Self::default()
        }
    }

    /// The number of `text` if it is known; else counts the sighting and perhaps admits it.
    /// `usage` tells its uses apart.
    pub(crate) fn code(&mut self, kind: Kind, usage: u64, text: &[u8]) -> Option<i64> {
        if text.len() > LONGEST {
            return None;
        }
        let hash = hash(kind as i64, text);
        match self.known.get(&hash) {
            Some(&id) => Some(id),
            None => self.observe((kind, usage), hash, text),
        }
    }

    /// The coded form of a column's value.
    pub(crate) fn column<'a>(&mut self, column: u64, text: &'a str) -> Code<'a> {
        match self.code(Kind::Plain, column, text.as_bytes()) {
            Some(id) => Code::Known(id),
            None => Code::Text(text),
        }
    }

    fn observe(&mut self, (kind, usage): (Kind, u64), hash: u128, text: &[u8]) -> Option<i64> {
        if self.known.len() >= MOST {
            return None;
        }
        if self.observed.len() >= MOST_OBSERVED {
            self.observed.clear();
        }
        let seen = self.observed.entry(hash).or_default();
        *seen += 1;
        if *seen < SIGHTINGS {
            return None;
        }
        self.observed.remove(&hash);
        let uses = self.uses.entry(usage).or_default();
        if *uses >= MOST_FOR_ONE_USE {
            return None;
        }
        *uses += 1;
        let id = self.next;
        self.next += 1;
        self.known.insert(hash, id);
        self.unsaved.push((id, kind, text.into()));
        Some(id)
    }

    /// Writes what was admitted since the last commit, in the transaction that needs it.
    pub(crate) fn save(&self, tx: &Transaction<'_>) -> Result<(), StoreError> {
        for (id, kind, text) in &self.unsaved {
            tx.prepare_cached("INSERT OR IGNORE INTO strings (id, kind, text) VALUES (?, ?, ?)")?
                .execute((id, *kind as i64, text))?;
        }
        Ok(())
    }

    /// The transaction of [`Self::save`] is committed.
    pub(crate) fn saved(&mut self) {
        self.unsaved.clear();
    }
}

fn hash(kind: i64, text: &[u8]) -> u128 {
    xxh3_128_with_seed(text, kind.unsigned_abs())
}

/// The reader's dictionary.
#[derive(Debug, Default)]
pub(crate) struct Names {
    names: HashMap<i64, Box<[u8]>>,
    /// The largest number.
    newest: i64,
    missed: Cell<bool>,
}

impl Names {
    /// Reads what is stored.
    pub(crate) fn load(db: &Connection) -> Result<Self, StoreError> {
        let mut names = HashMap::new();
        let mut statement = db.prepare_cached("SELECT id, text FROM strings")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            names.insert(
                row.get(0)?,
                row.get_ref(1)?.as_blob().unwrap_or_default().into(),
            );
        }
        Ok(Self {
            newest: names.keys().copied().max().unwrap_or(0),
            names,
            missed: Cell::new(false),
        })
    }

    /// Notes whether the database has strings that are not known here. A filter has to know: it
    /// finds nothing of what goes by a number that it does not look for.
    pub(crate) fn compare(&self, db: &Connection) -> Result<(), StoreError> {
        let newest: Option<i64> = db
            .prepare_cached("SELECT max(id) FROM strings")?
            .query_row([], |row| row.get(0))?;
        if newest > Some(self.newest) {
            self.missed.set(true);
        }
        Ok(())
    }

    /// Whether a number was asked for that was not known: the writer has added strings since.
    pub(crate) fn missed(&self) -> bool {
        self.missed.get()
    }

    /// The numbers of the plain strings for which `wanted` holds.
    pub(crate) fn find(&self, wanted: impl Fn(&[u8]) -> bool) -> Vec<i64> {
        self.names
            .iter()
            .filter(|(_, text)| wanted(text))
            .map(|(&id, _)| id)
            .collect()
    }

    /// Every string that is text, by its number.
    pub(crate) fn all(&self) -> HashMap<i64, Box<str>> {
        let text = |text: &[u8]| std::str::from_utf8(text).ok().map(Into::into);
        self.names
            .iter()
            .filter_map(|(&id, name)| Some((id, text(name)?)))
            .collect()
    }

    /// The string of a number.
    pub(crate) fn get(&self, id: i64) -> Option<&[u8]> {
        let name = self.names.get(&id).map(AsRef::as_ref);
        if name.is_none() {
            self.missed.set(true);
        }
        name
    }

    /// The text of a coded column; none for NULL.
    pub(crate) fn text(&self, value: ValueRef<'_>) -> Option<Box<str>> {
        let bytes = match value {
            ValueRef::Integer(id) => self.get(id)?,
            ValueRef::Text(text) => text,
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => return None,
        };
        Some(String::from_utf8_lossy(bytes).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_admitted_when_it_repeats() {
        let mut dictionary = Dictionary {
            next: 1,
            ..Dictionary::default()
        };
        assert_eq!(dictionary.column(1, "claude"), Code::Text("claude"));
        assert_eq!(dictionary.column(1, "claude"), Code::Text("claude"));
        assert_eq!(dictionary.column(1, "claude"), Code::Known(1));
        assert_eq!(
            dictionary.code(Kind::Name, 1, b"claude"),
            None,
            "kinds are apart"
        );
    }

    #[test]
    fn changing_values_do_not_crowd_out_the_rest() {
        let mut dictionary = Dictionary {
            next: 1,
            ..Dictionary::default()
        };
        for i in 0..100_000 {
            let date = format!("date {i}");
            for _ in 0..4 {
                dictionary.column(1, &date);
            }
        }
        assert_eq!(dictionary.known.len(), usize::from(MOST_FOR_ONE_USE));
        for _ in 0..SIGHTINGS {
            dictionary.column(2, "other");
        }
        assert!(matches!(dictionary.column(2, "other"), Code::Known(_)));
        assert!(dictionary.observed.len() <= MOST_OBSERVED);
    }
}
