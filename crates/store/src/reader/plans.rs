//! How SQLite goes about what is asked, for people who look at what it costs.

use super::{View, figures, quotas, sessions, turns};
use crate::conversation::SessionQuery;
use crate::error::StoreError;

impl View {
    /// The steps of the questions that are always put in the same words.
    pub(super) fn plans(&self) -> Result<Vec<(&'static str, Vec<String>)>, StoreError> {
        let newest = SessionQuery::default();
        let filtered = SessionQuery {
            model: Some("part".into()),
            ..SessionQuery::default()
        };
        let asked = [
            ("figures", figures::SUMS.to_owned()),
            ("quotas", quotas::last_of()),
            ("sessions", sessions::example(&newest)),
            ("sessions of a model", sessions::example(&filtered)),
            ("turns of a session", turns::KNOWN.to_owned()),
            ("growth of a session", turns::GROWING.to_owned()),
        ];
        asked
            .into_iter()
            .map(|(name, sql)| Ok((name, self.steps(&sql)?)))
            .collect()
    }

    fn steps(&self, sql: &str) -> Result<Vec<String>, StoreError> {
        let mut statement = self.db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        // What is not bound is null, which the plan does not depend on.
        let mut rows = statement.raw_query();
        let mut steps = Vec::new();
        while let Some(row) = rows.next()? {
            steps.push(row.get(3)?);
        }
        Ok(steps)
    }
}
