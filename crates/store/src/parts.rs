//! The parts of the index of words. FTS5 does not stop within a phrase that never comes, nor while
//! it gathers the words with one beginning; what bounds a search is that every index is short.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension};

use crate::error::StoreError;

/// One index: the words of the exchanges from its first row up to the next part's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The first row that may be in it.
    pub first: i64,
    /// The table's name.
    pub table: String,
}

/// All parts, the oldest first; there is always one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts(Vec<Part>);

impl Parts {
    /// Reads which there are.
    pub(crate) fn load(db: &Connection) -> Result<Self, StoreError> {
        let mut statement =
            db.prepare_cached("SELECT id, first FROM words_parts ORDER BY first")?;
        let parts = statement.query_map([], |row| {
            Ok(Part {
                table: table(row.get(0)?),
                first: row.get(1)?,
            })
        })?;
        Ok(Self(parts.collect::<Result<_, _>>()?))
    }

    /// The one that a row is in.
    pub(crate) fn of(&self, row: i64) -> Option<&Part> {
        let behind = self.0.partition_point(|part| part.first <= row);
        self.0.get(behind.saturating_sub(1))
    }

    /// The newest.
    pub(crate) fn newest(&self) -> Option<&Part> {
        self.0.last()
    }

    /// The pieces of some rows that lie in one part each, newest first.
    pub(crate) fn pieces(&self, rows: &Range<i64>) -> Vec<Range<i64>> {
        let mut pieces = Vec::new();
        let mut end = rows.end;
        while rows.start < end {
            let first = self.of(end - 1).map_or(rows.start, |part| part.first);
            // Rows before the first part are in it too.
            let is_first = self.0.first().is_none_or(|oldest| oldest.first >= first);
            let start = if is_first {
                rows.start
            } else {
                first.max(rows.start)
            };
            pieces.push(start..end);
            end = start;
        }
        pieces
    }

    /// The parts from a row on, with the rows that each has, oldest first.
    pub(crate) fn from(&self, row: i64) -> impl Iterator<Item = (&Part, Range<i64>)> {
        let nexts = self.0.iter().skip(1).map(|next| next.first);
        let ends = nexts.chain([i64::MAX]);
        let all = self.0.iter().zip(ends);
        all.filter(move |(_, end)| *end > row)
            .map(move |(part, end)| (part, row..end))
    }

    /// Adds parts while the newest would have more than `most` exchanges; rows that it has words
    /// of stay in it.
    pub(crate) fn extend(&mut self, db: &Connection, most: u32) -> Result<(), StoreError> {
        while let Some(newest) = self.newest() {
            let sql = "SELECT id FROM exchanges WHERE id>=?1 ORDER BY id LIMIT 1 OFFSET ?2";
            let mut statement = db.prepare_cached(sql)?;
            let next = statement.query_row((newest.first, most.max(1)), |row| row.get(0));
            let Some(next): Option<i64> = next.optional()? else {
                break;
            };
            let sql = format!("SELECT max(id) FROM {}_docsize", newest.table);
            let last: Option<i64> = db.query_row(&sql, [], |row| row.get(0))?;
            let first = last.map_or(next, |last| next.max(last.saturating_add(1)));
            add(db, first)?;
            *self = Self::load(db)?;
        }
        Ok(())
    }

    /// Removes the parts that end before the oldest exchange.
    pub(crate) fn trim(&mut self, db: &Connection) -> Result<(), StoreError> {
        let sql = "SELECT coalesce(min(id), ?1) FROM exchanges";
        let newest = self.newest().map_or(0, |part| part.first);
        let oldest: i64 = db
            .prepare_cached(sql)?
            .query_row([newest], |row| row.get(0))?;
        while let [first, second, ..] = &self.0[..]
            && second.first <= oldest
        {
            remove(db, first)?;
            self.0.remove(0);
        }
        Ok(())
    }

    /// Removes all and begins anew.
    pub(crate) fn reset(db: &Connection) -> Result<(), StoreError> {
        for part in Self::load(db)?.0 {
            remove(db, &part)?;
        }
        add(db, 0)
    }
}

fn table(number: i64) -> String {
    format!("words_{number}")
}

/// Adds the first part, if there is none.
pub(crate) fn complete(db: &Connection) -> Result<(), StoreError> {
    match Parts::load(db)?.newest() {
        Some(_) => Ok(()),
        None => add(db, 0),
    }
}

/// Adds a part that has the rows from `first` on.
fn add(db: &Connection, first: i64) -> Result<(), StoreError> {
    let number = db
        .prepare_cached("INSERT INTO words_parts (first) VALUES (?)")?
        .insert([first])?;
    // The texts themselves are not kept twice.
    db.execute_batch(&format!(
        "CREATE VIRTUAL TABLE {} USING fts5 (
            text, content='', contentless_delete=1, tokenize=\"unicode61 remove_diacritics 2\")",
        table(number)
    ))?;
    Ok(())
}

fn remove(db: &Connection, part: &Part) -> Result<(), StoreError> {
    db.execute("DELETE FROM words_parts WHERE first=?", [part.first])?;
    db.execute_batch(&format!("DROP TABLE {}", part.table))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(firsts: &[i64]) -> Parts {
        let part = |&first: &i64| Part {
            first,
            table: table(first),
        };
        Parts(firsts.iter().map(part).collect())
    }

    #[test]
    fn rows_are_cut_where_parts_meet() {
        let parts = parts(&[5, 100, 200]);
        assert_eq!(parts.pieces(&(50..250)), [200..250, 100..200, 50..100]);
        assert_eq!(parts.pieces(&(0..101)), [100..101, 0..100]);
        assert!(parts.pieces(&(0..3)).iter().eq([&(0..3)]));
        assert_eq!(parts.pieces(&(7..7)), []);
        assert_eq!(parts.of(0).unwrap().table, "words_5");
        assert_eq!(parts.of(199).unwrap().table, "words_100");
        let rest: Vec<_> = parts
            .from(150)
            .map(|(part, rows)| (part.first, rows))
            .collect();
        assert_eq!(rest, [(100, 150..200), (200, 150..i64::MAX)]);
    }
}
