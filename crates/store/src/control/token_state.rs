//! What tokens are good for, one by one and in numbers.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::db::{Statement, text};
use super::{ControlError, ControlStore, TokenRow};

/// The tokens of a project in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// All that there are.
    pub total: u64,
    /// Those that are neither revoked nor too old nor used up.
    pub active: u64,
    /// Requests of all of them that were let through.
    pub requests: u64,
}

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// For requests, as far as its project and its ancestors let it.
    Active,
    /// For none: it was revoked.
    Revoked,
    /// For none: its time is over.
    Expired,
    /// For none: its cap of requests is reached.
    UsedUp,
}

impl TokenState {
    fn of((is_active, expires_us): (bool, Option<i64>), left: Option<u64>, now_us: i64) -> Self {
        if !is_active {
            Self::Revoked
        } else if expires_us.is_some_and(|expires| expires <= now_us) {
            Self::Expired
        } else if left == Some(0) {
            Self::UsedUp
        } else {
            Self::Active
        }
    }
}

impl TokenRow {
    /// What it is good for at this moment.
    #[must_use]
    pub fn state(&self) -> TokenState {
        let left = left(self.max_requests, self.request_count);
        TokenState::of((self.is_active, self.expires_us), left, super::now_us())
    }
}

/// Requests that a cap leaves.
fn left(most: Option<u64>, count: u64) -> Option<u64> {
    most.map(|most| most.saturating_sub(count))
}

impl ControlStore {
    /// The tokens of each project that has any in numbers, or of one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn token_counts(
        &self,
        project: Option<Uuid>,
    ) -> Result<HashMap<Uuid, TokenCounts>, ControlError> {
        let select =
            "SELECT project_id, is_active, expires_us, max_requests, request_count FROM tokens";
        let query = match project {
            Some(id) => Statement::new(format!("{select} WHERE project_id = ?"))
                .with([text(id.to_string())]),
            None => Statement::new(select),
        };
        let now = super::now_us();
        let mut counts: HashMap<Uuid, TokenCounts> = HashMap::new();
        for row in self.db.rows(query).await? {
            let requests = row.count(4)?;
            let left = left(cap(row.maybe_int(3)?), requests);
            let state = TokenState::of((row.int(1)? != 0, row.maybe_int(2)?), left, now);
            let of = counts.entry(row.parsed(0)?).or_default();
            of.total += 1;
            of.active += u64::from(state == TokenState::Active);
            of.requests = of.requests.saturating_add(requests);
        }
        Ok(counts)
    }
}

/// A cap as it is stored; 0 is none.
pub(super) fn cap(stored: Option<i64>) -> Option<u64> {
    stored
        .and_then(|most| u64::try_from(most).ok())
        .filter(|most| *most > 0)
}
