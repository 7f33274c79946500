//! Sessions by what was said in them: the index of words is looked through from the newest exchange
//! on, as long as its time allows, and the list goes on in what was not looked through.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rusqlite::params_from_iter;
use rusqlite::types::Value;
use weir_wire::dialect::Operation;

use super::View;
use crate::conversation::Searched;
use crate::error::StoreError;
use crate::find::Filters;
use crate::find::text::Words;
use crate::parts::Parts;
use crate::reader::row::conversation;
use crate::reader::walk::Stop;
use crate::sessions::session_of;
use crate::summary::operation_from_number;

/// Time to look through words.
const TO_SEARCH: Duration = Duration::from_millis(60);
/// Time to look again through what an earlier page was made of.
const AGAIN: Duration = Duration::from_secs(2);
/// Sessions found at once, after which the rest is left for the next look.
const MOST_FOUND: usize = 4000;

/// What tells of which session an exchange is.
const COLUMNS: &str = "e.id, e.session, e.conversation, e.operation";

/// What a search for words comes to.
pub(super) struct Hits {
    /// What it adds to a condition on sessions.
    pub term: String,
    pub values: Vec<Value>,
    /// What of the index was looked through.
    pub searched: Option<Searched>,
    /// Whether there is nothing older to look through.
    pub complete: bool,
}

impl View {
    /// The sessions whose title, id or exchanges have what was typed, as a condition whose
    /// parameters follow on `count` others.
    pub(super) fn hits(
        &self,
        typed: Option<&str>,
        searched: Option<Searched>,
        count: usize,
    ) -> Result<Hits, StoreError> {
        let Some(typed) = typed.map(str::trim).filter(|typed| !typed.is_empty()) else {
            return Ok(Hits {
                term: String::new(),
                values: Vec::new(),
                searched: None,
                complete: true,
            });
        };
        let (typed_at, keys_at) = (count + 1, count + 2);
        let named = format!(
            "(instr(lower(coalesce(title, '')), ?{typed_at}) > 0
                OR instr(lower(name), ?{typed_at}) > 0)"
        );
        let mut values = vec![Value::Text(typed.to_lowercase())];
        let Some(query) = query(typed) else {
            return Ok(Hits {
                term: format!(" AND {named}"),
                values,
                searched: None,
                complete: true,
            });
        };
        let (keys, from) = self.with_words(typed, searched)?;
        values.push(Value::Text(json(&keys)));
        let found = format!("id IN (SELECT value FROM json_each(?{keys_at}))");
        let term = match searched.filter(|searched| searched.below < i64::MAX) {
            None => format!(" AND ({named} OR {found})"),
            // Those that were found before, in what is newer, are not found again.
            Some(before) => {
                values.extend([Value::Text(query), Value::Integer(before.below)]);
                let newer = self.newer(before.below, (count + 3, count + 4))?;
                format!(" AND {found} AND NOT {named}{newer}")
            }
        };
        let below = searched.map_or(i64::MAX, |searched| searched.below);
        Ok(Hits {
            term,
            values,
            searched: Some(Searched {
                below,
                from: Some(from),
            }),
            complete: from <= 0,
        })
    }

    /// The condition that no exchange of a session has the words from a row on.
    fn newer(&self, below: i64, (query, row): (usize, usize)) -> Result<String, StoreError> {
        let parts = Parts::load(&self.db)?;
        let looks = parts.from(below).map(|(part, _)| {
            let words = &part.table;
            format!(
                " AND NOT EXISTS (SELECT 1 FROM turns AS t WHERE t.session = sessions.id
                    AND t.id >= ?{row} AND EXISTS (SELECT 1 FROM {words}
                        WHERE {words} MATCH ?{query} AND {words}.rowid = t.id))"
            )
        });
        Ok(looks.collect())
    }

    /// The keys of sessions that have exchanges with the words, and the oldest row that was looked
    /// at; 0 when nothing is left.
    fn with_words(
        &self,
        typed: &str,
        searched: Option<Searched>,
    ) -> Result<(HashSet<i64>, i64), StoreError> {
        let known = searched.and_then(|searched| searched.from);
        let range = known.unwrap_or(0)..searched.map_or(i64::MAX, |searched| searched.below);
        let time = if known.is_some() { AGAIN } else { TO_SEARCH };
        let mut keys = HashSet::new();
        let mut low = range.end;
        let filters = Filters {
            text: Some(typed.to_owned()),
            ..Filters::default()
        };
        let condition = self.condition(&filters)?;
        let deadline = Instant::now() + time;
        let stop = self.walk(&condition, (&range, false), deadline, |window| {
            // A look that is cut short counts for nothing: the next one begins there.
            let mut here = HashSet::new();
            let sql = condition.select(COLUMNS, window, (u32::MAX.into(), 0));
            let mut statement = self.db.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(condition.values(window)))?;
            while let Some(row) = rows.next()? {
                let session = self.names.text(row.get_ref(1)?);
                let hash: Option<Vec<u8>> = row.get(2)?;
                let hash = hash.map(|bytes| conversation(&bytes));
                let operation: Operation = operation_from_number(row.get(3)?);
                here.extend(session_of(operation, session.as_deref(), hash.as_deref()));
            }
            keys.extend(here);
            low = window.start;
            Ok(keys.len() < MOST_FOUND)
        })?;
        let from = match stop {
            Stop::End => known.unwrap_or(0),
            Stop::Enough => low,
            Stop::Time(at) => at,
        };
        Ok((keys, from))
    }
}

/// What was typed in the words of the index; none when that asks for nothing.
fn query(typed: &str) -> Option<String> {
    let words = Words::parse(typed);
    let wanted = words.wanted?;
    Some(match words.unwanted {
        Some(unwanted) => format!("({wanted}) NOT ({unwanted})"),
        None => wanted,
    })
}

fn json(keys: &HashSet<i64>) -> String {
    let keys: Vec<String> = keys.iter().map(i64::to_string).collect();
    format!("[{}]", keys.join(","))
}
