//! The forecasts of quotas.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_core::keys::{KeyId, KeyStatus, KeyView, WindowView};
use weir_store::QuotaSeries;

use crate::fault::{Fault, HistoryFaults};
use crate::figures::Span;
use crate::params::{MomentOrNone, Params};
use crate::router::Admin;

/// Every call about quotas.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(quota))
        .routes(routes!(history))
}

/// What is to be expected of a key's quotas. Moments are milliseconds since the Unix epoch.
#[derive(Serialize, ToSchema)]
pub(crate) struct Quota {
    provider: String,
    key: KeyId,
    #[schema(required)]
    name: Option<String>,
    #[schema(required)]
    organization_id: Option<String>,
    status: KeyStatus,
    /// Whether requests are paid for beyond the subscription.
    overage: bool,
    /// The end of a pause because a window is spent.
    #[schema(required)]
    spent_until: Option<i64>,
    /// When the first of its windows is spent at the present rate.
    #[schema(required)]
    spent_at: Option<i64>,
    /// Whether the least urgent requests have to wait.
    short: bool,
    windows: Vec<WindowView>,
}

impl Quota {
    fn of(provider: &str, key: KeyView) -> Self {
        let windows = key.windows;
        Self {
            provider: provider.to_owned(),
            key: key.id,
            name: key.name,
            organization_id: key.organization_id,
            status: key.status,
            overage: key.overage,
            spent_until: key.spent_until,
            spent_at: windows.iter().filter_map(|window| window.spent_at).min(),
            short: windows.iter().any(|window| window.short),
            windows,
        }
    }
}

/// Every key's quotas.
#[derive(Serialize, ToSchema)]
pub(crate) struct Quotas {
    /// Now, in milliseconds since the Unix epoch.
    timestamp_ms: i64,
    keys: Vec<Quota>,
}

/// What providers said of each key's windows, and when they are spent at the present rate
#[utoipa::path(get, path = "/api/quota", tag = "providers",
    responses((status = 200, body = Quotas)))]
pub(crate) async fn quota(State(admin): State<Arc<Admin>>) -> Json<Quotas> {
    let quotas = admin.steering.providers().into_iter().flat_map(|provider| {
        let name = provider.name;
        let keys = provider.keys.into_iter();
        keys.map(move |key| Quota::of(&name, key))
    });
    Json(Quotas {
        timestamp_ms: Timestamp::now().as_millisecond(),
        keys: quotas.collect(),
    })
}

/// Which stretch.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryParams {
    /// From here on, an instant or a span ago such as `24h`; six days before today when not said.
    #[param(value_type = Option<MomentOrNone>, inline)]
    start: Option<String>,
    /// Up to here; now when not said.
    #[param(value_type = Option<MomentOrNone>, inline)]
    end: Option<String>,
    /// The provider's name; all when not said.
    provider: Option<String>,
}

/// Quotas over time.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuotaHistory {
    /// Each window of each key.
    series: Vec<QuotaSeries>,
}

/// What providers said of each key's windows over time: a point when it changed, at most one a minute
#[utoipa::path(get, path = "/api/quota/history", tag = "providers", params(HistoryParams),
    responses((status = 200, body = QuotaHistory), HistoryFaults))]
pub(crate) async fn history(
    State(admin): State<Arc<Admin>>,
    Params(params): Params<HistoryParams>,
) -> Result<Json<QuotaHistory>, Fault> {
    let ends = (params.start.as_deref(), params.end.as_deref());
    let span = Span::read(ends, None, 6)?;
    admin.store.flush().await;
    let read = move |reader: &weir_store::Reader| {
        let provider = params.provider.as_deref().filter(|name| !name.is_empty());
        reader.quota_history((span.start_us, span.end_us), provider)
    };
    let series = admin.reader.run(read).await?;
    Ok(Json(QuotaHistory { series }))
}
