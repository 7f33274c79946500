//! Usage objects of one response, put together as they come.

use serde_json::{Map, Value};

use super::flat::Flat;
use super::members::{self, Members as _};
use super::{Usage, merge_raw};
use crate::dialect::Dialect;
use crate::scan::Cursor;

/// Largest usage object that is read, in bytes.
const MAX_USAGE: usize = 64 * 1024;

/// Words of a provider besides its counts that a price depends on.
const PRICED: [&str; 3] = ["speed", "inference_geo", "trafficType"];

/// Usage objects of one response, put together as they come.
#[derive(Clone, Debug)]
pub struct UsageMerge {
    dialect: Dialect,
    raw: Raw,
}

#[derive(Clone, Debug)]
enum Raw {
    /// All that was said.
    Tree(Map<String, Value>),
    /// The text of it, for who wants the counts.
    Flat(Flat),
}

impl UsageMerge {
    /// Nothing yet.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            raw: Raw::Tree(Map::new()),
        }
    }

    /// Nothing yet; counts, and what a price depends on besides, are all that is wanted. No tree is
    /// built for them.
    #[must_use]
    pub fn of_counts(dialect: Dialect) -> Self {
        Self {
            dialect,
            raw: Raw::Flat(Flat::default()),
        }
    }

    /// Whether counts are all that is wanted.
    #[must_use]
    pub fn counts_only(&self) -> bool {
        matches!(self.raw, Raw::Flat(_))
    }

    /// Takes the JSON of a usage object; anything else, and one over 64 KiB, is passed over.
    pub fn add(&mut self, json: &[u8]) {
        if json.len() > MAX_USAGE {
            return;
        }
        match &mut self.raw {
            Raw::Tree(raw) => {
                if let Ok(Value::Object(later)) = serde_json::from_slice(json) {
                    merge_raw(raw, later);
                }
            }
            Raw::Flat(raw) => {
                let mut whole = Cursor::new(json);
                whole.skip();
                if whole.at_end() {
                    raw.take(&mut Cursor::new(json), MAX_USAGE);
                }
            }
        }
    }

    /// The same for the value that comes next.
    pub(crate) fn take(&mut self, cursor: &mut Cursor<'_>) {
        match &mut self.raw {
            Raw::Tree(_) => self.add(cursor.value()),
            Raw::Flat(raw) => raw.take(cursor, MAX_USAGE),
        }
    }

    /// All of it; none when no usage object came.
    #[must_use]
    pub fn finish(self) -> Option<Usage> {
        match self.raw {
            Raw::Tree(raw) => (!raw.is_empty()).then(|| Usage::from_raw(self.dialect, raw)),
            Raw::Flat(raw) => (!raw.is_empty()).then(|| counts(self.dialect, &raw)),
        }
    }
}

fn counts(dialect: Dialect, raw: &Flat) -> Usage {
    let mut members = raw.members();
    let mut usage = members::read(dialect, &mut members);
    for name in PRICED {
        if let Some(word) = members.text(name) {
            usage.extra.insert(name.to_owned(), Value::String(word));
        }
    }
    usage
}
