//! Projects and tokens as JSON, and what a change of one says.

use axum::http::header::{ETAG, IF_MATCH};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;
use uuid::Uuid;
use weir_core::control::{BudgetSpec, LimitsSpec, Period, RulesSpec, ScopeId, Spent};
use weir_store::control::{
    ControlError, ControlStore, KeyRow, ProjectRow, TokenCounts, TokenRow, TokenState,
};

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
    /// What was used of each budget in the period that lasts.
    usage: Vec<PeriodUsage>,
    /// Its tokens.
    tokens: TokenNumbers,
    /// Requests of all its tokens that were let through to a provider.
    request_count: u64,
}

/// Tokens in numbers.
#[derive(Serialize, ToSchema)]
struct TokenNumbers {
    /// All that there are.
    total: u64,
    /// Those that are neither revoked nor expired nor used up.
    active: u64,
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

/// What was used of a budget in the period that lasts.
#[derive(Serialize, ToSchema)]
pub(super) struct PeriodUsage {
    /// Which.
    period: Period,
    /// US dollars.
    usd: f64,
    /// Tokens, input and output.
    tokens: u64,
    /// When the next one begins; a lifetime has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    resets_at: Option<String>,
}

/// What was used of each of `budgets`.
fn usage(budgets: &[BudgetSpec], spent: &[Spent]) -> Vec<PeriodUsage> {
    let now_ms = Timestamp::now().as_millisecond();
    let of = |budget: &BudgetSpec| {
        let period = budget.period;
        let found = spent.iter().find(|one| one.period == period);
        let amounts = found.map(|one| one.amounts).unwrap_or_default();
        PeriodUsage {
            period,
            usd: amounts.money.dollars(),
            tokens: amounts.tokens,
            resets_at: period
                .end(now_ms)
                .map(|end| time(end.saturating_mul(1_000_000))),
        }
    };
    budgets.iter().map(of).collect()
}

impl Project {
    /// With what its tokens have used.
    pub(super) async fn read(store: &ControlStore, row: ProjectRow) -> Result<Self, Fault> {
        let spent = store.spent(ScopeId::Project(row.id)).await?;
        let counts = store.token_counts(Some(row.id)).await?.remove(&row.id);
        Ok(Self::new(row, &spent, counts.unwrap_or_default()))
    }

    /// The same of all of them.
    pub(super) async fn read_all(store: &ControlStore) -> Result<Vec<Self>, Fault> {
        let (spent, counts) = (store.all_spent().await?, store.token_counts(None).await?);
        let of = |row: ProjectRow| {
            let spent = spent.get(&ScopeId::Project(row.id));
            let counts = counts.get(&row.id).copied().unwrap_or_default();
            Self::new(row, spent.map_or(&[], Vec::as_slice), counts)
        };
        Ok(store.projects().await?.into_iter().map(of).collect())
    }

    pub(super) fn new(row: ProjectRow, spent: &[Spent], counts: TokenCounts) -> Self {
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
            usage: usage(&row.spec.budgets, spent),
            budgets: row.spec.budgets,
            tokens: TokenNumbers {
                total: counts.total,
                active: counts.active,
            },
            request_count: counts.requests,
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
    /// What it is good for.
    state: TokenState,
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
    /// What was used of each budget in the period that lasts.
    usage: Vec<PeriodUsage>,
}

impl Token {
    /// With what it has used.
    pub(super) async fn read(store: &ControlStore, row: TokenRow) -> Result<Self, Fault> {
        let spent = store.spent(ScopeId::Token(row.id)).await?;
        Ok(Self::new(row, &spent))
    }

    /// The same of several.
    pub(super) async fn read_all(
        store: &ControlStore,
        rows: Vec<TokenRow>,
    ) -> Result<Vec<Self>, Fault> {
        let spent = store.all_spent().await?;
        let of = |row: TokenRow| {
            let spent = spent.get(&ScopeId::Token(row.id));
            Self::new(row, spent.map_or(&[], Vec::as_slice))
        };
        Ok(rows.into_iter().map(of).collect())
    }

    fn new(row: TokenRow, spent: &[Spent]) -> Self {
        Self {
            state: row.state(),
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
            usage: usage(&row.spec.budgets, spent),
            budgets: row.spec.budgets,
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
pub(super) fn late(expected: Option<i64>, error: ControlError) -> Fault {
    match error {
        ControlError::Late(message) if expected.is_some() => {
            Fault::new(StatusCode::PRECONDITION_FAILED, message)
        }
        error => error.into(),
    }
}

pub(super) fn time(us: i64) -> String {
    Timestamp::from_microsecond(us).map_or_else(|_| String::new(), |time| time.to_string())
}

/// An id in a path.
pub(super) fn id(text: &str, what: &str) -> Result<Uuid, Fault> {
    text.parse()
        .map_err(|_| Fault::new(StatusCode::NOT_FOUND, format!("{what} not found")))
}
