//! What was used: kept in sums, so that several nodes can add to them.

use std::collections::HashMap;

use uuid::Uuid;
use weir_core::control::{Amounts, Change, Money, Period, ScopeId, Spent};

use super::db::{Done, Row, Statement, Value, int, text};
use super::{Account, ControlError, ControlStore, as_int};

impl ControlStore {
    /// Adds what was used to what is stored, all or none.
    ///
    /// # Errors
    /// When the database fails; then nothing was added.
    pub async fn add_usage(&self, changes: &[Change]) -> Result<(), ControlError> {
        let mut statements = Vec::new();
        // In one order on every node, so that two that add to the same rows do not wait for each other.
        let mut changes: Vec<&Change> = changes.iter().collect();
        changes.sort_by_cached_key(|change| change.scope.to_string());
        for change in changes {
            if let ScopeId::Token(id) = change.scope {
                let update = "UPDATE tokens SET request_count = request_count + ?, \
                              last_used_us = CASE WHEN last_used_us IS NULL OR last_used_us < ? THEN ? \
                              ELSE last_used_us END WHERE id = ?";
                let last = int(change.last_used_ms.saturating_mul(1000));
                statements.push(Statement::new(update).with([
                    as_int(change.requests),
                    last.clone(),
                    last,
                    text(id.to_string()),
                ]));
            }
            for spent in &change.spent {
                statements.push(self.add_spent(change.scope, spent));
            }
        }
        if statements.is_empty() {
            return Ok(());
        }
        match self.db.all(statements).await? {
            Done::All(_) => Ok(()),
            Done::Not(_) | Done::Duplicate(_) => Err(ControlError::Conflict(
                "what was used was not stored".into(),
            )),
        }
    }

    fn add_spent(&self, scope: ScopeId, spent: &Spent) -> Statement {
        let keys = [
            ("scope", text(scope.to_string())),
            ("period", text(spent.period.as_str())),
            ("start_s", int(spent.start)),
        ];
        let tokens = i64::try_from(spent.amounts.tokens).unwrap_or(i64::MAX);
        let sums = [("nano_usd", spent.amounts.money.0), ("tokens", tokens)];
        self.db.add_to("spending", &keys, &sums)
    }

    /// Adds answers from the cache to what is stored of tokens.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_cache_hits(&self, hits: &HashMap<Uuid, u64>) -> Result<(), ControlError> {
        let update = "UPDATE tokens SET cache_hit_count = cache_hit_count + ? WHERE id = ?";
        // In one order on every node, as in `add_usage`.
        let mut hits: Vec<_> = hits.iter().collect();
        hits.sort_unstable();
        let statements = hits
            .into_iter()
            .map(|(id, count)| Statement::new(update).with([as_int(*count), text(id.to_string())]));
        self.db.all(statements.collect()).await.map(drop)
    }

    /// What was used of every scope of which something was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn usage(&self) -> Result<Vec<Account>, ControlError> {
        let query = "SELECT id, request_count FROM tokens WHERE request_count > 0";
        let mut requests = HashMap::new();
        for row in &self.db.rows(Statement::new(query)).await? {
            if let Ok(id) = row.text(0)?.parse() {
                requests.insert(id, row.count(1)?);
            }
        }
        self.accounts(requests).await
    }

    /// What was used of every scope: in the periods that last, and by the tokens of `requests`.
    pub(super) async fn accounts(
        &self,
        requests: HashMap<Uuid, u64>,
    ) -> Result<Vec<Account>, ControlError> {
        let mut spent = self.all_spent().await?;
        let mut accounts = Vec::new();
        for (id, requests) in requests.into_iter().filter(|(_, count)| *count > 0) {
            let scope = ScopeId::Token(id);
            accounts.push(Account {
                scope,
                requests,
                spent: spent.remove(&scope).unwrap_or_default(),
            });
        }
        accounts.extend(spent.into_iter().map(|(scope, spent)| Account {
            scope,
            requests: 0,
            spent,
        }));
        Ok(accounts)
    }

    /// What was used of every scope in the periods that last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn all_spent(&self) -> Result<HashMap<ScopeId, Vec<Spent>>, ControlError> {
        let rows = self.db.rows(lasting(super::now_us() / 1000)).await?;
        by_scope(&rows)
    }

    /// What was used of one scope in the periods that last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn spent(&self, scope: ScopeId) -> Result<Vec<Spent>, ControlError> {
        let mut query = lasting(super::now_us() / 1000);
        query.sql.push_str(" AND scope = ?");
        let rows = self.db.rows(query.with([text(scope.to_string())])).await?;
        Ok(by_scope(&rows)?.remove(&scope).unwrap_or_default())
    }
}

/// Sums by what they are of.
fn by_scope(rows: &[Row]) -> Result<HashMap<ScopeId, Vec<Spent>>, ControlError> {
    let mut all: HashMap<ScopeId, Vec<Spent>> = HashMap::new();
    for row in rows {
        if let Some((scope, spent)) = read(row)? {
            all.entry(scope).or_default().push(spent);
        }
    }
    Ok(all)
}

/// The sums of the periods that last at a moment.
fn lasting(now_ms: i64) -> Statement {
    let each = Period::ALL
        .map(|_| "(period = ? AND start_s = ?)")
        .join(" OR ");
    let values = Period::ALL.into_iter().flat_map(|period| {
        let start: [Value; 2] = [text(period.as_str()), int(period.start(now_ms))];
        start
    });
    Statement::new(format!(
        "SELECT scope, period, start_s, nano_usd, tokens FROM spending WHERE ({each})"
    ))
    .with(values)
}

/// A sum; none if it is of something that this weir does not know.
fn read(row: &Row) -> Result<Option<(ScopeId, Spent)>, ControlError> {
    let (scope, period) = (ScopeId::parse(&row.text(0)?), Period::parse(&row.text(1)?));
    let (Some(scope), Some(period)) = (scope, period) else {
        return Ok(None);
    };
    let spent = Spent {
        period,
        start: row.int(2)?,
        amounts: Amounts {
            money: Money(row.int(3)?),
            tokens: row.count(4)?,
        },
    };
    Ok(Some((scope, spent)))
}
