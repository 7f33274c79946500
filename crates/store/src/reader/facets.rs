//! What there is to filter by, and which exchanges lie beside one.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rusqlite::params_from_iter;
use rusqlite::types::{Value, ValueRef};
use uuid::Uuid;

use super::View;
use super::walk::Stop;
use crate::error::StoreError;
use crate::find::{Facet, Facets, Filters, Neighbours};

/// Time to count in.
const TO_COUNT: Duration = Duration::from_millis(40);
/// Most values told of each kind.
const MOST: usize = 100;
/// Most different values that are told apart while counting; the rest are not counted.
const MOST_COUNTED: usize = 10_000;

/// How often each value of one column came.
#[derive(Default)]
struct Tally {
    codes: HashMap<i64, u64>,
    texts: HashMap<Box<str>, u64>,
}

impl Tally {
    fn add(&mut self, value: ValueRef<'_>) {
        let room = self.codes.len() + self.texts.len() < MOST_COUNTED;
        match value {
            ValueRef::Integer(code) => {
                if let Some(count) = self.codes.get_mut(&code) {
                    *count += 1;
                } else if room {
                    self.codes.insert(code, 1);
                }
            }
            ValueRef::Text(text) => {
                let text = String::from_utf8_lossy(text);
                if let Some(count) = self.texts.get_mut(&*text) {
                    *count += 1;
                } else if room {
                    self.texts.insert(text.into(), 1);
                }
            }
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => {}
        }
    }

    /// The most frequent first. `name` says what a number stands for.
    fn facets(self, name: impl Fn(i64) -> Option<Box<str>>) -> Vec<Facet> {
        let mut all = self.texts;
        for (code, count) in self.codes {
            if let Some(name) = name(code) {
                *all.entry(name).or_default() += count;
            }
        }
        let mut facets: Vec<Facet> = all
            .into_iter()
            .map(|(value, count)| Facet {
                value: value.into(),
                count,
            })
            .collect();
        facets.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
        facets.truncate(MOST);
        facets
    }
}

impl View {
    pub(super) fn facets(&self, filters: &Filters) -> Result<Facets, StoreError> {
        const COLUMNS: &str = "e.id, e.model, e.provider, e.client_kind, e.agent, e.stop_reason,
            e.status, e.subagent, e.project";
        let condition = self.condition(filters)?;
        let mut tallies: [Tally; 8] = Default::default();
        let mut counted = 0;
        let deadline = Instant::now() + TO_COUNT;
        let stop = self.walk(&condition, (&condition.range, false), deadline, |window| {
            let sql = condition.select(COLUMNS, window, (u32::MAX.into(), 0));
            let mut statement = self.db.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(condition.values(window)))?;
            while let Some(row) = rows.next()? {
                for (tally, at) in tallies.iter_mut().zip(1..) {
                    tally.add(row.get_ref(at)?);
                }
                counted += 1;
            }
            Ok(true)
        })?;
        let name = |code| self.names.text(ValueRef::Integer(code));
        let number = |code: i64| Some(code.to_string().into());
        let [
            models,
            providers,
            clients,
            agents,
            stop_reasons,
            statuses,
            subagents,
            projects,
        ] = tallies;
        Ok(Facets {
            models: models.facets(name),
            providers: providers.facets(name),
            clients: clients.facets(name),
            agents: agents.facets(name),
            stop_reasons: stop_reasons.facets(name),
            statuses: statuses.facets(number),
            subagents: subagents.facets(name),
            projects: projects.facets(name),
            counted,
            complete: stop == Stop::End,
        })
    }

    pub(super) fn neighbours(&self, id: &str) -> Result<Option<Neighbours>, StoreError> {
        let Some((row, summary)) = self.find(id)? else {
            return Ok(None);
        };
        let edge = |sql: &str| -> Result<Option<i64>, StoreError> {
            Ok(self
                .db
                .prepare_cached(sql)?
                .query_row([row], |r| r.get(0))?)
        };
        let mut found = Neighbours {
            previous: self.uuid_of(edge("SELECT max(id) FROM exchanges WHERE id<?1")?)?,
            next: self.uuid_of(edge("SELECT min(id) FROM exchanges WHERE id>?1")?)?,
            ..Neighbours::default()
        };
        if let Some(session) = &summary.session {
            let codes = self.codes(session);
            let index = "FROM exchanges INDEXED BY exchanges_session WHERE session=?2";
            let before = self.beside(&format!("SELECT max(id) {index} AND id<?1"), row, &codes)?;
            let after = self.beside(&format!("SELECT min(id) {index} AND id>?1"), row, &codes)?;
            found.previous_in_session = self.uuid_of(before.max())?;
            found.next_in_session = self.uuid_of(after.min())?;
        }
        Ok(Some(found))
    }

    /// What a query gives for each of some values.
    fn beside(
        &self,
        sql: &str,
        row: i64,
        codes: &[Value],
    ) -> Result<impl Iterator<Item = i64> + use<>, StoreError> {
        let mut statement = self.db.prepare_cached(sql)?;
        let found = codes
            .iter()
            .map(|code| statement.query_row((row, code), |r| r.get::<_, Option<i64>>(0)))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().flatten())
    }

    pub(super) fn uuid_of(&self, row: Option<i64>) -> Result<Option<String>, StoreError> {
        let Some(row) = row else { return Ok(None) };
        let mut statement = self
            .db
            .prepare_cached("SELECT uuid FROM exchanges WHERE id=?1")?;
        let uuid: [u8; 16] = statement.query_row([row], |r| r.get(0))?;
        Ok(Some(Uuid::from_bytes(uuid).to_string()))
    }
}
