//! Projects and tokens as JSON, and what a change of one says.

use axum::http::header::{ETAG, IF_MATCH};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;
use uuid::Uuid;
use weir_core::control::{BudgetSpec, LimitsSpec, RulesSpec, ScopeSpec, Spent};
use weir_store::control::{KeyRow, ProjectRow, TokenRow};

use crate::fault::Fault;

/// A tenant.
#[derive(Serialize, ToSchema)]
pub(super) struct Project {
    /// Its id.
    id: Uuid,
    /// Its name, which no other has.
    name: String,
    /// What is shown of its first key; none uses the gateway's.
    #[schema(required)]
    api_key: Option<String>,
    /// Its keys.
    keys: Vec<ProjectKey>,
    /// Whether its tokens work.
    is_active: bool,
    /// When it was switched off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    deactivated_at: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// What its tokens may ask for.
    rules: RulesSpec,
    /// How fast, all its tokens together.
    limits: LimitsSpec,
    /// How much, all its tokens together.
    budgets: Vec<BudgetSpec>,
    /// What was used in the periods that last.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Vec<PeriodUsage>>,
}

/// A provider's key of a project.
#[derive(Serialize, ToSchema)]
struct ProjectKey {
    id: Uuid,
    /// The provider.
    provider: String,
    /// What is shown of it.
    hint: String,
    /// When it was added.
    #[schema(format = DateTime)]
    created_at: String,
}

/// What was used in a period.
#[derive(Serialize, ToSchema)]
pub(super) struct PeriodUsage {
    /// `day`, `week`, `month` or `lifetime`.
    period: &'static str,
    /// US dollars.
    usd: f64,
    /// Tokens, input and output.
    tokens: u64,
}

impl From<&Spent> for PeriodUsage {
    fn from(spent: &Spent) -> Self {
        Self {
            period: spent.period.as_str(),
            usd: spent.amounts.money.dollars(),
            tokens: spent.amounts.tokens,
        }
    }
}

impl Project {
    pub(super) fn with_usage(mut self, spent: &[Spent]) -> Self {
        self.usage = Some(spent.iter().map(PeriodUsage::from).collect());
        self
    }
}

impl From<ProjectRow> for Project {
    fn from(row: ProjectRow) -> Self {
        let key = |key: KeyRow| ProjectKey {
            id: key.id,
            provider: key.provider,
            hint: key.hint,
            created_at: time(key.created_us),
        };
        Self {
            id: row.id,
            name: row.name,
            api_key: row.keys.first().map(|key| key.hint.clone()),
            keys: row.keys.into_iter().map(key).collect(),
            is_active: row.is_active,
            deactivated_at: row.deactivated_us.map(time),
            created_at: time(row.created_us),
            updated_at: time(row.updated_us),
            rules: row.spec.rules,
            limits: row.spec.limits,
            budgets: row.spec.budgets,
            usage: None,
        }
    }
}

/// What a project has handed out.
#[derive(Serialize, ToSchema)]
pub(super) struct Token {
    /// Its id, which is no secret.
    id: Uuid,
    /// What is shown of its secret.
    token: String,
    /// What people call it.
    #[schema(required)]
    name: Option<String>,
    /// The project.
    project_id: Uuid,
    /// The token that it was made from and cannot outdo.
    #[schema(required)]
    parent_id: Option<Uuid>,
    /// When it stops to work.
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
    /// Whether it was not revoked.
    is_active: bool,
    /// When it was revoked.
    #[schema(required, format = DateTime)]
    deactivated_at: Option<String>,
    /// Requests that were let through to a provider.
    request_count: u64,
    /// Requests that it is good for.
    #[schema(required)]
    max_requests: Option<u64>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last used.
    #[schema(required, format = DateTime)]
    last_used_at: Option<String>,
    /// Requests that were answered from the cache.
    cache_hit_count: u64,
    /// What it may ask for, besides what its project allows.
    rules: RulesSpec,
    /// How fast.
    limits: LimitsSpec,
    /// How much.
    budgets: Vec<BudgetSpec>,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.id,
            token: row.hint,
            name: row.name,
            project_id: row.project,
            parent_id: row.parent,
            expires_at: row.expires_us.map(time),
            is_active: row.is_active,
            deactivated_at: row.deactivated_us.map(time),
            request_count: row.request_count,
            max_requests: row.max_requests,
            created_at: time(row.created_us),
            last_used_at: row.last_used_us.map(time),
            cache_hit_count: row.cache_hit_count,
            rules: row.spec.rules,
            limits: row.spec.limits,
            budgets: row.spec.budgets,
        }
    }
}

/// A change of what a project or a token may do. A member that is left out stays; one that is there
/// takes the place of all that it held.
pub(super) struct SpecEdit {
    rules: Option<RulesSpec>,
    limits: Option<LimitsSpec>,
    budgets: Option<Vec<BudgetSpec>>,
}

impl SpecEdit {
    pub(super) fn new(
        rules: Option<RulesSpec>,
        limits: Option<LimitsSpec>,
        budgets: Option<Vec<BudgetSpec>>,
    ) -> Self {
        Self {
            rules,
            limits,
            budgets,
        }
    }

    /// What it makes of `before`; none if it changes nothing.
    pub(super) fn of(self, before: impl FnOnce() -> ScopeSpec) -> Option<ScopeSpec> {
        if self.rules.is_none() && self.limits.is_none() && self.budgets.is_none() {
            return None;
        }
        let before = before();
        Some(ScopeSpec {
            rules: self.rules.unwrap_or(before.rules),
            limits: self.limits.unwrap_or(before.limits),
            budgets: self.budgets.unwrap_or(before.budgets),
        })
    }

    /// What it says by itself.
    pub(super) fn whole(self) -> ScopeSpec {
        ScopeSpec {
            rules: self.rules.unwrap_or_default(),
            limits: self.limits.unwrap_or_default(),
            budgets: self.budgets.unwrap_or_default(),
        }
    }
}

/// A body, read so that a fault says what is wrong with it.
pub(super) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Fault> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let fault =
        |error: &serde_json::Error| Fault::bad("invalid request body").because(error.to_string());
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let fault = fault(error.inner());
        // A dot is the body itself.
        if path == "." {
            fault
        } else {
            fault.of_field(path)
        }
    })?;
    json.end().map_err(|error| fault(&error))?;
    Ok(value)
}

/// The header that tells the state of something from other states of it.
pub(super) fn tag(version: i64) -> [(HeaderName, String); 1] {
    [(ETAG, format!("\"v{version}\""))]
}

/// The state that a change is for, where `If-Match` names one.
pub(super) fn expected(headers: &HeaderMap) -> Result<Option<i64>, Fault> {
    let Some(value) = headers.get(IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text
        .strip_prefix("\"v")
        .and_then(|rest| rest.strip_suffix('"'));
    version
        .and_then(|version| version.parse().ok())
        .map(Some)
        .ok_or_else(|| {
            let message = "`If-Match` is not an `ETag` that was given out here";
            Fault::new(StatusCode::PRECONDITION_FAILED, message)
        })
}

/// A change that came too late is 412 where it named a state.
pub(super) fn late(expected: Option<i64>, fault: Fault) -> Fault {
    if expected.is_some() && fault.status() == StatusCode::CONFLICT {
        return fault.with_status(StatusCode::PRECONDITION_FAILED);
    }
    fault
}

pub(super) fn time(us: i64) -> String {
    Timestamp::from_microsecond(us).map_or_else(|_| String::new(), |time| time.to_string())
}

/// An id in a path.
pub(super) fn id(text: &str, what: &str) -> Result<Uuid, Fault> {
    text.parse()
        .map_err(|_| Fault::new(StatusCode::NOT_FOUND, format!("{what} not found")))
}
